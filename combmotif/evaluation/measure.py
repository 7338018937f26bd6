"""From scores of items to a table of measures: intervals over groups, controls beside every model, comparisons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd

from combmotif.core.tables import COMPARED_SCORES, SCORED_ITEMS, SCORES
from combmotif.evaluation.statistics import by_part, compare, estimate
from combmotif.evaluation.tasks.base import ScoreColumn, Task, Truth


def measure_task(
    name: str,
    task: Task,
    scored: Mapping[str, Sequence[ScoreColumn]],
    *,
    controls: Sequence[str] = (),
    draws: int = 1000,
    seed: int = 0,
    both_signs: bool = False,
    alone: bool = False,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Measure every score of every model, and compare the models.

    Parameters
    ----------
    name : str
        Of the task.
    task : Task
    scored : mapping of model to its scores
    controls : sequence of str
        Which of the models are controls.
    draws, seed : int
        Of the bootstraps.
    both_signs : bool, default False
        Tell the AUC of every score also with its sign turned, as a measure of its own.
    alone : bool, default False
        Draw items as if none were related; the intervals are then too narrow where some are.

    Returns
    -------
    (scores, comparisons) : two DataFrames
        Columns as in `combmotif.core.tables.SCORES` and `COMPARED_SCORES`. Each model enters the comparisons with the
        score that is best for it.
    """
    rows, pairs = [], []
    for truth in task.truths:
        if alone:
            truth = replace(truth, groups=np.arange(len(truth.values)))
        own = [(model, column) for model, columns in scored.items() for column in columns if column.truth == truth.name]
        for model, column in own:
            for measure in truth.measures:
                if measure in ("r2", "mae") and not column.fitted:
                    continue
                signed = truth.kind == "difference" and measure in ("sign_accuracy", "auc")
                if signed and _one_sided(column.values) > _one_sided(truth.values):
                    continue  # a size has no sign to be right
                found = estimate(measure, truth.values, column.values, truth.groups, draws=draws, seed=seed)
                role = "control" if column.control or model in controls else "model"
                first = [name, model, role, truth.name, column.name]
                rows.append([*first, measure, found.value, found.low, found.high, found.n, found.n_groups])
                if both_signs and measure == "auc":
                    turned = [1 - found.value, 1 - found.high, 1 - found.low]
                    rows.append([*first, "auc, sign turned", *turned, found.n, found.n_groups])
                if truth.parts is not None and measure == {"binary": "auprc", "real": "pearson"}.get(truth.kind):
                    mean = by_part(
                        measure, truth.values, column.values, np.array(truth.parts),
                        weighted=truth.part == "chromosome", draws=draws, seed=seed,
                    )  # fmt: skip
                    own_name = f"{measure} by {truth.part}"
                    rows.append([*first, own_name, mean.value, mean.low, mean.high, mean.n, mean.n_groups])
        pairs += _compared(name, truth, own, draws=min(draws, 500), seed=seed)
    table = pd.DataFrame(rows, columns=SCORES.names[:11])
    best: dict[tuple[str, str], tuple[str, float]] = {}
    for row in table[table["role"] == "control"].itertuples(index=False):
        key = (str(row.truth), str(row.measure))
        better = row.measure != "mae"
        value = float(row.value)
        if np.isfinite(value) and (key not in best or (value > best[key][1]) == better):
            best[key] = (f"{row.model}: {row.score}", value)
    keys = list(zip(table["truth"], table["measure"], strict=True))
    table["best_control"] = [best.get(key, ("", 0.0))[0] for key in keys]
    table["control_value"] = [best.get(key, ("", float("nan")))[1] for key in keys]
    return table, COMPARED_SCORES.frame(pairs)


def _one_sided(values: np.ndarray) -> bool:
    known = values[np.isfinite(values)]
    return bool((known >= 0).all() or (known <= 0).all())


def _compared(
    name: str, truth: Truth, own: Sequence[tuple[str, ScoreColumn]], *, draws: int, seed: int
) -> list[list[object]]:
    measure = truth.measures[0]
    best: dict[str, tuple[float, ScoreColumn]] = {}
    for model, column in own:
        if column.control:
            continue
        value = estimate(measure, truth.values, column.values, truth.groups, draws=0).value
        if np.isfinite(value) and (model not in best or value > best[model][0]):
            best[model] = (value, column)
    found: list[list[object]] = []
    for first, second in combinations(best, 2):
        one, other = best[first][1], best[second][1]
        told = compare(measure, truth.values, one.values, other.values, truth.groups, draws=draws, seed=seed)
        labels = [f"{first}: {one.name}", f"{second}: {other.name}"]
        found.append([name, truth.name, measure, *labels, told.value, told.low, told.high, told.p, told.n])
    return found


def predictions_of(task: Task, scored: Mapping[str, Sequence[ScoreColumn]]) -> pd.DataFrame:
    """All scores, one row per item of a truth, model and score; items of a pair are named by their number."""
    parts = []
    names = task.items.get("item", task.items.index)
    for model, columns in scored.items():
        for column in columns:
            truth = task.truth(column.truth)
            item = names if len(column.values) == len(names) else np.arange(len(column.values))
            own = pd.DataFrame({"item": item, "truth": column.truth, "value": truth.values})
            parts.append(own.assign(model=model, score_name=column.name, score=column.values))
    return pd.concat(parts, ignore_index=True) if parts else SCORED_ITEMS.frame()
