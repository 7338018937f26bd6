"""Evaluate a layer's neurons on windows: on their own, with room beside them, or inside a longer sequence."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import nn

from combmotif.inference.layers import View, layer_calls, layer_outputs, viewed
from combmotif.models.model import SequenceModel


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
    way : str
        How a window is evaluated: ``alone``, without padding; ``dense``, without padding and with room at its 3' end
        for branches that are wider; ``inside``, within a longer sequence, on the network as it is, which is slower.
    room : int
        Nucleotides at the 3' end of a window evaluated ``dense``, or the length of the sequence around it (``inside``).
    view : View
        Which of the layer's outputs is meant.
    unseen : (int, int)
        Nucleotides that the network cuts off at the 5' and at the 3' end before the layer.
    """

    layer: str
    neurons: int
    receptive_field: int
    stride: int
    offset: int
    right_padding: int = 0
    way: str = field(default="alone", compare=False)
    room: int = field(default=0, compare=False)
    view: View = field(default=View(), compare=False)
    unseen: tuple[int, int] = field(default=(0, 0), compare=False)

    def whole(self, count: int, length: int) -> np.ndarray:
        """Which of the layer's ``count`` positions see a whole window of a sequence of ``length`` nt."""
        starts = self.offset + self.stride * np.arange(count)
        return (starts >= self.unseen[0]) & (starts + self.receptive_field <= length - self.unseen[1])

    def edge_positions(self, length: int) -> tuple[int, int]:
        """Count the layer's positions on an input of ``length`` nt: (all, those whose window holds padding)."""
        count = max(0, (length - self.offset + self.right_padding - self.receptive_field) // self.stride + 1)
        return count, int((~self.whole(count, length)).sum())


def tolerance(values: torch.Tensor) -> float:
    """Largest difference of values that are equal but for rounding: 1e-4, more for numbers of 16 bits."""
    share = {torch.float16: 4e-3, torch.bfloat16: 3e-2}.get(values.dtype, 1e-4)
    return share * max(1.0, float(values.abs().max()))


def window_values(model: SequenceModel, geometry: LayerGeometry, x: torch.Tensor) -> torch.Tensor:
    """Evaluate a layer's neurons on windows (n, channels, receptive field), in the geometry's way; (n, neurons)."""
    layer, views = geometry.layer, {geometry.layer: geometry.view}
    if geometry.way == "inside":
        return host_values(model, geometry, x)[:, :, 0]
    dense = geometry.way == "dense"
    wide = nn.functional.pad(x, (0, geometry.room)) if dense else x
    return layer_outputs(model, wide, [layer], unpadded=True, dense=dense, views=views)[layer][:, :, 0]


def host_codes(length: int, seed: int = 0) -> torch.Tensor:
    """Background sequence (1, length) around the windows; always the same."""
    return torch.randint(4, (1, length), generator=torch.Generator().manual_seed(seed + 7))


def host_values(model: SequenceModel, geometry: LayerGeometry, x: torch.Tensor, *, seed: int = 0) -> torch.Tensor:
    """Evaluate a layer on stretches of sequence (n, channels, width) inside longer ones; (n, neurons, windows).

    A stretch has a value for the window that starts at its first base and for every ``stride``-th after it. As many
    stretches as fit lie in one sequence, their windows apart.
    """
    size, stride, length = geometry.receptive_field, geometry.stride, geometry.room
    count, width = len(x), x.shape[2]
    first, last = _whole(geometry)
    spread = -(-width // stride) * stride
    inner = (width - size) // stride + 1
    together = min(count, 1 + (last - first + 1 - inner) // (spread // stride))
    if together < 1:
        raise ValueError(f"a stretch of {width} nt does not fit into the {length} nt around the windows")
    rows = -(-count // together)
    around = model.tensor(host_codes(length, seed))
    begin = geometry.offset + first * stride
    full = torch.cat([x, x[:1].expand(rows * together - count, -1, -1)]) if rows * together > count else x
    filler = around[:, :, : spread - width].expand(rows * together, -1, -1)
    packed = torch.cat([full, filler], 2).unflatten(0, (rows, together)).transpose(1, 2).flatten(2)
    tail = around[:, :, begin + together * spread :].expand(rows, -1, -1)
    hosts = torch.cat([around[:, :, :begin].expand(rows, -1, -1), packed, tail], 2)[:, :, :length]
    output = plain_outputs(model, geometry.layer, geometry.view, hosts)
    step = spread // stride
    picked = [output[:, :, first + k * step : first + k * step + inner] for k in range(together)]
    return torch.stack(picked, 1).flatten(0, 1)[:count]


def stretch_length(geometry: LayerGeometry) -> int:
    """Longest stretch of sequence, in nt, that :func:`host_values` evaluates at once."""
    first, last = _whole(geometry)
    return (last - first) * geometry.stride + geometry.receptive_field


def _whole(geometry: LayerGeometry) -> tuple[int, int]:
    """First and last output whose window lies within the sequence around."""
    count = geometry.edge_positions(geometry.room)[0]
    inner = np.flatnonzero(geometry.whole(count, geometry.room))
    if not inner.size:
        raise ValueError(f"no output of {geometry.room} nt sees a whole window of {geometry.receptive_field} nt")
    return int(inner[0]), int(inner[-1])


def plain_outputs(model: SequenceModel, layer: str, view: View, x: torch.Tensor) -> torch.Tensor:
    """Run the network as it is and return a layer's output, (n, neurons, positions)."""
    calls = layer_calls(model, x, {layer: view.call + 1}, marked=False)[0].get(layer, [])
    return viewed(model, layer, calls, len(x), view)
