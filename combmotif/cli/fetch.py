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
@click.option("--to", "folder", type=PATH, help="Folder; default one that combmotif searches.")
@click.option("--url", help="Download from this address instead; the checksum stays the same.")
@click.option("--sha256", help="Checksum that the file must have, if none is published.")
@click.option("--species", help="For rbp: Latin name; default Homo_sapiens.")
@click.option("--from", "source", type=PATH, help="For rbp: a folder of downloaded databases, instead of the network.")
def fetch(
    name: str | None, folder: Path | None, url: str | None, sha256: str | None, species: str | None,
    source: Path | None,
) -> None:  # fmt: skip
    """Download published weights or a motif database and verify them.

    Without NAME, list what is available, with size, checksum, licence and whether it is already downloaded. None of it
    is part of combmotif. If no checksum is published, that of the first download is stored beside the file and shown,
    and later downloads must match it; --sha256 checks against one that you know.

    NAME may be rbp: the RNA-binding proteins of ATtRACT and CISBP-RNA and the microRNAs of miRBase, for one species and
    without duplicates, as one database that configs use as 'databases: [builtin, rbp]'.
    """
    from combmotif.cli.progress import StageProgress
    from combmotif.core.databases import COLLECTIONS, PUBLISHED_DATABASES
    from combmotif.core.download import cache_folder, sha256_of
    from combmotif.core.download import fetch as download
    from combmotif.core.typed_yaml import nearest
    from combmotif.models.published import PUBLISHED_WEIGHTS
    from combmotif.motifs.matching.database import load_database

    known = {**PUBLISHED_WEIGHTS, **PUBLISHED_DATABASES}
    if name in COLLECTIONS:
        if url is not None or sha256 is not None:
            raise click.UsageError(f"--url and --sha256 are of one file; {name} is made of several")
        _collect(name, folder, species or "Homo_sapiens", source)
        return
    if species is not None or source is not None:
        raise click.UsageError(f"--species and --from go with {', '.join(COLLECTIONS)}")
    if name is None:
        for collection in COLLECTIONS.values():
            click.echo(f"{collection.name}: {collection.description}")
            state = "fetched" if collection.path.is_file() else "not fetched"
            click.echo(f"    {state}; made of {', '.join(collection.sources)}")
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
        raise ValueError(f"name: nothing is published as '{name}'{nearest(name, [*COLLECTIONS, *known])}")
    published = known[name]
    click.echo(f"Licence: {published.licence}. Cite: {published.citation}.")
    with StageProgress() as progress:
        path = download(
            published,
            folder=folder,
            urls=None if url is None else (url,),
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


def _collect(name: str, folder: Path | None, species: str, source: Path | None) -> None:
    """Make a collection of what is downloaded, or of a folder's files."""
    from combmotif.cli.progress import StageProgress
    from combmotif.core.databases import COLLECTIONS, PUBLISHED_DATABASES
    from combmotif.core.download import fetch as download
    from combmotif.core.download import sha256_of
    from combmotif.motifs.matching.collection import build_collection, find_sources
    from combmotif.motifs.matching.database import load_database

    collection = COLLECTIONS[name]
    missing: dict[str, str] = {}
    if source is not None:
        sources = find_sources(source, name)
        missing = {one: f"it is not in {source}" for one in collection.sources if one not in sources}
    else:
        sources = {}
        for one in collection.sources:
            published = PUBLISHED_DATABASES[one]
            click.echo(f"{one}: licence: {published.licence}. Cite: {published.citation}.")
            with StageProgress() as progress:
                file = published.file
                try:
                    sources[one] = download(
                        published,
                        check=load_database,
                        on_bytes=lambda done, total, file=file: progress.update(file, done, total or None),  # type: ignore[misc]
                    )
                except ConnectionError as error:
                    missing[one] = str(error)
        if not sources:
            raise ConnectionError(
                f"{name}: none of its databases could be downloaded ({next(iter(missing.values()))}); download them "
                f"elsewhere and say: combmotif fetch {name} --from FOLDER"
            )
    path = collection.path if folder is None else folder / collection.path.name
    found = build_collection(sources, path, name=name, species=species)
    for one, reason in missing.items():
        click.echo(f"Warning: {one} is not part of it: {reason}", err=True)
    for one, count in found.counts.items():
        click.echo(f"{one}: {count:,} {'microRNAs' if one == 'mirbase' else 'matrices that no earlier one has'}")
    click.echo(f"SHA-256 {sha256_of(path)} (kept in {path.name}.sha256)")
    click.echo(f"{name} of {species}: {path}")
    given = path if folder else name
    next_step(f"combmotif match QUERIES.meme --database builtin --database {given} --out matches.tsv")
