"""Predictions of the four states of a placement: intact, A scrambled, B scrambled, both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from combmotif.effects.scramble import Scrambles
from combmotif.models.model import SequenceModel

NUCLEOTIDES_AT_ONCE = 32_000_000


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


def evaluate_states(
    model: SequenceModel,
    codes: Sequence[np.ndarray],
    start_a: np.ndarray,
    start_b: np.ndarray,
    scrambles: Scrambles,
    *,
    tracks: Sequence[np.ndarray] | None = None,
    output: int = 0,
    batch: int = 512,
) -> States:
    """Predict every state of every placement, each distinct sequence of a chunk once.

    Parameters
    ----------
    model : SequenceModel
    codes : sequence of uint8 arrays, one per placement
    start_a, start_b : integer arrays, shape (placements,)
    scrambles : Scrambles
    tracks : sequence of arrays (k, length), one per placement, optional
        What stands beside the bases, such as the coding frame: a position keeps it in every state. Default zeros.
    output : int, default 0
        Column of the prediction.
    batch : int, default 512
        Most sequences per forward pass.
    """
    count, draws = scrambles.a.shape[:2]
    states = np.zeros((count, 3 * draws + 1))
    sizes = np.array([len(c) * (3 * draws + 1) for c in codes], dtype=np.int64)
    chunk = np.cumsum(sizes) // NUCLEOTIDES_AT_ONCE
    for part in np.split(np.arange(count), np.flatnonzero(np.diff(chunk)) + 1):
        known: dict[tuple[bytes, bytes], int] = {}
        distinct: list[np.ndarray] = []
        beside: list[np.ndarray] = []
        index = np.zeros((len(part), states.shape[1]), dtype=np.int64)
        for row, placement in enumerate(part):
            edits = _edit(codes[placement], start_a[placement], start_b[placement], scrambles, placement)
            track = None if tracks is None else tracks[placement]
            own = b"" if track is None else track.tobytes()
            for column, edit in enumerate(edits):
                key = (edit.tobytes(), own)
                if key not in known:
                    known[key] = len(distinct)
                    distinct.append(edit)
                    if track is not None:
                        beside.append(track)
                index[row, column] = known[key]
        if distinct:
            predicted = model.predict(distinct, tracks=beside or None, batch=batch)
            states[part] = predicted[:, output].astype(np.float64)[index]
    a, b, n = (states[:, 1 + k * draws : 1 + (k + 1) * draws] for k in range(3))
    return States(states[:, 0], a, b, n)


def _edit(codes: np.ndarray, start_a: int, start_b: int, scrambles: Scrambles, placement: int) -> np.ndarray:
    """Write the intact sequence, then all draws of A, of B and of both: uint8 (3 draws + 1, length)."""
    a, b = scrambles.a[placement], scrambles.b[placement]
    draws = len(a)
    edits = np.tile(np.asarray(codes, dtype=np.uint8), (3 * draws + 1, 1))
    inside_a, inside_b = slice(start_a, start_a + a.shape[1]), slice(start_b, start_b + b.shape[1])
    edits[1 : draws + 1, inside_a] = a
    edits[draws + 1 : 2 * draws + 1, inside_b] = b
    edits[2 * draws + 1 :, inside_a] = a
    edits[2 * draws + 1 :, inside_b] = b
    return edits
