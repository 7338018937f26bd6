"""Keras has the channels last, torch second: tensors between translated layers are kept as torch has them.

A tensor of Keras, (batch, positions, channels) or (batch, height, width, channels), is held as (batch, channels,
positions) or (batch, channels, height, width); one of two axes or fewer as it is. All changes of axes are single steps
that windows (:mod:`combmotif.inference.locality`) and edits (:mod:`combmotif.inference.incremental`) can be followed
through.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional as F


def inner(x: torch.Tensor) -> torch.Tensor:
    """From the axes of Keras to those kept here."""
    return x.movedim(-1, 1) if x.ndim > 2 else x


def outer(x: torch.Tensor) -> torch.Tensor:
    """From the axes kept here to those of Keras."""
    return x.movedim(1, -1) if x.ndim > 2 else x


def inner_axis(axis: int, rank: int) -> int:
    """Where an axis of a Keras tensor of ``rank`` axes lies here."""
    axis %= rank
    if rank < 3 or axis == 0:
        return axis
    return 1 if axis == rank - 1 else axis + 1


class Flat(nn.Module):
    """Keras ``Flatten``: positions, then their channels."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (batch, channels, positions) to (batch, positions * channels)."""
        return outer(x).flatten(1)


class Ones(nn.Module):
    """Keras ``Reshape`` that only takes away axes of one value, or puts some in.

    Parameters
    ----------
    before, after : sequence of int or None
        Shapes in Keras, without the batch.
    """

    def __init__(self, before: Sequence[int | None], after: Sequence[int | None]) -> None:
        super().__init__()
        self.gone = [axis + 1 for axis, size in enumerate(before) if size == 1][::-1]
        self.new = [axis + 1 for axis, size in enumerate(after) if size == 1]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Drop and add the axes."""
        x = outer(x)
        for axis in self.gone:
            x = x.squeeze(axis)
        for axis in self.new:
            x = x.unsqueeze(axis)
        return inner(x)


class Permuted(nn.Module):
    """Keras ``Permute``; the axes are those of Keras, the batch among them."""

    def __init__(self, axes: Sequence[int]) -> None:
        super().__init__()
        self.axes = tuple(axes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Change the order of the axes."""
        return inner(outer(x).permute(self.axes))


class Folded(nn.Module):
    """Make (batch, channels, positions) of a plane: the other axis, of ``size``, is counted among the channels."""

    def __init__(self, axis: int, size: int, channels: int) -> None:
        super().__init__()
        self.axis, self.size, self.channels = axis, size, channels

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Drop the axis (2 or 3); channel c at place k of the axis becomes channel c * size + k."""
        if self.size == 1:
            return x.squeeze(self.axis)
        if self.channels == 1:
            x = x.squeeze(1)
            return x if self.axis == 2 else x.transpose(1, 2)
        return (x if self.axis == 2 else x.transpose(2, 3)).flatten(1, 2)


class Unfolded(nn.Module):
    """Put an axis of one value (2 or 3) in again."""

    def __init__(self, axis: int) -> None:
        super().__init__()
        self.axis = axis

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (batch, channels, positions) to a plane."""
        return x.unsqueeze(self.axis)


class Cropped(nn.Module):
    """Cut positions off both ends: a negative padding, which windows are followed through."""

    def __init__(self, left: int, right: int) -> None:
        super().__init__()
        self.left, self.right = left, right

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (batch, channels, positions) to fewer positions, or, with negative numbers, to zeros around them."""
        return F.pad(x, (-self.left, -self.right))


def same_padding(length: int, width: int, stride: int, dilation: int) -> tuple[int, int]:
    """How much Keras pads (left, right) for ``padding="same"``: one more on the right where it is uneven."""
    reach = (width - 1) * dilation
    total = reach if stride == 1 else max(0, (-(-length // stride) - 1) * stride + reach + 1 - length)
    return total // 2, total - total // 2
