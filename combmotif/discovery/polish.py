"""What a motif does on its own: its letters, changed one by one in random windows.

Letters counted in a neuron's windows also hold what else excites it there: other motifs that overlap, what windows
share by descent, the context the sampler preferred. Here a motif is put into random windows, weakened until
the neuron is in doubt, and each of its columns is given each base in turn. The mean activation tells what the neuron
wants at that column, whatever stands around it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from combmotif.inference.probe import WindowProbe

CONTEXTS = 32
"""Random windows in which a motif is tried."""
PLACES = 2
FLANK = 4
"""Columns on either side that are tried too."""
ROUNDS = 2
LEAST_GAIN = 0.15
"""Share of a motif's strength by which another base must be better to take a column."""
DOUBT = 0.6
"""Share of its strength that a motif keeps when it is weakened."""
RATES = (0.0, 0.06, 0.12, 0.18, 0.24, 0.32, 0.4)
STRONG = 0.92
"""Probability of the wanted base in a column of usual effect."""


@dataclass(frozen=True)
class Polished:
    """A motif as the neuron wants it.

    Attributes
    ----------
    ppm : float array, shape (columns, 4)
        Probability of each base, Boltzmann's of the mean activation with it.
    low : int
        Column of the unit on which ``ppm`` begins.
    strength : float
        Mean activation of random windows with the motif less that without.
    excitation : float
        The same of the activation above the background.
    place : int
    """

    ppm: np.ndarray
    low: int
    strength: float
    excitation: float
    place: int


def polish(
    probe: WindowProbe,
    neuron: int,
    background: float,
    word: Mapping[int, int],
    places: Sequence[int],
    random: np.random.Generator,
) -> Polished:
    """Find what the neuron wants in each column of a word, and beside it.

    Parameters
    ----------
    probe : WindowProbe
    neuron : int
    background : float
        Activation of random windows.
    word : mapping of int to int
        Base (0 to 3) of columns, relative to a place.
    places : sequence of int
        Where the word occurs, best first.
    random : numpy.random.Generator
    """
    size = probe.receptive_field
    low = min(word) - FLANK
    letters = np.full(max(word) + 1 + FLANK - low, -1)
    for column, base in word.items():
        letters[column - low] = base
    contexts = random.integers(0, 4, (CONTEXTS, size)).astype(np.uint8)
    dice = random.random((CONTEXTS, len(letters)))

    def run(codes: np.ndarray) -> np.ndarray:
        return probe.activations(codes.reshape(-1, size))[:, neuron].reshape(codes.shape[:-1])

    def put(letters: np.ndarray, place: int, rate: float = 0.0) -> np.ndarray:
        codes = contexts.copy()
        columns = place + low + np.arange(len(letters))
        inside = (columns >= 0) & (columns < size)
        kept = (letters >= 0)[inside] & (dice[:, inside] >= rate)
        codes[:, columns[inside]] = np.where(kept, letters[inside], codes[:, columns[inside]])
        return codes

    plain = run(contexts)
    tried = [(run(put(letters, place)).mean(), -rank, place) for rank, place in enumerate(places)]
    tried.sort(reverse=True)
    base, top = float(plain.mean()), float(tried[0][0])
    used = [place for value, _, place in tried if value - base >= 0.7 * (top - base)][:PLACES] or [tried[0][2]]
    effect = np.zeros((len(letters), 4))
    for _ in range(ROUNDS):
        full = float(np.mean([run(put(letters, place)).mean() for place in used])) - base
        rate = 0.0
        for new in RATES[1:]:
            if np.mean([run(put(letters, place, new)).mean() for place in used]) - base < DOUBT * full:
                break
            rate = new
        stack = []
        for place in used:
            codes = put(letters, place, rate)
            columns = place + low + np.arange(len(letters))
            grid = np.repeat(np.repeat(codes[None, None], len(letters), 0), 4, 1)
            for index, column in enumerate(columns):
                if 0 <= column < size:
                    grid[index, :, :, column] = np.arange(4)[:, None]
            stack.append(run(grid).mean(2))
        effect = np.mean(stack, 0)
        here = np.where(letters >= 0, effect[np.arange(len(letters)), np.maximum(letters, 0)], effect.mean(1))
        change = effect.max(1) - here > LEAST_GAIN * max(full, 1e-9)
        if full <= 0 or not change.any():
            break
        letters = np.where(change, effect.argmax(1), letters)
    drop = effect.max(1, keepdims=True) - effect
    rest = drop.sum(1) / 3
    usual = float(np.median(rest[rest >= 0.4 * rest.max()])) if rest.max() > 0 else 1.0
    boltzmann = np.exp(-np.log(3 * STRONG / (1 - STRONG)) * np.minimum(drop / usual, 3))
    found = put(letters, used[0])
    excitation = np.maximum(run(found), background).mean() - np.maximum(plain, background).mean()
    return Polished(boltzmann / boltzmann.sum(1, keepdims=True), low, full, float(excitation), used[0])
