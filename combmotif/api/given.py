"""What users give from Python, brought to what the package works with: models, sequences, motifs, neurons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

from combmotif.api.arguments import one_of
from combmotif.api.results import Result
from combmotif.config.given import GivenConfig
from combmotif.config.opening import KERAS_FILES, open_model_from
from combmotif.config.opening import open_model as open_section
from combmotif.core.typed_yaml import validate
from combmotif.models.door import Output
from combmotif.models.model import InputSpec, SequenceModel
from combmotif.models.opening import open_module
from combmotif.motifs.files import DEFAULT_SITES, open_motifs
from combmotif.motifs.matching.database import word_ppm
from combmotif.motifs.motif import Motif, MotifSet
from combmotif.runs.context import load_sequences
from combmotif.sequence.alphabet import IUPAC, LETTERS
from combmotif.sequence.onehot import as_codes
from combmotif.sequence.sets import SequenceSet

Model = nn.Module | SequenceModel | Mapping[str, Any] | str | Path
"""A torch module, the name or path of a card, a Keras file, or the ``model`` section of a config."""
Sequences = (
    SequenceSet | Mapping[str, Any] | Sequence[str] | Sequence[np.ndarray] | np.ndarray | torch.Tensor | str | Path
)
"""Letters, codes, one-hot arrays or tensors; a FASTA, table or HDF5 file; the ``sequences`` section of a config."""
Motifs = Motif | MotifSet | str | Path | np.ndarray | torch.Tensor | Mapping[str, Any] | Sequence[Any]
"""Motifs, matrices, IUPAC words, a motif file, or several of them."""

FILES = {
    "fasta": (".fa", ".fasta", ".fna"),
    "table": (".csv", ".tsv", ".txt"),
    "hdf5": (".h5", ".hdf5"),
}


def open_model(
    model: Model,
    sequences: SequenceSet | None = None,
    *,
    alphabet: str = "rna",
    outputs: Sequence[str] | None = None,
    output: Output | None = None,
    inputs: Mapping[str, Any] | None = None,
    length: int | None = None,
    channels: int = 4,
    trust: bool = False,
) -> SequenceModel:
    """Open a model once, for several steps: a module, a card, a Keras file.

    Parameters
    ----------
    model : torch.nn.Module, SequenceModel, mapping, str or path
        A module that maps (batch, 4, length), one-hot in the order A, C, G, U, to (batch,) or (batch, outputs); or the
        name of a shipped model, the path of a model card or of a Keras file; or the ``model`` section of a config.
    sequences : SequenceSet, optional
        Of a module that reads one length only: sequences of that length.
    alphabet : {"rna", "dna"}, default "rna"
        Letters of the output, for a module; U and T are the same letter inside.
    outputs : sequence of str, optional
        Names of a module's outputs; default output, or output1, output2, ...
    output : int, str or mapping, optional
        Which output of a module is meant: ``1``, ``"human"``, ``{"mean": "positions"}`` or ``{"position": "center"}``.
    inputs : mapping of str to anything, optional
        Constant further inputs of a module by name, such as ``{"cell_type": 2}``.
    length : int, optional
        Input length of a module in nt; default any, or that of the sequences where the module needs it.
    channels : int, default 4
        Input channels of a module: A, C, G, U, then tracks.
    trust : bool, default False
        Run the Python code that a model card names; for those of people you trust.

    Returns
    -------
    SequenceModel
        ``.predict`` takes letters, codes and one-hot arrays.

    Raises
    ------
    ValueError, FileNotFoundError
        If it is no model, or does not predict what is expected.

    Examples
    --------
    >>> import combmotif as cm
    >>> cm.open_model("mrl").predict(["ACGU" * 12 + "AU"]).shape
    (1, 1)
    """
    if isinstance(model, SequenceModel):
        return model
    if isinstance(model, Mapping):
        if any(torch.is_tensor(value) for value in model.values()):
            raise ValueError("model: expected a torch.nn.Module, found weights alone; load them into the module")
        data = {"model": dict(model), "sequences": {"kind": "random"}}
        return open_section(validate(GivenConfig, data, name="model").model)  # type: ignore[arg-type]
    if isinstance(model, (str, Path)):
        if Path(model).suffix in KERAS_FILES:
            return open_model(keras_section(model, outputs=outputs, alphabet=alphabet, length=length))
        return open_model_from(str(model), trust=trust)
    keras = any(kind.__module__.partition(".")[0] == "keras" for kind in type(model).__mro__)  # modules, on torch
    if keras or not isinstance(model, nn.Module):
        hint = "; give the module, not its class" if isinstance(model, type) else ""
        hint = "; save it, model.save('net.keras'), and give the file" if keras else hint
        raise ValueError(
            f"model: expected a torch.nn.Module, the name of a shipped model or the path of a card, found "
            f"{type(model).__name__}{hint}"
        )
    if inputs is not None and not isinstance(inputs, Mapping):
        raise ValueError(f"inputs: expected values by name, such as {{'cell_type': 2}}, found {inputs!r}")
    return _wrap(
        model, sequences, alphabet=alphabet, outputs=outputs, output=output, inputs=inputs, length=length,
        channels=channels,
    )  # fmt: skip


def keras_section(
    path: str | Path, *, outputs: Sequence[str] | None, alphabet: str, length: int | None
) -> dict[str, Any]:  # fmt: skip
    """Say as a config does what a Keras file reads and predicts."""
    names = None if outputs is None else list(outputs)
    told = {"alphabet": alphabet, "length": length}
    return {"kind": "keras", "weights": str(path), "outputs": names, "input": told}


def _wrap(
    module: nn.Module,
    sequences: SequenceSet | None,
    *,
    alphabet: str,
    outputs: Sequence[str] | None,
    output: Output | None,
    inputs: Mapping[str, Any] | None,
    length: int | None,
    channels: int,
) -> SequenceModel:
    """Find out what a module reads: any length, or only that of the sequences where they have one."""
    lengths = set() if sequences is None else {int(size) for size in sequences.lengths}
    specs = [InputSpec(alphabet, length, channels)]
    if length is None and len(lengths) == 1:
        specs.append(InputSpec(alphabet, lengths.pop(), channels))
    failure: ValueError | None = None
    name = type(module).__name__
    for spec in specs:
        try:
            return open_module(
                module, spec, name=name, outputs=outputs, output=output, inputs=inputs,
                description={"name": name, "kind": "module"},
            )  # fmt: skip
        except ValueError as error:
            failure = failure or error
    assert failure is not None
    raise failure


@contextmanager
def evaluating(model: Model) -> Iterator[None]:
    """Keep a module that was given in evaluation mode for a while, and leave every part of it in the mode it was in."""
    module = model.module if isinstance(model, SequenceModel) else model
    modes = [(part, part.training) for part in module.modules()] if isinstance(module, nn.Module) else []
    for part, _ in modes:
        part.training = False
    try:
        yield
    finally:
        for part, mode in modes:
            part.training = mode


def as_sequences(sequences: Sequences, *, labels: Mapping[str, Sequence[float]] | None = None) -> SequenceSet:
    """Bring sequences of any form to a set; see `Sequences`.

    Parameters
    ----------
    sequences : SequenceSet, mapping, list, array, tensor, str or path
    labels : mapping of str to sequence of float, optional
        Measured values of sequences that are in memory.

    Returns
    -------
    SequenceSet

    Raises
    ------
    ValueError, FileNotFoundError
        If they are nothing of the kind, or labels are given for a file, which has its own.
    """
    named = isinstance(sequences, (SequenceSet, Mapping, str, Path))
    if labels and named:
        raise ValueError("labels: expected with a list of sequences; a SequenceSet or a file has its own")
    if isinstance(sequences, SequenceSet):
        if not len(sequences):
            raise ValueError("sequences: expected at least one, found none")
        return sequences
    if isinstance(sequences, (Mapping, str, Path)):
        section = dict(sequences) if isinstance(sequences, Mapping) else file_section(sequences)
        data = {"model": {"kind": "module", "name": "given"}, "sequences": section}
        return load_sequences(validate(GivenConfig, data, name="sequences"))
    if isinstance(sequences, (bytes, pd.DataFrame)):
        hint = "text" if isinstance(sequences, bytes) else "the column of the sequences"
        raise ValueError(
            f"sequences: expected a list of sequences or an array, found {type(sequences).__name__}; give {hint}"
        )
    if not isinstance(sequences, (np.ndarray, torch.Tensor, Sequence)) and hasattr(sequences, "__iter__"):
        sequences = list(sequences)  # a generator, a column of a DataFrame
    codes, tracks = as_codes(sequences)
    if (empty := next((row for row, own in enumerate(codes) if not len(own)), None)) is not None:
        raise ValueError(f"sequences: number {empty}: expected bases, found none")
    return SequenceSet.from_codes(list(codes), labels=labels, tracks=None if tracks is None else list(tracks))


def file_section(path: str | Path) -> dict[str, str]:
    """Say as a config does what file of sequences a path is, by its ending."""
    given = Path(path)
    suffix = given.with_suffix("").suffix if given.suffix == ".gz" else given.suffix
    kind = next((kind for kind, endings in FILES.items() if suffix in endings), None)
    if kind is None:
        endings = ", ".join(ending for some in FILES.values() for ending in some)
        raise ValueError(
            f"sequences: expected a list of sequences, or a file that ends in {endings}, plain or .gz, found "
            f"'{str(path)[:60]}'"
        )
    if not given.is_file():
        raise FileNotFoundError(f"sequences: there is no file '{path}'")
    return {"kind": kind, "path": str(path)}


def is_word(value: object) -> bool:
    """Whether something is an IUPAC word, and not the name of a file."""
    return isinstance(value, str) and bool(value) and set(value.upper()) <= set(IUPAC)


def as_motifs(motifs: Any, *, alphabet: str = "rna", what: str = "motifs") -> MotifSet:
    """Bring motifs of any form to a set; see `Motifs`.

    Parameters
    ----------
    motifs : Motif, MotifSet, array, tensor, str, path, mapping, or a sequence of these
        A matrix is (length, 4) or (4, length), counts or probabilities of A, C, G, U; a string is an IUPAC word, or the
        path of a motif file; a mapping gives names to matrices or words; anything with ``.motifs``, such as a result.
    alphabet : {"rna", "dna"}, default "rna"
        Letters of the names.
    what : str, default "motifs"
        What an error calls them.

    Returns
    -------
    MotifSet

    Raises
    ------
    ValueError, FileNotFoundError
        If they are nothing of the kind.
    """
    one_of(alphabet, "alphabet", LETTERS)
    if isinstance(motifs, Result):
        motifs = motifs.data
    if isinstance(motifs, MotifSet):
        return motifs
    if isinstance(motifs, Motif):
        return MotifSet((motifs,), motifs.method, alphabet)
    inside = getattr(motifs, "motifs", None)
    if inside is not None:
        return inside if isinstance(inside, MotifSet) else MotifSet(tuple(inside), "", alphabet)
    if isinstance(motifs, (str, Path)) and not is_word(motifs):
        try:
            return open_motifs(motifs)[0]
        except FileNotFoundError as error:
            if not isinstance(motifs, str) or set(motifs) & set("./"):
                raise
            raise ValueError(f"{what}: expected IUPAC letters or a motif file, found '{motifs}' ({error})") from None
    if isinstance(motifs, (pd.Series, pd.Index)):
        motifs = list(motifs)
    if isinstance(motifs, Mapping):
        named = list(motifs.items())
    elif isinstance(motifs, str) or getattr(motifs, "ndim", 0) == 2:
        named = [("", motifs)]
    elif isinstance(motifs, (Sequence, np.ndarray, torch.Tensor)):
        named = [("", one) for one in motifs]
    else:
        raise ValueError(f"{what}: expected motifs, matrices or IUPAC words, found {type(motifs).__name__}")
    if not named:
        raise ValueError(f"{what}: expected at least one, found none")
    return MotifSet(tuple(_motif(one, name, place, what) for place, (name, one) in enumerate(named, 1)), "", alphabet)


def _motif(one: Any, name: str, place: int, what: str) -> Motif:
    if isinstance(one, Motif):
        return one
    if is_word(one):
        return Motif(name or one, word_ppm(one) * DEFAULT_SITES, DEFAULT_SITES)
    if isinstance(one, pd.DataFrame) and {str(name).upper().replace("T", "U") for name in one} == set("ACGU"):
        one = one[sorted(one, key=lambda name: str(name).upper())]  # whose columns say which base they are of
    matrix = one.detach().cpu().numpy() if torch.is_tensor(one) else np.asarray(one)
    what = f"{what}: {name or f'number {place - 1}'}"
    if matrix.dtype.kind not in "fiu" or matrix.ndim != 2 or 4 not in matrix.shape:
        found = f"'{one}'" if isinstance(one, str) else f"{type(one).__name__} of shape {matrix.shape}"
        raise ValueError(f"{what}: expected an IUPAC word, or a matrix (length, 4) of A, C, G, U, found {found}")
    matrix = (matrix if matrix.shape[1] == 4 else matrix.T).astype(float)
    sums = matrix.sum(1)
    if not len(matrix) or not np.isfinite(matrix).all() or matrix.min() < 0 or not (sums > 0).all():
        raise ValueError(f"{what}: expected probabilities or counts, 0 or more, with something in every column")
    counts = matrix if sums.max() > 1.5 else matrix / sums[:, None] * DEFAULT_SITES
    return Motif(name or f"motif{place}", counts, max(1, round(float(counts.sum(1).max()))))


def words_or_motifs(motifs: Any, *, alphabet: str = "rna", what: str = "motifs") -> list[str | Motif]:
    """Keep IUPAC words words, whose occurrences are exact; anything else becomes motifs; see `as_motifs`."""
    given = [motifs] if isinstance(motifs, str) else motifs
    if isinstance(given, (list, tuple)) and given and all(is_word(one) for one in given):
        return list(dict.fromkeys(given))
    return list(as_motifs(motifs, alphabet=alphabet, what=what))
