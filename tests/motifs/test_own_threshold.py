"""A motif's own score threshold, against plain enumeration of its words."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from combmotif.effect.pattern import as_pattern
from combmotif.motifs.motif import Motif
from combmotif.motifs.scanning.scan import own_p_value
from combmotif.sequence.sets import random_sequences

PPM = np.array([[0.7, 0.1, 0.1, 0.1], [0.1, 0.1, 0.1, 0.7], [0.05, 0.05, 0.85, 0.05], [0.4, 0.1, 0.1, 0.4]])


def enumerated(ppm: np.ndarray) -> list[tuple[float, float, float]]:
    """Every threshold: (score, chance of a random word, chance of a word of the motif)."""
    words = [np.arange(len(ppm)) * 0 + np.array(word) for word in product(range(4), repeat=len(ppm))]
    mixed = 0.999 * ppm + 0.001 * 0.25
    scores = np.array([np.round(np.log2(mixed[np.arange(len(ppm)), w] / 0.25) / 0.01).sum() for w in words])
    own = np.array([mixed[np.arange(len(ppm)), w].prod() for w in words])
    return [(s, (scores >= s).mean(), own[scores >= s].sum()) for s in np.unique(scores)]


@pytest.mark.parametrize("windows", [1, 20, 1e9])
def test_it_lies_between_the_median_and_the_balanced_score(windows):
    rows = enumerated(PPM)
    strict = [chance for _, chance, kept in rows if kept >= 0.5][-1]
    balanced = [chance for _, chance, kept in rows if 1 - kept <= chance][-1]
    wanted = 1 - 0.9 ** (1 / windows)
    expected = min(max(wanted, strict), max(balanced, strict))
    assert own_p_value(PPM, windows=windows) == pytest.approx(expected)
    assert strict < balanced


def test_a_tenth_of_random_sequences_hold_a_site_where_the_motif_is_long_enough():
    rng = np.random.default_rng(0)
    motif = Motif("m", rng.dirichlet(np.full(4, 0.2), 9) * 100, 100)
    sequences = random_sequences(4000, 60, seed=1)
    pattern = as_pattern(motif, p_value=None, length=60)
    assert len(np.unique(pattern.find(sequences.codes)[0])) / 4000 == pytest.approx(0.1, abs=0.02)


def test_a_codon_stands_where_it_stands():
    pfm = np.full((3, 4), 1.0)
    pfm[[0, 1, 2], [0, 3, 2]] = 100
    pattern = as_pattern(Motif("m", pfm, 100), p_value=None, length=50)
    assert pattern.p_value == pytest.approx(1 / 64)
