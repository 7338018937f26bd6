"""``combmotif motifs``: look at motif files, convert, compare and cluster them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from combmotif.cli.guide import GuidedCommand, GuidedGroup, next_step
from combmotif.cli.options import PATH, SHARE, motif_species_option, refuse_input, strands_option

if TYPE_CHECKING:
    import pandas as pd

_FILE = PATH


@click.group(
    cls=GuidedGroup,
    example="combmotif motifs list RUN/motifs/neuronmotif.meme",
    then="combmotif match RUN/motifs/neuronmotif.meme --database builtin --out matches.tsv",
)
def motifs() -> None:
    """List, convert, compare and cluster motif files.

    Formats: MEME, TRANSFAC, JASPAR, HOMER, CISBP-RNA and ATtRACT (folder or zip), TF-MoDISco's HDF5, combmotif's
    tables, and mature microRNAs as FASTA; formats are recognised by content. U and T are the same letter.
    """


@motifs.command(
    "list",
    cls=GuidedCommand,
    example="combmotif motifs list RUN/motifs/neuronmotif.meme",
    then="combmotif match FILE --database builtin --out matches.tsv",
)
@click.argument("file", type=_FILE)
@motif_species_option
@click.option("--out", type=_FILE, help="Write the table here instead of printing it.")
def list_(file: Path, species: str | None, out: Path | None) -> None:
    """List the motifs of a file with length, sites, information and consensus."""
    from combmotif.motifs.files import open_motifs
    from combmotif.motifs.overview import list_motifs

    found, names = open_motifs(file, species=species)
    _show(list_motifs(found, names), out, f"{len(found)} motifs")
    next_step(f"combmotif match {file} --database builtin --out matches.tsv")


@motifs.command(
    cls=GuidedCommand,
    example="combmotif motifs convert ATtRACT.zip attract.meme --species Homo_sapiens",
    then="combmotif motifs list attract.meme",
)
@click.argument("file", type=_FILE)
@click.argument("out", type=_FILE)
@click.option("--alphabet", type=click.Choice(["rna", "dna"]), help="Letters to write; default those of FILE.")
@motif_species_option
def convert(file: Path, out: Path, alphabet: str | None, species: str | None) -> None:
    """Convert a motif file to MEME, TF-MoDISco-style HDF5 or a table.

    The ending of OUT decides: .meme, .h5 or .tsv.
    """
    from dataclasses import replace

    from combmotif.core.files import atomic
    from combmotif.motifs.files import WRITTEN, open_motifs, write_motifs

    if out.suffix not in WRITTEN:
        raise ValueError(f"OUT: expected a name that ends in {', '.join(WRITTEN)}, got {out.name!r}")
    refuse_input(out, file)
    found, names = open_motifs(file, species=species)
    found = replace(found, alphabet=alphabet or found.alphabet)
    with atomic(out) as temporary:
        write_motifs(found, temporary, style=WRITTEN[out.suffix], names=names)
    click.echo(f"{len(found)} motifs: {out}")
    next_step(f"combmotif motifs list {out}")


@motifs.command(
    cls=GuidedCommand,
    example="combmotif motifs compare RUN/motifs/neuronmotif.meme RUN2/motifs/modisco.meme",
    then="combmotif compare RUN RUN2 --out comparison",
)
@click.argument("first", type=_FILE)
@click.argument("second", type=_FILE)
@click.option("--threshold", type=SHARE, default=0.8, show_default=True, help="Of the same motif.")
@strands_option
@click.option("--out", type=_FILE, help="Write the table here instead of printing it.")
def compare(first: Path, second: Path, threshold: float, strands: str, out: Path | None) -> None:
    """Find for every motif of FIRST the most similar motif of SECOND."""
    from combmotif.motifs.files import open_motifs
    from combmotif.motifs.overview import compare_motifs

    refuse_input(out, first, second)
    (one, names), (other, more) = open_motifs(first), open_motifs(second)
    table = compare_motifs(one, other, names, more, strands=strands)
    same = int((table["similarity"] >= threshold).sum())
    _show(table, out, f"{same} of {len(table)} motifs have a counterpart (similarity {threshold:g} or more)")
    next_step("combmotif compare RUN RUN2 --out comparison")


@motifs.command(
    cls=GuidedCommand,
    example="combmotif motifs cluster attract.meme --out clusters.tsv --meme representatives.meme",
    then="combmotif match QUERIES.meme --database representatives.meme --out matches.tsv",
)
@click.argument("file", type=_FILE)
@click.option("--threshold", type=SHARE, default=0.8, show_default=True, help="Similarity within one.")
@motif_species_option
@click.option("--out", type=_FILE, help="Write the table here instead of printing it.")
@click.option("--meme", type=_FILE, help="Also write one motif of each cluster, the most central.")
def cluster(file: Path, threshold: float, species: str | None, out: Path | None, meme: Path | None) -> None:
    """Group the motifs of a file that are the same."""
    from dataclasses import replace

    from combmotif.core.files import atomic
    from combmotif.motifs.files import open_motifs, write_motifs
    from combmotif.motifs.overview import cluster_motifs

    for written in (out, meme):
        refuse_input(written, file)
    found, names = open_motifs(file, species=species)
    table = cluster_motifs(found, names, threshold=threshold)
    number = int(table["cluster"].max())
    if meme is not None:
        central = table[table["representative"]]
        kept = replace(found, motifs=tuple(found[motif] for motif in central["motif"]))
        with atomic(meme) as temporary:
            called = dict(zip(central["motif"], central["cluster_name"], strict=True))
            write_motifs(kept, temporary, style="meme", names=called)
    _show(table, out, f"{len(found)} motifs in {number} clusters")
    next_step(f"combmotif match QUERIES.meme --database {meme or file} --out matches.tsv")


def _show(table: pd.DataFrame, out: Path | None, summary: str) -> None:
    """Write a table to a file, or print it, and say what it holds."""
    from combmotif.core.files import write_table

    if out is None:
        text = table.to_csv(sep="\t", index=False, float_format="%.4g", lineterminator="\n")
        click.echo(text, nl=False)
        click.echo(summary, err=True)
    else:
        write_table(out, table)
        click.echo(f"{summary}: {out}")
