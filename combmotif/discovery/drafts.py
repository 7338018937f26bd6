"""Motifs in the making: parts with the places and spacings they were seen at, found again in windows by their letters."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from combmotif.discovery.group import window_weights
from combmotif.motifs.motif import PSEUDOCOUNT
from combmotif.motifs.segment import segments

FLANK = 0
"""Columns on both sides by which a part may grow when it is counted anew."""
LEAST_CARRIED = 0.4
"""Share of a motif's best score that a window must reach to carry it."""
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


def count_at(codes: np.ndarray, weights: np.ndarray, places: np.ndarray, low: int, high: int) -> np.ndarray:
    """Weighted counts of the columns low <= column < high relative to a place per window; (high - low, 4)."""
    size = codes.shape[1]
    columns = places[:, None] + np.arange(low, high)
    inside = (columns >= 0) & (columns < size)
    letters = np.take_along_axis(codes, np.clip(columns, 0, size - 1), 1)
    share = window_weights(weights)[:, None] * inside
    return np.stack([(share * (letters == base)).sum(0) for base in range(4)], axis=1)


def least_score(draft: Draft, random: np.ndarray) -> float:
    """Score that a window must reach to carry the draft: 40 % of the best, and more than 95 % of random windows."""
    return max(LEAST_CARRIED * draft.best, float(np.quantile(find(draft, random).score, CHANCE)))


def informative(pfm: np.ndarray) -> list[tuple[int, int]]:
    """Informative segments of counts, over the columns that at least half of the weight covers."""
    covered = pfm.sum(1) >= 0.5 * pfm.sum(1).max()
    counts = np.where(covered[:, None], pfm, 0) + PSEUDOCOUNT
    return segments(counts / counts.sum(1, keepdims=True))


def refine(draft: Draft, codes: np.ndarray, weights: np.ndarray, found: Found, carried: np.ndarray) -> Draft:
    """Count the letters of the windows that carry a draft anew, and let every part grow or shrink to what they say."""
    rows = np.flatnonzero(carried)
    if len(rows) < 2:
        return draft
    parts: list[np.ndarray] = []
    moves: list[int] = []
    for index, part in enumerate(draft.parts):
        flank = FLANK
        pfm = count_at(codes[rows], weights[rows], found.places[rows, index], -flank, len(part) + flank)
        spans = informative(pfm)
        if not spans:
            return draft
        parts.append(pfm[spans[0][0] : spans[-1][1]])
        moves.append(spans[0][0] - flank)
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


def select(
    drafts: list[Draft], codes: np.ndarray, weights: np.ndarray, random: np.ndarray, *, least: float
) -> list[tuple[Draft, Found, np.ndarray]]:
    """Choose drafts that explain the windows, and count their letters anew.

    The draft that adds most log-odds, weighted by excitation, comes next; it stays if it brings windows with at least
    ``least`` of all excitation that carry none of those chosen before. So variants of one motif, and what
    a few related windows have in common by descent, do not become motifs of their own.

    Parameters
    ----------
    drafts : list of Draft
    codes : uint8 array, shape (n, size)
    weights : float array, shape (n,)
        Excitation.
    random : uint8 array, shape (m, size)
        Random windows, which set what counts as carrying.
    least : float

    Returns
    -------
    list of (Draft, Found, bool array of the windows that carry it)
    """
    drafts = [_renewed(draft, codes, weights, random) for draft in drafts]
    results = [(draft, *_carried(draft, codes, random)) for draft in drafts]
    chosen: list[tuple[Draft, Found, np.ndarray]] = []
    best = np.zeros(len(codes))
    covered = np.zeros(len(codes), bool)
    left = list(range(len(results)))
    while left:
        gains = [
            float((weights * np.maximum(np.where(results[i][2], results[i][1].score, 0) - best, 0)).sum()) for i in left
        ]
        index = left.pop(int(np.argmax(gains)))
        draft, found, carried = results[index]
        if weights[carried & ~covered].sum() < least * weights.sum():
            continue
        chosen.append(results[index])
        covered |= carried
        best = np.maximum(best, np.where(carried, found.score, 0))
    return chosen


def _renewed(draft: Draft, codes: np.ndarray, weights: np.ndarray, random: np.ndarray) -> Draft:
    for _ in range(2):
        found, carried = _carried(draft, codes, random)
        draft = refine(draft, codes, weights, found, carried)
    return draft


def _carried(draft: Draft, codes: np.ndarray, random: np.ndarray) -> tuple[Found, np.ndarray]:
    found = find(draft, codes)
    return found, found.score >= least_score(draft, random)
