"""Convolutions with the channels of a position together in memory."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch.nn import functional as F
from torch.nn.grad import conv1d_input, conv2d_input


def _fitting(values: torch.Tensor) -> bool:
    return values.ndim == 3 and values.device.type == "cpu" and values.dtype == torch.float32


def _rows(values: torch.Tensor) -> torch.Tensor:
    return values.unsqueeze(2).contiguous(memory_format=torch.channels_last)


def conv_in_rows(
    input: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None = None,
    stride: int | Sequence[int] = 1,
    padding: int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
) -> torch.Tensor:
    """Run ``torch.conv1d`` on rows of channels: up to twice as fast on a processor, whatever the dilation.

    What follows position by position keeps that order in memory, and a norm over the channels then needs no copy.

    Parameters
    ----------
    input : tensor, shape (batch, channels, positions)
    weight, bias, stride, padding, dilation, groups
        As ``torch.conv1d`` has them; padding is a number.

    Returns
    -------
    tensor, shape (batch, neurons, positions)
    """
    if not _fitting(input):
        return F.conv1d(input, weight, bias, stride, padding, dilation, groups)
    number, pad, jump = (n if isinstance(n, int) else n[0] for n in (stride, padding, dilation))
    return torch.conv2d(_rows(input), weight.unsqueeze(2), bias, (1, number), (0, pad), (1, jump), groups).squeeze(2)


def input_gradient(
    shape: Sequence[int],
    weight: torch.Tensor,
    outward: torch.Tensor,
    stride: Sequence[int],
    dilation: Sequence[int],
    groups: int,
) -> torch.Tensor:
    """Take a gradient back through an unpadded convolution, to its input of a shape (batch, channels, positions)."""
    if not _fitting(outward):
        return conv1d_input(shape, weight, outward, stride, 0, dilation, groups)
    wide = (shape[0], shape[1], 1, shape[2])
    inward = conv2d_input(wide, _rows(weight), _rows(outward), (1, stride[0]), 0, (1, dilation[0]), groups)
    return inward.squeeze(2)
