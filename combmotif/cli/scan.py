"""``combmotif scan``: where on sequences motifs stand."""

from __future__ import annotations

from pathlib import Path

import click

from combmotif.cli.guide import GuidedCommand, next_step
from combmotif.cli.options import PATH, motif_species_option, quiet_option, refuse_input, strands_option

_ENDINGS = (".tsv", ".tsv.gz", ".bed")


@click.command(
    cls=GuidedCommand,
    example="combmotif scan utrs.fa --motifs RUN/motifs/neuronmotif.meme --out hits.tsv",
    then="open hits.tsv, or write hits.bed for a genome browser",
)
@click.argument("sequences", type=PATH)
@click.option("--motifs", "database", required=True, help="builtin, a fetched database, or a motif file; see 'match'.")
@click.option("--out", type=PATH, required=True, help="File to write: .tsv, .tsv.gz or .bed.")
@click.option("--p", "p_value", type=float, default=1e-4, show_default=True, help="Largest p-value of a site.")
@strands_option
@click.option(
    "--background",
    type=click.Choice(["uniform", "sequences"]),
    default="uniform",
    show_default=True,
    help="Background for p-values: uniform, or the base frequencies of SEQUENCES.",
)
@motif_species_option
@quiet_option()
def scan(
    sequences: Path,
    database: str,
    out: Path,
    p_value: float,
    strands: str,
    background: str,
    species: str | None,
    quiet: bool,  # noqa: FBT001
) -> None:
    """Find the sites of motifs on the sequences of a FASTA file.

    A matrix has a site where the exact p-value of its score is at most --p; a k-mer has one at every occurrence. Mature
    microRNAs (FASTA) are scanned by their target sites, 8mer, 7mer-m8, 7mer-A1 and 6mer, and each position is reported
    once, with the best type. One strand is scanned, unless --strands is both.

    Columns: motif, name, sequence, start and end (0-based, half-open), strand, score (log2 odds, bits), p_value, site.
    """
    from combmotif.core.files import atomic
    from combmotif.motifs.scanning.file import scan_file

    if not str(out).endswith(_ENDINGS):
        raise ValueError(f"--out: expected a name that ends in {', '.join(_ENDINGS)}, got {out.name!r}")
    if not 0 < p_value <= 1:
        raise ValueError(f"--p: expected a number above 0 and at most 1, got {p_value:g}")
    refuse_input(out, sequences, database)
    with atomic(out) as temporary:
        found = scan_file(
            sequences,
            database,
            temporary,
            style=out.suffix.removeprefix("."),
            p_value=p_value,
            strands=strands,
            background=background,
            species=species,
        )
    if quiet:
        return
    if found.unreachable:
        name, best = max(found.unreachable.items(), key=lambda item: item[1])
        click.echo(
            f"{len(found.unreachable)} of {found.motifs} motifs are too short or too flat for p <= {p_value:g} and "
            f"have no site (the best word of {name} has p = {best:.2g})."
        )
    click.echo(
        f"{found.sites.total():,} sites of {len(found.sites):,} motifs in {found.sequences:,} sequences "
        f"({found.nucleotides:,} nt): {out}"
    )
    for motif, number in found.sites.most_common(5):
        name = found.names[motif]
        click.echo(f"  {motif}{f' ({name})' if name not in ('', motif) else ''}: {number:,}")
    next_step(f"open {out}" + ("" if out.suffix == ".bed" else "; with --out hits.bed it fits a genome browser"))
