"""Tests and estimates for paired and grouped differences: thin, explicit wrappers around SciPy."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy import stats

EXACT_LIMIT = 50
WALSH_LIMIT = 1000


class Difference(NamedTuple):
    """Difference of two means (first minus second) with its confidence interval and two-sided p-value."""

    estimate: float
    ci_low: float
    ci_high: float
    p_value: float


class RankComparison(NamedTuple):
    """Mann-Whitney U of the first group, its two-sided p-value, and U / (n1 n2) = P(first > second)."""

    u: float
    p_value: float
    auc: float


class Location(NamedTuple):
    """Pseudo-median with its confidence interval."""

    estimate: float
    ci_low: float
    ci_high: float


def benjamini_hochberg(p_values: np.ndarray) -> np.ndarray:
    """Turn p-values of one family into q-values.

    Parameters
    ----------
    p_values : float array, shape (n,)
        NaN marks what was not tested; it stays NaN and does not count towards the family.

    Returns
    -------
    float array, shape (n,)
        Smallest false discovery rate at which each test would be called.

    References
    ----------
    Benjamini and Hochberg, J R Stat Soc B 1995, 57:289-300; computed by scipy.stats.false_discovery_control.

    Examples
    --------
    >>> import numpy as np
    >>> from combmotif.effect.statistics import benjamini_hochberg
    >>> benjamini_hochberg(np.array([0.01, 0.04, np.nan])).tolist()
    [0.02, 0.04, nan]
    """
    p = np.asarray(p_values, dtype=float)
    q = np.full(p.shape, np.nan)
    tested = ~np.isnan(p)
    if tested.any():
        q[tested] = stats.false_discovery_control(p[tested], method="bh")
    return q


def welch(first: np.ndarray, second: np.ndarray) -> Difference:
    """Compare two means without assuming equal variances.

    Parameters
    ----------
    first, second : float arrays, shapes (n1,) and (n2,)
        At least two values each.

    Returns
    -------
    Difference
        mean(first) - mean(second) with its 95 % interval. Interval and p are NaN where neither group varies or a group
        has fewer than two values.

    References
    ----------
    Welch, Biometrika 1947, 34:28-35.
    """
    first, second = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    estimate = float(first.mean() - second.mean()) if len(first) and len(second) else np.nan
    if min(len(first), len(second)) < 2 or (np.ptp(first) == 0 and np.ptp(second) == 0):
        return Difference(estimate, np.nan, np.nan, np.nan)
    test = stats.ttest_ind(first, second, equal_var=False)
    low, high = test.confidence_interval(0.95)
    return Difference(estimate, float(low), float(high), float(test.pvalue))


def mann_whitney(first: np.ndarray, second: np.ndarray) -> RankComparison:
    """Compare two groups by ranks.

    Parameters
    ----------
    first, second : float arrays, shapes (n1,) and (n2,)

    Returns
    -------
    RankComparison
        NaN where a group is empty. p is exact for groups of at most 8 without ties, else the normal approximation
        with tie and continuity correction (SciPy's ``auto``).

    References
    ----------
    Mann and Whitney, Ann Math Stat 1947, 18:50-60.
    """
    if not len(first) or not len(second):
        return RankComparison(np.nan, np.nan, np.nan)
    test = stats.mannwhitneyu(first, second, alternative="two-sided")
    return RankComparison(float(test.statistic), float(test.pvalue), float(test.statistic) / (len(first) * len(second)))


def signed_rank(values: np.ndarray) -> float:
    """Test whether values are symmetric about zero (one-sample Wilcoxon signed-rank, two-sided).

    Exact for at most 50 values without ties and zeros; otherwise the normal approximation with tie correction, zeros
    ranked and then left out of both sums (Pratt).

    Parameters
    ----------
    values : float array, shape (n,)

    Returns
    -------
    float
        The p-value: 1.0 where every value is zero, NaN where there is none.

    References
    ----------
    Wilcoxon, Biometrics Bull 1945, 1:80-83; Pratt, J Am Stat Assoc 1959, 54:655-667.

    Examples
    --------
    >>> import numpy as np
    >>> from combmotif.effect.statistics import signed_rank
    >>> signed_rank(np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]))
    0.03125
    """
    values = np.asarray(values, dtype=float)
    if not len(values):
        return np.nan
    if not values.any():
        return 1.0
    size = np.abs(values)
    exact = len(values) <= EXACT_LIMIT and size.all() and len(np.unique(size)) == len(size)
    test = stats.wilcoxon(values, zero_method="pratt", correction=False, method="exact" if exact else "asymptotic")
    return float(test.pvalue)


def detectable_size(values: np.ndarray, *, alpha: float) -> float:
    """Find the smallest mean that the signed-rank test would detect, with a power of 80 %, among values of this spread.

    (t(1 - alpha / 2) + t(0.8)) * s / sqrt(n), with n - 1 degrees of freedom, over the square root of the
    signed-rank test's efficiency on normal values, 3 / pi.

    Parameters
    ----------
    values : float array, shape (n,)
    alpha : float
        Two-sided level of the test.

    Returns
    -------
    float
        In the unit of the values; infinite for fewer than two.

    References
    ----------
    Hollander and Wolfe, Nonparametric Statistical Methods, 3.1.
    """
    values = np.asarray(values, dtype=float)
    n = len(values)
    if n < 2:
        return np.inf
    quantiles = stats.t.ppf([1 - alpha / 2, 0.8], n - 1).sum()
    return float(quantiles * values.std(ddof=1) / np.sqrt(n * 3 / np.pi))


@lru_cache(maxsize=256)
def _rank_of_bound(n: int, alpha: float) -> int:
    """How many Walsh averages lie below the lower confidence bound (its 0-based rank); -1 where n is too small."""
    total = n * (n + 1) // 2
    if n <= EXACT_LIMIT:
        ways = np.zeros(total + 1)
        ways[0] = 1
        for rank in range(1, n + 1):
            ways[rank:] = ways[rank:] + ways[:-rank]
        below = np.cumsum(ways) / 2.0**n
        return int(np.searchsorted(below, alpha / 2, side="right")) - 1
    spread = np.sqrt(n * (n + 1) * (2 * n + 1) / 24)
    return int(np.floor(total / 2 - stats.norm.isf(alpha / 2) * spread))


def _count_walsh(ordered: np.ndarray, bound: float) -> int:
    """Count the pairs i <= j with (x_i + x_j) / 2 <= bound, for sorted x of shape (n,)."""
    upper = np.searchsorted(ordered, 2 * bound - ordered, side="right")
    return int(np.maximum(upper - np.arange(len(ordered)), 0).sum())


def _select_walsh(ordered: np.ndarray, rank: int) -> float:
    """Find the Walsh average of 0-based rank by bisection: memory O(n), exact to the last bits of a double."""
    low, high = float(ordered[0]), float(ordered[-1])
    if _count_walsh(ordered, low) > rank:
        return low
    while True:
        middle = low + (high - low) / 2
        if middle <= low or middle >= high:
            return high
        if _count_walsh(ordered, middle) > rank:
            high = middle
        else:
            low = middle


def hodges_lehmann(values: np.ndarray, *, confidence: float = 0.95) -> Location:
    """Estimate the centre of symmetric values: the median of all pairwise (Walsh) averages, with its interval.

    The interval holds the shifts that `signed_rank` does not reject; it is exact for at most 50 values without ties,
    else the normal approximation. Up to 1,000 values the n(n+1)/2 averages are listed (4 MB); beyond that their
    order statistics are found by bisection on counts, in memory proportional to n and with the same result.

    Parameters
    ----------
    values : float array, shape (n,)
    confidence : float, default 0.95

    Returns
    -------
    Location
        The bounds are infinite where n is too small for the confidence asked for (n < 6 at 95 %).

    References
    ----------
    Hodges and Lehmann, Ann Math Stat 1963, 34:598-611; Hollander and Wolfe, Nonparametric Statistical Methods, 3.2-3.3.

    Examples
    --------
    >>> import numpy as np
    >>> from combmotif.effect.statistics import hodges_lehmann
    >>> hodges_lehmann(np.array([1.0, 2.0, 3.0, 4.0, 5.0, 60.0])).estimate
    3.5
    """
    ordered = np.sort(np.asarray(values, dtype=float))
    n = len(ordered)
    if not n:
        return Location(np.nan, np.nan, np.nan)
    total = n * (n + 1) // 2
    bound = _rank_of_bound(n, 1 - confidence)
    ranks = sorted({(total - 1) // 2, total // 2} | ({bound, total - 1 - bound} if bound >= 0 else set()))
    if n <= WALSH_LIMIT:
        first, second = np.triu_indices(n)
        partitioned = np.partition((ordered[first] + ordered[second]) / 2, ranks)
        found = {rank: float(partitioned[rank]) for rank in ranks}
    else:
        found = {rank: _select_walsh(ordered, rank) for rank in ranks}
    estimate = (found[(total - 1) // 2] + found[total // 2]) / 2
    if bound < 0:
        return Location(estimate, -np.inf, np.inf)
    return Location(estimate, found[bound], found[total - 1 - bound])


def varying(covariates: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Standardise covariates of shape (n,) and drop those that do not vary."""
    kept = {}
    for name, values in covariates.items():
        values = np.asarray(values, dtype=float)
        if len(values) and np.isfinite(values).all() and np.ptp(values) > 1e-12 * max(1.0, np.abs(values).max()):
            kept[name] = (values - values.mean()) / values.std()
    return kept


def adjusted_difference(active: np.ndarray, outcome: np.ndarray, covariates: Mapping[str, np.ndarray]) -> Difference:
    """Estimate the difference between active and inactive sequences at equal covariates.

    Ordinary least squares of the outcome on activity (0/1), an intercept and the covariates; HC3 errors (each
    squared residual divided by (1 - leverage)^2) and a t distribution with n - parameters degrees of freedom.

    Parameters
    ----------
    active : bool array, shape (n,)
    outcome : float array, shape (n,)
    covariates : mapping of name to float array, shape (n,)
        Those that do not vary over these sequences are dropped.

    Returns
    -------
    Difference
        In the outcome's unit, with its 95 % interval; NaN where activity is determined by the covariates, too few
        sequences are left or an error is infinite.

    References
    ----------
    MacKinnon and White, J Econometrics 1985, 29:305-325; Long and Ervin, Am Stat 2000, 54:217-224.
    """
    outcome = np.asarray(outcome, dtype=float)
    design = np.column_stack([np.asarray(active, dtype=float), np.ones(len(outcome)), *varying(covariates).values()])
    n, parameters = design.shape
    missing = Difference(np.nan, np.nan, np.nan, np.nan)
    if n <= parameters:
        return missing
    left, size, right = np.linalg.svd(design, full_matrices=False)
    independent = size > size[0] * max(n, parameters) * np.finfo(float).eps
    # Covariates may depend on each other (GC and AU content); activity must not depend on them.
    others = np.delete(design, 0, axis=1)
    if np.linalg.matrix_rank(others) == independent.sum():
        return missing
    left, size, right = left[:, independent], size[independent], right[independent]
    inverse = right.T / size @ left.T
    coefficients = inverse @ outcome
    residuals = outcome - design @ coefficients
    leverage = (left**2).sum(1)
    freedom = n - int(independent.sum())
    slack = 1 - leverage
    if freedom < 1 or (slack < 1e-9).any():
        return missing
    error = float(np.sqrt(((inverse[0] * residuals / slack) ** 2).sum()))
    estimate = float(coefficients[0])
    if not error > 1e-12 * np.abs(outcome).max():
        return Difference(estimate, np.nan, np.nan, np.nan)
    half = float(stats.t.isf(0.025, freedom)) * error
    return Difference(estimate, estimate - half, estimate + half, float(2 * stats.t.sf(abs(estimate) / error, freedom)))
