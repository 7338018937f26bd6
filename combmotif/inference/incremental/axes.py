"""What torch's functions do to tensors of edited sequences: those that move, split, reverse or cut axes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch

from combmotif.inference.incremental.patches import Edited, Layout, NotLocal, extent

_MOVES = ("transpose", "permute", "movedim", "moveaxis", "swapaxes", "swapdims", "unsqueeze", "squeeze")
_SPLITS = ("chunk", "split", "tensor_split", "unbind")


def edits_in(values: Iterable[Any]) -> list[Edited]:
    """List the tensors of edited sequences among arguments, in order."""
    found: list[Edited] = []
    for value in values:
        if isinstance(value, (tuple, list)):
            found += edits_in(value)
        elif isinstance(value, Edited):
            found.append(value)
    return found


def only(args: tuple, kwargs: dict) -> tuple[Edited, tuple, dict]:
    """Split the arguments into the tensor of edited sequences and the others, which may hold none."""
    if args:
        x, args = args[0], args[1:]
    else:
        kwargs = dict(kwargs)
        x = kwargs.pop("input")
    if not isinstance(x, Edited) or edits_in([*args, *kwargs.values()]):
        raise NotLocal("several tensors meet")
    return x, args, kwargs


def axes_of(x: Edited, value: Any) -> list[int]:
    """List axes from 0, given as a number or several."""
    if value is None:
        raise NotLocal("a function of all axes")
    return [int(d) % len(x.base.shape) for d in (value if isinstance(value, (tuple, list)) else [value])]


def _move(func: Callable, args: tuple, kwargs: dict) -> Edited:
    """Follow the axes on an empty tensor whose sizes tell them apart."""
    x, args, kwargs = only(args, kwargs)
    if func.__name__ == "squeeze" and not args and not kwargs:
        raise NotLocal("squeeze without an axis")
    sizes = [1 if n == 1 and i not in (x.batch, x.axis) else 10 + i for i, n in enumerate(x.base.shape)]
    shape = list(func(torch.empty(sizes, device="meta"), *args, **kwargs).shape)
    batch, axis = shape.index(10 + x.batch), shape.index(10 + x.axis)
    return x.like(func.__name__, lambda value: func(value, *args, **kwargs), batch=batch, axis=axis)


def _split(func: Callable, args: tuple, kwargs: dict) -> tuple[Edited, ...]:
    x, args, kwargs = only(args, kwargs)
    at = 0 if func.__name__ == "unbind" else 1
    (dim,) = axes_of(x, args[at] if len(args) > at else kwargs.get("dim", 0))
    if dim in (x.axis, x.batch):
        raise NotLocal("positions are split")
    count = len(func(x.base, *args, **kwargs))
    gone = func.__name__ == "unbind"
    where = {"batch": x.batch - (gone and dim < x.batch), "axis": x.axis - (gone and dim < x.axis)}

    def part(i: int) -> Callable[[torch.Tensor], torch.Tensor]:
        return lambda value: func(value, *args, **kwargs)[i]

    return tuple(x.like("split", part(i), **where) for i in range(count))


def _flip(func: Callable, args: tuple, kwargs: dict) -> Edited:
    x, args, kwargs = only(args, kwargs)
    dims = axes_of(x, kwargs.get("dims", args[0] if len(args) == 1 else args))
    if x.batch in dims:
        raise NotLocal("the batch is reversed")
    turned = x.like("flip", lambda value: value.flip(dims))
    if x.axis not in dims:
        return turned
    old = x.places
    starts = tuple(old.length - s - w for s, w in zip(old.starts, old.widths, strict=True))
    low, high = (tuple(old.length - end for end in ends) for ends in (old.high, old.low))
    turned.places = Layout(old.length, starts, old.widths, low, high, old.roster)
    return turned


def _getitem(func: Callable, args: tuple, kwargs: dict) -> Edited:
    x, (index,), _ = only(args, kwargs)
    items = list(index) if isinstance(index, tuple) else [index]
    if any(not isinstance(item, (slice, int)) and item is not Ellipsis for item in items):
        raise NotLocal("positions are picked")
    ndim = len(x.base.shape)
    if Ellipsis in items:
        at = items.index(Ellipsis)
        items[at : at + 1] = [slice(None)] * (ndim - len(items) + 1)
    items += [slice(None)] * (ndim - len(items))
    along, batch = items[x.axis], items[x.batch]
    if batch != slice(None) or not isinstance(along, slice) or along.step not in (None, 1):
        raise NotLocal("positions are picked")
    low, high, _ = along.indices(x.places.length)
    if high <= low:
        raise NotLocal("no position is left")
    if (low, high) != (0, x.places.length):
        x = _crop(x, low, high)
    items[x.axis] = slice(None)
    gone = [i for i, item in enumerate(items) if isinstance(item, int)]
    where = {name: d - sum(g < d for g in gone) for name, d in (("batch", x.batch), ("axis", x.axis))}
    return x.like("getitem", lambda value: value[tuple(items)], **where)


def _crop(x: Edited, low: int, high: int) -> Edited:
    """Keep the positions [low, high)."""
    length = high - low

    def kept(first: torch.Tensor, last: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return extent(first - low, last - low, length, last <= first)

    old = x.places
    widths = tuple(min(w, length) for w in old.widths)
    starts = tuple((s - low).clamp(0, length - w) for s, w in zip(old.starts, widths, strict=True))
    lows, highs = zip(*map(kept, old.low, old.high), strict=True)
    x = x.rewindowed(Layout(old.length, tuple(s + low for s in starts), widths, old.low, old.high, old.roster))
    base = old.roster.tape("crop", lambda: x.base.narrow(x.axis, low, length))
    return Edited(
        base, x.patches, Layout(length, starts, widths, lows, highs, old.roster), batch=x.batch, axis=x.axis
    )  # fmt: skip


def _narrow(func: Callable, args: tuple, kwargs: dict) -> Edited:
    x, args, kwargs = only(args, kwargs)
    dim, start, length = (*args, *(kwargs[k] for k in ("dim", "start", "length")[len(args) :]))
    items = [slice(None)] * len(x.base.shape)
    items[dim] = slice(start, start + length)
    return _getitem(torch.Tensor.__getitem__, (x, tuple(items)), {})


AXES: dict[str, Callable[[Callable, tuple, dict], Any]] = (
    dict.fromkeys(_MOVES, _move)
    | dict.fromkeys(_SPLITS, _split)
    | {"flip": _flip, "getitem": _getitem, "narrow": _narrow}
)
