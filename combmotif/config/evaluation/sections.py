"""The YAML file of ``combmotif benchmark``, typed: models, tasks, controls, statistics."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from combmotif.config.inputs import ModelSection, Trust
from combmotif.core.typed_yaml import Real, Section, Seed, Whole

KINDS = ("card", "model", "hf", "features", "probabilities", "embeddings", "predictions", "track", "factory", "concat")


class ModelEntry(Section):
    """A model: a card, a network, a Hugging Face folder, features, files of results, or a function of a Python file."""

    card: str | None = Field(None, description="name of a shipped model, or path of a card")
    model: ModelSection | None = Field(
        None, description="a torch module or Keras file, as the section model of a run: {kind: keras, weights: net.h5}"
    )
    hf: str | None = Field(None, description="local folder of a Hugging Face checkpoint")
    adapter: Literal["dnabert", "nt_v2", "dnabert2", "auto"] | None = Field(
        None, description="family of the checkpoint; auto gives vectors only; required with hf"
    )
    features: str | None = Field(
        None,
        description="kmer (with k), kmer:5, kmer:1-4, codons, composition, length, minimal, or word2vec (with fasta)",
    )
    k: Whole | None = Field(
        None, ge=1, le=8, description="length of k-mers, for kmer, and word2vec, whose default is 5"
    )
    fasta: str | None = Field(None, description="sequences from which features: word2vec learns vectors of k-mers")
    probabilities: str | None = Field(
        None, description="per-base probabilities as score writes them: HDF5 (/NAME/probs), .npz, .parquet, .tsv"
    )
    embeddings: str | None = Field(
        None, description="HDF5 or .npz with names and embeddings, or a table of vectors (.tsv, .csv, .parquet)"
    )
    predictions: str | None = Field(
        None, description="table of predictions (.tsv, .csv, .parquet), by name or by sequence"
    )
    track: str | None = Field(None, description="bigWig of a number per base, such as conservation")
    places: str | None = Field(
        None,
        description="where sequences lie on a track (dataset utrs: OUT.tsv); default: each is a chromosome",
    )
    key: str | None = Field(None, description="column of names or sequences in such a table; default name or sequence")
    columns: list[str] | None = Field(None, min_length=1, description="columns of numbers; default all")
    concat: list[str] | None = Field(
        None, min_length=2, description="vectors of several models side by side: names of models here, or as kmer:5"
    )
    factory: str | None = Field(None, description="path/to/file.py:function that returns an object to ask")
    kwargs: dict[str, Any] = Field(default_factory=dict, description="keyword arguments of the factory; default none")
    layer: str | None = Field(
        None, description="module of a card or model whose output is the vector; default what its head reads"
    )
    ref_aware: bool = Field(
        False,
        description="of hf: read a base from the tokens that have the sequence's own bases elsewhere; default from all",
    )
    orientation: Literal["rna", "genome"] = Field(
        "rna", description="strand it was trained on: of the transcript, or forward of the genome; default rna"
    )
    trust: Trust = False

    @model_validator(mode="after")
    def _one_source(self) -> ModelEntry:
        given = [kind for kind in KINDS if getattr(self, kind) is not None]
        files = {"probabilities", "embeddings", "predictions"}
        if not given or (len(given) > 1 and not set(given) <= files):
            raise ValueError(f"expected one of {', '.join(KINDS)}, found {' and '.join(given) or 'none'}")
        if (self.hf is None) != (self.adapter is None):
            raise ValueError("expected hf together with adapter (dnabert, nt_v2, dnabert2, auto); there is no guessing")
        if (self.features == "word2vec") != (self.fasta is not None):
            raise ValueError("expected features: word2vec together with fasta, the sequences it learns from")
        if self.ref_aware and self.adapter not in ("dnabert", "nt_v2"):
            raise ValueError("ref_aware: expected adapter: dnabert or nt_v2, whose tokens are 6-mers")
        return self


class GroupsSection(Section):
    """What counts as related."""

    overlap: Whole = Field(40, ge=8, description="sequences that share a k-mer of this length; default 40")
    column: str | None = Field(None, description="rows with the same value, such as the gene or the locus")


class PairsSection(Section):
    """How two rows of a table make a variant."""

    by: str | None = Field(None, description="column that both rows share; with allele")
    allele: str | None = Field(None, description="column that says which is which; with by")
    ref: str = Field(
        "ref",
        description="value of allele for the reference; without by, the column that names the reference's row or gives "
        "its sequence; default ref",
    )
    alt: str = Field("alt", description="the same of the alternative; default alt")
    table: str | None = Field(None, description="table of the columns ref and alt; default that of the values")
    significant: dict[str, str] = Field(
        default_factory=dict, description="for targets, columns of adjusted p-values of the difference; default none"
    )
    level: Real = Field(0.1, gt=0, lt=1, description="largest p that counts as significant; default 0.1")

    @model_validator(mode="after")
    def _one_way(self) -> PairsSection:
        if (self.by is None) != (self.allele is None):
            raise ValueError("pairs: expected by together with allele, or neither and the columns ref and alt")
        if self.by is not None and self.table is not None:
            raise ValueError("pairs: expected by and allele, or a table with the columns ref and alt, found both")
        return self


Places = Annotated[
    str | None,
    Field(description="table of where the sequences lie (dataset utrs: OUT.tsv), for models of the genome's strand"),
]
Strand = Annotated[
    str | None, Field(description="column of the strand (+ or -) of each gene, for models of the genome's strand")
]
Orientation = Annotated[
    Literal["rna", "genome"],
    Field(description="the sequences are given as the transcript reads, or the genome; default rna"),
]


class TaskSection(Section):
    """What all tasks have."""

    optional: bool = Field(
        False, description="skip the task, with the reason, where its files are missing; default false"
    )
    note: str | None = Field(
        None, description="what the page says of its numbers, such as who saw the sequences before"
    )


class RegressionSection(TaskSection):
    """Measured values of sequences: MPRA, half-life."""

    kind: Literal["regression"] = Field(description="predict measured values")
    table: str = Field(description=".csv or .tsv with sequences and values, plain or .gz")
    targets: list[str] = Field(min_length=1, description="columns of the values; NA where not measured")
    sequence: str = Field("sequence", description="column of the sequences; default sequence")
    columns: list[str] | None = Field(
        None, min_length=2, description="names of the columns of a table without a header"
    )
    name: str | None = Field(None, description="column of names; default row numbers")
    where: dict[str, str] = Field(default_factory=dict, description="keep the rows with these values; default all")
    groups: GroupsSection = Field(
        default_factory=GroupsSection, description="related sequences; default those that share a 40-mer"
    )
    cv: str = Field(
        "folds:10",
        description="folds:N (nested), leave-group-out (ridge), or column:NAME (published folds); default folds:10",
    )
    regressor: Literal["ridge", "svr", "lasso", "gbm", "mlp", "none"] = Field(
        "ridge", description="fitted to vectors; none: the model's own predictions only; default ridge"
    )
    pairs: PairsSection | None = Field(None, description="rows that are two alleles of a variant; default none")
    single_base: bool = Field(False, description="keep only pairs that differ by one base; default false")
    complete: bool = Field(False, description="keep only rows with a value of every target; default false")
    strand: Strand = None
    orientation: Orientation = "rna"

    @model_validator(mode="after")
    def _folds(self) -> RegressionSection:
        if self.regressor == "none":
            return self
        kind, _, count = self.cv.partition(":")
        if self.cv == "leave-group-out":
            if self.regressor != "ridge":
                raise ValueError(f"cv: leave-group-out is for ridge; use folds:10 with {self.regressor}")
        elif not (kind == "column" and count) and (kind != "folds" or not count.isdecimal() or int(count) < 3):
            raise ValueError(f"cv: expected folds:N (from 3), leave-group-out or column:NAME, found '{self.cv}'")
        return self


class WindowsSection(TaskSection):
    """Bound and unbound windows."""

    kind: Literal["windows"] = Field(description="tell bound from unbound windows")
    test: str = Field(description="FASTA with class:1 in its headers, or a table with sequence and label")
    train: str | None = Field(None, description="windows to fit on; default: nested folds of the test windows")
    label: str = Field("label", description="column of 0 and 1; default label")
    sequence: str = Field("sequence", description="column of the sequences; default sequence")
    overlap: Whole = Field(40, ge=8, description="windows that share a k-mer of this length are related; default 40")
    folds: Whole = Field(5, ge=2, description="of nested folds; default 5")


class MotifsSection(TaskSection):
    """Instances of binding motifs."""

    kind: Literal["motifs"] = Field(description="tell bound from unbound instances of the same k-mers")
    kmers: str | dict[str, list[str]] | None = Field(
        None, description="k-mers of every protein, or a table with protein and kmer"
    )
    motifs: str | None = Field(None, description="instead: a file of motifs, such as motifs/neuronmotif.meme of a run")
    proteins: dict[str, str] | None = Field(
        None, min_length=1, description="which of its motifs, and what binds them; default all, by their names"
    )
    p_value: Real = Field(1e-4, gt=0, le=1, description="of an instance of a motif; default 0.0001")
    fasta: str | None = Field(None, description="sequences; with regions")
    regions: str | None = Field(None, description="BED of bound regions on these sequences: name, start, end, protein")
    peaks: str | None = Field(
        None, description="instead of regions: peaks on the genome (BED6, narrowPeak; names PROTEIN_...), with places"
    )
    extend: Whole = Field(50, ge=0, description="nt by which peaks are made longer at their 5' end; default 50")
    windows: str | None = Field(None, description="instead: labelled windows, each bound or unbound as a whole")
    match: Literal["gc", "kmer", "none"] = Field(
        "gc", description="negatives: as many per k-mer and of like local GC, as many per k-mer, or all; default gc"
    )
    agg: Literal["mean", "max"] = Field(
        "mean", description="of the bases of an instance; of a track always the largest; default mean"
    )
    per_sequence: bool = Field(False, description="negatives from sequences that have positives; default false")
    limit: Whole | None = Field(
        None, ge=1, description="draw this many of the sequences that hold an instance; default all"
    )
    conservation: str | None = Field(
        None, description="bigWig, such as phyloP: its most and least conserved bound instances are measured apart"
    )
    quantile: Real = Field(
        0.1, gt=0, lt=1, description="share that counts as most, and as least, conserved; default 0.1"
    )
    places: Places = None

    @model_validator(mode="after")
    def _one_of_each(self) -> MotifsSection:
        if (self.kmers is None) == (self.motifs is None):
            raise ValueError("expected kmers, or motifs (a file), found both or neither")
        on_fasta = self.fasta is not None and (self.regions is None) != (self.peaks is None)
        if on_fasta == (self.windows is not None):
            raise ValueError("expected fasta with regions or peaks, or windows, found none or several of them")
        if self.peaks is not None and self.places is None:
            raise ValueError("peaks on a genome need places (the table that dataset utrs writes), found none")
        return self


class VariantsSection(TaskSection):
    """Reference and alternative sequences with a class or a measured effect."""

    kind: Literal["variants"] = Field(description="tell harmful from harmless variants")
    table: str = Field(description="a row per variant, as combmotif dataset variants writes it")
    ref: str = Field("ref_sequence", description="column of the reference sequence; default ref_sequence")
    alt: str = Field("alt_sequence", description="column of the alternative sequence; default alt_sequence")
    label: str | None = Field(None, description="column of the class")
    positive: list[str] = Field(["1"], min_length=1, description="labels that mean 1; default '1'")
    negative: list[str] = Field(["0"], min_length=1, description="labels that mean 0; default '0'")
    effect: str | None = Field(None, description="column of a measured effect")
    columns: list[str] = Field(
        default_factory=list, description="columns of scores made elsewhere; abs:NAME and -NAME turn one round"
    )
    motifs: list[str] = Field(default_factory=list, description="k-mers whose loss is a score; default none")
    motif_span: list[Whole] | None = Field(
        None, min_length=2, max_length=2, description="start and end in which these k-mers count; default anywhere"
    )
    name: str | None = Field(None, description="column of the variants' names; default row numbers")
    chrom: str | None = Field(None, description="column of the chromosome, over which AUPRC is averaged")
    groups: GroupsSection = Field(
        default_factory=GroupsSection, description="related variants; default those that share a 40-mer"
    )
    vis_windows: list[Whole] = Field(
        [64], description="widths in nt over which the influence on neighbours is averaged; default 64"
    )
    classifier: Literal["logistic", "mlp", "none"] = Field(
        "logistic", description="also fitted to the vectors of both alleles, by groups; default logistic"
    )
    folds: Whole = Field(5, ge=2, description="of the classifier; default 5")
    pos: str | None = Field(None, description="column of the position, from 1, where a track is read; with chrom")
    strand: Strand = None
    orientation: Orientation = "rna"

    @model_validator(mode="after")
    def _complete(self) -> VariantsSection:
        if self.label is None and self.effect is None:
            raise ValueError("expected a label or an effect to hold the scores against, found neither")
        if self.pos is not None and self.chrom is None:
            raise ValueError("pos: expected chrom beside it, found none")
        return self


class ShufflesSection(TaskSection):
    """Real sequences against their dinucleotide shuffles."""

    kind: Literal["shuffles"] = Field(description="prefer real sequences to shuffles that keep dinucleotides")
    fasta: str = Field(description="sequences")
    draws: Whole = Field(1, ge=1, description="shuffles of each sequence; default 1")
    limit: Whole | None = Field(None, ge=1, description="use the first this many sequences; default all")
    places: Places = None
    overlap: Whole = Field(40, ge=8, description="sequences that share a k-mer of this length are related; default 40")


AnyTask = Annotated[
    RegressionSection | WindowsSection | MotifsSection | VariantsSection | ShufflesSection, Field(discriminator="kind")
]


class StatisticsSection(Section):
    """How uncertainty is worked out."""

    bootstrap: Whole = Field(1000, ge=0, description="draws of groups; 0 gives no intervals; default 1000")
    cluster: Literal["group", "item"] = Field(
        "group", description="what is drawn: groups of related items, or items as if none were related; default group"
    )
    sign: Literal["declared", "both"] = Field(
        "declared",
        description="AUC with the declared sign, or also with the sign turned, marked as such; default declared",
    )


class SuiteConfig(Section):
    """A benchmark: models x tasks, with controls that know only k-mers."""

    models: dict[str, ModelEntry] = Field(min_length=1, description="models by name")
    tasks: dict[str, AnyTask] = Field(min_length=1, description="tasks by name")
    controls: list[str] = Field(
        ["random-weights", "kmer:5", "composition", "length"],
        description="what every model is held against: random-weights and features; [] for none",
    )
    statistics: StatisticsSection = Field(default_factory=StatisticsSection, description="bootstrap")
    seed: Seed = Field(0, ge=0, lt=2**31, description="of folds, draws and random weights; default 0")

    @model_validator(mode="after")
    def _names(self) -> SuiteConfig:
        for name, entry in self.models.items():
            if name in (entry.concat or ()):
                raise ValueError(f"models.{name}: concat: expected other models, found '{name}' itself")
            for part in entry.concat or ():
                if part in self.models and self.models[part].concat is not None:
                    raise ValueError(f"models.{name}: concat: expected single models, found '{part}', itself a join")
        for control in self.controls:
            if control in self.models:
                raise ValueError(f"controls: expected other names than those of models, found '{control}' in both")
        return self
