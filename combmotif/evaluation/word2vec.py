"""Vectors of k-mers by word2vec (skip-gram with negative sampling), a baseline of the 3'UTR benchmark."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

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
