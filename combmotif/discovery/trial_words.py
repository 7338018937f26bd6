"""Words to be tried in random windows: what gradients, letters, layers below and windows point to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from combmotif.discovery.drafts import Choice, odds, tally
from combmotif.discovery.kinds import support
from combmotif.discovery.units import RIGID, Copies, Unit, anchors, pair_offsets
from combmotif.inference.probe import WindowProbe
from combmotif.sampling.modes import modes
from combmotif.sampling.samples import Samples

MATCHING = 0.8
"""Share of a mode's letters that a window must have."""
GAP = 4
"""Columns between letters from which they may move against each other."""
LEAST_ODDS = 0.5
"""Bits of its best base from which a column's letter belongs to a word."""


@dataclass(frozen=True)
class Word:
    """Letters to be tried.

    Attributes
    ----------
    letters : tuple of dict of int to int
        Base of the columns of each part, relative to the place; parts at their most frequent spacing.
    places, windows : integer arrays, shape (n,)
        Where it was found.
    steps : tuple of dict of int to float
        Deviations from the most frequent distance between neighbouring parts, and their weight.
    """

    letters: tuple[dict[int, int], ...]
    places: np.ndarray
    windows: np.ndarray
    steps: tuple[dict[int, float], ...] = ()


def template_word(copies: Copies, unit: Unit, templates: np.ndarray, windows: int) -> Word:
    """Read the bases that the gradient wants off the templates of a unit."""
    order = [int(i) for i in np.argsort(unit.offsets, kind="stable")]
    parts = [
        {unit.offsets[i] + int(c): int(templates[unit.kinds[i]][c].argmax()) for c in support(templates[unit.kinds[i]])}
        for i in order
    ]
    if unit.rigid:
        joined = {column: base for part in parts for column, base in part.items()}
        window, place = anchors(copies, unit, windows)
        return Word((joined,), place, window)
    steps = []
    for first, second in zip(order[:-1], order[1:], strict=True):
        _, apart = pair_offsets(copies, unit.kinds[first], unit.kinds[second], windows)
        usual = unit.offsets[second] - unit.offsets[first]
        steps.append({step - usual: n for step, n in tally(apart, 0.01).items()})
    of = copies.kind == unit.kinds[0]
    return Word(tuple(parts), copies.place[of], copies.window[of], tuple(steps))


def letter_word(choice: Choice) -> Word:
    """Read the consensus of a motif whose letters were counted."""
    parts, steps, start = [], [], 0
    for index, part in enumerate(choice.draft.parts):
        if index:
            known = choice.draft.steps[index - 1]
            usual = max(known, key=lambda step: known[step])
            start += usual
            steps.append({step - usual: n for step, n in known.items()})
        best = odds(part)
        parts.append({start + c: int(row.argmax()) for c, row in enumerate(best) if row.max() >= LEAST_ODDS})
    rows = np.flatnonzero(choice.carried)
    return Word(tuple(parts), choice.found.places[rows, 0], rows, tuple(steps))


def mode_words(probe: WindowProbe, samples: Samples, codes: np.ndarray) -> list[Word]:
    """Take the letters that the layers below point to, and the windows (n, size) that have four fifths of them."""
    found = modes(probe, samples.neuron, samples.background, samples.maximum)
    return words_of([read for read, _ in found], codes)


def words_of(found: Sequence[np.ndarray], codes: np.ndarray) -> list[Word]:
    """Make words of letters (-1 is any) that were read in windows; two far apart may move against each other."""
    words: list[Word] = []
    for read in found:
        columns = np.flatnonzero(read >= 0)
        blocks = [block for block in np.split(columns, np.flatnonzero(np.diff(columns) > GAP) + 1) if len(block) > 2]
        parts = tuple({int(column): int(read[column]) for column in block} for block in blocks)
        if any(_same(parts, word.letters) for word in words):
            continue
        word = paired_word(parts, codes, 0) if len(parts) == 2 else None
        if word is None:
            letters = {int(column): int(read[column]) for column in columns}
            rows, places = carrying(letters, codes)
            word = Word((letters,), places, rows)
        words.append(word)
    return words


def carrying(letters: Mapping[int, int], codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Windows that have four fifths of the letters at some place, and the place."""
    columns, bases = np.array(list(letters)), np.array(list(letters.values()))
    starts = np.arange(-columns.min(), codes.shape[1] - columns.max())
    if not len(starts):
        return starts, starts
    equal = np.stack([(codes[:, columns + start] == bases).sum(1) for start in starts], 1)
    rows = np.flatnonzero(equal.max(1) >= MATCHING * len(columns))
    return rows, starts[equal.argmax(1)][rows]


def paired_word(parts: tuple[dict[int, int], ...], codes: np.ndarray, usual: int | None = None) -> Word | None:
    """Find two parts at different distances in windows; None where most have them at one.

    The second is moved by ``usual``, or to the most frequent distance.
    """
    (rows, places), (other_rows, other_places) = (carrying(part, codes) for part in parts)
    both, first, second = np.intersect1d(rows, other_rows, return_indices=True)
    apart = other_places[second] - places[first]
    free = apart + min(parts[1]) > max(parts[0])
    apart, both, place = apart[free], both[free], places[first][free]
    if not len(apart):
        return None
    near = tally(apart, 0.02)
    if max(near.values()) >= RIGID * len(apart):
        return None
    if usual is None:
        usual = max(near, key=lambda step: near[step])
    moved = {column + usual: base for column, base in parts[1].items()}
    return Word((parts[0], moved), place, both, ({step - usual: n for step, n in near.items()},))


def _same(parts: Sequence[Mapping[int, int]], others: Sequence[Mapping[int, int]]) -> bool:
    """Whether two pairs have the same letters, whatever their distance."""
    if len(parts) != 2 or len(others) != 2:
        return False
    return all(_alike(part, other) for part, other in zip(parts, others, strict=True))


def _alike(part: Mapping[int, int], other: Mapping[int, int]) -> bool:
    moves = {a - b for a in part for b in other}
    equal = max(sum(other.get(column - move) == base for column, base in part.items()) for move in moves)
    return equal >= MATCHING * min(len(part), len(other))
