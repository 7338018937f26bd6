"""Follow the window of input positions that each value of a network sees, while the network runs.

A torch function mode watches every operation of an ordinary forward pass. Convolutions, pools and pads carry the
window along; every other operation is taken to act position by position, which the NaN probe (geometry.py) checks
afterwards. The same mode can drop all padding, and can evaluate strided nets at every offset by dilation (the
à-trous algorithm; Sermanet et al. 2014), so that no network has to be rewritten.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from combmotif.inference.rows import conv_in_rows

_POOLS = {F.max_pool1d: "max", torch.max_pool1d: "max", F.avg_pool1d: "mean", torch.avg_pool1d: "mean"}
_JOINS = (torch.cat, torch.concat, torch.concatenate)
_ATTRIBUTE = "_combmotif_window"


class UnequalBranches(ValueError):
    """Branches meet whose neurons have no single window."""


@dataclass(frozen=True)
class Window:
    """What one position of a tensor sees of the input.

    Attributes
    ----------
    size : int
        Receptive field in nt.
    stride : int
        Input positions between neighbouring outputs of the network as it is.
    padding, right : int
        Padding seen at the 5' and at the 3' end, in nt: the first output of the network as it is begins ``padding``
        before the sequence.
    """

    size: int = 1
    stride: int = 1
    padding: int = 0
    right: int = 0

    def then(self, width: int, *, stride: int = 1, dilation: int = 1, padding: int = 0, right: int = 0) -> Window:
        """Return the window after a convolution or pool of the given width."""
        return Window(
            self.size + (width - 1) * dilation * self.stride,
            self.stride * stride,
            self.padding + padding * self.stride,
            self.right + right * self.stride,
        )


def window_of(value: Any) -> Window | None:
    """Return the window a tensor carries, or None."""
    return getattr(value, _ATTRIBUTE, None)


def mark(value: Any, window: Window) -> Any:
    """Attach a window to a tensor, or to every tensor of a tuple or list."""
    if isinstance(value, torch.Tensor):
        setattr(value, _ATTRIBUTE, window)
    elif isinstance(value, (tuple, list)):
        for item in value:
            mark(item, window)
    return value


def _first(value: int | Sequence[int] | None, default: int = 1) -> int:
    if isinstance(value, int):
        return value
    return int(value[0]) if value else default


def _arguments(names: Sequence[str], args: tuple, kwargs: dict) -> dict[str, Any]:
    return dict(zip(names, args, strict=False)) | kwargs


class LocalityMode(TorchFunctionMode):
    """Carry windows through a forward pass; optionally without padding, optionally at every offset.

    Parameters
    ----------
    unpadded : bool, default False
        Drop the padding of convolutions, pools and ``pad``; branches of unequal length are then cut to the positions
        they share, as a residual connection needs.
    dense : bool, default False
        Replace strides by dilation: one value for every window start instead of every ``stride``-th. Needs
        ``unpadded``.
    """

    def __init__(self, *, unpadded: bool = False, dense: bool = False) -> None:
        super().__init__()
        self.unpadded = unpadded
        self.dense = dense

    def __torch_function__(self, func: Callable, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        kwargs = kwargs or {}
        if func is torch.conv1d:
            return self._conv(args, kwargs)
        if func in _POOLS:
            return self._pool(func, args, kwargs)
        if func is F.pad:
            return self._pad(args, kwargs)
        tensors = [a for a in _flatten([*args, *kwargs.values()]) if window_of(a) is not None]
        if not tensors:
            return func(*args, **kwargs)
        windows = [w for w in map(window_of, tensors) if w is not None]
        joint = _union(windows)
        joined = _joined_axis(args, kwargs, tensors[0].ndim) if func in _JOINS else None
        if self.unpadded and (any(w.padding != joint.padding for w in windows) or _unequal(tensors, joined)):
            step = 1 if self.dense else joint.stride
            args = tuple(_cut(a, tensors, joint, step, joined) for a in args)
            kwargs = {name: _cut(a, tensors, joint, step, joined) for name, a in kwargs.items()}
        return mark(func(*args, **kwargs), joint)

    def _conv(self, args: tuple, kwargs: dict) -> torch.Tensor:
        names = ("input", "weight", "bias", "stride", "padding", "dilation", "groups")
        call = _arguments(names, args, kwargs)
        window = window_of(call["input"]) or Window()
        width, stride = call["weight"].shape[-1], _first(call.get("stride"))
        dilation, padding = _first(call.get("dilation")), call.get("padding", 0)
        if padding == "same":
            left = dilation * (width - 1) // 2
            right = dilation * (width - 1) - left
        else:
            left = right = 0 if padding == "valid" else _first(padding, 0)
        seen = window.then(width, stride=stride, dilation=dilation, padding=left, right=right)
        if self.unpadded:
            call["padding"] = 0
        if self.dense:
            call["stride"], call["dilation"] = 1, dilation * window.stride
        return mark(conv_in_rows(**call) if self.unpadded else torch.conv1d(**call), seen)

    def _pool(self, func: Callable, args: tuple, kwargs: dict) -> Any:
        kind = _POOLS[func]
        names = ("input", "kernel_size", "stride", "padding") + (
            ("dilation", "ceil_mode") if kind == "max" else ("ceil_mode", "count_include_pad")
        )
        call = _arguments(names, args, kwargs)
        x, width = call["input"], _first(call["kernel_size"])
        stride = _first(call.get("stride"), width)
        dilation, left = _first(call.get("dilation")), _first(call.get("padding"), 0)
        window = window_of(x) or Window()
        seen = window.then(width, stride=stride, dilation=dilation, padding=left, right=left)
        if not self.unpadded:
            return mark(func(*args, **kwargs), seen)
        if not self.dense and type(x) is not torch.Tensor:  # edited sequences have a pool of their own
            return mark(func(**call | {"padding": 0, "ceil_mode": False}), seen)
        step, jump = (dilation * window.stride, 1) if self.dense else (dilation, stride)
        length = (x.shape[-1] - (width - 1) * step - 1) // jump + 1
        if length < 1:
            raise ValueError(f"input too short for a pool of width {width}")
        if kind == "max" and x.requires_grad and torch.is_grad_enabled():
            return mark(_MaxPool.apply(x, width, step, jump, length), seen)
        pooled = x[..., : (length - 1) * jump + 1 : jump]
        for offset in range(1, width):
            part = x[..., offset * step : offset * step + (length - 1) * jump + 1 : jump]
            pooled = torch.maximum(pooled, part) if kind == "max" else pooled + part
        return mark(pooled if kind == "max" else pooled / width, seen)

    def _pad(self, args: tuple, kwargs: dict) -> torch.Tensor:
        call = _arguments(("input", "pad", "mode", "value"), args, kwargs)
        window = window_of(call["input"])
        if window is None or any(call["pad"][2:]):
            return F.pad(*args, **kwargs)
        seen = window.then(1, padding=call["pad"][0], right=call["pad"][1])
        result = call["input"][:] if self.unpadded else F.pad(*args, **kwargs)
        return mark(result, seen)


class _MaxPool(torch.autograd.Function):
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


def _flatten(values: Any) -> list[Any]:
    flat: list[Any] = []
    for value in values:
        flat += _flatten(value) if isinstance(value, (tuple, list)) else [value]
    return flat


def _union(windows: list[Window]) -> Window:
    if len({w.stride for w in windows}) > 1:
        raise UnequalBranches("branches of different stride meet; their neurons have no single receptive field")
    padding = max(w.padding for w in windows)
    size = max(w.size - w.padding for w in windows) + padding
    # every branch gives the same number of outputs, so the widest one fixes the padding on the right
    right = max(w.right + size - padding - (w.size - w.padding) for w in windows)
    return Window(size, windows[0].stride, padding, right)


def _joined_axis(args: tuple, kwargs: dict, ndim: int) -> int:
    """Axis along which ``torch.cat`` joins, from 0; it may differ in size and is no axis of positions."""
    call = _arguments(("tensors", "dim"), args, kwargs)
    return int(call.get("dim", call.get("axis", 0))) % ndim


def _unequal(tensors: list[torch.Tensor], joined: int | None) -> list[int]:
    """Axes of unequal size, other than the joined one; a size of 1 is spread over the others."""
    ndim = max(t.ndim for t in tensors)
    alike = [t for t in tensors if t.ndim == ndim]
    return [a for a in range(ndim) if a != joined and len({t.shape[a] for t in alike} - {1}) > 1]


def _cut(value: Any, tensors: list[torch.Tensor], joint: Window, step: int, joined: int | None) -> Any:
    """Cut one branch to the positions all branches share; the position axis is the last one of unequal size."""
    if isinstance(value, (tuple, list)):
        return type(value)(_cut(item, tensors, joint, step, joined) for item in value)
    window = window_of(value)
    if window is None:
        return value
    alike = [t for t in tensors if t.ndim == value.ndim]
    last = value.ndim - 1
    axis = max(_unequal(alike, joined), default=last - 1 if joined == last else last)
    ends = []
    for tensor in alike:
        other = window_of(tensor)
        shift = joint.padding - (other.padding if other else 0)
        if shift % step:
            raise UnequalBranches("branches of a residual connection are padded by different parts of a stride")
        ends.append(tensor.shape[axis] - shift // step)
    return mark(value.narrow(axis, (joint.padding - window.padding) // step, min(ends)), window)
