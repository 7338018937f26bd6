"""Kinds that hold two motifs: maps that are alike, letters that are not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from combmotif.discovery.kinds import support
from combmotif.discovery.units import Copies
from combmotif.motifs.motif import PSEUDOCOUNT, information

GAIN = 0.8
"""Bits by which the mean information of two halves exceeds that of the whole, beyond the one bit of a random cut."""
_MOST = 32
_ROUNDS = 12


def split_by_letters(
    templates: np.ndarray, copies: Copies, codes: np.ndarray, weights: np.ndarray, *, least: float
) -> tuple[np.ndarray, Copies]:
    """Split kinds whose letters are a mixture.

    Two motifs with a common core have similar gradients, and the mean of both is near to either. The letters under the
    copies of a kind are cut in two by k-means; the cut stays if it raises the information by 1.8 bits or more
    and either half keeps ``least`` of the weight.

    Parameters
    ----------
    templates : float array, shape (kinds, long, 4)
    copies : Copies
    codes : uint8 array, shape (windows, size)
    weights : float array, shape (windows,)
    least : float

    Returns
    -------
    (templates, copies)
        A half has the template of the whole.
    """
    kind = copies.kind.copy()
    made = list(templates)
    todo = list(range(len(templates)))
    size = codes.shape[1]
    while todo:
        index = todo.pop(0)
        rows = np.flatnonzero(kind == index)
        if len(rows) < 40 or len(made) >= _MOST:
            continue
        columns = copies.place[rows][:, None] + support(made[index])
        inside = (columns >= 0) & (columns < size)
        letters = codes[copies.window[rows][:, None], np.clip(columns, 0, size - 1)]
        hot = np.where(inside[:, :, None], np.eye(4)[letters], 0.25)
        share = weights[copies.window[rows]]
        side = _halves(hot, share)
        mass = np.array([share[~side].sum(), share[side].sum()])
        if mass.min() < max(least * weights.sum(), 0.05 * mass.sum()) or min(side.sum(), (~side).sum()) < 20:
            continue
        parts = [_bits(hot[of], share[of]) for of in (~side, side)]
        if float(np.average(parts, weights=mass)) - _bits(hot, share) - 1 < GAIN:
            continue
        kind[rows[side]] = len(made)
        todo += [index, len(made)]
        made.append(made[index])
    order = np.lexsort((copies.place, kind, copies.window))
    return np.stack(made), replace(
        copies, window=copies.window[order], kind=kind[order], place=copies.place[order]
    )  # fmt: skip


def _halves(hot: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Cut one-hot letters (n, columns, 4) in two by weighted k-means, begun along the widest direction."""
    flat = hot.reshape(len(hot), -1)
    centred = np.sqrt(share)[:, None] * (flat - np.average(flat, axis=0, weights=share))
    side = centred @ np.linalg.eigh(centred.T @ centred)[1][:, -1] > 0
    for _ in range(_ROUNDS):
        if side.all() or not side.any():
            break
        low, high = (np.average(flat[of], axis=0, weights=share[of]) for of in (~side, side))
        new = ((flat - high) ** 2).sum(1) < ((flat - low) ** 2).sum(1)
        if (new == side).all():
            break
        side = new
    return side


def _bits(hot: np.ndarray, share: np.ndarray) -> float:
    counts = (share[:, None, None] * hot).sum(0) * (len(hot) / share.sum()) + PSEUDOCOUNT
    bits = information(counts / counts.sum(1, keepdims=True)).sum()
    return float(bits - hot.shape[1] * 3 / (2 * np.log(2) * len(hot)))
