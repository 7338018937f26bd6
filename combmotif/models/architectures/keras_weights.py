"""Read Keras HDF5 weight files with h5py alone, and lay them out as torch expects.

Conv1D kernels are (width, in, out) in Keras and (out, in, width) in torch; Dense kernels are transposed.
A ``same`` convolution of even width pads one more zero on the right than on the left.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch
from torch import nn

from combmotif.models.weights import load_weights
from combmotif.sequence.hdf5 import reading_hdf5


def read_keras_layers(path: str | Path) -> dict[str, dict[str, np.ndarray]]:
    """Read every weighted layer of a Keras HDF5 file.

    Parameters
    ----------
    path : path
        A file written by Keras ``model.save`` or ``model.save_weights``.

    Returns
    -------
    dict of layer name to dict of weight name (``kernel``, ``bias``, ``gamma``, ...) to array

    Raises
    ------
    ValueError
        If the file holds no Keras weights.
    """
    layers: dict[str, dict[str, np.ndarray]] = {}
    with reading_hdf5(path) as file:
        root = file.get("model_weights", file)
        for layer in root:
            weights: dict[str, np.ndarray] = {}

            def collect(name: str, item: object, weights: dict[str, np.ndarray] = weights) -> None:
                if isinstance(item, h5py.Dataset):
                    weights[name.rsplit("/", 1)[-1].split(":")[0]] = item[()]

            if isinstance(root[layer], h5py.Group) and layer != "optimizer_weights":
                root[layer].visititems(collect)
            if weights:
                layers[layer] = weights
    if not layers:
        raise ValueError(f"{path}: expected a Keras weights file (group 'model_weights'), found no layer with weights")
    return layers


def copy_keras_layer(target: nn.Module, weights: dict[str, np.ndarray], *, layer: str, path: str | Path) -> None:
    """Copy one Keras Conv1D or Dense layer into its torch counterpart, in place.

    Raises
    ------
    ValueError
        If a shape does not fit; the layer, the expected and the found shape are named.
    """
    kernel = weights["kernel"]
    kernel = kernel.transpose(2, 1, 0) if isinstance(target, nn.Conv1d) else kernel.T
    pairs = [("weight", kernel)] + ([("bias", weights["bias"])] if "bias" in weights else [])
    for name, value in pairs:
        parameter = getattr(target, name)
        if tuple(parameter.shape) != value.shape:
            raise ValueError(
                f"{path}: layer '{layer}' {name}: expected shape {tuple(parameter.shape)} (torch order), "
                f"found {tuple(value.shape)}"
            )
        with torch.no_grad():
            parameter.copy_(torch.from_numpy(np.ascontiguousarray(value)))


def load_keras(module: nn.Module, path: str | Path, names: dict[str, str]) -> nn.Module:
    """Fill a torch module from a Keras file.

    Parameters
    ----------
    module : torch.nn.Module
        The architecture, already built.
    path : path
        Keras HDF5 file.
    names : dict
        Keras layer name to the dotted name of the torch submodule that takes its weights.

    Returns
    -------
    torch.nn.Module
        The same module, in evaluation mode.
    """
    layers = read_keras_layers(path)
    for keras_name, torch_name in names.items():
        if keras_name not in layers:
            raise ValueError(f"{path}: expected a layer '{keras_name}', the file has {', '.join(layers)}")
        copy_keras_layer(module.get_submodule(torch_name), layers[keras_name], layer=keras_name, path=path)
    return module.eval()


def load_published(
    architecture: Callable[..., nn.Module],
    from_keras: Callable[[Path], nn.Module],
    path: Path,
    arguments: dict[str, Any],
) -> nn.Module:
    """Open our own safetensors with the arguments of a card, or the published Keras file, which decides them itself."""
    if path.suffix == ".safetensors":
        return load_weights(architecture(**arguments), path)
    if arguments:
        raise TypeError(f"expected none for {path.name}, a Keras file, which decides them")
    return from_keras(path)
