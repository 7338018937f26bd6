"""Cut a matrix as wide as the receptive field into its informative runs."""

from __future__ import annotations

import numpy as np

from combmotif.motifs.motif import information

INFORMATIVE = 0.5
"""Bits of an informative column."""
LONGEST_GAP = 2
"""Columns of the longest uninformative stretch inside a run."""


def segments(ppm: np.ndarray, *, min_length: int = 3) -> list[tuple[int, int]]:
    """Find the runs of informative columns in a position-probability matrix.

    A neuron's matrix spans its whole receptive field; the motif (or the two motifs at a fixed distance) is
    the part where bases are preferred. A column is informative when it holds at least half a bit,
    or at least half as much while the average with its neighbours holds half a bit (so a weak column beside a
    strong one stays). Informative columns at most 3 apart belong to one run, so UGUANAUA is one motif. A
    run starts and ends on an informative column, wherever it lies, the ends of the receptive field included.

    Parameters
    ----------
    ppm : float array, shape (length, 4)
        Probabilities (or counts) per column; rows are normalised, a row of zeros counts as uniform.
    min_length : int, default 3
        Columns of the shortest run returned. The start codon has 3.

    Returns
    -------
    list of (start, end)
        0-based half-open column ranges, from left to right, never overlapping. Empty where nothing is informative.

    Raises
    ------
    ValueError
        If `ppm` is not (length, 4), or holds a negative or non-finite number.

    Examples
    --------
    >>> from combmotif.motifs import segments, word_ppm
    >>> segments(word_ppm("NNAUGNNNNNUGUANAUANN"))
    [(2, 5), (10, 18)]
    """
    ppm = normalised(ppm)
    bits = information(ppm)
    length = len(bits)
    total = np.concatenate([[0.0], np.cumsum(bits)])
    first, last = np.maximum(np.arange(length) - 1, 0), np.minimum(np.arange(length) + 2, length)
    smooth = (total[last] - total[first]) / np.maximum(last - first, 1)
    informative = (bits >= INFORMATIVE) | ((smooth >= INFORMATIVE) & (bits >= INFORMATIVE / 2))
    columns = np.flatnonzero(informative)
    if not columns.size:
        return []
    runs = np.split(columns, np.flatnonzero(np.diff(columns) > LONGEST_GAP + 1) + 1)
    return [(int(run[0]), int(run[-1]) + 1) for run in runs if run[-1] + 1 - run[0] >= min_length]


def normalised(ppm: np.ndarray) -> np.ndarray:
    """Check a matrix of shape (length, 4) and make its rows sum to 1; a row of zeros becomes uniform."""
    matrix = np.asarray(ppm, dtype=float)
    if matrix.ndim != 2 or matrix.shape[1] != 4:
        raise ValueError(f"ppm: expected shape (length, 4), got {matrix.shape}; transpose a (4, length) matrix")
    if not np.isfinite(matrix).all() or (matrix < 0).any():
        raise ValueError("ppm: expected probabilities or counts, got a negative or non-finite number")
    total = matrix.sum(1, keepdims=True)
    return np.where(total > 0, matrix / np.where(total > 0, total, 1), 0.25)
