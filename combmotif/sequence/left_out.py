"""What was read and not taken: counted, named, and written beside the results."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from combmotif.core import tables
from combmotif.core.files import atomic, no_formula, refuse_other_table

LEFT_OUT = tables.LEFT_OUT.file


class LeftOut(NamedTuple):
    """What was not taken, and why: a row of a table, a transcript of an annotation, a record of a FASTA file."""

    name: str
    reason: str


def describe_left_out(left_out: Sequence[LeftOut]) -> str:
    """Say in one clause how many were left out, and why the first was."""
    name, reason = left_out[0]
    if len(left_out) == 1:
        return f"left out '{name}' ({reason})"
    return f"left out {len(left_out):,} (first '{name}': {reason})"


def left_out_beside(out: Path) -> Path:
    """Name the table of what was left out of a file, ``NAME.left_out.tsv``, which must be free or one of ours."""
    path = out.with_name(f"{out.stem}.{LEFT_OUT}")
    refuse_other_table(path, tables.LEFT_OUT.names)
    return path


def write_left_out(path: Path, left_out: Sequence[LeftOut]) -> bool:
    """Write a table of what was left out; without any, only a table of an earlier call is replaced by an empty one.

    Returns
    -------
    bool
        Whether the file is there.
    """
    if not left_out and not path.exists():
        return False
    with atomic(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, delimiter="\t", lineterminator="\n")
        writer.writerow(tables.LEFT_OUT.names)
        writer.writerows([no_formula(name), reason] for name, reason in left_out)
    return True
