"""Regression across groups of related sequences: ridge in closed form, and scikit-learn's regressors, nested."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.linalg

from combmotif.evaluation.statistics import number_groups
from combmotif.training.overlap import group_folds

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
    x, y = _checked(x, y)
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


def _checked(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if x.ndim != 2 or len(x) != len(y):
        raise ValueError(f"features: expected a row for each of {len(y)} targets, found shape {x.shape}")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("features: expected finite features and targets, found NaN or infinite ones")
    return x, y


def deal_folds(groups: np.ndarray, *, folds: int, seed: int = 0) -> np.ndarray:
    """Deal whole groups of any names into folds of nearly equal size; int (n,)."""
    numbers = number_groups(np.asarray(groups).tolist())
    count = int(numbers.max()) + 1
    if count < 2:
        raise ValueError(f"groups: expected at least 2 groups to hold out one of them, found {count}")
    return group_folds(numbers, folds=min(folds, count), seed=seed)


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
    x, y = _checked(x, y)
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


def _svr(setting: dict[str, Any], seed: int) -> Any:
    from sklearn.svm import SVR

    return SVR(**setting)


def _lasso(setting: dict[str, Any], seed: int) -> Any:
    from sklearn.linear_model import Lasso

    return Lasso(max_iter=5000, **setting)


def _boosting(setting: dict[str, Any], seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingRegressor

    return HistGradientBoostingRegressor(random_state=seed, early_stopping=False, **setting)


def _mlp(setting: dict[str, Any], seed: int) -> Any:
    from sklearn.neural_network import MLPRegressor

    return MLPRegressor(random_state=seed, batch_size=256, max_iter=60, early_stopping=True, **setting)


def _grid(**values: Sequence[Any]) -> list[dict[str, Any]]:
    settings: list[dict[str, Any]] = [{}]
    for name, choices in values.items():
        settings = [{**setting, name: choice} for setting in settings for choice in choices]
    return settings


REGRESSORS: dict[str, tuple[Callable[[dict[str, Any], int], Any], list[dict[str, Any]]]] = {
    "svr": (_svr, _grid(C=(0.1, 1.0, 10.0), gamma=("scale", 1e-4), epsilon=(0.1,))),
    "lasso": (_lasso, _grid(alpha=(1e-4, 1e-3, 1e-2, 1e-1))),
    "gbm": (_boosting, _grid(learning_rate=(0.05,), max_iter=(100, 300), max_leaf_nodes=(15,))),
    "mlp": (_mlp, _grid(hidden_layer_sizes=((128, 32),), alpha=(1e-4, 1e-2, 1.0))),
}
"""Regressors beside ridge, each with the settings among which the inner folds choose."""


def nested_regression(
    x: np.ndarray, y: np.ndarray, folds: np.ndarray, *, regressor: str = "ridge", inner: int = 3, seed: int = 0
) -> OutOfFold:
    """Predict every fold by a regressor fitted, and tuned, without it.

    Parameters
    ----------
    x : float array (n, d)
    y : float array (n,)
    folds : int array (n,)
    regressor : str, default "ridge"
        ``ridge`` or a name in :data:`REGRESSORS`.
    inner : int, default 3
        Inner folds, which are sets of outer ones.
    seed : int, default 0

    Returns
    -------
    OutOfFold

    Raises
    ------
    ValueError
        If the regressor is unknown, or as :func:`nested_ridge`.
    """
    if regressor == "ridge":
        return nested_ridge(x, y, folds, inner=inner)
    if regressor not in REGRESSORS:
        raise ValueError(f"regressor: expected ridge, {', '.join(REGRESSORS)}, found '{regressor}'")
    x, y = _checked(x, y)
    make, settings = REGRESSORS[regressor]
    count = int(folds.max()) + 1
    if count < 3:
        raise ValueError(f"folds: expected at least 3 folds to choose settings inside, found {count}")
    predicted, chosen = np.empty(len(y)), []
    for fold in range(count):
        others = [other for other in range(count) if other != fold]
        best = settings[0]
        if len(settings) > 1:
            losses = np.zeros(len(settings))
            for number in range(min(inner, len(others))):
                held = np.isin(folds, others[number::inner])
                fit = ~held & (folds != fold)
                for place, setting in enumerate(settings):
                    guess = _fit_predict(make(setting, seed), x[fit], y[fit], x[held])
                    losses[place] += float(np.square(guess - y[held]).sum())
            best = settings[int(np.argmin(losses))]
        test = folds == fold
        predicted[test] = _fit_predict(make(best, seed), x[~test], y[~test], x[test])
        chosen.append(dict(best))
    return OutOfFold(predicted, folds, tuple(chosen))


def _fit_predict(model: Any, x: np.ndarray, y: np.ndarray, new: np.ndarray) -> np.ndarray:
    mean, scale = x.mean(0), x.std(0)
    scale = np.where(scale > 0, scale, 1)
    centre, spread = y.mean(), y.std() or 1.0  # the settings are in units of the target
    model.fit((x - mean) / scale, (y - centre) / spread)
    return np.asarray(model.predict((new - mean) / scale)) * spread + centre


def nested_classifier(x: np.ndarray, label: np.ndarray, folds: np.ndarray, *, inner: int = 3) -> OutOfFold:
    """Score every fold by a logistic regression fitted without it; its penalty is chosen by the inner log loss.

    Parameters
    ----------
    x : float array (n, d)
    label : array (n,) of 0 and 1
    folds : int array (n,)
    inner : int, default 3

    Returns
    -------
    OutOfFold
        Of the log odds.

    Raises
    ------
    ValueError
        If the rows outside a fold are all of one class.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import log_loss

    x, y = _checked(x, np.asarray(label, dtype=float))
    settings = (1e-4, 1e-3, 1e-2, 1e-1)

    def fit(train: np.ndarray, test: np.ndarray, strength: float) -> np.ndarray:
        if len(np.unique(y[train])) < 2:
            raise ValueError("labels: the rows outside a fold are all of one class; use fewer folds or larger groups")
        mean, scale = x[train].mean(0), x[train].std(0)
        scale = np.where(scale > 0, scale, 1)
        model = LogisticRegression(C=strength, max_iter=500).fit((x[train] - mean) / scale, y[train])
        return np.asarray(model.decision_function((x[test] - mean) / scale))

    predicted, chosen = np.empty(len(y)), []
    for fold in range(int(folds.max()) + 1):
        others = [other for other in range(int(folds.max()) + 1) if other != fold]
        losses = np.zeros(len(settings))
        for number in range(min(inner, len(others)) if len(others) > 1 else 0):
            held = np.isin(folds, others[number::inner])
            train = ~held & (folds != fold)
            if len(np.unique(y[train])) < 2:
                continue
            for place, strength in enumerate(settings):
                odds = fit(train, held, strength)
                losses[place] += float(log_loss(y[held], 1 / (1 + np.exp(-odds)), labels=[0, 1])) * held.sum()
        best = settings[int(np.argmin(losses))]
        predicted[folds == fold] = fit(folds != fold, folds == fold, best)
        chosen.append({"C": best})
    return OutOfFold(predicted, folds, tuple(chosen))
