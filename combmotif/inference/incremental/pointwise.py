"""What torch's functions do to tensors of edited sequences: those that act position by position."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from combmotif.inference.incremental.axes import AXES, axes_of, edits_in, only
from combmotif.inference.incremental.layout import align, lift
from combmotif.inference.incremental.patches import POINTWISE, Edited, NotLocal

_BINARY = (
    "add", "sub", "mul", "div", "pow", "truediv", "true_divide", "maximum", "minimum", "fmax", "fmin", "atan2", "eq",
    "ne", "lt", "le", "gt", "ge", "logical_and", "logical_or", "logical_xor", "and", "or", "xor", "where", "lerp",
    "addcmul", "addcdiv", "remainder", "fmod", "floor_divide", "radd", "rsub", "rmul", "rtruediv", "rdiv", "rpow",
    "subtract", "multiply", "divide", "hypot", "copysign",
)  # fmt: skip
_UNARY = (
    "relu", "relu6", "sigmoid", "tanh", "gelu", "silu", "elu", "selu", "celu", "leaky_relu", "softplus", "softsign",
    "hardtanh", "hardsigmoid", "hardswish", "mish", "threshold", "logsigmoid", "tanhshrink", "hardshrink",
    "softshrink", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "rsqrt", "square", "abs",
    "absolute", "neg", "negative", "sign", "sin", "cos", "tan", "erf", "erfc", "reciprocal", "clamp", "clamp_min",
    "clamp_max", "clip", "floor", "ceil", "round", "isnan", "isfinite", "logical_not", "invert", "nan_to_num", "float",
    "double", "half", "bfloat16", "to", "type", "type_as", "detach", "contiguous", "clone", "alias", "requires_grad",
    "bool", "int", "long",
)  # fmt: skip
_TRAINED = ("dropout", "alpha_dropout", "feature_dropout", "dropout1d", "dropout2d", "feature_alpha_dropout")
_REDUCTIONS = ("sum", "mean", "amax", "amin", "prod", "logsumexp", "var", "std", "any", "all")
_ALONG = ("softmax", "log_softmax", "softmin", "cumsum", "glu")


def handler(name: str) -> Callable[[Callable, tuple, dict], Any] | None:
    """Return what runs a function of this name position by position, or None."""
    inplace = name.endswith("_") and not name.endswith("__") or name in _AUGMENTED
    bare = _AUGMENTED.get(name) or name.strip("_")
    run = _HANDLERS.get(bare)
    if run is None or not inplace:
        return run

    def assign(func: Callable, args: tuple, kwargs: dict) -> Any:
        plain = getattr(torch.Tensor, f"__{bare}__" if name in _AUGMENTED else bare, None) or getattr(torch, bare)
        return _assign(args[0], run(plain, args, kwargs))

    return assign


_AUGMENTED = {f"__i{name}__": name for name in ("add", "sub", "mul", "truediv", "pow", "and", "or")}


def _assign(target: Any, result: Edited) -> Edited:
    """Write a result into the tensor it was made from, as an operation in place does."""
    if not isinstance(target, Edited) or target.shape != result.shape:
        raise NotLocal("an operation in place changes a tensor's shape")
    target.base, target.patches, target.places = result.base, result.patches, result.places
    return target


def _put(value: Any, given: Callable[[Edited], torch.Tensor]) -> Any:
    if isinstance(value, (tuple, list)):
        return type(value)(_put(item, given) for item in value)
    return given(value) if isinstance(value, Edited) else value


def _patch(group: int) -> Callable[[Edited], torch.Tensor]:
    return lambda x: x.patches[group]


def _together(func: Callable, args: tuple, kwargs: dict) -> Edited:
    """Run a function of several tensors, all along the same positions."""
    inplace = bool(kwargs.get("inplace"))
    kwargs = {key: value for key, value in kwargs.items() if key != "inplace"}
    target = args[0] if args else None
    first = edits_in([*args, *kwargs.values()])[0]
    ndim = len(first.base.shape)

    def prepared(value: Any) -> Any:
        if isinstance(value, (tuple, list)):
            return type(value)(prepared(item) for item in value)
        if isinstance(value, torch.Tensor) and not isinstance(value, Edited) and value.ndim:
            return lift(value, first)
        return value

    args, kwargs = prepared(args), {key: prepared(value) for key, value in kwargs.items()}
    tensors = edits_in([*args, *kwargs.values()])
    if any(len(x.base.shape) != ndim for x in tensors):
        raise NotLocal("tensors of different dimensions meet")
    level = align(tensors)
    places = {id(x): i for i, x in enumerate(tensors)}

    def run(part: Callable[[Edited], torch.Tensor]) -> torch.Tensor:
        def given(x: Edited) -> torch.Tensor:
            return part(level[places[id(x)]])

        return func(*_put(args, given), **{key: _put(value, given) for key, value in kwargs.items()})

    layout = level[0].places
    base = layout.roster.tape(func.__name__, lambda: run(lambda x: x.base))
    patches = [run(_patch(group)) for group in range(len(layout.starts))]
    result = Edited(base, patches, layout, batch=first.batch, axis=first.axis).counted(POINTWISE)
    return _assign(target, result) if inplace else result


def _cat(func: Callable, args: tuple, kwargs: dict) -> Edited:
    dim = args[1] if len(args) > 1 else kwargs.get("dim", kwargs.get("axis", 0))
    tensors = args[0] if args else kwargs["tensors"]
    first = edits_in(tensors)[0]
    if dim % len(first.base.shape) in (first.batch, first.axis) or len(edits_in(tensors)) != len(tensors):
        raise NotLocal("tensors are joined along the positions")
    return _together(func, args, kwargs)


def _unary(func: Callable, args: tuple, kwargs: dict) -> Edited:
    inplace = bool(kwargs.get("inplace"))
    x, args, kwargs = only(args, {key: value for key, value in kwargs.items() if key != "inplace"})
    if func.__name__ == "contiguous":
        return x
    result = x.like(func.__name__, lambda value: func(value, *args, **kwargs))
    return _assign(x, result) if inplace else result


def _trained(func: Callable, args: tuple, kwargs: dict) -> Edited:
    x, args, kwargs = only(args, kwargs)
    training = args[1] if len(args) > 1 else kwargs.get("training", kwargs.get("train", True))
    if training:
        raise NotLocal(f"{func.__name__} is in training mode")
    return x


def _batch_norm(func: Callable, args: tuple, kwargs: dict) -> Edited:
    x, args, kwargs = only(args, kwargs)
    if kwargs.get("training", args[4] if len(args) > 4 else False) or x.axis == 1 or x.batch != 0:
        raise NotLocal("a batch norm over its own batch")
    return x.like("batch_norm", lambda value: func(value, *args, **kwargs))


def _layer_norm(func: Callable, args: tuple, kwargs: dict) -> Edited:
    x, args, kwargs = only(args, kwargs)
    normalised = args[0] if args else kwargs["normalized_shape"]
    if max(x.axis, x.batch) >= len(x.base.shape) - len(normalised):
        raise NotLocal("a norm over the positions")
    return x.like("layer_norm", lambda value: func(value, *args, **kwargs))


def _last_axis(func: Callable, args: tuple, kwargs: dict) -> Edited:
    x, args, kwargs = only(args, kwargs)
    other = args[0] if args else kwargs.get("other", kwargs.get("weight"))
    if max(x.axis, x.batch) == len(x.base.shape) - 1 or not isinstance(other, torch.Tensor) or other.ndim > 2:
        raise NotLocal("a product over the positions")
    if other.ndim == 1 and func.__name__ != "linear":
        raise NotLocal("a product that drops an axis")
    return x.like(func.__name__, lambda value: func(value, *args, **kwargs))


def _prelu(func: Callable, args: tuple, kwargs: dict) -> Edited:
    x, args, kwargs = only(args, kwargs)
    if (x.batch, x.axis == 1) != (0, False):
        raise NotLocal("slopes along the positions")
    return x.like("prelu", lambda value: func(value, *args, **kwargs))


def _reduce(func: Callable, args: tuple, kwargs: dict) -> Edited:
    x, args, kwargs = only(args, kwargs)
    dims = axes_of(x, args[0] if args else kwargs.get("dim", kwargs.get("axis")))
    if x.axis in dims or x.batch in dims:
        raise NotLocal("a mean over the positions")
    named = {"var": 3, "std": 3}.get(func.__name__, 1)
    keep = args[named] if len(args) > named else kwargs.get("keepdim", False)
    gone = [] if keep else dims
    batch, axis = (d - sum(g < d for g in gone) for d in (x.batch, x.axis))
    return x.like(func.__name__, lambda value: func(value, *args, **kwargs), batch=batch, axis=axis)


def _along(func: Callable, args: tuple, kwargs: dict) -> Edited:
    x, args, kwargs = only(args, kwargs)
    dim = axes_of(x, args[0] if args else kwargs.get("dim", -1 if func.__name__ == "glu" else None))
    if x.axis in dim or x.batch in dim:
        raise NotLocal(f"{func.__name__} over the positions")
    return x.like(func.__name__, lambda value: func(value, *args, **kwargs))


_HANDLERS: dict[str, Callable[[Callable, tuple, dict], Any]] = (
    dict.fromkeys(_BINARY, _together)
    | dict.fromkeys(_UNARY, _unary)
    | dict.fromkeys(_TRAINED, _trained)
    | dict.fromkeys(_REDUCTIONS, _reduce)
    | dict.fromkeys(_ALONG, _along)
    | dict.fromkeys(("linear", "matmul"), _last_axis)
    | dict.fromkeys(("cat", "concat", "concatenate"), _cat)
    | {"batch_norm": _batch_norm, "layer_norm": _layer_norm, "prelu": _prelu}
    | AXES
)
