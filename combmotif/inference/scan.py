"""Dense scan: every window of every sequence, every neuron of a layer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from combmotif.inference.geometry import layer_geometry, layer_outputs
from combmotif.models.model import SequenceModel


def scan(
    model: SequenceModel,
    layer: str,
    codes: Sequence[np.ndarray],
    *,
    tracks: Sequence[np.ndarray] | None = None,
    batch: int = 64,
    length_limit: int = 100_000,
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Evaluate all neurons of a layer on all windows of sequences.

    The network runs once, without padding, with dilation in place of strides, which gives the value of every window
    start exactly. Windows that touch padding do not exist here; windows that hold an N are marked invalid.

    Parameters
    ----------
    model : SequenceModel
    layer : str
    codes : sequence of n uint8 arrays, any lengths
    tracks : sequence of n arrays, each of shape (k, length), optional
        Of a model with extra channels; default zeros.
    batch : int, default 64
        Most sequences per pass; sequences of equal length run together, long ones in smaller batches.
    length_limit : int, default 100,000
        A longer sequence is cut into overlapping pieces of this many nt (at least two receptive fields), which bounds
        the memory.

    Yields
    ------
    (rows, values, valid)
        rows: integer (m,), sequences of one length, in ascending order of length and row; values: float32
        (m, neurons, windows); valid: bool (m, windows). Window w covers [w, w + receptive field). Sequences shorter
        than the receptive field yield zero windows.
    """
    geometry = layer_geometry(model, layer)
    size, neurons = geometry.receptive_field, geometry.neurons
    length_limit = max(length_limit, 2 * size)
    lengths = np.array([len(c) for c in codes], dtype=np.int64)
    for length in np.unique(lengths):
        rows = np.flatnonzero(lengths == length)
        if length < size:
            yield rows, np.zeros((len(rows), neurons, 0), np.float32), np.zeros((len(rows), 0), bool)
            continue
        together = int(max(1, min(batch, batch * 256 // length)))
        for start in range(0, len(rows), together):
            part = rows[start : start + together]
            block = np.stack([np.asarray(codes[i]) for i in part])
            beside = None if tracks is None else np.stack([np.asarray(tracks[i]) for i in part])
            pieces = [slice(s, s + length_limit) for s in _pieces(int(length), size, length_limit)]
            values = np.concatenate(
                [_dense(model, layer, block[:, s], None if beside is None else beside[:, :, s]) for s in pieces], 2
            )
            unknown = np.cumsum(np.pad(block > 3, ((0, 0), (1, 0))), axis=1)
            yield part, values, unknown[:, size:] == unknown[:, :-size]


def _pieces(length: int, size: int, limit: int) -> range:
    return range(0, max(1, length - size + 1), max(1, limit - size + 1))


def _dense(model: SequenceModel, layer: str, block: np.ndarray, tracks: np.ndarray | None) -> np.ndarray:
    with torch.inference_mode():
        x = model.tensor(block, tracks)
        return layer_outputs(model, x, [layer], unpadded=True, dense=True)[layer].cpu().numpy()
