"""``combmotif embed`` and ``combmotif score``: vectors of sequences, and probabilities of their bases."""

from __future__ import annotations

from pathlib import Path

import click

from combmotif.cli.guide import GuidedCommand
from combmotif.cli.options import PATH, refuse_input, trust_option

_MODEL = "Card, kmer:5, nt_v2:FOLDER, dnabert:FOLDER, dnabert2:FOLDER, auto:FOLDER or python:FILE.py:FUNCTION."


@click.command(
    cls=GuidedCommand,
    example="combmotif embed --model utr3_lm --fasta utrs.fa --pool mean --layers all --out embeddings.h5",
    then="combmotif evaluate regression --model embeddings:embeddings.h5 --set table=... --out runs/mine",
)
@click.option("--model", required=True, metavar="MODEL", help=_MODEL)
@click.option("--fasta", type=PATH, required=True, help="Sequences, plain or .gz.")
@click.option(
    "--pool", default="mean", show_default=True, help="mean, max, first, cls, center:W; none: every base or token."
)
@click.option("--layers", default="-1", show_default=True, help="all, or numbers such as 0,-1.")
@click.option(
    "--chunk", type=click.IntRange(min=10), help="Cut longer sequences into parts of this many nt; default no."
)
@click.option("--overlap", type=click.IntRange(min=0), default=0, show_default=True, help="Bases that two parts share.")
@click.option("--out", type=PATH, required=True, help=".h5 (names, embeddings, lengths), .npz, .parquet or .tsv.")
@trust_option
def embed(
    model: str,
    fasta: Path,
    pool: str,
    layers: str,
    chunk: int | None,
    overlap: int,
    out: Path,
    trust: bool,  # noqa: FBT001
) -> None:
    """Write a vector for every sequence of a FASTA file.

    With --pool none, for every base or token (/NAME/states).
    """
    from combmotif.config.evaluation import parse_model
    from combmotif.evaluation.adapters.base import trusted
    from combmotif.evaluation.adapters.make import make_adapter
    from combmotif.evaluation.results import embed_fasta

    if overlap and chunk is None:
        raise click.UsageError("--overlap is of the parts of --chunk")
    refuse_input(out, fasta)
    adapter = trusted(make_adapter(parse_model(model, trust=trust), name=model))
    count, width, skipped = embed_fasta(adapter, fasta, out, pool=pool, layers=layers, chunk=chunk, overlap=overlap)
    _tell_skipped(skipped)
    click.echo(f"{count:,} sequences, {width:,} numbers each: {out}")


@click.command(
    cls=GuidedCommand,
    example="combmotif score --model utr3_lm --fasta utrs.fa --mode masked --out probabilities.h5",
    then="combmotif evaluate motifs --model probabilities:probabilities.h5 --set fasta=utrs.fa ... --out runs/mine",
)
@click.option("--model", required=True, metavar="MODEL", help=_MODEL)
@click.option("--fasta", type=PATH, required=True, help="Sequences, plain or .gz.")
@click.option(
    "--mode",
    default="masked",
    show_default=True,
    help="masked (one base at a time), strided:20 (every 20th together), unmasked, causal; ism: what a substitution "
    "changes of a prediction.",
)
@click.option(
    "--ref-aware", is_flag=True, help="Of dnabert and nt_v2: read a base from the tokens with the own bases elsewhere."
)
@click.option(
    "--against", metavar="MODEL", help="Also tell Pearson's r with the probabilities of another: probabilities:FILE."
)
@click.option("--output", default="0", show_default=True, help="With ism: output of the model, by number from 0.")
@click.option(
    "--out",
    type=PATH,
    required=True,
    help=".h5 (/NAME/probs), .npz, .parquet, .tsv or .tsv.gz (a row per base), .bw (of the base).",
)
@trust_option
def score(
    model: str, fasta: Path, mode: str,
    ref_aware: bool,  # noqa: FBT001
    against: str | None, output: str, out: Path,
    trust: bool,  # noqa: FBT001
) -> None:  # fmt: skip
    """Write probabilities, or effects of substitutions, for every base of a FASTA file."""
    from combmotif.config.evaluation import parse_model
    from combmotif.evaluation.adapters.base import trusted
    from combmotif.evaluation.adapters.make import make_adapter
    from combmotif.evaluation.results import agreement, score_fasta

    if against is not None and mode == "ism":
        raise click.UsageError("--against is of probabilities, not of --mode ism")
    refuse_input(out, fasta)
    if not output.isdecimal():
        raise click.UsageError(f"--output: expected a number from 0, found '{output}'")
    adapter = trusted(make_adapter(parse_model(model, trust=trust, ref_aware=ref_aware), name=model))
    other = None if against is None else make_adapter(parse_model(against, trust=trust), name=against)
    if other is not None:
        other.require("masked")
    count, bases, skipped = score_fasta(adapter, fasta, out, mode=mode, output=int(output))
    _tell_skipped(skipped)
    click.echo(f"{count:,} sequences, {bases:,} bases: {out}")
    if other is not None:
        r, n = agreement(adapter, other, fasta, mode=mode)
        click.echo(f"r {r:.4f} of all probabilities with {against} ({n:,} bases)")


def _tell_skipped(skipped: list[tuple[str, str]]) -> None:
    if skipped:
        name, reason = skipped[0]
        click.echo(f"Warning: {len(skipped):,} sequences were skipped, first '{name}': {reason}", err=True)
