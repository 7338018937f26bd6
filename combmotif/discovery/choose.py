"""Which of the motifs that were tried in random windows are motifs of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from combmotif.discovery.drafts import Draft
from combmotif.discovery.likeness import REPEAT, alike, composed, contained, inside

LEAST_STRENGTH = 0.22
"""Strength, relative to the strongest window, from which a motif counts."""
SAME = 0.88
"""Cosine over the columns of both, at the best shift, from which two motifs are one."""
CONTAINED = 0.85
"""Cosine over the columns of the shorter motif, from which it is a piece of the longer."""
OVERLAPPING = 0.75
"""The same of a motif with one that is half as strong again and holds only a part of it."""
STRONGER = 1.5
AS_STRONG = 0.9
AS_FREQUENT = 0.3
"""Relative strength and mass of a longer motif that takes the place of its piece."""
TOGETHER = 2.5
"""Excitation of a pair, relative to that of one part, from which it takes the place of that however rare it is."""
STANDS = 0.9
"""Strength relative to that of a longer form, from which the shorter stands for both."""
CLEARER = 1.2
"""Activation by words drawn from a matrix, relative to that by words of the other, from which it is read better."""
WEAKER = 0.8
"""Strength of a piece, relative to the sum's, that is not exceeded."""
SYNERGY, CLEAR_SYNERGY, ALONE, USUAL, MORE = 1.2, 2.0, 0.25, 0.5, 1.1
"""Excitation of a motif made of others, relative to theirs added up, from which the neuron needs them together: where
one has little by itself, or the whole has no gap, is half as frequent as they are and has more strength than they
have together, and where each has a quarter."""
AS_USUAL, SHARED = 0.95, 0.82
"""Mass of a motif without a gap, relative to that of what it may be made of, from which it is one motif if it has at
most 0.82 of their strength added up: what they share counts twice."""
FLAT = 0.1
"""Probability above uniform up to which a column of a motif is a gap."""
SITES = 100
"""Counts per column of a motif's matrix."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """A motif tried in random windows.

    Attributes
    ----------
    draft : Draft
        Its parts, and where they lie.
    columns : float array, shape (length, 4)
        Deviation of the probabilities from uniform, parts at their most frequent spacing.
    strength, excitation : float
        See `Polished`.
    mass : float
        Excitation of the windows it was found in.
    drawn : float
        See `Polished`.
    spread : float
        Excitation of the windows that have four fifths of its letters.
    in_sum : bool
        Whether its letters are those that it has in a motif made of others.
    """

    draft: Draft
    columns: np.ndarray
    strength: float
    excitation: float
    mass: float
    drawn: float
    spread: float = 0.0
    in_sum: bool = False


def choose(candidates: Sequence[Candidate], strongest: float) -> list[Candidate]:
    """Leave out what is weak, found twice, a piece of another motif, or the sum of others.

    A motif made of others stays, and they go, where it excites the neuron 1.2 times as much as they do one by one:
    the neuron needs them together; where each has a quarter of that by itself, and the whole has a gap, is rare or
    has just the strength of both, from twice, and a pair stays beside them below that. A longer motif takes the place
    of its piece unless it is weaker or much rarer; it stays beside it if only the windows it was found in are rare, not
    those that have its letters, and it is clearly stronger.

    Parameters
    ----------
    candidates : sequence of Candidate
    strongest : float
        Activation of the strongest window less that of random ones.
    """
    unique: list[Candidate] = []
    for candidate in sorted(candidates, key=lambda c: -c.mass):
        if candidate.strength < LEAST_STRENGTH * strongest:
            continue
        for number, other in enumerate(unique):
            first, second = _by_strength(other, candidate)
            joined = _same_pair(first, second) or _same_pair(second, first)
            if joined is not None:
                unique[number] = joined
                break
            if alike(candidate.columns, other.columns)[0] >= SAME and not _far_stronger(candidate, other):
                unique[number] = _merged(other, candidate)
                break
        else:
            unique.append(candidate)
    kept, both = _without_sums(unique)
    for candidate in sorted(kept, key=lambda c: len(c.columns)):
        if candidate not in kept:
            continue
        for longer in [c for c in kept if _longer(c, candidate) and c not in both]:
            inside = contained(candidate.columns, longer.columns)
            if inside >= CONTAINED:
                lasts = longer.strength >= AS_STRONG * candidate.strength
                pair = len(longer.draft.parts) > 1 and longer.excitation >= TOGETHER * candidate.excitation
                lasts &= pair or longer.mass >= AS_FREQUENT * candidate.mass
                if not lasts and _stands_beside(longer, candidate, kept):
                    continue
                kept.remove(candidate if lasts else longer)
                if lasts:
                    break
            elif inside >= OVERLAPPING and longer.strength >= STRONGER * candidate.strength:
                kept.remove(candidate)
                break
    return kept


def _without_sums(candidates: Sequence[Candidate]) -> tuple[list[Candidate], list[Candidate]]:
    """Leave sums out, or what they are made of; and say which pairs stay beside their parts."""
    both: list[Candidate] = []
    once = [
        c for c in candidates
        if all(
            len(composed(c.columns, [o.columns], REPEAT)) < 2 for o in candidates if _longer(c, o) and o.mass >= c.mass
        )
    ]  # fmt: skip
    kept = sorted(once, key=lambda c: -c.strength)
    for candidate in tuple(kept):
        others = [
            c for c in kept
            if c.strength <= WEAKER * candidate.strength
            and not any(_longer(c, o) and contained(o.columns, c.columns) >= CONTAINED for o in kept if o.mass > c.mass)
        ]  # fmt: skip
        pieces = composed(candidate.columns, [c.columns for c in others])
        if len(pieces) < 2 or candidate not in kept:
            continue
        parts = [others[index] for index in pieces]
        alone = [max(part.excitation, 0) for part in parts]
        whole = _solid(candidate) and candidate.mass >= USUAL * max(part.mass for part in parts)
        whole &= candidate.strength > MORE * sum(part.strength for part in parts)
        synergy = SYNERGY if whole or min(alone) < ALONE * candidate.excitation else CLEAR_SYNERGY
        if _of_one(parts):
            if max(part.mass for part in parts) >= candidate.mass:
                kept.remove(candidate)
        elif candidate.excitation > synergy * sum(alone) or _one(candidate, parts):
            for index in set(pieces):
                kept.remove(others[index])
        elif len(candidate.draft.parts) > 1 and candidate.excitation > SYNERGY * sum(alone):
            both.append(candidate)
        else:
            kept.remove(candidate)
            if candidate.mass >= USUAL * max(part.mass for part in parts):
                for part, seen in zip(parts, _seen_in(candidate, parts), strict=True):
                    kept[kept.index(part)] = seen
    for candidate in tuple(kept):
        near = [c for c in kept if _longer(candidate, c) and c.strength > WEAKER * candidate.strength]
        if len(set(composed(candidate.columns, [c.columns for c in near]))) > 1:
            kept.remove(candidate)  # either is nearly as good: the two overlap
    return kept, both


def _seen_in(whole: Candidate, parts: Sequence[Candidate]) -> list[Candidate]:
    """Parts with the letters they have in a whole where they lie apart: alone, each may use what is the other's."""
    if any(len(part.draft.parts) > 1 or len(part.columns) > len(whole.columns) for part in parts):
        return list(parts)
    starts = [inside(part.columns, whole.columns)[1] for part in parts]
    spans = sorted((start, start + len(part.columns)) for start, part in zip(starts, parts, strict=True))
    if any(end > start for (_, end), (start, _) in zip(spans[:-1], spans[1:], strict=True)):
        return list(parts)
    seen = []
    for start, part in zip(starts, parts, strict=True):
        columns = whole.columns[start : start + len(part.columns)]
        draft = replace(part.draft, parts=((columns + 0.25) * SITES,))
        seen.append(replace(part, draft=draft, columns=columns, in_sum=True))
    return seen


def _stands_beside(longer: Candidate, piece: Candidate, kept: Sequence[Candidate]) -> bool:
    """Whether a rare longer form is clearly stronger than its piece, its letters are not rare, and it is no sum."""
    clear = longer.strength >= SYNERGY * piece.strength and longer.spread >= AS_FREQUENT * piece.mass
    return clear and not composed(longer.columns, [c.columns for c in kept if c is not longer], REPEAT)


def _solid(candidate: Candidate) -> bool:
    """Whether there is no gap of two columns in a motif."""
    flat = candidate.columns.max(1) < FLAT
    return len(candidate.draft.parts) == 1 and not (flat[1:] & flat[:-1]).any()


def _one(whole: Candidate, parts: Sequence[Candidate]) -> bool:
    """Whether parts are halves of one motif that overlap, and not motifs that the neuron adds up."""
    usual = whole.mass >= AS_USUAL * max(part.mass for part in parts)
    return _solid(whole) and usual and whole.strength <= SHARED * sum(part.strength for part in parts)


def _of_one(pieces: Sequence[Candidate]) -> bool:
    """Whether all are one motif or pieces of it."""
    *some, longest = sorted(pieces, key=lambda piece: len(piece.columns))
    return all(piece is longest or contained(piece.columns, longest.columns) >= CONTAINED for piece in some)


def _far_stronger(one: Candidate, other: Candidate) -> bool:
    return _longer(one, other) and one.strength >= STRONGER * other.strength


def _longer(one: Candidate, other: Candidate) -> bool:
    return len(one.columns) > len(other.columns)


def _by_strength(first: Candidate, second: Candidate) -> tuple[Candidate, Candidate]:
    """Put the second before the first if that is weaker, or parts touch in that alone: where to cut it is a guess."""
    weaker = first.strength < STANDS * second.strength
    guess = _touching(first) and not _touching(second) and second.strength >= STANDS * first.strength
    return (second, first) if weaker or guess else (first, second)


def _touching(pair: Candidate) -> bool:
    """Whether nothing lies between the two parts of a pair."""
    return len(pair.draft.parts) == 2 and len(pair.columns) <= sum(map(len, pair.draft.parts))


def _merged(first: Candidate, second: Candidate) -> Candidate:
    """Join two of one motif, with the places of both: the shorter stands unless rare, or a stronger longer one."""
    if len(first.draft.parts) > 1 or len(second.draft.parts) > 1:
        return _by_strength(first, second)[0]
    if max(first.drawn, second.drawn) >= CLEARER * min(first.drawn, second.drawn):
        if second.drawn > first.drawn and max(second.mass, second.spread) >= AS_FREQUENT * first.mass:
            first, second = second, first
    elif _longer(first, second):
        if second.strength >= STANDS * first.strength and second.mass >= USUAL * first.mass:
            first, second = second, first
    elif first.strength < STANDS * second.strength and second.mass >= AS_FREQUENT * first.mass:
        first, second = second, first
    _, move = alike(first.columns, second.columns)
    starts = dict(first.draft.starts)
    for start, weight in second.draft.starts.items():
        starts[start - move] = starts.get(start - move, 0.0) + weight
    return replace(first, draft=replace(first.draft, starts=starts), mass=max(first.mass, second.mass))


def _same_pair(pair: Candidate, other: Candidate) -> Candidate | None:
    """Add the distance that two parts have in another candidate to those of a pair; None if it has other letters."""
    if len(pair.draft.parts) != 2 or len(other.draft.parts) > 2:
        return None
    first, second = (part / part.sum(1, keepdims=True) - 0.25 for part in pair.draft.parts)
    if len(other.draft.parts) == 2:
        fits = [alike(mine, part / part.sum(1, keepdims=True) - 0.25)
                for mine, part in zip((first, second), other.draft.parts, strict=True)]  # fmt: skip
        if min(fit for fit, _ in fits) < CONTAINED:
            return None
        more = {step + fits[0][1] - fits[1][1]: n for step, n in other.draft.steps[0].items()}
    else:
        if len(other.columns) < len(first) + len(second) - 1:
            return None
        fits = [inside(part, other.columns) for part in (first, second)]
        apart = fits[1][1] - fits[0][1]
        if min(fit for fit, _ in fits) < CONTAINED or apart < len(first) - 1:
            return None
        more = {apart: float(sum(other.draft.starts.values()))}
    steps = dict(pair.draft.steps[0])
    apart = max(more, key=lambda step: more[step]) != max(steps, key=lambda step: steps[step])
    for step, n in more.items():
        steps[step] = max(steps.get(step, 0.0), n)
    mass = pair.mass + other.mass if apart else max(pair.mass, other.mass)
    return replace(pair, draft=replace(pair.draft, steps=(steps,)), mass=mass)
