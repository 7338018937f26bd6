"""``combmotif match``: which known elements motifs look like."""

from __future__ import annotations

from pathlib import Path

import click

from combmotif.cli.guide import GuidedCommand, next_step
from combmotif.cli.options import PATH, refuse_input


@click.command(
    cls=GuidedCommand,
    example="combmotif match RUN/motifs/neuronmotif.meme --database builtin --database attract --out matches.tsv",
    then="combmotif scan SEQUENCES.fa --motifs RUN/motifs/neuronmotif.meme --out hits.tsv",
)
@click.argument("queries", type=PATH)
@click.option(
    "--database",
    "databases",
    multiple=True,
    default=("builtin",),
    show_default=True,
    help="builtin, a database of 'combmotif fetch', or a motif file; may be given several times.",
)
@click.option("--out", type=PATH, required=True, help="TSV file to write.")
@click.option("--strands", type=click.Choice(["single", "both"]), default="single", show_default=True)
@click.option(
    "--q",
    "q",
    type=float,
    default=0.05,
    show_default=True,
    help="Largest q-value of a match.",
)
@click.option(
    "--top", type=click.IntRange(min=1), default=5, show_default=True, help="Most matches per part of a motif."
)
@click.option("--species", help="Only elements of this species: Homo_sapiens, or hsa for microRNAs.")
@click.option("--sites", default="7mer-m8", show_default=True, help="Of microRNAs: 8mer, 7mer-m8, 7mer-A1, 6mer.")
@click.option(
    "--shuffles",
    type=click.IntRange(min=0, max=10_000),
    default=10,
    show_default=True,
    help="Shuffled copies of each database that tell how many matches chance gives; 0 for none.",
)
@click.option(
    "--seed", type=click.IntRange(min=0, max=2**63 - 1), default=0, show_default=True, help="Of the shuffles."
)
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
def match(
    queries: Path,
    databases: tuple[str, ...],
    out: Path,
    strands: str,
    q: float,
    top: int,
    species: str | None,
    sites: str,
    shuffles: int,
    seed: int,
    quiet: bool,  # noqa: FBT001
) -> None:
    """Find the known elements that motifs resemble.

    QUERIES and databases are MEME, TRANSFAC, JASPAR, HOMER, CISBP-RNA, ATtRACT, TF-MoDISco or combmotif files, told
    apart by their content; mature microRNAs (FASTA) give their target sites. Matrices are compared as Tomtom does,
    short words by the letters they say; q is over all pairs of the call. Flat parts of motifs are not matched.

    Columns: motif, target, name, kind, family, database, offset, overlap, strand, p_value, e_value, q_value, consensus
    of both, citation, method, identical (the word is all the motif says), start, end, chance (share of the motifs that
    match a shuffled database as well).
    """
    import numpy as np

    from combmotif.files import write_table
    from combmotif.motifs.control import match_control
    from combmotif.motifs.database import load_database
    from combmotif.motifs.family import with_families
    from combmotif.motifs.files import open_motifs
    from combmotif.motifs.match import match as find
    from combmotif.motifs.mirna import check_site_types
    from combmotif.motifs.pairs import informative_runs

    if out.is_dir():
        raise ValueError(f"--out: expected a file to write, such as matches.tsv, found the folder {out}")
    refuse_input(out, queries, *databases)
    kinds = check_site_types([part.strip() for part in sites.split(",") if part.strip()])
    motifs, _ = open_motifs(queries)
    known = with_families([load_database(name, species=species, sites=kinds) for name in databases])
    table = find(motifs, known, strands=strands, q=q, top=top)
    control = None
    if shuffles:
        control = match_control(
            motifs, known, table, np.random.default_rng(seed), copies=shuffles, strands=strands, q=q
        )
        table["chance"] = control.chance
    write_table(out, table)
    if quiet:
        return
    named = table["motif"].nunique()
    dull = len(motifs) - len({run.row for run in informative_runs(motifs)})
    click.echo(f"{named} of {len(motifs)} motifs resemble a known element (q <= {q:g}, or its very word): {out}")
    if species and not any(entry.species for database in known for entry in database.entries):
        click.echo("--species: none of the databases knows species; all of their elements were matched.")
    if dull:
        click.echo(f"{dull} motifs have no run of columns with 2 bits of information and were not matched.")
    if control is not None:
        row = control.table.iloc[-1]
        click.echo(
            f"Against shuffled databases {row.matched_shuffled:.1f} of {row.queries} parts of motifs find a match, "
            f"against the true ones {row.matched}."
        )
    best = table.groupby("motif", sort=False).first()
    for family, group in sorted(best.groupby("family"), key=lambda item: (-len(item[1]), item[0]))[:10]:
        click.echo(f"  {family}: {len(group)} motif{'s' if len(group) > 1 else ''}")
    next_step(f"combmotif scan SEQUENCES.fa --motifs {queries} --out hits.tsv")
