"""Receptive field, stride and offset of the layers of any torch module, derived and then verified."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from combmotif.inference.locality import LocalityMode, Window, mark, window_of
from combmotif.models.model import SequenceModel

_LONGEST_PROBE = 4096


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
            if isinstance(output, torch.Tensor):
                found.setdefault(name, output)
            ran.add(name)
            if len(ran) == len(layers):
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
    """
    with _capture(model.module, layers) as found, LocalityMode(unpadded=unpadded, dense=dense), suppress(_Captured):
        model.module(mark(x.view_as(x), Window()))
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
    one input position must reach exactly the outputs whose window holds it, and the values of the unpadded twin must
    equal those of the network wherever no padding is seen (to 1e-4).

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
    generator = torch.Generator().manual_seed(0)
    length = min(fixed or _LONGEST_PROBE, 1024)
    refuse = f"layer '{layer}' of model '{model.name}' cannot carry motifs: "
    for _ in range(3):
        codes = torch.randint(4, (2, length), generator=generator)
        with torch.inference_mode():
            output = layer_outputs(model, model.tensor(codes), [layer])[layer]
            window = window_of(output)
        if window is None or output.ndim != 3:
            raise ValueError(
                f"{refuse}expected an output of (batch, neurons, positions), found {tuple(output.shape)}; "
                f"choose one of {', '.join(convolution_layers(model))}"
            )
        needed = window.size + 2 * window.stride + 2
        if fixed or length >= needed:
            break
        length = needed
    assert window is not None
    geometry = LayerGeometry(layer, output.shape[1], window.size, window.stride, -window.padding, window.right)
    _verify_reach(model, geometry, length, refuse)
    _verify_twin(model, geometry, codes, output, refuse)
    return geometry


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
    for row, place in zip(reached, places, strict=True):
        inside = (starts <= place) & (place < starts + geometry.receptive_field)
        if (row & ~inside).any():
            raise ValueError(
                f"{refuse}it mixes the whole sequence (a recurrent, attention or length-wise layer lies before it): "
                f"input position {place} reaches outputs beyond a window of {geometry.receptive_field} nt; choose an "
                f"earlier convolution: {', '.join(convolution_layers(model))}"
            )
        ends = np.flatnonzero(inside & ((starts == place) | (starts + geometry.receptive_field - 1 == place)))
        if not row[ends].all():
            raise ValueError(
                f"{refuse}the derived receptive field of {geometry.receptive_field} nt does not agree with what input "
                f"position {place} reaches (NaN probe); please report the architecture"
            )


def _verify_twin(
    model: SequenceModel, geometry: LayerGeometry, codes: torch.Tensor, output: torch.Tensor, refuse: str
) -> None:
    if codes.shape[1] < geometry.receptive_field:
        return
    with torch.inference_mode():
        dense = layer_outputs(model, model.tensor(codes), [geometry.layer], unpadded=True, dense=True)[geometry.layer]
    starts = geometry.offset + geometry.stride * np.arange(output.shape[2])
    inner = np.flatnonzero((starts >= 0) & (starts + geometry.receptive_field <= codes.shape[1]))
    if dense.shape[2] != codes.shape[1] - geometry.receptive_field + 1:
        raise ValueError(f"{refuse}its windows cannot be evaluated one by one ({dense.shape[2]} found)")
    if inner.size:
        gap = float((dense[:, :, starts[inner]] - output[:, :, inner]).abs().max())
        if not gap <= 1e-4 * max(1.0, float(output.abs().max())):
            raise ValueError(
                f"{refuse}its value depends on more than its window of {geometry.receptive_field} nt "
                f"(difference {gap:.2g})"
            )
