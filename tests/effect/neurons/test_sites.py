"""Scrambled sites of a neuron whose part in the prediction is known."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from toy_models import kmer_conv

from combmotif.effect.neurons.sites import scramble_sites
from combmotif.inference.probe import WindowProbe
from combmotif.models.model import SequenceModel
from combmotif.sequence.alphabet import encode
from combmotif.sequence.sets import SequenceSet


class CountsAug(nn.Module):
    """conv is 3 on AUG, at most 2 elsewhere; the prediction is 5 minus 2 for every AUG."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = kmer_conv(["AUG"])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return 5 - 2 * torch.relu(self.conv(x) - 2).sum((1, 2)).unsqueeze(1)


def named(**words: str) -> SequenceSet:
    return SequenceSet(tuple(words), tuple(encode(word) for word in words.values()))


@pytest.fixture(scope="module")
def probe() -> WindowProbe:
    return WindowProbe(SequenceModel("aug", CountsAug()), "conv")


def test_a_silenced_site_gives_back_what_it_took(probe):
    sequences = named(a="CCCCAUGCCCCCC", b="CCAUGCCCAUGCC", c="CCCCCCCAUGCCC")
    change = scramble_sites(probe, 0, sequences, np.array([4, 8, 7]), silent=2.5, seed=1)
    assert change.tolist() == [-2.0, -2.0, -2.0]


def test_what_cannot_be_silenced_is_not_measured(probe):
    sequences = named(a="CCCAAACCC", b="CCCAUGCCC")
    change = scramble_sites(probe, 0, sequences, np.array([3, 3]), silent=0.5, seed=1)
    assert np.isnan(change[0])  # every order of AAA has activation 1


def test_draws_depend_on_the_name_alone(probe):
    sequences = named(a="CCCCAUGUACCCC", b="GGAUGUUUGGGGG")
    starts, options = np.array([4, 2]), {"silent": 2.5, "seed": 3}
    together = scramble_sites(probe, 0, sequences, starts, **options)
    alone = scramble_sites(probe, 0, sequences.subset([1]), starts[1:], **options)
    assert together[1] == alone[0]
    assert scramble_sites(probe, 0, sequences.subset([]), np.zeros(0, int), **options).shape == (0,)
