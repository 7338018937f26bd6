"""Weights files: safetensors and torch state dictionaries, read without running anything they hold."""

from __future__ import annotations

import argparse
import re
import warnings
from pathlib import Path, PosixPath, PurePosixPath
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import nn

from combmotif.core.files import atomic

_HOLDERS = ("state_dict", "model_state_dict", "model", "net", "network", "module", "weights", "params", "ema")
"""Names under which checkpoints hold weights, the first that does so."""

_BESIDE = [
    argparse.Namespace, PosixPath, PurePosixPath, np.ndarray, np.dtype,
    *{type(np.dtype(kind)) for kind in np.typecodes["All"] if kind != "O"},
    np.float64(0).__reduce__()[0], np.zeros(0).__reduce__()[0],
]  # fmt: skip
"""What checkpoints hold beside tensors that runs no code when it is read: settings, paths, numbers of NumPy."""


def replace_file(path: Path, content: bytes) -> None:
    """Write a file under a temporary name and rename it, so that it is whole or not there."""
    with atomic(path) as temporary:
        temporary.write_bytes(content)


def read_weights(path: str | Path) -> dict[str, torch.Tensor]:
    """Read a state dictionary.

    Parameters
    ----------
    path : path
        ``.safetensors``, or a file that ``torch.save(module.state_dict(), path)`` wrote; a checkpoint that holds the
        weights under a name of its own, such as ``state_dict`` or ``model``, is accepted.

    Raises
    ------
    ValueError
        If the file is neither, or holds more than tensors.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: there is no such weights file")
    if path.suffix == ".safetensors":
        try:
            return load_file(path)
        except (SafetensorError, RuntimeError, KeyError, TypeError) as error:
            raise ValueError(f"{path}: expected a safetensors file, found something else ({error})") from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that a file looks like TorchScript is said below
            with torch.serialization.safe_globals(_BESIDE):
                state = torch.load(path, map_location="cpu", weights_only=True)
    except MemoryError:
        raise
    except Exception as error:  # torch raises many kinds on a damaged file
        raise ValueError(
            f"{path}: expected weights that torch.save(module.state_dict(), path) or safetensors wrote, found "
            f"{_what_else(path, str(error))}"
        ) from None
    state = _inner(_as_tensors(state))
    if not isinstance(state, dict) or not all(torch.is_tensor(value) for value in state.values()):
        raise ValueError(
            f"{path}: expected a dictionary of tensors (module.state_dict()), found "
            + (f"one of {_some([str(key) for key in state])}" if isinstance(state, dict) else type(state).__name__)
        )
    _require_plain(state, path)
    return state


def _as_tensors(state: Any) -> Any:
    """Turn the arrays of NumPy that a checkpoint holds into tensors."""
    if isinstance(state, dict):
        return {key: _as_tensors(value) for key, value in state.items()}
    numeric = isinstance(state, np.ndarray) and state.dtype.kind in "fiub"
    return torch.from_numpy(np.array(state)) if numeric else state


def _inner(state: Any) -> Any:
    """Take the weights out of a checkpoint that holds them beside other things, such as an optimizer's state."""
    for key in _HOLDERS:
        inner = state.get(key) if isinstance(state, dict) else None
        if isinstance(inner, dict) and inner and any(map(torch.is_tensor, inner.values())):
            return inner
        if isinstance(inner, dict) and set(inner) & set(_HOLDERS):
            return _inner(inner)
    if not isinstance(state, dict):
        return state
    held = [v for v in state.values() if isinstance(v, dict) and v and all(map(torch.is_tensor, v.values()))]
    if len(held) == 1 and not any(map(torch.is_tensor, state.values())):
        return held[0]  # under a name of its own
    plain = {key: value for key, value in state.items() if not isinstance(value, (int, float, str, type(None)))}
    return plain or state  # such as the number of the epoch, beside the weights


def _require_plain(state: dict[Any, torch.Tensor], path: Path) -> None:
    """Refuse tensors that hold no numbers of their own, or not as a net does, and keys that are no names."""
    for key, value in state.items():
        kinds = {
            "quantized": value.is_quantized,
            "meta (without values)": value.is_meta,
            "sparse": value.layout != torch.strided,
            "complex": value.is_complex(),
        }
        kind = next((name for name, found in kinds.items() if found), "")
        if not isinstance(key, str):
            raise ValueError(f"{path}: expected names of tensors as keys (module.state_dict()), found {key!r}")
        if kind:
            raise ValueError(
                f"{path}: {key}: expected a plain tensor, found a {kind} one; write the weights of the float module: "
                f"torch.save(module.state_dict(), path)"
            )


def _what_else(path: Path, message: str) -> str:
    """Say in words why a file could not be read as tensors only."""
    if not path.stat().st_size:
        return "an empty file"
    with path.open("rb") as file:
        if file.read(40).startswith(b"version https://git-lfs"):
            return "a pointer of Git LFS; fetch the file that it stands for: git lfs pull"
    held = re.search(r"GLOBAL ([\w.]+) was not an allowed", message)
    if held:
        return (
            f"a Python object ({held[1]}), which could run code; where it was made, write the weights alone: "
            f"torch.save(module.state_dict(), path)"
        )
    if "TorchScript" in message:
        return "a TorchScript file; write its weights alone: torch.save(torch.jit.load(path).state_dict(), other_path)"
    if "zip archive" in message:
        return "a damaged or incomplete file; copy or download it again"
    return "something else"


def _plain(value: torch.Tensor) -> str:
    return str(value.dtype).removeprefix("torch.")


def _some(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def load_weights(module: nn.Module, path: str | Path) -> nn.Module:
    """Fill a module from a weights file, exactly; returns the module.

    Raises
    ------
    ValueError
        If a tensor is missing, left over, of another shape, or holds whole numbers or truth values in place of
        fractions; all are named.
    """
    return fill(module, read_weights(path), path=path)


def fill(module: nn.Module, state: dict[str, torch.Tensor], *, path: str | Path) -> nn.Module:
    """Fill a module from a state dictionary that came from ``path``, exactly; see :func:`load_weights`."""
    own = module.state_dict()
    constants = {key for key, _ in module.named_buffers() if ".running_" not in f".{key}"}
    state = _fitting(own, {_renamed(key, own): value for key, value in state.items()}, constants & set(own), path)
    missing = [key for key in own if key not in state]
    unexpected = sorted(key for key in state if key not in own)
    shapes = [
        f"{key} (expected {tuple(own[key].shape)}, found {tuple(state[key].shape)})"
        for key in own
        if key in state and own[key].shape != state[key].shape
    ]
    kinds = [
        f"{key} (expected {_plain(own[key])}, found {_plain(state[key])})"
        for key in own
        if key in state and own[key].is_floating_point() and not state[key].is_floating_point()
    ]
    lists = (
        ("missing", missing), ("unexpected", unexpected), ("of another shape", shapes), ("of another type", kinds),
    )  # fmt: skip
    problems = [f"{what}: {_some(names)}" for what, names in lists if names]
    if problems:
        fix = (
            "; write what it has: {key: state[key] for key in net.state_dict()}" if not missing + shapes + kinds else ""
        )
        raise ValueError(f"{path}: the weights do not fit {type(module).__name__}; {'; '.join(problems)}{fix}")
    module.load_state_dict(state)
    return module


def _renamed(key: str, own: dict[str, torch.Tensor]) -> str:
    """Name a part of a weight-normalised weight as the module does: files of older torch have other names."""
    for old, number in (("_g", 0), ("_v", 1)):
        stem, dot, name = key.removesuffix(old).rpartition(".")
        new = f"{stem}{dot}parametrizations.{name}.original{number}"
        if key.endswith(old) and any(new.endswith(known) for known in own if known.endswith(f"original{number}")):
            return new
    return key


def _fitting(
    own: dict[str, torch.Tensor], state: dict[str, torch.Tensor], constants: set[str], path: str | Path
) -> dict[str, torch.Tensor]:
    """Take the weights of a module out of a state dictionary that may hold more, under a prefix of its own.

    ``DataParallel`` and weight averaging write ``module.``, ``torch.compile`` ``_orig_mod.``, Lightning the name that a
    net has in its trainer. The prefix is the one under which every weight is found; two of them with other weights, as
    of a student and its teacher, are refused. Constants that the module makes itself, such as the numbers of positions,
    may be missing, which is said; so may counts of batches that norms have seen. Left over may be what is no weight:
    whole numbers, and what belongs to the training.
    """
    needed = set(own) - constants or set(own)
    if not needed:
        return state
    first = min(needed)
    ends = [key.removesuffix(first) for key in state if key.endswith(first)]
    prefixes = sorted({"", *(end for end in ends if not end or end.endswith("."))}, key=lambda end: (len(end), end))
    fitting = [prefix for prefix in prefixes if all(prefix + key in state for key in needed)]
    if not fitting:
        return state
    whole = fitting[0]
    for other in fitting[1:] if whole else ():
        if not all(torch.equal(state[whole + key].double(), state[other + key].double()) for key in needed):
            raise ValueError(
                f"{path}: expected the weights once, found two sets, under '{whole}' and under '{other}'; write those "
                f"that are meant: torch.save(module.state_dict(), path)"
            )
    found = {key: state[whole + key] for key in own if whole + key in state}
    made = {key: own[key] for key in own if key not in found}
    if told := sorted(key for key in made if not key.endswith("num_batches_tracked")):
        warnings.warn(f"{path}: without {_some(told)}; the values that the net was made with stay", stacklevel=4)
    beside = {key.removeprefix(whole): value for key, value in state.items() if key.startswith(whole)}
    left = {key: value for key, value in beside.items() if key not in own and not _is_beside(key, value)}
    return found | made | left


def _is_beside(key: str, value: torch.Tensor) -> bool:
    """Whether a tensor is no weight, or belongs to the training rather than the net."""
    return (
        not value.is_floating_point()
        or key.startswith(("criterion", "loss", "n_averaged"))
        or key.endswith(
            ("total_ops", "total_params")  # a profiler's
        )
    )


def save_weights(module: nn.Module, path: str | Path) -> None:
    """Write a module's state as safetensors."""
    state = {key: value.detach().cpu().contiguous() for key, value in module.state_dict().items()}
    replace_file(Path(path), save(state))
