"""What a model card (``model.yaml``) says, typed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, model_validator

from combmotif.core.typed_yaml import Real, Section, Whole
from combmotif.models.architectures import ARCHITECTURES

if TYPE_CHECKING:
    Kind = str
else:
    Kind = Literal[tuple(ARCHITECTURES) + ("python",)]


class CardInput(Section):
    """What the model reads."""

    alphabet: Literal["rna", "dna"] = Field("rna", description="letters of the output; default rna")
    length: Whole | None = Field(None, ge=1, description="input length in nt; default any length")
    channels: Whole = Field(
        4, ge=4, description="A, C, G, U, then tracks (coding frame, splice sites), zeros where not given; default 4"
    )
    rule: Literal["exact", "pad_right"] = Field(
        "exact",
        description="what becomes of other lengths: exact refuses them, pad_right fills the 3' end with zeros and "
        "keeps the last nt of a longer sequence; default exact",
    )
    description: str = Field("", description="what the sequences are")


class CardOutput(Section):
    """One predicted value."""

    name: str = Field(description="name of the output", min_length=1)
    unit: str = Field("", description="unit")
    meaning: str = Field("", description="what a larger value means")
    link: Literal["identity", "logit", "log"] | None = Field(
        None, description="scale on which the model adds up, for interactions: of the output itself, its logit or log"
    )


class CardTraining(Section):
    """Where the weights come from."""

    data: str = Field("", description="what it was trained on")
    licence: str = Field("", description="licence of the data and the weights")
    recipe: str = Field("", description="how it was trained")
    source: str = Field("", description="where the weights are published")


class CardMetric(Section):
    """A measured quality."""

    name: str = Field(description="for example squared correlation")
    value: Real = Field(description="its value")
    data: str = Field("", description="on what")
    command: str = Field("", description="the command that recomputes it")


class CardExpected(Section):
    """Predictions that loading verifies."""

    sequences: list[str] = Field(min_length=1, description="sequences")
    predictions: list[list[Real]] = Field(description="one row per sequence, one number per output")
    tolerance: Real = Field(1e-3, gt=0, description="largest absolute difference; default 0.001")

    @model_validator(mode="after")
    def _one_row_each(self) -> CardExpected:
        if len(self.predictions) != len(self.sequences):
            raise ValueError(f"expected {len(self.sequences)} rows of predictions, found {len(self.predictions)}")
        return self


class ModelCard(Section):
    """A trained model: its architecture, its weights, what it reads and predicts, and how well."""

    name: str | None = Field(None, description="default the name of the card's folder", min_length=1)
    description: str = Field("", description="one sentence on what it predicts")
    kind: Kind = Field(description="architecture")
    arguments: dict[str, Any] = Field(default_factory=dict, description="keyword arguments of the architecture")
    factory: str | None = Field(None, description="of kind python: path/to/file.py:function or package.module:function")
    weights: str | None = Field(
        None,
        description="file beside the card: safetensors or a torch .pth; Keras .h5 for optimus5p, framepool and Saluki "
        "(cnn_gru); .npz for hal",
        min_length=1,
    )
    sha256: str | None = Field(None, description="SHA-256 of the weights file", pattern="^[0-9a-f]{64}$")
    input: CardInput | None = Field(None, description="what the model reads; default that of the architecture")
    inputs: dict[str, Any] = Field(default_factory=dict, description="constant further inputs of the network, by name")
    output: int | str | dict[str, Any] | None = Field(
        None, description="which output of the network is meant: 1, human, {mean: positions} or {position: center}"
    )
    outputs: list[CardOutput] | None = Field(None, min_length=1, description="what it predicts, one per column")
    match_kinds: list[str] | None = Field(
        None,
        min_length=1,
        description="kinds of known element that can matter to what was measured, see match.kinds; default all",
    )
    training: CardTraining = Field(default_factory=CardTraining, description="where the weights come from")
    metrics: list[CardMetric] = Field(default_factory=list, description="how good it is")
    expected: CardExpected | None = Field(None, description="predictions that loading verifies")
    limits: str = Field("", description="what it should not be used for")

    @model_validator(mode="after")
    def _complete(self) -> ModelCard:
        if self.kind == "python" and self.factory is None:
            raise ValueError("factory: expected path/to/file.py:function for kind: python, found nothing")
        if self.kind != "python" and self.factory is not None:
            raise ValueError(f"factory: expected none for kind: {self.kind}, found '{self.factory}'")
        if self.kind != "python" and self.weights is None:
            raise ValueError(f"weights: expected the weights file of a {self.kind} model, found nothing")
        return self
