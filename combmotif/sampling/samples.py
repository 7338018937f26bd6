"""Sequences that excite one neuron."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from combmotif.core.files import atomic

BINS = 20


@dataclass(frozen=True)
class Samples:
    """Windows on which a neuron is active, strongest first.

    Attributes
    ----------
    layer : str
    neuron : int
    codes : uint8 array, shape (n, receptive_field)
        Distinct windows.
    activations : float32 array, shape (n,)
        In the layer's own units, all above the background, descending.
    background : float
        Mean activation of background sequences, of random bases. A raw convolution output has no meaningful zero:
        what lies below its mean over random sequences is no response to a motif.
    method : str
        ``enumerate``, ``evolve``, ``neuronmotif``, ``combmotif`` or ``dataset``.
    generations : int
        Passes of the network that the search took (0 for an enumeration).
    converged : bool
        False where the search ended at its limit of generations.
    tracks : float32 array, shape (n, tracks, receptive_field), or None
        What each window has beside its bases, of a model with extra channels, where they differ between windows.
    """

    layer: str
    neuron: int
    codes: np.ndarray
    activations: np.ndarray
    method: str
    generations: int = 0
    converged: bool = True
    background: float = 0.0
    tracks: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def maximum(self) -> float:
        """Largest activation found; the background where no window excites the neuron."""
        return float(self.activations[0]) if len(self.activations) else self.background

    @property
    def excitation(self) -> np.ndarray:
        """Activations above the background, shape (n,)."""
        return self.activations - np.float32(self.background)

    def strongest(self, share: float) -> Samples:
        """Return the windows above a share, 0 to 1, of the range from the background to the maximum."""
        count = int((self.excitation > share * self.excitation.max(initial=0)).sum())
        tracks = None if self.tracks is None else self.tracks[:count]
        return replace(self, codes=self.codes[:count], activations=self.activations[:count], tracks=tracks)

    @property
    def counts(self) -> np.ndarray:
        """Distinct windows in each of 20 equal bins from the background to the maximum, integer (20,)."""
        share = self.excitation / max(float(self.excitation.max(initial=0)), 1e-30)
        return np.bincount(np.minimum(share * BINS, BINS - 1).astype(int), minlength=BINS)

    @property
    def entropy(self) -> np.ndarray:
        """Shannon entropy of the letters in each column over all windows, in bits, 0 to 2; (receptive_field,)."""
        shares = np.stack([(self.codes == base).mean(0) for base in range(4)]) if len(self) else np.zeros((4, 1))
        bits = -(shares * np.log2(np.where(shares > 0, shares, 1))).sum(0)
        return np.broadcast_to(bits, (self.codes.shape[1],)).copy()

    def save(self, path: str | Path) -> None:
        """Write an .npz file, whole or not at all."""
        arrays: dict[str, Any] = {name: np.asarray(value) for name, value in vars(self).items() if value is not None}
        with atomic(Path(path)) as temporary, temporary.open("wb") as stream:
            np.savez_compressed(stream, **arrays)

    @classmethod
    def load(cls, path: str | Path) -> Samples:
        """Read a file that ``save`` wrote."""
        with np.load(path) as file:
            return cls(
                str(file["layer"]),
                int(file["neuron"]),
                file["codes"],
                file["activations"],
                str(file["method"]),
                int(file["generations"]),
                bool(file["converged"]),
                float(file["background"]),
                file.get("tracks"),
            )


def stratify(
    codes: np.ndarray,
    activations: np.ndarray,
    *,
    keep: int,
    random: np.random.Generator,
    background: float = 0.0,
    spare: np.ndarray | None = None,
) -> np.ndarray:
    """Choose rows that cover the range of activation evenly.

    Duplicates and rows at or below the background are left out. The range from there to the maximum is cut into 20
    equal bins, the top one closed; a bin with more than ``keep / 20`` rows keeps a random choice of them, and the
    strongest row always stays.

    Parameters
    ----------
    codes : uint8 array, shape (n, length)
    activations : float array, shape (n,)
    keep : int
        Most rows in all; at least one per bin.
    random : numpy.random.Generator
    background : float, default 0
    spare : integer array, shape (n,), optional
        Rows of a lower number are taken first.

    Returns
    -------
    integer array
        Rows, by descending activation (ties by sequence).

    Examples
    --------
    >>> codes = np.arange(100).reshape(100, 1).astype(np.uint8)
    >>> rows = stratify(codes, np.linspace(0, 1, 100), keep=20, random=np.random.default_rng(0))
    >>> len(rows), int(rows[0])  # one of each bin, the strongest first
    (20, 99)
    """
    if not len(activations):
        return np.zeros(0, np.int64)
    noise = 1e-6 * float(np.abs(activations).max())  # of float32: a constant neuron has no windows
    rows = np.flatnonzero(activations > np.float32(background + noise))
    if not rows.size:
        return rows
    if spare is not None:
        rows = rows[np.argsort(spare[rows], kind="stable")]  # of a window that is there twice the first stays
    packed = np.ascontiguousarray(codes[rows]).view(np.dtype((np.void, codes.shape[1]))).ravel()
    _, first = np.unique(packed, return_index=True)  # sorted by sequence, whatever the order of discovery
    rows = rows[first]
    values = activations[rows] - np.float32(background)
    bins = np.minimum((values / values.max() * BINS).astype(int), BINS - 1)
    quota = max(1, keep // BINS)
    kept = []
    for index in range(BINS):
        members = np.flatnonzero(bins == index)
        if len(members) > quota:
            members = random.permutation(members)
            if spare is not None:
                members = members[np.argsort(spare[rows[members]], kind="stable")]
            members = members[:quota]
        kept.append(members)
    best = int(np.argmax(values))
    if best not in kept[-1]:
        kept[-1][0] = best
    chosen = np.unique(np.concatenate(kept))
    return rows[chosen[np.argsort(-values[chosen], kind="stable")]]
