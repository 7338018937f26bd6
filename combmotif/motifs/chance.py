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
    24 ways alike; the distribution of the sum is computed by convolution on a grid of 0.03. Three sharp columns can
    not do better than 4^-3, and flat columns agree with anything.

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
    order = np.argsort([len(query) for query in queries], kind="stable")
    for first in range(0, len(order), _CHUNK):
        rows = order[first : first + _CHUNK]
        longest = max(len(queries[row]) for row in rows)
        steps = np.zeros((len(rows), longest, len(_ORDERS)), dtype=int)
        observed = np.zeros(len(rows), dtype=int)
        for place, row in enumerate(rows):
            if not len(queries[row]):
                continue
            shuffled = (queries[row] - 0.25)[:, _ORDERS]
            products = np.rint((shuffled * (targets[row] - 0.25)[:, None]).sum(2) / STEP).astype(int)
            steps[place, : len(products)], observed[place] = products, products[:, 0].sum()
        result[rows] = _tail(steps, observed)
    return np.clip(result, 0, 1)


def _tail(steps: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """P(sum of one random option per column >= observed); steps (rows, columns, options), observed (rows,)."""
    top = steps.max(2, keepdims=True)
    missing, allowed = (
        top - steps,
        top.sum((1, 2)) - observed,
    )  # bins lost against the best order; bins that may be lost
    chance = np.zeros((len(steps), int(allowed.max()) + 1))
    chance[:, 0] = 1
    rows, bins = np.arange(len(steps))[:, None], np.arange(chance.shape[1])
    for column in range(steps.shape[1]):
        moved = np.zeros_like(chance)
        for option in range(steps.shape[2]):
            source = bins - missing[:, column, option, None]
            moved += np.where(source >= 0, chance[rows, np.maximum(source, 0)], 0)
        chance = moved / steps.shape[2]
    return np.where(bins <= allowed[:, None], chance, 0).sum(1)
