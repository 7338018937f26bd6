"""Which motifs are the same: shift-aware similarity, merging of shifted copies, families."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from combmotif.motifs.motif import PSEUDOCOUNT, MotifSet, information
from combmotif.motifs.segment import normalised, segments

_LEAST_OVERLAP = 3
"""Columns that two motifs must share at a shift, at most the shorter length."""


def similarity(a: np.ndarray, b: np.ndarray) -> tuple[float, int]:
    """Compare two matrices at every shift on the forward strand and return the best.

    Each column is its deviation from uniform, weighted by the square root of its information; the score of a shift
    is the correlation of the two weighted matrices over all their columns, those that stick out counted as matched with
    nothing. It is 1 for equal matrices, about 0 for unrelated ones, and about the square root of the
    share of information aligned where one lies inside the other. Flat columns neither earn nor cost anything.

    Parameters
    ----------
    a, b : float array, shape (length, 4)
        Probabilities (or counts).

    Returns
    -------
    score : float
        -1 to 1; 0 where either matrix is flat.
    offset : int
        Column of `a` on which the first column of `b` lies; negative where `b` starts before `a`.
        Of equal scores the smallest shift.

    Examples
    --------
    >>> from combmotif.motifs import word_ppm
    >>> from combmotif.motifs.cluster import similarity
    >>> found, shift = similarity(word_ppm("UGUAA"), word_ppm("GUAAC"))
    >>> found > 0.7, shift
    (True, 1)
    """
    first, second = normalised(a), normalised(b)
    score, offset = _similarities([first], [second])
    return float(score[0, 0]), int(offset[0, 0])


def _similarities(first: Sequence[np.ndarray], second: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Best score and offset of every pair; lists of ppm -> two arrays of shape (len(first), len(second))."""
    a, b = _stack(first), _stack(second)
    longest_a, longest_b = a.shape[1], b.shape[1]
    lengths_a, lengths_b = (np.array([len(m) for m in group])[:, None] for group in (first, second))
    needed = np.minimum(_LEAST_OVERLAP, np.minimum(lengths_a, lengths_b.T))
    best, where = np.full((len(a), len(b)), -np.inf), np.zeros((len(a), len(b)), dtype=int)
    for offset in sorted(range(1 - longest_b, longest_a), key=lambda shift: (abs(shift), shift)):
        low, high = max(0, offset), min(longest_a, longest_b + offset)
        score = (
            a[:, low:high].reshape(len(a), -1) @ b[:, low - offset : high - offset].reshape(len(b), -1).T
            if high > low
            else np.zeros(best.shape)
        )
        overlap = np.minimum(lengths_a, lengths_b.T + offset) - max(0, offset)
        better = (overlap >= needed) & (score > best + 1e-9)
        best, where = np.where(better, score, best), np.where(better, offset, where)
    return np.clip(best, -1, 1), where


def _stack(ppms: Sequence[np.ndarray]) -> np.ndarray:
    """Weighted deviations of unit norm, padded with zeros to one length; (n, longest, 4), zeros for a flat motif."""
    stacked = np.zeros((len(ppms), max(len(m) for m in ppms), 4))
    for row, ppm in zip(stacked, ppms, strict=True):
        row[: len(ppm)] = (ppm - 0.25) * np.sqrt(information(ppm))[:, None]
    norm = np.sqrt((stacked**2).sum((1, 2), keepdims=True))
    return np.where(norm > 1e-6, stacked / np.maximum(norm, 1e-6), 0)


def merge_shifted(
    pfms: Sequence[np.ndarray], activations: np.ndarray, *, threshold: float = 0.8
) -> list[list[tuple[int, int]]]:
    """Group the leaves of one neuron that are copies of one motif at different positions.

    Pooling lets a neuron read its motif at several positions, and demixing returns one leaf per position. Leaves are
    taken from the highest activation down; each joins the group whose summed counts it resembles most, if at least
    `threshold`, else it opens a group.

    Parameters
    ----------
    pfms : sequence of float arrays, shape (length, 4)
        Counts of each leaf.
    activations : float array, shape (n,)
        Of each leaf; decides which leads (ties: the earlier).
    threshold : float, default 0.8
        Least `similarity` to join a group.

    Returns
    -------
    list of list of (index, offset)
        Per group its members, the leader first with offset 0. `offset` is how far the member's motif lies to the
        right of the leader's: column c of the leader matches column c + offset of the member.

    Examples
    --------
    >>> import numpy as np
    >>> from combmotif.motifs import word_ppm
    >>> from combmotif.motifs.cluster import merge_shifted
    >>> leaves = [100 * word_ppm(word) for word in ("UGUAANNN", "NNUGUAAN", "CCCCCNNN")]
    >>> merge_shifted(leaves, np.array([3.0, 2.0, 1.0]))
    [[(0, 0), (1, 2)], [(2, 0)]]
    """
    values = np.asarray(activations, dtype=float)
    if values.shape != (len(pfms),):
        raise ValueError(f"activations: expected one number per matrix, shape ({len(pfms)},), got {values.shape}")
    groups: list[list[tuple[int, int]]] = []
    sums: list[np.ndarray] = []
    for index in np.argsort(-values, kind="stable"):
        counts = np.asarray(pfms[index], dtype=float)
        if sums:
            known, leaf = [normalised(total + PSEUDOCOUNT) for total in sums], normalised(counts + PSEUDOCOUNT)
            score, where = _similarities(known, [leaf])
            best = int(score[:, 0].argmax())
        if not sums or score[best, 0] < threshold:
            groups.append([(int(index), 0)])
            sums.append(counts.copy())
            continue
        offset = int(where[best, 0])
        groups[best].append((int(index), -offset))
        low, high = max(0, offset), min(len(sums[best]), len(counts) + offset)
        sums[best][low:high] += counts[low - offset : high - offset]
    return groups


def families(motifs: MotifSet, *, threshold: float = 0.8) -> list[int]:
    """Label motifs that say the same thing, so that a report can say it once.

    Average linkage of 1 - `similarity` of the motifs' informative spans, cut at 1 - `threshold`. A motif without an
    informative column is a family of its own.

    Parameters
    ----------
    motifs : MotifSet
    threshold : float, default 0.8
        Average similarity within a family.

    Returns
    -------
    list of int
        One label per motif, counted from 0 in order of each family's first member.

    Examples
    --------
    >>> from combmotif.motifs import Motif, MotifSet, families, word_ppm
    >>> words = ("UGUAAAUA", "CCCGGG", "UGUACAUA")
    >>> families(MotifSet(tuple(Motif(word, 100 * word_ppm(word), 100) for word in words)))
    [0, 1, 0]
    """
    spans = []
    for motif in motifs:
        found = segments(motif.ppm, min_length=1)
        spans.append(motif.ppm[found[0][0] : found[-1][1]] if found else np.full((1, 4), 0.25))
    if len(spans) < 2:
        return [0] * len(spans)
    score, _ = _similarities(spans, spans)
    distance = np.clip(1 - (score + score.T) / 2, 0, 2)
    np.fill_diagonal(distance, 0)
    tree = linkage(squareform(distance.round(9), checks=False), "average")
    order: dict[int, int] = {}
    return [order.setdefault(int(label), len(order)) for label in fcluster(tree, 1 - threshold, "distance")]
