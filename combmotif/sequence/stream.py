"""Read a table of sequences row by row, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from combmotif.sequence.alphabet import encode


def stream_table(
    path: str | Path, *, sequence: str | None = None, name: str | None = None, rows: int = 4096
) -> Iterator[tuple[str, np.ndarray]]:
    """Yield (name, uint8 codes (length,)) for each row of a CSV or TSV file, plain or .gz.

    Parameters
    ----------
    path : path
        Columns are separated by commas (``.csv``) or tabs.
    sequence : str, optional
        Column of the sequences; default the first of sequence, seq, utr that exists.
    name : str, optional
        Column of the names; default row1, row2, ...
    rows : int, default 4096
        Rows held at a time.

    Raises
    ------
    ValueError
        If a column is missing, a cell is empty, or a letter is no nucleotide.
    """
    path = Path(path)
    try:
        chunks = pd.read_csv(path, sep="," if ".csv" in path.suffixes else "\t", chunksize=rows, dtype=str)
    except pd.errors.EmptyDataError:
        raise ValueError(f"{path}: expected a table with a header line, the file is empty") from None
    number = 0
    with chunks:
        for chunk in chunks:
            columns = [str(column) for column in chunk.columns]
            column = sequence or next((c for c in ("sequence", "seq", "utr") if c in columns), "sequence")
            for wanted in (column, *([name] if name else [])):
                if wanted not in columns:
                    raise ValueError(f"{path}: expected a column '{wanted}', found {', '.join(columns)}")
            names = chunk[name] if name else [""] * len(chunk)
            for title, text in zip(names, chunk[column], strict=True):
                number += 1
                if not isinstance(text, str):
                    raise ValueError(f"{path}: row {number} has no sequence in column '{column}'")
                yield str(title) if name else f"row{number}", encode(text, name=f"{path}: row {number}")
