"""Measure one motif pair: find it, scramble it, predict, and do the same to matched controls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from combmotif.effects.control import Control, compare_with_controls, control_starts
from combmotif.effects.pattern import Pattern
from combmotif.effects.placements import find_placements
from combmotif.effects.scramble import draw_scrambles
from combmotif.effects.seeding import named_generator
from combmotif.effects.states import States, evaluate_states
from combmotif.models.model import SequenceModel
from combmotif.sequence.tables import SequenceSet

CONTROL_DRAWS = 8


def snap(values: np.ndarray, *states: np.ndarray) -> np.ndarray:
    """Set to zero what a float32 prediction cannot resolve: below 32 units in the last place of the largest state."""
    largest = np.max(np.abs(np.stack(np.broadcast_arrays(*states))), axis=0)
    return np.where(np.abs(values) <= 32 * np.finfo(np.float32).eps * largest, 0.0, values)


@dataclass(frozen=True)
class MeasuredPair:
    """One pair's placements and predictions, before any statistics.

    Attributes
    ----------
    pair : str
    a, b : Pattern
    rows, start_a, start_b : integer arrays, shape (placements,)
        Row of the sequence set and first positions of the sites.
    states : States
        Predictions of the placements.
    sequences_with_pair : int
        Before the cap.
    mode : str
        As asked for.
    fallback : bool array, shape (placements, 2)
        Segments drawn from the background instead.
    rejected : float
        Share of the candidates rejected.
    unscrambled : int
        Placements left out because they could not be scrambled.
    control : Control
    """

    pair: str
    a: Pattern
    b: Pattern
    rows: np.ndarray
    start_a: np.ndarray
    start_b: np.ndarray
    states: States
    sequences_with_pair: int
    mode: str
    fallback: np.ndarray
    rejected: float
    unscrambled: int
    control: Control


def measure_pair(
    model: SequenceModel,
    sequences: SequenceSet,
    a: Pattern,
    b: Pattern,
    *,
    scrambles: int = 32,
    mode: str = "shuffle",
    seed: int = 0,
    output: int = 0,
    frequencies: np.ndarray,
    avoid: Sequence[Pattern] = (),
    max_sequences: int = 200,
    max_placements: int = 3,
    controls: int = 3,
    n_min: int = 6,
    batch: int = 512,
) -> MeasuredPair:
    """Predict the four states of every placement of a pair.

    The result depends on the seed, the pair and the sequences with their names, on nothing else that is measured in
    the run. Parameters are those of `combmotif.effects.interaction.interaction`.
    """
    pair = f"{a.name} x {b.name}"
    places = find_placements(
        a,
        b,
        sequences.codes,
        sequences.names,
        pair=pair,
        seed=seed,
        max_sequences=max_sequences,
        max_placements=max_placements,
    )
    others = [p for p in avoid if p.name not in (a.name, b.name)]

    def evaluate(rows: np.ndarray, start_a: np.ndarray, start_b: np.ndarray, draws: int, purpose: str):
        codes = [sequences.codes[row] for row in rows]
        generators = [
            named_generator(seed, purpose, pair, sequences.names[row], i, j)
            for row, i, j in zip(rows, start_a, start_b, strict=True)
        ]
        options = {"mode": mode, "frequencies": frequencies, "generators": generators, "avoid": others}
        drawn = draw_scrambles(codes, start_a, start_b, a, b, draws=draws, **options)  # type: ignore[arg-type]
        return drawn, evaluate_states(
            model, codes, start_a, start_b, drawn, tracks=sequences.tracks_of(rows), output=output, batch=batch
        )

    drawn, states = evaluate(places.rows, places.start_a, places.start_b, scrambles, "scramble")
    good = np.flatnonzero(~drawn.failed)
    kept = States(states.o[good], states.a[good], states.b[good], states.n[good])
    rows, start_a, start_b = places.rows[good], places.start_a[good], places.start_b[good]

    control = Control(float("nan"), float("nan"), 0)
    # The first placement of a row is a random one, because placements stand in random order.
    used, first = np.unique(rows, return_index=True)
    if controls and len(used) >= n_min:
        starts = [
            control_starts(
                sequences.codes[rows[i]],
                int(start_b[i] - start_a[i]),
                len(a),
                len(b),
                [a, b, *others],
                controls,
                named_generator(seed, "control", pair, sequences.names[rows[i]]),
            )
            for i in first
        ]
        origin = np.repeat(first, [len(s) for s in starts])
        at = np.concatenate(starts).astype(np.int64)
        draws = min(CONTROL_DRAWS, scrambles)
        replaced, random = evaluate(rows[origin], at, at + start_b[origin] - start_a[origin], draws, "control draws")
        e = _epistasis(random)
        own = _epistasis(States(kept.o[first], *(s[first, :draws] for s in (kept.a, kept.b, kept.n))))
        pools = [e[(origin == i) & ~replaced.failed] for i in first]
        control = compare_with_controls(
            own, pools, n_min=n_min, generator=named_generator(seed, "exchange", pair)
        )  # fmt: skip
    return MeasuredPair(
        pair=pair,
        a=a,
        b=b,
        rows=rows,
        start_a=start_a,
        start_b=start_b,
        states=kept,
        sequences_with_pair=places.sequences_with_pair,
        mode=mode,
        fallback=drawn.fallback[good],
        rejected=drawn.rejected,
        unscrambled=int(drawn.failed.sum()),
        control=control,
    )


def _epistasis(states: States) -> np.ndarray:
    """e = o - a - b + n, averaged over draws; shape (placements,)."""
    a, b, n = states.a.mean(1), states.b.mean(1), states.n.mean(1)
    return snap(states.o - a - b + n, states.o, a, b, n)
