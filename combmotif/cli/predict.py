"""``combmotif predict``: predictions for the sequences of a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from combmotif.cli.guide import GuidedCommand
from combmotif.cli.options import PATH, device_option, model_option, refuse_input, sequences_options, trust_option

if TYPE_CHECKING:
    from combmotif.models.predict_file import Record
    from combmotif.sequence.left_out import LeftOut


@click.command(
    cls=GuidedCommand,
    example="combmotif predict --model mrl --fasta utrs.fa --out predictions.tsv",
    then="combmotif init --model mrl      find out what the predictions are based on",
)
@model_option("target")
@sequences_options
@click.option("--out", type=PATH, required=True, help="TSV file to write.")
@trust_option
@device_option()
def predict(
    target: str,
    fasta: Path | None,
    table: Path | None,
    sequence: str | None,
    name: str | None,
    annotation: Path | None,
    skip_invalid: bool,  # noqa: FBT001
    out: Path,
    trust: bool,  # noqa: FBT001
    device: str,
) -> None:
    """Predict the sequences of a FASTA file or a table.

    Writes one row per sequence, in bounded memory.

    With --annotation, a FASTA record with the name of a chromosome is treated as genome, and every transcript on it is
    spliced and predicted; any other record is a transcript. Sequences that are left out are listed with the reason in
    NAME.left_out.tsv beside OUT. Sequences whose length differs from the model's are cut or padded by the model's rule;
    the column 'input' says how.

    Lower case is accepted, U and T are the same letter, and N and other ambiguity codes are unknown bases.
    """
    from combmotif.cli.progress import StageProgress
    from combmotif.config import open_model_from
    from combmotif.models import choose_device
    from combmotif.models.predict_file import predict_file
    from combmotif.sequence.annotation.annotated import annotate, read_annotation
    from combmotif.sequence.delimited import stream_table
    from combmotif.sequence.fasta import count_fasta, iterate_fasta
    from combmotif.sequence.left_out import describe_left_out, left_out_beside, write_left_out

    if (fasta is None) == (table is None):
        raise click.UsageError("give one of --fasta and --table")
    if table is None and (sequence or name):
        raise click.UsageError("--sequence and --name name columns of --table")
    if annotation is not None and table is not None and name is None:
        raise click.UsageError("--annotation needs the column of the transcripts' names (--name)")
    refuse_input(out, fasta, table, annotation)
    listed = None if annotation is None else left_out_beside(out)
    model = open_model_from(target, device=choose_device(device), trust=trust)
    if table is None:
        assert fasta is not None
        found = iterate_fasta(fasta)
    else:
        found = stream_table(table, sequence=sequence, name=name)
    records: Iterable[Record] = found
    left_out: list[LeftOut] = []
    if annotation is not None:
        annotated = annotate(
            found, read_annotation(annotation), source=str(fasta or table), skip_invalid=skip_invalid,
            on_left_out=left_out.append,
        )  # fmt: skip
        records = _some_left(annotated, left_out, source=str(fasta or table))
    elif model.input_spec.channels > 4:
        click.echo(
            f"Warning: {model.name} reads {model.input_spec.channels - 4} tracks beside the bases (coding frame, "
            f"splice sites); they are zero without --annotation",
            err=True,
        )
    total = count_fasta(fasta) if fasta is not None and fasta.is_file() and annotation is None else None
    with StageProgress() as progress:
        count = predict_file(
            model,
            records,
            out,
            source=str(fasta or table),
            on_rows=lambda rows: progress.update("predictions", rows, total),
        )
    if listed is not None and out.is_file():
        write_left_out(listed, left_out)
    if left_out:
        where = f"; all with their reasons: {listed}" if out.is_file() else ""
        click.echo(f"Warning: {describe_left_out(left_out)}{where}", err=True)
    click.echo(f"{count:,} predictions of {model.name} ({', '.join(model.outputs)}): {out}")


def _some_left(records: Iterable[Record], left_out: Sequence[LeftOut], *, source: str) -> Iterator[Record]:
    """Give records on; where all were left out, say why in place of finding none."""
    from combmotif.sequence.left_out import describe_left_out

    count = 0
    for count, record in enumerate(records, 1):  # noqa: B007 - counted
        yield record
    if left_out and not count:
        raise ValueError(f"{source}: expected a sequence that can be used, {describe_left_out(left_out)}")
