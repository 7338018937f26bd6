"""The page of a benchmark: a forest plot per task, ROC curves, the table, and what was skipped."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

import numpy as np
import pandas as pd

from combmotif.core.files import atomic
from combmotif.core.tables import SCORES
from combmotif.evaluation.tasks.base import ScoreColumn, Task

_CSS = """
body{font:15px/1.5 system-ui,sans-serif;color:#222;max-width:1100px;margin:2em auto;padding:0 1em;background:#fff}
table{border-collapse:collapse;margin:1em 0;font-variant-numeric:tabular-nums;font-size:13px}
th,td{padding:.2em .6em;text-align:left;border-bottom:1px solid #ddd}td.n,th.n{text-align:right}
.scroll{overflow-x:auto}svg{width:100%;min-width:640px;height:auto}p{max-width:75ch}summary{cursor:pointer;font-weight:600}
svg text{font:12px system-ui,sans-serif;fill:#222}
"""
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
_MODEL, _CONTROL = "#0072b2", "#999999"
_READING = {
    "regression": "In folds a control that tells nothing (the length, where all are of one length) is a little below "
    "0, because the mean of a fold is predicted from the others.",
    "windows": "Bound windows differ from others in composition alone, which even untrained convolutions see.",
    "motifs": "The k-mer is the same in both classes, so what is left is the sequence around it.",
    "variants": "A model has many scores: of few positives the best looks better than it is. The locus alone is a "
    "classifier that sees the reference only, so it knows nothing of the variant.",
    "shuffles": "The share of sequences that score above their shuffles; chance is .5. Real sequences differ from "
    "shuffles in repeats, to which any filter answers: of untrained nets and predictors a share near 0 or 1 says no "
    "more.",
}
"""What must be known of a kind of task to read its numbers rightly."""
_MOST_ROWS, _MOST_CURVES, _MOST_SKIPPED = 40, 6, 200


def roc_points(truth: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """False and true positive rates at every distinct score, from (0, 0) to (1, 1)."""
    kept = np.isfinite(truth) & np.isfinite(score)
    truth, score = truth[kept], score[kept]
    order = np.argsort(-score, kind="stable")
    last = np.append(np.diff(score[order]) != 0, True) if len(order) else np.zeros(0, bool)
    true, false = np.cumsum(truth[order] > 0)[last], np.cumsum(truth[order] <= 0)[last]
    return (np.append(0, false / max(1, false[-1] if len(false) else 1)),
            np.append(0, true / max(1, true[-1] if len(true) else 1)))  # fmt: skip


def _forest(rows: pd.DataFrame, chance: float | None) -> str:
    """Values with their intervals, models in blue and controls in grey, best first."""
    rows = rows.sort_values("value", ascending=False, kind="stable")
    more = len(rows) - _MOST_ROWS
    rows = rows.head(_MOST_ROWS)
    ends = [v for column in ("value", "low", "high") for v in rows[column] if math.isfinite(v)]
    if not ends:
        return ""
    low, high = min([*ends, chance if chance is not None else ends[0]]), max([*ends, chance or ends[0]])
    span = (high - low) or 1.0
    left, width, step = 330, 480, 20
    height = 34 + step * len(rows)

    def place(value: float) -> float:
        return round(left + (value - low) / span * width, 1)

    parts = [f'<div class=scroll><svg viewBox="0 0 940 {height}" role="img" aria-label="values with 95 % intervals">']
    if chance is not None:
        x = place(chance)
        parts.append(f'<line x1="{x}" x2="{x}" y1="4" y2="{height - 24}" stroke="#bbb" stroke-dasharray="3 3"/>')
    for i, row in enumerate(rows.itertuples(index=False)):
        y = 14 + step * i
        colour = _CONTROL if row.role == "control" else _MODEL
        name = f"{row.model}: {row.score}"
        told = f"{escape(name[:46])} {row.value:.3f}"  # on a phone the bars are beyond the screen
        parts.append(f'<text x="{left - 10}" y="{y + 4}" text-anchor="end">{told}</text>')
        if math.isfinite(row.low):
            parts.append(f'<line x1="{place(row.low)}" x2="{place(row.high)}" y1="{y}" y2="{y}" stroke="{colour}"/>')
        parts.append(f'<circle cx="{place(row.value)}" cy="{y}" r="4" fill="{colour}"/>')
        parts.append(f'<text x="{left + width + 14}" y="{y + 4}">n {row.n:,}</text>')
    for value in (low, (low + high) / 2, high):
        parts.append(f'<text x="{place(value)}" y="{height - 6}" text-anchor="middle">{value:.2f}</text>')
    left_out = f"<p>{more} lower values are in the table below.</p>" if more > 0 else ""
    return "".join(parts) + f"</svg></div>{left_out}"


def _curves(task: Task, scored: Mapping[str, Sequence[ScoreColumn]], rows: pd.DataFrame) -> str:
    """ROC curves of the best score of each model."""
    truth = next((truth for truth in task.truths if truth.kind == "binary"), None)
    if truth is None:
        return ""
    own = rows[(rows["truth"] == truth.name) & (rows["measure"] == "auc")].sort_values("value", ascending=False)
    own = own.drop_duplicates("model").head(_MOST_CURVES)
    size, left = 300, 40
    parts = [f'<div class=scroll><svg viewBox="0 0 {size + 340} {size + 40}" style="width:{size + 340}px" role="img" '
             'aria-label="ROC curves">'
             f'<rect x="{left}" y="8" width="{size}" height="{size}" fill="none" stroke="#bbb"/>'
             f'<line x1="{left}" y1="{size + 8}" x2="{left + size}" y2="8" stroke="#ddd"/>']  # fmt: skip
    for i, row in enumerate(own.itertuples(index=False)):
        column = next(c for c in scored[str(row.model)] if c.name == row.score and c.truth == truth.name)
        false, true = roc_points(truth.values, column.values)
        thin = np.unique(np.linspace(0, len(false) - 1, 200).astype(int))
        points = " ".join(f"{left + size * false[k]:.1f},{8 + size * (1 - true[k]):.1f}" for k in thin)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{_COLOURS[i]}" stroke-width="1.6"/>')
        y = 24 + 20 * i
        label = escape(f"{row.model}: {row.score}"[:42])
        parts.append(f'<rect x="{left + size + 14}" y="{y - 9}" width="10" height="10" fill="{_COLOURS[i]}"/>'
                     f'<text x="{left + size + 30}" y="{y}">{label} {row.value:.3f}</text>')  # fmt: skip
    parts.append(
        f'<text x="{left}" y="{size + 30}">false positive rate, from 0 to 1; true positive rate upwards</text>'
    )
    return "".join(parts) + "</svg></div>"


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.4g}" if isinstance(value, float) else str(value)


def _table(frame: pd.DataFrame) -> str:
    head = "".join(f"<th>{escape(str(name).replace('_', ' '))}</th>" for name in frame.columns)
    rows = []
    for cells in frame.itertuples(index=False):
        shown = [
            f"<td class=n>{_number(c)}</td>" if isinstance(c, (int, float)) else f"<td>{escape(str(c))}</td>"
            for c in cells
        ]
        rows.append(f"<tr>{''.join(shown)}</tr>")
    return f"<div class=scroll><table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"


def write_page(
    path: Path,
    scores: pd.DataFrame,
    skipped: pd.DataFrame,
    curves: Mapping[str, tuple[Task, Mapping[str, Sequence[ScoreColumn]]]],
    *,
    comparisons: pd.DataFrame,
    notes: Mapping[str, str | None] | None = None,
) -> None:
    """Write the page.

    Parameters
    ----------
    path : pathlib.Path
    scores : pandas.DataFrame
        As :func:`combmotif.evaluation.measure.measure_task` gives them.
    skipped : pandas.DataFrame
        task, model, item, reason.
    curves : mapping of task to (Task, scores of every model)
        For ROC curves.
    comparisons : pandas.DataFrame
        Every two models on their common items.
    notes : mapping of task to str or None, optional
        What the config says of a task's numbers.
    """
    parts = [
        "<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>Benchmark of models of 3'UTRs</title><style>{_CSS}</style></head><body>"
        "<h1>Models on tasks of 3'UTR biology</h1><p>Models are blue, controls (random weights, k-mers, composition, "
        "length) grey: a model that is no better than the best control has shown nothing beyond it. Intervals are of "
        "a bootstrap over groups of related sequences; the sign of every score was declared, none was turned.</p>"
    ]
    for name, (task, scored) in curves.items():
        own = scores[scores["task"] == name]
        parts.append(f"<h2>{escape(name)} <small>({escape(task.kind)}, {len(task.items):,} items)</small></h2>")
        parts.append(f"<p>{_READING[task.kind]} {escape((notes or {}).get(name) or '')}</p>")
        for truth in task.truths[:8]:
            rows = own[(own["truth"] == truth.name) & (own["measure"] == truth.measures[0])]
            chance = {"binary": 0.5, "paired": 0.5}.get(truth.kind, 0.0)
            parts.append(f"<h3>{escape(truth.name)}: {escape(truth.measures[0])}</h3>{_forest(rows, chance)}")
        parts.append(_curves(task, scored, own))
        parts.append(f"<details><summary>All measures</summary>{_table(own.drop(columns='task'))}</details>")
        pairs = comparisons[comparisons["task"] == name].drop(columns="task")
        if len(pairs):
            parts.append(
                "<details><summary>Every two models on the items that both score</summary><p>Each by its best score; "
                f"the difference is of the first over the second, by a paired bootstrap over groups.</p>{_table(pairs)}"
                "</details>"
            )
    counted = skipped.groupby(["task", "model", "reason"], dropna=False).size().rename("items").reset_index()
    more = (
        f"<p>{len(counted) - _MOST_SKIPPED} further reasons are in skipped.tsv.</p>"
        if len(counted) > _MOST_SKIPPED
        else ""
    )
    parts.append(f"<h2>Skipped</h2>{_table(counted.head(_MOST_SKIPPED)) if len(counted) else '<p>Nothing.</p>'}{more}")
    meaning = "".join(f"<li><b>{column}</b>: {escape(text)}</li>" for column, text in SCORES.meanings.items())
    parts.append(f"<h2>Columns of scores.tsv</h2><ul>{meaning}</ul></body></html>\n")
    with atomic(path) as temporary:
        temporary.write_text("".join(parts), encoding="utf-8")
