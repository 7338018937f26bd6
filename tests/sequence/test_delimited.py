from __future__ import annotations

import math

import pytest

from combmotif.sequence.delimited import open_table, to_number


def _rows(path, text, **options):
    path.write_text(text, encoding="utf-8")
    with open_table(path, **options) as table:
        return table.columns, [cells for _, cells in table.rows]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        # a text that begins with a quotation mark is no quoted cell
        ('note\tsequence\n"5p UTR\tC\nok\tG\n"3p UTR\tU\n', [['"5p UTR', "C"], ["ok", "G"], ['"3p UTR', "U"]]),
        ('note\tsequence\n"5p UTR\tC\nok\tG\n3p" UTR\tU\n', [['"5p UTR', "C"], ["ok", "G"], ['3p" UTR', "U"]]),
        ('note\tsequence\n"5p UTR\tC\nok\tG\n3p UTR"\tU\n', [['"5p UTR', "C"], ["ok", "G"], ['3p UTR"', "U"]]),
        ('note\tsequence\n"5p" UTR\tC\n', [['"5p" UTR', "C"]]),
        ('note\tsequence\n"\tC\n"\tG\n', [['"', "C"], ['"', "G"]]),
        ('a\tsequence\tb\n"x\tC\ty"\n', [['"x', "C", 'y"']]),
        # a quoted cell is one cell
        ('note\tsequence\n"x\ty"\tC\n', [["x\ty", "C"]]),
        ('note\tsequence\n"say ""no"""\tC\n', [['say "no"', "C"]]),
        ('"note"\t"sequence"\n"x"\t"C"\n', [["x", "C"]]),
        ('note\tsequence\n"first\nsecond"\tC\nok\tG\n', [["first\nsecond", "C"], ["ok", "G"]]),
        ('sequence\tnote\nC\t"first\nsecond"\nG\tok\n', [["C", "first\nsecond"], ["G", "ok"]]),
        # blank lines, cells that are missing at the end, empty cells behind the last column
        ("a\tb\n\n1\n\n2\t3\t\t\n", [["1", ""], ["2", "3"]]),
        ("a\tb\r\n1\t2\r\n", [["1", "2"]]),
        ("\ufeffa\tb\n1\t2", [["1", "2"]]),
    ],
)  # fmt: skip
def test_rows_of_tsv(tmp_path, text, rows):
    assert _rows(tmp_path / "t.tsv", text)[1] == rows


def test_every_cell_is_text_as_it_is_written(tmp_path):
    cells = ["0012", "1.0", "TRUE", "NA", "nan", "null", "9007199254740993", " x ", "1e5", "-"]
    columns, rows = _rows(tmp_path / "t.csv", ",".join("abcdefghij") + "\n" + ",".join(cells) + "\n")
    assert columns == tuple("abcdefghij")
    assert rows == [cells]
    assert _rows(tmp_path / "t.csv", "1,2\n3,4\n", columns=["a", "b"])[1] == [["1", "2"], ["3", "4"]]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("t.tsv", "", "the file is empty"),
        ("t.tsv", "\n \n", "the file is empty"),
        ("t.tsv", "a\tb\n1\t2\t3\n", "line 2: expected 2 cells as in the header, found 3; .* col.names = NA"),
        ("t.tsv", "a\tb\n1\t2\n1\t2\t3\n", "line 3: expected 2 cells as in the header, found 3$"),
        ("t.tsv", 'a\tb\tc\n"1\t2\n3\n', "line 2: a quotation mark opens a cell .* has 2 cells .* has 3"),
        ("t.csv", "a;sequence\n1;AC\n", "expected a column 'sequence', found a;sequence; .* separated by ';'"),
        ("t.csv", "a,sequence,sequence\n1,AC,AC\n", "expected one column 'sequence', found 2"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path, name, text, message):
    (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=f"{name}: .*{message}"), open_table(tmp_path / name) as table:
        table.place("sequence") if name == "t.csv" else list(table.rows)


def test_a_quotation_mark_is_not_searched_for_without_end(tmp_path):
    text = "a\tb\n" + '"x\n' + "y\n" * 5000 + 'z"\t1\n'
    with pytest.raises(ValueError, match="line 2: a quotation mark opens a cell"):
        _rows(tmp_path / "t.tsv", text)


def test_numbers():
    assert [to_number(text) for text in ("1", " -2.5 ", "1e-3", "+4")] == [1, -2.5, 0.001, 4]
    assert all(math.isnan(to_number(text)) for text in ("", "NA", "nan", "NaN", "N/A", "null", "None", " "))
    assert to_number("-Inf") == -math.inf
    for text in ("x", "1_000", "1,5", "0x10", "TRUE"):
        with pytest.raises(ValueError, match="."):
            to_number(text)
