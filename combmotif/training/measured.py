"""Tables of sequences with measured values that may be missing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from combmotif.sequence.alphabet import encode
from combmotif.sequence.delimited import open_table, to_number
from combmotif.sequence.tables import SequenceSet


def read_measured(
    path: str | Path, *, labels: Sequence[str], sequence: str = "sequence", columns: Sequence[str] | None = None
) -> SequenceSet:
    """Read sequences and values from a CSV or TSV table (plain or .gz).

    Parameters
    ----------
    path : path
        Columns are separated by commas (``.csv``) or tabs (any other name).
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
        If a column is missing, a sequence is empty or no nucleotides, a value is no finite number, or no row has a
        value.
    """
    names: list[str] = []
    codes: list[np.ndarray] = []
    values: list[list[float]] = []
    with open_table(path, columns=columns) as table:
        at = table.sequence_place(sequence)
        label_at = [table.place(label) for label in labels]
        for row, cells in table.rows:
            measured = []
            for label, place in zip(labels, label_at, strict=True):
                try:
                    measured.append(to_number(cells[place]))
                except ValueError:
                    raise ValueError(
                        f"{path}: row {row} column '{label}': expected a number or NA, found {cells[place]!r}"
                    ) from None
                if np.isinf(measured[-1]):
                    raise ValueError(
                        f"{path}: row {row} column '{label}': expected a finite number or NA, found {cells[place]!r}"
                    )
            if np.isnan(measured).all():
                continue
            names.append(f"row{row}")
            codes.append(encode(table.sequence(row, cells, at), name=f"{path}: row {row}"))
            values.append(measured)
    if not names:
        raise ValueError(f"{path}: no row has a value in {', '.join(labels)}")
    return SequenceSet(tuple(names), tuple(codes), np.array(values), tuple(labels), str(path))
