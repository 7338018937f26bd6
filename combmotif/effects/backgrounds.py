"""Background sequences into which motifs are inserted: the run's own, or random ones of a given composition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from combmotif.effects.pattern import Pattern
from combmotif.effects.seeding import named_generator, stable_hash
from combmotif.sequence.shuffle import dinucleotide_shuffle
from combmotif.sequence.tables import SequenceSet

ATTEMPTS = 20
"""Times a sequence is drawn or shuffled anew to be rid of a motif before it is given up."""


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
    shortest: int = 1,
    frequencies: Sequence[float] | np.ndarray | None = None,
    without: Sequence[Pattern] = (),
) -> Backgrounds:
    """Choose background sequences.

    They are sequences of the set, at most one of each cluster, drawn at random; where there are fewer than `count`, the
    rest are shuffled copies of them that keep every dinucleotide count. Which are chosen depends on the seed and the
    names of the sequences, not on their order.

    Parameters
    ----------
    sequences : SequenceSet
    count : int
    seed : int
    shortest : int, default 1
        Sequences of fewer nt are passed over.
    frequencies : 4 floats, optional
        Random bases with these frequencies of A, C, G, T/U in place of the sequences' own; the lengths (and tracks)
        are still theirs.
    without : sequence of Pattern, default none
        Motifs that may not stand in a background.

    Returns
    -------
    Backgrounds
        Fewer than `count` only where the motifs of `without` cannot be avoided, or no sequence is long enough.
    """
    long_enough = np.flatnonzero(sequences.lengths >= shortest)
    order = sorted(long_enough.tolist(), key=lambda row: stable_hash(seed, "background", sequences.names[row]))
    if sequences.clusters is not None:
        first: dict[str, int] = {}
        for row in order:
            first.setdefault(sequences.clusters[row], row)
        order = list(first.values())
    codes: list[np.ndarray] = []
    origins: list[int] = []
    if frequencies is None:
        holding = np.zeros(len(sequences), dtype=bool)
        for pattern in without:
            holding[pattern.find(sequences.codes)[0]] = True
        origins = [row for row in order if not holding[row]][:count]
        codes = [sequences.codes[row] for row in origins]
    weights = None if frequencies is None else np.asarray(frequencies, dtype=float) / np.sum(frequencies)
    for copy in range(-(-count // max(len(order), 1))):
        for row in order:
            if len(codes) >= count:
                break
            generator = named_generator(seed, "background", copy, sequences.names[row])
            for _ in range(ATTEMPTS):
                if weights is None:
                    made = dinucleotide_shuffle(sequences.codes[row], 1, generator)[0]
                else:
                    made = generator.choice(4, len(sequences.codes[row]), p=weights).astype(np.uint8)
                if not any(pattern.matches(made).any() for pattern in without):
                    codes.append(made)
                    origins.append(row)
                    break
    return Backgrounds(tuple(codes), np.array(origins, dtype=np.int64))
