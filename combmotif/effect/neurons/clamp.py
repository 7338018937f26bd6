"""What a neuron does to the prediction: hold it at its mean and see what changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial

import numpy as np
import torch

from combmotif.inference.convolutions import convolutions
from combmotif.inference.geometry import known_geometry
from combmotif.inference.layers import View, as_neurons, changing
from combmotif.models.model import SequenceModel

NUCLEOTIDES_PER_BATCH = 512 * 200


def _view(model: SequenceModel, layer: str) -> View:
    """How a layer's output is turned; of one that is no motif layer it is taken as it is."""
    try:
        return known_geometry(model, layer).view
    except ValueError:
        return View()


@contextmanager
def _hooked(model: SequenceModel, layer: str, view: View, change: Callable[[torch.Tensor], None]) -> Iterator[None]:
    """Pass the layer's output, as (batch, neurons, positions) or (batch, neurons), through `change` for a while.

    What the function does to it in place is what the network goes on with.
    """

    def hook(output: object) -> torch.Tensor:
        if not isinstance(output, torch.Tensor) or output.ndim not in (2, 3, 4):
            found = tuple(output.shape) if isinstance(output, torch.Tensor) else type(output).__name__
            raise ValueError(f"layer '{layer}': expected an output (batch, neurons, positions), found {found}")
        output = output.contiguous().clone()
        change(as_neurons(output, view))
        return output

    with changing(model, layer, hook):
        yield


def _batches(
    codes: Sequence[np.ndarray], rows: np.ndarray, batch: int, least: int | None
) -> Iterator[np.ndarray]:  # fmt: skip
    """Split tasks, each on sequence rows[task], into groups of one length, bounded in number and nucleotides."""
    lengths = np.array([len(codes[row]) for row in rows], dtype=np.int64)
    for length in np.unique(lengths):
        tasks = np.flatnonzero(lengths == length)
        size = max(1, min(batch, NUCLEOTIDES_PER_BATCH // max(int(length), least or 1)))
        yield from (tasks[start : start + size] for start in range(0, len(tasks), size))


def _input(
    model: SequenceModel, codes: Sequence[np.ndarray], tracks: Sequence[np.ndarray] | None, rows: np.ndarray
) -> torch.Tensor:
    return model.input([codes[i] for i in rows], None if tracks is None else [tracks[i] for i in rows])


def channel_means(
    model: SequenceModel,
    layer: str,
    codes: Sequence[np.ndarray],
    *,
    tracks: Sequence[np.ndarray] | None = None,
    batch: int = 512,
) -> np.ndarray:
    """Average each neuron's raw output over all positions of all sequences, padding at the 3' end left out.

    Parameters
    ----------
    model : SequenceModel
    layer : str
        Dotted name of a module whose output is (batch, neurons, positions) or (batch, neurons).
    codes : sequence of uint8 arrays, each of shape (length,)
    tracks : sequence of arrays, each of shape (k, length), optional
        Of a model with extra channels; default zeros.
    batch : int, default 512

    Returns
    -------
    float64 array, shape (neurons,)
        In the layer's units; the value `clamp` holds a neuron at.
    """
    if not len(codes):
        raise ValueError(f"codes: expected sequences to average layer '{layer}' over, found none")
    sums, positions = channel_sums(model, [layer], codes, tracks=tracks, batch=batch)[layer]
    return sums / positions


def channel_sums(
    model: SequenceModel,
    layers: Sequence[str],
    codes: Sequence[np.ndarray],
    *,
    tracks: Sequence[np.ndarray] | None = None,
    batch: int = 512,
) -> dict[str, tuple[np.ndarray, int]]:
    """Add up each neuron's raw output, of several layers in one pass of the network; see `channel_means`.

    Returns
    -------
    dict of layer to (float64 array (neurons,), int)
        Sums over positions and sequences, and how many positions there were.
    """
    sums: dict[str, list[np.ndarray]] = {layer: [] for layer in layers}
    positions = dict.fromkeys(layers, 0)
    share = 1.0

    def add(layer: str, output: torch.Tensor) -> None:
        flat = output.detach().reshape(*output.shape[:2], -1)
        flat = flat[:, :, : max(1, round(flat.shape[2] * share))]
        sums[layer].append(flat.sum((0, 2), dtype=torch.float64).cpu().numpy())
        positions[layer] += flat.shape[0] * flat.shape[2]

    known = convolutions(model)
    views = {layer: _view(model, layer) for layer in layers}  # before any is watched: it runs the network
    # convolutions that are called as functions are counted as they are called, which one watcher at a time can do
    alone = [layer for layer in layers if layer in known and known[layer].number is not None]
    for group in ([layer for layer in layers if layer not in alone], *([layer] for layer in alone)):
        with ExitStack() as hooks, torch.no_grad():
            for layer in group:
                hooks.enter_context(_hooked(model, layer, views[layer], partial(add, layer)))
            for rows in _batches(codes, np.arange(len(codes)), batch, model.input_spec.length) if group else ():
                x = _input(model, codes, tracks, rows)
                share = min(1.0, len(codes[rows[0]]) / x.shape[2])
                model(x)
    return {layer: (np.sum(sums[layer], axis=0), positions[layer]) for layer in layers}


def clamp(
    model: SequenceModel,
    layer: str,
    neurons: Sequence[int],
    codes: Sequence[np.ndarray],
    values: np.ndarray,
    *,
    tracks: Sequence[np.ndarray] | None = None,
    output: int | Sequence[int] = 0,
    batch: int = 512,
) -> np.ndarray:
    """Measure how the prediction changes when a neuron is held at a constant.

    The whole channel is set to the given value at the layer's raw output and the rest of the network runs as usual. The
    change is the prediction with the neuron minus the prediction with it clamped: positive = the neuron raises the
    prediction.

    Parameters
    ----------
    model : SequenceModel
    layer : str
        Dotted name of a module whose output is (batch, neurons, positions) or (batch, neurons).
    neurons : sequence of int
        Channels of the layer, from 0.
    codes : sequence of uint8 arrays, each of shape (length,)
    values : float array, shape (neurons,)
        What each neuron is held at, in the layer's units; `channel_means` gives the usual choice.
    tracks : sequence of arrays, each of shape (k, length), optional
        Of a model with extra channels; default zeros.
    output : int or sequence of int, default 0
        Column of the prediction, or several.
    batch : int, default 512
        Sequences per forward pass; one pass mixes neurons.

    Returns
    -------
    float64 array, shape (sequences, neurons), or (sequences, neurons, outputs) for several
        Change of the prediction.

    Raises
    ------
    ValueError
        If a shape does not fit, or the layer or a neuron does not exist.

    Examples
    --------
    >>> from combmotif.models.architectures.cnn_gru import CnnGru
    >>> model = SequenceModel("toy", CnnGru(width=8))
    >>> codes = [np.zeros(60, np.uint8), np.ones(60, np.uint8)]
    >>> clamp(model, "conv2", [0, 3], codes, np.array([0.0, 0.0])).shape
    (2, 2)
    """
    channels = np.asarray(neurons, dtype=np.int64)
    values = np.asarray(values, dtype=float)
    if values.shape != channels.shape:
        raise ValueError(f"values: expected one per neuron, shape {channels.shape}, found {values.shape}")
    wanted = np.atleast_1d(np.asarray(output, dtype=np.int64))
    single = np.ndim(output) == 0
    change = np.full((len(codes), len(channels), len(wanted)), np.nan)
    # neuron after neuron: a batch may hold the end of one and the beginning of the next
    rows, columns = np.tile(np.arange(len(codes)), len(channels)), np.repeat(np.arange(len(channels)), len(codes))
    held: torch.Tensor | None = None
    which: torch.Tensor | None = None

    def hold(result: torch.Tensor) -> None:
        if held is None or which is None:
            return
        if int(which.max()) >= result.shape[1] or int(which.min()) < 0:
            raise ValueError(f"neurons: layer '{layer}' has neurons 0-{result.shape[1] - 1}, found {neurons}")
        blocks = len(result) // len(which)  # both strands may lie in one batch
        level, neurons_held = held.to(result.device, result.dtype), which.to(result.device)
        if view.beside:
            level, neurons_held = level.repeat_interleave(blocks), neurons_held.repeat_interleave(blocks)
        else:
            level, neurons_held = level.repeat(blocks), neurons_held.repeat(blocks)
        result[torch.arange(len(result)), neurons_held] = level if result.ndim == 2 else level[:, None]

    plain = np.full((len(codes), len(wanted)), np.nan)
    view = _view(model, layer)
    with _hooked(model, layer, view, hold), torch.no_grad():
        for part in _batches(codes, np.arange(len(codes)), batch, model.input_spec.length):
            x = _input(model, codes, tracks, part)
            plain[part] = model(x)[:, wanted].double().cpu().numpy()
        for part in _batches(codes, rows, batch, model.input_spec.length):
            which, held = torch.as_tensor(channels[columns[part]]), torch.as_tensor(values[columns[part]])
            x = _input(model, codes, tracks, rows[part])
            clamped = model(x)[:, wanted].double().cpu().numpy()
            change[rows[part], columns[part]] = plain[rows[part]] - clamped
    return change[:, :, 0] if single else change
