"""Keras' recurrent layers as torch's, where both have the same equations."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from combmotif.models.keras.convolution import numbers, set_values


class Recurrent(nn.Module):
    """A GRU, LSTM or plain recurrence of one direction.

    Parameters
    ----------
    layer : torch.nn.RNNBase
        Of one layer and direction, ``batch_first``.
    sequences : bool
        Give every step, not the last one only.
    backwards : bool
        Read from the 3' end; every step then comes in the order it was read, as in Keras.
    """

    def __init__(self, layer: nn.RNNBase, *, sequences: bool, backwards: bool) -> None:
        super().__init__()
        self.steps, self.sequences, self.backwards = layer, sequences, backwards

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (batch, channels, positions) to (batch, hidden, positions), or (batch, hidden)."""
        x = x.transpose(1, 2)
        if self.backwards:
            x = x.flip(1)
        y = self.steps(x)[0]
        return y.transpose(1, 2) if self.sequences else y[:, -1]

    def extra_repr(self) -> str:
        """Say the direction too; it is part of a model's fingerprint."""
        return f"sequences={self.sequences}, backwards={self.backwards}"


class BothWays(nn.Module):
    """Keras ``Bidirectional``: two recurrent layers, joined.

    Parameters
    ----------
    ahead, back : Recurrent
    merge : {"concat", "sum", "ave", "mul"}
    """

    def __init__(self, ahead: Recurrent, back: Recurrent, merge: str) -> None:
        super().__init__()
        self.ahead, self.back, self.merge = ahead, back, merge

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (batch, channels, positions) to (batch, hidden, positions), or (batch, hidden)."""
        ahead, back = self.ahead(x), self.back(x)
        if self.back.sequences:
            back = back.flip(2)
        if self.merge == "concat":
            return torch.cat([ahead, back], 1)
        if self.merge == "mul":
            return ahead * back
        return (ahead + back) / (2 if self.merge == "ave" else 1)

    def extra_repr(self) -> str:
        """Say how they are joined."""
        return f"merge={self.merge}"


def recurrence(layer: Any, keras: Any) -> Recurrent | None:
    """Translate a recurrent layer of Keras; None where torch has no such equations.

    Keras keeps the gates of a GRU as update, reset, new, torch as reset, update, new; those of an LSTM are in the same
    order. A GRU is torch's with ``reset_after``, which Keras 2 has by default.
    """
    plain = keras.activations
    inside = getattr(layer, "recurrent_activation", plain.sigmoid)
    if layer.stateful or layer.return_state or inside is not plain.sigmoid:
        return None
    kind = type(layer).__name__
    kernel, own = numbers(layer.cell.kernel), numbers(layer.cell.recurrent_kernel)
    hidden, count = layer.units, kernel.shape[1]
    bias = np.zeros((2, count), np.float32)
    if layer.use_bias:
        given = numbers(layer.cell.bias)
        bias[: given.shape[0] if given.ndim == 2 else 1] = given
    torch_layer: nn.RNNBase
    if kind == "SimpleRNN" and layer.activation in (plain.tanh, plain.relu):
        torch_layer = nn.RNN(kernel.shape[0], hidden, nonlinearity=layer.activation.__name__, batch_first=True)
        order = np.arange(count)
    elif kind == "LSTM" and layer.activation is plain.tanh:
        torch_layer = nn.LSTM(kernel.shape[0], hidden, batch_first=True)
        order = np.arange(count)
    elif kind == "GRU" and layer.activation is plain.tanh and layer.reset_after:
        torch_layer = nn.GRU(kernel.shape[0], hidden, batch_first=True)
        order = np.concatenate([np.arange(hidden, 2 * hidden), np.arange(hidden), np.arange(2 * hidden, 3 * hidden)])
    else:
        return None
    set_values(
        torch_layer,
        weight_ih_l0=kernel.T[order], weight_hh_l0=own.T[order], bias_ih_l0=bias[0][order], bias_hh_l0=bias[1][order],
    )  # fmt: skip
    return Recurrent(torch_layer, sequences=layer.return_sequences, backwards=layer.go_backwards)


def both_ways(layer: Any, keras: Any) -> BothWays | None:
    """Translate a ``Bidirectional`` layer; None where its parts have no equal in torch."""
    parts = [
        recurrence(part, keras) if isinstance(part, (keras.layers.GRU, keras.layers.LSTM, keras.layers.SimpleRNN))
        else None
        for part in (layer.forward_layer, layer.backward_layer)
    ]  # fmt: skip
    ahead, back = parts
    if ahead is None or back is None or layer.merge_mode is None or layer.return_state:
        return None
    return BothWays(ahead, back, layer.merge_mode)
