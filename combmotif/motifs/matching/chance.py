"""How often would shuffled letters align as well? A floor under Tomtom's p-values."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

import numpy as np

STEP = 0.03  # of the score, per bin of the exact sum
_CHUNK = 512
_ORDERS = np.array(list(permutations(range(4))))


def letter_p_values(queries: Sequence[np.ndarray], targets: Sequence[np.ndarray]) -> np.ndarray:
    """Give the chance that a query whose letters are shuffled agrees with its target as well, column by column.

    The score of an alignment is the sum over columns of the inner product of the two columns' deviations from
    uniform. Under the null hypothesis the four probabilities of every query column are permuted, independently and all
    24 ways alike; the distribution of the sum is computed by convolution (Fourier) on a grid of 0.03. Three sharp
    columns can not do better than 4^-3, and flat columns agree with anything.

    Parameters
    ----------
    queries, targets : sequences of float arrays, shape (columns, 4)
        Aligned columns, so the two of a pair have one shape; probabilities.

    Returns
    -------
    float array, shape (pairs,)
        In (0, 1].
    """
    result = np.ones(len(queries))
    lengths = np.array([len(query) for query in queries], dtype=int)
    order = np.argsort(lengths, kind="stable")
    order = order[lengths[order] > 0]
    for first in range(0, len(order), _CHUNK):
        rows = order[first : first + _CHUNK]
        own = np.concatenate([queries[row] for row in rows]) - 0.25
        other = np.concatenate([targets[row] for row in rows]) - 0.25
        products = np.rint(np.einsum("coi,ci->co", own[:, _ORDERS], other) / STEP).astype(int)  # (columns, orders)
        result[rows] = _tail(products, lengths[rows])
    return np.clip(result, 0, 1)


def _tail(steps: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """P(sum of one random option per column >= that of the first options), for runs of `lengths` columns.

    `steps` has shape (columns, options). The distribution of a sum is the product of the columns' Fourier transforms;
    what rounding leaves, about 1e-16, is cut at 1e-15.
    """
    missing = steps.max(1, keepdims=True) - steps  # bins lost against a column's best order
    begins = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    allowed = np.add.reduceat(missing[:, 0], begins)  # bins that may be lost
    size = int(np.add.reduceat(missing.max(1), begins).max()) + 1
    size = 1 << (size - 1).bit_length()
    columns = np.arange(len(steps))[:, None] * size
    chance = np.bincount((columns + missing).ravel(), minlength=len(steps) * size).reshape(-1, size) / steps.shape[1]
    spectrum = np.fft.rfft(chance, axis=1)
    total = np.ones((len(lengths), spectrum.shape[1]), dtype=complex)
    for place in range(int(lengths.max())):  # the runs' first columns, then their second, ...
        there = lengths > place
        total[there] *= spectrum[begins[there] + place]
    distribution = np.fft.irfft(total, size, axis=1)
    within = np.cumsum(distribution, axis=1)[np.arange(len(lengths)), allowed]
    return np.maximum(within, 1e-15)
