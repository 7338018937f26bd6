"""The tables of a benchmark of models on measured data."""

from __future__ import annotations

from combmotif.core.tables.table import Table, number, text, whole

SCORES = Table(
    "scores",
    "scores.tsv",
    "One row per task, model, truth, score and measure.",
    columns=(
        text("task", "name of the task in the config"),
        text("model", "name of the model, or of the control"),
        text("role", "model or control; a classifier that sees the locus alone is a control"),
        text("truth", "what the score is held against: a target, a class, a k-mer or a protein"),
        text("score", "which of the model's scores"),
        text(
            "measure",
            "pearson, spearman, r2 (1 - residual / total variance), mae, sign_accuracy, auc, auprc; auprc by "
            "chromosome and pearson by fold are means over these, with intervals of a bootstrap over them; auc, sign "
            "turned where it was asked for",
        ),
        number("value", "of all scored items; the sign is as declared, so an AUC below .5 stays below"),
        number("low", "2.5 percentile of the bootstrap over groups"),
        number("high", "97.5 percentile"),
        whole("n", "items with a truth and a score"),
        whole("n_groups", "groups of related items, which are what the bootstrap draws"),
        text("best_control", "the control with the largest value of this measure for this truth"),
        number("control_value", "its value"),
    ),
)

COMPARED_SCORES = Table(
    "comparisons",
    "comparisons.tsv",
    "One row per two models, truth and measure: which is better on the items that both score.",
    columns=(
        text("task", "name of the task"),
        text("truth", "what both are held against"),
        text("measure", "by which they are compared"),
        text("first", "model and score"),
        text("second", "model and score"),
        number("difference", "of the first over the second, on the items that both score"),
        number("low", "2.5 percentile of the paired bootstrap over groups"),
        number("high", "97.5 percentile"),
        number("p", "two-sided p of difference", unit="0 to 1"),
        whole("n", "common items"),
    ),
)

FITTED = Table(
    "settings",
    "settings.tsv",
    "One row per fit of a fold: what its inner folds chose.",
    columns=(
        text("task", "name of the task"),
        text("model", "name of the model, or of the control"),
        text("truth", "what was fitted to"),
        text("score", "the regressor or classifier"),
        whole("fold", "which was left out, from 1; with leave-group-out the one setting for all"),
        text("setting", "penalty or other settings"),
    ),
)

SKIPPED = Table(
    "skipped",
    "skipped.tsv",
    "One row per item, model or task that was left out.",
    columns=(
        text("task", "name of the task"),
        text("model", "name of the model; empty where the item or task is left out of all"),
        text("item", "what was left out; empty for a whole model or task"),
        text("reason", "why, in words"),
    ),
)

SCORED_ITEMS = Table(
    "items scored",
    "*/predictions.tsv.gz",
    "One row per item, truth, model and score of a task.",
    columns=(
        text("item", "name of the item; the number of a pair of items"),
        text("truth", "what the score is held against"),
        number("value", "the truth: measured, or 0 and 1 for classes"),
        text("model", "name of the model, or of the control"),
        text("score_name", "which of the model's scores"),
        number("score", "what the model gives the item; empty where it gives none"),
    ),
)
