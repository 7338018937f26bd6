"""``combmotif calibrate``: simulations that tell how far the interaction test can be trusted."""

from __future__ import annotations

from pathlib import Path

import click

from combmotif.cli.guide import GuidedCommand
from combmotif.cli.options import PATH, seed_option, workers_option


@click.command(
    cls=GuidedCommand,
    example="combmotif calibrate --quick",
    then="read the column 'holds'; docs/methods/calibration.md explains the checks",
)
@click.option("--quick", is_flag=True, help="100 pairs per setting instead of 2,000, with wider tolerances.")
@click.option("--out", type=PATH, help="Folder for calibration.tsv; default none is written.")
@seed_option("Of every random choice.")
@workers_option
@click.pass_context
def calibrate(ctx: click.Context, quick: bool, out: Path | None, seed: int, workers: int | None) -> None:  # noqa: FBT001
    """Test the interaction statistics on simulated motifs.

    Pairs with known answers are tested by the code that tests real ones: false-positive rate with 1, 3 and 10
    placements per sequence, bias, coverage of the intervals, power. The exit code is 1 if a check fails.
    """
    import numpy as np

    from combmotif.benchmark.calibration import QUICK, Plan
    from combmotif.benchmark.calibration import calibrate as run
    from combmotif.cli.progress import StageProgress
    from combmotif.core.executors import available_cores
    from combmotif.core.files import write_table
    from combmotif.core.output import OutputFolder

    target = None if out is None else OutputFolder(out, "calibration").file("calibration.tsv")
    plan = QUICK if quick else Plan()
    with StageProgress() as progress:
        table = run(plan, seed=seed, workers=workers or available_cores(), on_progress=progress.update)
    shown = table.copy()
    demanded = table["low"].notna()
    shown["holds"] = np.where(demanded, np.where(table["holds"], "yes", "NO"), "-")
    shown["accepted"] = [
        f"{low:g} to {high:g}" if asked else ""
        for low, high, asked in zip(table["low"], table["high"], demanded, strict=True)
    ]
    columns = ["check", "predictor", "sequences", "placements", "e", "pairs", "value", "by_row", "accepted", "holds"]
    for name in ("sequences", "placements", "e", "value", "by_row"):
        shown[name] = ["" if np.isnan(x) else f"{x:.3g}" for x in table[name].astype(float)]
    click.echo(shown[columns].to_string(index=False))
    if target is not None:
        write_table(target, table)
        click.echo(f"Written: {target}")
    failed = int((~table["holds"]).sum())
    if failed:
        click.echo(f"Error: {failed} of {len(table)} checks do not hold", err=True)
        ctx.exit(1)
