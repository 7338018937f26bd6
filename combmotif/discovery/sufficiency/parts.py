"""Whether a matrix is one motif, two, or one of two parts that move; and where in the window it acts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from combmotif.discovery.sufficiency.options import SufficiencyOptions
from combmotif.discovery.sufficiency.queries import UNIFORM, Queries
from combmotif.discovery.sufficiency.reading import Reading, read

LEAST_COLUMNS = 3
"""Clear columns of a part."""
MOST_DISTANCE = 16
"""Nucleotides that a second part is moved away."""
_DEEPEST = 3
_SETTLES = 2
_CHUNK = 8  # steps tried at once
_CERTAIN, _MOST_TESTED = 2.0, 8  # standard errors from the threshold at which a test of synergy ends; most draws


def moved(reading: Reading, first: int, second: int, cut: int = 0) -> np.ndarray:
    """Matrix with the columns before ``cut`` moved by ``first``, the others by ``second``; what leaves is lost."""
    ppm, columns = np.full_like(reading.ppm, UNIFORM), reading.columns
    to = columns + np.where(columns < cut, first, second)
    inside = (to >= 0) & (to < len(ppm))
    ppm[to[inside]] = reading.ppm[columns[inside]]
    return ppm


def only(reading: Reading, columns: np.ndarray) -> np.ndarray:
    """Matrix of some of the columns, the others uniform."""
    ppm = np.full_like(reading.ppm, UNIFORM)
    ppm[columns] = reading.ppm[columns]
    return ppm


def split(queries: Queries, reading: Reading, options: SufficiencyOptions, depth: int = 1) -> list[Reading]:
    """Part a matrix into motifs of their own, each read again by itself; the matrix itself where it is one.

    Two parts are motifs of their own where their effects add up (no synergy, see `_independent`) and each excites the
    neuron by itself. They may be cut where a column between them is free or where the neuron lets them move apart. A
    part that does not excite by itself, and that the other hardly needs, is left out.
    """
    clear, columns = reading.clear, reading.columns
    if depth > _DEEPEST or len(clear) < 2 * LEAST_COLUMNS:
        return [reading]
    count = 2 * options.backgrounds
    whole = queries.excitation(queries.activation(queries.draw(reading.ppm, count))).mean()
    cuts = []
    for number in range(LEAST_COLUMNS, len(clear) - LEAST_COLUMNS + 1):
        cut = int(clear[number])
        free = cut - clear[number - 1] > 1
        if free or _mean(queries, moved(reading, 0, 1, cut), options) >= options.additive * whole:
            cuts.append(cut)
    if not cuts:
        return [reading]
    pairs = [(columns[columns < cut], columns[columns >= cut]) for cut in cuts]
    for pair in pairs:
        enough = _enough(queries, reading, pair, options)
        again = None if enough is None else read(queries, only(reading, enough), options, turns=1)
        if again is not None and len(again.clear) < len(clear):
            return split(queries, again, options, depth)
    best = int(np.argmax([_additivity(queries, reading, pair, options) for pair in pairs]))
    if not _independent(queries, reading, pairs[best], options):
        return [reading]
    parts = [read(queries, only(reading, part), options, turns=1) for part in pairs[best]]
    return [piece for part in parts if part is not None for piece in split(queries, part, options, depth + 1)]


def _enough(
    queries: Queries, reading: Reading, parts: tuple[np.ndarray, np.ndarray], options: SufficiencyOptions
) -> np.ndarray | None:
    """Columns of the part that suffices, where the other neither excites by itself nor adds much; None else."""
    both, *alone = queries.excitation(_states(queries, reading, parts, 2 * options.backgrounds)).mean(1)[:3]
    for one, other in ((0, 1), (1, 0)):
        if alone[one] >= options.additive * both and alone[other] < options.alone * both:
            return parts[one]
    return None


def _mean(queries: Queries, ppm: np.ndarray, options: SufficiencyOptions) -> float:
    return float(queries.excitation(queries.activation(queries.draw(ppm, options.backgrounds))).mean())


def _states(queries: Queries, reading: Reading, parts: tuple[np.ndarray, np.ndarray], count: int) -> np.ndarray:
    """Activation with both parts, the first, the second and neither, in the same background sequences; (4, count)."""
    kept = (reading.columns, parts[0], parts[1], parts[0][:0])
    return queries.activation(queries.draw(np.stack([only(reading, columns) for columns in kept]), count))


def _additivity(
    queries: Queries, reading: Reading, parts: tuple[np.ndarray, np.ndarray], options: SufficiencyOptions
) -> float:
    """Share of the joint effect that the parts have one by one; 0 where one of them does not excite by itself."""
    values = _states(queries, reading, parts, options.backgrounds)
    both, first, second, neither = values.mean(1)
    excited = queries.excitation(values).mean(1)
    if both <= neither or min(excited[1:3]) < options.alone * excited[0]:
        return 0.0
    return float((first + second - 2 * neither) / (both - neither))


def _independent(
    queries: Queries, reading: Reading, parts: tuple[np.ndarray, np.ndarray], options: SufficiencyOptions
) -> bool:
    """Test whether two parts have no synergy, and each excites the neuron by itself.

    The epistasis e = f(AB) - f(A) - f(B) + f(0) is measured in the same background sequences, on the raw activation
    (a rectified one makes copies that add up look like an AND), and more are drawn until e is told from what
    ``additive`` allows by two standard errors.
    """
    values = np.zeros((4, 0))
    while True:
        values = np.concatenate([values, _states(queries, reading, parts, options.backgrounds)], 1)
        both, first, second, neither = values
        joint = float((both - neither).mean())
        excess = both - first - second + neither - (1 - options.additive) * joint
        error = float(excess.std()) / np.sqrt(len(excess))
        if abs(excess.mean()) >= _CERTAIN * error or len(excess) >= _MOST_TESTED * options.backgrounds:
            break
    excited = queries.excitation(values).mean(1)
    return joint > 0 and excess.mean() <= 0 and min(excited[1:3]) >= options.alone * excited[0]


def spread(queries: Queries, reading: Reading, options: SufficiencyOptions) -> float:
    """Share of the excitation of a matrix's k-mers that stays when their bases stand elsewhere, in any order.

    What it reads is then how many of which bases a window has, not where they are.
    """
    words = queries.draw(reading.ppm, 4 * options.backgrounds)
    elsewhere = queries.random.random(words.shape).argsort(1)[:, : len(reading.columns)]
    mixed = queries.backgrounds(len(words))
    np.put_along_axis(mixed, elsewhere, words[:, reading.columns], 1)
    excitation = queries.excitation(queries.activation(np.stack([words, mixed]))).mean(1)
    return float(excitation[1] / max(excitation[0], 1e-9))


def place(queries: Queries, reading: Reading, options: SufficiencyOptions) -> Reading:
    """Find where in the window a motif acts, and whether a second part of it moves by itself.

    The second part begins where moving the rest by one nucleotide harms least; it moves where that keeps ``additive``
    of the excitation and no part has as much alone. Each part is then moved while the other stays, and after that both.
    """
    columns, clear, size = reading.columns, reading.clear, queries.size
    whole = max(_mean(queries, reading.ppm, options), 1e-9)

    def shares(steps: Sequence[tuple[int, int]], cut: int) -> dict[tuple[int, int], float]:
        """Share of the excitation at each step; those below ``acts`` are left out."""
        tries = np.stack([moved(reading, *step, cut) for step in steps])
        found = queries.excitation(queries.activation(queries.draw(tries, options.backgrounds))).mean(1) / whole
        return {step: float(x) for step, x in zip(steps, found, strict=True) if x >= options.acts}

    def reach(least: int, most: int, way: tuple[int, int], cut: int) -> dict[tuple[int, int], float]:
        """Shares at the steps from least to most in one way, from 0 outwards until several in a row do nothing."""
        found = {(0, 0): 1.0}
        for end, sign in ((most, 1), (-least, -1)):
            for start in range(1, end + 1, _CHUNK):
                steps = [sign * step for step in range(start, min(start + _CHUNK, end + 1))]
                new = shares([(way[0] * step, way[1] * step) for step in steps], cut)
                found |= new
                if not new:
                    break
        return found

    if len(clear) >= 2 * LEAST_COLUMNS:
        cuts = clear[LEAST_COLUMNS : 1 - LEAST_COLUMNS]
        tries = np.stack([[moved(reading, 0, step, int(cut)) for step in (1, -1)] for cut in cuts])
        kept = queries.excitation(queries.activation(queries.draw(tries, 2 * options.backgrounds))).mean(2).max(1)
        cut = int(cuts[int(kept.argmax())])
        alone = max(_mean(queries, only(reading, columns[side]), options) for side in (columns < cut, columns >= cut))
        if kept.max() >= options.additive * whole and alone < options.additive * whole:
            last = int(clear[clear < cut][-1])
            room = cut - last - 1  # nucleotides between the parts
            second = reach(-room, min(size - LEAST_COLUMNS - cut, MOST_DISTANCE) - 1, (0, 1), cut)
            first = reach(max(LEAST_COLUMNS - last, -MOST_DISTANCE), room, (1, 0), cut)
            both = [(a, b) for a, _ in first for _, b in second if b - a >= -room]
            return replace(reading, cut=cut, places=shares(both, cut) | {(0, 0): 1.0})
    places = reach(2 - int(columns[-1]), size - int(columns[0]) - 3, (1, 1), 0)
    return replace(reading, cut=-1, places=places)


def settled(queries: Queries, reading: Reading, options: SufficiencyOptions) -> Reading:
    """Read a motif again at the middle of its places, until these no longer move it.

    Where the neuron answers to a motif at several places, the window that it was found in says which of them it was
    read at, and columns beyond the window's end are missing; from the middle all windows give the same matrix.
    """
    reading = place(queries, reading, options)
    for _ in range(_SETTLES):
        middle = centred(reading, options)
        again = None if middle is reading else read(queries, middle.ppm, options, turns=1)
        if again is None or again.excitation < options.acts * reading.excitation:
            break
        reading = place(queries, again, options)
    return reading


def centred(reading: Reading, options: SufficiencyOptions) -> Reading:
    """Move the parts of a motif to the place nearest to the middle of all; the same object where they are there.

    Places count by how far their share of the excitation lies above ``acts``, so that those at the border count for
    next to nothing, and alike from ``additive`` on, so that noise does not move the middle; of two places side by side
    the later one is taken, seen from either.
    """
    places, columns = np.array(list(reading.places)), reading.columns
    shares = np.minimum(list(reading.places.values()), options.additive)
    weights = np.maximum(shares - options.acts, 1e-9)
    away = np.abs(places - np.average(places, axis=0, weights=weights)).sum(1)
    order = sorted(range(len(places)), key=lambda i: (round(float(away[i]), 1), -places[i].sum(), -places[i, 0]))
    for first, second in places[order].tolist():
        to = columns + np.where(columns < reading.cut, first, second)
        if to[0] >= 0 and to[-1] < len(reading.ppm):
            break
    if first == second == 0:
        return reading
    moves = {(a - first, b - second): share for (a, b), share in reading.places.items()}
    cut = reading.cut + second if reading.cut >= 0 else -1
    return replace(reading, ppm=moved(reading, first, second, reading.cut), cut=cut, places=moves)
