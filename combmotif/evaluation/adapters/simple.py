"""Models that need no network: features of the bases, and random convolutions."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from combmotif.evaluation.adapters.base import Adapter, Codes, Names, plain_vectors
from combmotif.evaluation.features import features_of, kmer_counts
from combmotif.evaluation.word2vec import kmer_vectors
from combmotif.sequence.fasta import iterate_fasta


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
