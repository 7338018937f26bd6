"""Quality measures with weights, and bootstraps over groups of related items."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.stats import rankdata

from combmotif.core.seeding import named_generator

Measure = Callable[[np.ndarray, np.ndarray, np.ndarray], float]
"""(truth, score, weights) -> value; NaN where it is not defined, as an AUC of one class is."""


def pearson(truth: np.ndarray, score: np.ndarray, weights: np.ndarray) -> float:
    """Weighted Pearson correlation; NaN where all values of a side are the same, but for rounding."""
    total = weights.sum()
    means = (weights @ truth) / total, (weights @ score) / total
    a, b = truth - means[0], score - means[1]
    squares = weights @ (a * a), weights @ (b * b)
    if any(square <= total * (1e-12 * mean) ** 2 for square, mean in zip(squares, means, strict=True)):
        return float("nan")
    return float((weights * a) @ b / np.sqrt(squares[0] * squares[1]))


def spearman(truth: np.ndarray, score: np.ndarray, weights: np.ndarray) -> float:
    """Weighted Pearson correlation of the ranks, which are those of all rows (also in a bootstrap)."""
    return pearson(rankdata(truth), rankdata(score), weights)


def r_squared(truth: np.ndarray, score: np.ndarray, weights: np.ndarray) -> float:
    """Share of the variance that the prediction leaves no residual of: 1 - SSE / SST; negative below the mean."""
    mean = (weights @ truth) / weights.sum()
    total = weights @ (truth - mean) ** 2
    return float(1 - weights @ (truth - score) ** 2 / total) if total > 0 else float("nan")


def mean_absolute_error(truth: np.ndarray, score: np.ndarray, weights: np.ndarray) -> float:
    """Weighted mean of the absolute difference."""
    return float(weights @ np.abs(truth - score) / weights.sum())


def sign_accuracy(truth: np.ndarray, score: np.ndarray, weights: np.ndarray) -> float:
    """Share of the rows with a measured difference whose sign is predicted; a predicted 0 counts as half."""
    told = truth != 0
    right = np.where(score == 0, 0.5, np.sign(score) == np.sign(truth))
    total = weights[told].sum()
    return float(weights[told] @ right[told] / total) if total > 0 else float("nan")


def auc(truth: np.ndarray, score: np.ndarray, weights: np.ndarray) -> float:
    """Area under the ROC curve: chance that a positive scores above a negative, a tie counting half."""
    order = np.argsort(score, kind="stable")
    positive = np.where(truth[order] > 0, weights[order], 0.0)
    negative = np.where(truth[order] > 0, 0.0, weights[order])
    _, start = np.unique(score[order], return_index=True)
    up, down = np.add.reduceat(positive, start), np.add.reduceat(negative, start)
    below = np.cumsum(down) - 0.5 * down
    total = up.sum() * down.sum()
    return float(up @ below / total) if total > 0 else float("nan")


def average_precision(truth: np.ndarray, score: np.ndarray, weights: np.ndarray) -> float:
    """Area under the precision-recall curve (average precision, as scikit-learn defines it)."""
    order = np.argsort(-score, kind="stable")
    positive = np.where(truth[order] > 0, weights[order], 0.0)
    _, start = np.unique(-score[order], return_index=True)
    hits = np.cumsum(np.add.reduceat(positive, start))
    found = np.cumsum(np.add.reduceat(weights[order].astype(float), start))
    if hits[-1] <= 0 or hits[-1] == found[-1]:
        return float("nan")
    return float(np.diff(hits, prepend=0) @ (hits / np.maximum(found, 1e-300)) / hits[-1])


MEASURES: dict[str, Measure] = {
    "pearson": pearson,
    "spearman": spearman,
    "r2": r_squared,
    "mae": mean_absolute_error,
    "sign_accuracy": sign_accuracy,
    "auc": auc,
    "auprc": average_precision,
}


@dataclass(frozen=True)
class Estimate:
    """A measure with its interval.

    Attributes
    ----------
    value, low, high : float
        The measure of all rows, and the 2.5 and 97.5 percentiles of the bootstrap over groups.
    n, n_groups : int
        Rows, and groups of related rows; the groups are what is drawn.
    """

    value: float
    low: float
    high: float
    n: int
    n_groups: int


def group_weights(groups: np.ndarray, *, draws: int, seed: int) -> np.ndarray:
    """Draw as many groups as there are, with replacement; how often each was drawn, int (draws, groups).

    Parameters
    ----------
    groups : int array (n,)
        Numbers from 0 to the number of groups - 1, every one of which occurs.
    draws, seed : int
    """
    return _drawn(int(groups.max(initial=-1)) + 1, draws, seed)


@lru_cache(maxsize=2)  # the scores of a truth share their groups
def _drawn(count: int, draws: int, seed: int) -> np.ndarray:
    random = named_generator(seed, "bootstrap", count)
    drawn = random.multinomial(count, np.full(count, 1 / count), size=draws)
    drawn.flags.writeable = False
    return drawn


def number_groups(groups: np.ndarray | list) -> np.ndarray:
    """Number groups of any names from 0, in order of first member; an empty name is a group of its own."""
    names: dict[object, int] = {}
    numbers = []
    for row, name in enumerate(groups):
        key: object = ("row", row) if name is None or name == "" else name
        numbers.append(names.setdefault(key, len(names)))
    return np.array(numbers, dtype=np.int64)


def estimate(
    measure: str, truth: np.ndarray, score: np.ndarray, groups: np.ndarray, *, draws: int = 1000, seed: int = 0
) -> Estimate:
    """Measure all rows, and bootstrap whole groups.

    Rows that share a gene, a locus or a 40-mer are no independent observations: an interval over single rows would be
    too narrow by up to the square root of the group's size.

    Parameters
    ----------
    measure : str
        Name in :data:`MEASURES`.
    truth, score : float arrays (n,)
        Rows whose score is not finite are left out; the caller counts them.
    groups : array (n,)
        What is drawn together.
    draws : int, default 1000
        0 gives no interval.
    seed : int, default 0

    Returns
    -------
    Estimate
        NaN where the measure is not defined, as an AUC of one class is.
    """
    kept = np.isfinite(truth) & np.isfinite(score)
    truth, score = truth[kept].astype(float), score[kept].astype(float)
    numbers = number_groups(np.asarray(groups)[kept].tolist())
    if not len(truth):
        return Estimate(float("nan"), float("nan"), float("nan"), 0, 0)
    value = MEASURES[measure](truth, score, np.ones(len(truth)))
    count = int(numbers.max()) + 1
    (found,) = _redrawn(measure, truth, [score], numbers, draws=draws if count > 1 else 0, seed=seed)
    low, high = _interval(found)
    return Estimate(value, low, high, len(truth), count)


def _redrawn(
    measure: str, truth: np.ndarray, scores: Sequence[np.ndarray], numbers: np.ndarray, *, draws: int, seed: int
) -> np.ndarray:
    """Measure scores (models, draws) on the same draws of groups; NaN where a measure is not defined."""
    function = MEASURES[measure]
    if measure == "spearman":  # ranked once
        truth, scores, function = rankdata(truth), [rankdata(score) for score in scores], pearson
    found = np.empty((len(scores), draws))
    for draw, row in enumerate(group_weights(numbers, draws=draws, seed=seed)):
        weights = row[numbers].astype(float)
        found[:, draw] = [function(truth, score, weights) for score in scores]
    return found


def _interval(drawn: np.ndarray) -> tuple[float, float]:
    """Percentiles 2.5 and 97.5 of what is defined; NaN without any."""
    drawn = drawn[np.isfinite(drawn)]
    low, high = np.percentile(drawn, [2.5, 97.5]) if len(drawn) else (np.nan, np.nan)
    return float(low), float(high)


@dataclass(frozen=True)
class Difference:
    """How much better one model is than another on the rows that both score.

    Attributes
    ----------
    value, low, high : float
        Difference of the measures, and its bootstrap interval.
    p : float
        Two-sided: twice the smaller share of draws on one side of 0, at least 1 / (draws + 1).
    n : int
        Common rows.
    """

    value: float
    low: float
    high: float
    p: float
    n: int


def compare(
    measure: str,
    truth: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    groups: np.ndarray,
    *,
    draws: int = 1000,
    seed: int = 0,
) -> Difference:
    """Compare two models on their common rows, by a paired bootstrap over groups.

    Parameters
    ----------
    measure : str
        Name in :data:`MEASURES`.
    truth, first, second : float arrays (n,)
        Rows that one of the models does not score are left out for both.
    groups : array (n,)
    draws, seed : int

    Returns
    -------
    Difference
        Of the first over the second.
    """
    kept = np.isfinite(truth) & np.isfinite(first) & np.isfinite(second)
    truth, first, second = (np.asarray(x, dtype=float)[kept] for x in (truth, first, second))
    nan = float("nan")
    if not len(truth):
        return Difference(nan, nan, nan, nan, 0)
    ones = np.ones(len(truth))
    value = MEASURES[measure](truth, first, ones) - MEASURES[measure](truth, second, ones)
    numbers = number_groups(np.asarray(groups)[kept].tolist())
    one, other = _redrawn(measure, truth, [first, second], numbers, draws=draws, seed=seed)
    drawn = (one - other)[np.isfinite(one - other)]
    side = min((drawn <= 0).sum(), (drawn >= 0).sum())
    p = min(1.0, 2 * (side + 1) / (len(drawn) + 1)) if len(drawn) else nan
    return Difference(float(value), *_interval(drawn), float(p), len(truth))


def by_part(
    measure: str,
    truth: np.ndarray,
    score: np.ndarray,
    parts: np.ndarray,
    *,
    weighted: bool = True,
    draws: int = 1000,
    seed: int = 0,
) -> Estimate:
    """Measure every part (chromosome, fold) by itself, and average.

    A pooled AUPRC across chromosomes whose shares of positives differ understates every model.

    Parameters
    ----------
    measure : str
        Name in :data:`MEASURES`.
    truth, score : float arrays (n,)
    parts : array (n,)
        Of any names; rows of the empty name are of none.
    weighted : bool, default True
        Weight a part by its rows; otherwise all alike.
    draws, seed : int
        Of a bootstrap over the parts.

    Returns
    -------
    Estimate
        The average over the parts where it is defined, its ``n_groups`` being their number.
    """
    function = MEASURES[measure]
    kept = np.isfinite(truth) & np.isfinite(score)
    found: list[float] = []
    sizes: list[int] = []
    for part in dict.fromkeys(np.asarray(parts)[kept].tolist()):
        if part == "":
            continue
        rows = kept & (np.asarray(parts) == part)
        value = function(truth[rows].astype(float), score[rows].astype(float), np.ones(int(rows.sum())))
        if np.isfinite(value):
            found.append(value)
            sizes.append(int(rows.sum()))
    if not found:
        return Estimate(float("nan"), float("nan"), float("nan"), 0, 0)
    values, weights = np.array(found), np.array(sizes if weighted else [1] * len(sizes), dtype=float)
    drawn = group_weights(np.arange(len(values)), draws=draws if len(values) > 1 else 0, seed=seed) * weights
    low, high = _interval(drawn @ values / drawn.sum(1))
    return Estimate(float(np.average(values, weights=weights)), low, high, sum(sizes), len(values))
