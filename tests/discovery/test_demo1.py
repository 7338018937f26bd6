"""NeuronMotif's first demonstration, on all 65,536 windows: published and re-measured numbers."""

import numpy as np
import pytest

from combmotif.discovery import DemixOptions, demix_neuron, demix_tree, weighted_counts
from combmotif.discovery.layerwise.demix import leaves

LAYERWISE = DemixOptions(purity=0, gain=float("inf"))


def published_matrix(codes, activations):
    """NeuronMotif's: mean one-hot of 20 bins weighted by mean activation; an empty bin repeats the one above it."""
    edges = activations.max() * np.arange(21) / 20
    total = np.zeros((codes.shape[1], 4))
    for low, high in zip(edges[-2::-1], edges[:0:-1], strict=True):
        inside = (activations > low) & ((activations <= high) | (high == edges[-1]))
        if inside.any():
            matrix, weight = np.eye(4)[codes[inside]].mean(0), activations[inside].mean()
        else:
            weight = (low + high) / 2
        total += weight * matrix
    return total


def correlation(pfm, truth):
    return float(np.corrcoef((pfm / pfm.sum(1, keepdims=True)).ravel(), truth.ravel())[0, 1])


@pytest.fixture
def samples(demo, enumerated):
    return enumerated(demo[0])


def test_the_windows(demo, samples):
    assert demo[0].receptive_field == 8
    assert len(samples) == 1323
    assert samples.background == 0
    assert samples.maximum == pytest.approx(9.016, abs=5e-4)


def test_undemixed_is_a_blur(demo, samples):
    pfm = weighted_counts(samples.codes, samples.activations)
    assert "".join("ACGT"[base] for base in pfm.argmax(1)) == "CAGGTGGT"
    assert correlation(pfm, demo[1][0]) == pytest.approx(0.84, abs=0.01)
    assert correlation(pfm, demo[1][1]) == pytest.approx(0.47, abs=0.01)


def test_one_step_of_demixing_finds_both_motifs(demo, samples):
    probe, truth = demo
    groups = leaves(demix_tree(probe, samples, options=LAYERWISE), LAYERWISE.min_sites)
    assert len(groups) == 2
    small, large = sorted(groups, key=lambda group: len(group.rows))
    assert (len(small.rows), len(large.rows)) == (544, 779)
    for group, mine, other in ((large, 0, 1), (small, 1, 0)):
        assert correlation(group.pfm, truth[mine]) >= 0.98
        assert abs(correlation(group.pfm, truth[other])) < 0.1
        published = published_matrix(samples.codes[group.rows], samples.activations[group.rows])
        assert correlation(published, truth[mine]) == pytest.approx((0.979, 0.994)[mine], abs=1e-3)
        assert abs(correlation(published, truth[other])) < 0.1
    assert sorted(round(g.purity, 3) for g in groups) == [0.936, 1.0]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 5))
def test_the_seed_hardly_matters(demo, samples, seed):
    tree = demix_tree(demo[0], samples, options=LAYERWISE, seed=seed)
    sizes = sorted(len(group.rows) for group in leaves(tree, LAYERWISE.min_sites))
    assert sizes == pytest.approx([544, 779], abs=4)


def test_the_whole_method_merges_the_shift(demo, samples):
    # PWM1 is PWM0 one base on, behind a G: the pool of 2 sees one motif at two places
    (motif,) = demix_neuron(demo[0], samples).motifs
    assert motif.id == "3:0.m1"
    assert "".join("ACGU"[base] for base in motif.ppm.argmax(1)) == "CAGGUG"
    assert len(motif.offsets) == 2
    assert max(motif.offsets) - min(motif.offsets) == 1
    assert motif.purity > 0.8
    assert motif.share > 0.6
    assert correlation(motif.pfm, demo[1][0][: len(motif)]) >= 0.95
