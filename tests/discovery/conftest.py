"""Networks with planted motifs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from toy_models import KmerSum, kmer_conv

from combmotif.inference import WindowProbe
from combmotif.models.architectures.keras_weights import load_keras
from combmotif.models.model import InputSpec, SequenceModel
from combmotif.sampling import Samples, enumerate_windows

LETTERS = "ACGT"


@pytest.fixture
def planted():
    """Probe a neuron that adds detectors of words up, less 1.5, so that one mismatch is allowed.

    ``weights`` are those of each word by place.
    """

    def planted(words, weights, *, pool=2, width=1):
        places = {(row, place): weight for row, own in enumerate(weights) for place, weight in own.items()}
        net = KmerSum(words, [places], pool=pool, width=width, bias=-1.5)
        return WindowProbe(SequenceModel("planted", net), "conv2")

    return planted


@pytest.fixture
def enumerated():
    """All windows on which neuron 0 of a probe is above 0, where the rectifier behind it opens."""

    def enumerated(probe):
        samples = enumerate_windows(probe, [0], seeds=[np.random.default_rng(0)], keep=10**6)[0]
        open_ = samples.activations > 0
        return replace(samples, codes=samples.codes[open_], activations=samples.activations[open_])

    return enumerated


@pytest.fixture
def drawn():
    """Windows in which letters are random but for words put at places, on which the neuron is active.

    ``drawn(probe, count, write)`` calls ``write(codes row, random)`` on every window.
    """

    def drawn(probe, count, write):
        random = np.random.default_rng(3)
        codes = random.integers(0, 4, (count, probe.receptive_field)).astype(np.uint8)
        for row in codes:
            write(row, random)
        codes = np.unique(codes, axis=0)
        values = probe.activations(codes)[:, 0]
        order = np.argsort(-values, kind="stable")
        order = order[values[order] > 0]
        return Samples(probe.layer, 0, codes[order], values[order], "evolve")

    return drawn


@pytest.fixture(scope="session")
def demo(data_dir):
    """NeuronMotif's demo 1: the probe of its last neuron, and the two planted matrices (8, 4) as the net sees them."""
    net = nn.Sequential(nn.Conv1d(4, 3, 5), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(3, 1, 2))
    folder = data_dir / "neuronmotif_demo1"
    load_keras(net, folder / "weight.hdf5", {"conv1d_1": "0", "conv1d_2": "3"})
    truth = []
    for name in ("PWM0", "PWM1"):
        counts = np.loadtxt(folder / name)[::-1, ::-1].T  # reverse complement, (8, 4)
        truth.append(counts / counts.sum(1, keepdims=True))
    return WindowProbe(SequenceModel("demo1", net), "3"), truth


@pytest.fixture
def tracked():
    """A neuron that adds the track beside its word, windows of the word, and a track for each."""
    net = nn.Sequential(kmer_conv(["TGTAAA"], bias=-3.0, channels=5))
    with torch.no_grad():
        net[0].weight[0, 4, 0] = 1
    random = np.random.default_rng(4)
    codes = np.tile(np.array(["ACGT".index(letter) for letter in "TGTAAA"], np.uint8), (40, 1))
    codes[np.arange(40), random.integers(0, 6, 40)] = random.integers(0, 4, 40)
    tracks = np.repeat(random.random((40, 1, 1)).astype(np.float32), 6, axis=2)
    return WindowProbe(SequenceModel("tracked", net, InputSpec(channels=5)), "0"), codes, tracks
