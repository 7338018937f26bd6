"""Where in windows of a receptive field do a neuron's motifs occur, at the places where the neuron reads them?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from combmotif.motifs.motif import Motif

CHANCE = 0.02
"""Share of background windows that score above a motif's threshold, at its best place."""
_FLOOR = 1e-3


class Occurrences:
    """A motif laid over the receptive field at every place where the neuron reads it.

    Parameters
    ----------
    motif : Motif
        With the column ``start`` at which it lies, and the ``offsets`` of its other places.
    size : int
        Length of the receptive field in nt. Columns that a place moves beyond it are left out there.
    everywhere : bool, default False
        Every place at which at least half of the motif lies inside, whether or not ``offsets`` names it.

    Attributes
    ----------
    starts : integer array, shape (places,)
        Column of the receptive field on which the motif's first column lies; may be negative.
    table : float32 array, shape (places, size, 4)
        Log2 odds against uniform background letters; 0 where the motif does not lie.
    """

    def __init__(self, motif: Motif, size: int, *, everywhere: bool = False) -> None:
        odds = np.log2(np.maximum(motif.ppm, _FLOOR) / 0.25).astype(np.float32)
        starts = {motif.start + offset for offset in (0, *motif.offsets)}
        if everywhere:
            half = len(odds) // 2
            starts |= set(range(-half, size - len(odds) + half + 1))
        self.starts = np.array(sorted(start for start in starts if -len(odds) < start < size), int)
        self.table = np.zeros((len(self.starts), size, 4), np.float32)
        for row, start in zip(self.table, self.starts, strict=True):
            low, high = max(0, start), min(size, start + len(odds))
            row[low:high] = odds[low - start : high - start]

    def scores(self, codes: np.ndarray) -> np.ndarray:
        """Score windows at every place in bits; uint8 (n, size) -> float32 (n, places)."""
        n, size = codes.shape
        onehot = np.eye(4, dtype=np.float32)[codes].reshape(n, size * 4)
        return np.asarray(onehot @ self.table.reshape(len(self.table), -1).T)

    def best(self, codes: np.ndarray) -> np.ndarray:
        """Score windows at their best place in bits; float32 (n,)."""
        return self.scores(codes).max(1, initial=-np.inf) if len(self.starts) else np.zeros(len(codes), np.float32)

    def threshold(self, background: np.ndarray, *, chance: float = CHANCE) -> float:
        """Score that a share ``chance`` of background windows, uint8 (n, size), exceeds at its best place."""
        return float(np.quantile(self.best(background), 1 - chance))

    def letters(self, codes: np.ndarray, threshold: float, *, best_only: bool = False) -> np.ndarray:
        """Mark the nucleotides that agree with the motif wherever it scores at or above a threshold.

        Parameters
        ----------
        codes : uint8 array, shape (n, size)
        threshold : float
            In bits.
        best_only : bool, default False
            Only at the best place of each window.

        Returns
        -------
        bool array, shape (n, size)
            Nucleotides with positive log odds at such a place.
        """
        marked = np.zeros(codes.shape, bool)
        if not len(self.starts):
            return marked
        scores = self.scores(codes)
        occurs = scores >= threshold
        if best_only:
            occurs &= np.arange(len(self.starts)) == scores.argmax(1)[:, None]
        columns = np.arange(codes.shape[1])
        for place in np.flatnonzero(occurs.any(0)):
            rows = np.flatnonzero(occurs[:, place])
            marked[rows] |= self.table[place][columns, codes[rows]] > 0
        return marked


def called_nucleotides(motifs: Sequence[Motif], codes: np.ndarray, background: np.ndarray) -> np.ndarray:
    """Mark the nucleotides of windows that any of a neuron's motifs calls.

    Parameters
    ----------
    motifs : sequence of Motif
    codes, background : uint8 arrays, shapes (n, size), (m, size)
        The windows, and background windows that give each motif its threshold (exceeded by 2 % of them).

    Returns
    -------
    bool array, shape (n, size)
    """
    marked = np.zeros(codes.shape, bool)
    for motif in motifs:
        found = Occurrences(motif, codes.shape[1])
        marked |= found.letters(codes, found.threshold(background))
    return marked
