"""Regression and classification across groups of related sequences: folds, and scikit-learn's models, nested."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from combmotif.evaluation.ridge import OutOfFold, checked, nested_ridge
from combmotif.evaluation.statistics import number_groups
from combmotif.training.overlap import group_folds


def deal_folds(groups: np.ndarray, *, folds: int, seed: int = 0) -> np.ndarray:
    """Deal whole groups of any names into folds of nearly equal size; int (n,)."""
    numbers = number_groups(np.asarray(groups).tolist())
    count = int(numbers.max()) + 1
    if count < 2:
        raise ValueError(f"groups: expected at least 2 groups to hold out one of them, found {count}")
    return group_folds(numbers, folds=min(folds, count), seed=seed)


def _regressor(name: str, setting: dict[str, Any], seed: int) -> Any:
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


def _grid(**values: Sequence[Any]) -> list[dict[str, Any]]:
    settings: list[dict[str, Any]] = [{}]
    for name, choices in values.items():
        settings = [{**setting, name: choice} for setting in settings for choice in choices]
    return settings


REGRESSORS: dict[str, list[dict[str, Any]]] = {
    "svr": _grid(C=(0.1, 1.0, 10.0), gamma=("scale", 1e-4), epsilon=(0.1,)),
    "lasso": _grid(alpha=(1e-4, 1e-3, 1e-2, 1e-1)),
    "gbm": _grid(learning_rate=(0.05,), max_iter=(100, 300), max_leaf_nodes=(15,)),
    "mlp": _grid(hidden_layer_sizes=((128, 32),), alpha=(1e-4, 1e-2, 1.0)),
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
    x, y = checked(x, y)
    settings = REGRESSORS[regressor]
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
                    guess = _fit_predict(_regressor(regressor, setting, seed), x[fit], y[fit], x[held])
                    losses[place] += float(np.square(guess - y[held]).sum())
            best = settings[int(np.argmin(losses))]
        test = folds == fold
        predicted[test] = _fit_predict(_regressor(regressor, best, seed), x[~test], y[~test], x[test])
        chosen.append(dict(best))
    return OutOfFold(predicted, folds, tuple(chosen))


def _fit_predict(model: Any, x: np.ndarray, y: np.ndarray, new: np.ndarray) -> np.ndarray:
    mean, scale = x.mean(0), x.std(0)
    scale = np.where(scale > 0, scale, 1)
    centre, spread = y.mean(), y.std() or 1.0  # the settings are in units of the target
    model.fit((x - mean) / scale, (y - centre) / spread)
    return np.asarray(model.predict((new - mean) / scale)) * spread + centre


def _logistic(x: np.ndarray, y: np.ndarray, new: np.ndarray, strengths: Sequence[float], seed: int) -> np.ndarray:
    from sklearn.linear_model import LogisticRegression

    if x.shape[1] > len(x):  # the penalty has no direction: the space of the rows is all that counts
        left, sizes, right = np.linalg.svd(x, full_matrices=False)
        x, new = left * sizes, new @ right.T
    model = LogisticRegression(max_iter=500, warm_start=True)
    return np.stack([model.set_params(C=own).fit(x, y).decision_function(new) for own in strengths])


def _perceptron(x: np.ndarray, y: np.ndarray, new: np.ndarray, strengths: Sequence[float], seed: int) -> np.ndarray:
    from sklearn.neural_network import MLPClassifier

    found = []
    for own in strengths:
        model = MLPClassifier((64, 32), alpha=1 / own, max_iter=100, early_stopping=True, random_state=seed)
        chance = np.clip(model.fit(x, y).predict_proba(new)[:, 1], 1e-12, 1 - 1e-12)
        found.append(np.log(chance / (1 - chance)))
    return np.stack(found)


CLASSIFIERS: dict[str, tuple[Callable[..., np.ndarray], tuple[float, ...]]] = {
    "logistic": (_logistic, (1e-4, 1e-3, 1e-2, 1e-1)),
    "mlp": (_perceptron, (1e-1, 1.0, 1e1, 1e2)),
}
"""Classifiers: the log odds of new rows at every inverse penalty, and the penalties among which inner folds choose."""


def tuned_classifier(
    x: np.ndarray, label: np.ndarray, new: np.ndarray, parts: Sequence[np.ndarray], *, classifier: str, seed: int = 0
) -> tuple[np.ndarray, float]:
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
    (log odds of the new rows (m,), inverse penalty)

    Raises
    ------
    ValueError
        If all rows are of one class, or the classifier is unknown.
    """
    from sklearn.metrics import log_loss

    if classifier not in CLASSIFIERS:
        raise ValueError(f"classifier: expected {', '.join(CLASSIFIERS)}, found '{classifier}'")
    if len(np.unique(label)) < 2:
        raise ValueError("labels: the rows outside a fold are all of one class; use fewer folds or larger groups")
    ask, settings = CLASSIFIERS[classifier]

    def fit(train: np.ndarray, test: np.ndarray, strengths: Sequence[float], y: np.ndarray) -> np.ndarray:
        mean, scale = train.mean(0), train.std(0)
        scale = np.where(scale > 0, scale, 1)
        return ask((train - mean) / scale, y, (test - mean) / scale, strengths, seed)

    losses = np.zeros(len(settings))
    for held in parts:
        if len(np.unique(label[~held])) == 2:
            for place, odds in enumerate(fit(x[~held], x[held], settings, label[~held])):
                losses[place] += float(log_loss(label[held], 1 / (1 + np.exp(-odds)), labels=[0, 1])) * held.sum()
    best = settings[int(np.argmin(losses))]
    return fit(x, new, [best], label)[0], best


def nested_classifier(
    x: np.ndarray,
    label: np.ndarray,
    folds: np.ndarray,
    *,
    classifier: str = "logistic",
    inner: int = 3,
    seed: int = 0,
) -> OutOfFold:
    """Score every fold by a classifier fitted, and tuned, without it; see :func:`tuned_classifier`.

    Parameters
    ----------
    x : float array (n, d)
    label : array (n,) of 0 and 1
    folds : int array (n,)
    classifier : str, default "logistic"
    inner : int, default 3
        Inner folds, which are sets of outer ones.
    seed : int, default 0

    Returns
    -------
    OutOfFold
        Of the log odds.
    """
    x, y = checked(x, np.asarray(label, dtype=float))
    count = int(folds.max()) + 1
    predicted, chosen = np.empty(len(y)), []
    for fold in range(count):
        others, rest = [other for other in range(count) if other != fold], folds != fold
        sets = range(min(inner, len(others)) if len(others) > 1 else 0)
        parts = [np.isin(folds[rest], others[number::inner]) for number in sets]
        predicted[~rest], best = tuned_classifier(x[rest], y[rest], x[~rest], parts, classifier=classifier, seed=seed)
        chosen.append({"C": best})
    return OutOfFold(predicted, folds, tuple(chosen))
