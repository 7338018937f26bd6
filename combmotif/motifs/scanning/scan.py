"""Where on sequences does a motif or a word occur? Forward strand, exact p-values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from combmotif.motifs.segment import normalised
from combmotif.sequence.alphabet import iupac_sets

GRID = 0.01  # bits; scores are whole multiples, so that their distribution is exact
_FLOOR = 1e-3  # weight of the background mixed into a column, so that no letter is impossible
_CHUNK = 1 << 22


def score_threshold(ppm: np.ndarray, p_value: float, *, background: Sequence[float] | None = None) -> float:
    """Find the log-odds score that a random word reaches with probability at most `p_value`.

    The distribution of the score under independent letters is computed exactly by dynamic programming over the
    columns (Staden 1989), as FIMO does.

    Parameters
    ----------
    ppm : float array, shape (length, 4)
        Probabilities (or counts).
    p_value : float
        Above 0 and at most 1.
    background : sequence of 4 floats, default uniform
        Frequencies of A, C, G, T/U.

    Returns
    -------
    float
        Smallest score in bits whose tail probability is at most `p_value`; infinite where even the best word
        is more likely than that (a motif of 3 letters at p = 1e-4).
    """
    _check_p(p_value)
    base = _background(background)
    scores = _log_odds(ppm, base)
    tail, lowest = _tail(scores, base)
    reached = np.flatnonzero(tail <= p_value * (1 + 1e-9))
    return float((lowest + reached[0]) * GRID) if reached.size else float("inf")


def own_p_value(ppm: np.ndarray, *, windows: float, background: Sequence[float] | np.ndarray | None = None) -> float:
    """Choose the score threshold of a motif from the motif itself, as the p-value of `score_threshold`.

    Three thresholds are worked out from the exact distributions of the score in words drawn from the matrix and in
    random words. The strictest keeps half of the motif's own words. The most lenient is the balanced one (Rahmann et
    al. 2003), at which a word of the motif is as likely to be missed as a random word is to be taken for it: below it,
    most sites are chance. Between the two lies the one that is wanted, at which a random sequence holds a site with
    probability 0.1, so that there are enough sites to test on: two motifs then meet in 200 of 20,000 sequences.

    Parameters
    ----------
    ppm : float array, shape (length, 4)
        Probabilities (or counts).
    windows : float
        Places of the motif in a sequence; at least 1.
    background : 4 floats, default uniform
        Frequencies of A, C, G, T/U.

    Returns
    -------
    float
        Probability that a random word reaches the threshold.

    References
    ----------
    Rahmann, Muller and Vingron, Stat Appl Genet Mol Biol 2003, 2:7.
    """
    base = _background(None if background is None else list(background))
    scores = _log_odds(ppm, base)
    chance, _ = _tail(scores, base)
    kept, _ = _tail(scores, (1 - _FLOOR) * normalised(ppm) + _FLOOR * base)
    # both fall with the score: the last score at which half is kept, and the last that misses no more than chance calls
    strict = chance[np.flatnonzero(kept >= 0.5)[-1]]
    balanced = chance[np.flatnonzero(1 - kept <= chance)[-1]]
    wanted = 1 - 0.9 ** (1 / max(windows, 1))
    return float(min(max(wanted, strict), max(balanced, strict)))


def find_sites(
    codes: Sequence[np.ndarray],
    motif: np.ndarray | str,
    *,
    p_value: float = 1e-4,
    background: Sequence[float] | None = None,
) -> pd.DataFrame:
    """List the sites of a motif on sequences.

    Parameters
    ----------
    codes : sequence of uint8 arrays, shape (length,)
        0 = A, 1 = C, 2 = G, 3 = T/U, 4 = N, as `combmotif.sequence.encode` gives them. A window with an N is no site.
    motif : float array of shape (length, 4), or str
        Probabilities (or counts), or an IUPAC word. A word matches or it does not: `p_value` is not used for it.
    p_value : float, default 1e-4
        Largest p-value of a window. Overlapping windows are all listed.
    background : sequence of 4 floats, default uniform
        Frequencies of A, C, G, T/U.

    Returns
    -------
    pandas.DataFrame
        Columns ``sequence`` (row of `codes`), ``start``, ``end`` (0-based half-open), ``score`` (log2 odds against the
        background, in bits), ``p_value`` (chance that a random window scores as high); ordered by sequence and start.

    Raises
    ------
    ValueError
        If `p_value`, `background` or the motif is not valid.

    Examples
    --------
    >>> from combmotif.motifs import find_sites
    >>> from combmotif.sequence import encode
    >>> find_sites([encode("CCUGUAAC"), encode("UUUU")], "UGUAN")[["sequence", "start", "end"]].values.tolist()
    [[0, 2, 7]]
    """
    return Scanner(motif, p_value=p_value, background=background).find(codes)


class Scanner:
    """A motif made ready to be looked for in many sequences; parameters as for `find_sites`.

    Attributes
    ----------
    width : int
        Columns of the motif.
    best_p : float
        Chance of the best-scoring word: no site can have a smaller p-value.
    reachable : bool
        Whether any window can have so small a p-value; a motif of 3 letters cannot at p = 1e-4.
    word : bool
        The motif is an IUPAC word.
    """

    def __init__(
        self, motif: np.ndarray | str, *, p_value: float = 1e-4, background: Sequence[float] | None = None
    ) -> None:
        _check_p(p_value)
        base = _background(background)
        if isinstance(motif, str):
            if not motif:
                raise ValueError("motif: expected an IUPAC word of at least one letter, got ''")
            allowed = iupac_sets(motif)
            self._scores, self._lowest_hit, self._lowest = np.where(allowed, 0, -1), 0, 0
            self.best_p = float(np.prod(allowed @ base))
            self._chances = np.array([self.best_p])
        else:
            self._scores = _log_odds(motif, base)
            self._chances, self._lowest = _tail(self._scores, base)
            reached = np.flatnonzero(self._chances <= p_value * (1 + 1e-9))
            self._lowest_hit = self._lowest + (int(reached[0]) if reached.size else len(self._chances))
            self.best_p = float(self._chances[-1])
        self.width = len(self._scores)
        self.word = isinstance(motif, str)
        self.reachable = self.word or self.best_p <= p_value * (1 + 1e-9)

    def find(self, codes: Sequence[np.ndarray]) -> pd.DataFrame:
        """List the sites on sequences; a table as `find_sites` returns it."""
        rows, starts, raw = _hits(codes, self._scores, self._lowest_hit)
        score = np.full(len(raw), -np.log2(self.best_p)) if self.word else raw * GRID
        chances = self._chances[raw - self._lowest]
        ends = starts + self.width
        return pd.DataFrame({"sequence": rows, "start": starts, "end": ends, "score": score, "p_value": chances})


def _hits(
    codes: Sequence[np.ndarray], scores: np.ndarray, lowest_hit: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Windows that score at least `lowest_hit`: their sequence row, start and score in grid steps."""
    width, impossible = len(scores), np.iinfo(np.int32).min // 2 // max(len(scores), 1)
    table = np.concatenate([scores, np.full((width, 1), impossible)], axis=1).astype(np.int32)
    found: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    first = 0
    while first < len(codes):
        last, size = first, 0
        while last < len(codes) and (last == first or size + len(codes[last]) < _CHUNK):
            size += len(codes[last])
            last += 1
        block = [np.asarray(row, dtype=np.uint8) for row in codes[first:last]]
        ends = np.cumsum([len(row) for row in block])
        letters = np.concatenate([*block, np.full(width, 4, dtype=np.uint8)])
        windows = len(letters) - width
        total = np.zeros(windows, dtype=np.int32)
        for column in range(width):
            total += table[column][letters[column : column + windows]]
        hits = np.flatnonzero(total >= lowest_hit)
        row = np.searchsorted(ends, hits, side="right")
        inside = hits + width <= ends[row] if hits.size else np.zeros(0, dtype=bool)
        hits, row = hits[inside], row[inside]
        begins = np.concatenate([[0], ends[:-1]])
        found.append((row + first, hits - begins[row], total[hits]))
        first = last
    if not found:
        return (np.zeros(0, dtype=int),) * 3
    rows, starts, raw = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return rows, starts, raw


def _log_odds(ppm: np.ndarray, base: np.ndarray) -> np.ndarray:
    matrix = (1 - _FLOOR) * normalised(ppm) + _FLOOR * base
    if not len(matrix):
        raise ValueError("motif: expected at least one column, got none")
    return np.rint(np.log2(matrix / base) / GRID).astype(np.int64)


def _tail(scores: np.ndarray, base: np.ndarray) -> tuple[np.ndarray, int]:
    """P(score >= lowest + i) for i = 0, 1, ...; scores (length, 4) in grid steps, base (4,) or one row per column."""
    chance = np.ones(1)
    for column, frequencies in zip(scores, np.broadcast_to(base, scores.shape), strict=True):
        moved = np.zeros(len(chance) + int(np.ptp(column)))
        for letter, step in enumerate(column - column.min()):
            moved[step : step + len(chance)] += frequencies[letter] * chance
        chance = moved
    return np.minimum(np.cumsum(chance[::-1])[::-1], 1), int(scores.min(1).sum())


def _background(background: Sequence[float] | None) -> np.ndarray:
    try:
        base = np.full(4, 0.25) if background is None else np.asarray(background, dtype=float)
    except (TypeError, ValueError):
        base = np.zeros(0)
    if base.shape != (4,) or not (base > 0).all() or abs(base.sum() - 1) > 1e-3:
        raise ValueError(f"background: expected 4 frequencies above 0 that sum to 1, got {background}")
    return base / base.sum()


def _check_p(p_value: float) -> None:
    if not 0 < p_value <= 1:
        raise ValueError(f"p_value: expected a number above 0 and at most 1, got {p_value}")
