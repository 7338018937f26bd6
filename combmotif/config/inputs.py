"""The sections that say what is interpreted: the model, the sequences, the neurons."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Discriminator, Field, Tag, field_validator, model_validator

from combmotif.config.neurons import parse_selection
from combmotif.core.plain_yaml import show
from combmotif.core.typed_yaml import Real, Section, Whole
from combmotif.sequence.alphabet import iupac_sets

LARGEST_SET = 2_000_000_000
"""Nucleotides of random sequences: they are held in memory, a byte each, and copied once."""
Limit = Annotated[Whole | None, Field(ge=1, description="read only the first rows; default all")]
Annotation = Annotated[
    str | None,
    Field(description="BED12, GTF or GFF3 of the transcripts, for nets that read coding frame and splice sites"),
]
SkipInvalid = Annotated[
    bool,
    Field(
        description="leave out transcripts whose annotation is missing or cannot be used (listed in left_out.tsv), "
        "instead of refusing them; default false"
    ),
]
# Left out of what is written down: leave that was given once, for one file, is none for a copy of the record.
Trust = Annotated[
    bool,
    Field(exclude=True, description="run the Python code that the card names (--trust does the same); default false"),
]
Labels = Annotated[
    str | list[str] | None, Field(description="column or columns of measured values, for contribution.outcome: label")
]


def _can_be_picked(value: Any) -> Any:
    from combmotif.models.door import Pick  # with torch, which a config without it need not load

    Pick.of(value)
    return value


Picked = Annotated[
    Whole | str | dict[str, Any] | None,
    AfterValidator(_can_be_picked),
    Field(
        description="which output is meant: 1, a name, {mean: positions}, {position: center} or {position: 50}, with "
        "item: NAME beside it where the network returns several, and axis: 1 where that of the positions does not "
        "show; default all of a single tensor"
    ),
]


class CardSection(Section):
    """A model described by a card: a shipped one by name, or your own by path."""

    card: str = Field(
        description="name of a shipped model (combmotif models lists them), or path of a card", min_length=1
    )
    trust: Trust = False


class PythonSection(Section):
    """A torch module from your own Python code, which is imported and run."""

    kind: Literal["python"] = Field(description="a torch module made by your own Python function")
    factory: str = Field(description="path/to/file.py:function or package.module:function that returns the module")
    kwargs: dict[str, Any] = Field(default_factory=dict, description="keyword arguments of the factory; default none")
    weights: str | None = Field(
        None, description="file of the trained weights, .safetensors or a torch state_dict; default: the factory's own"
    )
    alphabet: Literal["rna", "dna"] = Field("rna", description="letters of the output, rna or dna")
    length: Whole | None = Field(None, ge=1, description="input length in nt; default any length")
    channels: Whole = Field(4, ge=4, description="input channels: A, C, G, U, then tracks")
    rule: Literal["exact", "pad_right"] = Field(
        "exact", description="other lengths: refused, or (pad_right) zeros at the 3' end, last nt kept"
    )
    inputs: dict[str, Any] = Field(
        default_factory=dict,
        description="constant further inputs of the network by name, such as {cell_type: 2}; default none",
    )
    output: Picked = None
    outputs: list[str] | None = Field(
        None, min_length=1, description="names of the outputs, one per column; default output, or output1, output2, ..."
    )


class KerasInput(Section):
    """What a Keras network reads; its file says the rest."""

    alphabet: Literal["rna", "dna"] = Field("rna", description="letters of the output, rna or dna; default rna")
    length: Whole | None = Field(None, ge=1, description="input length in nt; default that of the file, or any")
    rule: Literal["exact", "pad_right"] = Field(
        "exact", description="other lengths: refused, or (pad_right) zeros at the 3' end, last nt kept; default exact"
    )
    codes: list[Whole] | None = Field(
        None,
        min_length=4,
        max_length=4,
        description="numbers of A, C, G and U, where the network reads numbers through an Embedding; default 0 to 3 "
        "where it knows no others",
    )
    name: str | None = Field(
        None, description="the input that reads the sequence, of several; default the only one that can"
    )


class KerasSection(Section):
    """A network in a Keras file, opened through Keras 3 on torch."""

    kind: Literal["keras"] = Field(description="a network in a Keras file")
    weights: str = Field(description="file that model.save wrote, .keras or .h5")
    input: KerasInput = Field(default_factory=KerasInput, description="what it reads; default as its file says")
    output: Picked = None
    outputs: list[str] | None = Field(
        None, min_length=1, description="names of the outputs, one per column; default output, or output1, output2, ..."
    )
    constants: dict[str, Real | list[Real] | Literal["same", "reverse_complement"]] = Field(
        default_factory=dict,
        description="what every further input reads, by its name: a number, a list, or the sequence too (same, "
        "reverse_complement); default none",
    )
    custom_objects: str | None = Field(
        None,
        description="path/to/file.py:dictionary of the classes of layers that are not Keras' own; the file is imported "
        "and run; default none",
    )


def model_kind(data: Any) -> str:
    """Tell which kind of model section plain data are."""
    if isinstance(data, Section):
        return str(getattr(data, "kind", "card"))
    if isinstance(data, dict) and ("kind" in data or "factory" in data):
        return str(data.get("kind", "python"))
    return "card"


ModelSection = Annotated[
    Annotated[CardSection, Tag("card")]
    | Annotated[PythonSection, Tag("python")]
    | Annotated[KerasSection, Tag("keras")],
    Discriminator(model_kind),
]


class RandomSequences(Section):
    """Independent random sequences."""

    kind: Literal["random"] = Field(description="independent random sequences")
    count: Whole = Field(20000, ge=1, description="how many sequences")
    length: Whole = Field(50, ge=1, description="their length in nt")
    frequencies: list[Real] = Field(
        [0.25, 0.25, 0.25, 0.25], min_length=4, max_length=4, description="of A, C, G, U; default 0.25 each"
    )
    exclude: list[str] = Field(
        default_factory=list, description="IUPAC words that no sequence may contain, such as [AUG]; default none"
    )

    @model_validator(mode="after")
    def _fits_a_memory(self) -> RandomSequences:
        if self.count * self.length > LARGEST_SET:
            raise ValueError(
                f"expected count times length of at most {LARGEST_SET:,} nt, found {self.count:,} times {self.length:,}"
            )
        return self

    @field_validator("exclude")
    @classmethod
    def _words(cls, value: list[str]) -> list[str]:
        for word in value:
            iupac_sets(word)
        return value

    @field_validator("frequencies")
    @classmethod
    def _sum_to_one(cls, value: list[float]) -> list[float]:
        if min(value) < 0 or abs(sum(value) - 1) > 0.011:
            raise ValueError(f"expected 4 shares of A, C, G, U that sum to 1, found {value} (sum {sum(value):g})")
        return value


class FastaSequences(Section):
    """Sequences of a FASTA file."""

    kind: Literal["fasta"] = Field(description="a FASTA file")
    path: str = Field(description="FASTA file, plain or .gz")
    annotation: Annotation = None
    skip_invalid: SkipInvalid = False
    limit: Limit = None


class TableSequences(Section):
    """Sequences, and labels if wanted, of a CSV or TSV file."""

    kind: Literal["table"] = Field(description="a CSV or TSV file with a header line")
    path: str = Field(description=".csv, .tsv or .txt file, plain or .gz")
    sequence: str | None = Field(None, description="column of the sequences; default sequence, seq or utr")
    name: str | None = Field(None, description="column of the names, which are text; default row1, row2, ...")
    annotation: Annotation = None
    skip_invalid: SkipInvalid = False
    label: Labels = None
    cluster: str | None = Field(
        None, description="column of what counts as independent in interactions, such as the gene; default each row"
    )
    limit: Limit = None


class Hdf5Sequences(Section):
    """Sequences, and labels if wanted, of an HDF5 file."""

    kind: Literal["hdf5"] = Field(description="an HDF5 file")
    path: str = Field(description=".h5 file")
    sequence: str = Field("sequence", description="dataset of one-hot, codes or strings")
    label: str | None = Field(None, description="dataset of measured values, for contribution.outcome: label")
    limit: Limit = None


SequencesSection = Annotated[
    RandomSequences | FastaSequences | TableSequences | Hdf5Sequences, Field(discriminator="kind")
]


class NeuronsSection(Section):
    """The neurons to interpret."""

    layer: str | list[str] = Field(
        description="a convolutional layer, several such as [conv3, conv4], or all that fit into the sequences "
        "(combmotif inspect lists them)",
        min_length=1,
    )
    select: Whole | str | list[Whole | str] = Field(
        "all",
        description='of every layer: all, 5, "0-15" (both ends included) or [0, 3, "7-9"]; counted from 0',
    )

    @field_validator("layer", mode="before")
    @classmethod
    def _named_by_number(cls, value: Any) -> Any:
        def name(one: Any) -> Any:  # layers of an nn.Sequential are numbers
            return str(one) if isinstance(one, int) and not isinstance(one, bool) else one

        return [name(one) for one in value] if isinstance(value, list) else name(value)

    @field_validator("layer")
    @classmethod
    def _each_once(cls, value: str | list[str]) -> str | list[str]:
        names = value if isinstance(value, list) else [value]
        if not all(names) or len(set(names)) != len(names):
            raise ValueError(f"expected names of layers, each once, found {', '.join(names)}")
        return value

    @field_validator("select", mode="before")
    @classmethod
    def _readable(cls, value: Any) -> Any:
        if not isinstance(value, (int, str, list)):
            raise ValueError(f"expected all, a number, a range such as 0-15, or a list of them, found {show(value)}")
        parse_selection(value)
        return value
