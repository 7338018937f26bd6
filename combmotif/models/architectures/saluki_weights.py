"""Read a Saluki model (Agarwal and Kelley 2022) from its Keras HDF5 file, as arguments and weights of ``CnnGru``.

Keras names layers by kind and number (``conv1d``, ``conv1d_1``, ...), and stores the gates of a GRU in the order
z, r, h where torch has r, z, n. The recurrent bias stands apart from the input bias (``reset_after``), as in torch.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from combmotif.models.architectures.cnn_gru import CnnGru
from combmotif.models.architectures.keras_weights import read_keras_layers

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
