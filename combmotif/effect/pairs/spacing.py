"""How the interplay of two motifs depends on the distance between them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from combmotif.core.tables import SPACING
from combmotif.effect.pairs.measure import MeasuredPair, snap
from combmotif.effect.statistics import hodges_lehmann

SINGLE = 50
"""Distances up to this are kept apart, nt by nt, so that a period of three is seen."""


def spacing_bins(longest: int) -> np.ndarray:
    """First distances of the bins: single nt up to 50, then 9 to 50 % wide in steps that read well."""
    edges = list(range(SINGLE + 1))
    for step, end in ((10, 100), (25, 200), (50, 500), (100, 1000), (500, 5000), (1000, 10**9)):
        while edges[-1] < end and edges[-1] <= longest:
            edges.append(edges[-1] + (step if edges[-1] > SINGLE else 1))
    return np.array(edges)


def spacing_profile(measured: Sequence[MeasuredPair], unit_of: np.ndarray) -> pd.DataFrame:
    """Estimate e at every distance at which a pair was found.

    Parameters
    ----------
    measured : sequence of MeasuredPair
    unit_of : integer array, shape (sequences,)
        Unit (sequence or cluster) of each sequence; placements of a unit in one bin are averaged first.

    Returns
    -------
    pandas.DataFrame
        Columns: `combmotif.core.tables.SPACING`. One row per pair and bin of distances, Hodges-Lehmann estimates; the
        interval is NaN for fewer than 6 units.
    """
    rows = []
    for pair in measured:
        gap = pair.spec.gap(pair.start_a, pair.start_b)
        o, a, b, n = pair.states.o, *(x.mean(1) for x in (pair.states.a, pair.states.b, pair.states.n))
        e = snap(o - a - b + n, o, a, b, n)
        edges = spacing_bins(int(gap.max(initial=0)))
        bins = np.searchsorted(edges, gap, side="right") - 1
        for index in np.unique(bins):
            here = bins == index
            found, unit = np.unique(unit_of[pair.rows[here]], return_inverse=True)
            values = np.bincount(unit, weights=e[here]) / np.bincount(unit)
            location = hodges_lehmann(values)
            last = int(edges[index + 1]) - 1 if index + 1 < len(edges) else int(gap.max())
            low, high = (x if np.isfinite(x) else np.nan for x in (location.ci_low, location.ci_high))
            rows.append((pair.pair, int(edges[index]), last, len(found), location.estimate, low, high))
    return SPACING.frame(rows)
