"""Dense scan: every window of every sequence, every neuron of one layer or of several."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from combmotif.inference.geometry import known_geometry
from combmotif.inference.layers import layer_outputs
from combmotif.inference.windows import LayerGeometry, host_values, stretch_length
from combmotif.models.device import NUCLEOTIDES, in_batches, nucleotides_at_once
from combmotif.models.model import SequenceModel

POSITIONS = 16_384
"""Nucleotides per pass: a layer's values then stay in the processor's cache."""


@dataclass(frozen=True)
class Block:
    """Values of some sequences of one length, or of a piece of them.

    Attributes
    ----------
    rows : int64 array, shape (sequences,)
        Places of the sequences in the list that is scanned.
    start : int
        Window number of the first value.
    values : dict of layer to float32 array, shape (sequences, neurons, windows)
        Window w of a layer covers [start + w, start + w + receptive field).
    valid : dict of layer to bool array, shape (sequences, windows)
        False where a window holds an N.
    inner : dict of layer to slice
        The windows that no other block has; those around them are there to tell local maxima.
    """

    rows: np.ndarray
    start: int
    values: dict[str, np.ndarray]
    valid: dict[str, np.ndarray]
    inner: dict[str, slice]


def scan_layers(
    model: SequenceModel,
    layers: Sequence[str],
    codes: Sequence[np.ndarray],
    *,
    tracks: Sequence[np.ndarray] | None = None,
    length_limit: int = 100_000,
) -> Iterator[Block]:
    """Evaluate all neurons of several layers on all windows of sequences, in one pass.

    The network runs once, without padding, with dilation in place of strides (the à-trous algorithm), which gives the
    value of every window start exactly. A layer whose operations cannot be followed is evaluated inside longer
    sequences, which is slower. Windows that touch padding do not exist here; those that hold an N are marked
    invalid. Memory does not grow with the number or the length of the sequences.

    Parameters
    ----------
    model : SequenceModel
    layers : sequence of str
    codes : sequence of n uint8 arrays, any lengths
    tracks : sequence of n arrays, each of shape (k, length), optional
        Of a model with extra channels; default zeros.
    length_limit : int, default 100,000
        A longer sequence is cut into overlapping pieces of this many nt (at least two receptive fields).

    Yields
    ------
    Block
        In ascending order of length, row and start. Of a layer whose receptive field is longer than the sequences,
        with zero windows.

    Raises
    ------
    ValueError
        If a layer does not exist or has no windows (it mixes the whole sequence).

    Examples
    --------
    >>> from combmotif.models.architectures.cnn_gru import CnnGru
    >>> model = SequenceModel("toy", CnnGru(width=8))
    >>> codes = [np.zeros(60, np.uint8), np.ones(60, np.uint8)]
    >>> (block,) = scan_layers(model, ["conv1", "conv2"], codes)
    >>> {layer: values.shape for layer, values in block.values.items()}
    {'conv1': (2, 8, 56), 'conv2': (2, 8, 52)}
    """
    geometries = {layer: known_geometry(model, layer) for layer in layers}
    sizes = {layer: geometry.receptive_field for layer, geometry in geometries.items()}
    longest = max(sizes.values(), default=1)
    positions = POSITIONS * nucleotides_at_once(model.device) // NUCLEOTIDES
    step = max(length_limit, 2 * longest + 2) - longest - 1
    lengths = np.array([len(c) for c in codes], dtype=np.int64)
    for length in np.unique(lengths).tolist():
        rows = np.flatnonzero(lengths == length)
        together = room = max(1, positions // max(1, length))
        fits = [layer for layer in layers if sizes[layer] <= length]
        for part in (rows[i : i + together] for i in range(0, len(rows), together)):
            block = np.stack([np.asarray(codes[i]) for i in part])
            beside = None if tracks is None else np.stack([np.asarray(tracks[i]) for i in part])
            # a piece owns the windows [own, own + step), and has one more on either side
            for own in range(0, max(1, length - min(sizes.values(), default=1) + 1), step):
                begin = max(0, own - 1)
                cut = slice(begin, min(length, own + step + longest))
                some = [layer for layer in fits if sizes[layer] <= cut.stop - begin]
                there = None if beside is None else beside[:, :, cut]
                found, room = _fitting(model, some, block[:, cut], there, room)
                values, valid, inner = {}, {}, {}
                for layer in layers:
                    size = sizes[layer]
                    last = max(0, cut.stop - begin - size + 1)
                    count = min(last, own + step + 1 - begin)
                    none = np.zeros((len(part), geometries[layer].neurons, 0), np.float32)
                    values[layer] = found[layer][:, :, :count] if layer in found else none
                    unknown = np.cumsum(np.pad(block[:, cut] > 3, ((0, 0), (1, 0))), axis=1)
                    valid[layer] = (unknown[:, size:] == unknown[:, :-size])[:, :count]
                    inner[layer] = slice(min(own - begin, count), min(own + step - begin, count))
                yield Block(part, begin, values, valid, inner)


def scan(
    model: SequenceModel,
    layer: str,
    codes: Sequence[np.ndarray],
    *,
    tracks: Sequence[np.ndarray] | None = None,
    length_limit: int = 100_000,
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Evaluate all neurons of one layer on all windows of sequences; see :func:`scan_layers`.

    Parameters
    ----------
    model : SequenceModel
    layer : str
    codes : sequence of n uint8 arrays, any lengths
    tracks, length_limit
        As of :func:`scan_layers`.

    Yields
    ------
    (rows, values, valid)
        rows: integer (m,), sequences of one length, in ascending order of length and row; values: float32
        (m, neurons, windows); valid: bool (m, windows). Window w covers [w, w + receptive field). Sequences shorter
        than the receptive field yield zero windows.

    Examples
    --------
    >>> from combmotif.models.architectures.cnn_gru import CnnGru
    >>> model = SequenceModel("toy", CnnGru(width=8))
    >>> codes = [np.zeros(60, np.uint8), np.ones(60, np.uint8)]
    >>> [(values.shape, bool(valid.all())) for _, values, valid in scan(model, "conv2", codes)]
    [((2, 8, 52), True)]
    """
    pieces: list[Block] = []
    for block in scan_layers(model, [layer], codes, tracks=tracks, length_limit=length_limit):
        if pieces and block.start == 0:
            yield _whole(pieces, layer)
            pieces = []
        pieces.append(block)
    if pieces:
        yield _whole(pieces, layer)


def _whole(pieces: list[Block], layer: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    values = [block.values[layer][:, :, block.inner[layer]] for block in pieces]
    valid = [block.valid[layer][:, block.inner[layer]] for block in pieces]
    if len(pieces) == 1:
        return pieces[0].rows, values[0], valid[0]
    return pieces[0].rows, np.concatenate(values, 2), np.concatenate(valid, 1)


def _fitting(
    model: SequenceModel, layers: list[str], block: np.ndarray, tracks: np.ndarray | None, together: int
) -> tuple[dict[str, np.ndarray], int]:
    """Evaluate layers on as many sequences at once as the device's memory takes; say how many that are."""
    parts: list[dict[str, np.ndarray]] = []

    def run(rows: slice) -> None:
        parts.append(_dense(model, layers, block[rows], None if tracks is None else tracks[rows]))

    size = min(together, len(block))
    if (fitting := in_batches(run, len(block), size)) < size:
        together = fitting
    whole = (
        parts[0] if len(parts) == 1 else {layer: np.concatenate([part[layer] for part in parts]) for layer in layers}
    )
    return whole, together


def _dense(
    model: SequenceModel, layers: list[str], block: np.ndarray, tracks: np.ndarray | None
) -> dict[str, np.ndarray]:
    """Evaluate every window of some layers; the network runs once for all that it can be followed to."""
    geometries = {layer: known_geometry(model, layer) for layer in layers}
    together = [layer for layer in layers if geometries[layer].way != "inside"]
    values = {}
    with torch.no_grad():
        x = model.tensor(block, tracks)
        if together:
            wide = torch.nn.functional.pad(x, (0, max(geometries[layer].room for layer in together)))
            views = {layer: geometries[layer].view for layer in together}
            values = layer_outputs(model, wide, together, unpadded=True, dense=True, views=views)
        for layer in layers:
            if layer not in values:
                values[layer] = _inside(model, geometries[layer], x)
        windows = {layer: block.shape[1] - geometry.receptive_field + 1 for layer, geometry in geometries.items()}
        return {layer: found[:, :, : windows[layer]].float().cpu().numpy() for layer, found in values.items()}


def _inside(model: SequenceModel, geometry: LayerGeometry, x: torch.Tensor) -> torch.Tensor:
    """Evaluate every window of sequences (n, channels, length) inside longer ones, piece by piece, phase by phase."""
    size, stride = geometry.receptive_field, geometry.stride
    windows = x.shape[2] - size + 1
    most = max(1, (min(stretch_length(geometry), x.shape[2]) - size) // stride + 1)
    width = (most - 1) * stride + size
    values: torch.Tensor | None = None
    for phase in range(min(stride, windows)):
        for begin in range(phase, windows, most * stride):
            piece = x[:, :, begin : begin + width]
            piece = torch.nn.functional.pad(piece, (0, width - piece.shape[2]))
            piece[:, 0, x.shape[2] - begin :] = 1  # bases beyond the end, for nets that check their input
            found = host_values(model, geometry, piece)
            if values is None:
                values = found.new_zeros(len(x), found.shape[1], windows)
            places = range(begin, min(windows, begin + most * stride), stride)
            values[:, :, places.start : places.stop : stride] = found[:, :, : len(places)]
    assert values is not None
    return values
