"""``combmotif benchmark``: models x tasks, from one YAML file to one table and one page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from combmotif.cli.guide import GuidedCommand, next_step
from combmotif.cli.options import PATH, trust_option

if TYPE_CHECKING:
    import pandas as pd


@click.command(
    cls=GuidedCommand,
    example="combmotif benchmark configs/benchmark_utr3.yaml --out runs/benchmark",
    then="open report.html in a browser; scores.tsv, comparisons.tsv and skipped.tsv are beside it",
)
@click.argument("suite", type=PATH)
@click.option("--out", type=PATH, help="Folder of the results; default runs/SUITE.")
@click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override a key: statistics.bootstrap=200."
)
@click.option("--workers", type=click.IntRange(min=1, max=1024), help="Processes; default one per core.")
@trust_option
@click.option("--quiet", is_flag=True, help="Print only the report's path.")
def benchmark(
    suite: Path,
    out: Path | None,
    overrides: tuple[str, ...],
    workers: int | None,
    trust: bool,  # noqa: FBT001
    quiet: bool,  # noqa: FBT001
) -> None:
    """Evaluate models on the tasks of SUITE, together with controls such as k-mers.

    An interrupted benchmark resumes.
    """
    from combmotif.cli.progress import StageProgress
    from combmotif.config.evaluation import load_suite
    from combmotif.core.executors import available_cores
    from combmotif.evaluation.suite import run_suite

    config, left_out = load_suite(suite, overrides=overrides)
    if trust:
        models = {name: entry.model_copy(update={"trust": True}) for name, entry in config.models.items()}
        config = config.model_copy(update={"models": models})
    with StageProgress(quiet=quiet) as progress:
        result = run_suite(
            config,
            out or Path("runs") / suite.stem,
            left_out=left_out,
            workers=workers or available_cores(),
            progress=progress.update,
        )
    tell_scores(result.scores, skipped=len(result.skipped), quiet=quiet)
    click.echo(f"Report: {result.page}")
    next_step(f"open {result.page} in a browser; the tables are in {result.folder}", quiet=quiet)


def tell_scores(scores: pd.DataFrame, *, skipped: int, quiet: bool) -> None:
    """Print the best score of every model for every truth, by the first measure of its kind."""
    from combmotif.cli.table import print_table

    if quiet:
        return
    first = scores.drop_duplicates(["task", "truth"])[["task", "truth", "measure"]]
    rows = []
    for task, truth, measure in first.itertuples(index=False):
        own = scores[(scores["task"] == task) & (scores["truth"] == truth) & (scores["measure"] == measure)]
        own = own.sort_values("value", ascending=False).drop_duplicates("model")
        for row in own.head(12).itertuples(index=False):
            value = (
                "not defined: all scores, or all values, are the same" if row.value != row.value else f"{row.value:.3f}"
            )
            interval = "" if row.low != row.low else f" ({row.low:.3f} to {row.high:.3f})"
            told = f"{measure} {value}{interval}, n {row.n:,}, groups {row.n_groups:,}"
            rows.append((f"{task}, {truth}: {row.model} ({row.score})", told))
    print_table(rows)
    if skipped:
        click.echo(f"{skipped:,} items or models were skipped; skipped.tsv says why", err=True)
