"""Motif pairs put into background sequences: A alone, B alone, both at their order, distance and frame, neither."""

from __future__ import annotations

import numpy as np

from combmotif.core.seeding import named_generator
from combmotif.effect.backgrounds import draw_backgrounds
from combmotif.effect.insertion import TRIES, draw_words, makes_other_words
from combmotif.effect.pairs.pair import Pair
from combmotif.effect.pairs.states import Scrambling, States
from combmotif.effect.pattern import Pattern

SCRAMBLES = 2
"""Scrambles per background; with hundreds of backgrounds, more of them make the estimates no sharper."""
CANDIDATES = 200
"""Placements drawn per background, of which the first that the pair's rules allow is taken."""
REACH = 100
"""Largest distance in nt at which a pair without a rule on its distance is inserted."""


def draw_sites(pattern: Pattern, count: int, generator: np.random.Generator) -> np.ndarray:
    """Draw words of a motif that reach its score threshold, as its sites do; uint8 (count, length)."""
    words = draw_words(pattern, count, generator)
    for _ in range(TRIES):
        low = np.flatnonzero(~pattern.matches(words).all(1))
        if not len(low):
            break
        words[low] = draw_words(pattern, len(low), generator)
    return words


def draw_placement(pair: Pair, length: int, generator: np.random.Generator) -> tuple[int, int] | None:
    """Draw first positions of A and B in a sequence of a length, as the pair's rules allow; None where they do not fit.

    The pair's own distance is taken where it names one, else one of those its spacing allows, up to 100 nt.
    """
    low, high = (pair.distance, pair.distance) if pair.distance is not None else pair.spacing
    room = length - len(pair.a) - len(pair.b)
    most = min(room, low + REACH if high is None else high)
    if most < low:
        return None
    gaps = generator.integers(low, most + 1, CANDIDATES)
    first = (generator.random(CANDIDATES) * (room - gaps + 1)).astype(np.int64)
    a_first = generator.random(CANDIDATES) < 0.5
    if pair.order != "any" or pair.homotypic:
        a_first[:] = pair.order != "ba"
    start_a = np.where(a_first, first, first + len(pair.b) + gaps)
    start_b = np.where(a_first, first + len(pair.a) + gaps, first)
    allowed = np.flatnonzero(pair.allows(start_a, start_b, length))
    return (int(start_a[allowed[0]]), int(start_b[allowed[0]])) if len(allowed) else None


def measure_inserted(scrambling: Scrambling, pair: Pair, *, seed: int) -> States:
    """Predict the four states of a pair that is inserted into backgrounds which hold neither motif.

    With both inserted the sequence is the intact state, o; a, b and n have A, B or both scrambled there, as
    `measure_pair` does where the pair stands by itself. So e = o - a - b + n means the same.

    Parameters
    ----------
    scrambling : Scrambling
        Of the pair, in the sequences of which the backgrounds are made.
    pair : Pair
    seed : int

    Returns
    -------
    States
        One row per background.
    """
    a, b = pair.a, pair.b
    sequences, options = scrambling.sequences, scrambling.options
    chosen = draw_backgrounds(sequences, options.backgrounds, seed=seed, without=[a] if pair.homotypic else [a, b])
    generator = named_generator(seed, "inserted pair", pair.name)
    codes, count = chosen.codes, len(chosen)
    starts = np.zeros((count, 2), dtype=np.int64)
    written = [sequence.copy() for sequence in codes]
    open_ = np.arange(count)
    # Rejection sampling by background: `open_` are those whose insertion made a further motif or a word to avoid; they
    # alone are drawn again, from their untouched bases. What stays open after all tries is left out, not forced.
    for _ in range(TRIES):
        placed = [(row, draw_placement(pair, len(codes[row]), generator)) for row in open_]
        fitting = [(row, place) for row, place in placed if place is not None]
        if not fitting:
            break
        rows = np.array([row for row, _ in fitting], dtype=np.int64)
        starts[rows] = [place for _, place in fitting]
        for row in rows:
            written[row] = codes[row].copy()
        bad = np.zeros(len(rows), dtype=bool)
        for side, pattern in enumerate((a, b)):
            words, at = draw_sites(pattern, len(rows), generator), starts[rows, side]
            # made with the bases beside it, a further copy of a word would be one too many; matrices may be so alike
            # that every site of one scores as the other, as every AUG does
            exact = [one for one in (a, b) if isinstance(one.motif, str)]
            bad |= makes_other_words(written, rows, at, words, pattern, [*scrambling.avoid, *exact])
            for row, start, word in zip(rows, at, words, strict=True):
                written[row][start : start + len(word)] = word
        open_ = np.setdiff1d(open_, rows[~bad])
    kept = np.setdiff1d(np.arange(count), open_)
    starts, both = starts[kept], [written[row] for row in kept]
    drawn, every = scrambling.predict(
        both, chosen.origins[kept], starts, draws=SCRAMBLES, generators=[generator] * len(both)
    )
    return States.of(every).take(np.flatnonzero(~drawn.failed))
