"""``combmotif match``: which known elements motifs look like."""

from __future__ import annotations

from pathlib import Path

import click

from combmotif.cli.guide import GuidedCommand, next_step
from combmotif.cli.options import (
    PATH,
    databases_option,
    q_option,
    quiet_option,
    refuse_input,
    seed_option,
    strands_option,
)


@click.command(
    cls=GuidedCommand,
    example="combmotif match RUN/motifs/neuronmotif.meme --database builtin --database attract --out matches.tsv",
    then="combmotif scan SEQUENCES.fa --motifs RUN/motifs/neuronmotif.meme --out hits.tsv",
)
@click.argument("queries", type=PATH)
@databases_option
@click.option("--out", type=PATH, required=True, help="TSV file to write.")
@strands_option
@q_option
@click.option(
    "--top", type=click.IntRange(min=1), default=5, show_default=True, help="Most matches per part of a motif."
)
@click.option("--species", help="Only elements of this species: Homo_sapiens, or hsa for microRNAs.")
@click.option(
    "--kinds", help="Only elements of these kinds, and of none: translation,splicing,... (as match.kinds of a config)."
)
@click.option("--sites", default="7mer-m8", show_default=True, help="Of microRNAs: 8mer, 7mer-m8, 7mer-A1, 6mer.")
@click.option(
    "--shuffles",
    type=click.IntRange(min=0, max=10_000),
    default=10,
    show_default=True,
    help="Shuffled copies of each database that tell how many matches chance gives; 0 for none.",
)
@seed_option("Of the shuffles.")
@quiet_option()
def match(
    queries: Path,
    databases: tuple[str, ...],
    out: Path,
    strands: str,
    q: float,
    top: int,
    species: str | None,
    kinds: str | None,
    sites: str,
    shuffles: int,
    seed: int,
    quiet: bool,  # noqa: FBT001
) -> None:
    """Find the known elements that motifs resemble.

    QUERIES and databases are MEME, TRANSFAC, JASPAR, HOMER, CISBP-RNA, ATtRACT, TF-MoDISco or combmotif files, told
    apart by their content; mature microRNAs (FASTA) give their target sites. Matrices are compared as Tomtom does,
    words by their letters; q is over all pairs of the call. Flat parts of motifs are not matched.

    Columns: motif, target, name, kind, family, database, offset, overlap, strand, p_value, e_value, q_value, consensus
    of both, citation, method, relation (is: q is small enough; contains: the consensus spells the word), start, end
    (columns of the motif that were matched), partner, distance, frame (of a start codon the stop codon downstream, of a
    stop codon the start codon upstream), chance (share of the motifs that match a shuffled database as well).
    """
    import numpy as np

    from combmotif.core.files import write_table
    from combmotif.motifs.files import open_motifs
    from combmotif.motifs.matching.control import match_control
    from combmotif.motifs.matching.database import load_database, of_kinds
    from combmotif.motifs.matching.family import with_families
    from combmotif.motifs.matching.match import match as find
    from combmotif.motifs.matching.mirna import check_site_types
    from combmotif.motifs.matching.pairs import informative_runs

    if out.is_dir():
        raise ValueError(f"--out: expected a file to write, such as matches.tsv, found the folder {out}")
    refuse_input(out, queries, *databases)
    types = check_site_types([part.strip() for part in sites.split(",") if part.strip()])
    motifs, _ = open_motifs(queries)
    loaded = [load_database(name, species=species, sites=types) for name in databases]
    if kinds is not None:
        loaded = of_kinds(loaded, [part.strip() for part in kinds.split(",") if part.strip()], name="--kinds")
    known = with_families(loaded)
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
    named, spelled = (set(table.loc[table["relation"] == relation, "motif"]) for relation in ("is", "contains"))
    dull = len(motifs) - len({run.row for run in informative_runs(motifs)})
    click.echo(
        f"{len(named)} of {len(motifs)} motifs resemble a known element (q <= {q:g}); of the others "
        f"{len(spelled - named)} contain a known word: {out}"
    )
    if species and not any(entry.species for database in known for entry in database.entries):
        click.echo("--species: none of the databases knows species; all of their elements were matched.")
    if dull:
        click.echo(f"{dull} motifs have no run of columns with 2 bits of information and were not matched.")
    if control is not None:
        resembling, containing = control.table.iloc[-2:].itertuples()
        click.echo(
            f"Of {resembling.queries} motifs {resembling.matched} resemble an element, "
            f"{resembling.matched_shuffled:.1f} one of shuffled databases; {containing.matched} and "
            f"{containing.matched_shuffled:.1f} contain a word."
        )
    best = table.sort_values("relation", ascending=False, kind="stable").drop_duplicates("motif")
    sorts = best.groupby(["relation", "family"]).size().reset_index(name="motifs")
    for row in (
        sorts.sort_values(["motifs", "relation", "family"], ascending=[False, False, True]).head(10).itertuples()
    ):
        said = "" if row.relation == "is" else "contains "
        click.echo(f"  {said}{row.family}: {row.motifs} motif{'s' if row.motifs > 1 else ''}")
    next_step(f"combmotif scan SEQUENCES.fa --motifs {queries} --out hits.tsv")
