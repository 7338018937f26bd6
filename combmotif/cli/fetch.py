"""``combmotif fetch``: download published weights and motif databases."""

from __future__ import annotations

from pathlib import Path

import click

from combmotif.cli.guide import GuidedCommand, next_step


@click.command(
    cls=GuidedCommand,
    example="combmotif fetch attract",
    then="combmotif match RUN/motifs/neuronmotif.meme --database attract --out matches.tsv",
)
@click.argument("name", required=False)
@click.option("--to", "folder", type=click.Path(path_type=Path), help="Folder; default one where combmotif looks.")
@click.option("--url", help="Download it from here instead; the checksum stays the same.")
def fetch(name: str | None, folder: Path | None, url: str | None) -> None:
    """Download published weights or a motif database, and check it.

    Without NAME, list what is known, with size, licence and whether it is there. None of it is part of combmotif.
    """
    from combmotif.cli.progress import StageProgress
    from combmotif.download import cache_folder
    from combmotif.download import fetch as download
    from combmotif.models.published import PUBLISHED_WEIGHTS
    from combmotif.motifs.published import PUBLISHED_DATABASES
    from combmotif.typed_yaml import nearest

    known = {**PUBLISHED_WEIGHTS, **PUBLISHED_DATABASES}
    if name is None:
        for published in known.values():
            there = (cache_folder() / published.name / published.file).is_file()
            click.echo(f"{published.name}: {published.description}")
            click.echo(f"    {published.size:,} bytes, {'fetched' if there else 'not fetched'}; {published.urls[0]}")
            click.echo(f"    licence: {published.licence}; cite {published.citation}")
        next_step("combmotif fetch NAME")
        return
    if name not in known:
        raise ValueError(f"name: nothing is published as '{name}'{nearest(name, list(known))}")
    published = known[name]
    click.echo(f"Licence: {published.licence}. Cite: {published.citation}.")
    with StageProgress() as progress:
        path = download(
            published,
            folder=folder,
            urls=(url,) if url else None,
            on_bytes=lambda done, total: progress.update(published.file, done, total),
        )
    click.echo(f"{published.file}: {path}")
    if name in PUBLISHED_DATABASES:
        given = path if folder else name
        next_step(f"combmotif match QUERIES.meme --database {given} --out matches.tsv")
    else:
        next_step(f"combmotif inspect {name}")
