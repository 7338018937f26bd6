"""What torch's functions do to tensors of edited sequences: those that look around a position, and the dispatch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional as F

from combmotif.inference.incremental import pointwise
from combmotif.inference.incremental.axes import edits_in
from combmotif.inference.incremental.layout import settle
from combmotif.inference.incremental.patches import POINTWISE, Edited, Layout, NotLocal, extent, rows_of, unrows
from combmotif.inference.incremental.recurrence import LAYERS, Steps, recurrent
from combmotif.inference.locality import arguments
from combmotif.inference.rows import conv_in_rows

_META = {
    "size", "dim", "ndimension", "__len__", "numel", "nelement", "is_floating_point", "is_complex", "get_device",
    "element_size",
}  # fmt: skip

_ATTRIBUTES = {
    "shape", "dtype", "device", "ndim", "requires_grad", "is_cuda", "is_mps", "is_meta", "layout", "itemsize", "nbytes",
    "is_leaf", "is_sparse", "is_quantized", "is_mkldnn", "is_nested", "grad_fn",
}  # fmt: skip


def _number(value: Any, default: int = 1) -> int:
    """Last number of an int or a tuple of them: the one along the positions."""
    if value is None or value == () or value == []:
        return default
    return int(value) if isinstance(value, int) else int(value[-1])


@dataclass(frozen=True)
class Kernel:
    """What slides along the positions: what it reads beyond the first, padding, and what an output costs."""

    name: str
    reach: int
    stride: int
    left: int
    right: int
    cost: float
    fill: float = 0.0


def slide(
    x: Edited,
    kernel: Kernel,
    *,
    base: Callable[[torch.Tensor], torch.Tensor],
    block: Callable[[torch.Tensor], torch.Tensor],
) -> Edited:
    """Run an operation that reads ``reach`` positions beyond the first, every ``stride`` positions.

    Only outputs that see a patch are computed, from windows that hold what they read.
    """
    name, reach, stride, left = kernel.name, kernel.reach, kernel.stride, kernel.left
    length = (x.places.length + left + kernel.right - reach - 1) // stride + 1
    if length < 1:
        raise NotLocal("the sequence is shorter than a kernel")

    def outputs(starts: torch.Tensor, width: int) -> tuple[torch.Tensor, int]:
        count = min((width + reach + stride - 1) // stride, length)
        first = -torch.div(-(starts + left - reach), stride, rounding_mode="floor")
        return first.clamp(0, length - count), count

    def changed(low: torch.Tensor, high: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        first = -torch.div(-(low + left - reach), stride, rounding_mode="floor")
        last = torch.div(high - 1 + left, stride, rounding_mode="floor")
        return extent(first, last + 1, length, high <= low)

    x = settle(x, changed)
    computed = x.places.roster.tape(name, lambda: base(x.base))
    if computed.shape[x.axis] != length:
        raise NotLocal(f"{name} gives {computed.shape[x.axis]} positions, expected {length}")
    rows = rows_of(x.base, x.batch, x.axis)
    starts, widths, patches = [], [], []
    for group, (start, width) in enumerate(zip(x.places.starts, x.places.widths, strict=True)):
        first, count = outputs(start, width)
        window = x.window(group, first * stride - left, (count - 1) * stride + reach + 1, kernel.fill, base=rows)
        patches.append(block(unrows(window, x.base, x.batch, x.axis)))
        starts.append(first)
        widths.append(count)
    low, high = zip(*map(changed, x.places.low, x.places.high), strict=True)
    layout = Layout(length, tuple(starts), tuple(widths), low, high, x.places.roster)
    return Edited(computed, patches, layout, batch=x.batch, axis=x.axis).counted(kernel.cost)


def _conv1d(func: Callable, args: tuple, kwargs: dict) -> Edited:
    names = ("input", "weight", "bias", "stride", "padding", "dilation", "groups")
    call = arguments(names, args, kwargs)
    x, weight, bias = call["input"], call["weight"], call.get("bias")
    if not isinstance(x, Edited) or isinstance(weight, Edited) or (x.batch, x.axis) != (0, 2):
        raise NotLocal("a convolution along another axis")
    stride, dilation = _number(call.get("stride")), _number(call.get("dilation"))
    groups, reach = call.get("groups", 1), dilation * (weight.shape[2] - 1)
    left, right = _padding(call.get("padding", 0), reach)

    def run(value: torch.Tensor, pad: tuple[int, int]) -> torch.Tensor:
        if pad[0] != pad[1]:
            value, pad = F.pad(value, pad), (0, 0)
        return conv_in_rows(value, weight, bias, stride, pad[0], dilation, groups)

    return slide(
        x, Kernel("conv1d", reach, stride, left, right, weight[0].numel()),
        base=lambda value: run(value, (left, right)), block=lambda value: run(value, (0, 0)),
    )  # fmt: skip


def _padding(padding: Any, reach: int) -> tuple[int, int]:
    if padding == "same":
        return reach // 2, reach - reach // 2
    number = 0 if padding == "valid" else _number(padding, 0)
    return number, number


def _conv2d(func: Callable, args: tuple, kwargs: dict) -> Edited:
    names = ("input", "weight", "bias", "stride", "padding", "dilation", "groups")
    call = arguments(names, args, kwargs)
    x, weight, padding = call["input"], call["weight"], call.get("padding", 0)
    if not isinstance(x, Edited) or isinstance(weight, Edited) or (x.batch, x.axis) != (0, 3):
        raise NotLocal("a convolution along another axis")
    if isinstance(padding, str):
        raise NotLocal("a two-dimensional convolution with named padding")
    dilation, stride = _number(call.get("dilation")), _number(call.get("stride"))
    across = padding if isinstance(padding, int) else padding[0]
    inner, pad = call | {"padding": (across, 0)}, _number(padding, 0)
    return slide(
        x, Kernel("conv2d", dilation * (weight.shape[3] - 1), stride, pad, pad, weight[0].numel()),
        base=lambda value: torch.conv2d(**call | {"input": value}),
        block=lambda value: torch.conv2d(**inner | {"input": value}),
    )  # fmt: skip


def _pool1d(func: Callable, args: tuple, kwargs: dict) -> Edited:
    kind = "max" if "max" in func.__name__ else "mean"
    names = ("input", "kernel_size", "stride", "padding") + (
        ("dilation", "ceil_mode") if kind == "max" else ("ceil_mode", "count_include_pad")
    )
    call = arguments(names, args, kwargs)
    x, width = call["input"], _number(call["kernel_size"])
    stride, dilation = _number(call.get("stride"), width), _number(call.get("dilation"))
    pad, reach = _number(call.get("padding"), 0), dilation * (width - 1)
    ragged = call.get("ceil_mode") and (x.places.length + 2 * pad - reach - 1) % stride
    if call.get("return_indices") or ragged or (pad and not call.get("count_include_pad", True)):
        raise NotLocal("a pool that counts its positions")
    last = x.axis == len(x.base.shape) - 1
    if not last or x.batch == x.axis - 1:
        raise NotLocal("a pool along another axis")
    fill = -torch.inf if kind == "max" else 0.0

    def run(value: torch.Tensor) -> torch.Tensor:
        count = (value.shape[-1] - reach - 1) // stride + 1
        ends = (count - 1) * stride + 1
        parts = [value[..., k * dilation : k * dilation + ends : stride] for k in range(width)]
        total = parts[0]
        for part in parts[1:]:
            total = torch.maximum(total, part) if kind == "max" else total + part
        return total if kind == "max" else total / width

    return slide(
        x, Kernel(kind, reach, stride, pad, pad, POINTWISE * width, fill),
        base=lambda value: run(F.pad(value, (pad, pad), value=fill) if pad else value), block=run,
    )  # fmt: skip


def _pool2d(func: Callable, args: tuple, kwargs: dict) -> Edited:
    kind = "max" if "max" in func.__name__ else "mean"
    names = ("input", "kernel_size", "stride", "padding") + (
        ("dilation", "ceil_mode") if kind == "max" else ("ceil_mode", "count_include_pad", "divisor_override")
    )
    call = arguments(names, args, kwargs)
    x, size, padding = call["input"], call["kernel_size"], call.get("padding") or 0
    if (x.batch, x.axis) != (0, 3) or call.get("ceil_mode") or call.get("return_indices"):
        raise NotLocal("a pool along another axis")
    if padding and (kind == "mean" or padding != (0, 0)):
        raise NotLocal("a padded two-dimensional pool")
    stride, dilation = _number(call.get("stride"), _number(size)), _number(call.get("dilation"))
    return slide(
        x, Kernel(f"{kind}2d", dilation * (_number(size) - 1), stride, 0, 0, POINTWISE * _number(size)),
        base=lambda value: func(**call | {"input": value}), block=lambda value: func(**call | {"input": value}),
    )  # fmt: skip


def _pad(func: Callable, args: tuple, kwargs: dict) -> Edited:
    call = arguments(("input", "pad", "mode", "value"), args, kwargs)
    x, pads, value = call["input"], list(call["pad"]), call.get("value") or 0.0
    if call.get("mode", "constant") != "constant":
        raise NotLocal(f"padding of mode {call.get('mode')}")
    ndim = len(x.base.shape)
    at, own = 2 * (ndim - 1 - x.axis), list(pads)
    if any(n < 0 for n in pads):
        if any(n > 0 for n in pads) or any(n for i, n in enumerate(pads) if i not in (at, at + 1)):
            raise NotLocal("padding of one sign and the other")
        left, right = pads[at : at + 2]
        narrow = pointwise.handler("narrow")
        assert narrow is not None
        return narrow(torch.narrow, (x, x.axis, -left, x.places.length + left + right), {})
    if 2 * (ndim - 1 - x.batch) < len(pads) and any(pads[2 * (ndim - 1 - x.batch) :][:2]):
        raise NotLocal("padding of the batch")
    left, right = (pads[at], pads[at + 1]) if at < len(pads) else (0, 0)
    if at < len(pads):
        own[at : at + 2] = [0, 0]
    roster = x.places.roster
    base = roster.tape("pad", lambda: F.pad(x.base, pads, value=value))
    patches = [F.pad(p, own, value=value) for p in x.patches] if any(own) else x.patches
    old, length = x.places, x.places.length + left + right
    starts = tuple(s + left for s in old.starts)
    low, high = zip(
        *(extent(a + left, b + left, length, b <= a) for a, b in zip(old.low, old.high, strict=True)), strict=True
    )
    layout = Layout(length, starts, old.widths, low, high, roster)
    return Edited(base, patches, layout, batch=x.batch, axis=x.axis)


def _recurrent(func: Callable, args: tuple, kwargs: dict) -> Any:
    return recurrent(func.__name__, *args, **kwargs)


_AROUND: dict[str, Callable[[Callable, tuple, dict], Any]] = {
    "conv1d": _conv1d, "conv2d": _conv2d, "max_pool1d": _pool1d, "avg_pool1d": _pool1d, "max_pool2d": _pool2d,
    "avg_pool2d": _pool2d, "pad": _pad,
} | dict.fromkeys(LAYERS, _recurrent)  # fmt: skip


def _written_out(value: Any, kinds: tuple[type, ...] = (Edited, Steps)) -> Any:
    """Replace tensors of edited sequences by whole ones, inside tuples, lists and dicts too."""
    if isinstance(value, kinds):
        return value.whole()  # type: ignore[attr-defined]
    if isinstance(value, (tuple, list)):
        return type(value)(_written_out(item, kinds) for item in value)
    if isinstance(value, dict):
        return {key: _written_out(item, kinds) for key, item in value.items()}
    return value


def dispatch(func: Callable, args: tuple, kwargs: dict) -> Any:
    """Run a torch function on tensors of edited sequences: around the patches if it can be, else written out."""
    name = getattr(func, "__name__", "")
    with torch._C.DisableTorchFunctionSubclass():
        if name in _META or (name == "__get__" and func.__self__.__name__ in _ATTRIBUTES):  # type: ignore[attr-defined]
            return func(*args, **kwargs)
        if name == "__getitem__" and isinstance(args[0], Steps):
            return args[0].picked(args[1])
        args, kwargs = _written_out(args, (Steps,)), _written_out(kwargs, (Steps,))
        handler = _AROUND.get(name) or pointwise.handler(name)
        if handler is not None and edits_in([*args, *kwargs.values()]):
            try:
                return handler(func, args, kwargs)
            except NotLocal:
                pass
        if name.endswith("_") and not name.endswith("__") or name in ("__setitem__", "__set__") or "out" in kwargs:
            raise NotLocal(f"'{name}' changes a tensor in place")
        return func(*_written_out(args), **_written_out(kwargs))


Edited.dispatch = Steps.dispatch = staticmethod(dispatch)
