"""Does a motif contain a known IUPAC word, and how surprising is that?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import ceil

import numpy as np

from combmotif.motifs.motif import information
from combmotif.sequence.alphabet import iupac_sets

BIN = 0.1  # bits per step of the discretised score
LEAST_RATIO = 0.2


@dataclass(frozen=True)
class WordTest:
    """Result for every query and word; each array has shape (queries, words).

    Attributes
    ----------
    p_value : float array
        Chance that the query with the bases of every column shuffled carries the word as well, anywhere; 1 where the
        word is absent.
    share : float array
        Share of the sequences the query describes that carry the word at `offset`.
    offset : int array
        Column of the query on which the word begins; negative where it begins before.
    overlap : int array
        Columns of the word that lie on the query.
    """

    p_value: np.ndarray
    share: np.ndarray
    offset: np.ndarray
    overlap: np.ndarray


def word_test(queries: Sequence[np.ndarray], words: Sequence[str], *, min_information: float = 0.25) -> WordTest:
    """Test queries for words that are too short for Tomtom.

    A word of three letters can never reach a small Tomtom p-value, and its p-value there depends on the other targets.
    Here the score of a word at a place in the query is the share of the described sequences that carry it there: the
    product over its letters of the summed probability of the allowed bases. The null hypothesis keeps the information
    of every query column and permutes its bases at random and independently, so a sharp AUG alone has
    p = 1/64 and a sharp UGUANAUA 4^-7. The distribution of the score is computed by convolution on a grid of 0.1 bits;
    places are added up (Bonferroni's bound for the best of them), but a place that cannot reach the score adds
    nothing, so uninformative flanks are free.

    A word is absent (p = 1) where its share is under a fifth of that of the query's own best word of the same
    degeneracy. At most a quarter of its letters may stick out of the query, and at least three must lie on it.

    Parameters
    ----------
    queries : sequence of float arrays, shape (length, 4)
        Probabilities.
    words : sequence of str
        IUPAC words.
    min_information : float, default 0.25
        Columns with fewer bits are taken as flat, so that noise cannot spell a word.

    Returns
    -------
    WordTest
    """
    flat = [np.where(information(q)[:, None] >= min_information, q, 0.25) for q in queries]
    shape = (len(queries), len(words))
    result = WordTest(np.ones(shape), np.zeros(shape), np.zeros(shape, int), np.zeros(shape, int))
    for column, word in enumerate(words):
        _test(flat, iupac_sets(word), result, column)
    return result


def _test(queries: list[np.ndarray], allowed: np.ndarray, result: WordTest, column: int) -> None:
    """Fill one column of `result`, for one word; all queries lie in one long array of columns."""
    width, needed = len(allowed), max(min(3, len(allowed)), ceil(0.75 * len(allowed)))
    pad = width - needed
    lengths = np.array([len(q) for q in queries])
    starts = np.concatenate([[0], np.cumsum(lengths + 2 * pad)])
    columns = np.full((int(starts[-1]) + width, 4), 0.25)
    for query, start in zip(queries, starts, strict=False):
        columns[start + pad : start + pad + len(query)] = query
    kept = -np.log2(np.maximum(columns @ allowed.T, 1e-9))
    ranked = np.cumsum(-np.sort(-columns, axis=1), axis=1)
    ideal = -np.log2(ranked[:, allowed.sum(1) - 1])
    places = int(starts[-1])
    cost = sum(kept[j : places + j, j] for j in range(width))
    least = sum(ideal[j : places + j, j] for j in range(width))
    bits = np.concatenate([[0], np.cumsum(information(columns))])
    own = np.stack([_steps(columns[:, row].sum(1)) for row in allowed], 1)
    options = {bases: _options(columns, bases) for bases in set(allowed.sum(1).tolist()) - {4}}
    for row, (start, length) in enumerate(zip(starts, lengths, strict=False)):
        count = length + 2 * pad - width + 1
        if count < 1:
            continue
        here = slice(start, start + count)
        best = int(np.argmin(cost[here]))
        place = start + best
        result.share[row, column] = 2.0 ** -cost[place]
        result.offset[row, column] = best - pad
        result.overlap[row, column] = min(best - pad + width, length) - max(best - pad, 0)
        ratio = 2.0 ** (least[place] - cost[place])
        total = bits[start + count + width - 1] - bits[start]
        if ratio < LEAST_RATIO or total <= 0:
            continue
        reach = np.flatnonzero(least[here] <= cost[place] + width * BIN) + start
        observed = int(sum(own[place + j, j] for j in range(width)))
        result.p_value[row, column] = min(1.0, _chance(options, allowed, reach, observed))


def _chance(options: dict[int, np.ndarray], allowed: np.ndarray, places: np.ndarray, observed: int) -> float:
    """Summed over `places`, the chance that shuffled columns carry the word at a score of `observed` steps or fewer.

    `options` gives, for so many allowed bases, the steps that every column loses with each choice of as many bases.
    """
    size, rows = observed + 1, np.arange(len(places))[:, None]
    chance = np.zeros((len(places), size))
    chance[:, 0] = 1
    for j, bases in enumerate(allowed.sum(1).tolist()):
        if bases == 4:
            continue
        step = options[bases][places + j]
        before = np.concatenate([np.zeros_like(chance), chance], axis=1)  # a shift to the right brings in zeros
        moved = np.zeros_like(chance)
        for option in step.T:
            if option.min() < size:  # else none of the places is reached with these bases
                moved += before[rows, size + np.arange(size) - np.minimum(option, size)[:, None]]
        chance = moved / step.shape[1]
    return float(chance.sum())


def _options(columns: np.ndarray, bases: int) -> np.ndarray:
    """Steps of every column for each choice of so many bases; (columns, choices)."""
    return np.stack([_steps(columns[:, list(chosen)].sum(1)) for chosen in combinations(range(4), bases)], 1)


def _steps(probability: np.ndarray) -> np.ndarray:
    return np.rint(-np.log2(np.maximum(probability, 1e-9)) / BIN).astype(int)
