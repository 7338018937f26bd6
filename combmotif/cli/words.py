"""``combmotif words``: what k-mers do to a model's predictions, alone and in pairs."""

from __future__ import annotations

from pathlib import Path

import click

from combmotif.cli.guide import GuidedCommand, next_step
from combmotif.cli.options import (
    PATH,
    device_option,
    model_option,
    option,
    quiet_option,
    seed_option,
    sequences_options,
    trust_option,
)

_RANDOM = 2000


@click.command(
    cls=GuidedCommand,
    example="combmotif words --model mrl AUG UAA --out runs/words",
    then="open words.html in the folder",
)
@click.argument("words", nargs=-1, required=True)
@model_option("target")
@sequences_options
@click.option(
    "--length",
    type=click.IntRange(min=1),
    help="Length of random sequences in nt; default that of the model, else 100.",
)
@option("--backgrounds", type=click.IntRange(min=6), default=500, help="Background sequences per test.")
@click.option(
    "--without", multiple=True, metavar="WORD", help="Also measure in backgrounds without, and with, this k-mer."
)
@option("--distance", type=click.IntRange(min=0), default=11, help="Longest distance between two words, in nt.")
@click.option("--no-pairs", is_flag=True, help="Measure the words alone.")
@click.option("--output", help="Output, by name or number from 0; default all outputs for k-mers, the first for pairs.")
@option(
    "--latent",
    type=click.Choice(["auto", "spline", "identity", "logit", "log", "none"]),
    default="auto",
    help="Second scale of pairs; auto: the link of the model's card, else a fitted curve.",
)
@click.option("--out", type=PATH, required=True, help="Folder of the tables.")
@seed_option("Seed of random sequences, positions and scrambles.")
@trust_option
@device_option()
@quiet_option()
def words(
    words: tuple[str, ...], target: str, fasta: Path | None, table: Path | None, sequence: str | None,
    name: str | None, annotation: Path | None,
    skip_invalid: bool,  # noqa: FBT001
    length: int | None, backgrounds: int, without: tuple[str, ...], distance: int,
    no_pairs: bool,  # noqa: FBT001
    output: str | None, latent: str, out: Path, seed: int,
    trust: bool,  # noqa: FBT001
    device: str,
    quiet: bool,  # noqa: FBT001
) -> None:  # fmt: skip
    """Measure the effects of k-mers (WORDS): alone, by position, and in pairs by order, frame and distance.

    IUPAC words are inserted into background sequences (those of a file, or random ones) and compared with scrambles of
    themselves at the same position. Every background is one observation of a test; q-values are Benjamini-Hochberg's.

    The folder gets motif_effects.tsv (each word), motif_positions.tsv (by position and frame), kmer_pairs.tsv (every
    word before every other: together, in each frame, at each distance) and words.html, a page that shows them.
    """
    from combmotif.cli.progress import StageProgress
    from combmotif.config import open_model_from
    from combmotif.config.effects import MarginalOptions
    from combmotif.core.files import write_table
    from combmotif.core.output import OutputFolder
    from combmotif.effect.kmers import kmer_effects
    from combmotif.models import choose_device
    from combmotif.report.kmers import kmer_page
    from combmotif.sequence.sets import random_sequences
    from combmotif.sequence.tables import read_fasta, read_table

    if fasta is not None and table is not None:
        raise click.UsageError("give one of --fasta and --table, or neither for random sequences")
    if length is not None and (fasta is not None or table is not None):
        raise click.UsageError("--length is of random sequences; leave out --fasta and --table")
    if annotation is not None and fasta is None and table is None:
        raise click.UsageError("--annotation needs the sequences: --fasta or --table")
    model = open_model_from(target, device=choose_device(device), trust=trust)
    if fasta is not None:
        sequences = read_fasta(fasta, annotation=annotation, skip_invalid=skip_invalid)
    elif table is not None:
        sequences = read_table(table, sequence=sequence, name=name, annotation=annotation, skip_invalid=skip_invalid)
    else:
        size = length or model.input_spec.length or 100
        sequences = random_sequences(max(_RANDOM, backgrounds), size, seed=seed)
    for one, codes in zip(sequences.names, sequences.codes, strict=True):
        model.check(codes, name=f"{sequences.source}: '{one}'")
    chosen: int | str = "all" if output is None else int(output) if output.isdecimal() else output
    options = MarginalOptions(backgrounds=backgrounds, without=list(without), output=chosen)
    folder = OutputFolder(out, "words")
    with StageProgress() as progress:
        found = kmer_effects(
            model, sequences, words, options, longest=None if no_pairs else distance, latent=latent, seed=seed,
            on_pairs=lambda done, total: progress.update("pairs", done, total),
        )  # fmt: skip
    written = {"motif_effects.tsv": found.table, "motif_positions.tsv": found.positions}
    if no_pairs:
        folder.remove("kmer_pairs.tsv")
    else:
        written["kmer_pairs.tsv"] = found.pairs
    for file, content in written.items():
        write_table(folder.file(file), content)
    kmer_page(folder.file("words.html"), model=model.name, effects=found.table, pairs=found.pairs)
    folder.settle()
    if quiet:
        return
    plain = found.table[(found.table["background"] == "all") & (found.table["inserted"] == "best k-mer")]
    for row in plain.itertuples():
        click.echo(
            f"{row.motif}: {row.effect:+.3g} on {row.output} (95 % {row.ci_low:+.3g} to {row.ci_high:+.3g}, "
            f"q = {row.q_value:.2g}, n = {row.n}): {found.table.at[row.Index, 'class']}"
        )
    for place, row in found.pairs[found.pairs["placed"] == "order"].iterrows():
        apart = found.pairs[
            (found.pairs["first"] == row["first"]) & (found.pairs["second"] == row["second"])
            & (found.pairs["placed"] == "distance") & found.pairs["epistasis"].notna()
        ]  # fmt: skip
        told = ""
        if len(apart):
            best = apart.loc[apart["epistasis"].abs().idxmax()]
            told = f"; largest {best['epistasis']:+.3g}, {best['distance_min']} nt apart"
        click.echo(
            f"{row['first']} before {row['second']}: epistasis {row['epistasis']:+.3g} (q = {row['q_value']:.2g}): "
            f"{found.pairs.at[place, 'class']}{told}"
        )
    next_step(f"open {out / 'words.html'} in a browser; the tables are beside it")
