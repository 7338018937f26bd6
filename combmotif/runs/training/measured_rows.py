"""The rows of a training on measured sequences: tables joined, dealt into folds, recombined, put into context."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from combmotif.config.training.measured import ContextSection, MeasuredConfig
from combmotif.sequence.alphabet import encode
from combmotif.sequence.delimited import open_table, to_number
from combmotif.sequence.sets import SequenceSet
from combmotif.training.multitask import stack
from combmotif.training.overlap import group_folds, overlap_groups


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


@dataclass(frozen=True)
class MeasuredRows:
    """The rows of all tables.

    Attributes
    ----------
    codes : uint8 array, shape (n, length)
    labels : float array, shape (n, tasks)
        NaN where not measured; the outputs first.
    groups, folds : int arrays, shape (n,)
        No two groups share a word of ``folds.shared`` nt.
    tasks : tuple of str
    weights : float array, shape (tasks,)
    outputs : int
        How many of the tasks the net is for.
    """

    codes: np.ndarray
    labels: np.ndarray
    groups: np.ndarray
    folds: np.ndarray
    tasks: tuple[str, ...]
    weights: np.ndarray
    outputs: int


def read_rows(config: MeasuredConfig) -> MeasuredRows:
    """Read the tables of a config, and deal their groups into folds; a sequence of several tables is one row."""
    tasks = tuple(label for table in config.tables for label in table.labels)
    place: dict[bytes, int] = {}
    codes: list[np.ndarray] = []
    labels: list[np.ndarray] = []
    for table in config.tables:
        rows = read_measured(table.path, labels=table.labels, sequence=table.sequence, columns=table.columns)
        assert rows.labels is not None
        values = rows.labels.copy()
        for label in table.logarithm:
            column = values[:, table.labels.index(label)]
            if (column <= 0).any():
                raise ValueError(
                    f"{table.path}: logarithm: expected values above 0 in '{label}', found {np.nanmin(column)}"
                )
            values[:, table.labels.index(label)] = np.log2(column)
        columns = [tasks.index(label) for label in table.labels]
        for code, value in zip(rows.codes, values, strict=True):
            at = place.get(code.tobytes())
            if at is None or np.isfinite(labels[at][columns]).any():  # measured twice in one table: two rows
                at = place[code.tobytes()] = len(codes)
                codes.append(code)
                labels.append(np.full(len(tasks), np.nan))
            labels[at][columns] = value
    groups = overlap_groups(codes, k=config.folds.shared)
    folds = group_folds(groups, folds=config.folds.count, seed=config.folds.seed)
    weights = np.array([table.weight for table in config.tables for _ in table.labels])
    first = len(config.tables[0].labels)
    return MeasuredRows(stack(codes, config.length), np.stack(labels), groups, folds, tasks, weights, first)


def recombined(codes: np.ndarray, count: int, *, seed: int) -> np.ndarray:
    """Join the 5' part of one sequence to the 3' part of another, cut anywhere in the middle half."""
    random = np.random.default_rng(seed)
    left, right = random.integers(len(codes), size=(2, count))
    length = codes.shape[1]
    cut = random.integers(length // 4, max(length * 3 // 4, length // 4 + 1), size=count)
    return np.where(np.arange(length) < cut[:, None], codes[left], codes[right]).astype(np.uint8)


def in_context(codes: np.ndarray, context: ContextSection | None) -> np.ndarray:
    """Put the context directly around every sequence, what fills up shorter ones (N) after it; uint8 (n, wider)."""
    if context is None:
        return codes
    five, three = encode(context.five), encode(context.three)
    ends = codes.shape[1] - (codes[:, ::-1] < 4).argmax(1)
    wide = np.full((len(codes), len(five) + codes.shape[1] + len(three)), 4, dtype=np.uint8)
    wide[:, : len(five)] = five
    wide[:, len(five) : len(five) + codes.shape[1]] = codes
    for place, base in enumerate(three):
        wide[np.arange(len(codes)), len(five) + ends + place] = base
    return wide
