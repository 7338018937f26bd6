"""Motifs as a table: one row per position."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from combmotif.core.tables import MATRICES
from combmotif.motifs.motif import MotifSet


def write_motif_table(motifs: MotifSet, path: str | Path, *, names: dict[str, str] | None = None) -> None:
    """Write motifs as a tab-separated table that `read_motifs` reads back.

    Columns: ``motif``, ``name``, ``sites``, ``position`` (from 1), and the frequencies ``A``, ``C``, ``G``, and
    ``U`` or ``T`` (six digits).

    Parameters
    ----------
    motifs : MotifSet
    path : str or pathlib.Path
    names : dict, optional
        Name of each motif by its id; default its consensus.
    """
    rows = []
    for motif in motifs:
        name = (names or {}).get(motif.id) or motif.consensus(motifs.alphabet)
        for position, column in enumerate(motif.frequencies, start=1):
            rows.append((motif.id, name, motif.sites, position, *column))
    columns = [*MATRICES.names, "U" if motifs.alphabet == "rna" else "T"]
    pd.DataFrame(rows, columns=columns).to_csv(path, sep="\t", index=False, float_format="%.6f", lineterminator="\n")
