"""The YAML file of ``combmotif train`` with ``kind: half_life``: whole mRNAs with coding frame and splice sites."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from combmotif.config.run import Device
from combmotif.config.training.regression import CardText
from combmotif.core.typed_yaml import Real, Section, Seed, Whole

_COMBMOTIF_FIT = {
    "epochs": 250, "min_epochs": 0, "batch": 64, "learning_rate": 1e-4, "beta2": 0.999, "weight_decay": 1e-5,
    "kernel_l2": 0.0, "clip": 0.0, "shift": 3, "patience": 100, "stop": "loss",
}  # fmt: skip
_NET = {"channels": 6, "blocks": 6, "width": 64, "kernel": 5, "padding": 0}
PRESETS: dict[str, dict[str, dict[str, Any]]] = {
    "combmotif": {"net": {**_NET, "dropout": 0.2, "norm_momentum": 0.9}, "fit": _COMBMOTIF_FIT},
    "saluki": {
        "net": {**_NET, "dropout": 0.3, "reverse": True, "norm_eps": 1e-3},
        "fit": {
            **_COMBMOTIF_FIT, "min_epochs": 100, "beta2": 0.998, "weight_decay": 0.0, "kernel_l2": 1e-3, "clip": 0.5,
            "patience": 25, "stop": "pearson",
        },
    },
}  # fmt: skip
"""What the published trainings of CombMotif and Saluki set; a config's own keys come first."""


class Hdf5Species(Section):
    """One head's data in CombMotif's HDF5 layout."""

    kind: Literal["hdf5"] = Field(description="HDF5 with {train,valid,test}_sequence (n, 6, length) and _label (n,)")
    name: str = Field("half_life", description="name of the head; default half_life", min_length=1)
    path: str = Field(description=".h5 file")


class TranscriptSpecies(Section):
    """One head's data as sequences, their annotation and a table of measured values."""

    kind: Literal["transcripts"] = Field(description="FASTA, annotation and a table of measured values")
    name: str = Field("half_life", description="name of the head; default half_life", min_length=1)
    fasta: str = Field(description="FASTA of transcripts, or of the genome they are spliced out of; plain or .gz")
    annotation: str | None = Field(None, description="BED12, GTF or GFF3 of the transcripts; needed with 6 channels")
    table: str = Field(description=".csv or .tsv file of the measured values, plain or .gz")
    id: str = Field(description="column of the transcripts' names")
    label: str = Field(description="column of the measured values")
    split: str = Field("split", description="column with the split; default split")
    valid: list[str | Whole] = Field(["valid"], min_length=1, description="its values for validation; default [valid]")
    test: list[str | Whole] = Field(["test"], min_length=1, description="its values for the test; default [test]")


SpeciesSection = Annotated[Hdf5Species | TranscriptSpecies, Field(discriminator="kind")]


class HalfLifeFit(Section):
    """How it is trained; what is left out is the preset's."""

    epochs: Whole | None = Field(None, ge=1, description="most passes over the data")
    min_epochs: Whole | None = Field(None, ge=0, description="passes before which it does not stop")
    batch: Whole | None = Field(None, ge=2, description="sequences per step")
    learning_rate: Real | None = Field(None, gt=0, description="of Adam, constant")
    beta2: Real | None = Field(None, gt=0, lt=1, description="of Adam")
    weight_decay: Real | None = Field(None, ge=0, description="Adam's L2 penalty on every parameter")
    kernel_l2: Real | None = Field(None, ge=0, description="L2 penalty on kernels, added to the loss")
    clip: Real | None = Field(None, ge=0, description="largest norm of the gradient, 0 for none")
    shift: Whole | None = Field(None, ge=0, description="largest random shift to the right in nt, zeros before it")
    patience: Whole | None = Field(
        None, ge=0, description="epochs without gain of any head before stopping, 0 for never"
    )
    stop: Literal["loss", "pearson"] | None = Field(None, description="what is monitored on the validation rows")


class HalfLifeConfig(Section):
    """Train the 6-block CNN+GRU net on whole mRNAs, as CombMotif or as Saluki does."""

    kind: Literal["half_life"] = Field(description="half_life: whole mRNAs with coding frame and splice sites")
    preset: Literal["combmotif", "saluki"] = Field("combmotif", description="whose recipe; default combmotif")
    species: list[SpeciesSection] = Field(min_length=1, description="the data, one head each")
    length: Whole = Field(
        12288, ge=1, description="input in nt: zeros after a shorter mRNA, the last nt of a longer one; default 12288"
    )
    net: dict[str, Any] = Field(default_factory=dict, description="arguments of cnn_gru; default the preset's")
    fit: HalfLifeFit = Field(default_factory=HalfLifeFit, description="how it is trained")
    card: CardText = Field(description="what the new model's card says")
    device: Device = Field("auto", description="auto, cpu, cuda or mps; default auto")
    seed: Seed = Field(2024, ge=0, lt=2**31, description="of the net, the order and the shifts; default 2024")

    @field_validator("species")
    @classmethod
    def _names_differ(cls, value: list[Hdf5Species | TranscriptSpecies]) -> list[Hdf5Species | TranscriptSpecies]:
        names = [species.name for species in value]
        if len(set(names)) != len(names):
            raise ValueError(f"expected a different name for every head, found {', '.join(names)}")
        return value

    def net_arguments(self) -> dict[str, Any]:
        """Arguments of the net: the preset's, then the config's own; one output per head."""
        return {**PRESETS[self.preset]["net"], **self.net, "outputs": len(self.species)}

    def fit_arguments(self) -> dict[str, Any]:
        """How it is trained: the preset's values, then the config's own."""
        return {**PRESETS[self.preset]["fit"], **self.fit.model_dump(exclude_none=True)}
