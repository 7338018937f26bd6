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
_LEAST, _LEVEL = 0.2, 0.33
"""Shares of the range of activation that a way up must reach, and at which it ends."""
_FEWEST = 4
"""Letters that show something."""
_STARTS, _TRIES, _WAYS, _CHANGED = 32, 4, 32, 4608
_READ = 0.3
"""Importance of a letter, relative to the window's strongest, from which the neuron reads it."""
_SAME = 0.85
"""Share of the letters read in one window that are read in another, from which both show the same."""
_KEPT = 0.05
"""The same, from which it stays where random letters are put."""
_MODES, _GROWN, _LOST = 12, 2048, 0.4


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
        order = np.argsort(np.where(values >= level, values - values.max() - level, -values), kind="stable")
        _, first = np.unique(self.kernels[order], return_index=True)
        rows = order[first]
        return rows[np.argsort(-values[rows], kind="stable")]

    def pure(self, neuron: int) -> np.ndarray:
        """Rows of `best` that have the word of one kernel alone."""
        best = self.best(neuron)
        return best[self.kernels[best] >= 0]


_KNOWN: WeakKeyDictionary[WindowProbe, Planted | None] = WeakKeyDictionary()
_MODES_KNOWN: WeakKeyDictionary[WindowProbe, dict[tuple[int, float, float], list[tuple[np.ndarray, np.ndarray]]]] = (
    WeakKeyDictionary()
)


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


def modes(probe: WindowProbe, neuron: int, background: float, maximum: float) -> list[tuple[np.ndarray, np.ndarray]]:
    """Find different ways up to a third of the range of activation.

    From a window of each kernel single changes lead up to the level; letters are read there whose change is missed most
    (in-silico mutagenesis). Letters that hold those of another way show nothing new.

    Parameters
    ----------
    probe : WindowProbe
    neuron : int
    background, maximum : float
        The range of activation.

    Returns
    -------
    list of (read, kept)
        Letters (length,) that the neuron reads, and those that make a difference at all; -1 is any.
    """
    known = _MODES_KNOWN.setdefault(probe, {})
    key = neuron, background, maximum
    if key not in known:
        known[key] = _modes(probe, neuron, background, maximum)
    return known[key]


def _modes(probe: WindowProbe, neuron: int, background: float, maximum: float) -> list[tuple[np.ndarray, np.ndarray]]:
    planted = planted_windows(probe)
    if planted is None or maximum <= background:
        return []
    level = background + _LEVEL * (maximum - background)
    starts = planted.least(neuron, level)
    pure = planted.kernels[starts] >= 0
    starts = np.concatenate([starts[pure][:_STARTS], starts[~pure][:_STARTS]])
    codes, values = _climbed(probe, neuron, planted.codes[starts], level)
    most = int(np.clip(_CHANGED // codes.shape[1], _WAYS // 2, _WAYS))
    reached = np.flatnonzero(values >= background + _LEAST * (maximum - background))[:most]
    codes, values = codes[reached], values[reached]
    if not len(codes):
        return []
    return read_letters(probe, neuron, codes, values)[:_MODES]


def read_letters(
    probe: WindowProbe, neuron: int, codes: np.ndarray, values: np.ndarray, tracks: np.ndarray | None = None
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Read the letters of windows whose change is missed most; those that hold another window's show nothing new.

    Parameters
    ----------
    probe : WindowProbe
    neuron : int
    codes : uint8 array, shape (n, size)
    values : float array, shape (n,)
        Activations.
    tracks : float array, optional
        Extra channels of the windows.

    Returns
    -------
    list of (read, kept)
        See `modes`; windows with few letters first.
    """
    size = codes.shape[1]
    changed = np.repeat(codes[:, None], size, 1)
    changed[:, np.arange(size), np.arange(size)] += named_generator(0, "changes").integers(1, 4, codes.shape, np.uint8)
    every = None if tracks is None else np.repeat(tracks, size, 0)
    without = probe.activations(changed.reshape(-1, size) % 4, every)[:, neuron].reshape(len(codes), size)
    here = values[:, None] - without
    top = np.maximum(here.max(1, keepdims=True), 1e-12)
    found: list[tuple[np.ndarray, np.ndarray]] = []
    for row in np.argsort((here >= _READ * top).sum(1), kind="stable"):
        word = np.where(here[row] >= _READ * top[row], codes[row].astype(int), -1)
        if (word >= 0).sum() >= _FEWEST and not any(_holds(word, other) for other, _ in found):
            found.append((word, np.where(np.abs(here[row]) >= _KEPT * top[row], codes[row].astype(int), -1)))
    return found


def _climbed(probe: WindowProbe, neuron: int, codes: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Change the letter that gains most, of a few that the gradient promises most of, up to a level or a summit."""
    codes, size = codes.copy(), codes.shape[1]
    values = np.zeros(len(codes), np.float32)
    active = np.arange(len(codes))
    for _ in range(size):
        here, gradient = probe.gradient(codes[active], np.full(len(active), neuron))
        gradient = gradient.transpose(0, 2, 1)
        values[active] = here
        below = here < level
        active, here, gradient = active[below], here[below], gradient[below]
        if not len(active):
            break
        gain = gradient - np.take_along_axis(gradient, codes[active][:, :, None].astype(np.intp), 2)
        best = np.argsort(-gain.reshape(len(active), -1), 1, kind="stable")[:, :_TRIES]
        tried = np.repeat(codes[active, None], best.shape[1], 1)
        tried[np.arange(len(active))[:, None], np.arange(best.shape[1]), best // 4] = best % 4
        scores = probe.activations(tried.reshape(-1, size))[:, neuron].reshape(len(active), -1)
        top = scores.argmax(1)
        better = scores[np.arange(len(active)), top] > here
        codes[active[better]] = tried[better, top[better]]
        active = active[better]
        if not len(active):
            break
    return codes, values


def _holds(word: np.ndarray, other: np.ndarray) -> bool:
    """Whether most letters of the other are in a word at some shift."""
    size = len(word)
    equal = 0
    for shift in range(1 - size, size):
        there = other[max(0, -shift) : size - max(0, shift)]
        same = word[max(0, shift) : size + min(0, shift)] == there
        equal = max(equal, int((same & (there >= 0)).sum()))
    return equal >= max(_FEWEST, _SAME * (other >= 0).sum())


def grown(
    probe: WindowProbe,
    neuron: int,
    background: float,
    maximum: float,
    random: np.random.Generator,
    bank: np.ndarray | None,
) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Put the letters of each mode into random windows, some of them lost: windows, activations and places, by mode.

    Half of the windows have them at another place than that where they were found.
    """
    found = modes(probe, neuron, background, maximum)
    result = []
    for _, word in found:
        count, size = _GROWN // len(found), len(word)
        codes = random.integers(0, 4, (count, size)).astype(np.uint8)
        columns = np.flatnonzero(word >= 0)
        moves = random.integers(-columns[0], size - columns[-1], count) * (random.random(count) < 0.5)
        kept = random.random((count, len(columns))) >= random.uniform(0, _LOST, (count, 1))
        sites = moves[:, None] + columns
        codes[np.arange(count)[:, None], sites] = np.where(
            kept, word[columns], codes[np.arange(count)[:, None], sites]
        )  # fmt: skip
        places = random.integers(0, 1 if bank is None else len(bank), count)
        values = probe.activations(codes, None if bank is None else bank[places])[:, neuron]
        result.append((codes, values, places))
    return result
