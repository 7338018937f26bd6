"""Models that need no network: features of the bases, and random convolutions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from combmotif.evaluation.adapters.base import Adapter, Codes, Names, plain_vectors
from combmotif.evaluation.features import features_of, kmer_counts
from combmotif.sequence.fasta import iterate_fasta

WIDTH, WINDOW, NEGATIVES = 100, 5, 5
"""Numbers of a vector, k-mers on either side that are its context, and negative samples of each: word2vec's own."""
_STEPS, _RATE = 200, 0.05


def context_counts(codes: Sequence[np.ndarray], k: int, *, window: int = WINDOW) -> np.ndarray:
    """Count how often every two overlapping k-mers stand at most ``window`` apart; float32 (4**k, 4**k), symmetric.

    A pair at distance d counts as (window - d + 1) / window, the share of its occurrences that word2vec, which draws
    the width of every window, sees.
    """
    size = 4**k
    gap = np.full(window + k, 4, dtype=np.int64)  # no context reaches over the end of a sequence
    text = np.concatenate([part for code in codes for part in (np.asarray(code, dtype=np.int64), gap)])
    windows = np.lib.stride_tricks.sliding_window_view(text, k)
    number = np.where((windows < 4).all(1), windows @ 4 ** np.arange(k - 1, -1, -1), -1)
    found = np.zeros(size * size)
    for apart in range(1, window + 1):
        one, other = number[:-apart], number[apart:]
        both = (one >= 0) & (other >= 0)
        pairs = np.bincount(one[both] * size + other[both], minlength=size * size)
        found += pairs * ((window - apart + 1) / window)
    table = found.reshape(size, size)
    return (table + table.T).astype(np.float32)


def kmer_vectors(codes: Sequence[np.ndarray], k: int, *, width: int = WIDTH, seed: int = 0) -> np.ndarray:
    """Learn a vector of every k-mer, and of every k-mer as context, from the k-mers around it.

    There are so few k-mers that no pair and no negative sample need be drawn: the expectation of word2vec's objective
    (Mikolov et al. 2013; in this form Levy and Goldberg 2014, equation 3) is a sum over all pairs,
    C_ij log s(u_i v_j) + NEGATIVES n_i q_j log s(-u_i v_j), with contexts drawn by q_j, the 3/4 power of their counts.

    Parameters
    ----------
    codes : sequence of uint8 arrays
    k : int
        From 1 to 6.
    width : int, default 100
    seed : int, default 0
        Of the vectors before the first step.

    Returns
    -------
    float32 array (2, 4**k, width)
        Vectors of the k-mers, and of the k-mers as contexts.

    Raises
    ------
    ValueError
        If k is not from 1 to 6, or no two k-mers stand side by side.
    """
    if not 1 <= k <= 6:
        raise ValueError(f"word2vec: expected k-mers of 1 to 6 nt, found {k}")
    counts = torch.from_numpy(context_counts(codes, k))
    seen = counts.sum(1)
    if not seen.any():
        raise ValueError(f"word2vec: expected sequences of more than {k} known bases, found none")
    drawn = seen**0.75
    negative = NEGATIVES * seen[:, None] * (drawn / drawn.sum())
    scale = float(seen.sum())
    random = torch.Generator().manual_seed(seed)
    first, second = (torch.randn(4**k, width, generator=random).div_(width).requires_grad_() for _ in range(2))
    optimizer = torch.optim.Adam([first, second], lr=_RATE)
    for _ in range(_STEPS):
        optimizer.zero_grad()
        inner = (first @ second.T).detach()
        # the gradient of the sum by every inner product, which autograd would keep several tables for
        slope = (negative * inner.sigmoid() - counts * (-inner).sigmoid()) / scale
        first.grad, second.grad = slope @ second.detach(), slope.T @ first.detach()
        optimizer.step()
    return np.stack([first.detach().numpy(), second.detach().numpy()])


class FeatureModel(Adapter):
    """Features of the bases: k-mers, composition, length, the published minimal set.

    Parameters
    ----------
    kind : str
        As :func:`combmotif.evaluation.features.features_of` reads it.
    k : int, optional
    name : str, optional
    """

    capabilities = frozenset({"embed"})
    oriented = False

    def __init__(self, kind: str, *, k: int | None = None, name: str | None = None) -> None:
        features_of(kind, [np.zeros(10, dtype=np.uint8)], k=k)  # an unknown kind is told at once
        self.kind, self.k = kind, k
        self.name = name or (f"{kind}:{k}" if k else kind)

    def embed(self, codes: Codes, *, names: Names = None, pool: str = "mean", layers: str = "-1") -> np.ndarray:
        """Return the features, (n, d)."""
        plain_vectors(self, pool, layers)
        return features_of(self.kind, codes, k=self.k).astype(np.float32)


class WordVectors(Adapter):
    """Mean of the word2vec vectors of a sequence's k-mers, learned from the sequences of a FASTA file.

    Parameters
    ----------
    fasta : path
        Such as the training part of a task; no label is read.
    k : int, default 5
    name : str, default "word2vec"
    seed : int, default 0
    """

    capabilities = frozenset({"embed"})
    oriented = False

    def __init__(self, fasta: str | Path, *, k: int = 5, name: str = "word2vec", seed: int = 0) -> None:
        self.k, self.name = k, name
        self.vectors = kmer_vectors([code for _, code in iterate_fasta(fasta)], k, seed=seed)[0]

    def embed(self, codes: Codes, *, names: Names = None, pool: str = "mean", layers: str = "-1") -> np.ndarray:
        """Return the mean vectors, (n, 100)."""
        plain_vectors(self, pool, layers)
        counts = kmer_counts(codes, self.k)
        return np.asarray((counts / counts.sum(1, keepdims=True).clip(1)) @ self.vectors, dtype=np.float32)


class RandomConvolution(Adapter):
    """Random kernels of 9 nt, rectified, mean and maximum over the sequence: what an untrained net already knows.

    Parameters
    ----------
    width : int, default 256
        Kernels; the vector has twice as many numbers.
    seed : int, default 0
    """

    capabilities = frozenset({"embed"})
    name = "random-weights"
    oriented = False

    def __init__(self, *, width: int = 256, seed: int = 0) -> None:
        random = np.random.default_rng(seed)
        self.kernels = random.normal(size=(9 * 4, width)).astype(np.float32) / 3
        self.bias = random.normal(size=width).astype(np.float32) / 3

    def embed(self, codes: Codes, *, names: Names = None, pool: str = "mean", layers: str = "-1") -> np.ndarray:
        """Return mean and maximum of every kernel, (n, 2 * width)."""
        plain_vectors(self, pool, layers)
        table = np.concatenate([np.eye(4, dtype=np.float32), np.zeros((1, 4), np.float32)])
        found = np.zeros((len(codes), 2 * self.kernels.shape[1]), dtype=np.float32)
        for row, code in enumerate(codes):
            padded = np.pad(np.asarray(code), (0, max(0, 9 - len(code))), constant_values=4)
            windows = np.lib.stride_tricks.sliding_window_view(padded, 9)
            active = np.maximum(table[windows].reshape(len(windows), 36) @ self.kernels + self.bias, 0)
            found[row] = np.concatenate([active.mean(0), active.max(0)])
        return found
