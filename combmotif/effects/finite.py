"""What a net gave no number for: left out of every statistic, and counted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from combmotif.effects.measure import MeasuredPair
from combmotif.effects.states import States


def only_finite(pair: MeasuredPair) -> MeasuredPair:
    """Leave out of a pair what has no finite prediction.

    A draw counts where its three predictions are finite; the place of one that does not is taken by the next that
    does, so that means are those of the draws that count. A placement without such a draw, or whose sequence itself has
    no finite prediction, is left out.

    Parameters
    ----------
    pair : MeasuredPair

    Returns
    -------
    MeasuredPair
        The same where all is finite; else with the placements that count, and the number of the others as
        ``not_finite``.
    """
    o, a, b, n = pair.states.o, pair.states.a, pair.states.b, pair.states.n
    counts = np.isfinite(a) & np.isfinite(b) & np.isfinite(n)
    if counts.all() and np.isfinite(o).all():
        return pair
    kept = np.flatnonzero(np.isfinite(o) & counts.any(1))
    taken = np.tile(np.arange(counts.shape[1]), (len(kept), 1))
    for row, own in zip(taken, counts[kept], strict=True):
        row[~own] = np.resize(np.flatnonzero(own), int((~own).sum()))
    states = States(o[kept], *(np.take_along_axis(x[kept], taken, axis=1) for x in (a, b, n)))
    return replace(
        pair,
        rows=pair.rows[kept],
        start_a=pair.start_a[kept],
        start_b=pair.start_b[kept],
        states=states,
        fallback=pair.fallback[kept],
        not_finite=pair.not_finite + len(o) - len(kept),
    )
