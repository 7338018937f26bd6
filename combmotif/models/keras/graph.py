"""The graph of a Keras network as a torch module: one submodule per layer, by the name it has in Keras."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from combmotif.models.keras.layers import looked_up, standing_for, translate
from combmotif.models.keras.layout import Cropped, inner, outer
from combmotif.models.keras.reading import Numbers


@dataclass(frozen=True)
class Place:
    """A tensor of the graph, by its number."""

    number: int


@dataclass(frozen=True)
class Step:
    """Modules that run one after the other on tensors of the graph, and where their results go."""

    names: tuple[str, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


class KerasGraph(nn.Module):
    """A Keras network, run layer by layer on tensors with the channels second (see :mod:`layout`).

    Parameters
    ----------
    model : keras.Model
        Functional, Sequential, or of a class of its own, which Keras then runs as a whole.
    keras : module
    tokens : mapping of int to tuple of int, optional
        Inputs, by their number, that read numbers of A, C, G and U; they are given one-hot letters here.
    """

    def __init__(self, model: Any, keras: Any, tokens: Mapping[int, tuple[int, ...]] | None = None) -> None:
        super().__init__()
        self._steps: list[Step] = []
        self._tokens = dict(tokens or {})
        graph = getattr(model, "_functional", model)
        followed = hasattr(graph, "_nodes_by_depth") and type(model).call.__module__.startswith("keras.")
        zero_is_a_base = not self._tokens or any(0 in codes for codes in self._tokens.values())
        if followed and not _masks(model, zero=zero_is_a_base) and not self._met(graph, keras):
            self._follow(graph, keras)
        else:
            self._run_whole(model, keras)

    def _met(self, graph: Any, keras: Any) -> bool:
        """Whether an operation reads numbers of bases beside other tensors; Keras then runs the network as a whole."""
        return any(
            len(operation_tensors) > 1 and not isinstance(operation, keras.Model)
            for place in self._tokens
            for operation, operation_tensors in _readers(graph, place)
        )

    def _run_whole(self, model: Any, keras: Any) -> None:
        """Leave a network to Keras that has a ``call`` of its own, or tells later layers to leave positions out."""
        inputs = getattr(model, "_inputs_struct", None)
        count = 1 if inputs is None else len(model.inputs)
        places = [Place(i) for i in range(count)]
        given = places[0] if inputs is None else keras.tree.pack_sequence_as(inputs, places)
        self._inputs = tuple(range(count))
        for number, codes in self._tokens.items():
            self._steps.append(Step((_add(self, "numbers", Numbers(codes)),), (number,), (number,)))
        name = _add(self, type(model).__name__.lower(), KerasCall(model, (given,), {}, keras))
        self._steps.append(Step((name,), self._inputs, ()))

    def _follow(self, graph: Any, keras: Any) -> None:
        numbers: dict[int, int] = {}

        def number(tensor: Any) -> int:
            return numbers.setdefault(id(tensor), len(numbers))

        self._inputs = tuple(number(tensor) for tensor in graph.inputs)
        letters = {id(graph.inputs[place]): codes for place, codes in self._tokens.items()}
        built: dict[int, tuple[str, ...]] = {}
        for depth in sorted(graph._nodes_by_depth, reverse=True):
            for node in graph._nodes_by_depth[depth]:
                if node.is_input or not node.operation:
                    continue
                tensors = list(node.arguments.keras_tensors)
                key = id(node.operation)
                names = built.get(key)
                if names is None or isinstance(self.get_submodule(names[-1]), KerasCall):
                    names = self._build(node, tensors, keras, letters)
                    built[key] = names
                outputs = tuple(number(tensor) for tensor in node.outputs)
                self._steps.append(Step(names, tuple(map(number, tensors)), outputs))
        self._outputs = tuple(number(tensor) for tensor in graph.outputs)

    def _build(
        self, node: Any, tensors: list[Any], keras: Any, letters: Mapping[int, tuple[int, ...]]
    ) -> tuple[str, ...]:
        operation = node.operation
        shapes = [tuple(tensor.shape) for tensor in tensors]
        tokens = {place: letters[id(tensor)] for place, tensor in enumerate(tensors) if id(tensor) in letters}
        parts: dict[str, nn.Module] | None
        if isinstance(operation, keras.Model):
            parts = {"": KerasGraph(operation, keras, tokens)}
        elif tokens:
            parts = looked_up(operation, tokens[0], keras)
        elif isinstance(operation, keras.layers.Layer):
            parts = translate(operation, shapes, keras) if _plain(node, tensors) else None
        else:
            parts = _slice(node, shapes)
        if parts is None:
            seats = {id(tensor): Place(i) for i, tensor in enumerate(tensors)}
            args, kwargs = node.arguments.convert(lambda value: seats.get(id(value), value))
            parts = {"": KerasCall(operation, args, kwargs, keras)}
            if tokens:
                parts = {"numbers": Numbers(tokens[0])} | parts
        return tuple(
            _add(self, operation.name + (f"_{ending}" if ending else ""), module) for ending, module in parts.items()
        )

    def forward(self, *tensors: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Run the network; one tensor per output of the Keras network."""
        values: dict[int, torch.Tensor] = dict(zip(self._inputs, tensors, strict=True))
        failure: Exception | None = None
        for step in self._steps:
            found: Any = tuple(values[number] for number in step.inputs if number in values)
            if len(found) < len(step.inputs):
                continue
            try:
                for name in step.names:
                    found = self._modules[name](*found)  # type: ignore[misc]
                    found = found if isinstance(found, tuple) else (found,)
            except (RuntimeError, ValueError) as error:
                # A window of one branch may be too short for a kernel of another, which that branch does not need:
                # only what the outputs come from has to run.
                failure = failure or error
                continue
            if not step.outputs:  # one step is the whole network
                return found
            values.update(zip(step.outputs, found, strict=True))
        if failure is not None and any(number not in values for number in self._outputs):
            raise failure
        return tuple(values[number] for number in self._outputs)

    def extra_repr(self) -> str:
        """Say how the layers are joined; it is part of a model's fingerprint."""
        return "; ".join(f"{step.inputs} -> {'.'.join(step.names)} -> {step.outputs}" for step in self._steps)


class KerasCall(nn.Module):
    """An operation that Keras runs itself, between changes of axes.

    The convolutions inside a layer of the user's own are run by their torch twins, so that they are layers like others.

    Parameters
    ----------
    operation : keras.Operation
    args, kwargs
        Of the call, with a :class:`Place` for every tensor.
    keras : module
    """

    def __init__(self, operation: Any, args: tuple, kwargs: dict[str, Any], keras: Any) -> None:
        super().__init__()
        # Hidden from torch: the names of variables inside count the layers that this process has made so far.
        self._operation, self._args, self._kwargs = (operation,), args, dict(kwargs)
        if "training" in inspect.signature(operation.call).parameters:
            self._kwargs["training"] = False
        if isinstance(operation, keras.layers.Layer):
            names = {id(module): name for name, module in operation.named_modules()}
            for number, layer in enumerate(operation._flatten_layers(include_self=False)):
                self._give_twin(layer, names.get(id(layer)) or f"{type(layer).__name__.lower()}_{number}", keras)
            for number, variable in enumerate(operation.variables):
                if variable.value.is_floating_point():  # not the state of a dropout's random numbers
                    self.register_parameter(f"variable_{number}", variable.value)

    def _give_twin(self, layer: Any, name: str, keras: Any) -> None:
        kind = standing_for(layer, keras)
        if kind not in ("Conv1D", "SeparableConv1D", "DepthwiseConv1D") or not layer.built:
            return
        parts = translate(layer, [(None, None, None)], keras)
        if parts is not None:
            names = [_add(self, name + (f"_{ending}" if ending else ""), module) for ending, module in parts.items()]
            layer.call = _Twin([self._modules[name] for name in names])

    def forward(self, *tensors: torch.Tensor) -> Any:
        """Call it; tensors come and go with the channels second."""
        import keras

        given = [outer(tensor) for tensor in tensors]
        with keras.device(str(tensors[0].device)):
            found = self._operation[0](*_filled(self._args, given), **_filled(self._kwargs, given))
        flat = keras.tree.flatten(found)
        return tuple(inner(value) for value in flat) if len(flat) > 1 else inner(flat[0])

    def extra_repr(self) -> str:
        """Name the operation and what it is called with."""
        operation = self._operation[0]
        config = operation.get_config() if hasattr(operation, "get_config") else {}
        return f"{type(operation).__name__}, {self._args}, {self._kwargs}, {config}"


class _Twin:
    """The call of a Keras layer, done by torch modules."""

    def __init__(self, modules: list[Any]) -> None:
        self.modules = modules

    def __call__(self, inputs: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        found = inner(inputs)
        for module in self.modules:
            found = module(found)
        return outer(found)


def _masks(model: Any, *, zero: bool) -> bool:
    """Whether layers tell later ones to leave positions out, which is Keras' own business; ``zero`` if 0 can occur."""
    return any(
        type(layer).__name__ == "Masking" or (zero and getattr(layer, "mask_zero", False))
        for layer in model._flatten_layers()
    )


def _readers(graph: Any, place: int) -> list[tuple[Any, list[Any]]]:
    """Operations that read an input of a graph, with all tensors that each reads."""
    nodes = [node for level in graph._nodes_by_depth.values() for node in level if not node.is_input]
    found = [(node.operation, list(node.arguments.keras_tensors)) for node in nodes if node.operation]
    return [(operation, read) for operation, read in found if any(t is graph.inputs[place] for t in read)]


def numbers_read(model: Any, place: int, keras: Any) -> int:
    """How many numbers the embeddings know that read an input of a Keras network; 0 where none does."""
    graph = getattr(model, "_functional", model)
    if not hasattr(graph, "_nodes_by_depth"):
        return 0
    sizes = []
    for operation, read in _readers(graph, place):
        if isinstance(operation, keras.Model) and getattr(operation, "inputs", None):
            seat = next(i for i, tensor in enumerate(read) if tensor is graph.inputs[place])
            sizes.append(numbers_read(operation, seat, keras))
        elif isinstance(operation, keras.layers.Layer):
            layers = operation._flatten_layers()
            sizes += [layer.input_dim for layer in layers if isinstance(layer, keras.layers.Embedding)]
    return min(filter(None, sizes), default=0)


def _plain(node: Any, tensors: list[Any]) -> bool:
    """Whether a layer is called with tensors alone, one or a list of them."""
    args, kwargs = node.arguments.args, node.arguments.kwargs
    rest = [value for value in kwargs.values() if value is not None and value is not False]
    flat = args[0] if len(args) == 1 and isinstance(args[0], (list, tuple)) else args
    return not rest and len(flat) == len(tensors)


def _slice(node: Any, shapes: list[tuple[int | None, ...]]) -> dict[str, nn.Module] | None:
    """``x[:, a:b]`` or ``x[:, a:b, :]`` between layers is a crop; other operations are Keras' own."""
    args = node.arguments.args
    if type(node.operation).__name__ != "GetItem" or len(args) != 2 or len(shapes[0]) != 3:
        return None
    key = args[1] if isinstance(args[1], tuple) else (args[1],)
    whole = slice(None)
    if len(key) not in (2, 3) or any(not isinstance(item, slice) for item in key) or key[0] != whole:
        return None
    if key[2:] not in ((), (whole,)) or key[1].step not in (None, 1):
        return None
    start, stop, length = key[1].start or 0, key[1].stop, shapes[0][1]
    if stop is not None and stop > 0:
        stop = None if length is None else min(0, stop - length)
        if stop is None:
            return None
    if start < 0:
        return None
    return {"": Cropped(start, -(stop or 0))}


def _add(module: nn.Module, name: str, part: nn.Module) -> str:
    """Add a submodule by the name of its layer, made one that torch accepts and no other has."""
    base = name = name.replace(".", "_") or "layer"
    count = 1
    while hasattr(module, name):
        count += 1
        name = f"{base}_{count}"
    module.add_module(name, part)
    return name


def _filled(value: Any, tensors: list[torch.Tensor]) -> Any:
    """Put tensors into the places of a call's arguments."""
    if isinstance(value, Place):
        return tensors[value.number]
    if isinstance(value, (list, tuple)):
        return type(value)(_filled(item, tensors) for item in value)
    if isinstance(value, dict):
        return {key: _filled(item, tensors) for key, item in value.items()}
    return value
