"""``combmotif report``: write the HTML report of a run again."""

from __future__ import annotations

from pathlib import Path

import click

from combmotif.cli.guide import GuidedCommand
from combmotif.cli.options import run_argument


@click.command(
    cls=GuidedCommand,
    example='combmotif report runs/mrl --title "Motifs of the MRL net"',
    then="open report.html in a browser; it is one file that can be sent",
)
@run_argument
@click.option("--title", help="Heading of the report; default the title in the run's config.")
def report(run: Path, title: str | None) -> None:
    """Rewrite report.html of the run folder RUN from its tables."""
    from combmotif.report import build_report

    click.echo(f"Report: {build_report(run, title=title)}")
