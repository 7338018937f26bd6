"""Matched controls: random segments of the same sequences, lengths and distance, without a motif inside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from combmotif.effect.pattern import Pattern
from combmotif.sequence.alphabet import UNKNOWN

PERMUTATIONS = 999


class Control(NamedTuple):
    """Empirical p of a pair against its controls, their mean e, how many there were, and the e of each."""

    p_value: float
    epistasis: float
    segments: int
    values: tuple[float, ...] = ()


def control_starts(
    codes: np.ndarray,
    offset: int,
    length_a: int,
    length_b: int,
    patterns: Sequence[Pattern],
    count: int,
    generator: np.random.Generator,
) -> np.ndarray:
    """Draw where control segments may stand in one sequence.

    Parameters
    ----------
    codes : uint8 array, shape (length,)
    offset : int
        First position of B minus first position of A.
    length_a, length_b : int
        In nt.
    patterns : sequence of Pattern
        Motifs that may not touch a control segment.
    count : int
        Most starts, drawn without replacement.
    generator : numpy.random.Generator

    Returns
    -------
    integer array, shape (at most count,)
        First position of the segment in A's place; B's is at `offset` from it.
    """
    taken = codes == UNKNOWN
    for pattern in patterns:
        for start in np.flatnonzero(pattern.matches(codes)):
            taken[start : start + len(pattern)] = True
    total = np.concatenate([[0], np.cumsum(taken)])
    starts = np.arange(max(0, -offset), min(len(codes) - length_a, len(codes) - length_b - offset) + 1)
    free = (total[starts + length_a] == total[starts]) & (
        total[starts + offset + length_b] == total[starts + offset]
    )  # fmt: skip
    return generator.permutation(starts[free])[:count]


def compare_with_controls(
    pair: np.ndarray, controls: Sequence[np.ndarray], *, n_min: int, generator: np.random.Generator
) -> Control:
    """Test whether the e of the motif pair differs from that of its controls, by exchanging them within sequences.

    Under the null hypothesis the motifs' segments are segments like any other, so any member of a sequence's pool
    (the pair and its controls) may be taken for the pair. The statistic is the mean over sequences of e minus the
    pool's mean.

    Parameters
    ----------
    pair : float array, shape (sequences,)
        e of one placement per sequence.
    controls : sequence of float arrays, one per sequence, each of shape (controls,)
        e of the control segments; empty where there was no room.
    n_min : int
        Sequences with a control that are needed; else p is NaN.
    generator : numpy.random.Generator

    Returns
    -------
    Control
        p = (1 + exchanges at least as extreme) / 1,000.
    """
    # what the net gave no number for is no member of a pool
    finite = [others[np.isfinite(others)] for others in controls]
    pools = [np.concatenate([[e], own]) for e, own in zip(pair, finite, strict=True) if len(own) and np.isfinite(e)]
    values = np.concatenate([np.zeros(0), *(pool[1:] for pool in pools)])
    mean = float(values.mean()) if len(values) else float("nan")
    if len(pools) < n_min:
        return Control(float("nan"), mean, len(values), tuple(values.tolist()))
    sizes = np.array([len(pool) for pool in pools])
    table = np.zeros((len(pools), int(sizes.max())))
    for row, pool in enumerate(pools):
        table[row, : len(pool)] = pool - pool.mean()
    observed = abs(table[:, 0].mean())
    picks = (generator.random((PERMUTATIONS, len(pools))) * sizes).astype(np.int64)
    exchanged = np.abs(table[np.arange(len(pools)), picks].mean(1))
    extreme = int((exchanged >= observed * (1 - 1e-9)).sum())
    return Control((1 + extreme) / (1 + PERMUTATIONS), mean, len(values), tuple(values.tolist()))
