"""``combmotif run``: from a config to tables and a report."""

from __future__ import annotations

from pathlib import Path

import click

from combmotif.cli.guide import GuidedCommand


@click.command(
    cls=GuidedCommand,
    example="combmotif run configs/mrl.yaml --out runs/mrl",
    then="open report.html; the tables are beside it",
)
@click.argument("config", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Run folder; default runs/CONFIG.")
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override a key: neurons.select=0-3.")
@click.option("--workers", type=click.IntRange(min=1), help="Processes; default one per core.")
@click.option("--quiet", is_flag=True, help="Print only the report's path.")
@click.pass_context
def run(
    ctx: click.Context,
    config: Path,
    out: Path | None,
    overrides: tuple[str, ...],
    workers: int | None,
    quiet: bool,  # noqa: FBT001
) -> None:
    """Interpret a model as CONFIG says.

    Started again, it goes on where it was.

    Paths in CONFIG are relative to its folder or, where nothing stands there, to the working directory.
    """
    from combmotif.cli.progress import StageProgress
    from combmotif.config import load_config
    from combmotif.pipeline import run as run_pipeline
    from combmotif.report import main_findings

    asked = load_config(config, overrides=overrides)
    with StageProgress(quiet=quiet) as progress:
        result = run_pipeline(
            asked,
            out or Path("runs") / config.stem,
            workers=workers,
            progress=progress.update,
            on_stage=lambda stage, status, seconds: progress.line(f"{stage}: {status} ({seconds:.1f} s)"),
        )
    if not quiet:
        findings = [finding for finding in main_findings(result.folder) if finding.value]
        width = max((len(finding.label) for finding in findings), default=0)
        for finding in findings:
            click.echo(f"{finding.label:<{width}}  {finding.value}")
    click.echo(f"Report: {result.report}")
    if result.failed:
        click.echo(f"Error: {'; '.join(f'{stage} {status}' for stage, status in result.failed.items())}", err=True)
        ctx.exit(1)
