"""Groups of sequences that share a long word, and folds that never part a group."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

_MULTIPLIERS = np.random.default_rng(20120501).integers(0, 2**63, size=(64, 4), dtype=np.uint64) * 2 + 1


def kmer_hashes(codes: np.ndarray, k: int) -> np.ndarray:
    """Hash every k-mer without N of one sequence to 64 bits."""
    if len(codes) < k:
        return np.zeros(0, dtype=np.uint64)
    windows = np.lib.stride_tricks.sliding_window_view(codes, k)
    windows = windows[(windows < 4).all(axis=1)]
    packed = np.zeros(len(windows), dtype=np.uint64)
    with np.errstate(over="ignore"):
        for start in range(0, k, 31):
            part = np.zeros(len(windows), dtype=np.uint64)
            for column in range(start, min(start + 31, k)):
                part = part * np.uint64(4) + windows[:, column]
            part = part * _MULTIPLIERS[start // 31, 0]
            part ^= part >> np.uint64(29)
            part = part * _MULTIPLIERS[start // 31, 1]
            part ^= part >> np.uint64(32)
            packed = packed * _MULTIPLIERS[0, 2] + part
    return packed


def overlap_groups(codes: Sequence[np.ndarray] | np.ndarray, *, k: int = 40) -> np.ndarray:
    """Group sequences so that no two groups share a k-mer.

    Variants of one segment and overlapping tiles of one 3'UTR land in one group: a net that is tested on other groups
    than it learned from cannot have memorised the test sequences. Groups are the connected components of "share a
    k-mer of A, C, G, U on the given strand", found with 64-bit hashes (two different k-mers that collide, at odds of
    about 1 in 10^6 for 30,000 sequences, could only join two groups).

    Parameters
    ----------
    codes : sequence of uint8 arrays
        Of any lengths; one shorter than ``k`` is a group of its own.
    k : int, default 40
        Length of the word in nt, 1 to 1,000.

    Returns
    -------
    int array, shape (n,)
        Number of the group of each sequence, from 0 in order of first member.

    Examples
    --------
    >>> from combmotif.sequence import encode
    >>> from combmotif.training.overlap import overlap_groups
    >>> overlap_groups([encode("AAACCCG"), encode("GGGGGGG"), encode("ACCCGUU")], k=5).tolist()
    [0, 1, 0]
    """
    if not 1 <= k <= 1000:
        raise ValueError(f"k: expected a word length from 1 to 1000 nt, found {k}")
    words = [kmer_hashes(np.asarray(row, dtype=np.uint8), k) for row in codes]
    rows = np.repeat(np.arange(len(words)), [len(word) for word in words])
    _, index = np.unique(np.concatenate(words) if words else np.zeros(0, np.uint64), return_inverse=True)
    count = int(index.max(initial=-1)) + 1
    size = len(words) + count
    graph = coo_matrix((np.ones(len(rows), dtype=np.int8), (rows, len(words) + index)), shape=(size, size))
    labels = connected_components(graph, directed=False)[1][: len(words)]
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse]


def group_folds(groups: np.ndarray, *, folds: int = 5, seed: int = 0) -> np.ndarray:
    """Deal whole groups into folds of nearly equal numbers of sequences.

    Parameters
    ----------
    groups : int array, shape (n,)
        As :func:`overlap_groups` gives.
    folds : int, default 5
    seed : int, default 0
        Shuffles the groups before they are dealt, largest first, each to the emptiest fold.

    Returns
    -------
    int array, shape (n,)
        Fold of each sequence, 0 to ``folds`` - 1.

    Raises
    ------
    ValueError
        If there are fewer groups than folds.

    Examples
    --------
    >>> import numpy as np
    >>> from combmotif.training.overlap import group_folds
    >>> folds = group_folds(np.array([0, 0, 1, 2, 2, 3]), folds=2)
    >>> bool(folds[0] == folds[1]), np.bincount(folds).tolist()
    (True, [3, 3])
    """
    names, inverse, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    if not 2 <= folds <= len(names):
        raise ValueError(f"folds: expected 2 to {len(names)} folds for {len(names)} groups, found {folds}")
    order = np.random.default_rng(seed).permutation(len(names))
    order = order[np.argsort(-sizes[order], kind="stable")]
    load = np.zeros(folds, dtype=np.int64)
    fold = np.zeros(len(names), dtype=np.int64)
    for group in order:
        fold[group] = int(np.argmin(load))
        load[fold[group]] += sizes[group]
    return fold[inverse]
