"""Networks whose strongest window is known by construction."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from combmotif.inference import WindowProbe
from combmotif.models.cnn_gru import CnnGru
from combmotif.models.model import SequenceModel

LETTERS = "ACGT"


class Words(nn.Module):
    """Detectors of words, a max-pool of 2, and neurons that add up detectors at given places of the pooled map.

    A detector is worth 3 on its word, 2, 1 and 0 on one, two and more mismatches.

    Parameters
    ----------
    words : list of str, all of one length
    neurons : list of dict of (word number, place) to weight
    width : int
        Of the last convolution; the receptive field is ``len(word) + 1 + 2 * (width - 1)``.
    """

    def __init__(self, words, neurons, width):
        super().__init__()
        size = len(words[0])
        self.conv1 = nn.Conv1d(4, len(words), size)
        self.pool = nn.MaxPool1d(2)
        self.conv2 = nn.Conv1d(len(words), len(neurons), width)
        with torch.no_grad():
            self.conv1.weight.zero_()
            self.conv1.bias.fill_(3.0 - size)
            for row, word in enumerate(words):
                for place, letter in enumerate(word):
                    self.conv1.weight[row, LETTERS.index(letter), place] = 1
            self.conv2.weight.zero_()
            self.conv2.bias.zero_()
            for row, places in enumerate(neurons):
                for (word, place), weight in places.items():
                    self.conv2.weight[row, word, place] = weight

    def forward(self, x):
        return self.conv2(self.pool(torch.relu(self.conv1(x)))).amax(2)


@pytest.fixture
def words():
    """Probe the last layer of a Words net."""

    def words(words, neurons, width):
        return WindowProbe(SequenceModel("words", Words(words, neurons, width)), "conv2")

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
        conv = nn.Conv1d(4, 1, size)
        with torch.no_grad():
            conv.weight.zero_()
            conv.bias.fill_(value)
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
