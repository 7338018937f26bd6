import numpy as np
import pytest

from combmotif.runs.training.measured_rows import read_measured


def test_missing_values_are_nan_and_rows_without_any_are_dropped(tmp_path):
    path = tmp_path / "t.tsv"
    path.write_text("ACGU\t1.5\tNA\nGGCC\tNA\tNA\nTTTA\t\t-2\n")
    rows = read_measured(path, columns=["sequence", "a", "b"], labels=["b", "a"])
    assert rows.names == ("row1", "row3")
    assert rows.label_names == ("b", "a")
    np.testing.assert_array_equal(rows.labels, [[np.nan, 1.5], [-2, np.nan]])
    assert rows.codes[1].tolist() == [3, 3, 3, 0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seq,a\nACGU,1\n", "expected a column 'sequence', found seq, a"),
        ("sequence,a\nACGU,one\n", "row 1 column 'a': expected a number or NA, found 'one'"),
        ("sequence,a\nACGU,NA\n", "no row has a value in a"),
        ("sequence,a\nACJU,1\n", "row 1"),
    ],
)
def test_mistakes(tmp_path, text, message):
    path = tmp_path / "t.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        read_measured(path, labels=["a"])
