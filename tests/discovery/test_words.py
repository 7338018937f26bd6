"""Motifs of neurons that score words: planted families of hexamers are found again."""

from __future__ import annotations

import numpy as np
import pytest

from combmotif.discovery import word_motifs
from combmotif.inference import WindowProbe
from combmotif.models.architectures import hal
from combmotif.models.model import InputSpec, SequenceModel
from combmotif.sampling import enumerate_windows


@pytest.fixture(scope="module")
def planted():
    """A neuron that likes TGCATG and its single changes, GGGG runs at two places, and one lone word."""
    weights = np.zeros((4096, 8))
    for position in range(6):
        for base in "ACGT":
            weights[hal.word_number("TGCATG"[:position] + base + "TGCATG"[position + 1 :]), 0] = 2.0
    weights[hal.word_number("TGCATG"), 0] = 4.0
    for word, effect in (("AGGGGG", 3.0), ("GGGGGA", 2.9), ("GGGGGC", 2.8), ("CTCTCT", 1.0)):
        weights[hal.word_number(word), 0] = effect
    probe = WindowProbe(
        SequenceModel("hal", hal.build_net(hal.HexamerTable(weights)), InputSpec("dna", 160)), "regions"
    )
    (samples,) = enumerate_windows(probe, [0], seeds=[np.random.default_rng(0)])
    return probe, samples


def test_alike_words_are_merged(planted):
    probe, samples = planted
    first, second = word_motifs(probe, samples)
    assert (first.id, first.consensus("dna"), first.sites, first.offsets) == ("regions:0.m1", "TGCATG", 19, (0,))
    assert (second.id, second.consensus("dna"), second.sites, second.offsets) == ("regions:0.m2", "NGGGGG", 3, (0, 1))
    background = samples.background
    total = 4 + 18 * 2 + 3 + 2.9 + 2.8 + 1 - 23 * background
    assert first.share == pytest.approx((4 + 18 * 2 - 19 * background) / total, rel=1e-5)
    assert (first.max_activation, first.consensus_activation) == (4, 4)
    np.testing.assert_allclose(first.pfm.sum(1), 19)
    column = first.pfm[0]
    assert column[3] / column.sum() == pytest.approx(1 - 3 * (2 - background) / (40 - 19 * background), rel=1e-5)


def test_few_words(planted):
    probe, samples = planted
    assert [motif.sites for motif in word_motifs(probe, samples, top=1)] == [1]
    assert len(word_motifs(probe, samples, min_sites=1)) == 3
    assert word_motifs(probe, samples, top=3, min_sites=50)[0].consensus_activation == 4


def test_no_words(planted):
    probe, samples = planted
    (none,) = enumerate_windows(probe, [5], seeds=[np.random.default_rng(0)])
    assert word_motifs(probe, none) == []
