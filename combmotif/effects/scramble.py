"""Scrambled versions of the two sites of each placement that keep neither motif."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from combmotif.effects.frame import NOT_CODING, translate
from combmotif.effects.overlaps import is_stop
from combmotif.effects.pattern import Pattern
from combmotif.effects.synonymous import permute_free, replace_codons
from combmotif.sequence.alphabet import UNKNOWN
from combmotif.sequence.shuffle import dinucleotide_shuffle

MODES = ("shuffle", "dinucleotide", "background", "uniform", "synonymous")
ROUNDS = 20
"""Rounds of as many candidates as draws wanted, before and again after falling back to the background."""
HOPELESS = 3
"""A segment without a single good candidate after this many rounds falls back at once."""
LEAST_CANDIDATES = 16
"""Fewest candidates per placement and round, so that a segment of which few draws are wanted is not given up early."""


@dataclass(frozen=True)
class Replacements:
    """Draws for the sites of every placement; draw k of a site is the same wherever that site is replaced.

    Attributes
    ----------
    edits : tuple of uint8 arrays, one per site, each of shape (placements, draws, length of the site)
    fallback : bool array, shape (placements, sites)
        True where the segment was drawn from the background instead of the mode asked for.
    failed : bool array, shape (placements,)
        True where no full set of draws was found; their rows hold nothing of use.
    rejected : float
        Share of the candidates that were rejected.
    """

    edits: tuple[np.ndarray, ...]
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
        phases: Sequence[np.ndarray] | None,
    ) -> None:
        self.length, self.banned, self.avoid = length, banned, avoid
        self.flank = max([len(p) - 1 for p in (*banned, *avoid)] + [2])
        width = length + 2 * self.flank
        self.context = np.full((len(starts), width), UNKNOWN, dtype=np.uint8)
        self.phase = np.full((len(starts), width), NOT_CODING, dtype=np.int8)
        for row, (sequence, start) in enumerate(zip(codes, starts, strict=True)):
            left, right = max(start - self.flank, 0), min(start + length + self.flank, len(sequence))
            place = slice(left - start + self.flank, right - start + self.flank)
            self.context[row, place] = sequence[left:right]
            if phases is not None:
                self.phase[row, place] = phases[row][left:right]
        self.start = starts - self.flank
        self.original = self.context[:, self.flank : self.flank + length]
        self.coding = self.phase[:, self.flank : self.flank + length] != NOT_CODING
        self.before = [self._near(pattern, self.context) for pattern in avoid]

    def _near(self, pattern: Pattern, context: np.ndarray) -> np.ndarray:
        """Matches whose window overlaps the segment, of contexts (..., width)."""
        reach = len(pattern) - 1
        return pattern.matches(context[..., self.flank - reach : self.flank + self.length + reach])

    def codons(self) -> Iterator[tuple[int, np.ndarray]]:
        """Yield the columns at which a codon that shares a base with the segment begins, and in which rows."""
        for column in range(self.flank - 2, self.flank + self.length):
            found = np.flatnonzero((self.phase[:, column] == 0) & (self.phase[:, column + 2] == 2))
            if len(found):
                yield column, found

    def edited(
        self, rows: np.ndarray, draws: np.ndarray, others: Sequence[tuple[np.ndarray, np.ndarray]] = ()
    ) -> np.ndarray:
        """Contexts (rows, draws, width) with the segment replaced, and other ones where they reach in."""
        context = np.repeat(self.context[rows][:, None], draws.shape[1], axis=1)
        context[:, :, self.flank : self.flank + self.length] = draws
        for starts, edits in others:
            for column in range(edits.shape[2]):
                position = starts + column - self.start[rows]
                inside = np.flatnonzero((position >= 0) & (position < context.shape[2]))
                context[inside, :, position[inside]] = edits[inside, :, column]
        return context

    def clean(self, rows: np.ndarray, context: np.ndarray, *, stops: bool, protein: bool) -> np.ndarray:
        """Mark edited contexts without a banned motif at the segment or a new one to avoid; bool (rows, draws)."""
        good = np.ones(context.shape[:2], dtype=bool)
        for pattern in self.banned:
            good &= ~self._near(pattern, context).any(2)
        for pattern, before in zip(self.avoid, self.before, strict=True):
            good &= ~(self._near(pattern, context) & ~before[rows][:, None]).any(2)
        for column, coding in self.codons() if stops or protein else ():
            chosen = np.flatnonzero(np.isin(rows, coding))
            old = self.context[rows[chosen], column : column + 3][:, None]
            new = context[chosen][:, :, column : column + 3]
            if stops:
                good[chosen] &= ~(is_stop(new) & ~is_stop(old))
            if protein:
                good[chosen] &= translate(new) == translate(old)
        return good


def draw_replacements(
    codes: Sequence[np.ndarray],
    placed: Sequence[tuple[np.ndarray, Pattern]],
    *,
    draws: int,
    mode: str,
    frequencies: np.ndarray,
    generators: Sequence[np.random.Generator],
    avoid: Sequence[Pattern] = (),
    phases: Sequence[np.ndarray] | None = None,
) -> Replacements:
    """Draw replacements for the sites of every placement: one, two or three of them.

    A candidate is rejected where the sequence with any of the sites replaced, alone or together, holds one of the
    motifs in a window that touches a replaced segment, where such a window holds a motif of the avoid list that was
    not there before, or where a segment came back unchanged. A segment that cannot be scrambled so (UUUUUU has one
    permutation) is drawn from the background instead, all its draws, and marked. A placement for which that fails as
    well is marked as failed.

    Parameters
    ----------
    codes : sequence of uint8 arrays, one per placement
        The sequence of each placement.
    placed : sequence of (integer array of starts, Pattern)
        The sites of every placement, which do not overlap.
    draws : int
    mode : {"shuffle", "dinucleotide", "background", "uniform", "synonymous"}
        Permute the segment; permute it keeping the dinucleotides, those with its two neighbours included; draw bases
        with the given frequencies; draw bases with equal frequencies; replace the codons, or the parts of codons, of a
        coding region by synonymous ones (each equally likely) and permute what lies outside it. Both edits together
        keep the protein as well.
    frequencies : float array, shape (4,)
        Of A, C, G, T/U in the background.
    generators : sequence of numpy.random.Generator, one per placement
    avoid : sequence of Pattern, default none
        Motifs that a draw may not create.
    phases : sequence of integer arrays, one per placement, each of shape (length,), optional
        Position in the codon, see `codon_phase`; a draw may not create an in-frame stop codon then. Needed by
        "synonymous".
    """
    if mode not in MODES:
        raise ValueError(f"mode: expected one of {', '.join(MODES)}, found {mode!r}")
    if mode == "synonymous" and phases is None:
        raise ValueError("mode: synonymous needs the coding frame of the sequences, found none")
    count = len(codes)
    banned = list({pattern.name: pattern for _, pattern in placed}.values())
    sides = [_Segment(codes, starts, len(pattern), banned, avoid, phases) for starts, pattern in placed]
    starts = [np.asarray(start) for start, _ in placed]
    number = len(placed)
    checks = {"stops": phases is not None and mode != "synonymous", "protein": mode == "synonymous"}
    kept = [np.zeros((count, draws, side.length), dtype=np.uint8) for side in sides]
    filled = np.zeros(count, dtype=np.int64)
    good_sides = np.zeros((count, number), dtype=np.int64)
    fallback = np.zeros((count, number), dtype=bool)
    # A segment all of whose bases are coding has no background to fall back to.
    free = np.column_stack([~side.coding.all(1) | (mode != "synonymous") for side in sides])
    tried = rejected = 0
    tries = max(draws, LEAST_CANDIDATES)
    for turn in range(2 * ROUNDS):
        pending = np.flatnonzero(filled < draws)
        if not len(pending):
            break
        edits = [
            _candidates(side, pending, tries, mode, fallback[pending, i], frequencies, generators)
            for i, side in enumerate(sides)
        ]
        alone = [
            side.clean(pending, side.edited(pending, edit), **checks) & (edit != side.original[pending][:, None]).any(2)
            for side, edit in zip(sides, edits, strict=True)
        ]
        good = np.logical_and.reduce(alone)
        # Every state of the test must be clean, not the single edits alone: two scrambles side by side may spell a
        # motif that neither spells beside the other's original.
        for i, side in enumerate(sides):
            others = [j for j in range(number) if j != i]
            for chosen in (group for size in range(1, number) for group in combinations(others, size)):
                beside = [(starts[j][pending], edits[j]) for j in chosen]
                good &= side.clean(pending, side.edited(pending, edits[i], beside), **checks)
        tried += good.size
        rejected += int((~good).sum())
        # Counted by side, so that the fallback takes the side that fails and not its innocent partner.
        good_sides[pending] += np.column_stack([ok.sum(1) for ok in alone])
        for row, placement in enumerate(pending):
            found = np.flatnonzero(good[row])[: draws - filled[placement]]
            slots = slice(filled[placement], filled[placement] + len(found))
            for i in range(number):
                kept[i][placement, slots] = edits[i][row, found]
            filled[placement] += len(found)
        # Two looks: early at sides that never had a clean draw, at half time at those that have too few; what then
        # still lacks draws without a side to blame falls back on all sides. The rest of the rounds is for these.
        if mode in ("shuffle", "dinucleotide", "synonymous") and turn + 1 in (HOPELESS, ROUNDS):
            open_ = filled < draws
            enough = 1 if turn + 1 == HOPELESS else draws
            change = open_[:, None] & (good_sides < enough) & ~fallback & free
            if turn + 1 == ROUNDS:
                change |= (open_ & ~change.any(1))[:, None] & ~fallback & free
            fallback |= change
            filled[change.any(1)] = 0  # all draws of a placement are of one kind, so that `fallback` tells the truth
            good_sides[change] = 0
    share = rejected / tried if tried else float("nan")
    return Replacements(tuple(kept), fallback, filled < draws, share)


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
    # One table of random numbers serves every mode: as ranks for a shuffle, as quantiles for the background. So a
    # placement takes the same numbers from its generator whatever its neighbours fall back to.
    keys = np.stack([generators[row].random((draws, side.length)) for row in rows])
    weights = np.full(4, 0.25) if mode == "uniform" else frequencies
    random = np.searchsorted(np.cumsum(weights)[:3], keys, side="right").astype(np.uint8)
    original = np.broadcast_to(side.original[rows][:, None], keys.shape)
    if mode == "synonymous":
        coding = np.broadcast_to(side.coding[rows][:, None], keys.shape)
        return np.where(coding, _synonymous(side, rows, keys), np.where(
            fallback[:, None, None], random, permute_free(original, keys, coding)
        ))  # fmt: skip
    if mode == "shuffle":
        result = np.take_along_axis(original, np.argsort(keys, axis=2), axis=2)
    if mode in ("background", "uniform"):
        return random
    return np.where(fallback[:, None, None], random, result)


def _synonymous(side: _Segment, rows: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """Replace codons by synonymous ones that differ inside the segment only; (rows, draws, length)."""
    result = np.repeat(side.original[rows][:, None], keys.shape[1], axis=1)
    for column, coding in side.codons():
        chosen = np.flatnonzero(np.isin(rows, coding))
        inside = [place for place in range(3) if 0 <= column + place - side.flank < side.length]
        drawn = replace_codons(
            side.context[rows[chosen], column : column + 3],
            inside,
            keys[chosen][:, :, column + inside[0] - side.flank],
        )
        for place in inside:
            result[chosen, :, column + place - side.flank] = drawn[:, :, place]
    return result
