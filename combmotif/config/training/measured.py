"""The YAML file of ``combmotif train`` with ``kind: measured``, typed."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator, model_validator

from combmotif.config.run import Device
from combmotif.config.training.regression import FitSection, NetCardText, NetSection
from combmotif.core.typed_yaml import Real, Section, Seed, Whole
from combmotif.sequence.alphabet import encode


class LabelledTable(Section):
    """A table of sequences with one or more measured values, which may be missing (NA)."""

    path: str = Field(description=".csv, .tsv or .txt file, plain or .gz")
    columns: list[str] | None = Field(
        None, min_length=2, description="names of the columns of a file without a header line; default: its header"
    )
    sequence: str = Field("sequence", description="column of the sequences; default sequence")
    labels: list[str] = Field(min_length=1, description="columns of the measured values; every one is a task")
    logarithm: list[str] = Field(default_factory=list, description="labels to take log2 of; default none")
    weight: Real = Field(1.0, gt=0, description="weight of its tasks in the loss; default 1")

    @model_validator(mode="after")
    def _logarithm_of_labels(self) -> LabelledTable:
        if unknown := [name for name in self.logarithm if name not in self.labels]:
            raise ValueError(f"logarithm: expected names of labels ({', '.join(self.labels)}), found '{unknown[0]}'")
        return self


class FoldsSection(Section):
    """Held-out groups."""

    count: Whole = Field(5, ge=2, description="number of folds; default 5")
    shared: Whole = Field(40, ge=8, description="no word of this length is shared between folds, in nt; default 40")
    seed: Seed = Field(0, ge=0, description="shuffles the groups; default 0")


class ContextSection(Section):
    """What stands on either side of every sequence in the assay."""

    five: str = Field("", description="bases before the sequence; default none")
    three: str = Field("", description="bases after it; default none")

    @field_validator("five", "three")
    @classmethod
    def _bases(cls, value: str) -> str:
        encode(value)
        return value


class MeasuredFit(FitSection):
    """How the nets are trained."""

    precision: Literal["float32", "bfloat16"] = Field(
        "float32", description="of the convolutions: float32, or bfloat16, faster; default float32"
    )


class StudentSection(Section):
    """One net that learns what the nets of all folds predict on average."""

    fit: MeasuredFit = Field(default_factory=MeasuredFit, description="how it is trained")
    net: NetSection | None = Field(None, description="default the net of the members")
    recombined: Real = Field(
        1.0,
        ge=0,
        description="further sequences, each two halves of training sequences, as a share of the rows; default 1",
    )
    measured: Real = Field(0.0, ge=0, le=1, description="share of the measured value in the target; default 0")
    estimate: bool = Field(True, description="also teach a student in every fold, to measure it; default true")


class MeasuredConfig(Section):
    """Fit a net to measured sequences, and measure it on groups of sequences that it has not seen."""

    kind: Literal["measured"] = Field(description="measured: fit tables; without it: distil trained nets")
    net: NetSection = Field(default_factory=NetSection, description="the net that is trained")
    length: Whole = Field(ge=1, description="input length in nt; shorter sequences are filled up with N at the 3' end")
    tables: list[LabelledTable] = Field(
        min_length=1, description="the labels of the first table are the outputs; those of others help to learn"
    )
    folds: FoldsSection = Field(default_factory=FoldsSection, description="held-out groups")
    members: Whole = Field(1, ge=1, description="nets per fold, of different seeds, whose mean counts; default 1")
    fit: MeasuredFit = Field(default_factory=MeasuredFit, description="how they are trained")
    context: ContextSection | None = Field(
        None, description="bases around every sequence that the nets see, but not the student; default none"
    )
    student: StudentSection | None = Field(
        None, description="teach one net what all others predict; default: the net is trained on all measured rows"
    )
    card: NetCardText = Field(description="what the new model's card says; output and unit are those of every output")
    device: Device = Field("auto", description="auto, cpu, cuda or mps; default auto")
    seed: Seed = Field(0, ge=0, lt=2**20, description="of the nets and the order; default 0")

    @model_validator(mode="after")
    def _names_differ(self) -> MeasuredConfig:
        names = [label for table in self.tables for label in table.labels]
        if len(set(names)) != len(names):
            raise ValueError(f"tables: expected different names for all labels, found {', '.join(names)}")
        if self.context is not None and self.student is None:
            raise ValueError("context: expected a student too, for the net that is written sees the sequences alone")
        if "arguments" in self.net.model_fields_set and "outputs" in self.net.arguments:
            raise ValueError("net.arguments.outputs: expected none; there is one output per label")
        return self
