"""Gradients through recurrent layers on every device."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def recurrent_gradients(module: nn.Module) -> Iterator[None]:
    """Let cuDNN take gradients through recurrent layers of a net that is in evaluation mode.

    cuDNN keeps what its backward pass needs in training mode only. The recurrent layers alone are put into it, with
    dropout at 0, which computes the same values; mode and dropout are as before when the block ends, also by an
    exception. On a CPU this changes nothing.

    Parameters
    ----------
    module : torch.nn.Module
    """
    layers = [part for part in module.modules() if isinstance(part, nn.RNNBase)]
    before = [(layer.training, layer.dropout) for layer in layers]
    try:
        for layer in layers:
            layer.training, layer.dropout = True, 0.0
        yield
    finally:
        for layer, (training, dropout) in zip(layers, before, strict=True):
            layer.training, layer.dropout = training, dropout
