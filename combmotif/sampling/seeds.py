"""Where a search begins: what excites the neurons of the layers below, put into windows of the layer.

A neuron that needs most letters of a motif, or two motifs at once, is silent on random windows, and silence has no
gradient. The neurons below need less: of the first convolution the best word can be read off its kernel. In random
windows the words of one layer show which of them excite each neuron of the next, and crossing these gives its words.
"""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from combmotif.effects.seeding import named_generator
from combmotif.inference.probe import WindowProbe

_LEAST_COLUMN = 0.15
"""Gain of a column's best base, relative to the kernel's strongest column, from which it belongs to a word."""
_PLANTED = 4096
"""Windows per layer in which words are tried, at most four per place of a word."""
_WORDS = 3
"""Words of a neuron, from different kernels."""
_PAIRED = 8
_PARENTS, _OFFSPRING, _ROUNDS = 12, 48, 2
_LEAST_VALUE = 0.2
"""Share of the range of activation that windows of a seed reach."""
_READ = 0.3
"""Importance of a letter, relative to the window's strongest, from which the neuron reads it."""
_SAME = 0.75
"""Share of the letters read in one window that are read in another, from which both show the same."""
_MODES, _GROWN, _GROWTHS = 12, 1024, 4


@dataclass(frozen=True)
class Planted:
    """Random windows with words of the layer below.

    Attributes
    ----------
    codes : uint8 array, shape (n, receptive_field)
    kernels : integer array, shape (n,)
        Kernel of the first convolution that each word goes back to.
    starts : integer array, shape (n,)
        Place of each word.
    values : float32 array, shape (n, neurons)
        Activations.
    width : int
        Of a word.
    single : int
        The first so many windows have one word, the others two.
    """

    codes: np.ndarray
    kernels: np.ndarray
    starts: np.ndarray
    values: np.ndarray
    width: int
    single: int

    def best(self, neuron: int, rows: slice = slice(None)) -> np.ndarray:
        """Rows of the window of each kernel that excites a neuron most, by descending activation."""
        order = np.argsort(-self.values[rows, neuron], kind="stable")
        _, first = np.unique(self.kernels[rows][order], return_index=True)
        return order[np.sort(first)] + (rows.start or 0)


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
        if fitting:
            levels.append(_bred(below, _plant(below, *fitting[-1], random), random))
        else:
            levels.append(_kernel_words(below, random))
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
    planted = Planted(codes, np.repeat(kernels, count), np.tile(starts, len(words)), values, width, len(codes))
    pairs = _paired(planted, probe.neurons)
    mothers = pairs[1]
    return Planted(
        np.concatenate([codes, pairs[0]]), planted.kernels[np.append(np.arange(len(codes)), mothers)],
        planted.starts[np.append(np.arange(len(codes)), mothers)],
        np.concatenate([values, probe.activations(pairs[0])]), width, len(codes),
    )  # fmt: skip


def _paired(planted: Planted, neurons: int) -> tuple[np.ndarray, np.ndarray]:
    """Put each of the words that excite a neuron most beside each other one: windows, and the row of the first."""
    mothers, fathers = [], []
    for neuron in range(neurons):
        best = planted.best(neuron)[:_PAIRED]
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
    rows = np.stack([planted.best(neuron)[:_PARENTS] for neuron in neurons])
    codes, kernels = planted.codes[rows], planted.kernels[rows]
    values = planted.values[rows, neurons[:, None]]
    others = np.stack([planted.best(neuron, slice(0, planted.single))[: _WORDS - 1] for neuron in neurons])
    for _ in range(_ROUNDS):
        parents = random.integers(0, codes.shape[1], (2, probe.neurons, _OFFSPRING))
        ends = np.sort(random.integers(0, size + 1, (2, probe.neurons, _OFFSPRING, 1)), 0)
        inside = (np.arange(size) >= ends[0]) & (np.arange(size) < ends[1])
        mothers, fathers = (codes[neurons[:, None], part] for part in parents)
        young = np.where(inside, fathers, mothers)
        tried = probe.activations(young.reshape(-1, size)).reshape(probe.neurons, _OFFSPRING, -1)
        values = np.concatenate([values, tried[neurons[:, None], np.arange(_OFFSPRING), neurons[:, None]]], 1)
        codes = np.concatenate([codes, young], 1)
        kernels = np.concatenate([kernels, kernels[neurons[:, None], parents[0]]], 1)
        order = np.argsort(-values, 1, kind="stable")[:, :_PARENTS]
        codes, values = codes[neurons[:, None], order], np.take_along_axis(values, order, 1)
        kernels = np.take_along_axis(kernels, order, 1)
    words = np.concatenate([codes[:, :1], planted.codes[others]], 1).reshape(-1, size)
    return words.astype(int), np.concatenate([kernels[:, :1], planted.kernels[others]], 1).ravel()


def modes(probe: WindowProbe, neuron: int, planted: Planted, least: float) -> list[np.ndarray]:
    """Rows of planted windows that excite a neuron at least so much, those that show the same letters together.

    Of the strongest window of each kernel the gradient says which letters the neuron reads. A kernel whose letters
    hold those of another shows nothing new.
    """
    single = slice(0, planted.single), slice(planted.single, len(planted.codes))
    best = np.concatenate([planted.best(neuron, rows) for rows in single])
    best = best[planted.values[best, neuron] >= least]
    if not len(best):
        return []
    codes = planted.codes[best]
    gradient = probe.gradient(codes, np.full(len(codes), neuron))[1].transpose(0, 2, 1)
    here = np.take_along_axis(gradient, codes[:, :, None].astype(np.intp), 2)[:, :, 0] - gradient.mean(2)
    read = here >= _READ * np.maximum(here.max(1, keepdims=True), 1e-12)
    kept: list[np.ndarray] = []
    found: list[np.ndarray] = []
    for row in np.argsort(read.sum(1), kind="stable"):
        word = np.where(read[row], codes[row], 4)
        if not any(_holds(word, other) for other in kept):
            kept.append(word)
            alike = (planted.kernels == planted.kernels[best[row]]) & (planted.values[:, neuron] >= least)
            rows = np.arange(len(alike))
            found.append(np.flatnonzero(alike & ((rows < planted.single) == (best[row] < planted.single))))
    return found[:_MODES]


def _holds(word: np.ndarray, other: np.ndarray) -> bool:
    """Whether most letters of the other (4 is free) are in a word at some shift."""
    count = int((other < 4).sum())
    size = len(word)
    equal = max(
        int(((word[max(0, s) : size + min(0, s)] == other[max(0, -s) : size - max(0, s)])
             & (other[max(0, -s) : size - max(0, s)] < 4)).sum())
        for s in range(1 - size, size)
    )  # fmt: skip
    return equal >= _SAME * count


def grown(
    probe: WindowProbe,
    neuron: int,
    background: float,
    maximum: float,
    random: np.random.Generator,
    bank: np.ndarray | None,
) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Vary what the layers below read that excites a neuron on its own: windows, activations and places, per mode."""
    planted = planted_windows(probe)
    if planted is None or maximum <= background:
        return []
    found = modes(probe, neuron, planted, background + _LEAST_VALUE * (maximum - background))
    result = []
    for rows in found:
        places = random.integers(0, 1 if bank is None else len(bank), len(rows))
        tracks = None if bank is None else bank[places]
        count = _GROWN // len(found)
        codes, values, origin = _vary(probe, neuron, planted.codes[rows], tracks, background, count, random)
        result.append((codes, values, places[origin]))
    return result


def _vary(
    probe: WindowProbe,
    neuron: int,
    starts: np.ndarray,
    tracks: np.ndarray | None,
    background: float,
    count: int,
    random: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Change windows at a third or less of their letters, and what still excites the neuron again, a few times.

    Returns windows (n, length), activations (n,) and the row of ``starts`` that each descends from.
    """
    size = starts.shape[1]
    origin = np.arange(len(starts))
    codes = starts
    values = probe.activations(codes, tracks)[:, neuron]
    for _ in range(_GROWTHS):
        alive = np.flatnonzero(values > background)
        if not len(alive):
            break
        rows = random.choice(alive, count)
        changed = random.random((count, size)) < random.uniform(1 / size, 1 / 3, (count, 1))
        new = np.where(changed, random.integers(0, 4, (count, size)), codes[rows]).astype(np.uint8)
        beside = None if tracks is None else tracks[origin[rows]]
        codes, origin = np.concatenate([codes, new]), np.concatenate([origin, origin[rows]])
        values = np.concatenate([values, probe.activations(new, beside)[:, neuron]])
    return codes, values, origin
