"""``combmotif fetch``: download published weights."""

from __future__ import annotations

from pathlib import Path

import click

from combmotif.cli.guide import GuidedCommand


@click.command(
    cls=GuidedCommand,
    example="combmotif fetch hal",
    then="combmotif inspect hal",
)
@click.argument("name")
@click.option("--to", "folder", type=click.Path(path_type=Path), help="Folder; default one where the card looks.")
@click.option("--url", help="Download it from here instead; the checksum stays the same.")
def fetch(name: str, folder: Path | None, url: str | None) -> None:
    """Download the published weights NAME (hal) and check them.

    They are not part of combmotif; their licence is shown.
    """
    from combmotif.cli.progress import StageProgress
    from combmotif.models.fetch import PUBLISHED
    from combmotif.models.fetch import fetch as download
    from combmotif.typed_yaml import nearest

    if name not in PUBLISHED:
        raise ValueError(f"name: nothing is published as '{name}'{nearest(name, list(PUBLISHED))}")
    published = PUBLISHED[name]
    click.echo(f"Licence: {published.licence}. Cite: {published.citation}.")
    with StageProgress() as progress:
        path = download(
            published,
            folder=folder,
            urls=(url,) if url else None,
            on_bytes=lambda done, total: progress.update(published.file, done, total),
        )
    click.echo(f"{published.file}: {path}")
