"""What a way to motifs returns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from combmotif.motifs.formats.h5 import save_motifs
from combmotif.motifs.motif import Motif, MotifSet
from combmotif.runs.stages.base import Output


def _no_attributions(out: Output) -> None:
    out.store.keep_only("attributions", set())


@dataclass(frozen=True)
class Discovered:
    """Motifs, and what is written beside them.

    Attributes
    ----------
    motifs : sequence of Motif
    empty : str
        Why there is none, if there is none.
    tables : dict of str to DataFrame
        By the name of their file in the run folder.
    save : callable
        Writes the HDF5 file of the motifs.
    beside : callable
        Writes what else there is, and says what there is to say; by default nothing, and attributions that another
        config left are removed.
    """

    motifs: Sequence[Motif]
    empty: str
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    save: Callable[[MotifSet, Path], None] = save_motifs
    beside: Callable[[Output], None] = _no_attributions
