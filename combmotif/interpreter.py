"""``combmotif.interpret``: a run from Python, for a model and sequences that are in memory or in files."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from torch import nn

from combmotif.config.given import GivenConfig
from combmotif.config.opening import KERAS_FILES
from combmotif.config.paths import resolve_paths
from combmotif.config.run import RunConfig
from combmotif.core.typed_yaml import validate
from combmotif.interpretation import Interpretation
from combmotif.models.door import Output
from combmotif.models.model import InputSpec, SequenceModel
from combmotif.models.opening import open_module
from combmotif.runs.earlier import refuse_replacing
from combmotif.runs.runner import run
from combmotif.sequence.alphabet import encode
from combmotif.sequence.tables import SequenceSet

_KINDS = {
    "fasta": (".fa", ".fasta", ".fna"),
    "table": (".csv", ".tsv", ".txt"),
    "hdf5": (".h5", ".hdf5"),
}


def interpret(
    model: nn.Module | SequenceModel | Mapping[str, Any] | str | Path,
    sequences: Iterable[str] | SequenceSet | Mapping[str, Any] | str | Path,
    *,
    layer: str | int | Sequence[str | int] | None = None,
    neurons: int | str | Sequence[int | str] = "all",
    labels: Mapping[str, Sequence[float]] | None = None,
    alphabet: str = "rna",
    outputs: Sequence[str] | None = None,
    output: Output | None = None,
    inputs: Mapping[str, Any] | None = None,
    length: int | None = None,
    channels: int = 4,
    match: Mapping[str, Any] | bool = True,
    contribution: Mapping[str, Any] | bool = True,
    effects: Mapping[str, Any] | bool = True,
    interaction: Mapping[str, Any] | bool = False,
    seed: int = 0,
    out: str | Path | None = None,
    replace: bool = False,
    workers: int = 1,
    progress: Callable[[str, int, int], None] | None = None,
    trust: bool = False,
    **sections: Mapping[str, Any],
) -> Interpretation:
    """Interpret a model: which motifs its neurons have learned, what they are, what they do, how they interact.

    It is ``combmotif run`` for Python: the same settings and seed give the same tables as the YAML file.

    Parameters
    ----------
    model : torch.nn.Module, SequenceModel, mapping, str or path
        A module that maps (batch, 4, length), one-hot in the order A, C, G, U, to (batch,) or (batch, outputs); or
        the name of a shipped model, or the path of a model card or of a Keras file (``.keras``, ``.h5``); or
        the ``model`` section of a config, such as ``{"kind": "keras", "weights": "net.h5", "output": 1}``.
    sequences : iterable of str, SequenceSet, mapping, str or path
        Sequences as letters; or a FASTA, table or HDF5 file; or the ``sequences`` section of a config, such as
        ``{"kind": "random", "count": 20000, "length": 50}``.
    layer : str, int, or sequence of them, optional
        Convolutional layer or layers, or ``all``; ``combmotif inspect`` lists a card's. Without it what needs no
        neurons is done, such as TF-MoDISco of an output (``discover={"method": "modisco"}``).
    neurons : int, str, or sequence of them, default "all"
        ``5``, ``"0-15"`` (both ends included), ``[0, 3, "7-9"]``; counted from 0.
    labels : mapping of str to floats, optional
        Measured values of a list of sequences, for ``contribution={"outcome": "label"}``.
    alphabet : str, default "rna"
        Letters of the output, for a module; U and T are the same letter inside.
    outputs : sequence of str, optional
        Names of a module's outputs; default output, or output1, output2, ...
    output : int, str or mapping, optional
        Which output of a module is meant: ``1``, ``"human"``, ``{"mean": "positions"}`` or ``{"position": "center"}``;
        default all of a single tensor.
    inputs : mapping of str to anything, optional
        Constant further inputs of a module by name, such as ``{"cell_type": 2}``.
    channels : int, default 4
        Input channels of a module: A, C, G, U, then tracks.
    length : int, optional
        Input length of a module in nt; default any, or that of the sequences where the module needs it.
    match, contribution, effects, interaction : mapping or bool, default True, True, True, False
        The sections of the config; True takes the defaults, False leaves the stage out.
    seed : int, default 0
    out : path, optional
        Run folder; work in it is gone on with. Default a temporary one that goes with the result.
    replace : bool, default False
        Let the folder's results of another config be replaced.
    workers : int, default 1
        Processes. A module given in memory must then be picklable, with its class in an importable file.
    progress : callable, optional
        Called with (stage, tasks done, tasks in all).
    trust : bool, default False
        Run the Python code that a model card names; for those of people you trust.
    **sections : mappings
        Further sections of the config: ``sample={"keep": 2000}``, ``discover=...``.

    Returns
    -------
    Interpretation

    Raises
    ------
    ValueError, FileNotFoundError
        One sentence on what does not fit, before any long work.

    Examples
    --------
    >>> import torch
    >>> from combmotif import interpret
    >>> net = torch.nn.Sequential(torch.nn.Conv1d(4, 2, 3), torch.nn.AdaptiveMaxPool1d(1), torch.nn.Flatten())
    >>> found = interpret(net, {"kind": "random", "count": 50, "length": 20}, layer="0", contribution=False)
    >>> found.motifs[0].layer
    '0'
    """
    data: dict[str, Any] = {"seed": seed}
    if layer is not None:
        data["neurons"] = {"layer": _names(layer), "select": _plain(neurons)}
    given: dict[str, Any] = {}
    data["sequences"] = _sequences(sequences, labels, given)
    data["model"] = _model(
        model, given, alphabet=alphabet, outputs=outputs, output=output, inputs=inputs, length=length,
        channels=channels, trust=trust,
    )  # fmt: skip
    for name, section in (
        ("match", match),
        ("contribution", contribution),
        ("effects", effects),
        ("interaction", interaction),
        *sections.items(),
    ):
        if section is True and name == "contribution" and layer is None:
            continue  # it measures neurons
        if section is not False and section is not None:
            data[name] = {} if section is True else _plain(section)
    if "model" in given:
        data.setdefault("device", given["model"].device.type)
    config = resolve_paths(validate(GivenConfig if given else RunConfig, data, name="interpret"), Path.cwd())
    if workers > 1:
        _check_picklable(given)
    temporary = TemporaryDirectory(prefix="combmotif-") if out is None else None
    folder = Path(temporary.name if temporary else str(out))
    if not replace:
        refuse_replacing(config, folder)
    with _evaluating(given.get("model")):
        run(config, folder, workers=workers, progress=progress, **given)
    return Interpretation(folder, temporary)


def _names(layer: Any) -> Any:
    return [str(one) for one in layer] if isinstance(layer, (list, tuple)) else str(layer)


def _plain(value: Any) -> Any:
    """Turn mappings and sequences into dicts and lists, numpy's numbers into Python's."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple, range, np.ndarray)):
        return [_plain(inner) for inner in value]
    return value.item() if isinstance(value, np.generic) else str(value) if isinstance(value, Path) else value


def _sequences(sequences: Any, labels: Mapping[str, Sequence[float]] | None, given: dict[str, Any]) -> dict[str, Any]:
    """Return the section of the config; sequences in memory go into ``given``."""
    if isinstance(sequences, Mapping) and not labels:
        return dict(_plain(sequences))
    if isinstance(sequences, (str, Path)) and not labels:
        path = Path(sequences)
        suffix = path.with_suffix("").suffix if path.suffix == ".gz" else path.suffix
        kind = next((kind for kind, endings in _KINDS.items() if suffix in endings), None)
        if kind is None:
            endings = ", ".join(ending for some in _KINDS.values() for ending in some)
            raise ValueError(
                f"sequences: expected a list of sequences, or a file that ends in {endings}, plain or .gz, found "
                f"'{str(sequences)[:60]}'"
            )
        return {"kind": kind, "path": str(path)}
    if labels and isinstance(sequences, (SequenceSet, Mapping, str, Path)):
        raise ValueError("labels: expected with a list of sequences; a SequenceSet or a file has its own")
    if not isinstance(sequences, SequenceSet):
        letters = list(sequences)
        codes = tuple(encode(str(text), name=f"sequences: number {i}") for i, text in enumerate(letters))
        values = None
        if labels:
            wrong = [name for name, column in labels.items() if len(column) != len(codes)]
            if wrong:
                raise ValueError(f"labels: expected {len(codes)} values, found {len(labels[wrong[0]])} of '{wrong[0]}'")
            values = np.column_stack([np.asarray(column, dtype=float) for column in labels.values()])
        names = tuple(f"sequence{i + 1}" for i in range(len(codes)))
        source = f"{len(codes)} sequences given from Python"
        sequences = SequenceSet(names, codes, values, tuple(labels or ()), source)
    if not len(sequences):
        raise ValueError("sequences: expected at least one, found none")
    given["sequences"] = sequences
    return {"kind": "given", "count": len(sequences), "label": list(sequences.label_names) or None}


def _model(
    model: Any,
    given: dict[str, Any],
    *,
    alphabet: str,
    outputs: Sequence[str] | None,
    output: Output | None,
    inputs: Mapping[str, Any] | None,
    length: int | None,
    channels: int,
    trust: bool,
) -> dict[str, Any]:
    """Return the section of the config; a model in memory goes into ``given``."""
    if isinstance(model, Mapping):
        return dict(_plain(model))
    if isinstance(model, (str, Path)):
        if Path(model).suffix in KERAS_FILES:
            keras: dict[str, Any] = {"kind": "keras", "weights": str(model), "outputs": _plain(outputs)}
            return keras | {"input": {"alphabet": alphabet, "length": length}}
        return {"card": str(model), "trust": trust}
    if isinstance(model, nn.Module):
        model = _wrap(
            model, given.get("sequences"), alphabet=alphabet, outputs=outputs, output=output, inputs=inputs,
            length=length, channels=channels,
        )  # fmt: skip
    if not isinstance(model, SequenceModel):
        raise ValueError(
            f"model: expected a torch.nn.Module, the name of a shipped model or the path of a card, found "
            f"{type(model).__name__}{'; give the module, not its class' if isinstance(model, type) else ''}"
        )
    given["model"] = model
    return {"kind": "module", "name": model.name}


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
    was_training = module.training
    module.eval()
    try:
        for spec in specs:
            try:
                return open_module(
                    module, spec, name=name, outputs=outputs, output=output, inputs=inputs,
                    description={"name": name, "kind": "module"},
                )  # fmt: skip
            except ValueError as error:
                failure = failure or error
    finally:
        module.train(was_training)
    assert failure is not None
    raise failure


def _check_picklable(given: Mapping[str, Any]) -> None:
    try:
        pickle.dumps(dict(given))
    except Exception as error:
        raise ValueError(
            f"workers: the model cannot be sent to other processes ({type(error).__name__}: {error}); put its class "
            f"into a file that can be imported, or use workers=1"
        ) from None


@contextmanager
def _evaluating(model: SequenceModel | None) -> Any:
    """Keep a module in evaluation mode for a while, and leave it as it was."""
    if model is None:
        yield
        return
    was_training = model.module.training
    model.module.eval()
    try:
        yield
    finally:
        model.module.train(was_training)
