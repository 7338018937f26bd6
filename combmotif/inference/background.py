"""The one reference from which activations are measured: the mean of background windows."""

from __future__ import annotations

from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import nn

from combmotif.core.seeding import named_generator
from combmotif.inference.dense import scan
from combmotif.inference.geometry import known_geometry
from combmotif.models.model import SequenceModel

_WINDOWS = 4096
"""Random windows whose mean is the background: its standard error is 1/64 of their standard deviation."""
_known: WeakKeyDictionary[nn.Module, dict[tuple, np.ndarray]] = WeakKeyDictionary()


def background_activations(model: SequenceModel, layer: str) -> np.ndarray:
    """Mean activation of every neuron of a layer over random sequences, the same for a network every time.

    A raw convolution output has no meaningful zero: a norm behind it makes its bias free. What is active, and how much
    so, is measured from this mean instead, so that a constant in the layer's bias changes nothing.

    Parameters
    ----------
    model : SequenceModel
        Extra tracks are zero.
    layer : str

    Returns
    -------
    float64 array, shape (neurons,)

    Examples
    --------
    >>> import torch
    >>> net = torch.nn.Sequential(torch.nn.Conv1d(4, 2, 3))
    >>> _ = torch.nn.init.zeros_(net[0].weight), torch.nn.init.constant_(net[0].bias, -7.0)
    >>> background_activations(SequenceModel("toy", net), "0").tolist()
    [-7.0, -7.0]
    """
    state = (layer, *((p.data_ptr(), p._version) for p in model.module.parameters()))
    known = _known.setdefault(model.module, {})
    if state not in known:
        size = known_geometry(model, layer).receptive_field
        random = named_generator(0, "background", layer)
        codes = list(random.integers(0, 4, (8, _WINDOWS // 8 + size - 1)).astype(np.uint8))
        found = [values.astype(np.float64).mean((0, 2)) for _, values, _ in scan(model, layer, codes)]
        known[state] = np.mean(found, axis=0)
    return known[state]


def is_output(model: SequenceModel, layer: str, size: int) -> bool:
    """Whether a layer's activations, read at windows of ``size`` nt, are what the network returns, zero and all."""
    kept: list[torch.Tensor] = []
    try:
        module = model.module.get_submodule(layer)
    except AttributeError:  # a function, not a module
        return False
    handle = module.register_forward_hook(lambda _module, _inputs, output: kept.append(output))
    length = model.input_spec.length or max(100, size)
    try:
        with torch.no_grad():
            returned = model.call(model.tensor(np.zeros((2, length), np.uint8)))
    except Exception:  # a network that needs more than the sequence
        return False
    finally:
        handle.remove()
    both = [value for value in (*kept[-1:], returned) if torch.is_tensor(value)]
    return len(both) == 2 and both[0].data_ptr() == both[1].data_ptr() and both[0].numel() == both[1].numel()


def above_background(background: np.ndarray, maxima: np.ndarray) -> np.ndarray:
    """Whether neurons (n,) rise above their background by more than the rounding of float32; bool (n,)."""
    return np.asarray(maxima > background + 1e-6 * np.abs(background))


def active_level(background: np.ndarray, maxima: np.ndarray, share: float) -> np.ndarray:
    """Activation that lies at a share, 0 to 1, of the way from the background to the maximum; float64 (n,)."""
    return np.asarray(background + share * (maxima - background), dtype=np.float64)
