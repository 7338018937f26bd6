"""The layers of a network by what they do: where it convolves, and what each gives during a forward pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import torch
from torch import nn
from torch.nn.modules.conv import _ConvNd

from combmotif.inference.convolutions import Calls, Source, convolution_layers, convolutions, has_layer
from combmotif.inference.locality import LocalityMode
from combmotif.inference.marks import Window, mark, position_axis, window_of
from combmotif.models.model import SequenceModel, telling


@dataclass(frozen=True)
class View:
    """Which of the tensors a layer gives are its neurons on the sequence as it was given.

    Attributes
    ----------
    call : int
        Of a layer that runs several times, as on both strands: which of them, from 0.
    part, parts : int
        Of a layer whose batch holds every sequence several times, as both its strands: which of them, from 0, and how
        many.
    last : bool
        The channels are the last axis.
    beside : bool
        Those of one sequence lie side by side in the batch, rather than in blocks of all sequences.
    """

    call: int = 0
    part: int = 0
    parts: int = 1
    last: bool = False
    beside: bool = False

    @classmethod
    def several(cls, output: torch.Tensor, call: int, batch: int) -> Iterator[View]:
        """List the ways to see what a layer gave for ``batch`` sequences, the likeliest first."""
        parts = max(1, output.shape[0] // batch) if output.ndim else 1
        for beside in (False, True) if parts > 1 else (False,):
            for part in range(parts):
                for last in (False, True) if output.ndim == 3 else (False,):
                    yield cls(call, part, parts, last, beside)


class _Captured(Exception):
    pass


@contextmanager
def _capture(
    model: SequenceModel, mode: LocalityMode, wanted: Mapping[str, int | None]
) -> Iterator[dict[str, list[torch.Tensor]]]:
    """Collect what layers give during a forward pass, in the order of their first calls.

    The pass ends once every layer has run as often as wanted; one that is wanted None times has no say in that.
    """
    found: dict[str, list[torch.Tensor]] = {}
    sources = {layer: convolutions(model).get(layer, Source(layer)) for layer in wanted}
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

    calls = Calls()
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
    if view.parts > 1:
        output = output[view.part :: view.parts] if view.beside else output[batch * view.part : batch * (view.part + 1)]
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
    source = convolutions(model).get(layer, Source(layer))
    if source.number is None:
        handle = model.module.get_submodule(source.module).register_forward_hook(lambda _m, _i, output: change(output))
        try:
            yield
        finally:
            handle.remove()
        return
    calls, mode = Calls(), LocalityMode(follow=False)
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
        result[layer] = viewed(model, layer, found.get(layer, []), len(x), view)
    return result


def viewed(model: SequenceModel, layer: str, calls: Sequence[torch.Tensor], batch: int, view: View) -> torch.Tensor:
    """Take what is meant of a layer's outputs, call by call; one that is not there, or has no positions, is refused."""
    if len(calls) <= view.call:
        raise ValueError(f"{refusal(model, layer)}{no_tensor(model, layer)}")
    output = shaped(calls[view.call], batch, view)
    if output is None:
        raise ValueError(
            f"{refusal(model, layer)}expected an output of (batch, neurons, positions), found "
            f"{tuple(calls[view.call].shape)}{others(model, layer)}"
        )
    return output


known: WeakKeyDictionary[nn.Module, dict[str, object]] = WeakKeyDictionary()
"""Of every network, what was found of its layers: a geometry, or the sentence that refuses it."""


def refusal(model: SequenceModel, layer: str) -> str:
    """Begin the sentence that refuses a layer."""
    return f"layer '{layer}' of model '{model.name}' cannot carry motifs: "


def others(model: SequenceModel, layer: str) -> str:
    """Name the layers to choose from instead of one: those before it that were not refused; what follows sees more."""
    names = convolution_layers(model)
    found = known.get(model.module, {})
    rest = [
        name for name in names[: names.index(layer) if layer in names else None] if type(found.get(name)) is not str
    ]
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
