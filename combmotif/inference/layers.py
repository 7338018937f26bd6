"""The layers of a network by what they do: where it convolves, and what each gives during a forward pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import nn
from torch.nn.modules.conv import _ConvNd

from combmotif.inference.locality import LocalityMode, Window, mark, position_axis, window_of
from combmotif.models.model import SequenceModel, telling

TRIAL_LENGTHS = (1024, 4096, 16384)
"""Input lengths in nt on which a net of any length is looked at, the first that it can read."""


@dataclass(frozen=True)
class View:
    """Which of the tensors a layer gives are its neurons on the sequence as it was given.

    Attributes
    ----------
    call : int
        Of a layer that runs several times, as on both strands: which of them, from 0.
    part, parts : int
        Of a layer whose batch holds several blocks, as of both strands: which of them, from 0, and how many.
    last : bool
        The channels are the last axis.
    """

    call: int = 0
    part: int = 0
    parts: int = 1
    last: bool = False


@dataclass(frozen=True)
class _Source:
    """Where a layer's output comes from: a module, or a convolution that the forward pass of a module calls."""

    module: str
    number: int | None = None


class _Captured(Exception):
    pass


class _Calls:
    """Notes which module's forward pass is running, and numbers the convolutions that it calls itself."""

    def __init__(self) -> None:
        self.stack: list[str] = [""]
        self.numbers: list[int] = [0]

    @contextmanager
    def watching(self, module: nn.Module) -> Iterator[None]:
        def enter(name: str) -> Callable[..., None]:
            def hook(*_: object) -> None:
                self.stack.append(name)
                self.numbers.append(0)

            return hook

        def leave(*_: object) -> None:
            self.stack.pop()
            self.numbers.pop()

        with ExitStack() as handles:
            for name, child in module.named_modules():
                if name:
                    handles.callback(child.register_forward_pre_hook(enter(name)).remove)
                    handles.callback(child.register_forward_hook(leave).remove)
            yield

    def next(self) -> _Source:
        self.numbers[-1] += 1
        return _Source(self.stack[-1], self.numbers[-1] - 1)


_sources: WeakKeyDictionary[nn.Module, dict[str, _Source]] = WeakKeyDictionary()


def _trial(model: SequenceModel, length: int) -> torch.Tensor:
    codes = np.random.default_rng(0).integers(0, 4, (2, length)).astype(np.uint8)
    return model.tensor(codes)


def _convolutions(model: SequenceModel) -> dict[str, _Source]:
    """Run the network once and name every convolution that ran; all that are defined where it cannot be run."""
    if model.module in _sources:
        return _sources[model.module]
    modules = dict(model.module.named_modules())
    defined = [name for name, module in modules.items() if name and isinstance(module, _ConvNd)]
    ran: dict[_Source, None] = {}
    complete = False
    lengths = (model.input_spec.length,) if model.input_spec.length else TRIAL_LENGTHS
    for length in lengths:
        calls, mode = _Calls(), LocalityMode(follow=False)
        mode.convolved = lambda _output, calls=calls: ran.setdefault(calls.next())
        with suppress(ValueError, RuntimeError), calls.watching(model.module), torch.inference_mode():
            with mode, telling(model.name, (2, length)):
                model.call(_trial(model, length))
            complete = True
        if complete or all(_Source(name, 0) in ran for name in defined):
            break
    owners = {source.module for source in ran}
    several = {source.module for source in ran if source.number}
    found: dict[str, _Source] = {}
    for name, module in {"": model.module, **modules}.items():
        if isinstance(module, _ConvNd):
            if name in owners or (not complete and name in defined):
                found[name] = _Source(name)
        elif name in owners:
            own = [source for source in ran if source.module == name]
            if name and name not in several and not any(True for _ in module.children()):
                found[name] = own[0]
                continue
            for source in own:
                label = "conv" if not source.number else f"conv_{source.number + 1}"
                found[f"{name}.{label}" if name else label] = source
    _sources[model.module] = found
    return found


def convolution_layers(model: SequenceModel) -> list[str]:
    """Names of the layers at which the network convolves, in the order of definition.

    A layer is a module that is a convolution, whichever its class (``Conv1d``; ``Conv2d`` over letters and positions),
    or a convolution that a module calls as a function: it has the module's name and ``conv`` (``conv_2``, ... where
    there are several). A convolution that does not run when the model predicts is none.
    """
    return list(_convolutions(model))


def has_layer(model: SequenceModel, layer: str) -> bool:
    """Whether a model has a convolution or a submodule of a name."""
    return bool(layer) and (layer in _convolutions(model) or layer in dict(model.module.named_modules()))


@contextmanager
def _capture(
    model: SequenceModel, mode: LocalityMode, wanted: Mapping[str, int | None]
) -> Iterator[dict[str, list[torch.Tensor]]]:
    """Collect what layers give during a forward pass, in the order of their first calls.

    The pass ends once every layer has run as often as wanted; one that is wanted None times has no say in that.
    """
    found: dict[str, list[torch.Tensor]] = {}
    sources = {layer: _convolutions(model).get(layer, _Source(layer)) for layer in wanted}
    left = {layer for layer, times in wanted.items() if times is not None}
    counted = bool(left)

    def keep(layer: str, output: object) -> None:
        times = wanted[layer]
        done = False
        if isinstance(output, torch.Tensor):
            own = found.setdefault(layer, [])
            if times is None or len(own) < times:
                if len(own) + 1 == times:
                    left.discard(layer)
                done = counted and not left
                # what runs on may change the output in place (ReLU(inplace=True))
                own.append(output if done else _copy(output))
        else:
            left.discard(layer)
        if done or (counted and not left):
            raise _Captured

    calls = _Calls()
    numbered = {source: layer for layer, source in sources.items() if source.number is not None}

    def convolved(output: torch.Tensor) -> None:
        layer = numbered.get(calls.next())
        if layer is not None:
            keep(layer, output)

    with ExitStack() as handles:
        for layer, source in sources.items():
            if source.number is None:
                module = model.module.get_submodule(source.module)
                hook = module.register_forward_hook(lambda _m, _i, output, layer=layer: keep(layer, output))
                handles.callback(hook.remove)
        if numbered:
            handles.enter_context(calls.watching(model.module))
            mode.convolved = convolved
        yield found


def _copy(output: torch.Tensor) -> torch.Tensor:
    window = window_of(output)
    copied = output.clone()
    return copied if window is None else mark(copied, window)


def layer_calls(
    model: SequenceModel,
    x: torch.Tensor,
    wanted: Mapping[str, int | None],
    *,
    unpadded: bool = False,
    dense: bool = False,
    marked: bool = True,
) -> tuple[dict[str, list[torch.Tensor]], LocalityMode]:
    """Run a model on x (n, channels, length) and return what its layers give, call by call, as it is.

    Parameters
    ----------
    model : SequenceModel
    x : tensor
    wanted : mapping of layer to int or None
        How often each has to run before the pass is ended; None for as often as it does until then.
    unpadded, dense : bool
        See :func:`layer_outputs`.
    marked : bool, default True
        Follow the window of every value; see :class:`LocalityMode`. Without it the network runs as it is.
    """
    mode = LocalityMode(unpadded=unpadded, dense=dense, follow=marked)
    x = x.clone()  # a net may work on its input in place
    with (
        _capture(model, mode, wanted) as found,
        mode,
        suppress(_Captured),
        telling(model.name, tuple(x.shape), but=(_Captured,)),
    ):
        model.call(mark(x[:], Window(count=x.shape[-1])) if marked else x)
    return found, mode


def shaped(output: torch.Tensor, batch: int, view: View) -> torch.Tensor | None:
    """Bring a layer's output to (batch, neurons, positions); None where it is nothing of the kind.

    A picture of one row is a line, and one of several rows has a neuron per channel and row.
    """
    window = window_of(output)
    if output.ndim == 4:
        axis = position_axis(output) if window is not None else None
        if axis not in (2, 3):
            axis = 3 if output.shape[2] == 1 else 2 if output.shape[3] == 1 else None
        if axis is None:
            return None
        output = (output if axis == 3 else output.transpose(2, 3)).flatten(1, 2)
    if output.ndim != 3 or output.shape[0] != batch * view.parts:
        return None
    output = output[batch * view.part : batch * (view.part + 1)] if view.parts > 1 else output
    output = output.transpose(1, 2) if view.last else output
    return output if window is None else mark(output, window)


def as_neurons(output: torch.Tensor, view: View) -> torch.Tensor:
    """See a layer's whole output as (batch, neurons, positions) or (batch, neurons), in the same memory."""
    if output.ndim == 4:
        output = output.squeeze(3) if output.shape[3] == 1 else output.flatten(1, 2)
    return output.transpose(1, 2) if view.last else output


@contextmanager
def changing(model: SequenceModel, layer: str, change: Callable[[torch.Tensor], torch.Tensor | None]) -> Iterator[None]:
    """Pass what a layer gives, whenever it runs, to a function; what that returns, if anything, takes its place."""
    if not has_layer(model, layer):
        raise ValueError(f"layer: model '{model.name}' has no layer '{layer}'{others(model, layer)}")
    source = _convolutions(model).get(layer, _Source(layer))
    if source.number is None:
        handle = model.module.get_submodule(source.module).register_forward_hook(lambda _m, _i, output: change(output))
        try:
            yield
        finally:
            handle.remove()
        return
    calls, mode = _Calls(), LocalityMode(follow=False)
    mode.convolved = lambda output: change(output) if calls.next() == source else None
    with calls.watching(model.module), mode:
        yield


def layer_outputs(
    model: SequenceModel,
    x: torch.Tensor,
    layers: Sequence[str],
    *,
    unpadded: bool = False,
    dense: bool = False,
    views: Mapping[str, View] | None = None,
) -> dict[str, torch.Tensor]:
    """Run a model on x (n, channels, length) up to the last of ``layers`` and return their raw outputs.

    With ``unpadded`` the padding of every operation is dropped, so that output j of a layer is its neuron's value on
    the window that starts at j x stride. With ``dense`` too, output j is the value on the window that starts at j.

    Parameters
    ----------
    model : SequenceModel
    x : tensor, shape (n, channels, length)
    layers : sequence of str
    unpadded, dense : bool, default False
    views : mapping of layer to View, optional
        Which call of a layer, and what of its batch; default the first call.

    Returns
    -------
    dict of layer to tensor, shape (n, neurons, positions)

    Raises
    ------
    ValueError
        If a layer does not run, or gives nothing of this shape.
    """
    own = {layer: (views or {}).get(layer, View()) for layer in layers}
    wanted = {layer: view.call + 1 for layer, view in own.items()}
    found, _ = layer_calls(model, x, wanted, unpadded=unpadded, dense=dense)
    result = {}
    for layer, view in own.items():
        outputs = found.get(layer, [])
        if len(outputs) <= view.call:
            raise ValueError(f"{refusal(model, layer)}{no_tensor(model, layer)}")
        output = shaped(outputs[view.call], len(x), view)
        if output is None:
            raise ValueError(
                f"{refusal(model, layer)}expected an output of (batch, neurons, positions), found "
                f"{tuple(outputs[view.call].shape)}{others(model, layer)}"
            )
        result[layer] = output
    return result


def refusal(model: SequenceModel, layer: str) -> str:
    """Begin the sentence that refuses a layer."""
    return f"layer '{layer}' of model '{model.name}' cannot carry motifs: "


def others(model: SequenceModel, layer: str) -> str:
    """Name the layers to choose from instead of one."""
    rest = [name for name in convolution_layers(model) if name != layer]
    return f"; choose one of {', '.join(rest)}" if rest else ""


def no_tensor(model: SequenceModel, layer: str) -> str:
    """Say why a layer gave no tensor."""
    module = dict(model.module.named_modules()).get(layer)
    if isinstance(module, nn.RNNBase | nn.MultiheadAttention):
        why = "it returns no single tensor (a recurrent or attention layer mixes the whole sequence)"
    elif isinstance(module, _ConvNd):
        why = "it does not run when the model predicts (a head or branch that is not used)"
    else:
        why = "it returns no single tensor, or does not run when the model predicts"
    return why + others(model, layer)
