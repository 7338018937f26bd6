"""Least squares with errors that do not assume equal variances."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy import stats

from combmotif.effects.statistics import Difference


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
