"""``combmotif figures``: the figures of a run for a paper."""

from __future__ import annotations

from pathlib import Path

import click

from combmotif.cli.guide import GuidedCommand
from combmotif.cli.options import PATH, run_argument

FORMATS = ("pdf", "svg", "png")
KINDS = ("logos", "contribution", "interactions", "activations")


@click.command(
    cls=GuidedCommand,
    example="combmotif figures runs/mrl --format svg --only logos",
    then="the files are in runs/mrl/figures; text in pdf and svg stays text, to be edited",
)
@run_argument
@click.option("--format", "file_format", type=click.Choice(FORMATS), default="pdf", show_default=True)
@click.option("--out", type=PATH, help="Folder to write to; default RUN/figures.")
@click.option("--only", type=click.Choice(KINDS), multiple=True, help="Only this kind; may be given several times.")
def figures(run: Path, file_format: str, out: Path | None, only: tuple[str, ...]) -> None:
    """Draw the figures of the run folder RUN for a paper.

    They are logo sheets, the effects of the neurons, the map of interactions and the activations. This needs the
    extra 'figures' (matplotlib and logomaker).
    """
    from combmotif.report.figures import write_figures

    written = write_figures(run, out=out, file_format=file_format, kinds=only or KINDS)
    for path in written:
        click.echo(path)
    if not written:
        click.echo("Nothing to draw: the run has no motifs, effects or interactions yet.")
