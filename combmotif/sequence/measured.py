"""Tables of sequences with measured values that may be missing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from combmotif.sequence.alphabet import encode
from combmotif.sequence.tables import SequenceSet


def read_measured(
    path: str | Path, *, labels: Sequence[str], sequence: str = "sequence", columns: Sequence[str] | None = None
) -> SequenceSet:
    """Read sequences and values from a CSV or TSV table (plain or .gz).

    Parameters
    ----------
    path : path
        Columns are separated by commas (``.csv``) or tabs.
    labels : sequence of str
        Columns of values; an empty cell or NA becomes NaN.
    sequence : str, default "sequence"
        Column of the sequences.
    columns : sequence of str, optional
        Names of the columns of a file without a header line.

    Returns
    -------
    SequenceSet
        The rows with at least one value; ``labels`` of shape (n, len(labels)).

    Raises
    ------
    ValueError
        If a column is missing, a sequence is empty or no nucleotides, a value is no number, or no row has a value.
    """
    path = Path(path)
    separator = "," if ".csv" in path.suffixes else "\t"
    table = pd.read_csv(path, sep=separator, header=None if columns else 0, names=list(columns) if columns else None)
    for wanted in [sequence, *labels]:
        if wanted not in table.columns:
            raise ValueError(f"{path}: expected a column '{wanted}', found {', '.join(map(str, table.columns))}")
    values = np.empty((len(table), len(labels)))
    for column, label in enumerate(labels):
        numbers = pd.to_numeric(table[label], errors="coerce")
        wrong = np.flatnonzero(numbers.isna() & table[label].notna())
        if wrong.size:
            raise ValueError(
                f"{path}: row {wrong[0] + 1} column '{label}': expected a number or NA, found "
                f"{table[label].iloc[wrong[0]]!r}"
            )
        values[:, column] = numbers
    rows = np.flatnonzero(np.isfinite(values).any(axis=1))
    if not rows.size:
        raise ValueError(f"{path}: no row has a value in {', '.join(labels)}")
    codes = tuple(encode(str(table[sequence].iloc[i]), name=f"{path}: row {i + 1}") for i in rows)
    return SequenceSet(tuple(f"row{i + 1}" for i in rows), codes, values[rows], tuple(labels), str(path))
