"""The strongest window of every sequence, and all sites above a threshold, while sequences stream by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from combmotif.inference.background import active_level
from combmotif.inference.dense import Block


class SiteFinder:
    """Collect, block by block of a scan, what is kept of the values of all windows.

    A site is a valid window whose value lies at least the threshold's share of the way from the neuron's background to
    its maximum over all sequences, and is a local maximum: no neighbouring window has more, and of equal neighbours it
    is the first. The neuron's maximum is known at the end only, so more are held until then; memory grows with the
    sites, not with the windows.

    Parameters
    ----------
    count : int
        Sequences that will be scanned.
    neurons : mapping of layer to channels
        The neurons whose values are kept; they are numbered in this order.
    threshold : float
    backgrounds : float array, shape (neurons,), optional
        What activations are measured from, see :func:`background_activations`; default 0.

    Attributes
    ----------
    best : float32 array, shape (count, neurons)
        Largest value in each sequence; NaN where it has no valid window.
    where : int64 array, shape (count, neurons)
        First window that has it.
    floor : float32 array, shape (neurons,)
        Activation that a site needs, by the maximum so far.
    windows : int64 array, shape (layers, 2)
        All windows seen, and those left out because they hold an N.

    Examples
    --------
    >>> from combmotif.inference import scan_layers
    >>> from combmotif.models.architectures.cnn_gru import CnnGru
    >>> from combmotif.models.model import SequenceModel
    >>> model = SequenceModel("toy", CnnGru(width=8))
    >>> codes = [np.zeros(60, np.uint8), np.ones(80, np.uint8)]
    >>> finder = SiteFinder(2, {"conv1": range(8), "conv2": range(8)}, 0.7)
    >>> for block in scan_layers(model, ["conv1", "conv2"], codes):
    ...     finder.add(block)
    >>> finder.best.shape
    (2, 16)
    >>> finder.windows.tolist()
    [[132, 0], [124, 0]]
    """

    def __init__(
        self,
        count: int,
        neurons: Mapping[str, Sequence[int]],
        threshold: float,
        *,
        backgrounds: np.ndarray | None = None,
    ) -> None:
        self.channels = {layer: np.asarray(channels, dtype=np.int64) for layer, channels in neurons.items()}
        self.threshold = threshold
        total = sum(map(len, self.channels.values()))
        self.best = np.full((count, total), np.nan, np.float32)
        self.where = np.zeros((count, total), np.int64)
        self.windows = np.zeros((len(self.channels), 2), np.int64)
        rest = np.zeros(total) if backgrounds is None else np.asarray(backgrounds, np.float64)
        self.backgrounds = rest
        self._least = np.nextafter((rest + 1e-6 * np.abs(rest)).astype(np.float32), np.float32(np.inf))
        self.floor: np.ndarray = self._least.copy()
        self._places: list[np.ndarray] = []
        self._strengths: list[np.ndarray] = []

    def add(self, block: Block) -> None:
        """Take the values of a block into account."""
        first = 0
        for number, (layer, channels) in enumerate(self.channels.items()):
            columns = np.arange(first, first + len(channels))
            first += len(channels)
            inner, valid = block.inner[layer], block.valid[layer]
            self.windows[number] += valid[:, inner].size, int((~valid[:, inner]).sum())
            if inner.stop > inner.start and valid.any() and len(channels):
                self._add(block, layer, channels, columns)

    def _add(self, block: Block, layer: str, channels: np.ndarray, columns: np.ndarray) -> None:
        values = torch.from_numpy(block.values[layer])
        if not np.array_equal(channels, np.arange(values.shape[1])):
            values = values.index_select(1, torch.from_numpy(channels))
        if not block.valid[layer].all():
            values = values.masked_fill(torch.from_numpy(~block.valid[layer])[:, None], -torch.inf)
        inner = block.inner[layer]
        rows = values.transpose(1, 2)  # as a scan leaves them in memory
        own = rows[:, inner]
        top = own.amax(1)
        rest = self.backgrounds[columns]
        level = active_level(rest, np.maximum(top.amax(0).numpy().astype(np.float64), rest), self.threshold)
        self.floor[columns] = np.maximum(self.floor[columns], level.astype(np.float32))
        floor = torch.from_numpy(self.floor[columns])
        least = torch.minimum(top, floor).masked_fill(top == -torch.inf, torch.inf)
        sequence, window, neuron = torch.nonzero(own >= least[:, None], as_tuple=True)
        window = window + inner.start
        value = rows[sequence, window, neuron]
        self._best(block, columns, top.numpy(), [part.numpy() for part in (sequence, window, neuron, value)])
        kept = value >= floor[neuron]
        sequence, window, neuron, value = (part[kept] for part in (sequence, window, neuron, value))
        last = rows.shape[1] - 1
        before = rows[sequence, (window - 1).clamp(min=0), neuron]
        after = rows[sequence, (window + 1).clamp(max=last), neuron]
        kept = ((value > before) | (window == 0)) & (value >= after)
        row, first, column = (part[kept].numpy() for part in (sequence, window, neuron))
        self._places.append(np.stack([block.rows[row], columns[column], first + block.start], axis=1))
        self._strengths.append(value[kept].numpy())

    def _best(self, block: Block, columns: np.ndarray, top: np.ndarray, found: list[np.ndarray]) -> None:
        """Keep the largest values and the first windows that have them, among windows in ascending order."""
        sequence, window, neuron, value = found
        place = np.zeros(top.shape, np.int64)
        largest = np.flatnonzero(value == top[sequence, neuron])[::-1]
        place[sequence[largest], neuron[largest]] = window[largest]
        here = np.ix_(block.rows, columns)
        more = np.isfinite(top) & ~(top <= self.best[here])
        self.best[here] = np.where(more, top, self.best[here])
        self.where[here] = np.where(more, place + block.start, self.where[here])

    def sites(self) -> tuple[np.ndarray, np.ndarray]:
        """List the sites found: (sequence, neuron, first position) as int64 (n, 3), and their values, float32 (n,)."""
        places = np.concatenate([np.zeros((0, 3), np.int64), *self._places])
        strengths = np.concatenate([np.zeros(0, np.float32), *self._strengths])
        kept = strengths >= self.floor[places[:, 1]]
        self._places, self._strengths = [places[kept]], [strengths[kept]]
        return self._places[0], self._strengths[0]
