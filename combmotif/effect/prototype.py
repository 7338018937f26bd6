"""The published prototype's way to measure and test a motif pair (CombMotif, Bioinformatics 2024).

One draw of uniform bases, fresh ones where both are replaced, every placement a row of its own, pairs of one motif in
both orders, tracks beside the bases zero, no correction for multiple tests. For comparison with its tables only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from combmotif.core.seeding import named_generator
from combmotif.core.tables import INSTANCES, INTERACTIONS
from combmotif.effect.pairs.pair import Pair
from combmotif.effect.pairs.placements import Windows
from combmotif.effect.pairs.states import States, evaluate_every
from combmotif.effect.pairs.summary import contrasts, instances
from combmotif.models.model import SequenceModel
from combmotif.sequence.sets import SequenceSet

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


@dataclass(frozen=True)
class PrototypePair:
    """Rows of one pair: places and predictions, each array of shape (rows,)."""

    spec: Pair
    rows: np.ndarray
    start_a: np.ndarray
    start_b: np.ndarray
    o: np.ndarray
    a: np.ndarray
    b: np.ndarray
    n: np.ndarray


def measure_prototype(
    model: SequenceModel,
    sequences: SequenceSet,
    spec: Pair,
    *,
    seed: int = 0,
    output: int = 0,
    windows: Windows | None = None,
) -> PrototypePair:
    """Predict the four states of every (A site, B site) whose starts are at least the longer motif apart.

    Parameters
    ----------
    model : SequenceModel
    sequences : SequenceSet
    spec : Pair
        Its rules on order, spacing and frame do not count here.
    seed, output : int
    windows : Windows, optional
        Only the first window of each sequence is looked at; default the whole sequence.
    """
    places: list[tuple[int, int, int]] = []
    apart = max(len(spec.a), len(spec.b))
    for row, letters in enumerate(sequences.codes):
        first, last = 0, len(letters)
        if windows is not None:
            own = windows.of(row)
            if not len(own):
                continue
            first, last = int(own.min()), int(own.min()) + windows.length
        piece = letters[first:last]
        for i in np.flatnonzero(spec.a.matches(piece)):
            for j in np.flatnonzero(spec.b.matches(piece)):
                if abs(int(i) - int(j)) >= apart:
                    places.append((row, first + int(i), first + int(j)))
    table = np.array(places, dtype=np.int64).reshape(-1, 3)
    rows, start_a, start_b = table.T
    codes = [sequences.codes[row] for row in rows]

    def states(purpose: str) -> States:
        edits = [np.zeros((len(rows), 1, len(side)), dtype=np.uint8) for side in (spec.a, spec.b)]
        for index, (row, i, j) in enumerate(table.tolist()):
            random = named_generator(seed, "prototype", purpose, spec.name, sequences.names[row], i, j)
            for edit in edits:
                edit[index, 0] = random.integers(0, 4, edit.shape[2])
        return States.of(evaluate_every(model, codes, [(start_a, edits[0]), (start_b, edits[1])], output=output))

    single, double = states("single"), states("double")
    return PrototypePair(spec, rows, start_a, start_b, single.o, single.a[:, 0], single.b[:, 0], double.n[:, 0])


def summarise_prototype(
    measured: Sequence[PrototypePair], names: Sequence[str], *, alpha: float
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Test pairs as the prototype does.

    Returns
    -------
    (pairs, instances)
        Columns: `INTERACTIONS` and `INSTANCES` of `combmotif.core.tables`. Estimates are means over rows; intervals,
        q-values, control and latent scale are empty. The class is the prototype's (``positive_synergistic``, ...,
        ``negative_antagonistic``, ``additive``, ``none``), ``too few sequences`` below 6 rows.
    """
    rows = []
    placed = []
    for pair in measured:
        effects = contrasts(pair.o, pair.a, pair.b, pair.n)
        test = prototype_interaction(pair.o, pair.a, pair.b, pair.n, alpha=alpha)
        count = len(pair.rows)
        found = {name: values.mean() if count else np.nan for name, values in effects.items()}
        reason = f"Wilcoxon over {count} rows, not corrected"
        rows.append(
            {
                **pair.spec.described(),
                "sequences": len(np.unique(pair.rows)),
                "sequences_with_pair": len(np.unique(pair.rows)),
                "placements": count,
                "mode": "uniform",
                "mode_used": "uniform",
                **found,
                "a_in_context_p": test.p_a_o,
                "b_in_context_p": test.p_b_o,
                "b_alone_p": test.p_ab_a,
                "a_alone_p": test.p_ab_b,
                "joint_p": test.p_ab_o,
                "p_value": test.p_value,
                "class": test.label,
                "reason": reason if test.label != "too few sequences" else f"{count} placements, 6 needed",
            }
        )
        placed.append(
            instances(pair.spec, names, pair.rows, pair.start_a, pair.start_b, pair.o, pair.a, pair.b, pair.n)
        )
    table = pd.DataFrame(rows).reindex(columns=INTERACTIONS.names)
    table["scale_dependent"] = False
    empty = INSTANCES.frame()
    return table, pd.concat(placed, ignore_index=True) if placed else empty
