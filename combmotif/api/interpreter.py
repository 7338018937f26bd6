"""``combmotif.interpret``: a run from Python, for a model and sequences that are in memory or in files."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from combmotif.api.arguments import plain, whole
from combmotif.api.given import Model, Sequences, as_sequences, evaluating, file_section, keras_section, open_model
from combmotif.api.interpretation import Interpretation
from combmotif.api.progress import log, shown_progress
from combmotif.config.given import GivenConfig
from combmotif.config.opening import KERAS_FILES
from combmotif.config.paths import resolve_paths
from combmotif.config.run import RunConfig
from combmotif.core.typed_yaml import validate
from combmotif.models.door import Output
from combmotif.runs.earlier import refuse_replacing
from combmotif.runs.runner import run


def interpret(
    model: Model,
    sequences: Sequences,
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
    """Interpret a model: the motifs of its neurons, the known elements they match, their effects and interactions.

    This is ``combmotif run`` in Python: the same settings and seed give the same tables as the YAML file.

    Parameters
    ----------
    model : torch.nn.Module, SequenceModel, mapping, str or path
        A module that maps (batch, 4, length), one-hot in the order A, C, G, U, to (batch,) or (batch, outputs); or
        the name of a shipped model, or the path of a model card or of a Keras file (``.keras``, ``.h5``); or
        the ``model`` section of a config, such as ``{"kind": "keras", "weights": "net.h5", "output": 1}``.
    sequences : list of str, array, tensor, SequenceSet, mapping, str or path
        Sequences as letters, codes or one-hot (n, 4, length); or a FASTA, table or HDF5 file; or the ``sequences``
        section of a config, such as ``{"kind": "random", "count": 20000, "length": 50}``.
    layer : str, int, or sequence of them, optional
        Convolutional layer or layers, or ``all``; ``combmotif inspect`` lists a card's. Without it, only the
        steps that need no neurons are done, such as TF-MoDISco on an output (``discover={"method": "modisco"}``).
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
        Run folder; an interrupted run in it resumes. Default a temporary one that is removed with the result.
    replace : bool, default False
        Let the folder's results of another config be replaced.
    workers : int, default 1
        Processes. A module given in memory must then be picklable, with its class in an importable file.
    progress : callable, optional
        Called with (stage, tasks done, tasks in all). Default a bar in a notebook, nothing elsewhere.
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
        If something does not fit; raised before any long computation.

    Examples
    --------
    >>> import torch
    >>> from combmotif import interpret
    >>> net = torch.nn.Sequential(torch.nn.Conv1d(4, 2, 3), torch.nn.AdaptiveMaxPool1d(1), torch.nn.Flatten())
    >>> found = interpret(net, {"kind": "random", "count": 50, "length": 20}, layer="0", contribution=False)
    >>> found.motifs[0].layer
    '0'
    """
    workers = whole(workers, "workers", least=1)
    if progress is not None and not callable(progress):
        raise ValueError(f"progress: expected a function of (stage, done, total), found {progress!r}")
    data: dict[str, Any] = {"seed": seed}
    if layer is not None:
        data["neurons"] = {"layer": _names(layer), "select": plain(neurons)}
    given: dict[str, Any] = {}
    data["sequences"] = _sequences(sequences, labels, given)
    with evaluating(model), shown_progress(progress) as told:
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
                data[name] = {} if section is True else plain(section)
        if "model" in given:
            data.setdefault("device", given["model"].device.type)
        config = resolve_paths(validate(GivenConfig if given else RunConfig, data, name="interpret"), Path.cwd())
        if workers > 1:
            _check_picklable(given)
        temporary = TemporaryDirectory(prefix="combmotif-") if out is None else None
        folder = Path(temporary.name if temporary else str(out))
        if not replace:
            refuse_replacing(config, folder)
        run(config, folder, workers=workers, progress=told, **given)
    found = Interpretation(folder, temporary)
    for warning in found.warnings:
        log.warning("%s", warning)
    return found


def _names(layer: Any) -> Any:
    return [str(one) for one in layer] if isinstance(layer, (list, tuple)) else str(layer)


def _sequences(
    sequences: Any, labels: Mapping[str, Sequence[float]] | None, given: dict[str, Any]
) -> dict[str, Any]:  # fmt: skip
    """Return the section of the config; sequences in memory go into ``given``."""
    if not labels and isinstance(sequences, Mapping):
        return dict(plain(sequences))
    if not labels and isinstance(sequences, (str, Path)):
        return file_section(sequences)
    found = as_sequences(sequences, labels=labels)
    given["sequences"] = found
    return {"kind": "given", "count": len(found), "label": list(found.label_names) or None}


def _model(model: Any, given: dict[str, Any], **how: Any) -> dict[str, Any]:
    """Return the section of the config; a model in memory goes into ``given``."""
    if isinstance(model, Mapping):
        return dict(plain(model))
    if isinstance(model, (str, Path)):
        if Path(model).suffix in KERAS_FILES:
            return keras_section(model, **{key: how[key] for key in ("outputs", "alphabet", "length")})
        return {"card": str(model), "trust": how["trust"]}
    given["model"] = open_model(model, given.get("sequences"), **how)
    return {"kind": "module", "name": given["model"].name}


def _check_picklable(given: Mapping[str, Any]) -> None:
    try:
        pickle.dumps(dict(given))
    except Exception as error:
        raise ValueError(
            f"workers: the model cannot be sent to other processes ({type(error).__name__}: {error}); put its class "
            f"into a file that can be imported, or use workers=1"
        ) from None
