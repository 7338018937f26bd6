"""What a hand-built neuron responds to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from combmotif.models.model import SequenceModel
from combmotif.motifs.motif import information

KINDS = {"strong": 0.62, "weak": 0.16, "double": 0.16, "any": 0.06}
"""Kinds of columns and how often they are drawn."""


@dataclass(frozen=True)
class Truth:
    """The motifs of a neuron.

    Attributes
    ----------
    parts : tuple of float arrays, shape (length, 4)
        Probabilities of each motif (none for a dead neuron).
    spacing : (int, int), optional
        Fewest and most nt between the end of the first part and the start of the second, where both are needed.
    """

    parts: tuple[np.ndarray, ...]
    spacing: tuple[int, int] | None = None

    @property
    def gaps(self) -> frozenset[int]:
        """All spacings at which the neuron reads the pair."""
        return frozenset() if self.spacing is None else frozenset(range(self.spacing[0], self.spacing[1] + 1))


@dataclass(frozen=True)
class Instance:
    """One neuron whose answer is known.

    Attributes
    ----------
    family : str
        Letter of the family.
    name : str
        Family and number.
    model : SequenceModel
    layer : str
    neuron : int
    truth : Truth
    """

    family: str
    name: str
    model: SequenceModel
    layer: str
    neuron: int
    truth: Truth


def random_motif(random: np.random.Generator, length: int, *, weak: bool = False) -> np.ndarray:
    """Draw a motif: strong, weak, two-base and a few free columns; informative ends; float (length, 4).

    A motif has at least 8 bits (weak: 5 to 8), is no repeat of one or two bases, and does not resemble itself
    moved by 1 to 3 nt, so that its place is defined.
    """
    while True:
        ppm = np.empty((length, 4))
        for row in range(length):
            kind = str(random.choice(list(KINDS), p=list(KINDS.values())))
            if weak and kind == "strong" and random.random() < 0.7:
                kind = "weak"
            if kind == "any" and row in (0, 1, length - 2, length - 1):
                kind = "weak" if weak else "strong"
            top = {"strong": random.uniform(0.85, 0.97), "weak": random.uniform(0.55, 0.75)}.get(kind, 0.0)
            order = random.permutation(4)
            if kind == "any":
                column = np.full(4, 0.25)
            elif kind == "double":
                column = np.array([0.46, 0.46, 0.04, 0.04])
            else:
                column = np.array([top, *(3 * [(1 - top) / 3])])
            ppm[row, order] = column
        bits = float(information(ppm).sum())
        fits = 5 <= bits <= 8 if weak else bits >= 8
        if fits and len(set(ppm.argmax(1))) >= 3 and _self_similarity(ppm) < 0.5:
            return ppm


def _self_similarity(ppm: np.ndarray) -> float:
    deviation = ppm - 0.25
    norm = (deviation**2).sum()
    return max(float((deviation[move:] * deviation[:-move]).sum() / norm) for move in range(1, min(4, len(ppm) - 1)))


def weights_of(ppm: np.ndarray) -> np.ndarray:
    """Log-odds of a motif, at least -3 bits per base, scaled so that the consensus scores 1; (length, 4)."""
    odds = np.maximum(np.log2(ppm / 0.25), -3.0)
    return odds / odds.max(1).sum()


def unlike(motifs: list[np.ndarray], candidate: np.ndarray) -> bool:
    """Whether a motif resembles none of the others at any shift (cosine of deviations at most 0.6)."""
    for other in motifs:
        a, b = candidate - 0.25, other - 0.25
        norm = np.sqrt((a**2).sum() * (b**2).sum())
        for move in range(1 - len(b), len(a)):
            low, high = max(0, move), min(len(a), len(b) + move)
            if (a[low:high] * b[low - move : high - move]).sum() / norm > 0.6:
                return False
    return True
