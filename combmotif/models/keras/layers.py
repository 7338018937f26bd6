"""Layers of Keras as torch modules that windows and edits can be followed through."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from combmotif.models.keras.convolution import convolution, numbers, pool, set_values
from combmotif.models.keras.layout import Cropped, Flat, Ones, Permuted, inner, inner_axis, outer
from combmotif.models.keras.recurrence import both_ways, recurrence

Shape = tuple[int | None, ...]
Parts = dict[str, nn.Module]
_QUIET = (
    "Dropout", "SpatialDropout1D", "SpatialDropout2D", "GaussianDropout", "AlphaDropout", "GaussianNoise",
    "ActivityRegularization", "Identity",
)  # fmt: skip
_CONVOLUTIONS = ("SeparableConv1D", "DepthwiseConv1D", "Conv1D", "Conv2D")
_POOLS = ("MaxPooling1D", "AveragePooling1D", "MaxPooling2D", "AveragePooling2D")
_GLOBAL = ("GlobalMaxPooling1D", "GlobalAveragePooling1D", "GlobalMaxPooling2D", "GlobalAveragePooling2D")
_MERGES = ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate")
_TORCH = {
    "relu": nn.ReLU, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh, "silu": nn.SiLU, "selu": nn.SELU, "softplus": nn.Softplus,
    "softsign": nn.Softsign, "elu": nn.ELU, "mish": nn.Mish, "gelu": nn.GELU,
}  # fmt: skip


class PerPosition(nn.Linear):
    """Keras ``Dense``: of the channels, at every position where there are any."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (batch, channels, ...) to (batch, neurons, ...)."""
        return inner(F.linear(outer(x), self.weight, self.bias))


class Function(nn.Module):
    """A function of Keras that acts on a tensor as Keras has it, such as an activation."""

    def __init__(self, function: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Call it."""
        return inner(self.function(outer(x)))

    def extra_repr(self) -> str:
        """Name the function."""
        return getattr(self.function, "__name__", type(self.function).__name__)


class Pooled(nn.Module):
    """One value per channel of the whole sequence: its maximum or mean."""

    def __init__(self, kind: str, *, keep: bool) -> None:
        super().__init__()
        self.kind, self.keep = kind, keep

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (batch, channels, ...) to (batch, channels)."""
        axes = tuple(range(2, x.ndim))
        return x.amax(axes, keepdim=self.keep) if self.kind == "max" else x.mean(axes, keepdim=self.keep)

    def extra_repr(self) -> str:
        """Say what it does."""
        return self.kind


class Merged(nn.Module):
    """Several tensors of as many axes, joined value by value or side by side."""

    def __init__(self, kind: str, axis: int = 1) -> None:
        super().__init__()
        self.kind, self.axis = kind, axis

    def forward(self, *tensors: torch.Tensor) -> torch.Tensor:
        """Join them."""
        if self.kind == "Concatenate":
            return torch.cat(tensors, self.axis)
        total = tensors[0]
        for other in tensors[1:]:
            if self.kind in ("Add", "Average"):
                total = total + other
            elif self.kind == "Subtract":
                total = total - other
            elif self.kind == "Multiply":
                total = total * other
            else:
                total = torch.maximum(total, other) if self.kind == "Maximum" else torch.minimum(total, other)
        return total / len(tensors) if self.kind == "Average" else total

    def extra_repr(self) -> str:
        """Say how."""
        return f"{self.kind}, axis={self.axis}" if self.kind == "Concatenate" else self.kind


def standing_for(layer: Any, keras: Any) -> str:
    """Name the class of Keras whose arithmetic a layer has: its own, or one it inherits from without a new ``call``.

    Empty where there is none.
    """
    for kind in type(layer).__mro__:
        own = getattr(keras.layers, kind.__name__, None)
        if own is kind:
            return kind.__name__ if type(layer).call is kind.call else ""
    return ""


def translate(layer: Any, shapes: list[Shape], keras: Any) -> Parts | None:
    """Translate a layer of Keras into torch modules that run one after the other.

    Parameters
    ----------
    layer : keras.layers.Layer
    shapes : list of tuple
        Of its inputs in Keras, the batch among them.
    keras : module

    Returns
    -------
    dict of str to torch.nn.Module, or None
        What is the layer itself has the empty name. None for what Keras has to run itself.
    """
    kind = standing_for(layer, keras)
    if getattr(layer, "data_format", None) == "channels_first":
        if len(shapes[0]) < 3 or not (last := _channels_last(layer, shapes, kind, keras)):
            return None
        return {"first": Swapped(), **last, "last": Swapped()}
    if kind in _MERGES:
        return _merge(layer, shapes, kind)
    if len(shapes) != 1:
        return None
    return _single(layer, shapes[0], kind, keras)


class Swapped(nn.Module):
    """A tensor that Keras holds channels first, (batch, channels, positions), and back."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Exchange the first and the last axis behind the batch, as held here: (batch, positions, channels)."""
        return x.transpose(1, 2)


def _channels_last(layer: Any, shapes: list[Shape], kind: str, keras: Any) -> Parts | None:
    """Translate a layer whose channels come first as if they came last."""
    if len(shapes) != 1 or len(shapes[0]) != 3 or kind not in (*_CONVOLUTIONS, *_POOLS):
        return None
    batch, channels, length = shapes[0]
    return _single(layer, (batch, length, channels), kind, keras)


def _single(layer: Any, shape: Shape, kind: str, keras: Any) -> Parts | None:
    rank = len(shape)
    if kind in _QUIET:
        return {"": nn.Identity()}
    if kind in _CONVOLUTIONS:
        parts = convolution(layer, shape, keras)
        return None if parts is None else parts | _activation(layer.activation, keras)
    if kind in _POOLS:
        return pool(layer, shape)
    if kind in _GLOBAL:
        return {"": Pooled("max" if "Max" in kind else "mean", keep=layer.keepdims)}
    if kind == "Dense":
        return {"": _dense(layer)} | _activation(layer.activation, keras)
    if kind == "BatchNormalization":
        return _batch_norm(layer, shape)
    if kind == "Activation":
        return {"": next(iter(_activation(layer.activation, keras).values()), nn.Identity())}
    if kind == "ReLU" and not layer.threshold and layer.max_value is None:
        return {"": nn.LeakyReLU(float(layer.negative_slope)) if layer.negative_slope else nn.ReLU()}
    if kind == "LeakyReLU":
        return {"": nn.LeakyReLU(float(layer.negative_slope))}
    if kind == "ELU":
        return {"": nn.ELU(float(layer.alpha))}
    if kind == "Softmax" and isinstance(layer.axis, int):
        return {"": nn.Softmax(inner_axis(layer.axis, rank))}
    if kind == "Flatten":
        return {"": Flat()}
    if kind == "Cropping1D":
        return {"": Cropped(*layer.cropping)}
    if kind == "ZeroPadding1D":
        return {"": Cropped(*(-n for n in layer.padding))}
    if kind == "Permute":
        return {"": Permuted((0, *layer.dims))}
    if kind == "Reshape":
        return _reshape(layer, shape)
    if kind == "TimeDistributed" and rank == 3 and standing_for(layer.layer, keras) == "Dense":
        return {"": _dense(layer.layer)} | _activation(layer.layer.activation, keras)
    if kind in ("GRU", "LSTM", "SimpleRNN"):
        found: nn.Module | None = recurrence(layer, keras)
        return None if found is None else {"": found}
    if kind == "Bidirectional":
        found = both_ways(layer, keras)
        return None if found is None else {"": found}
    return None


def _activation(function: Any, keras: Any) -> Parts:
    """An activation behind a layer; nothing for the identity."""
    plain = keras.activations
    if function is None or function is plain.linear:
        return {}
    if function is plain.softmax:
        return {"activation": nn.Softmax(1)}
    for name, module in _TORCH.items():
        if function is getattr(plain, name):
            return {"activation": module()}
    return {"activation": Function(function)}


def _dense(layer: Any) -> PerPosition:
    kernel = numbers(layer.kernel)
    module = PerPosition(kernel.shape[0], kernel.shape[1], bias=layer.use_bias)
    set_values(module, weight=kernel.T, bias=numbers(layer.bias) if layer.use_bias else None)
    return module


def looked_up(layer: Any, codes: Sequence[int], keras: Any) -> Parts | None:
    """An ``Embedding`` of numbers that stand for A, C, G and U, as a product with one-hot letters; None for others."""
    if standing_for(layer, keras) != "Embedding":
        return None
    weight = numbers(layer.embeddings)[list(codes)]
    module = PerPosition(4, weight.shape[1], bias=False)
    set_values(module, weight=weight.T)
    return {"": module}


def _batch_norm(layer: Any, shape: Shape) -> Parts | None:
    rank = len(shape)
    if layer.axis % rank != rank - 1 or rank > 4:
        return None
    mean = numbers(layer.moving_mean)
    module = (nn.BatchNorm2d if rank == 4 else nn.BatchNorm1d)(len(mean), float(layer.epsilon))
    set_values(
        module,
        running_mean=mean,
        running_var=numbers(layer.moving_variance),
        weight=numbers(layer.gamma) if layer.scale else None,
        bias=numbers(layer.beta) if layer.center else None,
    )
    return {"": module}


def _reshape(layer: Any, shape: Shape) -> Parts | None:
    """A reshape that only moves axes of one value keeps letters and positions apart; any other is left to Keras."""
    before, after = shape[1:], tuple(layer.target_shape)
    left = [size for size in before if size != 1]
    right = [size for size in after if size != 1]
    free = left.count(None) == 1 and right.count(-1) == 1 and left.index(None) == right.index(-1)
    same = [s for s in left if s is not None] == [s for s in right if s != -1]
    if -1 in right and None not in left and len(left) == len(right):  # Keras works out the number that is left open
        same, free = [s for s, t in zip(left, right, strict=True) if t != -1] == [s for s in right if s != -1], True
    if len(left) != len(right) or not same or (None in left and not free):
        return None
    return {"": Ones(before, after)}


def _merge(layer: Any, shapes: list[Shape], kind: str) -> Parts | None:
    rank = len(shapes[0])
    if any(len(shape) != rank for shape in shapes):
        return None
    return {"": Merged(kind, inner_axis(layer.axis, rank) if kind == "Concatenate" else 1)}
