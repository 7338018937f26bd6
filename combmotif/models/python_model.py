"""Any torch module, made by a function in the user's own Python code.

The code is imported and run with the rights of whoever starts combmotif, like any script: use code you trust.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
import traceback
import types
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from combmotif.models.model import InputSpec, SequenceModel
from combmotif.models.weights import load_weights

TRIAL_LENGTHS = (100, 1_000, 12_288)


@contextmanager
def _importing_from(folder: Path) -> Iterator[None]:
    """Let the user's file import its neighbours, and forget the folder afterwards."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))


def _own_line(error: BaseException, path: str) -> str:
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
    return f" on line {lines[-1]}" if lines else ""


def import_named(reference: str, *, key: str, what: str) -> tuple[types.ModuleType, str, Path]:
    """Import the Python file or module of ``path/to/file.py:name`` or ``package.module:name``, which runs it.

    Parameters
    ----------
    reference : str
    key : str
        What the messages begin with.
    what : str
        What the name stands for, for the messages.

    Returns
    -------
    (module, name, folder)
        The folder that the code may import its neighbours from.

    Raises
    ------
    ValueError, FileNotFoundError
        If it is written otherwise, is not there, fails, or is of Python's own library.
    """
    source, colon, name = reference.rpartition(":")
    if not colon or not name.isidentifier() or not source:
        raise ValueError(f"{key}: expected path/to/file.py:{what} or package.module:{what}, found '{reference}'")
    if source.endswith(".py") or "/" in source:
        path = Path(source).resolve()
        if not path.is_file():
            raise FileNotFoundError(f"{key}: there is no file {path}")
        unique = f"combmotif_factory_{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
        spec = importlib.util.spec_from_file_location(unique, path)
        if spec is None or spec.loader is None:
            raise ValueError(f"{key}: expected a Python file (.py), found {path}")
        module = importlib.util.module_from_spec(spec)
        sys.modules[unique] = module
        try:
            with _importing_from(path.parent):
                spec.loader.exec_module(module)
        except Exception as error:
            del sys.modules[unique]
            raise ValueError(
                f"{key}: {path} could not be imported{_own_line(error, str(path))}: {type(error).__name__}: {error}"
            ) from error
        return module, name, path.parent
    if source.partition(".")[0] in sys.stdlib_module_names:  # os:system is no net; importing one may do things, too
        raise ValueError(
            f"{key}: expected a {what} from a file or package of yours, found '{reference}' of Python's own library"
        )
    try:
        with _importing_from(Path.cwd()):
            module = importlib.import_module(source)
    except Exception as error:
        raise ValueError(
            f"{key}: the module '{source}' could not be imported: {type(error).__name__}: {error}"
        ) from error
    return module, name, Path.cwd()


def _function(factory: str) -> tuple[Callable[..., Any], Path]:
    source = factory.rpartition(":")[0]
    module, name, folder = import_named(factory, key="factory", what="function")
    function = getattr(module, name, None)
    if not callable(function):
        named = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
        raise ValueError(f"factory: {source} has no function '{name}'; it has {', '.join(named) or 'none'}")
    home = str(getattr(function, "__module__", None) or "").partition(".")[0]
    if isinstance(function, types.BuiltinFunctionType) or home in sys.stdlib_module_names:
        raise ValueError(
            f"factory: expected a function or class that makes a torch module, found '{name}' of Python's own library "
            f"({home}) in {source}"
        )
    return function, folder


def load_function(factory: str, kwargs: dict[str, Any] | None = None) -> Any:
    """Import a factory and call it, whatever it returns; errors as of :func:`build_module`."""
    function, folder = _function(factory)
    try:
        with _importing_from(folder):
            return function(**(kwargs or {}))
    except Exception as error:
        raise ValueError(f"factory: {factory} failed: {type(error).__name__}: {error}") from error


def build_module(factory: str, kwargs: dict[str, Any] | None = None) -> nn.Module:
    """Import a factory and call it.

    Parameters
    ----------
    factory : str
        ``path/to/file.py:function`` or ``package.module:function``.
    kwargs : dict, optional
        Keyword arguments of the function.

    Returns
    -------
    torch.nn.Module

    Raises
    ------
    ValueError
        If the code cannot be imported, has no such function, fails, or returns no module; or if it is no code of a
        file or package of the user's, such as ``os:system``.
    FileNotFoundError
        If there is no such file.
    """
    module = load_function(factory, kwargs)
    if not isinstance(module, nn.Module):
        raise ValueError(
            f"factory: expected {factory} to return a torch.nn.Module, found {type(module).__name__}"
            + ("; return the module, not its class" if isinstance(module, type) else "")
        )
    return module


def first_prediction(module: nn.Module, spec: InputSpec) -> int:
    """Run a module on two random sequences; returns how many outputs it has.

    Raises
    ------
    ValueError
        If it fails on every length tried, does not return (2,) or (2, outputs), or returns what is not finite.
    """
    random = np.random.default_rng(0)
    lengths = (spec.length,) if spec.length is not None else TRIAL_LENGTHS
    failure: Exception | None = None
    for length in lengths:
        model = SequenceModel("trial", module, spec)
        try:
            with torch.inference_mode():
                prediction = module(model.tensor(random.integers(0, 4, (2, length)).astype(np.uint8)))
        except Exception as error:  # the user's own code may raise anything
            failure = error
            continue
        if not torch.is_tensor(prediction):
            raise ValueError(f"model: expected a tensor of predictions, found {type(prediction).__name__}")
        if prediction.ndim not in (1, 2) or prediction.shape[0] != 2:
            raise ValueError(
                f"model: expected predictions of shape (2,) or (2, outputs) for 2 sequences, found "
                f"{tuple(prediction.shape)}; the input is (batch, channels, length)"
            )
        if not torch.isfinite(prediction).all():
            raise ValueError("model: the prediction for a random sequence is not finite; are the weights loaded?")
        return 1 if prediction.ndim == 1 else int(prediction.shape[1])
    tried = f"{lengths[0]} nt" if len(lengths) == 1 else f"{', '.join(map(str, lengths))} nt"
    fix = "" if spec.length is not None else "; give the input length as 'length'"
    if isinstance(failure, TypeError) and "required positional argument" in str(failure):
        fix = "; a net is called with one tensor: let the factory return a module that fills in what else it reads"
    elif "channels" in str(failure):
        fix = f"; the input has {spec.channels} channels (A, C, G, U, then tracks): set 'channels', or change the net"
    raise ValueError(
        f"model: could not predict random sequences of {tried}, input (2, {spec.channels}, length): "
        f"{type(failure).__name__}: {str(failure).splitlines()[0] if str(failure) else ''}{fix}"
    ) from failure


def name_outputs(count: int, names: Sequence[str] | None) -> tuple[str, ...]:
    """Name the outputs: as given, or ``output``, or ``output1``, ``output2``, ...; a wrong number is an error."""
    if names is None:
        return ("output",) if count == 1 else tuple(f"output{index + 1}" for index in range(count))
    if len(names) != count:
        raise ValueError(f"outputs: expected {count} names, one per column the model returns, found {', '.join(names)}")
    return tuple(names)


def load_python(
    factory: str,
    *,
    kwargs: dict[str, Any] | None = None,
    weights: str | Path | None = None,
    alphabet: str = "rna",
    length: int | None = None,
    channels: int = 4,
    rule: str = "exact",
    outputs: Sequence[str] | None = None,
    name: str | None = None,
    device: torch.device | str = "cpu",
) -> SequenceModel:
    """Open a net that a Python function makes.

    Parameters
    ----------
    factory : str
        ``path/to/file.py:function`` or ``package.module:function``; the code is run.
    kwargs : dict, optional
        Keyword arguments of the function.
    weights : path, optional
        Safetensors or a torch state dictionary; default: as the function returns it.
    alphabet : str, default "rna"
    length : int, optional
        Input length in nt; default any.
    channels : int, default 4
    rule : str, default "exact"
        See :class:`InputSpec`.
    outputs : sequence of str, optional
        One name per output; default ``output`` or ``output1``, ...
    name : str, optional
        Default the function's name.
    device : default "cpu"

    Returns
    -------
    SequenceModel

    Raises
    ------
    ValueError, FileNotFoundError
        See :func:`build_module`, :func:`first_prediction`, :func:`combmotif.models.weights.load_weights`.
    """
    module = build_module(factory, kwargs).eval()
    if weights is not None:
        load_weights(module, weights)
    spec = InputSpec(alphabet, length, channels, rule)
    names = name_outputs(first_prediction(module, spec), outputs)
    source, _, function = factory.rpartition(":")
    title = name or f"{Path(source).stem if source.endswith('.py') else source}:{function}"
    description = {"name": title, "kind": "python", "factory": f"{Path(source).name}:{function}"}
    return SequenceModel(title, module.to(device), spec, names, description)
