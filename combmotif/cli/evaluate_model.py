"""``combmotif evaluate-model``: the metrics of a model card, worked out again."""

from __future__ import annotations

from pathlib import Path

import click

from combmotif.cli.complete import complete_model
from combmotif.cli.guide import GuidedCommand
from combmotif.cli.options import PATH, device_option, trust_option


@click.command(
    "evaluate-model",
    cls=GuidedCommand,
    example="combmotif evaluate-model mrl --table utrs.tsv --sequence utr --label rl",
    then="combmotif inspect mrl           which layers it has",
)
@click.argument("target", shell_complete=complete_model)
@click.option("--table", type=PATH, required=True, help="CSV, TSV or HDF5 file, plain or .gz.")
@click.option("--sequence", help="Column or dataset of the sequences; default sequence, seq or utr.")
@click.option("--label", required=True, help="Column or dataset of the measured values.")
@click.option("--name", help="Column of the transcripts' names, for --annotation.")
@click.option("--annotation", type=PATH, help="BED12, GTF or GFF3 of the transcripts.")
@click.option("--skip-invalid", is_flag=True, help="Leave out transcripts without a usable annotation.")
@click.option("--output", default="0", show_default=True, help="Output of the model, by name or number from 0.")
@click.option("--where", metavar="COLUMN=VALUE", help="Only the rows of the table with this value: split=test.")
@click.option("--exclude", multiple=True, metavar="WORD", help="Leave out sequences with this IUPAC word, such as AUG.")
@click.option(
    "--last", type=click.IntRange(min=1), help="Only the last nt of each sequence; shorter ones are left out."
)
@trust_option
@device_option()
def evaluate_model(
    target: str,
    table: Path,
    sequence: str | None,
    label: str,
    name: str | None,
    annotation: Path | None,
    skip_invalid: bool,  # noqa: FBT001
    output: str,
    where: str | None,
    exclude: tuple[str, ...],
    last: int | None,
    trust: bool,  # noqa: FBT001
    device: str,
) -> None:
    """Compare a model's predictions with measured values.

    It prints Pearson's r, its square, Spearman's rho and the number of rows.

    TARGET is the name of a shipped model, the path of a model card or a Keras file, or a config file.
    """
    from combmotif.config import open_model_from, output_index
    from combmotif.models import choose_device
    from combmotif.models.evaluation import evaluate
    from combmotif.sequence.alphabet import contains
    from combmotif.sequence.hdf5 import read_hdf5
    from combmotif.sequence.tables import read_table

    model = open_model_from(target, device=choose_device(device), trust=trust)
    column = output_index(int(output) if output.isdecimal() else output, model.outputs, key="--output")
    if table.suffix in (".h5", ".hdf5"):
        if name or annotation or where:
            raise click.UsageError("--name, --annotation and --where are for a table, not for an HDF5 file")
        sequences = read_hdf5(table, sequence=sequence or "sequence", label=label, skip_missing=True)
    else:
        sequences = read_table(
            table, sequence=sequence, name=name, labels=[label], annotation=annotation, where=where, skip_missing=True,
            skip_invalid=skip_invalid,
        )  # fmt: skip
    for note in sequences.notes:
        click.echo(f"Warning: {note}", err=True)
    if last:
        sequences = sequences.last(last)
    if exclude:
        free = [not any(contains(codes[None], word)[0] for word in exclude) for codes in sequences.codes]
        sequences = sequences.subset([row for row, kept in enumerate(free) if kept])
    if sequences.tracks is None and model.input_spec.channels > 4:
        click.echo(
            f"Warning: {model.name} reads {model.input_spec.channels - 4} tracks beside the bases; they are zero here",
            err=True,
        )
    found = evaluate(model, sequences, output=column)
    click.echo(f"{model.name}: {model.outputs[column]} against {label} of {table}")
    if found.pearson == found.pearson:
        click.echo(f"pearson {found.pearson:.4f}")
        click.echo(f"squared correlation {found.squared_correlation:.4f}")
        click.echo(f"spearman {found.spearman:.4f}")
    else:
        click.echo("No correlation is defined: all predictions, or all measured values, are the same.")
    click.echo(f"n {found.n}")
    for metric in model.description.get("metrics", []):
        click.echo(f"the card says: {metric['name']} {metric['value']:g} on {metric.get('data', '')}")
