"""The YAML file of ``combmotif train``, typed."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator

from combmotif.config.inputs import RandomSequences, Trust
from combmotif.config.run import Device
from combmotif.core.typed_yaml import Real, Section, Seed, Whole


class TeacherSection(Section):
    """A trained net whose predictions label the random sequences."""

    card: str = Field(description="name of a shipped model or path of a card", min_length=1)
    output: Whole | str = Field(0, description="output of the teacher, by name or number from 0; default 0")
    trust: Trust = False


class MeasuredSection(Section):
    """A table of sequences with measured values."""

    path: str = Field(description=".csv or .tsv file, plain or .gz")
    sequence: str | None = Field(None, description="column of the sequences; default sequence, seq or utr")
    label: str = Field(description="column of the measured values")
    target: Literal["measured", "teachers"] = Field(
        "measured", description="train on the measured values or on the teachers' predictions; default measured"
    )
    weight: Real = Field(1.0, gt=0, description="weight of a row in the loss; a random row has 1; default 1")


class TestSection(Section):
    """A table that is never trained on; squared correlation is reported on it."""

    __test__ = False

    name: str = Field(description="what to call it in metrics.json and in the card")
    path: str = Field(description=".csv or .tsv file, plain or .gz")
    sequence: str | None = Field(None, description="column of the sequences; default sequence, seq or utr")
    label: str = Field(description="column of the measured values")
    exclude: list[str] = Field(default_factory=list, description="leave out sequences with these words; default none")


class NetSection(Section):
    """The net that is trained."""

    kind: Literal["cnn_gru"] = Field("cnn_gru", description="architecture; default cnn_gru")
    arguments: dict[str, Any] = Field(default_factory=dict, description="of the architecture; default its own defaults")


class FitSection(Section):
    """How it is trained."""

    epochs: Whole = Field(20, ge=1, description="passes over the data; default 20")
    batch: Whole = Field(256, ge=1, description="sequences per step; default 256")
    learning_rate: Real = Field(3e-3, gt=0, description="of Adam: peak of the schedule; default 0.003")
    schedule: Literal["one_cycle", "cosine", "constant"] = Field(
        "one_cycle", description="of the rate; default one_cycle"
    )
    weight_decay: Real = Field(0.0, ge=0, description="L2 penalty; default 0")
    averaging: Real = Field(0.999, ge=0, lt=1, description="decay of the average of weights; default 0.999")
    shift: Whole = Field(0, ge=0, description="largest random shift to the right in nt; it breaks the frame; default 0")
    clip: Real = Field(1.0, ge=0, description="largest norm of the gradient, 0 for none; default 1")
    patience: Whole = Field(0, ge=0, description="epochs without gain before stopping; default 0, off")


class CardText(Section):
    """What the new model's card says about it."""

    name: str = Field(description="name of the model", min_length=1)
    description: str = Field("", description="one sentence on what it predicts")
    unit: str = Field("", description="unit of the output")
    meaning: str = Field("", description="what a larger value means")
    data: str = Field("", description="what it was trained on")
    licence: str = Field("", description="licence of the data, and of any teachers")
    match_kinds: list[str] | None = Field(
        None, min_length=1, description="kinds of known element that can matter, see match.kinds; default all"
    )
    limits: str = Field("", description="what it should not be used for")


class NetCardText(CardText):
    """What the card of a net of one kind of sequence says about it as well."""

    input: str = Field("", description="what the sequences are")
    output: str = Field("output", description="name of the output; default output")
    command: str = Field("", description="the command that recomputes the metrics")


class TrainConfig(Section):
    """Distil trained nets, and optionally measured data, into one small net."""

    net: NetSection = Field(default_factory=NetSection, description="the net that is trained")
    teachers: list[TeacherSection] = Field(min_length=1, description="nets whose mean labels random sequences")
    sequences: RandomSequences = Field(description="random sequences to train on")
    validation: Whole = Field(10000, ge=10, description="further random sequences, held out; default 10000")
    measured: MeasuredSection | None = Field(None, description="measured rows to train on as well; default none")
    fit: FitSection = Field(default_factory=FitSection, description="how it is trained")
    tests: list[TestSection] = Field(
        default_factory=list, description="tables to report squared correlation on; default none"
    )
    card: NetCardText = Field(description="what the new model's card says")
    device: Device = Field("auto", description="auto, cpu, cuda or mps; default auto")
    seed: Seed = Field(0, ge=0, lt=2**31, description="of the sequences, the net and the order; default 0")

    @field_validator("tests")
    @classmethod
    def _names_differ(cls, value: list[TestSection]) -> list[TestSection]:
        names = [test.name for test in value]
        if len(set(names)) != len(names):
            raise ValueError(f"expected a different name for every table, found {', '.join(names)}")
        return value
