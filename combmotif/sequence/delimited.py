"""Tables of text: CSV and TSV files, row by row, every cell as it is written."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from combmotif.core.packed import open_text
from combmotif.sequence.alphabet import encode

MISSING = frozenset(
    ("", "na", "n/a", "#n/a", "#na", "<na>", "nan", "-nan", "1.#ind", "-1.#ind", "1.#qnan", "-1.#qnan", "null", "none")
)
"""How tables spell a measurement that is not there, in lower case. Names, groups and filters may be spelled so too."""
SEQUENCE_COLUMNS = ("sequence", "seq", "utr")
_LONGEST_CELL = 100
"""Lines of one quoted cell; beyond them a quotation mark was not meant to open one."""


@dataclass(frozen=True)
class Table:
    """A table that is being read.

    Attributes
    ----------
    source : str
        The file, for messages.
    columns : tuple of str
    rows : iterator of (int, list of str)
        Number of the row, from 1, and its cells; read once.
    """

    source: str
    columns: tuple[str, ...]
    rows: Iterator[tuple[int, list[str]]]

    def place(self, column: str) -> int:
        """Index of a column.

        Raises
        ------
        ValueError
            If there is none of this name (those that are there are named), or several.
        """
        count = self.columns.count(column)
        if count > 1:
            raise ValueError(f"{self.source}: expected one column '{column}', found {count}; rename or remove one")
        if not count:
            only = self.columns[0]
            other = next((sign for sign in (";", ",", "\t") if len(self.columns) == 1 and sign in only), None)
            hint = ""
            if other is not None:
                hint = f"; are its columns separated by {other!r}? .csv means commas, any other name tabs"
            raise ValueError(f"{self.source}: expected a column '{column}', found {', '.join(self.columns)}{hint}")
        return self.columns.index(column)

    def sequence_place(self, column: str | None) -> int:
        """Index of the column of the sequences; default the first of sequence, seq, utr that exists."""
        return self.place(column or next((name for name in SEQUENCE_COLUMNS if name in self.columns), "sequence"))

    def sequence(self, row: int, cells: Sequence[str], place: int) -> str:
        """Sequence of a row, which must be there (``NA`` is how R writes that it is not)."""
        text = cells[place].strip()
        if text.lower() in MISSING:
            raise ValueError(f"{self.source}: row {row} has no sequence in column '{self.columns[place]}'")
        return text


@contextlib.contextmanager
def open_table(
    path: str | Path, *, columns: Sequence[str] | None = None, separator: str | None = None
) -> Iterator[Table]:
    """Open a CSV or TSV table, plain or .gz, and read it row by row.

    A cell is what stands between two separators. Cells in quotation marks may hold separators and, if the lines make
    no rows of their own, line ends (RFC 4180); a quotation mark that no other closes is part of its cell, so that a
    text such as ``"5p UTR`` never swallows rows. Blank lines are no rows, and cells that are missing at the end of a
    row are empty.

    Parameters
    ----------
    path : path
        Columns are separated by commas (``.csv``) or tabs (any other name).
    columns : sequence of str, optional
        Names of the columns of a file without a header line.
    separator : str, optional
        Default by the name, as above.

    Yields
    ------
    Table

    Raises
    ------
    ValueError
        If the file is empty or no text, or a row has more cells than there are columns; the line is named.
    """
    path = Path(path)
    if separator is None:
        separator = "," if ".csv" in [suffix.lower() for suffix in path.suffixes] else "\t"
    with open_text(path) as stream:
        lines = ((number, line.rstrip("\r\n")) for number, line in enumerate(stream, 1) if line.strip(" \r\n"))
        if columns is None:
            first = next(lines, None)
            if first is None:
                raise ValueError(f"{path}: expected a table with a header line, the file is empty")
            columns = [cell.strip() for cell in split_cells(first[1], separator) or first[1].split(separator)]
        yield Table(str(path), tuple(columns), _rows(lines, separator, len(columns), str(path)))


def to_number(text: str) -> float:
    """Turn a cell into a number: NaN where it is missing.

    Raises
    ------
    ValueError
        If it is no number.
    """
    text = text.strip()
    if text.lower() in MISSING:
        return float("nan")
    if "_" in text:  # 1_000 is a number in Python only
        raise ValueError(text)
    return float(text)


def split_cells(line: str, separator: str) -> list[str] | None:
    """Cells of a line by RFC 4180; None where a quotation mark is not closed, or text follows a closed one."""
    if '"' not in line:
        return line.split(separator)
    cells, at = [], 0
    while True:
        if line.startswith('"', at):
            end = line.find('"', at + 1)
            while end >= 0 and line.startswith('"', end + 1):  # a doubled mark stands for one
                end = line.find('"', end + 2)
            if end < 0:
                return None
            cells.append(line[at + 1 : end].replace('""', '"'))
            at = end + 1
            if at < len(line) and not line.startswith(separator, at):
                return None
        else:
            end = line.find(separator, at)
            end = len(line) if end < 0 else end
            cells.append(line[at:end])
            at = end
        if at >= len(line):
            return cells
        at += 1


class _Lines:
    """Numbered lines that can be given back."""

    def __init__(self, lines: Iterator[tuple[int, str]]) -> None:
        self._lines, self._back = lines, deque[tuple[int, str]]()

    def take(self) -> tuple[int, str] | None:
        return self._back.popleft() if self._back else next(self._lines, None)

    def give_back(self, lines: Sequence[tuple[int, str]]) -> None:
        self._back.extendleft(reversed(lines))


def _rows(
    numbered: Iterator[tuple[int, str]], separator: str, width: int, source: str
) -> Iterator[tuple[int, list[str]]]:
    """Cells of every row, of which there are ``width``."""
    lines = _Lines(numbered)
    row = 0
    while (found := lines.take()) is not None:
        at, line = found
        row += 1
        cells = split_cells(line, separator)
        if cells is None:
            cells = _unclosed(line, lines, separator, width)
            if cells is None:
                raise ValueError(
                    f"{source}: line {at}: a quotation mark opens a cell that no other closes, and without it the line "
                    f"has {len(line.split(separator))} cells where the header has {width}; remove the mark"
                )
        elif len(cells) != width and len(line.split(separator)) == width:
            cells = line.split(separator)  # two marks that belong to different cells
        while len(cells) > width and not cells[-1]:
            cells.pop()
        if len(cells) > width:
            hint = ""
            if row == 1 and len(cells) == width + 1:
                hint = "; does the header lack the column of the row names? (R: write.table(..., col.names = NA))"
            raise ValueError(f"{source}: line {at}: expected {width} cells as in the header, found {len(cells)}{hint}")
        yield row, cells + [""] * (width - len(cells))


def _unclosed(line: str, lines: _Lines, separator: str, width: int) -> list[str] | None:
    """Cells of a line whose quotation mark is not closed on it: part of a text, or a cell of several lines.

    Where this line and the next are rows by themselves, they are rows.
    """
    plain = line.split(separator)
    following = lines.take()
    if following is not None:
        lines.give_back([following])
    alone = following is None or width in (
        len(following[1].split(separator)), len(split_cells(following[1], separator) or ())
    )  # fmt: skip
    if len(plain) == width and alone:
        return plain
    joined = line
    taken: list[tuple[int, str]] = []
    while len(taken) < _LONGEST_CELL and (further := lines.take()) is not None:
        taken.append(further)
        joined = f"{joined}\n{further[1]}"
        cells = split_cells(joined, separator)
        if cells is not None and len(cells) == width:
            return cells
    lines.give_back(taken)
    return plain if len(plain) == width else None


def stream_table(
    path: str | Path, *, sequence: str | None = None, name: str | None = None
) -> Iterator[tuple[str, np.ndarray]]:
    """Yield (name, uint8 codes (length,)) for each row of a CSV or TSV file, plain or .gz.

    Parameters
    ----------
    path : path
        Columns are separated by commas (``.csv``) or tabs (any other name).
    sequence : str, optional
        Column of the sequences; default the first of sequence, seq, utr that exists.
    name : str, optional
        Column of the names, which are text; default row1, row2, ..., as for a row without a name.

    Raises
    ------
    ValueError
        If a column is missing, a sequence is empty, or a letter is no nucleotide.
    """
    with open_table(path) as table:
        at = table.sequence_place(sequence)
        name_at = None if name is None else table.place(name)
        for row, cells in table.rows:
            text = table.sequence(row, cells, at)
            title = f"row{row}" if name_at is None or not cells[name_at].strip() else cells[name_at]
            yield title, encode(text, name=f"{path}: row {row}")
