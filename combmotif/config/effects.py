"""The sections that ask for effects: of neurons (contribution), motifs (effects) and motif pairs (interaction)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from combmotif.core.plain_yaml import show
from combmotif.core.typed_yaml import Real, Section, Whole
from combmotif.sequence.alphabet import iupac_sets

AVOIDED = ["AUG", "AAUAAA", "stop"]
"""What neither a scramble nor an insertion may create: a start codon, the poly(A) signal, an in-frame stop codon."""
Output = Annotated[Whole | str, Field(description="output of the model, by name or number from 0")]


class ContributionOptions(Section):
    """When a neuron is active, and how the outcomes of active and inactive sequences are compared."""

    threshold: Real = Field(
        0.7,
        gt=0,
        le=1,
        description="where a neuron is active: share of the way from its background to its maximum",
    )
    thresholds: list[Annotated[Real, Field(gt=0, le=1)]] | None = Field(
        None, min_length=1, description="several thresholds at once, such as [0.3, 0.5, 0.7]; default threshold alone"
    )
    margin: Real = Field(
        0.1, gt=0, description="a difference within this many standard deviations of the outcome is none"
    )
    alpha: Real = Field(0.05, gt=0, lt=1, description="false discovery rate of the classes")
    n_min: Whole = Field(6, ge=2, description="smallest group of sequences that is tested")
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


class ContributionSection(ContributionOptions):
    """Whether a neuron raises or lowers the outcome."""

    outcome: Literal["prediction", "label", "both"] = Field(
        "prediction", description="what active neurons are compared on"
    )
    output: Whole | str | list[Whole | str] = Field(
        0, description="outputs of the model, by name or number from 0: one, a list, or all"
    )


class MarginalOptions(Section):
    """What each motif does to the prediction when it is inserted into background sequences."""

    backgrounds: Whole = Field(
        500,
        ge=6,
        le=100_000,
        description="background sequences of every test; where the run has fewer sequences, shuffled copies of "
        "them make up the number",
    )
    source: Literal["sequences", "random"] = Field(
        "sequences",
        alias="from",
        description="backgrounds are the run's sequences, or random bases of their lengths",
    )
    frequencies: list[Real] | None = Field(
        None,
        min_length=4,
        max_length=4,
        description="of A, C, G, U in random backgrounds; default those of the run's sequences",
    )
    without: Literal["auto"] | list[str] = Field(
        "auto",
        description="IUPAC words such as [AUG]: effects are also measured in backgrounds without each, and with "
        "one planted there; auto takes the core of the motif with the largest effect; [] for none",
    )
    places: Whole = Field(
        4,
        ge=2,
        le=10_000,
        description="places per background; the best k-mer and words drawn from the matrix take turns",
    )
    bins: Whole = Field(10, ge=1, le=10_000, description="of the curve of the effect over positions")
    avoid: list[str] = Field(
        AVOIDED,
        description="IUPAC words that neither an insertion nor a scramble may make by chance; stop is a stop "
        "codon in a known frame",
    )
    margin: Real = Field(
        0.1,
        gt=0,
        description="an effect within this many standard deviations of the predictions is too small to matter",
    )
    alpha: Real = Field(0.05, gt=0, lt=1, description="false discovery rate of the classes")
    n_min: Whole = Field(6, ge=6, description="fewest backgrounds, or sequences with a site, tested")
    output: Whole | str | list[Whole | str] = Field(
        "all", description="outputs of the model, by name or number from 0: one, a list, or all"
    )

    @field_validator("avoid")
    @classmethod
    def _words(cls, value: list[str]) -> list[str]:
        return _checked_words(value)

    @field_validator("without")
    @classmethod
    def _motifs(cls, value: list[str] | str) -> list[str] | str:
        for word in value if isinstance(value, list) else ():
            iupac_sets(word)
        return value

    @model_validator(mode="after")
    def _frequencies_are_used(self) -> MarginalOptions:
        if self.frequencies is None:
            return self
        if self.source != "random":
            raise ValueError("frequencies: are of random backgrounds; add 'from: random', or leave the line out")
        if min(self.frequencies) < 0 or abs(sum(self.frequencies) - 1) > 0.011:
            raise ValueError(
                f"frequencies: expected 4 shares of A, C, G, U that sum to 1, found {self.frequencies} (sum "
                f"{sum(self.frequencies):g})"
            )
        return self


def _checked_words(words: list[str]) -> list[str]:
    for word in words:
        if word.lower() != "stop":
            iupac_sets(word)
    return words


class PairSection(Section):
    """Two words to test, and where they may stand to each other."""

    a: str = Field(min_length=1, description="IUPAC word of motif A")
    b: str = Field(min_length=1, description="IUPAC word of motif B")
    order: Literal["any", "ab", "ba"] = Field("any", description="which comes first (5'): ab is A, ba is B")
    spacing_min: Whole = Field(0, ge=0, description="fewest nt between the two sites")
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


class InteractionOptions(Section):
    """How a pair of motifs is scrambled, inserted and tested."""

    scrambles: Whole = Field(8, ge=2, le=100_000, description="scrambled copies per site")
    mode: Literal["shuffle", "dinucleotide", "background", "uniform", "synonymous"] = Field(
        "shuffle",
        description="how a site is scrambled: shuffle, dinucleotide, background, uniform, or synonymous (the "
        "protein is kept; needs a coding frame)",
    )
    avoid: list[str] = Field(
        AVOIDED,
        description="IUPAC words a scramble may not create besides A and B; stop is a stop codon in a known frame",
    )
    overlaps: Literal["skip", "keep"] = Field(
        "skip",
        description="sites that share bases with another copy of the partner or cross a word to avoid: skip or keep",
    )
    max_sequences: Whole = Field(200, ge=2, description="most sequences per pair, drawn at random")
    max_placements: Whole = Field(3, ge=1, description="most placements per sequence, drawn at random")
    p_value: Literal["auto"] | Annotated[Real, Field(gt=0, lt=1)] = Field(
        "auto",
        description="largest p-value of a motif's site; auto takes each motif's own, from the scores of its words "
        "and of random ones",
    )
    backgrounds: Whole = Field(
        500,
        ge=0,
        le=100_000,
        description="background sequences without either motif into which each pair is inserted; 0 for none",
    )
    controls: Whole = Field(3, ge=0, le=10_000, description="random segment pairs per sequence for comparison")
    n_min: Whole = Field(6, ge=2, description="fewest sequences (or clusters) that are tested")
    alpha: Real = Field(0.05, gt=0, lt=1, description="false discovery rate of the classes")
    margin: Real = Field(
        0.1,
        gt=0,
        description="an interval of e within this share of the joint effect is additive, and a motif acts where "
        "its effect is larger than this share of the pair's largest effect and of the standard "
        "deviation of the predictions",
    )
    latent: Literal["auto", "spline", "identity", "logit", "log", "none"] = Field(
        "auto",
        description="second scale: a fitted spline, the logit or log of the prediction, or none; auto takes the "
        "link in the model's card, else the spline",
    )
    output: Output = 0

    @field_validator("avoid")
    @classmethod
    def _words(cls, value: list[str]) -> list[str]:
        return _checked_words(value)


class InteractionSection(InteractionOptions):
    """How two motifs act together."""

    pairs: str | list[Annotated[list[str], Field(min_length=2, max_length=2)] | PairSection] = Field(
        "from_motifs",
        description="from_motifs; pairs of IUPAC words such as [[AUG, UAA], {a: AUG, b: UGA, order: ab, frame: "
        "0}]; a TSV file with columns a and b; or CombMotif's label files (one .yaml or their folder)",
    )
    instances: Literal["scan", "neurons"] = Field(
        "scan",
        description="where pairs are looked for: scan (anywhere), or neurons (in one window in which the neuron "
        "that reads the pair fires; pairs without a neuron anywhere)",
    )
    fires: Real = Field(0.9, gt=0, le=1, description="for instances: where a neuron fires, as contribution.threshold")
    max_pairs: Whole = Field(20, ge=1, description="most pairs tested with from_motifs")
    order: Literal[2, 3] = Field(2, description="3 also tests triples of the pairs that were found")
    max_triples: Whole = Field(20, ge=1, description="most triples tested with order: 3")
    preset: Literal["combmotif"] | None = Field(
        None,
        description="combmotif: the published prototype's procedure (one uniform draw, every placement a row, no "
        "correction, tracks zero); default none",
    )

    @field_validator("pairs", mode="before")
    @classmethod
    def _pairs_of_words(cls, value: Any) -> Any:
        def is_pair(one: Any) -> bool:
            words = isinstance(one, list) and len(one) == 2 and all(isinstance(word, str) for word in one)
            return words or isinstance(one, (dict, PairSection))

        if not isinstance(value, str) and not (isinstance(value, list) and value and all(map(is_pair, value))):
            raise ValueError(
                f"expected from_motifs, a list of pairs such as [[AUG, UAA]], or the path of a table, found "
                f"{show(value)}"
            )
        if isinstance(value, list):  # so that a mistake in a rule is told as one
            return [PairSection.model_validate(one) if isinstance(one, dict) else one for one in value]
        return value
