"""Any torch module, made by a function in the user's own Python code.

The code is imported and run with the rights of whoever starts combmotif, like any script: use code you trust.
"""

from __future__ import annotations

import copy
import hashlib
import importlib
import importlib.util
import sys
import traceback
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from combmotif.models.door import Output, Pick
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


def unwrapped(module: nn.Module) -> nn.Module:
    """Take a module out of what ``torch.compile``, ``DataParallel`` and weight averaging wrap around it."""
    while True:
        wrapped = isinstance(module, (nn.DataParallel, AveragedModel))
        inner = module.module if wrapped else getattr(module, "_orig_mod", None)
        if not isinstance(inner, nn.Module):
            return module
        module = inner


def open_module(
    module: nn.Module,
    spec: InputSpec,
    *,
    name: str,
    outputs: Sequence[str] | None = None,
    output: Output | None = None,
    inputs: Mapping[str, Any] | None = None,
    description: dict[str, Any] | None = None,
) -> SequenceModel:
    """Run a module on random sequences and wrap it, with its outputs named and its input length known.

    Weights of 16 or 64 bits become numbers of 32 bits where the module does not read these. A length is taken for the
    only one where the module reads no other.

    Parameters
    ----------
    module : torch.nn.Module
    spec : InputSpec
    name : str
    outputs : sequence of str, optional
        One name per output; default ``output`` or ``output1``, ...
    output : int, str or mapping, optional
        Which output is meant, see :class:`combmotif.models.door.Pick`; default all of a single tensor.
    inputs : mapping of str to anything, optional
        Constant further inputs by name.
    description : dict, optional

    Returns
    -------
    SequenceModel

    Raises
    ------
    ValueError
        If it fails on every length tried, does not return (2,) or (2, outputs), or returns what is not finite.
    """
    module = unwrapped(module)
    try:
        module.eval()
    except NotImplementedError as error:
        raise ValueError(
            f"model: expected a module in Python, found an exported one ({error}); give its origin"
        ) from None
    if isinstance(output, str) and outputs is not None and output in outputs:
        outputs, output = [output], list(outputs).index(output)
    model = SequenceModel(name, module, spec, pick=Pick.of(output), inputs=dict(inputs or {}))
    model, count, length = _first_prediction(model, told=outputs is not None)
    return replace(
        model,
        input_spec=spec if spec.length or length is None else replace(spec, length=length),
        outputs=name_outputs(count, outputs),
        description=description or {},
    )


def _predicted(model: SequenceModel, length: int) -> torch.Tensor:
    codes = np.random.default_rng(0).integers(0, 4, (2, length)).astype(np.uint8)
    with torch.inference_mode():
        return model.pick(model.call(model.tensor(codes)), 2, length)


def _in_32_bits(model: SequenceModel) -> SequenceModel | None:
    """Copy a model whose weights are all of 16 or 64 bits, with numbers of 32; None where they are not."""
    module = model.module
    kinds = {p.dtype for p in [*module.parameters(), *module.buffers()] if p.is_floating_point()}
    if len(kinds) != 1 or kinds == {torch.float32}:
        return None
    return replace(model, module=copy.deepcopy(module).float())


def _first_prediction(model: SequenceModel, *, told: bool) -> tuple[SequenceModel, int, int | None]:
    """Predict two random sequences.

    Returns
    -------
    (model, count, length)
        The model as it runs, how many outputs it has, and the only length it reads, or None.
    """
    spec = model.input_spec
    lengths = (spec.length,) if spec.length is not None else TRIAL_LENGTHS
    failure: Exception | None = None
    for length in lengths:
        try:
            try:
                prediction = _predicted(model, length)
            except RuntimeError:
                other = _in_32_bits(model)
                if other is None:
                    raise
                prediction = _predicted(other, length)
                model = other
        except ValueError as error:  # what it returned is none
            if str(error).startswith(("expected", "output:")):
                raise ValueError(f"model: {error}") from None
            failure = error
            continue
        except Exception as error:  # the user's own code may raise anything
            failure = error
            continue
        if not torch.isfinite(prediction).all():
            raise ValueError("model: the prediction for a random sequence is not finite; are the weights loaded?")
        count = int(prediction.shape[1])
        only = None if spec.length is not None else _only_length(model, length, count)
        if count > 1 and count == length and not told:
            raise ValueError(_per_position(count, length))
        return model, count, only
    raise _no_prediction(spec, lengths, failure) from failure


def _only_length(model: SequenceModel, length: int, count: int) -> int | None:
    """Return the length if the net reads no other, None if it reads one."""
    for other in (length + 37, length + 128, *(n for n in TRIAL_LENGTHS[:2] if n != length)):
        try:
            prediction = _predicted(model, other)
        except Exception:
            continue
        if prediction.shape[1] != count:
            raise ValueError(_per_position(count, length))
        return None
    return length


def _per_position(count: int, length: int) -> str:
    return (
        f"model: expected a fixed number of outputs per sequence, found one per position ({count} for {length} nt); "
        f"write 'output: {{mean: positions}}', or 'output: {{position: center}}'"
    )


def _no_prediction(spec: InputSpec, lengths: Sequence[int], failure: Exception | None) -> ValueError:
    """Say why no trial length worked, and what to do."""
    tried = f"{lengths[0]} nt" if len(lengths) == 1 else f"{', '.join(map(str, lengths))} nt"
    fix = "" if spec.length is not None else "; give the input length as 'length'"
    if isinstance(failure, TypeError) and "required positional argument" in str(failure):
        fix = (
            "; a net is called with one tensor: give constant further inputs by name as 'inputs', or let the factory "
            "return a module that fills in what else it reads"
        )
    elif "embedding" in str(failure) or "Long, Int" in str(failure):
        fix = (
            "; the net reads numbers of letters where it is given one row per letter: let the factory return a module "
            "that multiplies these rows with the embedding's weights (docs/tutorials/own_model.md)"
        )
    elif "channels" in str(failure):
        fix = (
            f"; the input has {spec.channels} channels (A, C, G, U, then tracks) before the positions: set 'channels', "
            f"or let the factory return a module that turns x, as x.transpose(1, 2) for (batch, length, 4)"
        )
    return ValueError(
        f"model: could not predict random sequences of {tried}, input (2, {spec.channels}, length): "
        f"{type(failure).__name__}: {str(failure).splitlines()[0] if str(failure) else ''}{fix}"
    )


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
    output: Output | None = None,
    inputs: Mapping[str, Any] | None = None,
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
    output : int, str or mapping, optional
        Which output is meant, see :class:`combmotif.models.door.Pick`; default all of a single tensor.
    inputs : mapping of str to anything, optional
        Constant further inputs of the module, by name: numbers and lists become tensors of a row per sequence.
    name : str, optional
        Default the function's name.
    device : default "cpu"

    Returns
    -------
    SequenceModel

    Raises
    ------
    ValueError, FileNotFoundError
        See :func:`build_module`, :func:`open_module`, :func:`combmotif.models.weights.load_weights`.
    """
    module = build_module(factory, kwargs)
    if weights is not None:
        load_weights(unwrapped(module), weights)
    source, _, function = factory.rpartition(":")
    title = name or f"{Path(source).stem if source.endswith('.py') else source}:{function}"
    model = open_module(
        module,
        InputSpec(alphabet, length, channels, rule),
        name=title,
        outputs=outputs,
        output=output,
        inputs=inputs,
        description={"name": title, "kind": "python", "factory": f"{Path(source).name}:{function}"},
    )
    model.module.to(device)
    return model
