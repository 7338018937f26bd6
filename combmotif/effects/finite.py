"""What a net gave no number for: left out of every statistic, and counted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from combmotif.effects.pairs.measure import MeasuredPair
from combmotif.effects.pairs.states import States


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
        The same where all is finite; else with the placements and the inserted copies that count, and the number of
        the other placements as ``not_finite``.
    """
    kept, states = finite_states(pair.states)
    inserted = None if pair.inserted is None else finite_states(pair.inserted)[1]
    if states is pair.states and inserted is pair.inserted:
        return pair
    return replace(
        pair,
        rows=pair.rows[kept],
        start_a=pair.start_a[kept],
        start_b=pair.start_b[kept],
        states=states,
        fallback=pair.fallback[kept],
        not_finite=pair.not_finite + len(pair.states.o) - len(kept),
        inserted=inserted,
    )


def finite_states(states: States) -> tuple[np.ndarray, States]:
    """Keep the placements with a finite prediction, and of each its finite draws; see `only_finite`.

    Parameters
    ----------
    states : States

    Returns
    -------
    (kept, states)
        The rows that count, and their predictions; the same object where all is finite.
    """
    o, a, b, n = states.o, states.a, states.b, states.n
    counts = np.isfinite(a) & np.isfinite(b) & np.isfinite(n)
    if counts.all() and np.isfinite(o).all():
        return np.arange(len(o)), states
    kept = np.flatnonzero(np.isfinite(o) & counts.any(1))
    taken = np.tile(np.arange(counts.shape[1]), (len(kept), 1))
    for row, own in zip(taken, counts[kept], strict=True):
        row[~own] = np.resize(np.flatnonzero(own), int((~own).sum()))
    return kept, States(o[kept], *(np.take_along_axis(x[kept], taken, axis=1) for x in (a, b, n)))
