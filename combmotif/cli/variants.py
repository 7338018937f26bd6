"""``combmotif variants``: what variants do to a model's predictions."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import click

from combmotif.cli.guide import GuidedCommand, next_step
from combmotif.cli.options import PATH, device_option, model_option, option, quiet_option, refuse_input, trust_option


@click.command(
    cls=GuidedCommand,
    example="combmotif variants --model mrl --vcf variants.vcf.gz --fasta genome.fa --annotation genes.gtf "
    "--region 5utr --run runs/mrl --out runs/variants",
    then="open variants.tsv and variant_sites.tsv in the folder",
)
@model_option("target")
@click.option("--vcf", type=PATH, help="Variants, plain or .gz; with --fasta.")
@click.option("--fasta", type=PATH, help="Genome of the same build.")
@click.option("--annotation", type=PATH, help="GTF, GFF3 or BED12: variants in transcripts, on their strand.")
@click.option(
    "--region",
    type=click.Choice(["5utr", "cds", "3utr", "transcript", "donor", "exon"]),
    help="Region of the transcripts that the model reads; for HAL it is known: donor, or exon.",
)
@click.option(
    "--anchor",
    type=click.Choice(["variant", "start", "end"]),
    help="For models of one input length: the window is centred on the variant, or starts or ends with the region. "
    "Default end for 5utr, else variant.",
)
@click.option(
    "--window",
    type=click.IntRange(min=1),
    help="Window in nt, for models of any input length; default the region or 512.",
)
@option("--strand", type=click.Choice(["+", "-"]), default="+", help="Strand to read, without --annotation.")
@click.option("--table", type=PATH, help="Pairs of sequences instead of a VCF file: CSV or TSV with a header line.")
@option("--ref", default="ref_sequence", help="Column of the reference sequences in --table.")
@option("--alt", default="alt_sequence", help="Column of the alternative sequences.")
@click.option("--name", help="Column of the names; default row1, row2, ...")
@click.option("--psi", metavar="COLUMN", help="Measured inclusion of the reference, 0 to 1: also predict that of ALT.")
@option("--factor", type=float, default=2.0, help="With --psi: log odds of inclusion per unit of the output.")
@option(
    "--latent",
    type=click.Choice(["auto", "identity", "logit", "log", "none"]),
    default="auto",
    help="Scale of the second difference; auto: the link of the model's card.",
)
@click.option(
    "--run", "run", type=PATH, help="Run folder of the model, to find neurons and motifs that are created or disrupted."
)
@click.option("--out", type=PATH, required=True, help="Folder of the tables.")
@trust_option
@device_option()
@quiet_option()
def variants(
    target: str, vcf: Path | None, fasta: Path | None, annotation: Path | None, region: str | None,
    anchor: str | None, window: int | None, strand: str, table: Path | None, ref: str, alt: str, name: str | None,
    psi: str | None, factor: float, latent: str, run: Path | None, out: Path,
    trust: bool,  # noqa: FBT001
    device: str,
    quiet: bool,  # noqa: FBT001
) -> None:  # fmt: skip
    """Predict the effects of variants, and which neurons and motifs they create or disrupt.

    Substitutions, insertions and deletions of a VCF file are applied to the surrounding sequence, or pairs of sequences
    are read from a table. The folder gets variants.tsv (reference, alternative and difference of every output, as
    predicted and on the latent scale), variant_sites.tsv (with --run) and skipped.tsv: variants whose reference base,
    chromosome or position does not fit, each with the reason.
    """
    import pandas as pd

    from combmotif.cli.progress import StageProgress
    from combmotif.config import open_model_from
    from combmotif.core.files import write_table
    from combmotif.core.output import OutputFolder
    from combmotif.core.tables import SKIPPED_VARIANTS
    from combmotif.evaluation.variant_effects import pairs_of_table, pairs_of_vcf, variant_effects
    from combmotif.evaluation.variant_sites import read_sites
    from combmotif.models import choose_device

    if (vcf is None) == (table is None):
        raise click.UsageError("give one of --vcf and --table")
    if vcf is not None and fasta is None:
        raise click.UsageError("--vcf needs the genome: --fasta")
    if table is not None and (fasta or annotation or region or anchor or window):
        raise click.UsageError("--fasta, --annotation, --region, --anchor and --window go with --vcf")
    if psi is not None and table is None:
        raise click.UsageError("--psi names a column of --table")
    refuse_input(out, vcf, fasta, table, annotation)
    model = open_model_from(target, device=choose_device(device), trust=trust)
    reader = None if run is None else read_sites(run, model)
    if vcf is not None and fasta is not None:
        pairs = pairs_of_vcf(
            vcf, fasta, model, annotation=annotation, region=region, window=window, anchor=anchor, strand=strand
        )
    else:
        assert table is not None
        pairs = pairs_of_table(table, ref=ref, alt=alt, name=name, psi=psi)
    if model.input_spec.channels > 4:
        click.echo(
            f"Warning: {model.name} reads {model.input_spec.channels - 4} tracks beside the bases (coding frame, "
            f"splice sites), which are zero here",
            err=True,
        )
    folder = OutputFolder(out, "variants")
    with StageProgress() as progress:
        found = variant_effects(
            model, pairs, latent=latent, sites=reader, factor=factor,
            on_rows=lambda rows: progress.update("variants", rows, None),
        )  # fmt: skip
    written = {"variants.tsv": found.table}
    if reader is not None:
        written["variant_sites.tsv"] = found.sites
    if found.skipped:
        written["skipped.tsv"] = pd.DataFrame(found.skipped, columns=SKIPPED_VARIANTS.names)
    folder.remove(*({"variants.tsv", "variant_sites.tsv", "skipped.tsv"} - set(written)))
    for file, content in written.items():
        write_table(folder.file(file), content)
    folder.settle()
    if found.skipped:
        click.echo(f"Warning: {len(found.skipped):,} variants were left out ({out / 'skipped.tsv'}):", err=True)
        for reason, count in Counter(_kind(reason) for _, reason in found.skipped).most_common():
            click.echo(f"  {count:,}: {reason}", err=True)
    if quiet:
        return
    click.echo(f"{len(found.table):,} variants, outputs {', '.join(model.outputs)}: {out / 'variants.tsv'}")
    if not any(column.startswith("latent:") for column in found.table) and latent != "none":
        click.echo("No link is in the model's card: give --latent logit, log or identity for a scale that adds up.")
    if reader is not None:
        counts = found.sites.groupby(["of", "change"], sort=False).size()
        told = ", ".join(f"{count:,} {of}s {change}" for (of, change), count in counts.items())
        click.echo(f"{told or 'No site is made or broken'}: {out / 'variant_sites.tsv'}")
    next_step(f"open {out / 'variants.tsv'}")


def _kind(reason: str) -> str:
    """Say a reason without what differs between variants: alleles, quoted names and what stands in brackets."""
    return re.sub(r" \([^)]*\)| '[^']*'| [ACGTN]+\b(?= is)", "", reason)
