"""Read a table of sequences row by row, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from combmotif.sequence.alphabet import encode
from combmotif.sequence.delimited import open_table


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
