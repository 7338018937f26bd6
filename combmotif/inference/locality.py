"""Follow the window of input positions that each value of a network sees, while the network runs.

A torch function mode watches every operation of an ordinary forward pass. Convolutions, pools, pads, crops and constant
flanks carry the window along; every other operation is taken to act position by position, which the probes of
geometry.py check afterwards. The same mode can drop all padding, and can evaluate strided nets at every offset by
dilation (the à-trous algorithm; Sermanet et al. 2014), so that no network has to be rewritten.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from combmotif.inference.marks import UnequalBranches, Window, mark, position_axis, union, window_of
from combmotif.inference.rows import conv_in_rows, strided_pool

_POOLS: dict[Callable, str] = {
    F.max_pool1d: "max", torch.max_pool1d: "max", F.avg_pool1d: "mean", torch.avg_pool1d: "mean",
    F.max_pool2d: "max", torch.max_pool2d: "max", F.avg_pool2d: "mean",
}  # fmt: skip
_JOINS = (torch.cat, torch.concat, torch.concatenate)
_NEW = ("new_zeros", "new_ones", "new_full", "new_empty", "zeros_like", "ones_like", "full_like", "empty_like")


def _pair(value: int | Sequence[int] | None, default: int) -> list[int]:
    numbers = [default] if value is None or value == () or value == [] else [value] if isinstance(value, int) else value
    return [int(n) for n in (list(numbers) * 2)[:2]]


def arguments(names: Sequence[str], args: tuple, kwargs: dict) -> dict[str, Any]:
    """Name the arguments of a call."""
    return dict(zip(names, args, strict=False)) | kwargs


def _same(width: int, dilation: int) -> tuple[int, int]:
    """Padding of a convolution that keeps the length, at the left and at the right."""
    left = dilation * (width - 1) // 2
    return left, dilation * (width - 1) - left


class LocalityMode(TorchFunctionMode):
    """Carry windows through a forward pass; optionally without padding, optionally at every offset.

    Parameters
    ----------
    unpadded : bool, default False
        Drop the padding of convolutions, pools and ``pad``, crops and constant flanks; branches of unequal length are
        then cut to the positions they share, as a residual connection needs.
    dense : bool, default False
        Replace strides by dilation: one value for every window start instead of every ``stride``-th. Needs
        ``unpadded``.
    follow : bool, default True
        Carry windows along; without it the network runs as it is, and only its convolutions are told.

    Attributes
    ----------
    widest : int
        Largest window seen, in nt: an input of that many positions leaves every branch one at least.
    convolved : callable or None
        Called with the output of every convolution; what it returns, if anything, takes its place.
    """

    def __init__(self, *, unpadded: bool = False, dense: bool = False, follow: bool = True) -> None:
        super().__init__()
        self.unpadded = unpadded
        self.dense = dense
        self.follow = follow
        self.widest = 1
        self.convolved: Callable[[torch.Tensor], torch.Tensor | None] | None = None

    def __torch_function__(self, func: Callable, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        kwargs = kwargs or {}
        if func in (torch.conv1d, torch.conv2d):
            output = self._conv(func, args, kwargs) if self.follow else func(*args, **kwargs)
            changed = None if self.convolved is None else self.convolved(output)
            return output if changed is None else changed
        if not self.follow:
            return func(*args, **kwargs)
        if func in _POOLS:
            return self._pool(func, args, kwargs)
        if func is F.pad:
            return self._pad(args, kwargs)
        if func is torch.Tensor.__getitem__ and window_of(args[0]) is not None:
            return self._crop(*args)
        if getattr(func, "__name__", "") in _NEW:
            return func(*args, **kwargs)
        tensors = [a for a in _flatten([*args, *kwargs.values()]) if window_of(a) is not None]
        if not tensors:
            return func(*args, **kwargs)
        windows = [w for w in map(window_of, tensors) if w is not None]
        if func in _JOINS and len(tensors) == 1:
            flanked = self._flanks(func, args, kwargs, tensors[0])
            if flanked is not None:
                return flanked
        joint = union(windows)
        joined = _joined_axis(args, kwargs, tensors[0].ndim) if func in _JOINS else None
        if self.unpadded and (any(w.padding != joint.padding for w in windows) or _unequal(tensors, joined)):
            step = 1 if self.dense else joint.stride
            args, first = _cut(args, tensors, joint, step, joined)
            kwargs, second = _cut(kwargs, tensors, joint, step, joined)
            joint = replace(joint, count=first or second)
        return self._seen(func(*args, **kwargs), joint)

    def _seen(self, value: Any, window: Window, axis: int | None = None) -> Any:
        """Mark a result; ``axis`` is that of its positions, where the operation changed their number."""
        self.widest = max(self.widest, window.size)
        return mark(value, window if axis is None else replace(window, count=value.shape[axis]))

    def _conv(self, func: Callable, args: tuple, kwargs: dict) -> torch.Tensor:
        names = ("input", "weight", "bias", "stride", "padding", "dilation", "groups")
        call = arguments(names, args, kwargs)
        x, weight = call["input"], call["weight"]
        window = window_of(x) or Window(count=x.shape[-1])
        if func is torch.conv2d:
            return self._conv2d(call, window)
        width, stride = weight.shape[-1], _pair(call.get("stride"), 1)[0]
        dilation, padding = _pair(call.get("dilation"), 1)[0], call.get("padding", 0)
        if isinstance(padding, str):
            left, right = _same(width, dilation) if padding == "same" else (0, 0)
        else:
            left = right = _pair(padding, 0)[0]
        seen = window.then(width, stride=stride, dilation=dilation, padding=left, right=right)
        if self.unpadded:
            call["padding"] = 0
        if self.dense:
            call["stride"], call["dilation"] = 1, dilation * window.stride
        return self._seen(conv_in_rows(**call) if self.unpadded else torch.conv1d(**call), seen, -1)

    def _conv2d(self, call: dict[str, Any], window: Window) -> torch.Tensor:
        """Run a convolution over a picture of letters and positions, in either order."""
        x, weight = call["input"], call["weight"]
        along = (position_axis(x) or x.ndim - 1) - x.ndim + 2  # 0 or 1, of the two axes of the kernel
        along = along if along in (0, 1) else 1
        widths, stride = weight.shape[-2:], _pair(call.get("stride"), 1)
        dilation, padding = _pair(call.get("dilation"), 1), call.get("padding", 0)
        if isinstance(padding, str):
            sides = [_same(w, d) if padding == "same" else (0, 0) for w, d in zip(widths, dilation, strict=True)]
        else:
            sides = [(n, n) for n in _pair(padding, 0)]
        left, right = sides[along]
        seen = window.then(widths[along], stride=stride[along], dilation=dilation[along], padding=left, right=right)
        if self.unpadded:
            across = sides[1 - along]
            flat = [0, 0]
            flat[1 - along] = across[0]
            if across[0] != across[1]:
                x = F.pad(x, (0, 0, *across) if along else across)
                flat[1 - along] = 0
            call["input"], call["padding"] = x, tuple(flat)
        if self.dense:
            stride[along], dilation[along] = 1, dilation[along] * window.stride
            call["stride"], call["dilation"] = tuple(stride), tuple(dilation)
        return self._seen(torch.conv2d(**call), seen, along - 2)

    def _pool(self, func: Callable, args: tuple, kwargs: dict) -> Any:
        kind, flat = _POOLS[func], "2d" in func.__name__
        names = ("input", "kernel_size", "stride", "padding") + (
            ("dilation", "ceil_mode", "return_indices") if kind == "max" else ("ceil_mode", "count_include_pad")
        )
        call = arguments(names, args, kwargs)
        x, along = call["input"], 0
        window = window_of(x) or Window(count=x.shape[-1])
        if flat:
            along = (position_axis(x) or x.ndim - 1) - x.ndim + 2
            settings = _pair(call["kernel_size"], 1), _pair(call.get("stride"), 1), _pair(call.get("padding"), 0)
            if along not in (0, 1) or tuple(setting[1 - along] for setting in settings) != (1, 1, 0):
                if self.unpadded:
                    raise UnequalBranches("a pool over letters and positions at once")
                return self._seen(func(*args, **kwargs), window)
        width = _pair(call["kernel_size"], 1)[along]
        stride = _pair(call.get("stride"), 0)[along] or width
        dilation, left = _pair(call.get("dilation"), 1)[along], _pair(call.get("padding"), 0)[along]
        axis = along - 2 if flat else -1
        seen = window.then(width, stride=stride, dilation=dilation, padding=left, right=left)
        if not self.unpadded:
            result = func(*args, **kwargs)  # a pair where places are asked for too
            pooled = result if isinstance(result, torch.Tensor) else result[0]
            self._seen(pooled, seen, axis)
            return result
        if not self.dense and type(x) is not torch.Tensor:  # edited sequences have a pool of their own
            return self._seen(func(**call | {"padding": 0, "ceil_mode": False}), seen, axis)
        step, jump = (dilation * window.stride, 1) if self.dense else (dilation, stride)
        if axis == -2:
            x = x.transpose(-1, -2)
        pooled = strided_pool(x, kind, width=width, step=step, jump=jump)
        pooled = self._seen(pooled.transpose(-1, -2) if axis == -2 else pooled, seen, axis)
        return (pooled, torch.zeros_like(pooled, dtype=torch.long)) if call.get("return_indices") else pooled

    def _pad(self, args: tuple, kwargs: dict) -> torch.Tensor:
        call = arguments(("input", "pad", "mode", "value"), args, kwargs)
        x, pads = call["input"], list(call["pad"])
        window = window_of(x)
        if window is None:
            return F.pad(*args, **kwargs)
        axis = position_axis(x)
        at = 2 * (x.ndim - 1 - (x.ndim - 1 if axis is None else axis))
        left, right = (pads[at], pads[at + 1]) if at < len(pads) else (0, 0)
        seen = window.then(1, padding=left, right=right)
        if self.unpadded and (left or right):
            pads[at : at + 2] = [0, 0]
            rest = F.pad(x, pads, value=call.get("value")) if any(pads) else x[:]
            return self._seen(rest, replace(seen, count=window.count))
        return self._seen(F.pad(*args, **kwargs), seen, (axis if axis is not None else -1) if left or right else None)

    def _crop(self, x: torch.Tensor, index: Any) -> Any:
        """Take positions [start, stop) or every n-th: padding below 0, and a stride."""
        window, axis = window_of(x), position_axis(x)
        assert window is not None
        items = list(index) if isinstance(index, tuple) else [index]
        plain = all(item is None or item is Ellipsis or isinstance(item, (slice, int)) for item in items)
        if axis is None or not plain or None in items:
            return self._seen(x[index], window)
        if any(item is Ellipsis for item in items):
            at = next(i for i, item in enumerate(items) if item is Ellipsis)
            items[at : at + 1] = [slice(None)] * (x.ndim - len(items) + 1)
        items += [slice(None)] * (x.ndim - len(items))
        along = items[axis]
        if not isinstance(along, slice):
            return self._seen(x[index], window)
        start, stop, step = along.indices(window.count)
        cut, some = max(0, window.count - stop), stop > start
        if (along.start or 0) >= 0 and (along.stop is None or along.stop < 0):
            start, cut = along.start or 0, -(along.stop or 0)  # whatever the length
            some = some or self.unpadded  # a window may be shorter than what is cut off beside it
        if (start, cut, step) == (0, 0, 1) or step < 1 or not some:
            return self._seen(x[index], window)
        seen = window.then(1, stride=step, padding=-start, right=-cut)
        if self.unpadded:  # what is cut off is no padding here; a stride stays one
            items[axis] = slice(None, None, 1 if self.dense else step)
        result = x[tuple(items)]
        count = len(range(*items[axis].indices(window.count)))
        return self._seen(result, replace(seen, count=count))

    def _flanks(self, func: Callable, args: tuple, kwargs: dict, x: torch.Tensor) -> torch.Tensor | None:
        """Join constant flanks along the positions, which are padding; None where something else is joined."""
        call = arguments(("tensors", "dim"), args, kwargs)
        axis, window = position_axis(x), window_of(x)
        parts = list(call["tensors"])
        if axis is None or window is None or axis != _joined_axis(args, kwargs, x.ndim):
            return None
        at = next(i for i, part in enumerate(parts) if part is x)
        left, right = (sum(part.shape[axis] for part in some) for some in (parts[:at], parts[at + 1 :]))
        seen = window.then(1, padding=left, right=right)
        if self.unpadded:
            return self._seen(x[:], replace(seen, count=window.count))
        return self._seen(func(*args, **kwargs), seen, axis)


def _flatten(values: Any) -> list[Any]:
    flat: list[Any] = []
    for value in values:
        flat += _flatten(value) if isinstance(value, (tuple, list)) else [value]
    return flat


def _joined_axis(args: tuple, kwargs: dict, ndim: int) -> int:
    """Axis along which ``torch.cat`` joins, from 0; it may differ in size and is no axis of positions."""
    call = arguments(("tensors", "dim"), args, kwargs)
    return int(call.get("dim", call.get("axis", 0))) % ndim


def _unequal(tensors: list[torch.Tensor], joined: int | None) -> list[int]:
    """Axes of unequal size, other than the joined one; a size of 1 is spread over the others."""
    ndim = max(t.ndim for t in tensors)
    alike = [t for t in tensors if t.ndim == ndim]
    return [a for a in range(ndim) if a != joined and len({t.shape[a] for t in alike} - {1}) > 1]


def _cut(value: Any, tensors: list[torch.Tensor], joint: Window, step: int, joined: int | None) -> tuple[Any, int]:
    """Cut branches to the positions all of them share, as (what was given, the number of these positions).

    The position axis is the last one of unequal size.
    """
    if isinstance(value, (tuple, list, dict)):
        parts = list(value.values() if isinstance(value, dict) else value)
        cut = [_cut(item, tensors, joint, step, joined) for item in parts]
        items, count = [item for item, _ in cut], max((n for _, n in cut), default=0)
        return dict(zip(value, items, strict=True)) if isinstance(value, dict) else type(value)(items), count
    window = window_of(value)
    if window is None:
        return value, 0
    alike = [t for t in tensors if t.ndim == value.ndim]
    last = value.ndim - 1
    own = position_axis(value)
    axis = max(_unequal(alike, joined), default=own if own is not None else last - 1 if joined == last else last)
    ends = []
    for tensor in alike:
        other = window_of(tensor)
        shift = joint.padding - (other.padding if other else 0)
        if shift % step:
            raise UnequalBranches("branches of a residual connection are padded by different parts of a stride")
        ends.append(tensor.shape[axis] - shift // step)
    count = min(ends)
    if count < 1:
        raise ValueError("input too short for one of the branches that meet")
    cut_value = value.narrow(axis, (joint.padding - window.padding) // step, count)
    return mark(cut_value, replace(window, count=count)), count
