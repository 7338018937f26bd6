"""Convolutions and pools of windows, several times faster on a processor than torch's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

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


def strided_pool(x: torch.Tensor, kind: str, *, width: int, step: int, jump: int) -> torch.Tensor:
    """Take the maximum or mean of ``width`` positions, ``step`` apart, every ``jump`` positions of the last axis.

    Parameters
    ----------
    x : tensor
    kind : {"max", "mean"}
    width, step, jump : int

    Raises
    ------
    ValueError
        If the input is shorter than a window.
    """
    length = (x.shape[-1] - (width - 1) * step - 1) // jump + 1
    if length < 1:
        raise ValueError(f"input too short for a pool of width {width}")
    if kind == "max" and x.requires_grad and torch.is_grad_enabled() and x.ndim < 4:
        return MaxPool.apply(x, width, step, jump, length)
    extent = (length - 1) * jump + 1
    pooled = x[..., :extent:jump]
    for offset in range(1, width):
        part = x[..., offset * step : offset * step + extent : jump]
        pooled = torch.maximum(pooled, part) if kind == "max" else pooled + part
    return pooled if kind == "max" else pooled / width


class MaxPool(torch.autograd.Function):
    """Maximum over strided slices, whose gradient goes to the first of equal values: several times cheaper backward."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, width: int, step: int, jump: int, length: int) -> torch.Tensor:
        extent = (length - 1) * jump + 1
        ctx.starts = [slice(offset * step, offset * step + extent, jump) for offset in range(width)]
        ctx.disjoint = step == 1 and jump >= width
        ctx.shape, ctx.rows = x.shape, x.ndim == 3 and x.stride(1) == 1
        pooled, later = x[..., ctx.starts[0]], []
        for part in ctx.starts[1:]:
            later.append(torch.gt(x[..., part], pooled).to(x.dtype))  # numbers are several times faster than truths
            pooled = torch.maximum(pooled, x[..., part])
        ctx.save_for_backward(*later)
        return pooled.clone() if width == 1 else pooled

    @staticmethod
    def backward(ctx: Any, *outward: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        left, shape = outward[0], ctx.shape
        rows = ctx.rows  # the channels of a position lie together
        inward = left.new_zeros(shape[0], shape[2], shape[1]).transpose(1, 2) if rows else left.new_zeros(shape)
        for part, later in zip(ctx.starts[:0:-1], ctx.saved_tensors[::-1], strict=True):
            share = left * later
            left = left - share
            inward[..., part] += share
        inward[..., ctx.starts[0]] += left
        return inward, None, None, None, None
