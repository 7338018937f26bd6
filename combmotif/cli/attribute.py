"""``combmotif attribute``: which bases of the sequences of a file make an output, or a neuron, what it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from combmotif.cli.guide import GuidedCommand
from combmotif.cli.options import PATH, device_option, model_option, seed_option, sequences_options, trust_option


@click.command(
    cls=GuidedCommand,
    example="combmotif attribute --model mrl --fasta utrs.fa --target output:0 --out attributions",
    then="modisco motifs -s attributions/output-0.ohe.npz -a attributions/output-0.npz      recurring motifs (DNA)",
)
@model_option("target_model")
@sequences_options
@click.option("--target", default="output:0", show_default=True, help="output:0, output:NAME, or a neuron: conv3:12.")
@click.option(
    "--method",
    type=click.Choice(["integrated_gradients", "gradient_shap", "gradient_input", "mutagenesis"]),
    default="integrated_gradients",
    show_default=True,
)
@click.option(
    "--baselines",
    type=click.IntRange(min=1, max=10_000),
    default=10,
    show_default=True,
    help="Dinucleotide shuffles of each sequence.",
)
@click.option("--tolerance", type=float, default=0.05, show_default=True, help="Largest completeness error accepted.")
@seed_option()
@click.option("--out", type=PATH, required=True, help="Folder to write to.")
@trust_option
@device_option()
def attribute(
    target_model: str,
    fasta: Path | None,
    table: Path | None,
    sequence: str | None,
    name: str | None,
    annotation: Path | None,
    skip_invalid: bool,  # noqa: FBT001
    target: str,
    method: str,
    baselines: int,
    tolerance: float,
    seed: int,
    out: Path,
    trust: bool,  # noqa: FBT001
    device: str,
) -> None:
    """Score the contribution of every base to an output or a neuron.

    Writes TARGET.h5 and TARGET.npz with TARGET.ohe.npz, which TF-MoDISco and Fi-NeMo read, and TARGET.tsv with each
    sequence's value and completeness error.
    """
    import numpy as np
    import pandas as pd

    from combmotif.attribution import (
        AttributionOptions,
        Attributions,
        attribute_parts,
        parse_target,
        write_attributions,
    )
    from combmotif.attribution.attributions import completeness_warning
    from combmotif.cli.progress import StageProgress
    from combmotif.config import open_model_from
    from combmotif.core.files import write_table
    from combmotif.core.output import OutputFolder
    from combmotif.models import choose_device
    from combmotif.sequence.left_out import LEFT_OUT, write_left_out
    from combmotif.sequence.tables import read_fasta, read_table

    if (fasta is None) == (table is None):
        raise click.UsageError("give one of --fasta and --table")
    model = open_model_from(target_model, device=choose_device(device), trust=trust)
    chosen = parse_target(target, model)
    options = AttributionOptions(method=method, baselines=baselines, tolerance=tolerance)
    if fasta is not None:
        sequences = read_fasta(fasta, annotation=annotation, skip_invalid=skip_invalid)
    else:
        assert table is not None
        sequences = read_table(table, sequence=sequence, name=name, annotation=annotation, skip_invalid=skip_invalid)
    for note in sequences.notes:
        click.echo(f"Warning: {note}", err=True)
    if doubts := model.doubts(sequences.codes, tracks=sequences.tracks):
        click.echo(f"Warning: {doubts}", err=True)
    told: list[tuple] = []

    def parts() -> Iterator[Attributions]:
        with StageProgress() as progress:
            for part in attribute_parts(
                model, sequences.codes, chosen, options=options, names=sequences.names, tracks=sequences.tracks,
                seed=seed, progress=lambda done, total: progress.update("sequences", done, total),
            ):  # fmt: skip
                told.append((part.rows, part.table(), part.tolerance))
                yield part

    width = int(sequences.lengths.max())
    own = OutputFolder(out, "attributions")
    own.files([chosen.file_name + ending for ending in (".h5", ".npz", ".ohe.npz", ".tsv")])
    path = out / chosen.file_name
    files = write_attributions(parts(), path, names=sequences.names, width=width)
    write_left_out(own.file(LEFT_OUT), sequences.left_out)
    rows = np.concatenate([own for own, _, _ in told])
    whole = pd.concat([one for _, one, _ in told]).iloc[np.argsort(rows, kind="stable")]
    write_table(path.with_name(path.name + ".tsv"), whole)
    own.settle()
    errors, steps = whole["completeness_error"].to_numpy(float), whole["steps"].to_numpy(int)
    warning = completeness_warning(str(chosen), errors, told[0][2], steps)
    if warning:
        click.echo(f"Warning: {warning}", err=True)
    click.echo(f"{len(whole):,} of {len(sequences):,} sequences explained for {chosen}: {files[0]}")
