"""Predictors whose interplay is known, and pairs that are measured in them as real motifs are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from combmotif.config.effects import InteractionOptions
from combmotif.core.seeding import named_generator
from combmotif.effect.pairs.measure import MeasuredPair, measure_pair
from combmotif.effect.pairs.pair import Pair
from combmotif.effect.pattern import as_pattern
from combmotif.models.architectures.hal import HexamerTable, donor_score
from combmotif.models.model import SequenceModel
from combmotif.sequence.alphabet import encode
from combmotif.sequence.sets import SequenceSet

WORDS = ("GGACU", "UGUAA")
TAG = 3
SLOT = 24
"""nt per placement: a tag, A in the first half of the rest, B in the second, so that each A has one B."""


class Simulated(nn.Module):
    """A predictor whose epistasis is known for every pair of sites.

    Per slot of the sequence: 1 for A, 1 for B and, where both stand, e of that slot. The e of a slot is its sequence's
    share and its own, both spelled by the sequence itself (its tag and the slot's tag), so that the predictor is a
    function of the bases alone and an edit of a site changes nothing else.

    Parameters
    ----------
    e : float
        Mean epistasis, in the prediction's unit.
    tags : float tensors of shape (64,) each
        Share of every three-letter tag: of the sequence and of the slot; standard normal quantiles.
    placements : int
        Slots per sequence.
    """

    tags: torch.Tensor
    words: torch.Tensor

    def __init__(self, e: float, tags: torch.Tensor, placements: int) -> None:
        super().__init__()
        self.e, self.placements = e, placements
        self.register_buffer("tags", tags)
        words = torch.zeros(2, 4, len(WORDS[0]), dtype=torch.float64)
        for row, word in enumerate(WORDS):
            words[row, torch.as_tensor(encode(word).astype(np.int64)), torch.arange(len(word))] = 1
        self.register_buffer("words", words)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (batch, 4, tag + placements * slot) to (batch, 1)."""
        x = x.double()
        score = nn.functional.conv1d(nn.functional.pad(x, (0, self.words.shape[2] - 1)), self.words)
        slots = (len(x), 2, self.placements, SLOT)
        a, b = (score[:, :, TAG:] > self.words.shape[2] - 0.5).reshape(slots).any(3).double().unbind(1)
        tags = x[:, :, TAG:].reshape(len(x), 4, self.placements, SLOT)[..., :TAG]
        e = self.e + self._value(x[:, :, None, :TAG]) + self._value(tags)
        return (a + b + e * a * b).sum(1, keepdim=True)

    def _value(self, tag: torch.Tensor) -> torch.Tensor:
        """Look up tags (batch, 4, n, 3); (batch, n)."""
        return self.tags[(tag.argmax(1) * torch.tensor([16, 4, 1], device=tag.device)).sum(2)]


@dataclass(frozen=True)
class Simulation:
    """One setting: how many pairs of which kind.

    Attributes
    ----------
    e : float
        True epistasis, in units of its spread between sequences.
    sequences, placements, pairs : int
    """

    e: float
    sequences: int
    placements: int
    pairs: int


def simulate_pair(setting: Simulation, number: int, *, seed: int = 0) -> MeasuredPair:
    """Simulate one pair and measure it with `measure_pair`, scrambles and all.

    e varies as much between sequences as between the placements of one, both standard normal; the result depends on
    the setting, its number and the seed only.
    """
    # 64 values, symmetric about zero as the signed-rank test assumes, of variance 1.
    quantiles = torch.distributions.Normal(0.0, 1.0).icdf((torch.arange(64, dtype=torch.float64) + 0.5) / 64)
    quantiles = quantiles / quantiles.std(unbiased=False)
    name = (setting.e, setting.sequences, setting.placements, number)
    random = named_generator(seed, "calibration", *name)
    sequences = _sequences(random, setting)
    net = Simulated(setting.e, quantiles[torch.as_tensor(random.permutation(64))], setting.placements)
    a, b = (as_pattern(word) for word in WORDS)
    return measure_pair(
        SequenceModel("simulated", net),
        sequences,
        Pair(a, b, order="ab", spacing=(0, SLOT - TAG - len(a) - len(b))),
        InteractionOptions(
            scrambles=2, mode="uniform", avoid=[], controls=0, backgrounds=0, max_placements=setting.placements
        ),
        frequencies=np.full(4, 0.25),
        seed=number,
    )


def _sequences(random: np.random.Generator, setting: Simulation) -> SequenceSet:
    """Sequences with a tag and slots that hold A in their first half and B in their second, and no further copy."""
    patterns = [as_pattern(word) for word in WORDS]
    length = TAG + SLOT * setting.placements
    a, b = (encode(word) for word in WORDS)
    half = (SLOT - TAG) // 2
    kept: list[np.ndarray] = []
    while len(kept) < setting.sequences:
        codes = random.integers(0, 4, length).astype(np.uint8)
        for slot in range(setting.placements):
            start = TAG + slot * SLOT + TAG
            at_a = start + random.integers(0, half - len(a) + 1)
            at_b = start + half + random.integers(0, half - len(b) + 1)
            codes[at_a : at_a + len(a)], codes[at_b : at_b + len(b)] = a, b
        if all(pattern.matches(codes).sum() == setting.placements for pattern in patterns):
            kept.append(codes)
    return SequenceSet(tuple(f"s{i}" for i in range(len(kept))), tuple(kept))


SATURATING_WORDS = ("GGACU", "UGUAA", "CACAC", "UUAUU")


class Saturating(nn.Module):
    """A sigmoid of a sum of four words and of the share of A: nothing interacts but for the read-out."""

    weights: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("weights", torch.tensor([1.5, 1.0, 1.2, 2.0]))
        self.conv = nn.Conv1d(4, 4, 5)
        with torch.no_grad():
            self.conv.weight.zero_()
            for row, word in enumerate(SATURATING_WORDS):
                self.conv.weight[row, encode(word).astype(int), range(5)] = 1
            self.conv.bias.copy_(torch.full((4,), -4.0))  # type: ignore[union-attr]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (batch, 4, length) to (batch, 1)."""
        total = torch.relu(self.conv(x)).sum(2) @ self.weights
        return torch.sigmoid(total - 1.5 + 3 * x[:, 0].mean(1))[:, None]


def saturating_sequences(seed: int) -> SequenceSet:
    """Random sequences of 50 nt, each with two of the four words at fixed places."""
    random = named_generator(seed, "saturating")
    rows = []
    for _ in range(300):
        codes = random.integers(0, 4, 50).astype(np.uint8)
        for slot, word in zip((8, 30), random.choice(SATURATING_WORDS, 2, replace=False), strict=True):
            codes[slot : slot + 5] = encode(str(word))
        rows.append(codes)
    return SequenceSet(tuple(f"s{i}" for i in range(len(rows))), tuple(rows))


def hal_epistasis(distances: np.ndarray, *, seed: int = 0) -> np.ndarray:
    """Measure e of two one-base edits in HAL's positional score, with random hexamer effects, in float64.

    Parameters
    ----------
    distances : integer array, shape (n,)
        Distance of the two edited bases in nt.

    Returns
    -------
    float64 array, shape (n,)
    """
    random = named_generator(seed, "hal")
    table = HexamerTable(random.normal(size=(4096, 8)))
    states = random.integers(0, 4, (len(distances), 160)).astype(np.uint8)
    states[:, 80:82] = encode("GU")
    first = random.integers(5, 60, len(distances))
    second = first + np.asarray(distances)
    rows = np.arange(len(distances))
    a, b, n = states.copy(), states.copy(), states.copy()
    for edited, places in ((a, (first,)), (b, (second,)), (n, (first, second))):
        for place in places:
            edited[rows, place] = (edited[rows, place] + 1) % 4
    o_, a_, b_, n_ = (donor_score(codes, table) for codes in (states, a, b, n))
    return o_ - a_ - b_ + n_
