"""The rows of a table with sequences: which are read, which are left out, and what is said of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from combmotif.sequence.alphabet import encode
from combmotif.sequence.delimited import MISSING, open_table, to_number
from combmotif.sequence.left_out import LeftOut


@dataclass(frozen=True)
class Rows:
    """What was read of a table.

    Attributes
    ----------
    names : list of str
    codes : list of uint8 arrays
    values : list of list of float
        One number per label.
    groups : list of str
        What counts as independent; empty where no column was asked for.
    left_out : list of LeftOut
    notes : list of str
    """

    names: list[str]
    codes: list[np.ndarray]
    values: list[list[float]]
    groups: list[str]
    left_out: list[LeftOut]
    notes: list[str]


def read_rows(
    path: str | Path,
    *,
    sequence: str | None,
    name: str | None,
    labels: Sequence[str],
    where: str | None,
    cluster: str | None,
    skip_missing: bool,
) -> Rows:
    """Read the rows that are asked for; arguments and errors as `combmotif.sequence.tables.read_table` has them."""
    found = Rows([], [], [], [], [], [])
    nameless: list[int] = []
    missing: list[str] = []
    infinite: list[str] = []
    source, rows, others = str(path), 0, Counter[str]()
    with open_table(path) as table:
        filtered, wanted = _filter(where, table.columns, source)
        at = table.sequence_place(sequence)
        name_at, cluster_at = (None if column is None else table.place(column) for column in (name, cluster))
        label_at = [table.place(label) for label in labels]
        for row, cells in table.rows:
            rows += 1
            if filtered is not None and cells[filtered] != wanted:
                others[cells[filtered]] += 1
                continue
            text = table.sequence(row, cells, at)
            title = f"row{row}" if name_at is None or not cells[name_at].strip() else cells[name_at]
            if name_at is not None and not cells[name_at].strip():
                nameless.append(row)
            measured = [_label(cells[place], source, row, table.columns[place]) for place in label_at]
            wrong = next((place for place, value in zip(label_at, measured, strict=True) if not np.isfinite(value)), -1)
            if wrong >= 0:
                cell = cells[wrong].strip()
                finite = "" if cell.lower() in MISSING else "finite "
                reason = f"row {row} column '{table.columns[wrong]}': expected a {finite}number, found "
                reason += f"'{cell}'" if finite else "nothing" + (f" ({cell})" if cell else "")
                if not skip_missing:
                    raise ValueError(f"{source}: {reason}; give it a number, or take the row out")
                found.left_out.append(LeftOut(title, reason))
                (infinite if finite else missing).append(f"row {row}, '{cell}'" if finite else f"row {row}")
                continue
            if cluster_at is not None:
                if not cells[cluster_at].strip():
                    raise ValueError(
                        f"{source}: row {row}: cluster: nothing stands in column '{cluster}'; fill it in, or take the "
                        f"row out"
                    )
                found.groups.append(cells[cluster_at])
            found.names.append(title)
            found.codes.append(encode(text, name=f"{source}: row {row}"))
            found.values.append(measured)
    kept = rows - others.total()
    if not rows:
        raise ValueError(f"{source}: the table has a header but no rows")
    if not kept:
        shown = ", ".join(f"'{value}'" for value in list(others)[:5]) + (", ..." if len(others) > 5 else "")
        raise ValueError(f"{source}: no row has '{wanted}' in column '{table.columns[filtered or 0]}'; it has {shown}")
    if not found.names:
        raise ValueError(f"{source}: expected numbers in {' and '.join(labels)}, found no row that has them")
    for rows_of, what in ((missing, "no measurement"), (infinite, "an infinite value")):
        if rows_of:
            found.notes.append(
                f"{source}: {len(rows_of):,} of {kept:,} rows have {what} in {' or '.join(labels)} (first: "
                f"{rows_of[0]}) and were left out."
            )
    found.notes.extend(
        f"{source}: {together:,} of {kept:,} rows have '{group}' in column '{cluster}' and count as one group; where "
        f"it means that none is known, give each of these rows a group of its own."
        for group, together in _repeated_unknowns(found.groups)
    )
    if nameless:
        found.notes.append(
            f"{source}: {len(nameless):,} of {kept:,} rows have no name in column '{name}' and are called by their "
            f"number (first: row {nameless[0]})."
        )
    return found


def _repeated_unknowns(groups: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Groups that are called as what is missing is, and hold several rows."""
    for group, count in sorted(Counter(groups).items()):
        if count > 1 and group.strip().lower() in MISSING:
            yield group, count


def _filter(where: str | None, columns: Sequence[str], source: str) -> tuple[int | None, str]:
    """Index of the column and the value that ``COLUMN=VALUE`` means; a column's name may hold an equals sign."""
    if where is None:
        return None, ""
    fitting = [name for name in columns if where.startswith(f"{name}=")]
    if not fitting:
        raise ValueError(f"{source}: expected COLUMN=VALUE with a column among {', '.join(columns)}, found '{where}'")
    column = max(fitting, key=len)
    return columns.index(column), where[len(column) + 1 :]


def _label(cell: str, source: str, row: int, column: str) -> float:
    try:
        return to_number(cell)
    except ValueError:
        raise ValueError(f"{source}: row {row} column '{column}': expected a number, found {cell!r}") from None
