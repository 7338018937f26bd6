"""The YAML file of ``combmotif train`` with ``kind: language``, typed."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from combmotif.config.run import Device
from combmotif.config.training.regression import NetCardText
from combmotif.core.typed_yaml import Real, Section, Seed, Whole


class TextSection(Section):
    """Sequences to read: FASTA, or a column of a table."""

    path: str = Field(description="FASTA (.fa, .fasta, .fna), or a .csv or .tsv table; plain or .gz")
    sequence: str | None = Field(None, description="column of the sequences; default sequence, seq or utr")
    columns: list[str] | None = Field(
        None, min_length=2, description="names of the columns of a table without a header line; default: its header"
    )


class HeldOutSection(Section):
    """Sequences of the first text that are never trained on, nor any that shares a k-mer with them."""

    share: Real = Field(0.05, gt=0, le=0.5, description="of the first text; default 0.05")
    shared: Whole = Field(40, ge=8, description="length in nt of the k-mers that no sequence shares; default 40")


class LanguageNetSection(Section):
    """The net: two stacks of dilated convolutions, one on each side of a base, and two pointwise layers."""

    width: Whole = Field(96, ge=1, description="channels of each stack; default 96")
    first: Whole = Field(9, ge=1, description="width of the first kernels in nt; default 9")
    kernel: Whole = Field(5, ge=2, description="width of the others; default 5")
    dilations: list[Whole] = Field([1, 2, 4, 8, 16], min_length=1, description="one block each; default 1, 2, 4, 8, 16")
    hidden: Whole = Field(256, ge=1, description="channels of the pointwise layers; default 256")


class LanguageFit(Section):
    """How it is trained."""

    steps: Whole = Field(4000, ge=1, description="steps of AdamW; default 4000")
    batch: Whole = Field(8192, ge=1, description="bases per step; default 8192")
    window: Whole = Field(160, ge=40, description="longer sequences are cut into windows of this many nt; default 160")
    learning_rate: Real = Field(3e-3, gt=0, description="peak of the rate; default 0.003")
    averaging: Real = Field(0.995, ge=0, lt=1, description="decay of the average of weights; default 0.995")
    clip: Real = Field(1.0, gt=0, description="largest norm of the gradient; default 1")
    every: Whole = Field(200, ge=1, description="steps between two checkpoints; default 200")


class LanguageConfig(Section):
    """Train a language model, which predicts every base from all others, on any sequences."""

    kind: Literal["language"] = Field(description="language: read text; without it: distil trained nets")
    texts: list[TextSection] = Field(min_length=1, description="files; the loss is measured on the first")
    held_out: HeldOutSection = Field(default_factory=HeldOutSection, description="what the loss is measured on")
    net: LanguageNetSection = Field(default_factory=LanguageNetSection, description="the net that is trained")
    fit: LanguageFit = Field(default_factory=LanguageFit, description="how it is trained")
    card: NetCardText = Field(description="what the new model's card says")
    device: Device = Field("auto", description="auto, cpu, cuda or mps; default auto")
    seed: Seed = Field(0, ge=0, lt=2**31, description="of the held-out sequences, the net and the order; default 0")
