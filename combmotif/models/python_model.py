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
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from torch import nn

from combmotif.models.door import Output
from combmotif.models.model import InputSpec, SequenceModel
from combmotif.models.opening import open_module, unwrapped
from combmotif.models.weights import load_weights


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


def load_python(
    factory: str,
    *,
    kwargs: dict[str, Any] | None = None,
    weights: str | Path | None = None,
    input_spec: InputSpec | None = None,
    outputs: Sequence[str] | None = None,
    output: Output | None = None,
    inputs: Mapping[str, Any] | None = None,
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
    input_spec : InputSpec, optional
        Default RNA of any length, without tracks.
    outputs : sequence of str, optional
        One name per output; default ``output`` or ``output1``, ...
    output : int, str or mapping, optional
        Which output is meant, see :class:`combmotif.models.door.Pick`; default all of a single tensor.
    inputs : mapping of str to anything, optional
        Constant further inputs of the module, by name: numbers and lists become tensors of a row per sequence.

    Returns
    -------
    SequenceModel

    Raises
    ------
    ValueError, FileNotFoundError
        See :func:`build_module`, :func:`combmotif.models.opening.open_module`,
        :func:`combmotif.models.weights.load_weights`.

    Examples
    --------
    >>> how = {"in_channels": 4, "out_channels": 1, "kernel_size": 4}
    >>> model = load_python("torch.nn:Conv1d", kwargs=how, outputs=["y"], output={"mean": "positions"})
    >>> model.predict(["ACGUACGU"]).shape
    (1, 1)
    """
    module = build_module(factory, kwargs)
    if weights is not None:
        load_weights(unwrapped(module), weights)
    source, _, function = factory.rpartition(":")
    title = f"{Path(source).stem if source.endswith('.py') else source}:{function}"
    return open_module(
        module,
        input_spec or InputSpec(),
        name=title,
        outputs=outputs,
        output=output,
        inputs=inputs,
        description={"name": title, "kind": "python", "factory": f"{Path(source).name}:{function}"},
    )
