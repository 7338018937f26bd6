"""Ridge across groups of related sequences, in closed form: leave-one-group-out, and nested in folds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.linalg

from combmotif.evaluation.statistics import number_groups

PENALTIES: tuple[float, ...] = tuple(10.0**power for power in np.arange(1.0, 5.75, 0.5))
"""Of ridge on standardised features: 10 to 316,000; with near-duplicates in the rows the best are large."""


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
    scale = x.std(0)
    x = (x - x.mean(0)) / np.where(scale > 0, scale, 1)
    mean = y.mean(0)
    values, vectors = scipy.linalg.eigh(x.T @ x, driver="evd", overwrite_a=True)
    z = x @ vectors  # the rows in the basis where the Gram matrix is diagonal
    right = z.T @ (y - mean)
    order = np.argsort(numbers, kind="stable")
    bounds = np.searchsorted(numbers[order], np.arange(count + 1))
    found = np.empty((len(penalties), *y.shape))
    for row, penalty in enumerate(penalties):
        inverse = 1 / (np.maximum(values, 0) + penalty)
        residual = y - mean - z @ (inverse[:, None] * right)
        root = np.sqrt(inverse)
        for start, end in zip(bounds[:-1], bounds[1:], strict=True):
            rows = order[start:end]
            if len(rows) <= x.shape[1]:
                part = z[rows] * root
                hat = part @ part.T + 1 / len(y)  # 1/n is the intercept's share
                own = np.linalg.solve(np.eye(len(rows)) - hat, residual[rows])
                found[row, rows] = y[rows] - own
            else:
                found[row, rows] = _downdated(z, y, rows, values, penalty)
    return found[..., 0] if flat else found


def _downdated(z: np.ndarray, y: np.ndarray, rows: np.ndarray, values: np.ndarray, penalty: float) -> np.ndarray:
    """Predict a large group by taking its rows out of the diagonal Gram matrix; centred anew."""
    part, left = z[rows], len(y) - len(rows)
    mean = -part.sum(0) / left  # all rows are centred
    target = (y.sum(0) - y[rows].sum(0)) / left
    gram = np.diag(np.maximum(values, 0) + penalty) - part.T @ part - left * np.outer(mean, mean)
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
    ones = np.ones((len(x), 1))
    wide = np.concatenate([x, ones, y[:, None]], 1)  # sums, products with the target and counts in one matrix
    grams = [wide[part].T @ wide[part] for part in rows]
    predicted, chosen = np.empty(len(y)), []
    for fold in range(count):
        others = [other for other in range(count) if other != fold]
        total = sum(grams[other] for other in others)
        losses = np.zeros(len(penalties))
        for number in range(min(inner, len(others))):
            held = others[number::inner]
            test = np.concatenate([rows[other] for other in held])
            model = _Ridge(total - sum(grams[other] for other in held))
            for place, penalty in enumerate(penalties):
                losses[place] += float(np.square(model.predict(x[test], penalty) - y[test]).sum())
        best = float(penalties[int(np.argmin(losses))])
        predicted[rows[fold]] = _Ridge(total).predict(x[rows[fold]], best)
        chosen.append({"penalty": best})
    return OutOfFold(predicted, folds, tuple(chosen))


class _Ridge:
    """Ridge of one training set, from its sums and products."""

    def __init__(self, gram: np.ndarray) -> None:
        n = gram[-2, -2]
        self.mean, self.target = gram[:-2, -2] / n, gram[-1, -2] / n
        scale = np.sqrt(np.maximum(np.diag(gram)[:-2] / n - self.mean**2, 0))
        self.scale = np.where(scale > 1e-9 * np.maximum(np.abs(self.mean), 1e-300), scale, np.inf)
        centred = gram[:-2, :-2] - n * np.outer(self.mean, self.mean)
        self.gram = centred / self.scale[:, None] / self.scale
        self.right = (gram[:-2, -1] - n * self.mean * self.target) / self.scale

    def predict(self, x: np.ndarray, penalty: float) -> np.ndarray:
        shifted = self.gram.copy()
        shifted.flat[:: len(shifted) + 1] += penalty
        factor = scipy.linalg.cho_factor(shifted, lower=True, overwrite_a=True, check_finite=False)
        slope = scipy.linalg.cho_solve(factor, self.right, check_finite=False) / self.scale
        return (x - self.mean) @ slope + self.target
