"""Ridge across groups of related sequences, in closed form: leave-one-group-out, and nested in folds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.linalg

from combmotif.evaluation.statistics import number_groups

PENALTIES: tuple[float, ...] = tuple(10.0 ** float(power) for power in np.arange(1.0, 5.75, 0.5))
"""Of ridge on standardised features: 10 to 316,000; with near-duplicates in the rows the best are large."""

_BLOCK = 1 << 18
"""Numbers of one block of groups: 2 MB, which a core's cache holds."""


@dataclass(frozen=True)
class OutOfFold:
    """Predictions of rows by fits that saw no row of their group.

    Attributes
    ----------
    predicted : float array (n,)
    folds : int array (n,)
    chosen : tuple of dict
        The setting chosen in each fold, without its rows.
    """

    predicted: np.ndarray
    folds: np.ndarray
    chosen: tuple[dict[str, Any], ...]


def leave_group_out_ridge(
    x: np.ndarray, y: np.ndarray, groups: np.ndarray, *, penalties: Sequence[float] = PENALTIES
) -> np.ndarray:
    """Predict every group by a ridge fit to all others, for many penalties at once.

    Features are centred and scaled once, over all rows; the intercept is not penalised. With the hat matrix H of the
    fit to all rows, the residuals of group g in the fit without g are (I - H_gg)^-1 e_g, exactly: one Gram matrix and
    one eigendecomposition serve all groups and penalties. Where a group has more rows than there are features, its
    part is taken out of the Gram matrix instead.

    Parameters
    ----------
    x : float array (n, d)
    y : float array (n,) or (n, targets)
    groups : array (n,)
        Of any names.
    penalties : sequence of float
        In units of the rows: the ridge term is penalty * |coefficients|**2 beside the sum of squares.

    Returns
    -------
    float array (penalties, n) or (penalties, n, targets)

    Raises
    ------
    ValueError
        If there are fewer than two groups, or a value is not finite.

    References
    ----------
    Cook and Weisberg 1982, Residuals and influence in regression, on deletion of groups of cases.
    """
    x, y = checked(x, y)
    numbers = number_groups(np.asarray(groups).tolist())
    count = int(numbers.max()) + 1
    if count < 2:
        raise ValueError("groups: expected at least two groups of rows, found one")
    flat = y.ndim == 1
    y = y.reshape(len(y), -1)
    mean, centre = y.mean(0), x.mean(0)
    gram, scale = _standardised(_products(x), centre, len(x))
    values, vectors = scipy.linalg.eigh(gram.T, driver="evd", overwrite_a=True, check_finite=False)
    values = np.maximum(values, 0)
    vectors /= scale[:, None]
    z = x @ vectors  # the standardised rows in the basis where their Gram matrix is diagonal
    z -= centre @ vectors
    inverse = 1 / (values[:, None] + np.asarray(penalties, dtype=float))  # (d, penalties)
    right = z.T @ (y - mean)
    fitted = z @ (inverse[:, :, None] * right[:, None, :]).reshape(len(values), -1)
    residual = (y - mean)[:, None, :] - fitted.reshape(len(y), len(penalties), -1)
    order = np.argsort(numbers, kind="stable")
    bounds = np.searchsorted(numbers[order], np.arange(count + 1))
    sizes = np.diff(bounds)
    found = np.empty((len(penalties), *y.shape))
    for size in np.unique(sizes):
        if size > x.shape[1]:
            for start in bounds[:-1][sizes == size]:
                rows = order[start : start + size]
                for place, penalty in enumerate(penalties):
                    found[place, rows] = _downdated(z, y, rows, values, penalty)
            continue
        # groups of one size together, as many as a block of memory holds
        starts = bounds[:-1][sizes == size]
        step = max(1, _BLOCK // (int(size) * x.shape[1]))
        for first in range(0, len(starts), step):
            rows = order[starts[first : first + step, None] + np.arange(size)]  # (groups, size)
            hat = _hat_blocks(z[rows], inverse) + 1 / len(y)  # 1/n is the intercept's share
            own = np.linalg.solve(np.eye(size) - hat, residual[rows].transpose(2, 0, 1, 3))
            found[:, rows] = y[rows] - own
    return found[..., 0] if flat else found


def _standardised(gram: np.ndarray, mean: np.ndarray, n: float) -> tuple[np.ndarray, np.ndarray]:
    """Products of standardised features from those of the features themselves, and the scales; infinite for constants.

    A feature whose spread is below a billionth of its mean is taken for constant, and gets slope 0.
    """
    scale = np.sqrt(np.maximum(np.diag(gram) / n - mean**2, 0))
    scale = np.where(scale > 1e-9 * np.maximum(np.abs(mean), 1e-300), scale, np.inf)
    gram = gram - n * np.outer(mean, mean)
    gram /= scale[:, None]
    gram /= scale
    return gram, scale


def _products(x: np.ndarray) -> np.ndarray:
    """x.T @ x by the routine for symmetric products, which does half of the work."""
    upper = scipy.linalg.blas.dsyrk(1.0, np.ascontiguousarray(x).T)
    return np.asarray(upper + np.triu(upper, 1).T)


def _hat_blocks(z: np.ndarray, inverse: np.ndarray) -> np.ndarray:
    """Z_g diag(inverse) Z_g.T for every penalty and group; z (groups, size, d), result (penalties, groups, size, size).

    Small groups: products of every two rows, once, for all penalties in one matrix product. Larger ones have more pairs
    than that is worth.
    """
    groups, size, width = z.shape
    penalties = inverse.shape[1]
    if size > 2 * penalties:
        root = np.sqrt(inverse.T)[:, None, None, :]
        return np.stack([(part := z * own) @ part.transpose(0, 2, 1) for own in root])
    one, other = np.triu_indices(size)
    pairs = (z[:, one] * z[:, other]).reshape(-1, width) @ inverse
    found = np.empty((penalties, groups, size, size))
    found[:, :, one, other] = found[:, :, other, one] = pairs.reshape(groups, -1, penalties).transpose(2, 0, 1)
    return found


def _downdated(z: np.ndarray, y: np.ndarray, rows: np.ndarray, values: np.ndarray, penalty: float) -> np.ndarray:
    """Predict a large group by taking its rows out of the diagonal Gram matrix; centred anew."""
    part, left = z[rows], len(y) - len(rows)
    mean = -part.sum(0) / left  # all rows are centred
    target = (y.sum(0) - y[rows].sum(0)) / left
    gram = np.diag(values + penalty) - part.T @ part - left * np.outer(mean, mean)
    right = z.T @ y - part.T @ y[rows] - left * np.outer(mean, target)
    return (part - mean) @ scipy.linalg.solve(gram, right, assume_a="pos") + target


def checked(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return features (n, d) and targets as floats; a wrong shape or a value that is not finite is a ValueError."""
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if x.ndim != 2 or len(x) != len(y):
        raise ValueError(f"features: expected a row for each of {len(y)} targets, found shape {x.shape}")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("features: expected finite features and targets, found NaN or infinite ones")
    return x, y


def nested_ridge(
    x: np.ndarray, y: np.ndarray, folds: np.ndarray, *, inner: int = 3, penalties: Sequence[float] = PENALTIES
) -> OutOfFold:
    """Predict every fold by a ridge whose penalty was chosen without it.

    The inner folds are sets of outer ones, so that the Gram matrix of every fold is worked out once and the training
    sets are sums of them. Features are standardised by each training set, as a pipeline of scikit-learn's
    ``StandardScaler`` and ``Ridge`` does; the penalty with the smallest squared error over the inner folds is taken.

    Parameters
    ----------
    x : float array (n, d)
    y : float array (n,)
    folds : int array (n,)
        From 0; no group of related rows is in two.
    inner : int, default 3
    penalties : sequence of float

    Returns
    -------
    OutOfFold

    Raises
    ------
    ValueError
        If there are fewer than three folds, or a value is not finite.
    """
    x, y = checked(x, y)
    count = int(folds.max()) + 1
    if count < 3:
        raise ValueError(f"folds: expected at least 3 folds to choose a penalty inside, found {count}")
    rows = [np.flatnonzero(folds == fold) for fold in range(count)]
    level = y.mean()
    y = y - level  # near 0, so that sums of squares lose no digits
    wide = np.concatenate([x, np.ones((len(x), 1)), y[:, None]], 1)  # sums, products with the target and counts in one
    grams = [_products(wide[part]) for part in rows]
    whole = sum(grams)
    fits, chosen = [], []
    for fold in range(count):
        others = [other for other in range(count) if other != fold]
        total = whole - grams[fold]
        losses = np.zeros(len(penalties))
        for number in range(min(inner, len(others))):
            held = sum(grams[other] for other in others[number::inner])
            # the squared error of the held rows is a quadratic form of their products: no row is read again
            errors = np.concatenate([_coefficients(total - held, penalties), -np.ones((len(penalties), 1))], 1)
            losses += np.einsum("pi,pi->p", errors @ held, errors)
        best = float(penalties[int(np.argmin(losses))])
        fits.append(_coefficients(total, [best])[0])
        chosen.append({"penalty": best})
    every = wide[:, :-1] @ np.stack(fits, 1)
    return OutOfFold(every[np.arange(len(y)), folds] + level, folds, tuple(chosen))


def _coefficients(gram: np.ndarray, penalties: Sequence[float]) -> np.ndarray:
    """Ridge of one training set from its sums and products, a row per penalty: slopes, and the intercept."""
    n = gram[-2, -2]
    mean, target = gram[:-2, -2] / n, gram[-1, -2] / n
    scaled, scale = _standardised(gram[:-2, :-2], mean, n)
    right = (gram[:-2, -1] - n * mean * target) / scale
    found = np.empty((len(penalties), len(mean) + 1))
    diagonal = scaled.diagonal().copy()
    for row, penalty in zip(found, penalties, strict=True):
        shifted = scaled.copy()
        shifted.flat[:: len(shifted) + 1] = diagonal + penalty
        # symmetric, so its transpose is itself, in the order of columns that LAPACK needs no copy of
        factor = scipy.linalg.cho_factor(shifted.T, lower=True, overwrite_a=True, check_finite=False)
        row[:-1] = scipy.linalg.cho_solve(factor, right, check_finite=False) / scale
        row[-1] = target - mean @ row[:-1]
    return found
