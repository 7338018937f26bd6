"""Scrambled versions of the two sites of each placement that keep neither motif."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from combmotif.effects.pattern import Pattern
from combmotif.sequence.alphabet import UNKNOWN
from combmotif.sequence.shuffle import dinucleotide_shuffle

MODES = ("shuffle", "dinucleotide", "background", "uniform")
ROUNDS = 20
"""Rounds of as many candidates as draws wanted, before and again after falling back to the background."""
HOPELESS = 3
"""A segment without a single good candidate after this many rounds falls back at once."""


@dataclass(frozen=True)
class Scrambles:
    """Draws for every placement; draw k of the double edit uses the same a[k] and b[k] as the single edits.

    Attributes
    ----------
    a : uint8 array, shape (placements, draws, length of A)
    b : uint8 array, shape (placements, draws, length of B)
    fallback : bool array, shape (placements, 2)
        True where the segment (A, B) was drawn from the background instead of the mode asked for.
    failed : bool array, shape (placements,)
        True where no full set of draws was found; their rows hold nothing of use.
    rejected : float
        Share of the candidates that were rejected.
    """

    a: np.ndarray
    b: np.ndarray
    fallback: np.ndarray
    failed: np.ndarray
    rejected: float


class _Segment:
    """The sites of one motif with their flanks, and what may not stand there after an edit."""

    def __init__(
        self,
        codes: Sequence[np.ndarray],
        starts: np.ndarray,
        length: int,
        banned: Sequence[Pattern],
        avoid: Sequence[Pattern],
    ) -> None:
        self.length, self.banned, self.avoid = length, banned, avoid
        self.flank = max([len(p) - 1 for p in (*banned, *avoid)] + [1])
        width = length + 2 * self.flank
        self.context = np.full((len(starts), width), UNKNOWN, dtype=np.uint8)
        for row, (sequence, start) in enumerate(zip(codes, starts, strict=True)):
            left, right = max(start - self.flank, 0), min(start + length + self.flank, len(sequence))
            self.context[row, left - start + self.flank : right - start + self.flank] = sequence[left:right]
        self.start = starts - self.flank
        self.original = self.context[:, self.flank : self.flank + length]
        self.before = [self._near(pattern, self.context) for pattern in avoid]

    def _near(self, pattern: Pattern, context: np.ndarray) -> np.ndarray:
        """Matches whose window overlaps the segment, of contexts (..., width)."""
        reach = len(pattern) - 1
        return pattern.matches(context[..., self.flank - reach : self.flank + self.length + reach])

    def edited(
        self, rows: np.ndarray, draws: np.ndarray, other: tuple[np.ndarray, np.ndarray] | None = None
    ) -> np.ndarray:  # fmt: skip
        """Contexts (rows, draws, width) with the segment replaced, and the other one where it reaches in."""
        context = np.repeat(self.context[rows][:, None], draws.shape[1], axis=1)
        context[:, :, self.flank : self.flank + self.length] = draws
        if other is not None:
            starts, edits = other
            for column in range(edits.shape[2]):
                position = starts + column - self.start[rows]
                inside = np.flatnonzero((position >= 0) & (position < context.shape[2]))
                context[inside, :, position[inside]] = edits[inside, :, column]
        return context

    def clean(self, rows: np.ndarray, context: np.ndarray) -> np.ndarray:
        """Mark edited contexts without a banned motif at the segment or a new one to avoid; bool (rows, draws)."""
        good = np.ones(context.shape[:2], dtype=bool)
        for pattern in self.banned:
            good &= ~self._near(pattern, context).any(2)
        for pattern, before in zip(self.avoid, self.before, strict=True):
            good &= ~(self._near(pattern, context) & ~before[rows][:, None]).any(2)
        return good


def draw_scrambles(
    codes: Sequence[np.ndarray],
    start_a: np.ndarray,
    start_b: np.ndarray,
    a: Pattern,
    b: Pattern,
    *,
    draws: int,
    mode: str,
    frequencies: np.ndarray,
    generators: Sequence[np.random.Generator],
    avoid: Sequence[Pattern] = (),
) -> Scrambles:
    """Draw replacements for the two sites of every placement.

    A candidate is rejected where the sequence with A, B or both replaced holds A or B in a window that touches the
    replaced segment, where such a window holds a motif of the avoid list that was not there before, or where a
    segment came back unchanged. A segment that cannot be scrambled so (UUUUUU has one permutation) is drawn from the
    background instead, all its draws, and marked. A placement for which that fails as well is marked as failed.

    Parameters
    ----------
    codes : sequence of uint8 arrays, one per placement
        The sequence of each placement.
    start_a, start_b : integer arrays, shape (placements,)
    a, b : Pattern
    draws : int
    mode : {"shuffle", "dinucleotide", "background", "uniform"}
        Permute the segment; permute it keeping the dinucleotides, those with its two neighbours included; draw bases
        with the given frequencies; draw bases with equal frequencies.
    frequencies : float array, shape (4,)
        Of A, C, G, T/U in the background.
    generators : sequence of numpy.random.Generator, one per placement
    avoid : sequence of Pattern, default none
        Motifs that a draw may not create.
    """
    if mode not in MODES:
        raise ValueError(f"mode: expected one of {', '.join(MODES)}, found {mode!r}")
    count = len(start_a)
    banned = [a] if a.name == b.name else [a, b]
    sides = [
        _Segment(codes, starts, len(pattern), banned, avoid) for starts, pattern in ((start_a, a), (start_b, b))
    ]  # fmt: skip
    starts = [np.asarray(start_a), np.asarray(start_b)]
    kept = [np.zeros((count, draws, side.length), dtype=np.uint8) for side in sides]
    filled = np.zeros(count, dtype=np.int64)
    good_sides = np.zeros((count, 2), dtype=np.int64)
    fallback = np.zeros((count, 2), dtype=bool)
    tried = rejected = 0
    for turn in range(2 * ROUNDS):
        pending = np.flatnonzero(filled < draws)
        if not len(pending):
            break
        edits = [
            _candidates(side, pending, draws, mode, fallback[pending, i], frequencies, generators)
            for i, side in enumerate(sides)
        ]
        alone = [
            side.clean(pending, side.edited(pending, edit)) & (edit != side.original[pending][:, None]).any(2)
            for side, edit in zip(sides, edits, strict=True)
        ]
        good = alone[0] & alone[1]
        for i, side in enumerate(sides):
            both = side.edited(pending, edits[i], (starts[1 - i][pending], edits[1 - i]))
            good &= side.clean(pending, both)
        tried += good.size
        rejected += int((~good).sum())
        good_sides[pending] += np.column_stack([ok.sum(1) for ok in alone])
        for row, placement in enumerate(pending):
            found = np.flatnonzero(good[row])[: draws - filled[placement]]
            slots = slice(filled[placement], filled[placement] + len(found))
            for i in (0, 1):
                kept[i][placement, slots] = edits[i][row, found]
            filled[placement] += len(found)
        if mode in ("shuffle", "dinucleotide") and turn + 1 in (HOPELESS, ROUNDS):
            open_ = filled < draws
            enough = 1 if turn + 1 == HOPELESS else draws
            change = open_[:, None] & (good_sides < enough) & ~fallback
            if turn + 1 == ROUNDS:
                change |= (open_ & ~change.any(1))[:, None] & ~fallback
            fallback |= change
            filled[change.any(1)] = 0
            good_sides[change] = 0
    return Scrambles(kept[0], kept[1], fallback, filled < draws, rejected / tried if tried else float("nan"))


def _candidates(
    side: _Segment,
    rows: np.ndarray,
    draws: int,
    mode: str,
    fallback: np.ndarray,
    frequencies: np.ndarray,
    generators: Sequence[np.random.Generator],
) -> np.ndarray:
    """Draw candidates (rows, draws, length) in the mode, or from the background where that is the fallback."""
    if mode == "dinucleotide":
        result = np.zeros((len(rows), draws, side.length), dtype=np.uint8)
        for i, row in enumerate(rows):
            if not fallback[i]:
                piece = side.context[row, side.flank - 1 : side.flank + side.length + 1]
                result[i] = dinucleotide_shuffle(piece, draws, generators[row])[:, 1:-1]
    keys = np.stack([generators[row].random((draws, side.length)) for row in rows])
    if mode == "shuffle":
        original = np.broadcast_to(side.original[rows][:, None], keys.shape)
        result = np.take_along_axis(original, np.argsort(keys, axis=2), axis=2)
    weights = np.full(4, 0.25) if mode == "uniform" else frequencies
    random = np.searchsorted(np.cumsum(weights)[:3], keys, side="right").astype(np.uint8)
    if mode in ("background", "uniform"):
        return random
    return np.where(fallback[:, None, None], random, result)
