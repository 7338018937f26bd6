"""Background sequences into which motifs are inserted: the run's own, or random ones of a given composition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from combmotif.core.seeding import named_generator, stable_hash
from combmotif.effect.pattern import Pattern
from combmotif.sequence.sets import SequenceSet
from combmotif.sequence.shuffle import dinucleotide_shuffle

ATTEMPTS = 20
"""Times the sites of a motif are scrambled before a sequence that still holds one is given up."""


@dataclass(frozen=True)
class Backgrounds:
    """Background sequences, and the sequence each was made of, whose tracks it keeps.

    Attributes
    ----------
    codes : tuple of uint8 arrays, each of shape (length,)
    origins : integer array, shape (n,)
        Rows of the sequence set.
    """

    codes: tuple[np.ndarray, ...]
    origins: np.ndarray

    def __len__(self) -> int:
        return len(self.codes)


def draw_backgrounds(
    sequences: SequenceSet,
    count: int,
    *,
    seed: int,
    frequencies: Sequence[float] | np.ndarray | None = None,
    without: Sequence[Pattern] = (),
) -> Backgrounds:
    """Choose background sequences.

    They are sequences of the set, at most one of each cluster, drawn at random. Those without the motifs of `without`
    come first; then others, in which the sites of these motifs are scrambled. Where there are fewer sequences than
    `count`, the rest are shuffled copies of them that keep every dinucleotide count. Which are chosen depends on the
    seed and the names of the sequences, not on their order.

    Parameters
    ----------
    sequences : SequenceSet
    count : int
    seed : int
    frequencies : 4 floats, optional
        Random bases with these frequencies of A, C, G, T/U in place of the sequences' own; the lengths (and tracks)
        are still theirs.
    without : sequence of Pattern, default none
        Motifs that may not stand in a background.

    Returns
    -------
    Backgrounds
        Fewer than `count` only where the motifs of `without` cannot be avoided, or all sequences are empty.

    Examples
    --------
    >>> sequences = SequenceSet.from_strings(["ACGUACGU", "UUAUGAUU", "GGGGCCCC"])
    >>> from combmotif.effect.pattern import as_pattern
    >>> len(draw_backgrounds(sequences, 6, seed=0, without=[as_pattern("AUG")]))
    6
    """
    order = sorted(
        np.flatnonzero(sequences.lengths).tolist(),
        key=lambda row: stable_hash(seed, "background", sequences.names[row]),
    )
    if sequences.clusters is not None:
        first: dict[str, int] = {}
        for row in order:
            first.setdefault(sequences.clusters[row], row)
        order = list(first.values())
    holding = np.zeros(len(sequences), dtype=bool)
    for pattern in without if frequencies is None else ():
        holding[pattern.find(sequences.codes)[0]] = True
    codes: list[np.ndarray] = []
    origins: list[int] = []
    kept = [row for row in order if not holding[row]] if frequencies is None else []
    weights = None if frequencies is None else np.asarray(frequencies, dtype=float) / np.sum(frequencies)
    rest = [row for row in order if holding[row]] if weights is None else order
    for copy in range(count):
        before = len(codes)
        for row in (kept + rest if copy == 0 else order)[:count]:
            if len(codes) == count:
                break
            generator = named_generator(seed, "background", copy, sequences.names[row])
            made = sequences.codes[row]
            if weights is not None:
                made = generator.choice(4, len(made), p=weights).astype(np.uint8)
            elif copy:
                made = dinucleotide_shuffle(made, 1, generator)[0]
            clean = scramble_away(made, without, generator)
            if clean is not None:
                codes.append(clean)
                origins.append(row)
        if len(codes) in (before, count):
            break
    return Backgrounds(tuple(codes), np.array(origins, dtype=np.int64))


def scramble_away(
    codes: np.ndarray, patterns: Sequence[Pattern], generator: np.random.Generator
) -> np.ndarray | None:  # fmt: skip
    """Scramble the sites of motifs until none is left; None where that is not reached in 20 rounds.

    A site is permuted together with a base on either side, so that a run of one base breaks up as well.
    """
    codes = codes.copy()
    for _ in range(ATTEMPTS):
        left = [(start, len(one)) for one in patterns for start in np.flatnonzero(one.matches(codes))]
        if not left:
            return codes
        for start, size in left:
            window = slice(max(start - 1, 0), start + size + 1)
            codes[window] = generator.permutation(codes[window])
    return None
