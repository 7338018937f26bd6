"""Does a sequence that excites a neuron have a higher or a lower outcome?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from combmotif.config.effects import ContributionOptions
from combmotif.core.tables import CONTRIBUTION
from combmotif.effect.prototype import prototype_contribution
from combmotif.effect.statistics import adjusted_difference, benjamini_hochberg, mann_whitney, welch


def contribution(
    activations: np.ndarray,
    outcome: np.ndarray | Mapping[str, np.ndarray],
    options: ContributionOptions | None = None,
    *,
    neurons: Sequence[str],
    maxima: np.ndarray,
    covariates: Mapping[str, np.ndarray] | None = None,
    changes: Mapping[str, np.ndarray | Mapping[str, np.ndarray] | None] | None = None,
    backgrounds: np.ndarray | None = None,
) -> pd.DataFrame:
    """Compare the outcome of the sequences that excite a neuron with that of the others.

    A neuron is active in a sequence where its activation reaches the threshold, a share of the way from its background
    to its maximum. Every effect is signed so that positive means: the sequences (or predictions) with the active neuron
    are higher.

    Classes, at the false discovery rate ``alpha``: ``positive`` / ``negative`` (Welch q < alpha, and the adjusted and
    the site effect have the same sign, and the interval of the site effect is clear of 0), ``discordant`` (q < alpha,
    but a sign differs), ``neutral`` (the interval of the difference lies within +- the margin), ``undetermined`` (the
    rest), ``untestable`` (a group smaller than ``n_min``, no excitation, or an outcome that does not vary). The
    reason is given in words. Where there is no site effect that of clamping takes its part; where there are both, that
    of clamping may differ, because a network that spreads a signal over many neurons need not be moved in the signal's
    direction by clamping one; the reason then says so.

    Parameters
    ----------
    activations : float array, shape (sequences, neurons)
        A sequence's largest activation over its valid windows; NaN where it has none (it is left out for that neuron).
    outcome : float array, shape (sequences,), or mapping of name to such arrays
        Predictions or labels; a bare array is called "outcome". NaN is left out.
    options : ContributionOptions, optional
        The keys of a config's ``contribution`` section that say how sequences are compared. With ``preset: combmotif``
        the numbers are the published prototype's: equal-variance t-test at its own threshold of 0.7 (strictly greater),
        alpha uncorrected.
    neurons : sequence of str
        Names, for example ``conv3:12``.
    maxima : float array, shape (neurons,)
        Usually over the dataset.
    covariates : mapping of name to float array (sequences,), optional
        For the adjusted effect, for example length and gc; constant ones are dropped.
    changes : mapping with the keys ``clamp`` and ``site``, optional
        Change of the prediction when the neuron is clamped (see `clamp`) and when its site is scrambled (see
        `scramble_sites`): float array, shape (sequences, neurons), or mapping of outcome to such arrays; used on
        active sequences, NaN is skipped. An outcome that a mapping does not name has none, as measured labels should:
        an intervention changes a prediction, never a label.
    backgrounds : float array, shape (neurons,), optional
        What activations are measured from; default 0. The preset measures from 0.

    Returns
    -------
    pandas.DataFrame
        One row per outcome, threshold and neuron, in that order. Columns: `combmotif.core.tables.CONTRIBUTION`.
        q-values are Benjamini-Hochberg over all neurons of one outcome and threshold, separately for each test.

    Raises
    ------
    ValueError
        If a shape does not fit.

    Examples
    --------
    >>> activations = np.array([[0.0], [1.0]] * 20)
    >>> outcome = np.array([0.0, 2.0] * 20) + np.linspace(0, 0.1, 40)
    >>> table = contribution(activations, outcome, neurons=["conv3:7"], maxima=np.array([1.0]))
    >>> table[["neuron", "n_active", "effect", "class"]].round(2).to_dict("records")
    [{'neuron': 'conv3:7', 'n_active': 20, 'effect': 2.0, 'class': 'positive'}]
    """
    options = options or ContributionOptions()
    activations = np.asarray(activations, dtype=float)
    maxima = np.asarray(maxima, dtype=float)
    outcomes = outcome if isinstance(outcome, Mapping) else {"outcome": outcome}
    outcomes = {name: np.asarray(values, dtype=float) for name, values in outcomes.items()}
    covariates = {name: np.asarray(values, dtype=float) for name, values in (covariates or {}).items()}
    given = {"site": None, "clamp": None} | dict(changes or {})
    changed = {outcome: _of_outcome(outcome, given) for outcome in outcomes}
    rest = np.zeros(maxima.shape) if backgrounds is None else np.asarray(backgrounds, dtype=float)
    _check(activations, outcomes, neurons, maxima, covariates, changed)
    if options.preset is not None:
        return prototype_contribution(activations, outcomes, neurons=neurons, maxima=maxima, alpha=options.alpha)
    rows: list[dict[str, Any]] = []
    for name, y in outcomes.items():
        spread = float(np.nanstd(y)) if np.isfinite(y).any() else float("nan")
        equivalence = options.margin * spread
        for t in options.levels:
            for j, neuron in enumerate(neurons):
                change = {k: v[:, j] for k, v in changed[name].items()}
                height = _height(maxima[j], rest[j])
                rows.append(
                    {"neuron": neuron, "outcome": name, "threshold": t, "margin": equivalence, "maximum": maxima[j]}
                    | _measure(activations[:, j] - rest[j], y, height, t, covariates, change, options.n_min)
                )
    table = pd.DataFrame(rows, columns=[c for c in CONTRIBUTION.names if c != "class"])
    for p, q in (
        ("p_welch", "q_welch"),
        ("p_mann_whitney", "q_mann_whitney"),
        ("adjusted_p", "adjusted_q"),
        ("site_p", "site_q"),
        ("clamp_p", "clamp_q"),
    ):
        groups = table.groupby(["outcome", "threshold"], sort=False)[p]
        table[q] = groups.transform(lambda family: benjamini_hochberg(family.to_numpy(dtype=float)))
    classes = [_classify(row, options.alpha) for row in table.to_dict("records")]
    table["class"] = [c for c, _ in classes]
    table["reason"] = [r for _, r in classes]
    return table[CONTRIBUTION.names]


def _height(maximum: float, background: float) -> float:
    """Excitation of the maximum; 0 where it is no more than the rounding of float32."""
    return maximum - background if maximum > background + 1e-6 * abs(background) else 0.0


def _of_outcome(
    outcome: str, given: Mapping[str, np.ndarray | Mapping[str, np.ndarray] | None]
) -> dict[str, np.ndarray]:  # fmt: skip
    """Pick the interventions that belong to an outcome."""
    found = {}
    for name, values in given.items():
        own = values.get(outcome) if isinstance(values, Mapping) else values
        if own is not None:
            found[name] = np.asarray(own, dtype=float)
    return found


def _measure(
    a: np.ndarray,
    y: np.ndarray,
    maximum: float,
    threshold: float,
    covariates: Mapping[str, np.ndarray],
    changes: Mapping[str, np.ndarray],
    n_min: int,
) -> dict[str, Any]:
    """Estimate everything for one neuron, one outcome, one threshold."""
    valid = np.isfinite(a) & np.isfinite(y)
    if not maximum > 0:
        return {"n_active": 0, "n_inactive": int(valid.sum()), "reason": "no sequence excites it above its background"}
    on = valid & (a >= threshold * maximum)
    off = valid & ~on
    row: dict[str, Any] = {"n_active": int(on.sum()), "n_inactive": int(off.sum())}
    row |= {
        "mean_active": y[on].mean() if on.any() else np.nan,
        "mean_inactive": y[off].mean() if off.any() else np.nan,
    }
    for name, change in changes.items():
        row |= _changed(name, change[on & np.isfinite(change)], n_min)
    if min(row["n_active"], row["n_inactive"]) < n_min:
        small = "active in" if row["n_active"] < n_min else "inactive in"
        count = min(row["n_active"], row["n_inactive"])
        return row | {"reason": f"{small} {count} sequence{'s' * (count != 1)}, {n_min} needed"}
    difference = welch(y[on], y[off])
    row |= {"effect": difference.estimate, "ci_low": difference.ci_low, "ci_high": difference.ci_high}
    if np.isnan(difference.p_value):
        return row | {"reason": "the outcome does not vary within the groups"}
    ranks = mann_whitney(y[on], y[off])
    adjusted = adjusted_difference(on[valid], y[valid], {name: x[valid] for name, x in covariates.items()})
    return row | {
        "p_welch": difference.p_value,
        "p_mann_whitney": ranks.p_value,
        "auc": ranks.auc,
        "adjusted_effect": adjusted.estimate,
        "adjusted_ci_low": adjusted.ci_low,
        "adjusted_ci_high": adjusted.ci_high,
        "adjusted_p": adjusted.p_value,
    }


def _changed(name: str, changes: np.ndarray, n_min: int) -> dict[str, Any]:
    row: dict[str, Any] = {f"{name}_n": len(changes)}
    if len(changes) < n_min:
        return row
    mean, error = changes.mean(), changes.std(ddof=1) / np.sqrt(len(changes))
    half = stats.t.isf(0.025, len(changes) - 1) * error  # p is of the same test, so that both agree about 0
    return row | {
        f"{name}_effect": mean,
        f"{name}_ci_low": mean - half,
        f"{name}_ci_high": mean + half,
        f"{name}_p": _one_sample(mean, error, len(changes)),
    }


def _one_sample(mean: float, error: float, n: int) -> float:
    """Two-sided p of Student's one-sample t-test; where no change differs from another, 1 if they are 0, else tiny."""
    if error == 0:
        return 1.0 if mean == 0 else float(np.finfo(float).tiny)
    return max(float(2 * stats.t.sf(abs(mean) / error, n - 1)), float(np.finfo(float).tiny))


def _classify(row: Mapping[str, Any], alpha: float) -> tuple[str, str]:
    if np.isnan(row["p_welch"]):
        return "untestable", row["reason"]
    intervention = "clamp" if np.isnan(row["site_effect"]) else "site"
    asked = ("adjusted", intervention)
    others = {k: row[f"{k}_effect"] for k in asked if not np.isnan(row[f"{k}_effect"])}
    absent = [f"no {k} effect" for k in asked if k not in others]
    note = f" ({', '.join(absent)} to compare with)" if absent else ""
    if row["q_welch"] < alpha:
        sign = np.sign(row["effect"])
        differing = [k for k, value in others.items() if np.sign(value) != sign]
        if differing:
            return (
                "discordant",
                f"significant (q = {row['q_welch']:.2g}), but the {_join(differing)} effect has another sign",
            )
        low, high = row[f"{intervention}_ci_low"], row[f"{intervention}_ci_high"]
        if intervention in others and low <= 0 <= high:
            interval = f"{low:.2g} to {high:.2g}"
            reason = f"significant (q = {row['q_welch']:.2g}), but the {intervention} effect may be zero ({interval})"
            return "undetermined", reason
        word = "positive" if sign > 0 else "negative"
        agreeing = f"; the {_join(others)} effect{'s agree' if len(others) > 1 else ' agrees'}" if others else ""
        if intervention == "site" and np.sign(row["clamp_effect"]) == -sign and row["clamp_q"] < alpha:
            note += "; clamping this neuron alone moves the prediction the other way"
        return word, f"{'higher' if sign > 0 else 'lower'} where active (q = {row['q_welch']:.2g}){agreeing}{note}"
    if -row["margin"] <= row["ci_low"] and row["ci_high"] <= row["margin"]:
        return "neutral", f"any difference is smaller than the margin of {row['margin']:.3g}"
    margin = f"{row['margin']:.3g}"
    return "undetermined", f"not significant (q = {row['q_welch']:.2g}), but more than {margin} is not excluded"


def _join(names: Iterable[str]) -> str:
    return " and the ".join(names)


def _check(
    activations: np.ndarray,
    outcomes: Mapping[str, np.ndarray],
    neurons: Sequence[str],
    maxima: np.ndarray,
    covariates: Mapping[str, np.ndarray],
    changes: Mapping[str, Mapping[str, np.ndarray]],
) -> None:
    if activations.ndim != 2 or activations.shape[1] != len(neurons):
        raise ValueError(f"activations: expected shape (sequences, {len(neurons)} neurons), found {activations.shape}")
    if maxima.shape != (len(neurons),):
        raise ValueError(f"maxima: expected one per neuron, shape ({len(neurons)},), found {maxima.shape}")
    for kind, arrays in (("outcome", outcomes), ("covariate", covariates)):
        for name, values in arrays.items():
            if values.shape != activations.shape[:1]:
                expected = f"one value per sequence, shape {activations.shape[:1]}"
                raise ValueError(f"{kind} '{name}': expected {expected}, found {values.shape}")
    for name, change in (item for own in changes.values() for item in own.items()):
        if change.shape != activations.shape:
            raise ValueError(f"{name}: expected shape {activations.shape} like activations, found {change.shape}")
