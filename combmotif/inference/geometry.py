"""Receptive field, stride and offset of the layers of any torch module, derived and then verified."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import nn

from combmotif.inference.locality import LocalityMode, UnequalBranches, Window, mark, window_of
from combmotif.models.model import SequenceModel, telling

_PROBES = (1024, 4096, 16384)


@dataclass(frozen=True)
class LayerGeometry:
    """How the neurons of one layer see the input.

    Attributes
    ----------
    layer : str
        Dotted name of the submodule.
    neurons : int
        Channels of its output.
    receptive_field : int
        Window of one neuron, in nt.
    stride : int
        Input positions between neighbouring outputs.
    offset : int
        Start of the first output's window; negative where the layer sees padding.
    right_padding : int
        Padding seen beyond the 3' end, in nt.
    """

    layer: str
    neurons: int
    receptive_field: int
    stride: int
    offset: int
    right_padding: int = 0

    def edge_positions(self, length: int) -> tuple[int, int]:
        """Count the layer's positions on an input of ``length`` nt: (all, those whose window leaves the sequence)."""
        count = max(0, (length - self.offset + self.right_padding - self.receptive_field) // self.stride + 1)
        starts = self.offset + self.stride * np.arange(count)
        return count, int(((starts < 0) | (starts + self.receptive_field > length)).sum())


class _Captured(Exception):
    pass


@contextmanager
def _capture(module: nn.Module, layers: list[str]) -> Iterator[dict[str, torch.Tensor]]:
    """Collect the outputs of named submodules during a forward pass, which ends after the last of them has run."""
    found: dict[str, torch.Tensor] = {}
    ran: set[str] = set()

    def hook(name: str):
        def keep(_module: nn.Module, _inputs: tuple, output: object) -> None:
            ran.add(name)
            done = len(ran) == len(layers)
            if isinstance(output, torch.Tensor):
                # what runs on may change the output in place (ReLU(inplace=True))
                found.setdefault(name, output if done else output.clone())
            if done:
                raise _Captured

        return keep

    handles = [module.get_submodule(name).register_forward_hook(hook(name)) for name in layers]
    try:
        yield found
    finally:
        for handle in handles:
            handle.remove()


def layer_outputs(
    model: SequenceModel, x: torch.Tensor, layers: list[str], *, unpadded: bool = False, dense: bool = False
) -> dict[str, torch.Tensor]:
    """Run a model on x (n, channels, length) up to the last of ``layers`` and return their raw outputs.

    With ``unpadded`` the padding of every operation is dropped, so that output j of a layer is its neuron's value on
    the window that starts at j x stride. With ``dense`` too, output j is the value on the window that starts at j.
    A layer that runs more than once gives the output of its first call.
    """
    x = x.clone()  # a net may work on its input in place
    with (
        _capture(model.module, layers) as found,
        LocalityMode(unpadded=unpadded, dense=dense),
        suppress(_Captured),
        telling(model.name, tuple(x.shape), but=(_Captured,)),
    ):
        model.module(mark(x[:], Window()))
    missing = [name for name in layers if name not in found]
    if missing:
        raise ValueError(
            f"layer '{missing[0]}' of model '{model.name}' cannot carry motifs: it returns no single tensor (a "
            f"recurrent or attention layer mixes the whole sequence); choose one of "
            f"{', '.join(convolution_layers(model))}"
        )
    return found


def convolution_layers(model: SequenceModel) -> list[str]:
    """Names of the model's 1-D convolutions, in the order of definition."""
    return [name for name, module in model.module.named_modules() if isinstance(module, nn.Conv1d)]


def layer_geometry(model: SequenceModel, layer: str) -> LayerGeometry:
    """Derive a layer's receptive field, stride and offset, and verify them.

    They are followed through the operations of a forward pass, then checked on the network as it is: a NaN put at
    one input position must reach exactly the outputs whose window holds it, and the values of the unpadded twin, and of
    windows on their own, must equal those of the network wherever no padding is seen (to 1e-4).

    Parameters
    ----------
    model : SequenceModel
    layer : str
        Name of a submodule, as ``combmotif inspect`` lists them.

    Returns
    -------
    LayerGeometry

    Raises
    ------
    ValueError
        If there is no such layer (the nearest are named), its output is not (batch, neurons, positions), or it mixes
        the whole sequence (recurrence, attention, norms or means over the length).
    """
    names = dict(model.module.named_modules())
    if layer not in names or not layer:
        raise ValueError(
            f"model '{model.name}' has no layer '{layer}'; its convolutions are "
            f"{', '.join(convolution_layers(model)) or 'none'}"
        )
    fixed = model.input_spec.length
    refuse = f"layer '{layer}' of model '{model.name}' cannot carry motifs: "
    lengths = sorted({min(n, fixed or n) for n in _PROBES})
    for length in lengths:
        codes = torch.randint(4, (2, length), generator=torch.Generator().manual_seed(0))
        try:
            with torch.inference_mode():
                output = layer_outputs(model, model.tensor(codes), [layer])[layer]
                window = window_of(output)
        except UnequalBranches as error:
            raise ValueError(f"{refuse}{error}") from None
        except RuntimeError:  # too short for the kernels
            if length == lengths[-1]:
                raise
            continue
        if window is None or output.ndim != 3:
            raise ValueError(
                f"{refuse}expected an output of (batch, neurons, positions), found {tuple(output.shape)}; "
                f"choose one of {', '.join(convolution_layers(model))}"
            )
        if length >= window.size + 2 * window.stride + 2:
            break
    assert window is not None
    geometry = LayerGeometry(layer, output.shape[1], window.size, window.stride, -window.padding, window.right)
    _verify_reach(model, geometry, length, refuse)
    _verify_twin(model, geometry, codes, output, refuse)
    return geometry


_known: WeakKeyDictionary[nn.Module, dict[str, LayerGeometry]] = WeakKeyDictionary()


def known_geometry(model: SequenceModel, layer: str) -> LayerGeometry:
    """Derive and verify a layer's geometry once per network: it takes as long as scanning some long transcripts."""
    known = _known.setdefault(model.module, {})
    if layer not in known:
        known[layer] = layer_geometry(model, layer)
    return known[layer]


def _verify_reach(model: SequenceModel, geometry: LayerGeometry, length: int, refuse: str) -> None:
    generator = torch.Generator().manual_seed(1)
    step = max(1, length // 64)
    places = sorted({*range(0, length, step), length - 1, min(length - 1, geometry.receptive_field)})
    x = model.tensor(torch.randint(4, (1, length), generator=generator)).repeat(len(places), 1, 1)
    x[torch.arange(len(places)), :, places] = float("nan")
    seen = []
    with torch.inference_mode():
        for part in x.split(16):
            seen.append(layer_outputs(model, part, [geometry.layer])[geometry.layer].isnan().any(1))
    reached = torch.cat(seen).cpu().numpy()
    starts = geometry.offset + geometry.stride * np.arange(reached.shape[1])
    whole = (starts >= 0) & (starts + geometry.receptive_field <= length)
    for row, place in zip(reached, places, strict=True):
        inside = (starts <= place) & (place < starts + geometry.receptive_field)
        if (row & ~inside).any():
            layers = convolution_layers(model)
            earlier = layers[: layers.index(geometry.layer)] if geometry.layer in layers else layers
            raise ValueError(
                f"{refuse}it mixes the whole sequence (a recurrent, attention or length-wise layer lies before it): "
                f"input position {place} reaches outputs beyond a window of {geometry.receptive_field} nt; choose an "
                f"earlier convolution: {', '.join(earlier) or 'there is none'}"
            )
        at_end = (starts == place) | (starts + geometry.receptive_field - 1 == place)
        ends = np.flatnonzero(at_end & whole)  # padding between layers may hide the ends of the others
        if not row[ends].all():
            raise ValueError(
                f"{refuse}the derived receptive field of {geometry.receptive_field} nt does not agree with what input "
                f"position {place} reaches (NaN probe); please report the architecture"
            )


def _verify_twin(
    model: SequenceModel, geometry: LayerGeometry, codes: torch.Tensor, output: torch.Tensor, refuse: str
) -> None:
    size, length = geometry.receptive_field, codes.shape[1]
    if length < size:
        return
    first = torch.tensor(sorted({0, (length - size) // 2, length - size}))
    windows = torch.cat([codes[:1, start : start + size] for start in first.tolist()])
    try:
        with torch.inference_mode():
            dense = layer_outputs(model, model.tensor(codes), [geometry.layer], unpadded=True, dense=True)
            alone = layer_outputs(model, model.tensor(windows), [geometry.layer], unpadded=True)[geometry.layer]
    except (RuntimeError, UnequalBranches) as error:
        raise ValueError(f"{refuse}it cannot be evaluated without padding ({str(error).splitlines()[0]})") from None
    values = dense[geometry.layer]
    if values.shape[2] != length - size + 1:
        raise ValueError(f"{refuse}its windows cannot be evaluated one by one ({values.shape[2]} found)")
    starts = geometry.offset + geometry.stride * np.arange(output.shape[2])
    inner = np.flatnonzero((starts >= 0) & (starts + size <= length))
    gaps = [float((values[0, :, first].T - alone[:, :, 0]).abs().max())]
    if inner.size:
        gaps.append(float((values[:, :, starts[inner]] - output[:, :, inner]).abs().max()))
    gap = float(np.max(gaps))
    if not gap <= 1e-4 * max(1.0, float(values.abs().max())):
        raise ValueError(f"{refuse}its value depends on more than its window of {size} nt (difference {gap:.2g})")
