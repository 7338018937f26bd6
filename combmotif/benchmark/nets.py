"""Small convolutional nets whose weights are set by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from combmotif.models.architectures.cnn_gru import ChannelNorm

NORMS = ("none", "batch", "layer")
GAIN = 4.0


class StackNet(nn.Module):
    """Convolutions with [norm, ReLU, max-pool] between them, read by a maximum over positions.

    Parameters
    ----------
    kernels : list of int
        Width of every convolution; they are called ``conv1``, ``conv2``, ...
    pools : list of int
        Width and stride of the pool after each convolution but the last; 1 for none.
    channels : list of int
        Of every convolution.
    norm : str
        ``none``, ``batch`` or ``layer`` (over the channels).
    padding : bool
        Zeros at both ends before every convolution.
    """

    def __init__(self, kernels: list[int], pools: list[int], channels: list[int], norm: str, *, padding: bool) -> None:
        super().__init__()
        self.depth = len(kernels)
        widths = [4, *channels]
        for i, kernel in enumerate(kernels):
            conv = nn.Conv1d(widths[i], widths[i + 1], kernel, padding=kernel // 2 if padding else 0)
            self.add_module(f"conv{i + 1}", conv)
            if i + 1 < self.depth:
                made: nn.Module = nn.Identity()
                if norm == "batch":
                    made = nn.BatchNorm1d(widths[i + 1])
                elif norm == "layer":
                    made = ChannelNorm(widths[i + 1], eps=0.007)
                self.add_module(f"norm{i + 1}", made)
                self.add_module(f"pool{i + 1}", nn.MaxPool1d(pools[i]) if pools[i] > 1 else nn.Identity())
        self.eval()

    def conv(self, layer: int) -> nn.Conv1d:
        """Return convolution number ``layer``, from 1."""
        module = self.get_submodule(f"conv{layer}")
        assert isinstance(module, nn.Conv1d)
        return module

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (batch, 4, length) to the maximum of each last neuron, (batch, neurons)."""
        for i in range(1, self.depth):
            x = torch.relu(self.get_submodule(f"norm{i}")(self.get_submodule(f"conv{i}")(x)))
            x = self.get_submodule(f"pool{i}")(x)
        return self.get_submodule(f"conv{self.depth}")(x).amax(2)


def receptive_field(kernels: list[int], pools: list[int]) -> int:
    """Window of a last neuron, in nt."""
    size, jump = kernels[0], 1
    for kernel, pool in zip(kernels[1:], pools, strict=True):
        size += (pool - 1) * jump
        jump *= pool
        size += (kernel - 1) * jump
    return size


def fill_with_noise(net: StackNet, random: np.random.Generator) -> None:
    """Give every channel random weights: they are the distractors beside what is wired by hand."""
    generator = torch.Generator().manual_seed(int(random.integers(2**31)))
    with torch.no_grad():
        for i in range(1, net.depth + 1):
            conv = net.conv(i)
            assert conv.bias is not None
            scale = (0.5 if i == 1 else 0.7) / np.sqrt(conv.in_channels * conv.kernel_size[0] / (4 if i == 1 else 1))
            conv.weight.normal_(0, scale, generator=generator)
            if i == 1:
                conv.weight -= conv.weight.mean(1, keepdim=True)
            conv.bias.uniform_(-0.3, 0.1, generator=generator)
        for i in range(1, net.depth):
            norm = net.get_submodule(f"norm{i}")
            if isinstance(norm, nn.BatchNorm1d):
                mean = torch.from_numpy(random.normal(0, 0.2, norm.num_features)).float()
                deviation = torch.from_numpy(random.uniform(0.3, 2.0, norm.num_features)).float()
                scale = torch.from_numpy(random.uniform(0.8, 1.25, norm.num_features)).float()
                norm.running_mean, norm.running_var = mean, deviation**2
                norm.weight.copy_(deviation * scale)
                norm.bias.copy_(mean * scale)  # zero stays zero, so the thresholds keep their meaning


def plant(net: StackNet, channel: int, weights: np.ndarray, threshold: float, *, start: int = 0) -> None:
    """Make a channel of the first layer score a motif: ``GAIN`` x (score - threshold); weights (length, 4)."""
    conv = net.conv(1)
    assert conv.bias is not None
    with torch.no_grad():
        conv.weight[channel] = 0
        conv.weight[channel, :, start : start + len(weights)] = GAIN * torch.from_numpy(weights.T).float()
        conv.bias[channel] = -GAIN * threshold


@dataclass(frozen=True)
class Wire:
    """An input of a wired channel.

    Attributes
    ----------
    channel, tap : int
        Channel of the layer below, and column of the kernel.
    weight : float
        What a full match adds, in units of the gain.
    windows : integer array, shape (n, length)
        Sequences in which the channel sees its full match.
    """

    channel: int
    tap: int
    weight: float
    windows: np.ndarray


def connect(
    net: StackNet,
    layer: int,
    channel: int,
    wires: Sequence[Wire],
    threshold: float,
    random: np.random.Generator,
    *,
    crosstalk: float = 0.05,
) -> None:
    """Wire a channel to channels of the layer below, with weak random weights to all the others.

    Each wire's weight is divided by what the channel below puts out on its windows, so a full match adds
    ``weight`` x gain whatever the norms do; the bias takes ``threshold`` x gain off.
    """
    conv = net.conv(layer)
    assert conv.bias is not None
    count = conv.in_channels * conv.kernel_size[0]
    noise = random.normal(0, crosstalk * GAIN / np.sqrt(count), (conv.in_channels, conv.kernel_size[0]))
    with torch.no_grad():
        conv.weight[channel] = torch.from_numpy(noise).float()
        conv.bias[channel] = -GAIN * threshold
        for wire in wires:
            conv.weight[channel, wire.channel, wire.tap] = 0
        for wire in wires:
            full = _output(net, layer - 1, wire.windows)[:, wire.channel].amax(1).quantile(0.75)
            conv.weight[channel, wire.channel, wire.tap] += GAIN * wire.weight / float(full)


def _output(net: StackNet, layer: int, codes: np.ndarray) -> torch.Tensor:
    """Output of a layer after norm, ReLU and pool, (n, channels, positions)."""
    x = nn.functional.one_hot(torch.from_numpy(codes.astype(np.int64)), 4).transpose(1, 2).float()
    with torch.inference_mode():
        for i in range(1, layer + 1):
            x = torch.relu(net.get_submodule(f"norm{i}")(net.conv(i)(x)))
            x = net.get_submodule(f"pool{i}")(x)
    return x
