"""Keras' convolutions and pools along the sequence, as torch modules."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from combmotif.models.keras.layout import Folded, Unfolded, same_padding


class KerasConv1d(nn.Conv1d):
    """A convolution along the sequence, padded as Keras pads.

    Parameters
    ----------
    weight : array, shape (neurons, channels / groups, width)
    bias : array, shape (neurons,), optional
    stride, dilation, groups : int
    rule : {"valid", "same", "causal"}
    """

    def __init__(
        self, weight: np.ndarray, bias: np.ndarray | None, *, stride: int, dilation: int, groups: int, rule: str
    ) -> None:
        count, channels, width = weight.shape
        super().__init__(
            channels * groups, count, width, stride=stride, dilation=dilation, groups=groups, bias=bias is not None
        )
        self.rule = rule
        set_values(self, weight=weight, bias=bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (batch, channels, positions) to (batch, neurons, positions)."""
        width, stride, dilation = self.kernel_size[0], self.stride[0], self.dilation[0]
        left = right = 0
        if self.rule == "causal":
            left = (width - 1) * dilation
        elif self.rule == "same":
            left, right = same_padding(x.shape[-1], width, stride, dilation)
        if left != right:
            x, left = F.pad(x, (left, right)), 0
        return F.conv1d(x, self.weight, self.bias, stride, left, dilation, self.groups)

    def extra_repr(self) -> str:
        """Say the padding too; it is part of a model's fingerprint."""
        return f"{super().extra_repr()}, rule={self.rule}"


class KerasPool1d(nn.Module):
    """A maximum or mean over neighbouring positions, padded as Keras on torch pads.

    Parameters
    ----------
    kind : {"max", "mean"}
    width, stride : int
    rule : {"valid", "same"}
    """

    def __init__(self, kind: str, width: int, stride: int, rule: str) -> None:
        super().__init__()
        self.kind, self.width, self.stride, self.rule = kind, width, stride, rule

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (batch, channels, positions) to fewer positions."""
        left = right = 0
        if self.rule == "same":
            left, right = same_padding(x.shape[-1], self.width, self.stride, 1)
        if left != right:
            x, left = F.pad(x, (left, right), mode="replicate"), 0
        if self.kind == "max":
            return F.max_pool1d(x, self.width, self.stride, left)
        return F.avg_pool1d(x, self.width, self.stride, left, count_include_pad=False)

    def extra_repr(self) -> str:
        """Say what it does."""
        return f"{self.kind}, {self.width}, stride={self.stride}, rule={self.rule}"


def set_values(module: nn.Module, **values: np.ndarray | None) -> None:
    """Copy arrays into the parameters and buffers of a module; None leaves one out."""
    with torch.no_grad():
        for name, value in values.items():
            if value is not None:
                getattr(module, name).copy_(torch.from_numpy(np.ascontiguousarray(value, dtype=np.float32)))


def numbers(value: Any) -> np.ndarray:
    """Values of a Keras variable, or of a tensor made from some, as float32."""
    tensor = value if torch.is_tensor(value) else value.value
    return tensor.detach().cpu().numpy().astype(np.float32)


def convolution(layer: Any, shape: tuple[int | None, ...], keras: Any) -> dict[str, nn.Module] | None:
    """Translate a convolution that runs along one axis; None for others.

    Parameters
    ----------
    layer : keras.layers.Layer
        Of class Conv1D, Conv2D, DepthwiseConv1D or SeparableConv1D.
    shape : tuple
        Of its input in Keras, the batch among it, channels last.
    keras : module

    Returns
    -------
    dict of str to torch.nn.Module, or None
        What runs one after the other; the convolution itself has the empty name.
    """
    bias = numbers(layer.bias) if layer.use_bias else None
    common = {"rule": layer.padding}
    if isinstance(layer, keras.layers.SeparableConv1D):
        if layer.strides[0] > 1 and layer.dilation_rate[0] > 1:
            return None
        deep, wide = numbers(layer.depthwise_kernel), numbers(layer.pointwise_kernel)
        first = _by_channel(deep, None, layer, common)
        second = KerasConv1d(wide.transpose(2, 1, 0), bias, stride=1, dilation=1, groups=1, rule="valid")
        return {"depthwise": first, "": second}
    if isinstance(layer, keras.layers.DepthwiseConv1D):
        return {"": _by_channel(numbers(layer.kernel), bias, layer, common)}
    kernel = numbers(layer.kernel)
    if kernel.ndim == 3:
        strides = {"stride": layer.strides[0], "dilation": layer.dilation_rate[0], "groups": layer.groups}
        return {"": KerasConv1d(kernel.transpose(2, 1, 0), bias, **strides, **common)}
    return _plane(layer, kernel, bias, shape)


def _by_channel(kernel: np.ndarray, bias: np.ndarray | None, layer: Any, common: dict[str, str]) -> KerasConv1d:
    """Keras keeps the filters of every channel as (width, channels, filters)."""
    width, channels, filters = kernel.shape
    weight = kernel.transpose(1, 2, 0).reshape(channels * filters, 1, width)
    return KerasConv1d(
        weight, bias, stride=layer.strides[0], dilation=layer.dilation_rate[0], groups=channels, **common
    )


def _plane(
    layer: Any, kernel: np.ndarray, bias: np.ndarray | None, shape: tuple[int | None, ...]
) -> dict[str, nn.Module] | None:
    """A Conv2D of which one axis has one value, or as many as the kernel covers, runs along the other."""
    sizes, reach = shape[1:3], kernel.shape[:2]
    across = [
        axis for axis in (0, 1)
        if layer.dilation_rate[axis] == 1
        and (sizes[axis] == 1 or (sizes[axis] == reach[axis] and layer.padding == "valid"))
    ]  # fmt: skip
    if not across or layer.groups != 1 or shape[3] is None:
        return None
    axis = min(across, key=lambda a: sizes[a] or 0)
    size, along = int(sizes[axis] or 1), 1 - axis
    if size == 1:  # what else the kernel covers is padding
        kernel = np.take(kernel, [(reach[axis] - 1) // 2], axis)
    if axis == 1:
        kernel = kernel.swapaxes(0, 1)
    # (across, along, channels, neurons) -> (neurons, channels * across, along), as Folded counts the channels
    weight = kernel.transpose(3, 2, 0, 1).reshape(kernel.shape[3], -1, kernel.shape[1])
    strides = {"stride": layer.strides[along], "dilation": layer.dilation_rate[along], "groups": 1}
    return {
        "folded": Folded(axis + 2, size, int(shape[3])),
        "": KerasConv1d(weight, bias, rule=layer.padding, **strides),
        "plane": Unfolded(axis + 2),
    }


def pool(layer: Any, shape: tuple[int | None, ...]) -> dict[str, nn.Module] | None:
    """Translate a pool that runs along one axis; None for others."""
    kind = "max" if "Max" in type(layer).__name__ else "mean"
    if len(shape) == 3:
        return {"": KerasPool1d(kind, layer.pool_size[0], layer.strides[0], layer.padding)}
    across = [axis for axis in (0, 1) if shape[1 + axis] == 1 and layer.pool_size[axis] in (1, None)]
    if not across:
        return None
    axis, along = across[0], 1 - across[0]
    return {
        "folded": Folded(axis + 2, 1, int(shape[3] or 0)),
        "": KerasPool1d(kind, layer.pool_size[along], layer.strides[along], layer.padding),
        "plane": Unfolded(axis + 2),
    }
