"""Measure one motif pair: find it, scramble it, predict, and do the same to matched controls."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from combmotif.config.effects import InteractionOptions
from combmotif.core.seeding import named_generator
from combmotif.effect.overlaps import confounded, stop_codons
from combmotif.effect.pairs.control import Control, compare_with_controls, control_starts
from combmotif.effect.pairs.inserted import measure_inserted
from combmotif.effect.pairs.pair import Pair
from combmotif.effect.pairs.placements import Windows, find_placements
from combmotif.effect.pairs.states import Scrambling, States, finite_states
from combmotif.effect.pattern import Pattern
from combmotif.effect.scramble import Replacements
from combmotif.models.model import SequenceModel
from combmotif.sequence.sets import SequenceSet

CONTROL_DRAWS = 4


def snap(values: np.ndarray, *states: np.ndarray) -> np.ndarray:
    """Set to zero what a float32 prediction cannot resolve: below 32 units in the last place of the largest state."""
    largest = np.max(np.abs(np.stack(np.broadcast_arrays(*states))), axis=0)
    return np.where(np.abs(values) <= 32 * np.finfo(np.float32).eps * largest, 0.0, values)


@dataclass(frozen=True)
class MeasuredPair:
    """One pair's placements and predictions, before any statistics.

    Attributes
    ----------
    spec : Pair
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
    overlapping : float
        Share of the sites of A and B left out because they share bases with a copy of the partner or an avoided word.
    not_finite : int
        Placements left out because the net gave no finite prediction for them; see `only_finite`.
    inserted : States or None
        Predictions of background sequences into which the pair was inserted, one row each; None where it was not.
    """

    spec: Pair
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
    overlapping: float = 0.0
    not_finite: int = 0
    inserted: States | None = None

    @property
    def pair(self) -> str:
        """The pair's name."""
        return self.spec.name

    @property
    def a(self) -> Pattern:
        """Motif A."""
        return self.spec.a

    @property
    def b(self) -> Pattern:
        """Motif B."""
        return self.spec.b


def measure_pair(
    model: SequenceModel,
    sequences: SequenceSet,
    spec: Pair,
    options: InteractionOptions,
    *,
    frequencies: np.ndarray,
    seed: int = 0,
    windows: Windows | None = None,
) -> MeasuredPair:
    """Predict the four states of every placement of a pair, where it stands and where it is inserted.

    The result depends on the seed, the pair and the sequences with their names, on nothing else that is measured in
    the run.

    Parameters
    ----------
    model : SequenceModel
    sequences : SequenceSet
    spec : Pair
    options : InteractionOptions
    frequencies : float array, shape (4,)
        Of A, C, G, U in scrambles from the background, usually `base_frequencies` of the sequences.
    seed : int, default 0
    windows : Windows, optional
        Limits the placements, see `find_placements`.

    Returns
    -------
    MeasuredPair

    Raises
    ------
    ValueError
        If the output or a word to avoid is unknown.
    """
    pair, a, b = spec.name, spec.a, spec.b
    scrambling = Scrambling(model, sequences, (a, b), options, frequencies)
    others = scrambling.avoid
    sites_a, sites_b = a.find(sequences.codes), b.find(sequences.codes)
    overlapping = 0.0
    if options.overlaps == "skip":
        stops = stop_codons(sequences.codes, sequences.tracks) if scrambling.stops else None
        bad = [
            confounded(sites, own, partner, beside, others, sequences.codes, stops)
            for sites, own, partner, beside in ((sites_a, a, b, sites_b), (sites_b, b, a, sites_a))
        ]
        overlapping = float(np.concatenate(bad).mean()) if len(bad[0]) + len(bad[1]) else 0.0
        sites_a, sites_b = (
            (rows[~out], starts[~out]) for (rows, starts), out in zip((sites_a, sites_b), bad, strict=True)
        )
    places = find_placements(
        spec,
        sequences.codes,
        sequences.names,
        seed=seed,
        max_sequences=options.max_sequences,
        max_placements=options.max_placements,
        occurrences=(sites_a, sites_b),
        windows=windows,
    )

    def evaluate(
        rows: np.ndarray, start_a: np.ndarray, start_b: np.ndarray, draws: int, purpose: str
    ) -> tuple[Replacements, States]:
        codes = [sequences.codes[row] for row in rows]
        generators = [
            named_generator(seed, purpose, pair, sequences.names[row], i, j)
            for row, i, j in zip(rows, start_a, start_b, strict=True)
        ]
        starts = np.stack([start_a, start_b], axis=1)
        drawn, every = scrambling.predict(codes, rows, starts, draws=draws, generators=generators)
        return drawn, States.of(every)

    drawn, states = evaluate(places.rows, places.start_a, places.start_b, options.scrambles, "scramble")
    good = np.flatnonzero(~drawn.failed)
    kept = states.take(good)
    rows, start_a, start_b = places.rows[good], places.start_a[good], places.start_b[good]

    control = Control(float("nan"), float("nan"), 0)
    # The first placement of a row is a random one, because placements stand in random order.
    used, first = np.unique(rows, return_index=True)
    if options.controls and len(used) >= options.n_min:
        starts = [
            control_starts(
                sequences.codes[rows[i]],
                int(start_b[i] - start_a[i]),
                len(a),
                len(b),
                [a, b, *others],
                options.controls,
                named_generator(seed, "control", pair, sequences.names[rows[i]]),
            )
            for i in first
        ]
        origin = np.repeat(first, [len(s) for s in starts])
        at = np.concatenate(starts).astype(np.int64)
        draws = min(CONTROL_DRAWS, options.scrambles)
        replaced, random = evaluate(rows[origin], at, at + start_b[origin] - start_a[origin], draws, "control draws")
        e = _epistasis(random)
        own = _epistasis(States(kept.o[first], *(s[first, :draws] for s in (kept.a, kept.b, kept.n))))
        pools = [e[(origin == i) & ~replaced.failed] for i in first]
        control = compare_with_controls(
            own, pools, n_min=options.n_min, generator=named_generator(seed, "exchange", pair)
        )
    inserted = None
    if options.backgrounds:
        inserted = measure_inserted(scrambling, spec, seed=seed)
    return MeasuredPair(
        spec=spec,
        rows=rows,
        start_a=start_a,
        start_b=start_b,
        states=kept,
        sequences_with_pair=places.sequences_with_pair,
        mode=options.mode,
        fallback=drawn.fallback[good],
        rejected=drawn.rejected,
        unscrambled=int(drawn.failed.sum()),
        control=control,
        overlapping=overlapping,
        inserted=inserted,
    )


def _epistasis(states: States) -> np.ndarray:
    """e = o - a - b + n, averaged over draws; shape (placements,)."""
    a, b, n = states.a.mean(1), states.b.mean(1), states.n.mean(1)
    return snap(states.o - a - b + n, states.o, a, b, n)


def only_finite(pair: MeasuredPair) -> MeasuredPair:
    """Leave out of a pair what has no finite prediction.

    A draw counts where its three predictions are finite; the place of one that does not is taken by the next that
    does, so that means are those of the draws that count. A placement without such a draw, or whose sequence itself has
    no finite prediction, is left out.

    Parameters
    ----------
    pair : MeasuredPair

    Returns
    -------
    MeasuredPair
        The same where all is finite; else with the placements and the inserted copies that count, and the number of
        the other placements as ``not_finite``.
    """
    kept, states = finite_states(pair.states)
    inserted = None if pair.inserted is None else finite_states(pair.inserted)[1]
    if states is pair.states and inserted is pair.inserted:
        return pair
    return replace(
        pair,
        rows=pair.rows[kept],
        start_a=pair.start_a[kept],
        start_b=pair.start_b[kept],
        states=states,
        fallback=pair.fallback[kept],
        not_finite=pair.not_finite + len(pair.states.o) - len(kept),
        inserted=inserted,
    )
