from dataclasses import replace

import numpy as np
import pytest

from combmotif.discovery.tfmodisco.modisco import ModiscoResult
from combmotif.discovery.tfmodisco.pattern_motifs import neuron_pattern_motifs, pattern_motifs
from combmotif.discovery.tfmodisco.patterns import Pattern
from combmotif.sampling import Samples


def pattern(codes, *, sign=1, heights=(1, 1, 1, 1, 1, 1)):
    """One seqlet over the whole of each window."""
    count, length = codes.shape
    one_hot = np.eye(4, dtype=np.float32)[codes]
    given = one_hot * np.array(heights, np.float32)[:, None] * sign
    starts = np.zeros(count, np.int64)
    return Pattern(sign, np.arange(count), starts, starts + length, np.zeros(count, bool), one_hot, given, given)


def result(*patterns):
    return ModiscoResult(patterns, 6, 2, 100, (0.1, -0.1), (100, 0), 20)


def test_a_neurons_motif_is_tried_with_the_tracks_of_its_windows(tracked):
    probe, codes, tracks = tracked
    values = probe.activations(codes, tracks)[:, 0]
    order = np.argsort(-values, kind="stable")
    samples = Samples("0", 0, codes[order], values[order], "dataset", tracks=tracks[order])
    rows = np.arange(10, 40)
    (motif,) = neuron_pattern_motifs(probe, samples, rows, result(pattern(samples.codes[rows])))
    assert motif.consensus() == "UGUAAA"
    assert motif.consensus_activation == pytest.approx(3 + samples.tracks[rows].max(), abs=1e-5)
    assert motif.max_activation == pytest.approx(values[order][10], abs=1e-5)
    (without,) = neuron_pattern_motifs(probe, replace(samples, tracks=None), rows, result(pattern(samples.codes[rows])))
    assert without.consensus_activation == pytest.approx(3, abs=1e-5)


def test_ends_that_contribute_without_a_letter_are_left_out():
    random = np.random.default_rng(0)
    codes = random.integers(0, 4, (400, 9)).astype(np.uint8)
    codes[:, 3:6] = [3, 2, 3]
    (motif,) = pattern_motifs(result(pattern(codes, heights=[0.5] * 9)), prefix="x")
    assert motif.consensus() == "UGU"
    (motif,) = pattern_motifs(result(pattern(codes, heights=[0.5, 0, 0, 1, 0.2, 1, 0.5, 0.5, 0])), prefix="x")
    assert motif.consensus() == "UGU"
    free = random.integers(0, 4, (400, 4)).astype(np.uint8)
    (motif,) = pattern_motifs(result(pattern(free, heights=[1] * 4)), prefix="x")
    assert len(motif) == 4
