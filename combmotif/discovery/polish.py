"""What a motif does on its own: its letters, changed one by one in random windows.

Letters counted in a neuron's windows also hold what else excites it there: other motifs that overlap, what windows
share by descent, the context the sampler preferred. Here a motif is put into random windows and weakened until the
neuron is in doubt, for a neuron that saturates does not miss a single letter; then each column is given each base in
turn. The mean activation tells what the neuron wants at that column, whatever stands around it (in-silico mutagenesis,
averaged over contexts).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from combmotif.inference.probe import WindowProbe
from combmotif.motifs.segment import segments
from combmotif.sampling.samples import Samples

CONTEXTS, LONG = 32, 144
"""Random windows in which a motif is tried; half as many where they are longer than 144."""
PLACES = 2
"""Most places at which it is tried."""
FLANK = 4
"""Columns on either side that are tried too."""
LEAST_GAIN = 0.15
"""Share of a motif's strength by which another base must be better to take a column for the second round."""
DOUBT = 0.6
"""Share of its strength that a weakened motif keeps."""
RATES = (0.06, 0.12, 0.18, 0.24, 0.32, 0.4)
"""Shares of the letters that may be lost to weaken it."""
STRONG = 0.92
"""Probability of the wanted base in a column of median effect."""


FAITHFUL = 0.75
"""Share of a word's strength that the bases shown must have."""
FAINTER = (0.5, 0.25)
"""Where a part of the word that matters less is lost: the effect, relative to that of the median column, at which a
base is as probable as else at the median one."""
CLEARLY = 1.2
"""What that must do, relative to the part that is left."""
PART = 4
"""Letters of such a part."""
WANTED = 0.2
"""Probability above uniform of a base that a column wants."""


@dataclass(frozen=True)
class Polished:
    """A motif as the neuron wants it.

    Attributes
    ----------
    ppm : float array, shape (columns, 4)
        Probability of each base: Boltzmann's, of the mean activation with it.
    low : int
        Column on which ``ppm`` begins, relative to the motif's place.
    strength : float
        Mean activation of random windows with the bases it wants, less that without.
    excitation : float
        The same of the activation above the background.
    drawn : float
        As ``strength``, with words drawn from ``ppm``: small where its letters are not those of one word.
    """

    ppm: np.ndarray
    low: int
    strength: float
    excitation: float
    drawn: float


class Trial:
    """Words in random windows."""

    def __init__(
        self,
        probe: WindowProbe,
        samples: Samples,
        low: int,
        columns: int,
        random: np.random.Generator,
        contexts: int = CONTEXTS,
    ):
        size = probe.receptive_field
        self.probe, self.neuron, self.background = probe, samples.neuron, samples.background
        count = contexts if size <= LONG else contexts // 2
        self.low, self.contexts = low, random.integers(0, 4, (count, size)).astype(np.uint8)
        self.dice = random.random((count, columns))
        drawn = random.integers(0, max(1, len(samples)), count)
        self.tracks = None if samples.tracks is None else samples.tracks[drawn]
        self.plain = self.run(self.contexts)

    def run(self, codes: np.ndarray, rows: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Activation of windows (..., contexts, size), of some contexts; (..., contexts)."""
        tracks = None if self.tracks is None else self.tracks[rows]
        if tracks is not None:
            tracks = np.broadcast_to(tracks, (*codes.shape[:-2], *tracks.shape)).reshape(-1, *tracks.shape[1:])
        values = self.probe.activations(codes.reshape(-1, codes.shape[-1]), tracks)[:, self.neuron]
        return values.reshape(codes.shape[:-1])

    def put(self, letters: np.ndarray, place: int, rate: float = 0.0) -> np.ndarray:
        """Put letters (-1 is free), the same or other ones, into each context, but for a share; (contexts, size)."""
        codes = self.contexts.copy()
        columns = place + self.low + np.arange(letters.shape[-1])
        inside = (columns >= 0) & (columns < codes.shape[1])
        kept = (letters >= 0)[..., inside] & (self.dice[:, inside] >= rate)
        codes[:, columns[inside]] = np.where(kept, letters[..., inside], codes[:, columns[inside]])
        return codes

    def draw(self, ppm: np.ndarray) -> np.ndarray:
        """Draw the letters of a matrix for each context, -1 where it is uniform; (contexts, columns)."""
        letters = (self.dice[:, :, None] > ppm.cumsum(1)).sum(2).clip(0, 3)
        return np.where(np.ptp(ppm, 1) > 0, letters, -1)

    def effect(self, letters: np.ndarray, places: Sequence[int], rate: float, half: int | None = None) -> np.ndarray:
        """Mean activation with each base in each column of the weakened word; (columns, 4).

        The contexts, or those of one half, are shared out between the places.
        """
        every = (
            np.arange(len(self.contexts)) if half is None else np.array_split(np.arange(len(self.contexts)), 2)[half]
        )
        parts = [self._effect(letters, place, rate, every[i :: len(places)]) for i, place in enumerate(places)]
        return np.mean(parts, axis=0)

    def _effect(self, letters: np.ndarray, place: int, rate: float, rows: np.ndarray) -> np.ndarray:
        codes = self.put(letters, place, rate)[rows]
        count = letters.shape[-1]
        near = np.convolve(np.atleast_2d(letters >= 0).any(0), np.ones(2 * FLANK + 1), "same") > 0
        wanted = place + self.low + np.arange(count)
        tried = np.flatnonzero(near & (wanted >= 0) & (wanted < codes.shape[1]))
        grid = np.repeat(np.repeat(codes[None, None], len(tried), 0), 3, 1)
        others = (codes[:, wanted[tried]].T[:, None] + np.arange(1, 4)[:, None]) % 4  # (tried, 3, rows)
        for index, column in enumerate(wanted[tried]):
            grid[index, :, :, column] = others[index]
        here = self.run(codes, rows)
        effect = np.full((count, 4), here.mean())
        values = np.broadcast_to(here[:, None], (len(tried), len(rows), 4)).copy()
        np.put_along_axis(values, others.transpose(0, 2, 1), self.run(grid, rows).transpose(0, 2, 1), 2)
        effect[tried] = values.mean(1)
        return effect

    def gain(self, letters: np.ndarray, places: Sequence[int], rate: float = 0.0) -> float:
        """Mean activation with the word, less that without."""
        return float(np.mean([self.run(self.put(letters, place, rate)).mean() for place in places]) - self.plain.mean())

    def excited(self, letters: np.ndarray, places: Sequence[int]) -> float:
        """Mean activation above the background with the word, less that without."""
        found = np.mean([np.maximum(self.run(self.put(letters, p)), self.background).mean() for p in places])
        return float(found - np.maximum(self.plain, self.background).mean())

    def polished(self, ppm: np.ndarray, shown: np.ndarray, places: Sequence[int]) -> Polished:
        """Measure what a matrix, and the letters of it that are shown, do at some places."""
        drawn = self.gain(self.draw(seen(ppm)), places)
        return Polished(ppm, self.low, self.gain(shown, places), self.excited(shown, places), drawn)


def polish(
    probe: WindowProbe,
    samples: Samples,
    word: Mapping[int, int],
    places: Sequence[int],
    random: np.random.Generator,
    *,
    least: float = -np.inf,
    enough: float = -np.inf,
) -> Polished | None:
    """Find what the neuron wants in each column of a word, and beside it.

    Parameters
    ----------
    probe : WindowProbe
    samples : Samples
        Say the neuron, its background and, of a model with extra channels, the tracks that contexts have.
    word : mapping of int to int
        Base (0 to 3) of columns, relative to a place.
    places : sequence of int
        Where the word occurs; of these the two best count.
    random : numpy.random.Generator
    least : float, optional
        Strength below which the word is given up.
    enough : float, optional
        Strength from which a second look is worth it.

    Returns
    -------
    Polished or None
    """
    low = min(word) - FLANK
    letters = np.full(max(word) + 1 + FLANK - low, -1)
    for column, base in word.items():
        letters[column - low] = base
    trial = Trial(probe, samples, low, len(letters), random)
    gains = {place: trial.gain(letters, [place]) for place in places}
    often = sorted(gains, key=lambda place: -gains[place])[:PLACES]
    if gains[often[0]] < least:
        return None
    used = [place for place in often if gains[place] >= 0.7 * gains[often[0]]] or often[:1]
    for turn in range(2):
        strength, rate = trial.gain(letters, used), 0.0
        if turn and strength < enough:
            break
        for more in RATES:
            if trial.gain(letters, used, more) < DOUBT * strength:
                break
            rate = more
        effect = trial.effect(letters, used, rate, None if turn else 0)
        here = np.where(letters >= 0, effect[np.arange(len(letters)), np.maximum(letters, 0)], effect.mean(1))
        better = effect.max(1) - here > LEAST_GAIN * strength
        if turn or strength <= 0:
            break
        if not better.any():
            if strength >= enough:
                effect = (effect + trial.effect(letters, used, rate, 1)) / 2
            break
        letters = np.where(better, effect.argmax(1), letters)
    best = _clearest(trial, letters, used, effect, strength, enough)
    if rate and strength >= enough and trial.gain(best[1], used) < FAITHFUL * strength:
        whole = trial.effect(letters, used, 0.0)  # the weakened word was another one
        best = max(best, _clearest(trial, letters, used, whole, strength, enough), key=lambda b: trial.gain(b[1], used))
    return trial.polished(*best, used)


def _clearest(
    trial: Trial, letters: np.ndarray, places: Sequence[int], effect: np.ndarray, strength: float, enough: float
) -> tuple[np.ndarray, np.ndarray]:
    """Show what bases do, and where a part of the word is lost, what is fainter, if that does much more."""
    best = preferred(effect)
    for least in FAINTER:
        if strength < enough or not cut(letters, best[1]):
            break
        fainter = preferred(effect, least)
        if trial.gain(fainter[1], places) > CLEARLY * trial.gain(best[1], places):
            best = fainter
    return best


def cut(letters: np.ndarray, shown: np.ndarray) -> bool:
    """Whether a word has letters of another part before or behind those that are shown."""
    columns = np.flatnonzero(shown >= 0)
    if not len(columns):
        return False
    before, behind = letters[: columns[0]] >= 0, letters[columns[-1] + 1 :] >= 0
    return bool(max(before.sum(), behind.sum()) >= PART)


def preferred(effect: np.ndarray, scale: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Probability of each base, by the mean activation with it, and the bases that are shown; -1 is any."""
    drop = effect.max(1, keepdims=True) - effect
    rest = drop.sum(1) / 3
    usual = max(scale * float(np.median(rest[rest >= 0.4 * rest.max()])), 1e-12)
    weight = np.exp(-np.log(3 * STRONG / (1 - STRONG)) * np.minimum(drop / usual, 3))
    ppm = weight / weight.sum(1, keepdims=True)
    shown = np.full(len(ppm), -1)
    for start, end in segments(ppm):
        shown[start:end] = np.where(ppm[start:end].max(1) >= 0.25 + WANTED, ppm[start:end].argmax(1), -1)
    return ppm, shown


def seen(ppm: np.ndarray) -> np.ndarray:
    """Take what lies outside the informative segments of a matrix as uniform."""
    inside = np.full_like(ppm, 0.25)
    for start, end in segments(ppm):
        inside[start:end] = ppm[start:end]
    return inside
