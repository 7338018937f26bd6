"""Where a network convolves: modules that are convolutions, and convolutions that a module calls as functions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import nn
from torch.nn.modules.conv import _ConvNd

from combmotif.inference.locality import LocalityMode
from combmotif.models.model import SequenceModel, telling

TRIAL_LENGTHS = (1024, 4096, 16384)
"""Input lengths in nt on which a net of any length is looked at, the first that it can read."""


@dataclass(frozen=True)
class Source:
    """Where a layer's output comes from: a module, or a convolution that the forward pass of a module calls."""

    module: str
    number: int | None = None


class Calls:
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

        def begin(*_: object) -> None:  # each pass of the network counts its own from 0
            self.numbers[0] = 0

        with ExitStack() as handles:
            handles.callback(module.register_forward_pre_hook(begin).remove)
            for name, child in module.named_modules():
                if name and not isinstance(child, torch.jit.ScriptModule):  # which takes no hooks
                    handles.callback(child.register_forward_pre_hook(enter(name)).remove)
                    handles.callback(child.register_forward_hook(leave).remove)
            yield

    def next(self) -> Source:
        self.numbers[-1] += 1
        return Source(self.stack[-1], self.numbers[-1] - 1)


_sources: WeakKeyDictionary[nn.Module, dict[str, Source]] = WeakKeyDictionary()


def _trial(model: SequenceModel, length: int) -> torch.Tensor:
    codes = np.random.default_rng(0).integers(0, 4, (2, length)).astype(np.uint8)
    return model.tensor(codes)


def convolutions(model: SequenceModel) -> dict[str, Source]:
    """Run the network once and name every convolution that ran; all that are defined where it cannot be run."""
    if model.module in _sources:
        return _sources[model.module]
    modules = dict(model.module.named_modules())
    defined = [name for name, module in modules.items() if name and isinstance(module, _ConvNd)]
    ran: dict[Source, None] = {}
    complete = False
    lengths = (model.input_spec.length,) if model.input_spec.length else TRIAL_LENGTHS
    for length in lengths:
        calls, mode = Calls(), LocalityMode(follow=False)
        mode.convolved = lambda _output, calls=calls: ran.setdefault(calls.next())
        with suppress(ValueError, RuntimeError), calls.watching(model.module), torch.no_grad():
            with mode, telling(model.name, (2, length)):
                model.call(_trial(model, length))
            complete = True
        if complete or all(Source(name, 0) in ran for name in defined):
            break
    owners = {source.module for source in ran}
    several = {source.module for source in ran if source.number}
    found: dict[str, Source] = {}
    for name, module in {"": model.module, **modules}.items() if not hidden(model.module) else ():
        if hidden(module):
            if not any(name.startswith(f"{outer}.") for outer in found):
                found[name] = Source(name)
        elif isinstance(module, _ConvNd):
            if name in owners or (not complete and name in defined):
                found[name] = Source(name)
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


def hidden(module: nn.Module | None) -> str:
    """Say why the convolutions of a scripted module have no layers; empty of any other."""
    if not isinstance(module, torch.jit.ScriptModule) or not re.search("aten::_?conv", str(module.inlined_graph)):
        return ""
    return (
        "it is scripted (TorchScript), which hides the convolutions inside it; use the module it was made of, with the "
        "weights of its state_dict()"
    )


def convolution_layers(model: SequenceModel) -> list[str]:
    """Names of the layers at which the network convolves, in the order of definition.

    A layer is a module that is a convolution, whichever its class (``Conv1d``; ``Conv2d`` over letters and positions),
    or a convolution that a module calls as a function: it has the module's name and ``conv`` (``conv_2``, ... where
    there are several). A convolution that does not run when the model predicts is none. A scripted part that convolves
    is named as a whole, which ``layer_geometry`` refuses.

    Parameters
    ----------
    model : SequenceModel

    Returns
    -------
    list of str

    Examples
    --------
    >>> from combmotif.inference import convolution_layers
    >>> from combmotif.models import load_card
    >>> convolution_layers(load_card("mrl"))[:2]
    ['conv1', 'conv2']
    """
    return list(convolutions(model))


def has_layer(model: SequenceModel, layer: str) -> bool:
    """Whether a model has a convolution or a submodule of a name."""
    return bool(layer) and (layer in convolutions(model) or layer in dict(model.module.named_modules()))
