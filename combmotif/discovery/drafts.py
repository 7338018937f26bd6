"""Motifs in the making: parts with their places and spacings, found again in windows by their letters."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from combmotif.discovery.group import window_weights
from combmotif.motifs.motif import PSEUDOCOUNT
from combmotif.motifs.segment import segments

LEAST_CARRIED = 0.4
"""Share of a motif's best score that a window must reach to carry it."""
NEAR = 0.6
SAME_COLUMNS = 0.6
SAME_WINDOWS = 0.7
"""A motif of whose columns 60 % lie, in 70 % of its excitation, at one place on another motif is a variant of that."""
WIDER = 1.2
FEWEST_ALONE = 20
LEAST_ALONE = 0.1
CHANCE = 0.95
"""Share of random windows that must score less."""


@dataclass(frozen=True)
class Draft:
    """A motif of one or more parts.

    Attributes
    ----------
    parts : tuple of float arrays, shape (length, 4)
        Counts of each part, 5' to 3'.
    starts : dict of int to float
        Places of the first part and their weight; it may lie outside the window.
    steps : tuple of dict of int to float
        Distances between the starts of neighbouring parts and their weight; one entry where the spacing is fixed.
    """

    parts: tuple[np.ndarray, ...]
    starts: dict[int, float]
    steps: tuple[dict[int, float], ...] = ()

    @property
    def best(self) -> float:
        """Largest possible score, in bits."""
        return float(sum(odds(part).max(1).sum() for part in self.parts))


@dataclass(frozen=True)
class Found:
    """Best place of a draft in every window.

    Attributes
    ----------
    score : float array, shape (windows,)
        Log-odds in bits; -inf where it fits nowhere.
    places : integer array, shape (windows, parts)
        Start of each part.
    """

    score: np.ndarray
    places: np.ndarray


@dataclass(frozen=True, eq=False)
class Choice:
    """A draft, its best place in every window, and the windows that carry it (bool array)."""

    draft: Draft
    found: Found
    carried: np.ndarray


def odds(pfm: np.ndarray) -> np.ndarray:
    """Log-odds of counts against uniform, in bits, at least -4."""
    counts = pfm + PSEUDOCOUNT
    return np.maximum(np.log2(counts / counts.sum(1, keepdims=True) / 0.25), -4.0)


def _prior(weights: dict[int, float]) -> dict[int, float]:
    total = sum(weights.values()) + 0.5 * len(weights)
    return {key: float(np.log2((weight + 0.5) / total)) for key, weight in weights.items()}


def scores(codes: np.ndarray, pfm: np.ndarray, low: int, high: int) -> np.ndarray:
    """Log-odds of counts at the starts low <= start < high, columns outside the window left out; (n, high - low)."""
    n, size = codes.shape
    table = odds(pfm).astype(np.float32)
    total = np.zeros((n, high - low), np.float32)
    for column, row in enumerate(table):
        first, last = max(low, -column), min(high, size - column)
        if first < last:
            total[:, first - low : last - low] += row[codes[:, first + column : last + column]]
    return total


def find(draft: Draft, codes: np.ndarray) -> Found:
    """Find the best place of a draft, and of each of its parts, in windows (n, size)."""
    n, size = codes.shape
    low = min(draft.starts)
    high = max(draft.starts) + 1
    total = np.full((n, high - low), -np.inf, np.float32)
    plain = scores(codes, draft.parts[0], low, high)
    for start, prior in _prior(draft.starts).items():
        total[:, start - low] = plain[:, start - low] + prior
    back: list[np.ndarray] = []
    lows = [low]
    for part, steps in zip(draft.parts[1:], draft.steps, strict=True):
        prior_of = _prior(steps)
        new_low, new_high = low + min(steps), high + max(steps)
        best = np.full((n, new_high - new_low), -np.inf, np.float32)
        via = np.zeros((n, new_high - new_low), int)
        for step, prior in prior_of.items():
            at = slice(low + step - new_low, high + step - new_low)
            better = total + np.float32(prior) > best[:, at]
            best[:, at] = np.where(better, total + np.float32(prior), best[:, at])
            via[:, at] = np.where(better, step, via[:, at])
        total = best + scores(codes, part, new_low, new_high)
        back.append(via)
        low, high = new_low, new_high
        lows.append(low)
    where = total.argmax(1)
    rows = np.arange(n)
    places = np.zeros((n, len(draft.parts)), int)
    places[:, -1] = where + lows[-1]
    for index in range(len(draft.parts) - 1, 0, -1):
        places[:, index - 1] = places[:, index] - back[index - 1][rows, places[:, index] - lows[index]]
    score = sum(
        scores_at(codes, part, places[:, index]) for index, part in enumerate(draft.parts)
    )  # fmt: skip
    return Found(np.where(np.isfinite(total[rows, where]), score, -np.inf), places)


def scores_at(codes: np.ndarray, pfm: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Log-odds of counts at one start per window, (n,)."""
    size = codes.shape[1]
    columns = places[:, None] + np.arange(len(pfm))
    inside = (columns >= 0) & (columns < size)
    letters = np.take_along_axis(codes, np.clip(columns, 0, size - 1), 1)
    return (odds(pfm)[np.arange(len(pfm)), letters] * inside).sum(1)


@dataclass(frozen=True)
class Windows:
    """The windows that are looked at.

    Attributes
    ----------
    codes : uint8 array, shape (n, size)
    weights : float array, shape (n,)
        Excitation.
    descent : float array, shape (n,)
        1 over the number of windows that are nearly the same, see `descent_weights`.
    """

    codes: np.ndarray
    weights: np.ndarray
    descent: np.ndarray

    def count(self, rows: np.ndarray, places: np.ndarray, low: int, high: int) -> np.ndarray:
        """Weighted counts of the columns low <= column < high relative to a place in each of ``rows``."""
        return count_at(self.codes[rows], self.weights[rows], self.descent[rows], places, low, high)


def descent_weights(codes: np.ndarray) -> np.ndarray:
    """Weigh windows by 1 over the number of their near copies, themselves included.

    A sampler's strong windows descend from each other, and what they share by descent is no motif. Near copies share
    60 % of the letters by which they could differ beyond the median pair of windows.
    """
    n = len(codes)
    flat = np.eye(4, dtype=np.float32)[codes].reshape(n, -1)
    some = flat[:: max(1, n // 200)]
    usual = float(np.median(some @ flat.T)) / codes.shape[1]
    least = (usual + NEAR * (1 - usual)) * codes.shape[1]
    near = np.concatenate([(flat[i : i + 500] @ flat.T >= least).sum(1) for i in range(0, n, 500)])
    return 1.0 / np.maximum(near, 1)


def count_at(
    codes: np.ndarray, weights: np.ndarray, descent: np.ndarray, places: np.ndarray, low: int, high: int
) -> np.ndarray:
    """Weighted counts of the columns low <= column < high relative to a place per window; (high - low, 4)."""
    size = codes.shape[1]
    columns = places[:, None] + np.arange(low, high)
    inside = (columns >= 0) & (columns < size)
    letters = np.take_along_axis(codes, np.clip(columns, 0, size - 1), 1)
    weight = window_weights(weights) * descent
    share = (weight * (len(codes) / weight.sum()))[:, None] * inside
    return np.stack([(share * (letters == base)).sum(0) for base in range(4)], axis=1)


def least_score(draft: Draft, random: np.ndarray) -> float:
    """Score that a window must reach to carry the draft: 40 % of the best, and more than 95 % of random windows."""
    return max(LEAST_CARRIED * draft.best, float(np.quantile(find(draft, random).score, CHANCE)))


def informative(pfm: np.ndarray) -> list[tuple[int, int]]:
    """Informative segments of counts, over the columns that at least half of the weight covers."""
    covered = pfm.sum(1) >= 0.5 * pfm.sum(1).max()
    counts = np.where(covered[:, None], pfm, 0) + PSEUDOCOUNT
    return segments(counts / counts.sum(1, keepdims=True))


def refine(draft: Draft, windows: Windows, found: Found, carried: np.ndarray) -> Draft:
    """Count the letters of the windows that carry a draft anew, and cut every part to what they say."""
    rows = np.flatnonzero(carried)
    if len(rows) < 2:
        return draft
    parts: list[np.ndarray] = []
    moves: list[int] = []
    for index, part in enumerate(draft.parts):
        pfm = windows.count(rows, found.places[rows, index], 0, len(part))
        spans = informative(pfm)
        if not spans:
            return draft
        parts.append(pfm[spans[0][0] : spans[-1][1]])
        moves.append(spans[0][0])
    places = found.places[rows] + np.array(moves)
    return replace(
        draft,
        parts=tuple(parts),
        starts=tally(places[:, 0]),
        steps=tuple(tally(places[:, i + 1] - places[:, i]) for i in range(len(parts) - 1)),
    )


def tally(values: np.ndarray, least: float = 0.005) -> dict[int, float]:
    """Counts of values, those below half a percent left out."""
    unique, counts = np.unique(values, return_counts=True)
    kept = counts >= least * counts.sum()
    return {int(v): float(c) for v, c in zip(unique[kept], counts[kept], strict=True)}


def select(drafts: list[Draft], windows: Windows, random: np.ndarray, *, least: float) -> list[Choice]:
    """Choose drafts that explain the windows, and count their letters anew.

    The draft that adds most log-odds, weighted by excitation, comes next; it stays if windows that carry none of
    those chosen before, with at least ``least`` of all excitation beyond the 5 % that any motif meets by chance, carry
    it. So variants of one motif do not become motifs of their own; nor does what mostly lies on the same columns of one
    chosen before, unless a fifth more of the excitation carries it: then it takes its place. In the end the letters of
    each are counted where no other motif lies over it.

    Parameters
    ----------
    drafts : list of Draft
    windows : Windows
    random : uint8 array, shape (m, size)
        Random windows, which set what counts as carrying.
    least : float

    Returns
    -------
    list of Choice
    """
    codes, weights = windows.codes, windows.weights
    results = [_renewed(draft, windows, random) for draft in drafts]
    chosen: list[Choice] = []
    best = np.zeros(len(codes))
    covered = np.zeros(len(codes), bool)
    left = list(range(len(results)))
    while left:
        gains = [
            float((weights * np.maximum(np.where(results[i].carried, results[i].found.score, 0) - best, 0)).sum())
            for i in left
        ]
        choice = results[left.pop(int(np.argmax(gains)))]
        by_chance = (1 - CHANCE) * weights[~covered].sum()
        if weights[choice.carried & ~covered].sum() - by_chance < least * weights.sum():
            continue
        same = _same_columns(choice, chosen, weights)
        if same is not None:
            mass, other = (weights[c.carried].sum() for c in (choice, chosen[same]))
            if mass < WIDER * other:
                continue
            chosen.pop(same)
        chosen.append(choice)
        covered |= choice.carried
        best = np.maximum(best, np.where(choice.carried, choice.found.score, 0))
    alone = [_alone(index, chosen) for index in range(len(chosen))]
    recounted = []
    for choice, free in zip(chosen, alone, strict=True):
        if FEWEST_ALONE <= free.sum() < choice.carried.sum() and free.sum() >= LEAST_ALONE * choice.carried.sum():
            draft = refine(choice.draft, windows, choice.found, free)
            choice = Choice(draft, *carried(draft, codes, random))
        recounted.append(choice)
    return recounted


def _same_columns(choice: Choice, chosen: list[Choice], weights: np.ndarray) -> int | None:
    """Motif chosen before on whose columns every part lies in most windows; None where there is none."""
    total = weights[choice.carried].sum()
    for number, rival in enumerate(chosen):
        both = choice.carried & rival.carried
        least = 1.0
        for i, part in enumerate(choice.draft.parts):
            share = 0.0
            for j, against in enumerate(rival.draft.parts):
                apart = (choice.found.places[:, i] - rival.found.places[:, j])[both]
                values, index = np.unique(apart, return_inverse=True)
                shared = np.minimum(values + len(part), len(against)) - np.maximum(values, 0)
                mass = np.bincount(index, weights[both], minlength=len(values))
                share = max(share, float(mass[shared >= SAME_COLUMNS * len(part)].max(initial=0)) / total)
            least = min(least, share)
        if least >= SAME_WINDOWS:
            return number
    return None


def _alone(index: int, chosen: list[Choice]) -> np.ndarray:
    """Windows that carry a choice where no other carried one overlaps it."""
    choice = chosen[index]
    free = choice.carried.copy()
    for other, rival in enumerate(chosen):
        if other == index:
            continue
        both = choice.carried & rival.carried
        for i, part in enumerate(choice.draft.parts):
            for j, against in enumerate(rival.draft.parts):
                apart = rival.found.places[:, j] - choice.found.places[:, i]
                free &= ~(both & (apart < len(part)) & (-apart < len(against)))
    return free


def _renewed(draft: Draft, windows: Windows, random: np.ndarray) -> Choice:
    for _ in range(2):
        found, rows = carried(draft, windows.codes, random)
        draft = refine(draft, windows, found, rows)
    return Choice(draft, *carried(draft, windows.codes, random))


def carried(draft: Draft, codes: np.ndarray, random: np.ndarray) -> tuple[Found, np.ndarray]:
    """Find a draft in windows, and say which of them carry it; see `least_score`."""
    found = find(draft, codes)
    return found, found.score >= least_score(draft, random)
