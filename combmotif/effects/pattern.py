"""What counts as an occurrence of a motif: an IUPAC word, or a matrix with a score threshold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from combmotif.motifs.motif import Motif
from combmotif.sequence.alphabet import LETTERS, iupac_sets

SCAN_NUCLEOTIDES = 4_000_000


@dataclass(frozen=True)
class Pattern:
    """A motif that can be found in codes.

    Attributes
    ----------
    name : str
        The word, or the id of the motif (and the columns that were kept, as ``id[start:end]``).
    consensus : str
        IUPAC word.
    scores : float array, shape (length, 5)
        Score of A, C, G, T/U and N per position; N never matches.
    threshold : float
        A window whose scores sum to at least this is an occurrence.
    """

    name: str
    consensus: str
    scores: np.ndarray
    threshold: float

    def __len__(self) -> int:
        return len(self.scores)

    def matches(self, codes: np.ndarray) -> np.ndarray:
        """Mark the windows that match: codes (..., width) -> bool (..., width - length + 1)."""
        windows = codes.shape[-1] - len(self) + 1
        if windows < 1:
            return np.zeros((*codes.shape[:-1], 0), dtype=bool)
        total = np.zeros((*codes.shape[:-1], windows))
        for position, column in enumerate(self.scores):
            total += column[codes[..., position : position + windows]]
        return total >= self.threshold - 1e-9


def as_pattern(
    motif: str | Motif | Pattern,
    *,
    p_value: float = 1e-3,
    background: Sequence[float] | np.ndarray = (0.25, 0.25, 0.25, 0.25),
    columns: tuple[int, int] | None = None,
    alphabet: str = "rna",
) -> Pattern:
    """Make a pattern of a word or a motif.

    Parameters
    ----------
    motif : str, Motif or Pattern
        IUPAC letters (U and T are equal), or counts per position and base. A Pattern is returned as it is.
    p_value : float, default 1e-3
        For a Motif: probability that a random window reaches the threshold. Where even the best word is likelier
        than that (short motifs), the best word alone matches.
    background : 4 floats, default equal
        Frequencies of A, C, G, T/U behind the log-odds and the p-value.
    columns : (start, end), optional
        Columns of a Motif to keep, 0-based half-open; default all.
    alphabet : {"rna", "dna"}, default "rna"
        Letters of the names.
    """
    if isinstance(motif, Pattern):
        return motif
    if isinstance(motif, str):
        if not motif:
            raise ValueError("motif word: expected IUPAC letters, found an empty word")
        allowed = iupac_sets(motif)
        word = motif.upper().replace("T", "U").replace("U", LETTERS[alphabet][3])
        scores = np.column_stack([np.where(allowed, 1.0, 0.0), np.full(len(word), -np.inf)])
        return Pattern(word, word, scores, float(len(word)))
    from combmotif.motifs.scan import log_odds, score_threshold

    start, end = columns or (0, len(motif))
    ppm = motif.ppm[start:end]
    known = log_odds(ppm, background)
    threshold = min(score_threshold(ppm, p_value, background), float(known.max(1).sum()))
    name = motif.id if columns is None else f"{motif.id}[{start}:{end}]"
    scores = np.column_stack([known, np.full(len(ppm), -np.inf)])
    return Pattern(name, motif.consensus(alphabet)[start:end], scores, threshold)


def find_occurrences(pattern: Pattern, codes: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Find every occurrence in a list of sequences.

    Parameters
    ----------
    pattern : Pattern
    codes : sequence of uint8 arrays, each of shape (length,)

    Returns
    -------
    rows, starts : integer arrays, shape (occurrences,)
        Row of the sequence and 0-based first position, sorted by row, then start.
    """
    rows: list[np.ndarray] = []
    starts: list[np.ndarray] = []
    lengths = np.array([len(c) for c in codes], dtype=np.int64)
    # Many sequences are scanned at once, held apart by an N, which no pattern matches.
    block = np.cumsum(lengths + 1) // SCAN_NUCLEOTIDES
    for part in np.split(np.arange(len(codes)), np.flatnonzero(np.diff(block)) + 1):
        if not len(part):
            continue
        joined = np.full(int((lengths[part] + 1).sum()), 4, dtype=np.uint8)
        offsets = np.cumsum(lengths[part] + 1) - lengths[part] - 1
        for row, offset in zip(part, offsets, strict=True):
            joined[offset : offset + lengths[row]] = codes[row]
        found = np.flatnonzero(pattern.matches(joined))
        which = np.searchsorted(offsets, found, side="right") - 1
        rows.append(part[which])
        starts.append(found - offsets[which])
    if not rows:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    return np.concatenate(rows), np.concatenate(starts)
