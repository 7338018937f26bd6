import math
import warnings

import pytest
from pydantic import ValidationError

from combmotif.cli.errors import sentence, show_warnings_as_sentences
from combmotif.config.stages import AttributionOptions


def _refused():
    try:
        AttributionOptions(tolerance=math.nan)
    except ValidationError as error:
        return error


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("a\n  b"), "a b"),
        (ValueError(), "ValueError"),
        (FileNotFoundError("model.card: found no 'x'"), "model.card: found no 'x'"),
        (FileNotFoundError(2, "No such file or directory", "x.fa"), "x.fa: there is no such file or folder"),
        (IsADirectoryError(21, "Is a directory", "x"), "x: expected a file, found a folder"),
        (
            NotADirectoryError(20, "Not a directory", "x/y"),
            "x/y: expected a folder, found a file; choose another --out",
        ),
        (OSError(5, "Input/output error"), "Input/output error"),
        (_refused(), "tolerance: expected a value greater than 0, found nan"),
    ],
)
def test_one_line(error, text):
    assert sentence(error) == text


def test_a_name_with_a_line_break_makes_no_second_line():
    assert sentence(FileNotFoundError(2, "x", "no\nsuch.fa")) == "no such.fa: there is no such file or folder"


def test_a_warning_is_one_sentence(capsys, monkeypatch):
    monkeypatch.setattr(warnings, "showwarning", lambda *_arguments: print("plain"))
    show_warnings_as_sentences()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning(UserWarning("too\n few"), UserWarning, "file.py", 3)
        warnings.showwarning(RuntimeWarning("divide"), RuntimeWarning, "file.py", 3)
    shown = capsys.readouterr()
    assert (shown.err, shown.out) == ("Warning: too few\n", "plain\n")
