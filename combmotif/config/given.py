"""A run's config for a model or sequences that are given in memory, from Python, instead of being named in a file."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from combmotif.config.inputs import (
    CardSection,
    FastaSequences,
    Hdf5Sequences,
    KerasSection,
    PythonSection,
    RandomSequences,
    TableSequences,
    model_kind,
)
from combmotif.config.run import RunConfig
from combmotif.core.typed_yaml import Section


class ModuleSection(Section):
    """A torch module that was given from Python; a YAML file names a card or a factory instead."""

    kind: Literal["module"] = Field(description="a torch module given from Python")
    name: str = Field(description="of the model")


class GivenSequences(Section):
    """Sequences that were given from Python; a YAML file names a file instead."""

    kind: Literal["given"] = Field(description="sequences given from Python")
    count: int = Field(description="how many")
    label: list[str] | None = Field(None, description="names of the measured values")


class GivenConfig(RunConfig):
    """A :class:`RunConfig` whose model or sequences may be given in memory."""

    model: Annotated[
        Annotated[CardSection, Tag("card")]
        | Annotated[PythonSection, Tag("python")]
        | Annotated[KerasSection, Tag("keras")]
        | Annotated[ModuleSection, Tag("module")],
        Discriminator(model_kind),
    ] = Field(description="the trained model")  # type: ignore[assignment]
    sequences: Annotated[
        RandomSequences | FastaSequences | TableSequences | Hdf5Sequences | GivenSequences,
        Field(discriminator="kind"),
    ] = Field(description="sequences the neurons and effects are measured on")  # type: ignore[assignment]
