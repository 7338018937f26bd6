"""What counts as an occurrence of a motif: an IUPAC word, or a matrix with a score threshold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from combmotif.motifs.motif import Motif, information
from combmotif.motifs.scanning.scan import GRID, _log_odds, find_sites, own_p_value, score_threshold
from combmotif.sequence.alphabet import LETTERS, UNKNOWN, iupac_sets

LEAST_BITS = 0.3
"""A column below this is N in a motif's consensus: any base may stand there."""


@dataclass(frozen=True, eq=False)
class Pattern:
    """A motif that can be found in codes.

    Attributes
    ----------
    name : str
        The word, or the id of the motif (and the columns that were kept, as ``id[start:end]``).
    consensus : str
        IUPAC word.
    motif : str or float array, shape (length, 4)
        The word, or probabilities.
    scores : float array, shape (length, 5)
        Score of A, C, G, T/U and N per position; N never matches.
    threshold : float
        A window whose scores sum to at least this is an occurrence.
    p_value : float
        Chance of an occurrence at a random window.
    background : float array, shape (4,)
    columns : (start, end), optional
        Columns of the motif that were kept, 0-based half-open; None for all, and for a word.
    """

    name: str
    consensus: str
    motif: str | np.ndarray
    scores: np.ndarray
    threshold: float
    p_value: float
    background: np.ndarray
    columns: tuple[int, int] | None = None

    def described(self, side: str) -> dict[str, str]:
        """Columns of a table that say which motif of a pair this is: its id, as in other tables, and what was kept."""
        id_ = self.name if self.columns is None else self.name.rpartition("[")[0]
        kept = "" if self.columns is None else f"{self.columns[0]}-{self.columns[1]}"
        return {f"motif_{side}": id_, f"columns_{side}": kept, f"name_{side}": self.consensus}

    def __len__(self) -> int:
        return len(self.scores)

    def matches(self, codes: np.ndarray) -> np.ndarray:
        """Mark the windows that match: codes (..., width) -> bool (..., width - length + 1)."""
        windows = max(codes.shape[-1] - len(self) + 1, 0)
        total = np.zeros((*codes.shape[:-1], windows))
        for position, column in enumerate(self.scores):
            total += column[codes[..., position : position + windows]]
        return total >= self.threshold - GRID / 2

    def find(self, codes: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """List all occurrences: rows of the sequences and 0-based starts, sorted by row, then start."""
        sites = find_sites(codes, self.motif, p_value=self.p_value, background=self.background)  # type: ignore[arg-type]
        return sites["sequence"].to_numpy(dtype=np.int64), sites["start"].to_numpy(dtype=np.int64)


def as_pattern(
    motif: str | Motif | Pattern,
    *,
    p_value: float | None = 1e-3,
    length: float = 100,
    background: Sequence[float] | np.ndarray = (0.25, 0.25, 0.25, 0.25),
    columns: tuple[int, int] | None = None,
    alphabet: str = "rna",
) -> Pattern:
    """Make a pattern of a word or a motif.

    Parameters
    ----------
    motif : str, Motif or Pattern
        IUPAC letters (U and T are equal), or counts per position and base. A Pattern is returned as it is.
    p_value : float or None, default 1e-3
        For a Motif: probability that a random window reaches the threshold. Where even the best word is likelier
        than that (short motifs), the best word alone matches. None: each motif's own, see `own_p_value`.
    length : float, default 100
        Length of the sequences in nt, for the motif's own threshold.
    background : 4 floats, default equal
        Frequencies of A, C, G, T/U behind the log-odds and the p-value.
    columns : (start, end), optional
        Columns of a Motif to keep, 0-based half-open; default all.
    alphabet : {"rna", "dna"}, default "rna"
        Letters of the names.

    Examples
    --------
    >>> from combmotif.effect.pattern import as_pattern
    >>> from combmotif.sequence import encode
    >>> rows, starts = as_pattern("UGUAN").find([encode("CCUGUACC"), encode("UUUUU")])
    >>> rows.tolist(), starts.tolist()
    ([0], [2])
    """
    if isinstance(motif, Pattern):
        return motif
    base = np.asarray(background, dtype=float)
    if isinstance(motif, str):
        if not motif:
            raise ValueError("motif word: expected IUPAC letters, found an empty word")
        allowed = iupac_sets(motif)
        word = motif.upper().replace("T", "U").replace("U", LETTERS[alphabet][3])
        chance = float(np.prod(allowed @ base))
        return Pattern(word, word, word, _with_unknown(allowed.astype(float)), float(len(word)), chance, base)
    start, end = columns or (0, len(motif))
    ppm = motif.ppm[start:end]
    if p_value is None:
        p_value = own_p_value(ppm, windows=length - len(ppm) + 1, background=base)
    scores = _log_odds(ppm, base) * GRID
    threshold = score_threshold(ppm, p_value, background=base)  # type: ignore[arg-type]
    if np.isinf(threshold):
        best = scores.max(1, keepdims=True)
        threshold, p_value = float(best.sum()), min(1.0, float(np.prod((scores == best) @ base)) * (1 + 1e-6))
    name = motif.id if columns is None else f"{motif.id}[{start}:{end}]"
    consensus = motif.consensus(alphabet)[start:end]
    return Pattern(name, consensus, ppm, _with_unknown(scores), threshold, p_value, base, columns)


def letter_chances(pattern: Pattern) -> np.ndarray:
    """Chances of A, C, G, T/U per column: those of the matrix, or equal ones for the bases a word allows."""
    if isinstance(pattern.motif, str):
        allowed = iupac_sets(pattern.motif).astype(float)
        return allowed / allowed.sum(1, keepdims=True)
    return np.asarray(pattern.motif, dtype=float)


def own_places(pattern: Pattern, word: Pattern) -> np.ndarray:
    """Mark where a motif spells a word itself: its most frequent bases do, in columns of 0.3 bits or more.

    AUG is a part of GCCAUGG. In GCNUGG it is not, although the N may be an A.

    Returns
    -------
    bool array, shape (max(length of the motif - length of the word + 1, 0),)
    """
    chances = letter_chances(pattern)
    letters = np.where(information(chances) >= LEAST_BITS, chances.argmax(1), UNKNOWN)
    if isinstance(word.motif, str):  # any base will do where the word has an N, also one the motif leaves open
        free = iupac_sets(word.motif).all(1)
        word = replace(word, scores=np.column_stack([word.scores[:, :4], np.where(free, 1.0, word.scores[:, 4])]))
    return word.matches(letters)


def _with_unknown(scores: np.ndarray) -> np.ndarray:
    return np.column_stack([scores, np.full(len(scores), -np.inf)])


STOP = "stop"
"""In a list of words to avoid: a stop codon in a known frame."""


def avoided_patterns(words: Sequence[str], *, alphabet: str) -> tuple[list[Pattern], bool]:
    """Turn an avoid list into patterns, and whether in-frame stop codons ("stop") are among it."""
    stops = any(word.lower() == STOP for word in words)
    return [as_pattern(word, alphabet=alphabet) for word in words if word.lower() != STOP], stops
