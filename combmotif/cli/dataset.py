"""``combmotif dataset``: sequences, alignments and variants, prepared for a benchmark."""

from __future__ import annotations

from pathlib import Path

import click

from combmotif.cli.guide import GuidedCommand, GuidedGroup
from combmotif.cli.options import PATH, refuse_input

_REGION = click.option("--region", default="3utr", show_default=True, help="3utr, 5utr, cds or transcript.")
_ORIENTATION = click.option(
    "--orientation", default="rna", show_default=True, help="rna (strand of the transcript) or genome (forward strand)."
)

_SHUFFLE = click.option("--shuffle", is_flag=True, help="Sequences in random order, as in training sets.")
_SHARD = click.option(
    "--shard", type=click.IntRange(min=1), help="Files of this many sequences: OUT.0001.fa and so on."
)
_SEED = click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the order.")


@click.group(
    cls=GuidedGroup,
    example="combmotif dataset utrs --annotation genes.gtf.gz --fasta genome.fa --out utrs.fa",
    then="combmotif embed --model utr3_lm --fasta utrs.fa --out embeddings.h5",
)
def dataset() -> None:
    """Prepare data: untranslated regions, orthologues, alignment frequencies, variants."""


@dataset.command(
    cls=GuidedCommand,
    example="combmotif dataset utrs --annotation genes.gtf.gz --fasta genome.fa --out utrs.fa",
    then="combmotif embed --model utr3_lm --fasta utrs.fa --out embeddings.h5",
)
@click.option("--annotation", type=PATH, required=True, help="GTF, GFF3, BED12, or BED of the regions.")
@click.option("--fasta", type=PATH, required=True, help="The genome, plain or .gz.")
@_REGION
@_ORIENTATION
@click.option("--shortest", type=click.IntRange(min=1), default=1, show_default=True, help="In nt.")
@_SHUFFLE
@_SHARD
@_SEED
@click.option("--out", type=PATH, required=True, help="FASTA; OUT.tsv says where every sequence lies.")
def utrs(
    annotation: Path, fasta: Path, region: str, orientation: str, shortest: int,
    shuffle: bool,  # noqa: FBT001
    shard: int | None, seed: int, out: Path,
) -> None:  # fmt: skip
    """Cut a region of every annotated transcript out of a genome; parts on several exons are joined."""
    from combmotif.evaluation.dataset.write import Sorting, write_utrs

    refuse_input(out, fasta, annotation)
    count, skipped = write_utrs(
        annotation, fasta, out, region=region, orientation=orientation, shortest=shortest,
        sorting=Sorting(shuffle, shard, seed),
    )  # fmt: skip
    _tell(count, "sequences", skipped, out)


@dataset.command(
    cls=GuidedCommand,
    example="combmotif dataset orthologs --maf chr22.maf.gz --annotation genes.gtf --fasta chr22.fa --reference hg38 "
    "--out orthologs.tsv",
)
@click.option("--maf", type=PATH, required=True, help="Alignment, plain or .gz.")
@click.option("--annotation", type=PATH, required=True, help="GTF, GFF3 or BED12 of the reference.")
@click.option("--fasta", type=PATH, required=True, help="Genome of the reference.")
@click.option("--reference", required=True, help="Species of the reference in the MAF, such as hg38.")
@click.option("--any-stop", is_flag=True, help="Accept any stop codon, not only that of the reference.")
@click.option("--aligned", is_flag=True, help="Write the aligned 3'UTRs instead, as FASTA on the reference's columns.")
@click.option(
    "--annotated",
    multiple=True,
    metavar="SPECIES=FILE",
    help="GTF, GFF3 or BED12 of another species, whose 3'UTRs end as annotated; default: as long as the reference's.",
)
@click.option(
    "--genome", multiple=True, metavar="SPECIES=FILE", help="FASTA of another species: write its 3'UTRs, too (OUT.fa)."
)
@_SHUFFLE
@_SHARD
@_SEED
@click.option("--out", type=PATH, required=True, help="Table of intervals, or FASTA with --aligned.")
def orthologs(
    maf: Path,
    annotation: Path,
    fasta: Path,
    reference: str,
    any_stop: bool,  # noqa: FBT001
    aligned: bool,  # noqa: FBT001
    annotated: tuple[str, ...],
    genome: tuple[str, ...],
    shuffle: bool,  # noqa: FBT001
    shard: int | None,
    seed: int,
    out: Path,
) -> None:
    """Find the 3'UTRs of other species behind stop codons that are aligned to those of the reference."""
    from combmotif.evaluation.dataset.write import Sorting, write_aligned, write_orthologues

    annotations, genomes = _by_species(annotated, "--annotated"), _by_species(genome, "--genome")
    if aligned and (annotations or genomes):
        raise click.UsageError("--annotated and --genome are for intervals, not for --aligned")
    if (shuffle or shard) and not genomes:
        raise click.UsageError("--shuffle and --shard are of the sequences of --genome")
    refuse_input(out, maf, fasta, annotation, *annotations.values(), *genomes.values())
    if aligned:
        count, skipped = write_aligned(maf, annotation, fasta, out, reference=reference)
    else:
        count, skipped = write_orthologues(
            maf, annotation, fasta, out, reference=reference, same_stop=not any_stop, annotations=annotations,
            genomes=genomes, sorting=Sorting(shuffle, shard, seed),
        )  # fmt: skip
    _tell(count, "3'UTRs", skipped, out)


@dataset.command(
    "msa-frequencies",
    cls=GuidedCommand,
    example="combmotif dataset msa-frequencies --maf chr22.maf.gz --annotation genes.gtf --fasta chr22.fa "
    "--reference hg38 --out frequencies.h5",
    then="combmotif evaluate motifs --model probabilities:frequencies.h5 --set fasta=utrs.fa ... --out runs/alignment",
)
@click.option("--maf", type=PATH, required=True, help="Alignment, plain or .gz.")
@click.option("--annotation", type=PATH, required=True, help="GTF, GFF3 or BED12 of the reference.")
@click.option("--fasta", type=PATH, required=True, help="Genome of the reference.")
@click.option("--reference", required=True, help="Species of the reference in the MAF, such as hg38.")
@click.option("--with-reference", is_flag=True, help="Count the reference itself, as the published Zoo-AL does.")
@_REGION
@click.option("--out", type=PATH, required=True, help="HDF5: /NAME/probs (length, 4).")
def msa_frequencies(
    maf: Path,
    annotation: Path,
    fasta: Path,
    reference: str,
    with_reference: bool,  # noqa: FBT001
    region: str,
    out: Path,
) -> None:
    """Write how often each base stands in every column of an alignment: a model without training."""
    from combmotif.evaluation.dataset.write import write_frequencies

    refuse_input(out, maf, fasta, annotation)
    count, skipped = write_frequencies(
        maf, annotation, fasta, out, reference=reference, region=region, with_reference=with_reference
    )
    _tell(count, "regions", skipped, out)


@dataset.command(
    cls=GuidedCommand,
    example="combmotif dataset variants --vcf clinvar.vcf.gz --fasta genome.fa --annotation genes.gtf --info CLNSIG "
    "--out variants.tsv",
    then="combmotif evaluate variants --model utr3_lm --set table=variants.tsv --set label=CLNSIG ... --out runs/v",
)
@click.option("--vcf", type=PATH, required=True, help="Variants, plain or .gz.")
@click.option("--fasta", type=PATH, required=True, help="Genome of the same build.")
@click.option("--annotation", type=PATH, help="As for utrs: only variants in a region, on its strand.")
@_REGION
@_ORIENTATION
@click.option("--window", type=click.IntRange(min=1), default=512, show_default=True, help="In nt, around the variant.")
@click.option("--whole-region", is_flag=True, help="The whole region instead of a window.")
@click.option("--info", multiple=True, metavar="KEY", help="Keys of INFO to keep as columns.")
@click.option(
    "--pairs", type=PATH, help="Also FASTA of NAME_ref and NAME_alt, for a model whose results come as a file."
)
@click.option("--out", type=PATH, required=True, help="Table with ref_sequence and alt_sequence.")
def variants(
    vcf: Path, fasta: Path, annotation: Path | None, region: str, orientation: str, window: int,
    whole_region: bool,  # noqa: FBT001
    info: tuple[str, ...], pairs: Path | None, out: Path,
) -> None:  # fmt: skip
    """Put variants into the sequence around them: single bases, insertions and deletions.

    VCF, FASTA and annotation must be of one genome build; lift a VCF of another over first (liftOver, CrossMap).
    """
    from combmotif.evaluation.dataset.write import write_variants

    refuse_input(out, vcf, fasta, annotation)
    if pairs is not None:
        refuse_input(pairs, vcf, fasta, annotation)
    count, skipped = write_variants(
        vcf, fasta, out, annotation=annotation, region=region, orientation=orientation,
        window=None if whole_region else window, info=info, fasta_out=pairs,
    )  # fmt: skip
    _tell(count, "variants", skipped, out)


def _by_species(given: tuple[str, ...], name: str) -> dict[str, Path]:
    found = {}
    for text in given:
        species, equals, path = text.partition("=")
        if not species or not equals or not path:
            raise click.UsageError(f"{name}: expected SPECIES=FILE such as mm10=FILE, found '{text}'")
        found[species] = Path(path)
    return found


def _tell(count: int, what: str, skipped: list[tuple[str, str]], out: Path) -> None:
    if skipped:
        name, reason = skipped[0]
        click.echo(
            f"Warning: {len(skipped):,} were skipped, first '{name}': {reason} (all in {out}.skipped.tsv)", err=True
        )
    click.echo(f"{count:,} {what}: {out}")
