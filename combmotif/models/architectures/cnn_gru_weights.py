"""Open the weights of a CNN+GRU net in every form it has: our own, CombMotif's ``.pth``, Saluki's Keras ``.h5``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from combmotif.models.architectures.cnn_gru import CnnGru
from combmotif.models.architectures.keras_weights import read_keras_layers
from combmotif.models.weights import fill, read_weights

KINDS = ("conv1d", "layer_normalization", "gru", "batch_normalization", "dense")
_TRUNCATED = 0.8796256610342398
"""Standard deviation of a standard normal cut off at -2 and 2."""
_NORM = {"weight": "gamma", "bias": "beta"}
_BATCH_NORM = {**_NORM, "running_mean": "moving_mean", "running_var": "moving_variance"}
_DENSE = {"weight": "kernel", "bias": "bias"}
_GRU = {
    "weight_ih_l0": "kernel",
    "weight_hh_l0": "recurrent_kernel",
    "bias_ih_l0": "bias",
    "bias_hh_l0": "bias",
}


def _numbered(layers: dict[str, dict[str, np.ndarray]], kind: str) -> list[str]:
    """Names of the layers of one kind, in the order Keras numbered them."""
    found = [(int(match[1] or 0), name) for name in layers if (match := re.fullmatch(rf"{kind}(?:_(\d+))?", name))]
    return [name for _, name in sorted(found)]


def _gates(value: np.ndarray) -> np.ndarray:
    """Reorder the last axis from Keras' z, r, h to torch's r, z, n, and put it first."""
    z, r, h = np.split(value, 3, axis=-1)
    return np.concatenate([r, z, h], axis=-1).T


def _torch_layout(keras: str, torch_name: str, value: np.ndarray) -> np.ndarray:
    """Turn a Keras array into torch's layout."""
    if torch_name.startswith("gru."):
        if keras == "bias":
            value = value[1 if "_hh_" in torch_name else 0]
        return _gates(value)
    if keras == "kernel":
        return value.transpose(2, 1, 0) if value.ndim == 3 else value.T
    return value


def read_saluki(path: str | Path) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    """Read the architecture and the weights of a Saluki file.

    A file holds one head per species; ``model0_best.h5`` is human, ``model1_best.h5`` mouse. A file with several heads
    gives as many outputs, in their order.

    Parameters
    ----------
    path : path
        Written by Keras ``model.save`` or ``model.save_weights``.

    Returns
    -------
    (arguments, state)
        Keyword arguments of :class:`CnnGru` and its state dictionary.

    Raises
    ------
    ValueError
        If a layer is missing or left over, or a weight has another shape; the layer is named.
    """
    layers = read_keras_layers(path)
    names = {kind: _numbered(layers, kind) for kind in KINDS}
    blocks = len(names["conv1d"]) - 1
    expected = {"conv1d": max(blocks, 0) + 1, "layer_normalization": blocks + 1, "gru": 1, "batch_normalization": 2}
    unknown = sorted(set(layers) - {name for found in names.values() for name in found})
    wrong = [
        f"{count} {kind} (found {', '.join(names[kind]) or 'none'})"
        for kind, count in expected.items()
        if len(names[kind]) != count
    ]
    if blocks < 1 or wrong or len(names["dense"]) < 2 or unknown:
        found = ", ".join(layers)
        raise ValueError(
            f"{path}: expected the layers of Saluki (conv1d, conv1d_1, ..., as many layer_normalization, one gru, two "
            f"batch_normalization, dense and a head dense_1), found {found}; "
            + ("; ".join([f"expected {text}" for text in wrong] + [f"unknown: {', '.join(unknown)}"] * bool(unknown)))
        )
    conv = layers[names["conv1d"][0]]["kernel"]
    if conv.ndim != 3:
        raise ValueError(f"{path}: layer '{names['conv1d'][0]}' kernel: expected 3 axes, found shape {conv.shape}")
    trunk, *heads = names["dense"]
    modules = {f"conv{i + 1}": (name, _DENSE) for i, name in enumerate(names["conv1d"])}
    modules["conv1"] = (names["conv1d"][0], {"weight": "kernel"})
    modules |= {f"norm{i + 1}": (name, _NORM) for i, name in enumerate(names["layer_normalization"][:-1])}
    modules |= {
        "norm_last": (names["layer_normalization"][-1], _NORM),
        "gru": (names["gru"][0], _GRU),
        "bn1": (names["batch_normalization"][0], _BATCH_NORM),
        "dense": (trunk, _DENSE),
        "bn2": (names["batch_normalization"][1], _BATCH_NORM),
    }
    arguments = {
        "channels": conv.shape[1],
        "blocks": blocks,
        "width": conv.shape[2],
        "kernel": conv.shape[0],
        "padding": 0,
        "outputs": max(1, sum(layers[head].get("bias", np.zeros(0)).size for head in heads)),
        "reverse": True,
        "norm_eps": 1e-3,
    }
    shapes = {key: tuple(value.shape) for key, value in CnnGru(**arguments).state_dict().items()}
    state = {}
    for module, (layer, weights) in modules.items():
        for name, keras in weights.items():
            state[f"{module}.{name}"] = _weight(path, layers[layer], layer, keras, f"{module}.{name}", shapes)
    for name, keras in _DENSE.items():
        one = {f"head.{name}": (1, *shapes[f"head.{name}"][1:])}
        parts = [_weight(path, layers[head], head, keras, f"head.{name}", one) for head in heads]
        state[f"head.{name}"] = torch.cat(parts)
    for name in ("bn1", "bn2"):
        state[f"{name}.num_batches_tracked"] = torch.tensor(0)
    return arguments, state


def _weight(
    path: str | Path,
    weights: dict[str, np.ndarray],
    layer: str,
    keras: str,
    name: str,
    shapes: dict[str, tuple[int, ...]],
) -> torch.Tensor:
    if keras not in weights:
        raise ValueError(f"{path}: layer '{layer}': expected a weight '{keras}', found {', '.join(weights)}")
    value = weights[keras]
    if keras == "bias" and name.startswith("gru.") and value.ndim != 2:
        raise ValueError(
            f"{path}: layer '{layer}' bias: expected shape (2, {value.size}), found {value.shape}; a GRU with "
            f"reset_after=False computes other gates and cannot be read"
        )
    try:
        turned = _torch_layout(keras, name, value)
    except (ValueError, IndexError):
        turned = np.zeros(0)
    if turned.shape != shapes[name]:
        raise ValueError(
            f"{path}: layer '{layer}' {keras}: expected shape {shapes[name]} in torch's order, found {value.shape} in "
            f"Keras' order; the width, kernel and channels are taken from the first conv1d"
        )
    return torch.from_numpy(np.ascontiguousarray(turned, dtype=np.float32))


def draw_as_keras(net: CnnGru) -> None:
    """Draw a net's first weights as Saluki's Keras layers do, in place.

    Kernels are truncated normal with variance 2 / fan-in (``he_normal``), the GRU's recurrent kernel, (units, 3 units)
    as Keras stores it, has orthonormal rows; biases are zero. Norms keep their ones and zeros.
    """
    recurrent = net.gru.weight_hh_l0
    for name, parameter in net.named_parameters():
        if parameter is recurrent:
            nn.init.orthogonal_(parameter)  # (3 units, units): its columns are the rows of Keras' kernel
        elif parameter.dim() > 1:
            std = (2 / parameter[0].numel()) ** 0.5 / _TRUNCATED
            nn.init.trunc_normal_(parameter, std=std, a=-2 * std, b=2 * std)
        elif "bias" in name and not name.startswith(("norm", "bn")):
            nn.init.zeros_(parameter)


_KERAS = (".h5", ".hdf5", ".keras")
_RENAMED = (
    (r"ln_layers\.(\d+)\.ln\.", lambda match: f"norm{int(match[1]) + 1}."),
    (r"conv_layers\.(\d+)\.", lambda match: f"conv{int(match[1]) + 2}."),
    (r"Pln1\.ln\.", "norm_last."),
    (r"rnn\.gru\.", "gru."),
    (r"fc1\.", "dense."),
)


def from_combmotif(state: dict[str, torch.Tensor]) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    """Translate the weights of CombMotif's ``saluki_torch``.

    Parameters
    ----------
    state : dict
        Its state dictionary (``conv1.weight``, ``ln_layers.0.ln.weight``, ``conv_layers.0.weight``, ``Pln1.ln.weight``,
        ``rnn.gru.weight_ih_l0``, ``bn1.weight``, ``fc1.weight``, ``head.weight``, ...).

    Returns
    -------
    (arguments, state)
        What the file says of the keyword arguments of :class:`CnnGru` (not its padding and dropout), and the weights
        by our names.
    """
    renamed = {}
    for key, value in state.items():
        for pattern, replacement in _RENAMED:
            key = re.sub(f"^{pattern}", replacement, key)
        renamed[key] = value
    arguments: dict[str, Any] = {"blocks": sum(key.startswith("conv_layers.") for key in state) // 2}
    first, head = state.get("conv1.weight"), state.get("head.bias")
    if first is not None and first.ndim == 3:
        arguments |= {"width": first.shape[0], "channels": first.shape[1], "kernel": first.shape[2]}
    if head is not None:
        arguments["outputs"] = head.numel()
    return arguments, renamed


def load_cnn_gru(path: str | Path, **arguments: Any) -> CnnGru:
    """Build the net of a weights file.

    Parameters
    ----------
    path : path
        Safetensors or a torch state dictionary by our names; CombMotif's ``.pth`` (``model_state_dict``); Saluki's
        Keras ``.h5``. Which one it is, is told by its suffix and names.
    **arguments
        Of :class:`CnnGru`. A foreign file tells them itself, but for the padding of a CombMotif net with 4 channels:
        give ``padding: 2`` for its MRL nets, 0 for others.

    Returns
    -------
    CnnGru
        In evaluation mode.

    Raises
    ------
    ValueError
        If the file does not fit; the layer is named.
    """
    path, given = Path(path), arguments
    if path.suffix in _KERAS:
        told, state = read_saluki(path)
        return fill(CnnGru(**{**told, **given}), state, path=path).eval()  # type: ignore[return-value]
    state = read_weights(path)
    if any(key.startswith(("conv_layers.", "rnn.gru.")) for key in state):
        told, state = from_combmotif(state)
        if "padding" not in given and told.get("channels") == 6:
            given["padding"] = 0
        if "padding" not in given:
            raise ValueError(
                f"{path}: arguments.padding: a CombMotif file does not say it; write 2 for its 50-nt MRL nets, 0 for "
                f"a net without padding"
            )
        given = {**told, **given}
    return fill(CnnGru(**given), state, path=path).eval()  # type: ignore[return-value]
