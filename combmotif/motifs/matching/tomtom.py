"""Tomtom p-values for pairs of matrices, and the floor that keeps them honest."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from threadpoolctl import threadpool_limits

from combmotif.motifs.matching.chance import letter_p_values
from combmotif.motifs.motif import information

LETTER_CHANCE = 0.002
SHARP_QUERY = 1.0
SMALLEST_P = 1e-300
LEAST_OVERLAP = 4  # columns that a pair must share, at most the shorter of the two; fewer give p = 1
MEDIAN_BINS = 100_000  # so many that the median of a column's distances is the exact one, as MEME's is
ROUNDING = 1e-6
TELLING_APART = 1e-9  # relative; see `_told_apart`
MEME_PSEUDOCOUNT = 0.1
MEME_SITES = 20


@dataclass(frozen=True)
class TomtomResult:
    """Best alignment of every query with every target; each array has shape (queries, targets).

    Attributes
    ----------
    p_value : float array
        In (0, 1].
    offset : int array
        Column of the query on which the target's first column lies; negative where the target begins before.
    overlap : int array
        Columns shared.
    reverse : bool array
        The target's reverse complement was the better one.
    """

    p_value: np.ndarray
    offset: np.ndarray
    overlap: np.ndarray
    reverse: np.ndarray


def tomtom(queries: Sequence[np.ndarray], targets: Sequence[np.ndarray], *, strands: str = "single") -> TomtomResult:
    """Compare matrices as MEME's Tomtom does (Gupta et al. 2007), without its binary.

    Euclidean distance between columns, complete scores, the columns of all targets as background. Computed by
    memelite with exact target columns and medians, on one thread. Given the pseudo-counts that MEME adds
    (`pseudocounted`), the p-values are MEME's to the digits it prints (``python scripts/benchmarks/matching.py``).

    Parameters
    ----------
    queries, targets : sequences of float arrays, shape (length, 4)
        Probabilities.
    strands : {"single", "both"}, default "single"
        "both" also compares the reverse complement of each target; where both strands score alike (a palindrome) the
        forward one is given.

    Returns
    -------
    TomtomResult

    Raises
    ------
    ValueError
        If there is no query or no target.

    Examples
    --------
    >>> from combmotif.motifs import word_ppm
    >>> targets = [word_ppm(word) for word in ("UGUAAAUA", "GGACUGGC", "CCCCAAUU")]
    >>> int(tomtom([word_ppm("UGUAAAUA")], targets).p_value.argmin())
    0
    """
    if not len(queries) or not len(targets):
        raise ValueError(f"tomtom: expected at least one query and target, got {len(queries)} and {len(targets)}")
    from memelite import tomtom as compare  # importing it costs more than 0.3 s

    both = strands == "both"  # of equal strands memelite gives the second: so that this is the forward one
    given = [target[::-1, ::-1] for target in _told_apart(targets)] if both else _told_apart(targets)
    # numba starts a thread per core when it is first called, and with them those of torch, which stay
    with threadpool_limits(1, "openmp"), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="tomtom was given")
        p_value, _, shift, overlap, second = compare(
            [np.ascontiguousarray(query.T) for query in queries],
            [np.ascontiguousarray(target.T) for target in given],
            n_median_bins=MEDIAN_BINS,
            n_target_bins=None,
            reverse_complement=both,
            n_jobs=1,
        )
    p_value = np.where(np.isfinite(p_value), np.clip(p_value, SMALLEST_P, 1), 1)
    return TomtomResult(p_value, -shift.astype(int), overlap.astype(int), (second == 0) & both)


def _told_apart(targets: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Make equal columns of the targets differ by less than anything measured, all else left as it is.

    Scores are distances minus their median, in whole steps from the lowest. In a list of equally sharp k-mers three
    quarters of the columns lie at the very same, largest distance of a query column, so lowest and median are one
    number, down to rounding, and memelite's distribution is wrong where it has nothing below the median (p = 1e-300
    for one word against itself). What a billionth tells apart has something below it, and the same whole steps.
    """
    ends = np.cumsum([len(target) for target in targets])
    nudged = np.concatenate(targets) * (1 + TELLING_APART * (np.arange(ends[-1]) % 7 - 3)[:, None])
    return np.split(nudged, ends[:-1])


def pseudocounted(ppm: np.ndarray, sites: float | None = None, *, pseudocount: float = MEME_PSEUDOCOUNT) -> np.ndarray:
    """Add to a database's matrix what MEME's Tomtom adds: 0.1 counts, spread evenly over the letters of a column.

    A zero counted in few sites is no impossibility. Without it the best of two targets that are nearly as good may be
    the other one.

    Parameters
    ----------
    ppm : float array, shape (length, 4)
        Probabilities, rows sum to 1.
    sites : float, optional
        Sites behind the matrix; 20, as MEME takes it, where unknown (or not above 0).
    pseudocount : float, default 0.1
        In all, per column.

    Returns
    -------
    float array, shape (length, 4)

    Examples
    --------
    >>> pseudocounted(np.array([[1.0, 0, 0, 0]]), sites=20).round(4)
    array([[0.9963, 0.0012, 0.0012, 0.0012]])
    """
    known = sites if sites is not None and sites > 0 else MEME_SITES
    return (ppm * known + pseudocount / 4) / (known + pseudocount)


def guarded_tomtom(
    queries: Sequence[np.ndarray], targets: Sequence[np.ndarray], *, strands: str = "single"
) -> TomtomResult:
    """Compare matrices by `tomtom`, and raise the p-values that come from flat or from equally sharp columns.

    Tomtom asks whether a random column of the database would be as near. It answers with p = 3.5e-6 for a
    flat query of 20 nt on flat target columns, and with 1e-9 for three sharp columns that happen to be just
    as sharp as a rare target's, whatever the rest of the database holds. So a p-value stands only where the letters
    agree: where, with the letters of each query column shuffled, the aligned columns would agree as well with
    probability at most 0.002 (`letter_p_values`; about four and a half exact letters), and at most 0.02 after
    multiplication with the number of shifts, in a query of at least 1 bit per column. Elsewhere it is raised to
    that product. Where sharpness tells
    nothing, as in a list of k-mers, the letters are all that agrees: then no p-value is below theirs, 4^-w for w exact
    letters, however rare a letter is in the database. Sharpness tells nothing where the database with the letters of
    its columns renamed, in all four turns, gives a pair no smaller p-value than the letters do.

    Measured with 100 queries at a time and q <= 0.05 against Ray 2013, CISBP-RNA, RBNS, ATtRACT and the microRNA sites:
    random queries of 3 sharp columns called by plain Tomtom 12, 8, 6, 35, 0, random weak ones of 20 columns 0, 0, 2,
    42, 0; guarded 0 everywhere, as for 4 to 12 sharp columns. Of motifs drawn from the database's own matrices (100
    sites) plain calls 100, 100, 98, 86, 0 and guarded 100, 99, 86, 85, 0: no 7-mer stands out among 1,553 microRNA
    sites. Reproduce with ``python scripts/benchmarks/false_matches.py``.

    Parameters
    ----------
    queries, targets, strands
        As for `tomtom`.

    Returns
    -------
    TomtomResult

    Examples
    --------
    >>> from combmotif.motifs import word_ppm
    >>> targets = [word_ppm(word) for word in ("UGUAAAUA", "GGACUGGC", "CCCCAAUU")]
    >>> flat = np.full((8, 4), 0.25)
    >>> bool(guarded_tomtom([flat], targets).p_value.min() > 0.05)
    True
    """
    result = tomtom(queries, targets, strands=strands)
    lengths, widths = [len(query) for query in queries], [len(target) for target in targets]
    needed = np.minimum(LEAST_OVERLAP, np.minimum.outer(lengths, widths))
    p_value = np.where(result.overlap >= needed, result.p_value, 1)
    shifts = (2 if strands == "both" else 1) * np.maximum(1, np.add.outer(lengths, widths) - 2 * needed + 1)
    rows, columns = np.nonzero(p_value < 10 * LETTER_CHANCE)
    aligned = []
    for i, j in zip(rows.tolist(), columns.tolist(), strict=True):
        target, offset = targets[j][::-1, ::-1] if result.reverse[i, j] else targets[j], result.offset[i, j]
        low, high = max(0, offset), min(lengths[i], widths[j] + offset)
        aligned.append((queries[i][low:high], target[low - offset : high - offset]))
    letters = letter_p_values([query for query, _ in aligned], [target for _, target in aligned])
    anywhere = np.minimum(1, letters * shifts[rows, columns])
    weak = np.array([information(query).mean() < SHARP_QUERY for query in queries])[rows]
    doubtful = weak | (letters > LETTER_CHANCE) | (anywhere > 10 * LETTER_CHANCE)
    found = p_value[rows, columns]
    p_value[rows, columns] = np.where(doubtful, np.maximum(found, anywhere), found)
    asked = np.unique(rows[~doubtful])
    if asked.size:
        renamed = [np.roll(target, step, axis=1) for step in range(4) for target in targets]
        balanced = np.zeros_like(p_value)
        balanced[asked] = tomtom([queries[i] for i in asked], renamed, strands=strands).p_value[:, : len(targets)]
        alone = balanced[rows, columns] >= letters * (1 - ROUNDING)
        p_value[rows, columns] = np.where(alone, np.maximum(p_value[rows, columns], letters), p_value[rows, columns])
    return replace(result, p_value=p_value)
