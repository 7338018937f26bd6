"""Bins of distances between two motifs."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from combmotif.core.tables import SPACING
from combmotif.effect.pairs.pair import Pair
from combmotif.effect.pairs.spacing import spacing_bins, spacing_profile
from combmotif.effect.pairs.states import States
from combmotif.effect.pattern import as_pattern


def test_bins_are_single_up_to_50_and_then_at_most_half_as_wide_as_far():
    assert spacing_bins(3).tolist() == list(range(51))
    edges = spacing_bins(12_000)
    assert edges[:51].tolist() == list(range(51))
    assert edges[51:57].tolist() == [51, 61, 71, 81, 91, 101]
    assert edges[-1] > 12_000
    wide = np.diff(edges[51:])
    assert (np.diff(wide) >= 0).all()
    assert (wide <= 0.5 * edges[51:-1]).all()


def test_every_distance_has_the_estimate_of_its_placements():
    """e = o - a - b + n; two placements of one unit are averaged before units are."""
    starts = [(0, 3), (0, 3), (0, 3), (9, 4)]  # AUG then UAA: adjacent three times, and UAA first at 2 nt
    o = np.array([1.0, 3.0, 5.0, 0.0])
    pair = SimpleNamespace(
        pair="AUG x UAA", spec=Pair(as_pattern("AUG"), as_pattern("UAA")), rows=np.array([0, 0, 1, 1]),
        start_a=np.array([a for a, _ in starts]), start_b=np.array([b for _, b in starts]),
        states=States(o, np.tile([[0.5, 1.5]], (4, 1)), np.zeros((4, 2)), np.full((4, 2), 2.0)),
    )  # fmt: skip
    table = spacing_profile([pair], np.array([7, 8]))
    assert list(table) == SPACING.names
    assert table[["pair", "spacing", "spacing_end", "sequences"]].to_numpy().tolist() == [
        ["AUG x UAA", 0, 0, 2], ["AUG x UAA", 2, 2, 1],
    ]  # fmt: skip
    assert table["e"].tolist() == [np.mean([np.mean([2, 4]), 6]), 1.0]
    assert table[["low", "high"]].isna().all().all()  # fewer than 6 units
