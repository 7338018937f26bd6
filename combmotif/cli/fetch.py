"""``combmotif fetch``: download published weights and motif databases."""

from __future__ import annotations

from pathlib import Path

import click

from combmotif.cli.guide import GuidedCommand, next_step
from combmotif.cli.options import PATH


@click.command(
    cls=GuidedCommand,
    example="combmotif fetch attract",
    then="combmotif match RUN/motifs/neuronmotif.meme --database attract --out matches.tsv",
)
@click.argument("name", required=False)
@click.option("--to", "folder", type=PATH, help="Folder; default one where combmotif looks.")
@click.option("--url", help="Download it from here instead; the checksum stays the same.")
@click.option("--sha256", help="Checksum that the file must have; for those of which none is published.")
def fetch(name: str | None, folder: Path | None, url: str | None, sha256: str | None) -> None:
    """Download published weights or a motif database, and check it.

    Without NAME, list what is known, with size, checksum, licence and whether it is there. None of it is part of
    combmotif. Where no checksum is published, that of the first download is kept beside the file and shown, and a later
    download must be the same; --sha256 checks it against one you know.
    """
    from combmotif.cli.progress import StageProgress
    from combmotif.core.databases import PUBLISHED_DATABASES
    from combmotif.core.download import cache_folder, sha256_of
    from combmotif.core.download import fetch as download
    from combmotif.core.typed_yaml import nearest
    from combmotif.models.published import PUBLISHED_WEIGHTS
    from combmotif.motifs.matching.database import load_database

    known = {**PUBLISHED_WEIGHTS, **PUBLISHED_DATABASES}
    if name is None:
        for published in known.values():
            there = (cache_folder() / published.name / published.file).is_file()
            click.echo(f"{published.name}: {published.description}")
            size = f"{published.size:,} bytes" if published.size else "size not known"
            kind = "md5" if published.md5 else "sha256" if published.sha256 else ""
            checksum = f"{kind} {published.md5 or published.sha256}" if kind else "no checksum is published"
            click.echo(f"    {size}, {'fetched' if there else 'not fetched'}; {published.urls[0]}")
            click.echo(f"    {checksum}")
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
            sha256=sha256,
            check=load_database if name in PUBLISHED_DATABASES else None,
            on_bytes=lambda done, total: progress.update(published.file, done, total or None),
        )
    if not (published.md5 or published.sha256):
        told = "as you gave it" if sha256 else f"no checksum is published; kept in {path.name}.sha256"
        click.echo(f"SHA-256 {sha256_of(path)} ({told})")
    click.echo(f"{published.file}: {path}")
    if name in PUBLISHED_DATABASES:
        click.echo(f"{len(load_database(path)):,} elements")
        given = path if folder else name
        next_step(f"combmotif match QUERIES.meme --database {given} --out matches.tsv")
    else:
        next_step(f"combmotif inspect {name}")
