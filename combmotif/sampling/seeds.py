"""Where a search begins: what excites the neurons of the layers below, put into windows of the layer.

A neuron that needs most letters of a motif, or two motifs at once, is silent on random windows, and silence has no
gradient. The neurons below need less: of the first convolution the best word can be read off its kernel. In random
windows the words of one layer show which of them excite each neuron of the next, and crossing these gives its words.
"""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from combmotif.core.seeding import named_generator
from combmotif.inference.probe import WindowProbe

_LEAST_COLUMN = 0.15
"""Gain of a column's best base, relative to the kernel's strongest column, from which it belongs to a word."""
_PLANTED = 4096
"""Windows per layer in which words are tried, at most four per place of a word."""
_WORDS = 3
"""Words of a neuron, from different kernels."""
_PAIRED = 8
_PARENTS, _OFFSPRING, _ROUNDS = 12, 48, 2


@dataclass(frozen=True)
class Planted:
    """Random windows with words of the layer below.

    Attributes
    ----------
    codes : uint8 array, shape (n, receptive_field)
    kernels : integer array, shape (n,)
        Kernel of the first convolution that the word goes back to; below 0 where several have met.
    starts : integer array, shape (n,)
        Place of each word.
    values : float32 array, shape (n, neurons)
        Activations.
    width : int
        Of a word.
    """

    codes: np.ndarray
    kernels: np.ndarray
    starts: np.ndarray
    values: np.ndarray
    width: int

    def best(self, neuron: int) -> np.ndarray:
        """Rows of the window of each kernel, or mixture, that excites a neuron most, by descending activation."""
        order = np.argsort(-self.values[:, neuron], kind="stable")
        _, first = np.unique(self.kernels[order], return_index=True)
        return order[np.sort(first)]

    def least(self, neuron: int, level: float) -> np.ndarray:
        """Rows of the window of each kernel, or mixture, that reaches a level by least; of others the best.

        What happens to stand beside the word in the best window helps it, and would be taken for a part of it.
        """
        values = self.values[:, neuron]
        reached = values >= level
        order = np.lexsort((np.where(reached, values, -values), ~reached))
        _, first = np.unique(self.kernels[order], return_index=True)
        rows = order[first]
        return rows[np.argsort(-values[rows], kind="stable")]

    def pure(self, neuron: int) -> np.ndarray:
        """Rows of `best` that have the word of one kernel alone."""
        best = self.best(neuron)
        return best[self.kernels[best] >= 0]


_KNOWN: WeakKeyDictionary[WindowProbe, Planted | None] = WeakKeyDictionary()


def planted_windows(probe: WindowProbe) -> Planted | None:
    """Put words of the layers below into random windows; the same for a layer every time. None without layers below.

    Parameters
    ----------
    probe : WindowProbe
    """
    if probe not in _KNOWN:
        _KNOWN[probe] = _planted(probe)
    return _KNOWN[probe]


def _planted(probe: WindowProbe) -> Planted | None:
    random = named_generator(0, "seeds", probe.layer)
    levels: list[tuple[np.ndarray, np.ndarray]] = []  # words (n, width), -1 is free, and the kernel of each
    for layer in probe.lower:
        try:
            below = WindowProbe(probe.model, layer, tracks=probe.pattern)
        except ValueError:  # of several sizes, or read in two places
            continue
        fitting = [level for level in levels if level[0].shape[1] <= below.receptive_field]
        words = _bred(below, _plant(below, *fitting[-1], random), random) if fitting else _kernel_words(below, random)
        if len(words[0]):
            levels.append(words)
    fitting = [level for level in levels if level[0].shape[1] <= probe.receptive_field]
    return _plant(probe, *fitting[-1], random) if fitting else None


def _kernel_words(probe: WindowProbe, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Take the base with the largest gradient in every column that matters; of a first convolution its kernel's."""
    codes = random.integers(0, 4, (8 * probe.neurons, probe.receptive_field)).astype(np.uint8)
    neurons = np.repeat(np.arange(probe.neurons), 8)
    gradient = probe.gradient(codes, neurons)[1].reshape(probe.neurons, 8, 4, -1).mean(1)
    gain = gradient.max(1) - gradient.mean(1)
    read = gain >= _LEAST_COLUMN * gain.max(1, keepdims=True)
    words = np.where(read, gradient.argmax(1), -1)
    alive = gain.max(1) > 0
    return words[alive], np.flatnonzero(alive)


def _plant(probe: WindowProbe, words: np.ndarray, kernels: np.ndarray, random: np.random.Generator) -> Planted:
    """Put every word at places spread over random windows."""
    size, width = probe.receptive_field, words.shape[1]
    count = min(4 * (size - width + 1), max(8, _PLANTED // max(1, len(words))))
    codes = random.integers(0, 4, (len(words), count, size)).astype(np.uint8)
    starts = (np.arange(count) * (size - width + 1) / count).astype(int)
    rows, columns = np.arange(count)[:, None], starts[:, None] + np.arange(width)
    codes[:, rows, columns] = np.where(words[:, None] >= 0, words[:, None], codes[:, rows, columns])
    codes = codes.reshape(-1, size)
    values = probe.activations(codes)
    planted = Planted(codes, np.repeat(kernels, count), np.tile(starts, len(words)), values, width)
    pairs, mothers = _paired(planted, probe.neurons)
    mixed = np.minimum(-1 - planted.kernels[mothers], planted.kernels[mothers])
    return Planted(
        np.concatenate([codes, pairs]),
        np.concatenate([planted.kernels, mixed]),
        np.concatenate([planted.starts, planted.starts[mothers]]),
        np.concatenate([values, probe.activations(pairs)]),
        width,
    )


def _paired(planted: Planted, neurons: int) -> tuple[np.ndarray, np.ndarray]:
    """Put each of the words that excite a neuron most beside each other one: windows, and the row of the first."""
    mothers, fathers = [], []
    most = int(np.clip((2 * _PLANTED / neurons) ** 0.5, 2, _PAIRED))
    for neuron in range(neurons):
        best = planted.best(neuron)[:most]
        one, other = np.nonzero(~np.eye(len(best), dtype=bool))
        mothers.append(best[one])
        fathers.append(best[other])
    pairs = np.unique(np.stack([np.concatenate(mothers), np.concatenate(fathers)], 1), axis=0)
    columns = np.arange(planted.codes.shape[1])
    start = planted.starts[pairs[:, 1], None]
    inside = (columns >= start) & (columns < start + planted.width)
    return np.where(inside, planted.codes[pairs[:, 1]], planted.codes[pairs[:, 0]]), pairs[:, 0]


def _bred(probe: WindowProbe, planted: Planted, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Cross the windows that excite each neuron most; the best, and the best of other kernels, are its words."""
    size, neurons = probe.receptive_field, np.arange(probe.neurons)
    best = [planted.best(int(neuron))[:_PARENTS] for neuron in neurons]
    rows = np.stack([np.resize(part, _PARENTS) for part in best])
    codes = planted.codes[rows]
    values = planted.values[rows, neurons[:, None]]
    others = np.concatenate([planted.pure(int(neuron))[: _WORDS - 1] for neuron in neurons])
    young_each = int(np.clip(2 * _PLANTED // probe.neurons, 8, _OFFSPRING))
    for _ in range(_ROUNDS):
        parents = random.integers(0, codes.shape[1], (2, probe.neurons, young_each))
        ends = np.sort(random.integers(0, size + 1, (2, probe.neurons, young_each, 1)), 0)
        inside = (np.arange(size) >= ends[0]) & (np.arange(size) < ends[1])
        mothers, fathers = (codes[neurons[:, None], part] for part in parents)
        young = np.where(inside, fathers, mothers)
        tried = probe.activations(young.reshape(-1, size)).reshape(probe.neurons, young_each, -1)
        values = np.concatenate([values, tried[neurons[:, None], np.arange(young_each), neurons[:, None]]], 1)
        codes = np.concatenate([codes, young], 1)
        order = np.argsort(-values, 1, kind="stable")[:, :_PARENTS]
        codes, values = codes[neurons[:, None], order], np.take_along_axis(values, order, 1)
    height = ((planted.values - planted.values.mean(0)) / np.maximum(planted.values.std(0), 1e-12)).max(1)
    order = np.argsort(-np.where(planted.kernels >= 0, height, -np.inf), kind="stable")
    labels, each = np.unique(planted.kernels[order], return_index=True)
    rows = np.concatenate([others, order[each[labels >= 0]]])  # so that no kernel is lost
    words = np.concatenate([codes[:, 0], planted.codes[rows]]).astype(int)
    return words, np.concatenate([-1 - neurons, planted.kernels[rows]])
