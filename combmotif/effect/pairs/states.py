"""Predictions of the states of a placement: intact, A scrambled, B scrambled, both; with a third motif, eight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from combmotif.config.effects import InteractionOptions
from combmotif.config.opening import output_index
from combmotif.effect.frame import codon_phases
from combmotif.effect.pattern import Pattern, avoided_patterns
from combmotif.effect.scramble import Replacements, draw_replacements
from combmotif.inference.incremental.edits import Edits
from combmotif.inference.incremental.perturb import predict_edits
from combmotif.models.model import SequenceModel
from combmotif.sequence.sets import SequenceSet


@dataclass(frozen=True)
class States:
    """Predictions; positions of the draws agree, so that every contrast is within a draw.

    Attributes
    ----------
    o : float64 array, shape (placements,)
        Of the sequence.
    a, b, n : float64 arrays, shape (placements, draws)
        With A scrambled, with B scrambled, with both.
    """

    o: np.ndarray
    a: np.ndarray
    b: np.ndarray
    n: np.ndarray

    @classmethod
    def of(cls, every: np.ndarray) -> States:
        """Take the states of a pair from what `evaluate_every` gives."""
        return cls(every[:, 0, 0] if every.shape[1] else np.zeros(len(every)), *(every[:, :, k] for k in (1, 2, 3)))

    def take(self, rows: np.ndarray) -> States:
        """Keep some of the placements."""
        return States(self.o[rows], self.a[rows], self.b[rows], self.n[rows])


class Scrambling:
    """How the sites of a pair or a triple are scrambled, and what the network makes of it.

    Parameters
    ----------
    model : SequenceModel
    sequences : SequenceSet
        Whose tracks stand beside the bases.
    motifs : sequence of Pattern
    options : InteractionOptions
    frequencies : float array, shape (4,)
        Of A, C, G, U in scrambles from the background.

    Attributes
    ----------
    output : int
        Column of the prediction.
    avoid : list of Pattern
        Words that no scramble may create.
    stops : bool
        Whether it may create no in-frame stop codon either.

    Raises
    ------
    ValueError
        If the output or a word to avoid is unknown.
    """

    def __init__(
        self,
        model: SequenceModel,
        sequences: SequenceSet,
        motifs: Sequence[Pattern],
        options: InteractionOptions,
        frequencies: np.ndarray,
    ) -> None:
        self.model, self.sequences, self.motifs = model, sequences, motifs
        self.options, self.frequencies = options, frequencies
        self.output = output_index(options.output, model.outputs, key="output")
        avoid, self.stops = avoided_patterns(options.avoid, alphabet=model.input_spec.alphabet)
        self.avoid = [one for one in avoid if one.name not in {motif.name for motif in motifs}]

    def predict(
        self,
        codes: Sequence[np.ndarray],
        rows: np.ndarray,
        starts: np.ndarray,
        *,
        draws: int,
        generators: Sequence[np.random.Generator],
    ) -> tuple[Replacements, np.ndarray]:
        """Draw scrambles and predict every state; positions keep what stands beside their bases.

        Parameters
        ----------
        codes : sequence of uint8 arrays, one per placement
        rows : integer array, shape (placements,)
            Rows of the sequence set, whose tracks these have.
        starts : integer array, shape (placements, motifs)
        draws : int
        generators : sequence of numpy.random.Generator, one per placement

        Returns
        -------
        (drawn, states)
            As `evaluate_every`.
        """
        tracks = self.sequences.tracks_of(rows)
        framed = self.stops or self.options.mode == "synonymous"
        phases = codon_phases(self.sequences.tracks, rows) if framed else None
        drawn = draw_replacements(
            codes, list(zip(starts.T, self.motifs, strict=True)), draws=draws, mode=self.options.mode,
            frequencies=self.frequencies, generators=generators, avoid=self.avoid, phases=phases,
        )  # fmt: skip
        segments = list(zip(starts.T, drawn.edits, strict=True))
        return drawn, evaluate_every(self.model, codes, segments, tracks=tracks, output=self.output)


def evaluate_every(
    model: SequenceModel,
    codes: Sequence[np.ndarray],
    segments: Sequence[tuple[np.ndarray, np.ndarray]],
    *,
    tracks: Sequence[np.ndarray] | None = None,
    output: int = 0,
) -> np.ndarray:
    """Predict every combination of segments replaced or left, for every draw.

    Equal edits of equal sequences are predicted once, and only what an edit changes is worked out again, where that is
    faster (see `combmotif.inference.predict_edits`).

    Parameters
    ----------
    model : SequenceModel
    codes : sequence of uint8 arrays, one per placement
    segments : sequence of (starts, letters)
        Integer (placements,) and uint8 (placements, draws, width), one item per segment.
    tracks : sequence of arrays (k, length), one per placement, optional
        What stands beside the bases, such as the coding frame: a position keeps it in every state. Default zeros.
    output : int, default 0
        Column of the prediction.

    Returns
    -------
    float64 array, shape (placements, draws, 2 ** segments)
        In state k, segment i is replaced where bit i of k is set; state 0 is the sequence as it is.
    """
    count, draws = segments[0][1].shape[:2]
    masks = np.arange(2 ** len(segments))
    if not count or not draws:
        return np.zeros((count, draws, len(masks)))
    known: dict[tuple[bytes, bytes], int] = {}
    own = np.zeros(count, dtype=np.int64)
    first: list[int] = []
    for placement, sequence in enumerate(codes):
        key = (sequence.tobytes(), b"" if tracks is None else np.ascontiguousarray(tracks[placement]).tobytes())
        if key not in known:
            known[key] = len(first)
            first.append(placement)
        own[placement] = known[key]
    rows = np.repeat(own, draws)
    whole = Edits.of(
        rows,
        [
            (np.repeat(np.asarray(starts, dtype=np.int64), draws), letters.reshape(count * draws, -1))
            for starts, letters in segments
        ],
    )
    # a segment is the same in every state it is replaced in, so that no draw is worked out twice
    held = (masks[1:, None] >> np.arange(len(segments))) & 1 > 0
    members = np.where(held[:, None], whole.members, -1).reshape(-1, len(segments))
    predicted = predict_edits(
        model,
        [codes[i] for i in first],
        replace(whole, rows=np.tile(rows, len(masks) - 1), members=members),
        tracks=None if tracks is None else [tracks[i] for i in first],
    )
    states = np.empty((count, draws, len(masks)))
    states[:, :, 0] = predicted.base[own, output][:, None]
    states[:, :, 1:] = predicted.values[:, output].reshape(len(masks) - 1, count, draws).transpose(1, 2, 0)
    return states


def finite_states(states: States) -> tuple[np.ndarray, States]:
    """Keep the placements with a finite prediction, and of each its finite draws; see `only_finite`.

    Parameters
    ----------
    states : States

    Returns
    -------
    (kept, states)
        The rows that count, and their predictions; the same object where all is finite.
    """
    o, a, b, n = states.o, states.a, states.b, states.n
    counts = np.isfinite(a) & np.isfinite(b) & np.isfinite(n)
    if counts.all() and np.isfinite(o).all():
        return np.arange(len(o)), states
    kept = np.flatnonzero(np.isfinite(o) & counts.any(1))
    taken = np.tile(np.arange(counts.shape[1]), (len(kept), 1))
    for row, own in zip(taken, counts[kept], strict=True):
        row[~own] = np.resize(np.flatnonzero(own), int((~own).sum()))
    return kept, States(o[kept], *(np.take_along_axis(x[kept], taken, axis=1) for x in (a, b, n)))
