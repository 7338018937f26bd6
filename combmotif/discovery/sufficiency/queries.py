"""A neuron as a function that can only be asked: activation of windows, in background sequences drawn evenly."""

from __future__ import annotations

import numpy as np

from combmotif.inference.probe import WindowProbe
from combmotif.sampling.samples import Samples

UNIFORM = 0.25
BACKGROUNDS = 2000
"""Background sequences that the usual activation and the score thresholds are measured on."""


class Queries:
    """What a neuron says of windows, above the level below which it is silent.

    All background sequences, and all k-mers drawn from a matrix, are drawn evenly: over the draws every column holds
    each base as often as its probability says (Latin hypercube sampling; McKay et al., Technometrics 1979, 21:239).
    The noise of what columns do one by one, most of all noise, is gone by that.

    Attributes
    ----------
    probe : WindowProbe
    neuron, size : int
        Channel, and width of its windows.
    background : uint8 array, shape (2000, size)
        Background sequences that scores are compared on.
    silence : float
        Activation at which excitation begins, see `silence_level`; at least the mean of background sequences, at most
        half way from there to the maximum.
    row : int or None
        Sample whose tracks background sequences have while a motif is read from it.
    mean, rest : float
        Mean activation of background sequences, and their mean above the silent level.
    """

    def __init__(self, probe: WindowProbe, samples: Samples, level: float, random: np.random.Generator) -> None:
        self.probe, self.neuron, self.size = probe, samples.neuron, probe.receptive_field
        self.random = random
        self.tracks = samples.tracks
        self.row: int | None = None
        self.own: dict[tuple[int | None, int], tuple[np.ndarray, float]] = {}
        self.background = self.draw(np.full((self.size, 4), UNIFORM), BACKGROUNDS)
        values = self.activation(self.background)
        self.mean = float(values.mean())
        highest = (self.mean + samples.maximum) / 2
        self.silence = float(np.clip(level, self.mean, max(highest, self.mean)))
        self.rest = float(np.maximum(values - self.silence, 0).mean())

    def activation(self, codes: np.ndarray, rows: np.ndarray | None = None) -> np.ndarray:
        """Activation of windows (..., size) -> (...); ``rows`` (...) are the samples whose tracks they have.

        Without rows, all windows have the tracks of the sample that is read (``row``); where none is, windows along the
        last axis have those of samples drawn at random, the same for all others.
        """
        flat = np.ascontiguousarray(codes.reshape(-1, self.size))
        tracks = None
        if self.tracks is not None:
            if rows is None:
                some = self.random.integers(0, len(self.tracks), codes.shape[-2]) if self.row is None else self.row
                rows = np.broadcast_to(some, codes.shape[:-1])
            tracks = self.tracks[rows.ravel()]
        values = self.probe.activations(flat, tracks)[:, 0]
        return values.reshape(codes.shape[:-1]).astype(float)

    def excitation(self, values: np.ndarray) -> np.ndarray:
        """Activation above the silent level, less what background sequences have of it."""
        return np.maximum(values - self.silence, 0) - self.rest

    def level(self, ppm: np.ndarray, row: int | None) -> float:
        """Mean activation of the best k-mer of a matrix (size, 4) in background sequences."""
        read = np.ptp(ppm, 1) > 0
        words = self.background.copy()
        words[:, read] = ppm[read].argmax(1)
        rows = None if row is None else np.full(len(words), row)
        return float(self.activation(words, rows).mean())

    def dice(self, count: int) -> np.ndarray:
        """Throw the dice of ``count`` windows, even in every column; 0 to 1, (count, size)."""
        return (self.random.random((count, self.size)).argsort(0) + self.random.random((count, self.size))) / count

    def draw(self, ppm: np.ndarray, dice: int | np.ndarray) -> np.ndarray:
        """Draw windows from a matrix (..., size, 4), so many or by their dice; uint8 (..., count, size)."""
        dice = self.dice(dice) if isinstance(dice, int) else dice
        below = ppm.cumsum(-1)[..., None, :, :3]
        return (dice[..., None] > below).sum(-1).astype(np.uint8)

    def backgrounds(self, count: int) -> np.ndarray:
        """Draw background sequences, uint8 (count, size)."""
        return self.draw(np.full((self.size, 4), UNIFORM), count)

    def kept(self, codes: np.ndarray, keep: np.ndarray, count: int, rows: np.ndarray | None = None) -> np.ndarray:
        """Mean excitation where only some nucleotides of windows stay, the rest background; codes, keep (n, size)."""
        mixed = np.where(keep[:, None], codes[:, None], self.backgrounds(count)[None])
        every = None if rows is None else np.broadcast_to(rows[:, None], mixed.shape[:2])
        return self.excitation(self.activation(mixed, every)).mean(1)
