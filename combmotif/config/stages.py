"""The sections that say what is done: sampling, discovery, matching, effects, report."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from combmotif.core.plain_yaml import show
from combmotif.core.typed_yaml import Real, Section, Whole


class SampleSection(Section):
    """How sequences that excite a neuron are found."""

    origin: Literal["search", "dataset"] = Field(
        "search",
        alias="from",
        description="search among all sequences there could be, or take the windows of the run's sequences (dataset)",
    )
    preset: Literal["neuronmotif", "combmotif"] | None = Field(
        None, description="search as NeuronMotif or CombMotif do, with their published settings; default neither"
    )
    method: Literal["auto", "enumerate", "evolve"] = Field(
        "auto", description="enumerate all windows (receptive field below 11 nt), evolve, or auto"
    )
    population: Whole | None = Field(
        None, ge=16, le=1_000_000, description="windows per neuron that evolve together; default 256, or the preset's"
    )
    generations: Whole = Field(
        300, ge=1, description="most generations; default 300, or the preset's (neuronmotif 200, combmotif 350)"
    )
    patience: Whole = Field(
        8,
        ge=1,
        description="generations without gain that end an ascent; default 8, or the preset's (neuronmotif 10, "
        "combmotif 30)",
    )
    keep: Whole | None = Field(
        None,
        ge=20,
        le=10_000_000,
        description="most windows kept per neuron; default 5000, of an enumeration 20000, or the preset's (neuronmotif "
        "100000, combmotif 20 bins by the receptive field, 30000 for 72 nt)",
    )
    tracks: str | list[list[Real]] = Field(
        "zero",
        description="what windows have beside their bases, for nets that read coding frame and splice sites: "
        "zero, data (drawn from the run's sequences) or a row of numbers per track, repeated along "
        "the window, such as [[1, 0, 0], [0]]",
    )

    @model_validator(mode="before")
    @classmethod
    def _published(cls, data: Any) -> Any:
        settings = {"neuronmotif": (200, 10), "combmotif": (350, 30)}
        if isinstance(data, dict) and isinstance(data.get("preset"), str) and data["preset"] in settings:
            generations, patience = settings[data["preset"]]
            data = {"generations": generations, "patience": patience, **data}
        return data

    @model_validator(mode="after")
    def _one_way(self) -> SampleSection:
        if self.preset and (self.origin == "dataset" or self.method != "auto"):
            other = "from: dataset" if self.origin == "dataset" else f"method: {self.method}"
            raise ValueError(f"preset: {self.preset} and {other} exclude each other; leave one of the lines out")
        if self.origin == "dataset" and self.method != "auto":
            raise ValueError(f"from: dataset and method: {self.method} exclude each other; leave one of the lines out")
        return self

    @field_validator("tracks", mode="before")
    @classmethod
    def _tracks(cls, value: Any) -> Any:
        def number(one: Any) -> bool:
            return isinstance(one, (int, float)) and not isinstance(one, bool)

        rows = (
            isinstance(value, list) and value and all(isinstance(r, list) and r and all(map(number, r)) for r in value)
        )
        if value not in ("zero", "data") and not rows:
            raise ValueError(
                f"expected zero, data, or a row of numbers for each track such as [[1, 0, 0], [0]], found {show(value)}"
            )
        return value


class AttributionOptions(Section):
    """How bases are scored."""

    method: Literal["integrated_gradients", "gradient_shap", "gradient_input", "mutagenesis"] = Field(
        "integrated_gradients",
        description="integrated_gradients, gradient_shap, gradient_input or mutagenesis",
    )
    baselines: Whole = Field(10, ge=1, le=10_000, description="dinucleotide shuffles each sequence is compared with")
    steps: Whole = Field(16, ge=1, description="of integrated_gradients: points per baseline at first")
    max_steps: Whole = Field(
        128,
        ge=1,
        description="points are added where the target bends, up to this many, until the tolerance is met",
    )
    tolerance: Real = Field(0.05, gt=0, description="largest completeness error accepted without a warning")
    draws: Whole = Field(100, ge=1, le=1_000_000, description="of gradient_shap: points per sequence")

    @model_validator(mode="after")
    def _steps_in_order(self) -> AttributionOptions:
        if self.max_steps < self.steps:
            raise ValueError(f"attribution.max_steps: expected at least steps ({self.steps}), found {self.max_steps}")
        return self


class AttributionSection(AttributionOptions):
    """How the model's output, or a neuron, is explained base by base, for ``discover.method: modisco``."""

    target: str = Field("output:0", description="of from: dataset, the output explained, output:0 or output:NAME")
    limit: Whole = Field(2000, ge=1, description="most sequences, or windows of a neuron, explained")


class DiscoverSection(Section):
    """How motifs are found: in the sampled sequences of neurons, in the sequences given, or in attributions."""

    method: Literal["neuronmotif", "words", "modisco", "seqlets"] = Field(
        "neuronmotif",
        description="neuronmotif (demixing), words (the strongest words, merged), modisco (TF-MoDISco on "
        "attributions) or seqlets (the strongest windows, laid over one another)",
    )
    source: Literal["auto", "samples", "dataset"] = Field(
        "auto",
        alias="from",
        description="of modisco: dataset (sequences, explained by attribution.target) or samples (each neuron's own "
        "windows); of seqlets: where the windows come from; default auto (modisco: dataset, else samples)",
    )
    demixing: Literal["sufficiency", "layers"] = Field(
        "sufficiency",
        description="sufficiency (what excites the neuron in background sequences, by queries of the network) or "
        "layers (layer-wise k-means, NeuronMotif's recursion with purity and merging)",
    )
    preset: Literal["neuronmotif", "combmotif"] | None = Field(
        None, description="demix with the published settings of NeuronMotif or CombMotif instead; default none"
    )
    windows: Whole = Field(
        400,
        ge=50,
        description="of sufficiency: samples that motifs have to explain, evenly over the range of activation",
    )
    passes: Whole = Field(
        3,
        ge=1,
        description="of sufficiency: times that motifs are looked for; those that come again are reported, on "
        "which two seeds agree more; 1 takes a third of the time",
    )
    clusters: Whole | Literal["auto"] = Field(
        "auto", description="of layers: clusters per layer on the way down, or auto (by purity)"
    )
    purity: Real = Field(
        0.95,
        gt=0,
        le=1,
        description="of layers: consensus over maximum activation at which a motif is pure",
    )
    min_sites: Whole = Field(20, ge=1, description="fewest sequences behind a motif")
    reproduced: Real = Field(
        0.7,
        ge=0,
        le=1,
        description="of neuronmotif: least similarity with the motifs of the other half of a neuron's samples; motifs "
        "below it are listed apart, and neither matched nor paired; 0 reports all; default 0.7, which 1 % of shuffled "
        "motifs reach",
    )
    top: Whole = Field(100, ge=1, description="of words and seqlets: how many words or windows")
    align: bool = Field(True, description="of seqlets: move windows to undo pooling, or (as published) leave them")
    window: Whole | None = Field(
        None,
        ge=4,
        description="of modisco: nt of a seqlet's core; default 8 (both strands 21), less for short sequences",
    )
    flank: Whole | None = Field(None, ge=1, description="of modisco: nt on either side; default half the window")
    fdr: Real = Field(0.05, gt=0, lt=1, description="of modisco: false discovery rate of seqlets")
    min_seqlets: Whole = Field(100, ge=2, description="of modisco: fewest seqlets of one sign that are clustered")
    strands: Literal["auto", "single", "both"] = Field(
        "auto", description="of modisco: single, both, or auto (both for dna alone)"
    )

    @property
    def origin(self) -> str:
        """What motifs are made of: ``samples`` or ``dataset``."""
        if self.source != "auto":
            return self.source
        return "dataset" if self.method == "modisco" else "samples"

    @property
    def file_name(self) -> str:
        """Name of the motif files."""
        return "neuronmotif" if self.method == "words" else self.method

    @model_validator(mode="after")
    def _source_fits(self) -> DiscoverSection:
        if self.source == "dataset" and self.method not in ("modisco", "seqlets"):
            raise ValueError(
                f"discover.from: dataset needs discover.method: modisco or seqlets, found '{self.method}', which "
                f"separates the sampled windows of neurons"
            )
        return self

    @field_validator("clusters")
    @classmethod
    def _positive(cls, value: int | str) -> int | str:
        if isinstance(value, int) and value < 1:
            raise ValueError(f"expected auto or a whole number of at least 1, found {value}")
        return value

    @model_validator(mode="after")
    def _one_procedure(self) -> DiscoverSection:
        usual = {"method": "neuronmotif", "demixing": "sufficiency", "clusters": "auto", "purity": 0.95}
        other = [f"{name}: {getattr(self, name)}" for name, value in usual.items() if getattr(self, name) != value]
        if self.preset is not None and other:
            raise ValueError(
                f"preset: {self.preset} sets the whole procedure, expected nothing beside it, "
                f"found {', '.join(other)}; leave out one"
            )
        return self


class MatchSection(Section):
    """Which known elements the motifs resemble."""

    databases: list[str] = Field(
        ["builtin"],
        min_length=1,
        description="builtin, rbp (after combmotif fetch rbp; a run continues without it), other names that combmotif "
        "fetch lists, or paths of motif files (MEME, TRANSFAC, JASPAR, HOMER, CISBP-RNA, ATtRACT, mature microRNAs as "
        "FASTA)",
    )
    q: Real = Field(0.05, gt=0, le=1, description="largest q-value of an element that is named")
    top: Whole = Field(
        5, ge=1, description="most elements named per informative part of a motif, besides words it contains"
    )
    strands: Literal["single", "both"] = Field(
        "single", description="both also matches the reverse complement (for DNA)"
    )
    species: str | None = Field(
        None,
        description="only elements of this species, from databases that know it: Homo_sapiens, or hsa for microRNAs; "
        "default all",
    )
    kinds: list[str] | None = Field(
        None,
        min_length=1,
        description="only elements of these kinds and of none: translation, splicing, processing (of the 3' "
        "end), decay, modification, structure, rbp, mirna, tf; default match_kinds of the model's card, or all",
    )
    sites: list[Literal["8mer", "7mer-m8", "7mer-A1", "6mer"]] = Field(
        ["7mer-m8"], min_length=1, description="types of microRNA site to match"
    )
    shuffles: Whole = Field(
        10,
        ge=0,
        le=10_000,
        description="shuffled copies of each database, to see how many matches chance gives; 0 for none",
    )


class SitesSection(Section):
    """Which windows of the run's sequences are written down as sites of a neuron, and how."""

    most: Whole = Field(
        20_000,
        ge=100,
        le=10_000_000,
        description="most sites kept of a neuron, the strongest; interactions and seqlets see no others",
    )
    format: Literal["auto", "tsv", "parquet"] = Field(
        "auto",
        description="tsv (sites.tsv.gz and sites.bed.gz), parquet (sites.parquet, and the strongest 100 of each neuron "
        "as text; needs the extra parquet), or auto: parquet from 1,000,000 sites",
    )


class ReportSection(Section):
    """The HTML report."""

    title: str | None = Field(None, description="heading of the report; default the model's name")
