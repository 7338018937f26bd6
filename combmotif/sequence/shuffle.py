"""Shuffled copies of a sequence: same letters, or same dinucleotides."""

from __future__ import annotations

import math
from itertools import product

import numpy as np

from combmotif.sequence.alphabet import UNKNOWN


def shuffle(codes: np.ndarray, draws: int, generator: np.random.Generator) -> np.ndarray:
    """Permute the letters of a sequence; every arrangement is equally likely.

    Parameters
    ----------
    codes : uint8 array, shape (length,)
        0 = A, 1 = C, 2 = G, 3 = T or U, 4 = N. An N stays where it is.
    draws : int
        Number of independent permutations.
    generator : numpy.random.Generator

    Returns
    -------
    uint8 array, shape (draws, length)
    """
    codes = _checked(codes)
    copies = np.tile(codes, (draws, 1))
    known = np.flatnonzero(codes != UNKNOWN)
    copies[:, known] = generator.permuted(copies[:, known], axis=1)
    return copies


def dinucleotide_shuffle(codes: np.ndarray, draws: int, generator: np.random.Generator) -> np.ndarray:
    """Permute a sequence so that every dinucleotide count stays exactly the same.

    A sequence is a walk through its dinucleotides; each draw is a uniformly random Eulerian path of that
    graph, so every distinct sequence with these counts is equally likely. The first and the last letter
    never change. An N stays where it is and the stretches between Ns are shuffled one by one, so that
    their counts are kept as well. Of the at most 27 ways to leave each letter for the last time, one is drawn with
    its exact probability, so nothing is rejected and the time does not depend on the composition.

    Parameters
    ----------
    codes : uint8 array, shape (length,)
        0 = A, 1 = C, 2 = G, 3 = T or U, 4 = N.
    draws : int
        Number of independent shuffles.
    generator : numpy.random.Generator

    Returns
    -------
    uint8 array, shape (draws, length)

    References
    ----------
    Altschul and Erickson, Mol Biol Evol 1985, 2:526-538.

    Examples
    --------
    >>> import numpy as np
    >>> from combmotif.sequence import decode, encode
    >>> from combmotif.sequence.shuffle import dinucleotide_shuffle
    >>> (copy,) = dinucleotide_shuffle(encode("AUGUGA"), 1, np.random.default_rng(0))
    >>> sorted(decode(copy)[i : i + 2] for i in range(5))
    ['AU', 'GA', 'GU', 'UG', 'UG']
    """
    codes = _checked(codes)
    copies = np.tile(codes, (draws, 1))
    bounds = np.flatnonzero(np.diff(np.concatenate([[0], (codes != UNKNOWN).astype(np.int8), [0]])))
    for start, end in bounds.reshape(-1, 2):
        if end - start > 3:
            copies[:, start:end] = _eulerian(codes[start:end], draws, generator)
    return copies


def _checked(codes: np.ndarray) -> np.ndarray:
    codes = np.asarray(codes)
    if codes.ndim != 1 or codes.dtype.kind not in "iu" or (codes.size and (codes.min() < 0 or codes.max() > UNKNOWN)):
        raise ValueError(
            f"codes: expected integers 0-4 of shape (length,), found {codes.dtype} of shape {codes.shape}; "
            "use combmotif.sequence.encode"
        )
    return codes.astype(np.uint8)


def _last_exits(counts: np.ndarray, root: int) -> tuple[list[dict[int, int]], np.ndarray]:
    """List the trees of last exits towards the final letter, and their probabilities (products of edge counts)."""
    others = [v for v in range(4) if v != root and counts[v].sum()]
    choices = [[u for u in range(4) if u != v and counts[v, u]] for v in others]
    trees, weights = [], []
    for targets in product(*choices):
        tree = dict(zip(others, targets, strict=True))
        for vertex in others:
            for _ in others:
                vertex = tree.get(vertex, vertex)
            if vertex != root:
                break
        else:
            trees.append(tree)
            weights.append(float(math.prod(int(counts[v, u]) for v, u in tree.items())))
    return trees, np.array(weights) / np.sum(weights)


def _eulerian(codes: np.ndarray, draws: int, generator: np.random.Generator) -> np.ndarray:
    counts = np.zeros((4, 4), dtype=np.int64)
    np.add.at(counts, (codes[:-1], codes[1:]), 1)
    root = int(codes[-1])
    trees, weights = _last_exits(counts, root)
    picked = generator.choice(len(trees), size=draws, p=weights)
    exits = np.zeros((draws, 4, int(counts.sum(1).max())), dtype=np.uint8)
    for vertex in range(4):
        targets = np.repeat(np.arange(4, dtype=np.uint8), counts[vertex])
        if not len(targets):
            continue
        if vertex == root:
            exits[:, vertex, : len(targets)] = generator.permuted(np.tile(targets, (draws, 1)), axis=1)
            continue
        last = np.array([tree[vertex] for tree in trees], dtype=np.uint8)[picked]
        for target in np.unique(last):
            rows = np.flatnonzero(last == target)
            rest = np.delete(targets, np.flatnonzero(targets == target)[0])
            exits[rows, vertex, : len(rest)] = generator.permuted(np.tile(rest, (len(rows), 1)), axis=1)
            exits[rows, vertex, len(rest)] = target
    result = np.empty((draws, len(codes)), dtype=np.uint8)
    for row, walk in enumerate(exits.tolist()):  # lists: one element at a time, they are faster than arrays
        leave = [iter(own) for own in walk]
        path = [here := int(codes[0])]
        for _ in range(len(codes) - 1):
            path.append(here := next(leave[here]))
        result[row] = path
    return result
