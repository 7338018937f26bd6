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
_LEAST, _LEVEL = 0.15, 0.33
"""Shares of the range of activation from which windows count, and at which two ways are compared."""
_STARTS, _TRIES = 32, 4
_READ = 0.3
"""Importance of a letter, relative to the window's strongest, from which the neuron reads it."""
_SAME = 0.75
"""Share of the letters read in one window that are read in another, from which both show the same."""
_MODES, _GROWN, _GROWTHS = 12, 512, 4


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

    def pure(self, neuron: int) -> np.ndarray:
        """Those of one kernel."""
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
    best = [planted.best(neuron)[:_PARENTS] for neuron in neurons]
    rows = np.stack([np.resize(part, _PARENTS) for part in best])
    codes = planted.codes[rows]
    values = planted.values[rows, neurons[:, None]]
    others = np.concatenate([planted.pure(neuron)[: _WORDS - 1] for neuron in neurons])
    for _ in range(_ROUNDS):
        parents = random.integers(0, codes.shape[1], (2, probe.neurons, _OFFSPRING))
        ends = np.sort(random.integers(0, size + 1, (2, probe.neurons, _OFFSPRING, 1)), 0)
        inside = (np.arange(size) >= ends[0]) & (np.arange(size) < ends[1])
        mothers, fathers = (codes[neurons[:, None], part] for part in parents)
        young = np.where(inside, fathers, mothers)
        tried = probe.activations(young.reshape(-1, size)).reshape(probe.neurons, _OFFSPRING, -1)
        values = np.concatenate([values, tried[neurons[:, None], np.arange(_OFFSPRING), neurons[:, None]]], 1)
        codes = np.concatenate([codes, young], 1)
        order = np.argsort(-values, 1, kind="stable")[:, :_PARENTS]
        codes, values = codes[neurons[:, None], order], np.take_along_axis(values, order, 1)
    height = ((planted.values - planted.values.mean(0)) / np.maximum(planted.values.std(0), 1e-12)).max(1)
    order = np.argsort(-np.where(planted.kernels >= 0, height, -np.inf), kind="stable")
    labels, each = np.unique(planted.kernels[order], return_index=True)
    rows = np.concatenate([others, order[each[labels >= 0]]])  # so that no kernel is lost
    words = np.concatenate([codes[:, 0], planted.codes[rows]]).astype(int)
    return words, np.concatenate([-1 - neurons, planted.kernels[rows]])


def modes(probe: WindowProbe, neuron: int, planted: Planted, low: float, high: float) -> list[np.ndarray]:
    """Ways up from the background to a level: windows on each, from a kernel's strongest one by single changes.

    Where a way first reaches the level, the gradient says which letters the neuron reads. A way whose letters hold
    those of another shows nothing new.

    Parameters
    ----------
    probe : WindowProbe
    neuron : int
    planted : Planted
    low, high : float
        Activation from which windows count, and the level.
    """
    pure = planted.pure(neuron)[:_STARTS]
    starts = np.concatenate([pure, np.setdiff1d(planted.best(neuron)[:_STARTS], pure)])
    ways = _ways(probe, neuron, planted.codes[starts])
    reached = [np.flatnonzero(values >= high) for _, values in ways]
    ways = [(codes, values) for (codes, values), rows in zip(ways, reached, strict=True) if len(rows)]
    if not ways:
        return []
    codes = np.stack([codes[rows[0]] for (codes, _), rows in zip(ways, (r for r in reached if len(r)), strict=True)])
    gradient = probe.gradient(codes, np.full(len(codes), neuron))[1].transpose(0, 2, 1)
    here = np.take_along_axis(gradient, codes[:, :, None].astype(np.intp), 2)[:, :, 0] - gradient.mean(2)
    read = here >= _READ * np.maximum(here.max(1, keepdims=True), 1e-12)
    words: list[np.ndarray] = []
    found: list[np.ndarray] = []
    for row in np.argsort(read.sum(1), kind="stable"):
        word = np.where(read[row], codes[row], 4)
        if not any(_holds(word, other) for other in words):
            words.append(word)
            way, values = ways[row]
            found.append(way[values >= low])
    return found[:_MODES]


def _ways(probe: WindowProbe, neuron: int, codes: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Change the letter that gains most, of a few that the gradient promises most of, for as long as that gains."""
    count, size = codes.shape
    codes = codes.copy()
    steps: list[list[tuple[np.ndarray, float]]] = [[] for _ in range(count)]
    active = np.arange(count)
    for _ in range(size):
        here, gradient = probe.gradient(codes[active], np.full(len(active), neuron))
        for row, value in zip(active, here, strict=True):
            steps[row].append((codes[row].copy(), float(value)))
        gradient = gradient.transpose(0, 2, 1)
        gain = gradient - np.take_along_axis(gradient, codes[active][:, :, None].astype(np.intp), 2)
        best = np.argsort(-gain.reshape(len(active), -1), 1, kind="stable")[:, :_TRIES]
        tried = np.repeat(codes[active, None], best.shape[1], 1)
        tried[np.arange(len(active))[:, None], np.arange(best.shape[1]), best // 4] = best % 4
        values = probe.activations(tried.reshape(-1, size))[:, neuron].reshape(len(active), -1)
        top = values.argmax(1)
        better = values[np.arange(len(active)), top] > here
        codes[active[better]] = tried[better, top[better]]
        active = active[better]
        if not len(active):
            break
    return [(np.stack([c for c, _ in way]), np.array([v for _, v in way], np.float32)) for way in steps]


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
    low, high = (background + share * (maximum - background) for share in (_LEAST, _LEVEL))
    found = modes(probe, neuron, planted, low, high)
    result = []
    for starts in found:
        places = random.integers(0, 1 if bank is None else len(bank), len(starts))
        tracks = None if bank is None else bank[places]
        count = _GROWN // len(found)
        codes, values, origin = _vary(probe, neuron, starts, tracks, background, count, random)
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
