"""Regression and classification across groups of related sequences: folds, and scikit-learn's models, nested."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from combmotif.evaluation.ridge import OutOfFold, checked, nested_ridge
from combmotif.evaluation.statistics import number_groups
from combmotif.training.overlap import group_folds

_Setting = dict[str, Any]
_Ask = Callable[[np.ndarray, np.ndarray, np.ndarray, Sequence[_Setting]], np.ndarray]
"""(features, target, new features, settings) -> predictions of the new rows at every setting; features standardised."""


def deal_folds(groups: np.ndarray, *, folds: int, seed: int = 0) -> np.ndarray:
    """Deal whole groups of any names into folds of nearly equal size; int (n,)."""
    numbers = number_groups(np.asarray(groups).tolist())
    count = int(numbers.max()) + 1
    if count < 2:
        raise ValueError(f"groups: expected at least 2 groups to hold out one of them, found {count}")
    return group_folds(numbers, folds=min(folds, count), seed=seed)


def _regressor(name: str, setting: _Setting, seed: int) -> Any:
    """Make a scikit-learn model, which is imported when it is needed."""
    if name == "svr":
        from sklearn.svm import SVR

        return SVR(**setting)
    if name == "lasso":
        from sklearn.linear_model import Lasso

        return Lasso(max_iter=5000, **setting)
    if name == "gbm":
        from sklearn.ensemble import HistGradientBoostingRegressor

        return HistGradientBoostingRegressor(random_state=seed, early_stopping=False, **setting)
    from sklearn.neural_network import MLPRegressor

    return MLPRegressor(random_state=seed, batch_size=256, max_iter=60, early_stopping=True, **setting)


def _grid(**values: Sequence[Any]) -> list[_Setting]:
    settings: list[_Setting] = [{}]
    for name, choices in values.items():
        settings = [{**setting, name: choice} for setting in settings for choice in choices]
    return settings


REGRESSORS: dict[str, list[_Setting]] = {
    "svr": _grid(C=(0.1, 1.0, 10.0), gamma=("scale", 1e-4), epsilon=(0.1,)),
    "lasso": _grid(alpha=(1e-4, 1e-3, 1e-2, 1e-1)),
    "gbm": _grid(learning_rate=(0.05,), max_iter=(100, 300), max_leaf_nodes=(15,)),
    "mlp": _grid(hidden_layer_sizes=((128, 32),), alpha=(1e-4, 1e-2, 1.0)),
}
"""Regressors beside ridge, each with the settings among which the inner folds choose."""


def _logistic(x: np.ndarray, y: np.ndarray, new: np.ndarray, settings: Sequence[_Setting], seed: int) -> np.ndarray:
    from sklearn.linear_model import LogisticRegression

    if x.shape[1] > len(x):  # the penalty has no direction: the space of the rows is all that counts
        left, sizes, right = np.linalg.svd(x, full_matrices=False)
        x, new = left * sizes, new @ right.T
    model = LogisticRegression(max_iter=500, warm_start=True)
    return np.stack([model.set_params(**own).fit(x, y).decision_function(new) for own in settings])


def _perceptron(x: np.ndarray, y: np.ndarray, new: np.ndarray, settings: Sequence[_Setting], seed: int) -> np.ndarray:
    from sklearn.neural_network import MLPClassifier

    found = []
    for own in settings:
        model = MLPClassifier((64, 32), alpha=1 / own["C"], max_iter=100, early_stopping=True, random_state=seed)
        chance = np.clip(model.fit(x, y).predict_proba(new)[:, 1], 1e-12, 1 - 1e-12)
        found.append(np.log(chance / (1 - chance)))
    return np.stack(found)


CLASSIFIERS: dict[str, tuple[Callable[..., np.ndarray], list[_Setting]]] = {
    "logistic": (_logistic, _grid(C=(1e-4, 1e-3, 1e-2, 1e-1))),
    "mlp": (_perceptron, _grid(C=(1e-1, 1.0, 1e1, 1e2))),
}
"""Classifiers: the log odds of new rows at every inverse penalty, and the penalties among which inner folds choose."""


def _squares(y: np.ndarray, guess: np.ndarray) -> float:
    return float(np.square(guess - y).sum())


def _log_loss(y: np.ndarray, odds: np.ndarray) -> float:
    return float(np.logaddexp(0, np.clip((1 - 2 * y) * odds, -36, 36)).sum())  # beyond: rounding


def _tuned(
    ask: _Ask, settings: Sequence[_Setting], loss: Callable[[np.ndarray, np.ndarray], float],
    x: np.ndarray, y: np.ndarray, new: np.ndarray, parts: Sequence[np.ndarray],
) -> tuple[np.ndarray, _Setting]:  # fmt: skip
    """Predict new rows at the setting of the smallest loss on parts that are held out in turn."""

    def fit(train: np.ndarray, test: np.ndarray, target: np.ndarray, tried: Sequence[_Setting]) -> np.ndarray:
        mean, scale = train.mean(0), train.std(0)
        scale = np.where(scale > 0, scale, 1)
        return ask((train - mean) / scale, target, (test - mean) / scale, tried)

    losses = np.zeros(len(settings))
    for held in parts if len(settings) > 1 else ():
        if len(np.unique(y[~held])) > 1:  # of one class nothing is learned
            losses += [loss(y[held], guess) for guess in fit(x[~held], x[held], y[~held], settings)]
    best = settings[int(np.argmin(losses))]
    return fit(x, new, y, [best])[0], best


def _nested(
    x: np.ndarray, y: np.ndarray, folds: np.ndarray, inner: int, tuned: Callable[..., tuple[np.ndarray, _Setting]]
) -> OutOfFold:
    """Predict every fold by what was tuned on inner folds of the others, which are sets of outer ones."""
    count = int(folds.max()) + 1
    predicted, chosen = np.empty(len(y)), []
    for fold in range(count):
        others, rest = [other for other in range(count) if other != fold], folds != fold
        sets = range(min(inner, len(others)) if len(others) > 1 else 0)
        parts = [np.isin(folds[rest], others[number::inner]) for number in sets]
        predicted[~rest], best = tuned(x[rest], y[rest], x[~rest], parts)
        chosen.append(dict(best))
    return OutOfFold(predicted, folds, tuple(chosen))


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
    x, y = checked(x, y)
    if (count := int(folds.max()) + 1) < 3:
        raise ValueError(f"folds: expected at least 3 folds to choose settings inside, found {count}")

    def ask(x: np.ndarray, y: np.ndarray, new: np.ndarray, settings: Sequence[_Setting]) -> np.ndarray:
        centre, spread = y.mean(), y.std() or 1.0  # the settings are in units of the target
        models = [_regressor(regressor, setting, seed).fit(x, (y - centre) / spread) for setting in settings]
        return np.stack([np.asarray(model.predict(new)) * spread + centre for model in models])

    return _nested(x, y, folds, inner, partial(_tuned, ask, REGRESSORS[regressor], _squares))


def tuned_classifier(
    x: np.ndarray, label: np.ndarray, new: np.ndarray, parts: Sequence[np.ndarray], *, classifier: str, seed: int = 0
) -> tuple[np.ndarray, _Setting]:
    """Fit a classifier whose penalty has the smallest log loss on held-out parts of its rows.

    Parameters
    ----------
    x : float array (n, d)
    label : array (n,) of 0 and 1
    new : float array (m, d)
    parts : sequence of bool arrays (n,)
        Rows that are held out in turn; one that leaves rows of one class is passed over.
    classifier : str
        A name in :data:`CLASSIFIERS`.
    seed : int, default 0

    Returns
    -------
    (log odds of the new rows (m,), setting)

    Raises
    ------
    ValueError
        If all rows are of one class, or the classifier is unknown.
    """
    if classifier not in CLASSIFIERS:
        raise ValueError(f"classifier: expected {', '.join(CLASSIFIERS)}, found '{classifier}'")
    if len(np.unique(label)) < 2:
        raise ValueError("labels: the rows outside a fold are all of one class; use fewer folds or larger groups")
    ask, settings = CLASSIFIERS[classifier]
    return _tuned(partial(ask, seed=seed), settings, _log_loss, x, label, new, parts)


def nested_classifier(
    x: np.ndarray, label: np.ndarray, folds: np.ndarray, *, classifier: str = "logistic", inner: int = 3, seed: int = 0
) -> OutOfFold:
    """Score every fold by the log odds of a classifier fitted, and tuned, without it; see :func:`tuned_classifier`."""
    x, y = checked(x, np.asarray(label, dtype=float))
    return _nested(x, y, folds, inner, partial(tuned_classifier, classifier=classifier, seed=seed))
