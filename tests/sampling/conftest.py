"""Networks whose strongest window is known by construction."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from toy_models import KmerSum, kmer_conv

from combmotif.inference import WindowProbe
from combmotif.models.architectures.cnn_gru import CnnGru
from combmotif.models.model import SequenceModel

LETTERS = "ACGT"


class Deep(nn.Module):
    """Six blocks of a convolution of 5 and a max-pool of 2 upon a first convolution, as the half-life net has them.

    The first convolution reads TGTAT, CCAGG, GACTA and AAGCC (1, 2 or 3 on 3, 4 or 5 letters right), the third makes
    pairs of them: the first two 6 nt apart, the others 8 nt, worth 4 where both are whole. The neurons of the last
    see 288 nt: neuron 0 is twice the first pair at its 5' end, plus the second pair at its 3' end, minus TGTAT in the
    middle, 12 at most; neuron 1 is the second pair at all of its five places, 20 at most.
    """

    def __init__(self):
        super().__init__()
        self.conv1 = kmer_conv(("TGTAT", "CCAGG", "GACTA", "AAGCC"), bias=-2.0)
        self.rest = nn.ModuleList([nn.Conv1d(4, 4, 5), *(nn.Conv1d(n, 3, 5) for n in (4, 3, 3, 3)), nn.Conv1d(3, 2, 5)])
        with torch.no_grad():
            for conv in self.rest:
                conv.weight.zero_()
                conv.bias.zero_()
            second, third, *others, last = self.rest
            second.weight[range(4), range(4), 2] = 1
            third.bias[:2] = -2
            third.weight[[0, 0, 1, 1, 2], [0, 1, 2, 3, 0], [0, 3, 0, 4, 2]] = 1
            for conv in others:
                conv.weight[range(3), range(3), 2] = 1
            last.weight[0, [0, 1, 2], [0, 4, 2]] = torch.tensor([2.0, 1.0, -1.0])
            last.weight[1, 1] = 1

    def forward(self, x):
        x = self.conv1(x)
        for conv in self.rest:
            x = nn.functional.max_pool1d(conv(torch.relu(x)), 2)
        return x.amax(2)


@pytest.fixture
def deep():
    """Probe the last convolution of a Deep net."""
    return WindowProbe(SequenceModel("deep", Deep()), "rest.5")


@pytest.fixture
def words():
    """Probe neurons that add up detectors of words at given places of a map pooled by 2."""

    def words(words, neurons, width):
        return WindowProbe(SequenceModel("words", KmerSum(words, neurons, width=width)), "conv2")

    return words


@pytest.fixture
def random_net():
    """Probe a layer of an untrained net; the same seed gives the same weights."""

    def random_net(layer, *, kernel=5, width=8, seed=0):
        torch.manual_seed(seed)
        return WindowProbe(SequenceModel("random", CnnGru(width=width, kernel=kernel, padding=0)), layer)

    return random_net


@pytest.fixture
def constant():
    """Probe a neuron that does not look at its window, of a given value."""

    def constant(value, size=12):
        conv = kmer_conv(["N" * size], bias=value)
        return WindowProbe(SequenceModel("constant", nn.Sequential(conv)), "0")

    return constant


@pytest.fixture
def generators():
    """One random generator per neuron."""

    def generators(*seeds):
        return [np.random.default_rng([7, seed]) for seed in seeds]

    return generators


@pytest.fixture
def letters():
    """Codes as text."""
    return lambda codes: "".join(LETTERS[code] for code in codes)
