"""Predictions of the four states of a placement: intact, A scrambled, B scrambled, both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from combmotif.effects.scramble import Scrambles
from combmotif.inference.edits import Edits
from combmotif.inference.perturb import predict_edits
from combmotif.models.model import SequenceModel


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
    """Predict every state of every placement; equal edits of equal sequences are predicted once.

    Only what an edit changes is worked out again, where that is faster (see `combmotif.inference.predict_edits`).

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
        Most sequences per full forward pass.
    """
    count, draws = scrambles.a.shape[:2]
    if not count:
        return States(np.zeros(0), *np.zeros((3, 0, draws)))
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
    starts = (np.repeat(np.asarray(start, dtype=np.int64), draws) for start in (start_a, start_b))
    letters = (side.reshape(count * draws, -1) for side in (scrambles.a, scrambles.b))
    both = Edits.of(rows, list(zip(starts, letters, strict=True)))
    # a and b scrambled alone are the same segments as in n, so that no draw is worked out twice
    alone = [np.where(np.arange(2) == side, both.members, -1) for side in range(2)]
    edits = replace(both, rows=np.tile(rows, 3), members=np.concatenate([*alone, both.members]))
    predicted = predict_edits(
        model,
        [codes[i] for i in first],
        edits,
        tracks=None if tracks is None else [tracks[i] for i in first],
        batch=batch,
    )
    a, b, n = predicted.values[:, output].astype(np.float64).reshape(3, count, draws)
    return States(predicted.base[own, output].astype(np.float64), a, b, n)
