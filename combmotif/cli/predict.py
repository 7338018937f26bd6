"""``combmotif predict``: predictions for the sequences of a file."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option("--model", "target", required=True, help="Name of a shipped model, path of a card, or a config file.")
@click.option("--fasta", type=click.Path(path_type=Path), help="FASTA file, plain or .gz.")
@click.option("--table", type=click.Path(path_type=Path), help="CSV or TSV file with a header line, plain or .gz.")
@click.option("--sequence", help="Column of the sequences in --table; default sequence, seq or utr.")
@click.option("--name", help="Column of the names in --table; default row1, row2, ...")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="TSV file to write.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or mps.")
def predict(
    target: str,
    fasta: Path | None,
    table: Path | None,
    sequence: str | None,
    name: str | None,
    out: Path,
    device: str,
) -> None:
    """Predict the sequences of a FASTA file or a table, one row each, in bounded memory.

    Lower case is accepted, U and T are the same letter, N and other ambiguity letters are no base.
    """
    from combmotif.config import open_model_from
    from combmotif.models import choose_device
    from combmotif.models.predict_file import predict_file
    from combmotif.sequence.stream import stream_table
    from combmotif.sequence.tables import iterate_fasta

    if (fasta is None) == (table is None):
        raise click.UsageError("give one of --fasta and --table")
    if table is None and (sequence or name):
        raise click.UsageError("--sequence and --name name columns of --table")
    model = open_model_from(target, device=choose_device(device))
    if table is None:
        assert fasta is not None
        records = iterate_fasta(fasta)
    else:
        records = stream_table(table, sequence=sequence, name=name)
    count = predict_file(model, records, out, source=str(fasta or table))
    click.echo(f"{count:,} predictions of {model.name} ({', '.join(model.outputs)}): {out}")
