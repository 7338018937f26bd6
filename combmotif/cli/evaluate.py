"""``combmotif evaluate``: one task of the benchmark."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from combmotif.cli.benchmark import tell_scores
from combmotif.cli.guide import GuidedCommand, next_step
from combmotif.cli.options import PATH, trust_option

TASKS = ("motifs", "windows", "variants", "regression", "shuffles", "mpra", "half-life")
_PRESETS: dict[str, dict[str, Any]] = {
    "mpra": {"groups": {"overlap": 40}, "cv": "folds:10"},
    "half-life": {"cv": "column:BIN"},
}
"""Regression with the settings of a published task; ``--set`` overrides them."""


@click.command(
    cls=GuidedCommand,
    example="combmotif evaluate regression --model kmer:5 --set table=mpra.tsv --set targets=[value] --out runs/mpra",
    then="combmotif benchmark SUITE, for several tasks",
)
@click.argument("task", type=click.Choice(TASKS))
@click.option(
    "--model",
    "models",
    multiple=True,
    required=True,
    metavar="MODEL",
    help="Card, kmer:5, nt_v2:FOLDER, probabilities:FILE, embeddings:FILE, predictions:FILE, python:FILE.py:FUNCTION.",
)
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Keys of the task: table=x.tsv.")
@click.option("--out", type=PATH, required=True, help="Folder of the results.")
@click.option(
    "--controls/--no-controls", default=True, show_default=True, help="Random weights, k-mers, composition, length."
)
@click.option("--bootstrap", type=click.IntRange(min=0), default=1000, show_default=True, help="Draws of groups.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of folds and draws.")
@trust_option
@click.option("--quiet", is_flag=True, help="Print only the report's path.")
def evaluate(
    task: str,
    models: tuple[str, ...],
    overrides: tuple[str, ...],
    out: Path,
    controls: bool,  # noqa: FBT001
    bootstrap: int,
    seed: int,
    trust: bool,  # noqa: FBT001
    quiet: bool,  # noqa: FBT001
) -> None:
    """Evaluate models on one TASK; mpra and half-life are presets of regression.

    The keys of each task are those of a task in the suite of 'combmotif benchmark' (docs/evaluation.md).
    """
    from combmotif.config.evaluation import SuiteConfig, parse_model, resolve_suite
    from combmotif.config.load import apply_override
    from combmotif.core.typed_yaml import validate
    from combmotif.evaluation.suite import run_suite

    section: dict[str, Any] = {"kind": "regression" if task in _PRESETS else task, **_PRESETS.get(task, {})}
    for override in overrides:
        apply_override(section, override)
    entries = {text: parse_model(text, trust=trust) for text in models}
    data: dict[str, Any] = {
        "models": {text: entry.model_dump(exclude_none=True) for text, entry in entries.items()},
        "tasks": {task: section},
        "statistics": {"bootstrap": bootstrap},
        "seed": seed,
    }
    chosen = SuiteConfig.model_fields["controls"].default if controls else []
    data["controls"] = [control for control in chosen if control not in entries]
    config = validate(SuiteConfig, data, name=f"evaluate {task}")
    config, left_out = resolve_suite(config.model_copy(update={"models": entries}), Path.cwd())
    result = run_suite(config, out, left_out=left_out)
    tell_scores(result.scores, skipped=len(result.skipped), quiet=quiet)
    click.echo(f"Report: {result.page}")
    next_step(f"open {result.page} in a browser; the tables are in {result.folder}", quiet=quiet)
