"""The published prototype's statistics (CombMotif, Bioinformatics 2024), for comparison with its tables.

No correction for multiple tests, and every placement counts as independent: keep these for reproducing published
numbers only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

THRESHOLD = 0.7
MIN_ROWS = 6


def prototype_contribution(
    activations: np.ndarray,
    outcomes: Mapping[str, np.ndarray],
    *,
    neurons: Sequence[str],
    maxima: np.ndarray,
    alpha: float,
) -> pd.DataFrame:
    """Compare outcomes by an equal-variance t-test of the sequences above 0.7 of the maximum with the others.

    Parameters
    ----------
    activations : float array, shape (sequences, neurons)
    outcomes : mapping of name to float array (sequences,)
    neurons : sequence of str
    maxima : float array, shape (neurons,)
    alpha : float
        Not corrected for the number of neurons.

    Returns
    -------
    pandas.DataFrame
        neuron, outcome, threshold, n_active, n_inactive, mean_active, mean_inactive, effect, p_ttest, class
        (positive, negative, neutral or untestable), reason. Where the prototype writes p = 0 (neutral) or -1 (empty
        group), the p-value itself or NaN stands here.
    """
    rows = []
    for name, y in outcomes.items():
        for j, neuron in enumerate(neurons):
            on = activations[:, j] > THRESHOLD * maxima[j]
            first, second = y[on], y[~on]
            row = {
                "neuron": neuron,
                "outcome": name,
                "threshold": THRESHOLD,
                "n_active": len(first),
                "n_inactive": len(second),
            }
            if not len(first) or not len(second):
                which = "active in no sequence" if not len(first) else "active in every sequence"
                rows.append(row | {"class": "untestable", "reason": which})
                continue
            effect, p = float(first.mean() - second.mean()), float("nan")
            if max(len(first), len(second)) > 1:
                p = float(stats.ttest_ind(first, second).pvalue)
            word = "neutral" if not p < alpha else "positive" if effect > 0 else "negative"
            rows.append(
                row
                | {"mean_active": first.mean(), "mean_inactive": second.mean(), "effect": effect, "p_ttest": p}
                | {"class": word, "reason": f"p = {p:.2g}, not corrected"}
            )
    columns = ["neuron", "outcome", "threshold", "n_active", "n_inactive", "mean_active", "mean_inactive", "effect"]
    return pd.DataFrame(rows, columns=[*columns, "p_ttest", "class", "reason"])


class PrototypeInteraction(NamedTuple):
    """Class and Wilcoxon p-values of one pair as the prototype computes them; p_x_y compares states x and y."""

    label: str
    p_value: float
    p_a_o: float
    p_b_o: float
    p_ab_a: float
    p_ab_b: float
    p_ab_o: float


def prototype_interaction(
    o: np.ndarray, a: np.ndarray, b: np.ndarray, ab: np.ndarray, *, alpha: float
) -> PrototypeInteraction:  # fmt: skip
    """Class a pair from the predictions of its rows, one row per placement.

    Wilcoxon tests with SciPy's defaults of a, b and ab against o, and of ab against a and b; then of o - ab against
    a + b - 2 ab. The sign of A alone decides: with A positive, e > 0 is synergistic and e < 0 antagonistic, with A
    negative the reverse.

    Parameters
    ----------
    o, a, b, ab : float arrays, shape (rows,)
        Prediction of the sequence, with A, with B and with both replaced; at least 6 rows.
    alpha : float

    Returns
    -------
    PrototypeInteraction
        label is ``positive_synergistic``, ``positive_antagonistic``, ``negative_synergistic``,
        ``negative_antagonistic``, ``additive``, ``none`` (A and B significant with opposite signs; p_value is NaN
        where the prototype writes 0) or ``too few sequences`` (fewer than 6 rows).
    """
    o, a, b, ab = (np.asarray(values, dtype=float) for values in (o, a, b, ab))
    if len(o) < MIN_ROWS:
        return PrototypeInteraction("too few sequences", *[np.nan] * 6)

    def p(first: np.ndarray, second: np.ndarray) -> float:
        return float(stats.wilcoxon(first, second).pvalue) if (first != second).any() else 1.0

    marginal = (p(a, o), p(b, o), p(ab, a), p(ab, b), p(ab, o))
    sign_a, sign_b = (-1 if edited.mean() > o.mean() else 1 for edited in (a, b))
    if marginal[0] < alpha and marginal[1] < alpha and sign_a != sign_b:
        return PrototypeInteraction("none", np.nan, *marginal)
    p_value = p(o - ab, a + b - 2 * ab)
    epistasis = float((o - a - b + ab).mean())
    if p_value >= alpha:
        return PrototypeInteraction("additive", p_value, *marginal)
    direction = "positive" if sign_a > 0 else "negative"
    kind = "synergistic" if epistasis * sign_a > 0 else "antagonistic"
    return PrototypeInteraction(f"{direction}_{kind}", p_value, *marginal)
