"""Where a motif is put into background sequences, with which bases, and what stands there instead as a control."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from combmotif.effects.pattern import LEAST_BITS, Pattern, letter_chances, own_places
from combmotif.effects.scramble import draw_replacements
from combmotif.motifs.motif import information
from combmotif.sequence.alphabet import UNKNOWN

KINDS = ("best k-mer", "draws")
"""What is inserted: the most frequent base of every informative column, or words drawn from the matrix."""
TRIES = 20
"""Places (and draws) tried before an insertion that makes an avoided word by chance is left out."""
APART = 2
"""nt kept between an insertion and a second motif, so that they make no AUG or stop codon together."""


@dataclass(frozen=True)
class Insertions:
    """One motif in many backgrounds.

    Attributes
    ----------
    rows, starts : integer arrays, shape (insertions,)
        Background and first position.
    kinds : integer array, shape (insertions,)
        Index into `KINDS`.
    letters, scrambled : uint8 arrays, shape (insertions, length)
        The motif, and its scramble for the same place.
    fallback : float
        Share of the scrambles drawn from the base frequencies, because a shuffle cannot scramble them (UUUUUU).
    """

    rows: np.ndarray
    starts: np.ndarray
    kinds: np.ndarray
    letters: np.ndarray
    scrambled: np.ndarray
    fallback: float


def draw_words(pattern: Pattern, count: int, generator: np.random.Generator) -> np.ndarray:
    """Draw words from a motif, each column by itself; uint8 (count, length)."""
    sums = np.cumsum(letter_chances(pattern), axis=1)[:, :3]
    return (generator.random((count, len(pattern), 1)) >= sums).sum(2).astype(np.uint8)


def best_kmers(pattern: Pattern, around: np.ndarray) -> np.ndarray:
    """Write the most frequent base of every informative column over the bases that stand there; uint8 like `around`."""
    chances = letter_chances(pattern)
    return np.where(information(chances) >= LEAST_BITS, chances.argmax(1), around).astype(np.uint8)


def windows_of(codes: Sequence[np.ndarray], rows: np.ndarray, starts: np.ndarray, width: int) -> np.ndarray:
    """Cut a window out of each row, N beyond the ends; uint8 (rows, width)."""
    found = np.full((len(rows), width), UNKNOWN, dtype=np.uint8)
    for place, (row, start) in enumerate(zip(rows, starts, strict=True)):
        left, right = max(start, 0), min(start + width, len(codes[row]))
        found[place, left - start : right - start] = codes[row][left:right]
    return found


def makes_other_words(
    codes: Sequence[np.ndarray],
    rows: np.ndarray,
    starts: np.ndarray,
    letters: np.ndarray,
    pattern: Pattern,
    avoid: Sequence[Pattern],
) -> np.ndarray:
    """Mark insertions that share bases with an avoided word which is no part of the motif; bool (insertions,).

    Such a word arises with the bases beside the motif (UGUA behind an A) or in its uninformative columns (see
    `own_places`); a scramble would take it away as well.
    """
    size = letters.shape[1]
    made = np.zeros(len(rows), dtype=bool)
    for word in avoid:
        flank = len(word) - 1
        written = windows_of(codes, rows, starts - flank, size + 2 * flank)
        written[:, flank : flank + size] = letters
        found = word.matches(written)
        own = own_places(pattern, word)
        found[:, flank : flank + len(own)] &= ~own
        made |= found.any(1)
    return made


def insert_motif(
    codes: Sequence[np.ndarray],
    pattern: Pattern,
    *,
    places: int,
    frequencies: np.ndarray,
    generator: np.random.Generator,
    avoid: Sequence[Pattern] = (),
    taken: tuple[np.ndarray, int] | None = None,
    phases: Sequence[np.ndarray] | None = None,
) -> Insertions:
    """Choose places for a motif in every background, the bases inserted there, and their scrambles.

    The possible first positions are cut into `places` equal parts, and one is drawn in each, so that every part of a
    sequence is looked at. The best k-mer and draws from the matrix take turns. A scramble is a permutation of the
    inserted bases that holds no site of the motif and no new avoided word (see `draw_replacements`).

    Parameters
    ----------
    codes : sequence of uint8 arrays
    pattern : Pattern
    places : int
        Per background.
    frequencies : float array, shape (4,)
        For scrambles that are drawn.
    generator : numpy.random.Generator
    avoid : sequence of Pattern, default none
    taken : (integer array of starts, length), optional
        A stretch of every background that the motif may not touch.
    phases : sequence of integer arrays, one per background, optional
        Position in the codon, so that no scramble makes a stop codon in frame.
    """
    size = len(pattern)
    fitting = np.array([row for row, sequence in enumerate(codes) if len(sequence) >= size], dtype=np.int64)
    rows = np.repeat(fitting, places)
    slot = np.tile(np.arange(places), len(fitting))
    kinds = (slot + rows) % 2  # over the backgrounds, either kind comes to every part
    room = np.array([len(codes[row]) - size + 1 for row in rows.tolist()], dtype=np.int64)
    starts = np.zeros(len(rows), dtype=np.int64)
    letters = np.zeros((len(rows), size), dtype=np.uint8)
    open_ = np.arange(len(rows))
    for _ in range(TRIES):
        if not len(open_):
            break
        share = (slot[open_] + generator.random(len(open_))) / places
        starts[open_] = np.minimum((share * room[open_]).astype(np.int64), room[open_] - 1)
        around = windows_of(codes, rows[open_], starts[open_], size)
        drawn = draw_words(pattern, len(open_), generator)
        written = np.where((kinds[open_] == 0)[:, None], best_kmers(pattern, around), drawn)
        letters[open_] = written
        bad = makes_other_words(codes, rows[open_], starts[open_], written, pattern, avoid)
        bad |= (written == UNKNOWN).any(1)
        if taken is not None:
            other, length = taken[0][rows[open_]], taken[1]
            bad |= (starts[open_] < other + length + APART) & (other < starts[open_] + size + APART)
        open_ = open_[bad]
    kept = np.setdiff1d(np.arange(len(rows)), open_)
    rows, starts, kinds, letters = rows[kept], starts[kept], kinds[kept], letters[kept]
    inserted = []
    for row, start, word in zip(rows.tolist(), starts, letters, strict=True):
        copy = codes[row].copy()
        copy[start : start + size] = word
        inserted.append(copy)
    found = draw_replacements(
        inserted,
        [(starts, pattern)],
        draws=1,
        mode="shuffle",
        frequencies=frequencies,
        generators=[generator] * len(rows),
        avoid=avoid,
        phases=None if phases is None else [phases[row] for row in rows.tolist()],
    )
    good = ~found.failed
    fallback = float(found.fallback[good].mean()) if good.any() else 0.0
    return Insertions(rows[good], starts[good], kinds[good], letters[good], found.edits[0][good, 0], fallback)
