"""The sections that say what is done: sampling, discovery, matching, effects, report."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from combmotif.sequence.alphabet import iupac_sets
from combmotif.typed_yaml import Real, Section, Whole

Output = Annotated[Whole | str, Field(description="output of the model, by name or number from 0; default 0")]


class SampleSection(Section):
    """How sequences that excite a neuron are found."""

    origin: Literal["search", "dataset"] = Field(
        "search",
        alias="from",
        description="search among all sequences there could be, or take the windows of the run's sequences (dataset); "
        "default search",
    )
    preset: Literal["neuronmotif", "combmotif"] | None = Field(
        None, description="search as NeuronMotif or CombMotif do, with their published settings; default neither"
    )
    method: Literal["auto", "enumerate", "evolve"] = Field(
        "auto", description="enumerate all windows (receptive field below 11 nt), evolve, or auto; default auto"
    )
    population: Whole | None = Field(
        None, ge=16, description="windows per neuron that evolve together; default 256, or the preset's"
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
        description="most windows kept per neuron; default 5000, of an enumeration 20000, or the preset's (neuronmotif "
        "100000, combmotif 20 bins by the receptive field, 30000 for 72 nt)",
    )
    tracks: str | list[list[Real]] = Field(
        "zero",
        description="what windows have beside their bases, for nets that read coding frame and splice sites: zero, "
        "data (drawn from the run's sequences) or a row of numbers per track, repeated along the window, such as "
        "[[1, 0, 0], [0]]; default zero",
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
                f"expected zero, data, or a row of numbers for each track such as [[1, 0, 0], [0]], found {value!r}"
            )
        return value


class AttributionSection(Section):
    """How the model's output, or a neuron, is explained base by base, for ``discover.method: modisco``."""

    target: str = Field(
        "output:0", description="of from: dataset, the output explained, output:0 or output:NAME; default output:0"
    )
    method: Literal["integrated_gradients", "gradient_shap", "gradient_input", "mutagenesis"] = Field(
        "integrated_gradients",
        description="integrated_gradients, gradient_shap, gradient_input or mutagenesis; default integrated_gradients",
    )
    baselines: Whole = Field(10, ge=1, description="dinucleotide shuffles each sequence is compared with; default 10")
    steps: Whole = Field(16, ge=1, description="of integrated_gradients: points per baseline at first; default 16")
    max_steps: Whole = Field(
        128, ge=1, description="points are doubled up to this many while the tolerance is exceeded; default 128"
    )
    tolerance: Real = Field(
        0.05, gt=0, description="largest completeness error accepted without a warning; default 0.05"
    )
    draws: Whole = Field(100, ge=1, description="of gradient_shap: points per sequence; default 100")
    limit: Whole = Field(2000, ge=1, description="most sequences, or windows of a neuron, explained; default 2000")

    @model_validator(mode="after")
    def _steps_in_order(self) -> AttributionSection:
        if self.max_steps < self.steps:
            raise ValueError(f"attribution.max_steps: expected at least steps ({self.steps}), found {self.max_steps}")
        return self


class DiscoverSection(Section):
    """How motifs are found: in the sampled sequences of neurons, in the sequences given, or in attributions."""

    method: Literal["neuronmotif", "words", "modisco", "seqlets"] = Field(
        "neuronmotif",
        description="neuronmotif (demixing), words (the strongest words, merged), modisco (TF-MoDISco on "
        "attributions) or seqlets (the strongest windows, laid over one another); default neuronmotif",
    )
    source: Literal["auto", "samples", "dataset"] = Field(
        "auto",
        alias="from",
        description="of modisco: dataset (sequences, explained by attribution.target) or samples (each neuron's own "
        "windows); of seqlets: where the windows come from; default auto (modisco: dataset, else samples)",
    )
    demixing: Literal["aligned", "layers"] = Field(
        "aligned",
        description="aligned (what the neuron's gradient reads, moved onto each other) or layers (layer-wise k-means, "
        "NeuronMotif's recursion with purity and merging); default aligned",
    )
    preset: Literal["neuronmotif", "combmotif"] | None = Field(
        None, description="demix with the published settings of NeuronMotif or CombMotif instead; default none"
    )
    windows: Whole = Field(
        4000, ge=50, description="of aligned: most samples looked at, evenly over the range of activation; default 4000"
    )
    clusters: Whole | Literal["auto"] = Field(
        "auto", description="of layers: clusters per layer on the way down, or auto (by purity); default auto"
    )
    purity: Real = Field(
        0.95,
        gt=0,
        le=1,
        description="of layers: consensus over maximum activation at which a motif is pure; default 0.95",
    )
    min_sites: Whole = Field(20, ge=1, description="fewest sequences behind a motif; default 20")
    top: Whole = Field(100, ge=1, description="of words and seqlets: how many words or windows; default 100")
    align: bool = Field(
        True, description="of seqlets: move windows to undo pooling, or (as published) leave them; default true"
    )
    window: Whole | None = Field(
        None,
        ge=4,
        description="of modisco: nt of a seqlet's core; default 8 (both strands 21), less for short sequences",
    )
    flank: Whole | None = Field(None, ge=1, description="of modisco: nt on either side; default half the window")
    fdr: Real = Field(0.05, gt=0, lt=1, description="of modisco: false discovery rate of seqlets; default 0.05")
    min_seqlets: Whole = Field(
        100, ge=2, description="of modisco: fewest seqlets of one sign that are clustered; default 100"
    )
    strands: Literal["auto", "single", "both"] = Field(
        "auto", description="of modisco: single, both, or auto (both for dna alone); default auto"
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
        usual = {"method": "neuronmotif", "demixing": "aligned", "clusters": "auto", "purity": 0.95}
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
        description="builtin, names that combmotif fetch lists, or paths of motif files (MEME, TRANSFAC, JASPAR, "
        "HOMER, CISBP-RNA, ATtRACT, mature microRNAs as FASTA); default: builtin",
    )
    q: Real = Field(0.05, gt=0, le=1, description="largest q-value of a reported match; default 0.05")
    top: Whole = Field(5, ge=1, description="most matches per motif and database; default 5")
    strands: Literal["single", "both"] = Field(
        "single", description="both also matches the reverse complement (for DNA); default single"
    )
    species: str | None = Field(
        None,
        description="only elements of this species, from databases that know it: Homo_sapiens, or hsa for microRNAs; "
        "default all",
    )
    sites: list[Literal["8mer", "7mer-m8", "7mer-A1", "6mer"]] = Field(
        ["7mer-m8"], min_length=1, description="types of microRNA site to match; default: 7mer-m8"
    )
    shuffles: Whole = Field(
        10,
        ge=0,
        description="shuffled copies of each database, to see how many matches chance gives; 0 for none; default 10",
    )


class ContributionSection(Section):
    """Whether a neuron raises or lowers the outcome."""

    outcome: Literal["prediction", "label", "both"] = Field(
        "prediction", description="what active neurons are compared on; default prediction"
    )
    threshold: Real = Field(
        0.7, gt=0, le=1, description="share of the neuron's maximum from which it is active; default 0.7"
    )
    thresholds: list[Annotated[Real, Field(gt=0, le=1)]] | None = Field(
        None, min_length=1, description="several thresholds at once, such as [0.3, 0.5, 0.7]; default threshold alone"
    )
    output: Whole | str | list[Whole | str] = Field(
        0, description="outputs of the model, by name or number from 0: one, a list, or all; default 0"
    )
    margin: Real = Field(
        0.1, gt=0, description="a difference within this many standard deviations of the outcome is none; default 0.1"
    )
    alpha: Real = Field(0.05, gt=0, lt=1, description="false discovery rate of the classes; default 0.05")
    n_min: Whole = Field(6, ge=2, description="smallest group of sequences that is tested; default 6")
    preset: Literal["combmotif"] | None = Field(
        None, description="combmotif: the published prototype's t-test at 0.7, uncorrected; default none"
    )

    @field_validator("thresholds")
    @classmethod
    def _each_once(cls, value: list[float] | None) -> list[float] | None:
        if value is not None and len(set(value)) < len(value):
            raise ValueError(f"expected every threshold once, found {', '.join(f'{t:g}' for t in value)}")
        return value

    @property
    def levels(self) -> tuple[float, ...]:
        """The thresholds asked for, ascending."""
        return (self.threshold,) if self.thresholds is None else tuple(sorted(self.thresholds))


class PairSection(Section):
    """Two words to test, and where they may stand to each other."""

    a: str = Field(min_length=1, description="IUPAC word of motif A")
    b: str = Field(min_length=1, description="IUPAC word of motif B")
    order: Literal["any", "ab", "ba"] = Field(
        "any", description="which comes first (5'): ab is A, ba is B; default any"
    )
    spacing_min: Whole = Field(0, ge=0, description="fewest nt between the two sites; default 0")
    spacing_max: Whole | None = Field(None, ge=0, description="most nt between the two sites; default any number")
    frame: Literal[0, 1, 2] | None = Field(
        None, description="distance of the two first letters modulo 3, 0 = in frame; default any"
    )
    end_frame: Literal[0, 1, 2] | None = Field(
        None,
        description="distance from A's first letter to the 3' end modulo 3, 0 = in frame with a coding sequence that "
        "follows a 5'UTR; default any",
    )
    neuron: str | None = Field(
        None, description="neuron such as conv5:13 that reads the pair, for instances: neurons; default none"
    )


class InteractionSection(Section):
    """How two motifs act together."""

    pairs: str | list[Annotated[list[str], Field(min_length=2, max_length=2)] | PairSection] = Field(
        "from_motifs",
        description="from_motifs; pairs of IUPAC words such as [[AUG, UAA], {a: AUG, b: UGA, order: ab, frame: 0}]; a "
        "TSV file with columns a and b; or CombMotif's label files (one .yaml or their folder); default from_motifs",
    )
    instances: Literal["scan", "neurons"] = Field(
        "scan",
        description="where pairs are looked for: scan (anywhere), or neurons (in one window in which the neuron that "
        "reads the pair fires; pairs without a neuron anywhere); default scan",
    )
    fires: Real = Field(
        0.9, gt=0, le=1, description="share of its maximum from which a neuron fires, for instances; default 0.9"
    )
    scrambles: Whole = Field(32, ge=2, description="scrambled copies per site; default 32")
    mode: Literal["shuffle", "dinucleotide", "background", "uniform", "synonymous"] = Field(
        "shuffle",
        description="how a site is scrambled: shuffle, dinucleotide, background, uniform, or synonymous (the protein "
        "is kept; needs a coding frame); default shuffle",
    )
    avoid: list[str] = Field(
        ["AUG", "AAUAAA", "stop"],
        description="IUPAC words a scramble may not create besides A and B; stop is a stop codon in a known frame; "
        "default [AUG, AAUAAA, stop]",
    )
    overlaps: Literal["skip", "keep"] = Field(
        "skip",
        description="sites that share bases with another copy of the partner or cross a word to avoid: skip or keep; "
        "default skip",
    )
    max_pairs: Whole = Field(20, ge=1, description="most pairs tested with from_motifs; default 20")
    max_sequences: Whole = Field(200, ge=2, description="most sequences per pair, drawn at random; default 200")
    max_placements: Whole = Field(3, ge=1, description="most placements per sequence, drawn at random; default 3")
    p_value: Real = Field(1e-3, gt=0, lt=1, description="largest p-value of a motif's site; default 0.001")
    controls: Whole = Field(3, ge=0, description="random segment pairs per sequence for comparison; default 3")
    n_min: Whole = Field(6, ge=2, description="fewest sequences (or clusters) that are tested; default 6")
    alpha: Real = Field(0.05, gt=0, lt=1, description="false discovery rate of the classes; default 0.05")
    margin: Real = Field(
        0.1, gt=0, description="an interval of e within this share of the joint effect is additive; default 0.1"
    )
    latent: Literal["auto", "spline", "identity", "logit", "log", "none"] = Field(
        "auto",
        description="second scale: a fitted spline, the logit or log of the prediction, or none; auto takes the link "
        "in the model's card, else the spline; default auto",
    )
    order: Literal[2, 3] = Field(2, description="3 also tests triples of the pairs that were found; default 2")
    max_triples: Whole = Field(20, ge=1, description="most triples tested with order: 3; default 20")
    preset: Literal["combmotif"] | None = Field(
        None,
        description="combmotif: the published prototype's procedure (one uniform draw, every placement a row, no "
        "correction, tracks zero); default none",
    )
    output: Output = 0

    @field_validator("pairs", mode="before")
    @classmethod
    def _pairs_of_words(cls, value: Any) -> Any:
        def is_pair(one: Any) -> bool:
            words = isinstance(one, list) and len(one) == 2 and all(isinstance(word, str) for word in one)
            return words or isinstance(one, (dict, PairSection))

        if not isinstance(value, str) and not (isinstance(value, list) and value and all(map(is_pair, value))):
            raise ValueError(
                f"expected from_motifs, a list of pairs such as [[AUG, UAA]], or the path of a table, found {value!r}"
            )
        if isinstance(value, list):  # so that a mistake in a rule is told as one
            return [PairSection.model_validate(one) if isinstance(one, dict) else one for one in value]
        return value

    @field_validator("avoid")
    @classmethod
    def _words(cls, value: list[str]) -> list[str]:
        for word in value:
            if word.lower() != "stop":
                iupac_sets(word)
        return value


class ReportSection(Section):
    """The HTML report."""

    title: str | None = Field(None, description="heading of the report; default the model's name")
