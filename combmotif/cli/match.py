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
@click.option("--top", type=click.IntRange(min=1), help="Most matches per part of a motif; default 5.")
@click.option(
    "--whole", is_flag=True, help="Compare whole matrices, as MEME's Tomtom does; nothing is split or left out."
)
@click.option(
    "--pseudocount",
    type=click.FloatRange(min=0),
    help="With --whole: counts added to every column, as Tomtom's -motif-pseudo; default 0.1.",
)
@click.option("--species", help="Only elements of this species: Homo_sapiens, or hsa for microRNAs.")
@click.option(
    "--kinds",
    help="Only elements of these kinds, or without one: translation,splicing,... (as match.kinds of a config).",
)
@click.option("--sites", default="7mer-m8", show_default=True, help="Of microRNAs: 8mer, 7mer-m8, 7mer-A1, 6mer.")
@click.option(
    "--shuffles",
    type=click.IntRange(min=0, max=10_000),
    help="Shuffled copies of each database, to estimate the number of chance matches; default 10, 0 for none.",
)
@seed_option("Of the shuffles.")
@quiet_option()
def match(
    queries: Path,
    databases: tuple[str, ...],
    out: Path,
    strands: str,
    q: float,
    top: int | None,
    whole: bool,  # noqa: FBT001
    pseudocount: float | None,
    species: str | None,
    kinds: str | None,
    sites: str,
    shuffles: int | None,
    seed: int,
    quiet: bool,  # noqa: FBT001
) -> None:
    """Find the known elements that motifs resemble.

    QUERIES and databases are MEME, TRANSFAC, JASPAR, HOMER, CISBP-RNA, ATtRACT, TF-MoDISco or combmotif files,
    recognised by content; mature microRNAs (FASTA) give their target sites. Matrices are compared as Tomtom does,
    k-mers by an exact test; q is over all pairs of the call. Motifs are split at flat columns, each part is matched
    separately, and motifs without a part of at least 2 bits are not matched (they are listed in NAME.left_out.tsv
    beside OUT).

    With --whole the result is that of MEME's Tomtom (-dist ed) for whole matrices: p, E (p times the targets), q (of
    one motif's targets, at most --q), offset (Tomtom's Optimal_offset with the other sign) and overlap.

    Columns: motif, target, name, kind, family, database, offset, overlap, strand, p_value, e_value, q_value, consensus
    of both, citation, method, relation (is: q is small enough; contains: the consensus spells the word), start, end
    (columns of the motif that were matched), partner, distance, frame (of a start codon the stop codon downstream, of a
    stop codon the start codon upstream), chance (share of the motifs that match a shuffled database as well).
    """
    import numpy as np

    from combmotif.config.stages import MatchSection
    from combmotif.core.files import write_table
    from combmotif.core.typed_yaml import default_of
    from combmotif.motifs.files import known_sites, open_motifs
    from combmotif.motifs.matching.control import match_control
    from combmotif.motifs.matching.database import load_database, of_kinds
    from combmotif.motifs.matching.family import with_families
    from combmotif.motifs.matching.match import match as find
    from combmotif.motifs.matching.mirna import check_site_types
    from combmotif.motifs.matching.pairs import informative_runs
    from combmotif.motifs.matching.tomtom import MEME_PSEUDOCOUNT
    from combmotif.motifs.matching.whole import match_whole
    from combmotif.sequence.left_out import LeftOut, left_out_beside, write_left_out

    if out.is_dir():
        raise ValueError(f"--out: expected a file to write, such as matches.tsv, found the folder {out}")
    if whole and (top is not None or shuffles):
        raise click.UsageError("--top and --shuffles do not go with --whole, which gives every match with q <= --q")
    if pseudocount is not None and not whole:
        raise click.UsageError("--pseudocount goes with --whole")
    refuse_input(out, queries, *databases)
    listed = None if whole else left_out_beside(out)
    types = check_site_types([part.strip() for part in sites.split(",") if part.strip()])
    motifs, _ = open_motifs(queries)
    loaded = [load_database(name, species=species, sites=types) for name in databases]
    if kinds is not None:
        loaded = of_kinds(loaded, [part.strip() for part in kinds.split(",") if part.strip()], name="--kinds")
    known = with_families(loaded)
    if whole:
        given = known_sites(queries)
        table = match_whole(
            motifs, known, strands=strands, q=q, pseudocount=MEME_PSEUDOCOUNT if pseudocount is None else pseudocount,
            sites=[given.get(motif.id, motif.sites) for motif in motifs],
        )  # fmt: skip
        write_table(out, table)
        if not quiet:
            click.echo(
                f"{table['motif'].nunique()} of {len(motifs)} motifs resemble a known element (whole matrices, as "
                f"MEME's Tomtom; q <= {q:g}): {out}"
            )
            next_step(f"combmotif scan SEQUENCES.fa --motifs {queries} --out hits.tsv")
        return
    assert listed is not None
    table = find(motifs, known, strands=strands, q=q, top=default_of(MatchSection, "top") if top is None else top)
    control = None
    if shuffles is None or shuffles:
        control = match_control(
            motifs, known, table, np.random.default_rng(seed), copies=default_of(MatchSection, "shuffles")
            if shuffles is None else shuffles, strands=strands, q=q,
        )  # fmt: skip
        table["chance"] = control.chance
    write_table(out, table)
    runs = informative_runs(motifs)
    kept = {run.row for run in runs}
    dull = [motif for row, motif in enumerate(motifs) if row not in kept]
    write_left_out(
        listed,
        [LeftOut(one.id, f"no run of columns with 2 bits ({one.information.sum():.2f} in all)") for one in dull],
    )
    if quiet:
        return
    named, spelled = (set(table.loc[table["relation"] == relation, "motif"]) for relation in ("is", "contains"))
    click.echo(
        f"{len(named)} of {len(motifs)} motifs resemble a known element (q <= {q:g}); of the others "
        f"{len(spelled - named)} contain a known word: {out}"
    )
    if species and not any(entry.species for database in known for entry in database.entries):
        click.echo("--species: none of the databases knows species; all of their elements were matched.")
    click.echo(
        f"Motifs were split where columns have under 0.5 bits: {len(runs)} parts of {len(kept)} motifs were compared "
        f"with matrices; --whole compares them as they are."
    )
    if dull:
        first = ", ".join(motif.id for motif in dull[:3]) + (", ..." if len(dull) > 3 else "")
        click.echo(
            f"{len(dull)} motifs have no part with 2 bits of information and were not matched ({first}): {listed}"
        )
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
