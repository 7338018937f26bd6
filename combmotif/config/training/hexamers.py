"""The YAML file of ``combmotif train`` with ``kind: hexamers``, typed."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from combmotif.core.typed_yaml import Real, Section, Seed, Whole


class PlantedSequences(Section):
    """Random sequences with reads drawn from known effects, to see how well these are found again."""

    kind: Literal["planted"] = Field(description="random sequences with reads from known effects")
    count: Whole = Field(80000, ge=10, le=100_000_000, description="how many sequences; default 80000")
    length: Whole = Field(25, ge=6, le=10_000, description="their length in nt; default 25")
    reads: Whole = Field(30, ge=1, description="reads per sequence; default 30")
    effect: Real = Field(0.3, gt=0, description="standard deviation of the effects, natural log odds; default 0.3")


class CountedTable(Section):
    """A table of sequences of one length with a column of reads for each outcome."""

    kind: Literal["table"] = Field(description="a CSV or TSV file with a header line")
    path: str = Field(description=".csv, .tsv or .txt file, plain or .gz")
    sequence: str | None = Field(None, description="column of the sequences; default sequence, seq or utr")
    limit: Whole | None = Field(None, ge=1, description="read only the first rows; default all")


class OutcomeSection(Section):
    """One of the outcomes that compete for the reads of a sequence."""

    name: str = Field(description="its name, and that of its column of reads", min_length=1)
    regions: dict[str, Annotated[list[Whole], Field(min_length=2, max_length=2)]] | None = Field(
        None,
        min_length=1,
        description="region: [first, last] start of the hexamers that count for it, from 0, both included; outcomes "
        "that name the same region share its effects; default a bias only",
    )
    donor: Whole | None = Field(
        None, ge=0, description="index of a splice donor's G: HAL's eight regions around it, instead of regions"
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> OutcomeSection:
        if self.regions is not None and self.donor is not None:
            raise ValueError("donor: expected either regions or donor, found both")
        for region, (first, last) in (self.regions or {}).items():
            if not 0 <= first <= last:
                raise ValueError(
                    f"regions.{region}: expected [first, last] with 0 <= first <= last, found {first}, {last}"
                )
        return self


class HexamerFitSection(Section):
    """How the effects are fitted."""

    l1: Real = Field(1e-6, ge=0, description="weight of the absolute effects in the loss; default 1e-6")
    iterations: Whole = Field(1000, ge=1, description="most iterations of L-BFGS; default 1000")


class HexamersConfig(Section):
    """Fit effects of hexamers to counts of outcomes by softmax regression, as HAL was."""

    kind: Literal["hexamers"] = Field(description="hexamers: fit effects of hexamers to counts")
    sequences: Annotated[PlantedSequences | CountedTable, Field(discriminator="kind")] = Field(
        description="sequences with counts"
    )
    outcomes: list[OutcomeSection] = Field(min_length=2, description="what competes for the reads of a sequence")
    held_out: Real = Field(0.1, ge=0, lt=1, description="share of the rows that are only measured on; default 0.1")
    fit: HexamerFitSection = Field(default_factory=HexamerFitSection, description="how they are fitted")
    seed: Seed = Field(0, ge=0, lt=2**31, description="of the planted effects and the held-out rows; default 0")

    @field_validator("outcomes")
    @classmethod
    def _complete(cls, value: list[OutcomeSection]) -> list[OutcomeSection]:
        names = [outcome.name for outcome in value]
        if len(set(names)) != len(names):
            raise ValueError(f"expected a different name for every outcome, found {', '.join(names)}")
        if all(outcome.regions is None and outcome.donor is None for outcome in value):
            raise ValueError("expected regions or a donor for at least one outcome, found none")
        return value
