import gzip

import numpy as np
import pytest

from combmotif.sequence import read_table
from combmotif.sequence.delimited import stream_table


def test_streamed_rows_are_those_of_the_whole_table(tmp_path):
    path = tmp_path / "t.tsv.gz"
    with gzip.open(path, "wt") as file:
        file.write("id\tseq\n" + "".join(f"n{i}\t{'ACGU'[i % 4] * (i + 1)}\n" for i in range(10)))
    whole = read_table(path, name="id")
    rows = list(stream_table(path, name="id"))
    assert tuple(name for name, _ in rows) == whole.names
    assert all(np.array_equal(a, b) for (_, a), b in zip(rows, whole.codes, strict=True))
    assert [name for name, _ in stream_table(path)][-1] == "row10"


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("", {}, "the file is empty"),
        ("a\tb\n1\t2\n", {}, "expected a column 'sequence', found a, b"),
        ("seq\nAC\nAX\n", {}, "row 2: expected nucleotides"),
        ("seq\tid\n\t1\n", {}, "row 1 has no sequence"),
    ],
)
def test_mistakes(tmp_path, text, options, message):
    path = tmp_path / "t.tsv"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        list(stream_table(path, **options))
