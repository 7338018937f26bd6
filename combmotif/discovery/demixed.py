"""What demixing finds in one neuron."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from combmotif.motifs.motif import Motif


@dataclass(frozen=True)
class Demixed:
    """What demixing finds in one neuron.

    Attributes
    ----------
    motifs : tuple of Motif
        By descending maximum activation, with ids ``layer:neuron.m1``, ``.m2``, ...
    rows : tuple of integer arrays
        Rows of the samples behind each motif.
    tree : pandas.DataFrame
        See `tree_table`.
    syntax : pandas.DataFrame
        See `syntax_table`.
    """

    motifs: tuple[Motif, ...]
    rows: tuple[np.ndarray, ...]
    tree: pd.DataFrame
    syntax: pd.DataFrame
