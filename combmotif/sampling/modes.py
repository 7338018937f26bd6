"""The ways in which a neuron is excited: single changes lead up from the words of the layers below.

Where the activation has reached a third of its range, the letters are read whose change is missed.
"""

from __future__ import annotations

from weakref import WeakKeyDictionary

import numpy as np

from combmotif.core.seeding import named_generator
from combmotif.inference.probe import WindowProbe
from combmotif.sampling.seeds import planted_windows

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
"""Importance of a letter, from which it stays where random letters are put."""
_MODES, _GROWN, _LOST = 12, 2048, 0.4
_KNOWN: WeakKeyDictionary[WindowProbe, dict[tuple[int, float, float], list[tuple[np.ndarray, np.ndarray]]]] = (
    WeakKeyDictionary()
)


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
    known = _KNOWN.setdefault(probe, {})
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
    codes, values = climbed(probe, neuron, planted.codes[starts], level)
    most = int(np.clip(_CHANGED // codes.shape[1], _WAYS // 2, _WAYS))
    reached = np.flatnonzero(values >= background + _LEAST * (maximum - background))[:most]
    codes, values = codes[reached], values[reached]
    if not len(codes):
        return []
    return _read_nucleotides(probe, neuron, codes, values)[:_MODES]


def _read_nucleotides(
    probe: WindowProbe, neuron: int, codes: np.ndarray, values: np.ndarray
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Read the letters of windows whose change is missed most; those that hold another window's show nothing new.

    Parameters
    ----------
    probe : WindowProbe
    neuron : int
    codes : uint8 array, shape (n, size)
    values : float array, shape (n,)
        Activations.

    Returns
    -------
    list of (read, kept)
        See `modes`; windows with few letters first.
    """
    size = codes.shape[1]
    changed = np.repeat(codes[:, None], size, 1)
    changed[:, np.arange(size), np.arange(size)] += named_generator(0, "changes").integers(1, 4, codes.shape, np.uint8)
    without = probe.activations(changed.reshape(-1, size) % 4)[:, neuron].reshape(len(codes), size)
    here = values[:, None] - without
    top = np.maximum(here.max(1, keepdims=True), 1e-12)
    found: list[tuple[np.ndarray, np.ndarray]] = []
    for row in np.argsort((here >= _READ * top).sum(1), kind="stable"):
        word = np.where(here[row] >= _READ * top[row], codes[row].astype(int), -1)
        if (word >= 0).sum() >= _FEWEST and not any(_holds(word, other) for other, _ in found):
            found.append((word, np.where(np.abs(here[row]) >= _KEPT * top[row], codes[row].astype(int), -1)))
    return found


def climbed(probe: WindowProbe, neuron: int, codes: np.ndarray, level: float = np.inf) -> tuple[np.ndarray, np.ndarray]:
    """Change the letter that gains most, of a few that the gradient promises most of, up to a level or a summit.

    Parameters
    ----------
    probe : WindowProbe
    neuron : int
    codes : uint8 array, shape (n, size)
        Where to begin.
    level : float, default infinity
        Activation at which to stop.

    Returns
    -------
    codes : uint8 array, shape (n, size)
    activations : float32 array, shape (n,)
    """
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
    moved = np.lib.stride_tricks.sliding_window_view(np.pad(word, len(word) - 1, constant_values=-1), len(word))
    wanted = np.flatnonzero(other >= 0)
    equal = int((moved[:, wanted] == other[wanted]).sum(1).max())
    return equal >= max(_FEWEST, _SAME * len(wanted))


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
