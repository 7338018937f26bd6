"""Features that need no model: k-mers, composition, length, and the published minimal set; the controls of tasks."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np

from combmotif.sequence.alphabet import decode


def kmer_counts(codes: Sequence[np.ndarray], k: int) -> np.ndarray:
    """Count every k-mer of A, C, G, U in every sequence; float64 (n, 4**k), in the order AAA, AAC, AAG, ...

    Raises
    ------
    ValueError
        If k is not 1 to 8: the table would not fit into a memory.
    """
    if not 1 <= k <= 8:
        raise ValueError(f"k: expected a length of k-mers from 1 to 8 nt, found {k}")
    power = 4 ** np.arange(k - 1, -1, -1, dtype=np.int64)
    found = np.zeros((len(codes), 4**k))
    for row, code in enumerate(codes):
        if len(code) < k:
            continue
        windows = np.lib.stride_tricks.sliding_window_view(np.asarray(code, dtype=np.int64), k)
        windows = windows[(windows < 4).all(1)]
        found[row] = np.bincount(windows @ power, minlength=4**k)
    return found


def lengths(codes: Sequence[np.ndarray]) -> np.ndarray:
    """Length in nt and its logarithm; (n, 2)."""
    length = np.array([len(code) for code in codes], dtype=float)
    return np.stack([length, np.log10(length + 0.1)], 1)


def composition(codes: Sequence[np.ndarray]) -> np.ndarray:
    """Fractions of A, C, G and U; (n, 4)."""
    counts = kmer_counts(codes, 1)
    return counts / counts.sum(1, keepdims=True).clip(1)


def _longest_runs(code: np.ndarray) -> list[int]:
    """Longest homopolymer of each base and of any; longest repeat of each dinucleotide, in units; equal neighbours."""
    text = decode(code, alphabet="dna")

    def longest(unit: str) -> int:
        return max((len(run[0]) // len(unit) for run in re.finditer(f"(?:{unit})+", text)), default=0)

    homopolymers = [longest(base) for base in "ACGT"]
    repeats = [longest(first + second) for first in "ACGT" for second in "ACGT"]
    return [*homopolymers, max(homopolymers), *repeats, int((code[1:] == code[:-1]).sum())]


def minimal(codes: Sequence[np.ndarray]) -> np.ndarray:
    """The 58 features of Griesemer et al. 2021 as the 3'UTR benchmark lists them; (n, 58).

    Fractions of the bases (4), counts (16) and fractions (16) of dinucleotides, longest homopolymer of each base (4)
    and of any (1), longest repeat of each dinucleotide (16), equal neighbours (1).
    """
    mono, pairs = composition(codes), kmer_counts(codes, 2)
    fraction = pairs / pairs.sum(1, keepdims=True).clip(1)
    runs = np.array([_longest_runs(np.asarray(code)) for code in codes], dtype=float)
    return np.concatenate([mono, pairs, fraction, runs.reshape(len(codes), 22)], 1)


def codons(codes: Sequence[np.ndarray]) -> np.ndarray:
    """Fractions of the 64 codons in the frame that begins with the sequence, as a coding sequence does; (n, 64)."""
    found = np.zeros((len(codes), 64))
    for row, code in enumerate(codes):
        triplets = np.asarray(code, dtype=np.int64)[: len(code) // 3 * 3].reshape(-1, 3)
        triplets = triplets[(triplets < 4).all(1)]
        found[row] = np.bincount(triplets @ (16, 4, 1), minlength=64)
    return found / found.sum(1, keepdims=True).clip(1)


FEATURES: dict[str, Callable[[Sequence[np.ndarray]], np.ndarray]] = {
    "length": lengths,
    "codons": codons,
    "composition": composition,
    "minimal": minimal,
}


def features_of(kind: str, codes: Sequence[np.ndarray], *, k: int | None = None) -> np.ndarray:
    """Work out features by name: ``kmer`` (with ``k``, or ``kmer:5``, ``kmer:1-4``), or a name in :data:`FEATURES`.

    Raises
    ------
    ValueError
        If the name is unknown, or a k-mer length is missing.
    """
    name, _, number = kind.partition(":")
    if name == "kmer":
        if (match := re.fullmatch(r"([1-8])-([1-8])", number)) and match[1] <= match[2]:
            return np.concatenate([kmer_counts(codes, each) for each in range(int(match[1]), int(match[2]) + 1)], 1)
        if number and not number.isdecimal():
            raise ValueError(f"features: expected kmer:K with a whole number, or kmer:1-4, found '{kind}'")
        if not number and k is None:
            raise ValueError("features: kmer needs its length, for example kmer:5 (or k: 5)")
        return kmer_counts(codes, int(number) if number else int(k or 0))
    if name not in FEATURES or number:
        raise ValueError(f"features: expected kmer:K, {', '.join(FEATURES)}, found '{kind}'")
    return FEATURES[name](codes)
