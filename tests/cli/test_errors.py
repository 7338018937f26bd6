import pytest

from combmotif.cli.errors import sentence


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
    ],
)
def test_one_line(error, text):
    assert sentence(error) == text
