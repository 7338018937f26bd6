"""Which motifs explain a neuron: windows keep their excitation where the nucleotides of the motifs stay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from combmotif.discovery.sufficiency.options import SufficiencyOptions
from combmotif.discovery.sufficiency.parts import LEAST_COLUMNS
from combmotif.discovery.sufficiency.queries import UNIFORM, Queries
from combmotif.discovery.sufficiency.reading import Reading
from combmotif.motifs.concordance import best_similarity, motif_similarity

COUNT = 12
"""Background sequences that surround the nucleotides a window keeps."""
ASKED = 6
"""Motifs that the network is asked about before one of them is chosen."""
REPEATED = 0.8
"""Similarity from which two passes have found the same motif; weaker columns at the edges come and go."""


@dataclass(frozen=True)
class Windows:
    """The windows that are to be explained.

    Attributes
    ----------
    codes : uint8 array, shape (n, size)
    excitation : float array, shape (n,)
    rows : integer array, shape (n,)
        Of the samples.
    """

    codes: np.ndarray
    excitation: np.ndarray
    rows: np.ndarray

    def share(self, kept: np.ndarray) -> float:
        """Share of the summed excitation, of the share kept of each."""
        return float((kept * self.excitation).sum() / self.excitation.sum())


def scores(reading: Reading, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Log-odds of a motif at each of its places, (n, places), and their tables, (places, size, 4)."""
    size = len(reading.ppm)
    odds = np.log2(np.maximum(reading.ppm, 1e-3) / UNIFORM)
    columns = reading.columns
    places = [columns + np.where(columns < reading.cut, first, second) for first, second in reading.places]
    table = np.zeros((len(places), size, 4), np.float32)
    for row, to in zip(table, places, strict=True):
        inside = (to >= 0) & (to < size)
        row[to[inside]] = odds[columns[inside]]
    return np.eye(4, dtype=np.float32)[codes].reshape(len(codes), -1) @ table.reshape(len(table), -1).T, table


def threshold(queries: Queries, reading: Reading, options: SufficiencyOptions) -> float:
    """Score that a motif reaches in a share ``chance`` of background sequences."""
    return float(np.quantile(scores(reading, queries.background)[0].max(1), 1 - options.chance))


def called(queries: Queries, reading: Reading, codes: np.ndarray, options: SufficiencyOptions) -> np.ndarray:
    """Nucleotides of windows that a motif wants, wherever it scores above its threshold; bool (n, size)."""
    level = threshold(queries, reading, options)
    total, table = scores(reading, codes)
    keep = np.zeros(codes.shape, bool)
    for place in np.flatnonzero((total >= level).any(0)):
        rows = np.flatnonzero(total[:, place] >= level)
        keep[rows] |= table[place][np.arange(queries.size), codes[rows]] > 0
    return keep


def carried_at(queries: Queries, reading: Reading, codes: np.ndarray, options: SufficiencyOptions) -> np.ndarray:
    """Move of a motif's first column to where each window carries it best; NaN where it is not called; float (n,)."""
    total, _ = scores(reading, codes)
    moves = np.array([first for first, _ in reading.places], float)
    return np.where(total.max(1) >= threshold(queries, reading, options), moves[total.argmax(1)], np.nan)


def retained(queries: Queries, windows: Windows, keep: np.ndarray) -> np.ndarray:
    """Share of each window's excitation that the nucleotides kept have by themselves, 0 to 1; (n,)."""
    share, some = np.zeros(len(keep)), keep.any(1)
    if some.any():
        rows = windows.rows[some] if queries.tracks is not None else None
        gains = queries.kept(windows.codes[some], keep[some], COUNT, rows)
        share[some] = np.clip(gains / windows.excitation[some], 0, 1)
    return share


def merged(old: Reading, new: Reading, options: SufficiencyOptions) -> Reading | None:
    """One motif of two with the same nucleotides, or the same two parts, with the places of both; None of others."""
    a, b = old.ppm - UNIFORM, new.ppm - UNIFORM
    likeness, step = alike(a, b)
    steps = (step, step)
    if likeness < options.same and old.cut >= 0 and new.cut >= 0:
        likeness, steps = _apart(a, b, old.cut)
    if likeness < options.same:
        return None
    places = {(first + steps[0], second + steps[1]): share for (first, second), share in new.places.items()}
    return replace(old, places=places | old.places)


def alike(a: np.ndarray, b: np.ndarray) -> tuple[float, int]:
    """Best cosine of two matrices of deviations over the columns of both, and the move of ``a`` onto ``b``."""
    norm = max(float(np.sqrt((a**2).sum() * (b**2).sum())), 1e-12)
    products = _products(a, b)
    move = int(products.argmax())
    return float(products[move]) / norm, move - len(a) + 1


def _products(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Summed products of two matrices (size, 4), the first moved by 1 - size to size - 1."""
    size = len(a)
    padded = np.zeros((3 * size - 2, 4))
    padded[size - 1 : 2 * size - 1] = b
    views = np.lib.stride_tricks.sliding_window_view(padded, size, axis=0)  # (moves, 4, size)
    return np.einsum("mks,sk->m", views, a)


def _apart(a: np.ndarray, b: np.ndarray, cut: int) -> tuple[float, tuple[int, int]]:
    """Best cosine of a matrix whose columns before and from ``cut`` on are moved apart with another, and the moves."""
    columns = np.arange(len(a))[:, None]
    first = _products(np.where(columns < cut, a, 0), b)
    second = _products(np.where(columns >= cut, a, 0), b)
    moves = np.array([int(first.argmax()), int(second.argmax())]) - len(a) + 1
    informative = np.flatnonzero(np.ptp(a, 1) > 0)
    if moves[0] + informative[informative < cut].max() >= moves[1] + informative[informative >= cut].min():
        return 0.0, (0, 0)  # the parts would overlap
    norm = max(float(np.sqrt((a**2).sum() * (b**2).sum())), 1e-12)
    return float(first.max() + second.max()) / norm, (int(moves[0]), int(moves[1]))


def choose(
    queries: Queries,
    candidates: Sequence[Reading],
    each: np.ndarray,
    keeps: Sequence[np.ndarray],
    windows: Windows,
    options: SufficiencyOptions,
) -> list[Reading]:
    """Choose the fewest motifs that explain the windows.

    Compounds of simpler motifs are left out (`_simplest`). Of the others, the motif that explains most goes first, then
    whichever adds most, until none adds ``least``; then those that the others make up for are dropped, asking the
    network what the nucleotides of the others keep together. So are, the least first, those whose own k-mers hold
    others that keep ``additive`` of the excitation: a motif with something weak beside it is that motif.
    """
    readings, keeps = list(candidates), list(keeps)
    cover, keep = np.zeros(len(windows.codes)), np.zeros(windows.codes.shape, bool)
    chosen: list[int] = []
    left = _simplest(queries, readings, options)
    while left:
        # what two motifs keep together is up to the network: it is asked for those that would add most if they add up
        left.sort(key=lambda i: -windows.share(np.minimum(cover + each[i], 1)))
        kept = [retained(queries, windows, keep | keeps[i]) for i in left[:ASKED]]
        most = int(np.argmax([windows.share(one) for one in kept]))
        if windows.share(kept[most]) - windows.share(cover) < options.least:
            break
        best, cover = left.pop(most), kept[most]
        keep = keep | keeps[best]
        for i in chosen:  # the same letters elsewhere are one motif
            if (joined := merged(readings[i], readings[best], options)) is not None:
                readings[i], keeps[i] = joined, keeps[i] | keeps[best]
                break
        else:
            chosen.append(best)

    chosen = _needed(queries, keeps, chosen, windows, options)
    found = [readings[i] for i in sorted(chosen, key=lambda i: -windows.share(each[i]))]
    for reading in found[::-1]:
        others = [other for other in found if other is not reading]
        if others and _held(queries, reading, others, options) >= options.additive:
            found = others
    return found


def _simplest(queries: Queries, readings: Sequence[Reading], options: SufficiencyOptions) -> list[int]:
    """Leave out readings that are simpler ones side by side, or one of them twice; the widest is tried first.

    Simpler are those with `LEAST_COLUMNS` clear columns less, so that a motif never gives way to its own core.
    """
    left = list(range(len(readings)))
    for i in sorted(left, key=lambda i: -len(readings[i].clear)):
        simpler = [readings[j] for j in left if len(readings[j].clear) + LEAST_COLUMNS <= len(readings[i].clear)]
        if simpler and _held(queries, readings[i], simpler, options) >= options.additive:
            left.remove(i)
    return left


def _held(queries: Queries, reading: Reading, others: Sequence[Reading], options: SufficiencyOptions) -> float:
    """Share of the excitation of a motif's k-mers that the nucleotides of other motifs in them keep."""
    codes = queries.draw(reading.ppm, options.backgrounds)
    rows = np.full(len(codes), reading.row or 0)
    excitation = queries.excitation(queries.activation(codes, rows))
    excites = excitation > 0
    if not excites.any():
        return 1.0
    words = Windows(codes[excites], excitation[excites], rows[excites])
    return words.share(retained(queries, words, np.any([called(queries, o, words.codes, options) for o in others], 0)))


def _needed(
    queries: Queries, keeps: Sequence[np.ndarray], chosen: Sequence[int], windows: Windows, options: SufficiencyOptions
) -> list[int]:
    """Drop motifs that the others make up for: those without which they keep as much, but for ``least``."""

    def explained(of: Sequence[int]) -> float:
        return windows.share(retained(queries, windows, np.any([keeps[i] for i in of], axis=0)))

    left = list(chosen)
    share = explained(left) if len(left) > 1 else 0.0
    while len(left) > 1:
        without = [explained([i for i in left if i != j]) for j in left]
        most = int(np.argmax(without))
        if share - without[most] >= options.least:
            break
        left.pop(most)
        share = without[most]
    return left


def _added(
    queries: Queries,
    keeps: Sequence[np.ndarray],
    left: Sequence[int],
    windows: Windows,
    least: float,
    before: Sequence[int] = (),
) -> list[tuple[int, float]]:
    """Motifs, and the share of the excitation that each adds to those before it, most first, until none adds least."""
    keep = np.any([np.zeros(windows.codes.shape, bool), *(keeps[i] for i in before)], axis=0)
    share, order, left = windows.share(retained(queries, windows, keep)), [], list(left)
    while left:
        shares = [windows.share(retained(queries, windows, keep | keeps[i])) for i in left]
        most = int(np.argmax(shares))
        if shares[most] - share < least:
            break
        order.append((left[most], shares[most] - share))
        keep, share = keep | keeps[left.pop(most)], shares[most]
    return order


def ordered(
    queries: Queries, found: Sequence[Reading], windows: Windows, options: SufficiencyOptions
) -> list[tuple[Reading, float]]:
    """Motifs, and the share of the excitation that each adds to those before it; first the one that adds most.

    Those that add less than ``least`` are left out.
    """
    keeps = [called(queries, reading, windows.codes, options) for reading in found]
    order = _added(queries, keeps, range(len(keeps)), windows, options.least)
    return [(found[i], share) for i, share in order]


def agreed(
    queries: Queries, passes: Sequence[Sequence[Reading]], windows: Windows, options: SufficiencyOptions
) -> bool:
    """Whether two passes found the same, and leave so little that a motif of another pass could not add ``alone``."""
    if not all(passes):
        return False
    sets = [[reading.motif for reading in own] for own in passes]
    for own, other in (sets, sets[::-1]):
        if any(best_similarity(motif, other) < REPEATED for motif in own):
            return False
    keeps = [np.any([called(queries, reading, windows.codes, options) for reading in own], axis=0) for own in passes]
    return all(windows.share(retained(queries, windows, keep)) > 1 - options.alone for keep in keeps)


def repeated(
    queries: Queries, passes: Sequence[Sequence[Reading]], windows: Windows, options: SufficiencyOptions
) -> list[Reading]:
    """Choose the motifs of several passes that more than one of them found.

    Of motifs that are alike, the one most like all, weighted by what they explain, is taken. Those that a second pass
    found, if only as an arrangement of its motifs, go first, as long as they add ``least``; one that a single pass
    found has to add ``alone``: then the others missed something. In the end those go that the others make up for.
    """
    if len(passes) == 1:
        return list(passes[0])
    readings = [reading for own in passes for reading in own]
    sets = [[reading.motif for reading in own] for own in passes]
    motifs = [motif for own in sets for motif in own]
    if not motifs:
        return []
    keeps = [called(queries, reading, windows.codes, options) for reading in readings]
    shares = np.array([windows.share(retained(queries, windows, keep)) for keep in keeps])
    likeness = np.array([[motif_similarity(motif, other) for other in motifs] for motif in motifs])
    support = np.array([[best_similarity(motif, own) if own else 0.0 for own in sets] for motif in motifs])
    typical = likeness @ shares
    often: list[int] = []
    once: list[int] = []
    left = np.arange(len(motifs))
    while len(left):
        best = int(left[typical[left].argmax()])
        (often if np.sort(support[best])[-2] >= REPEATED else once).append(best)
        left = left[likeness[best, left] < REPEATED]
    chosen = [i for i, _ in _added(queries, keeps, often, windows, options.least)]
    chosen += [i for i, _ in _added(queries, keeps, once, windows, options.alone, chosen)]
    return [readings[i] for i in _needed(queries, keeps, chosen, windows, options)]
