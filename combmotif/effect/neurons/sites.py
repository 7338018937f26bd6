"""What a neuron's site does to the prediction: scramble it until the neuron falls silent, and see what changes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from combmotif.core.seeding import named_generator
from combmotif.inference.incremental.edits import Edits
from combmotif.inference.incremental.perturb import predict_edits
from combmotif.inference.probe import WindowProbe
from combmotif.sequence.sets import SequenceSet

DRAWS = 8
"""Most permutations of a site per sequence."""
TRIALS = 4
"""Scrambles tried for every one that is wanted."""


def scramble_sites(
    probe: WindowProbe,
    neuron: int,
    sequences: SequenceSet,
    starts: np.ndarray,
    *,
    silent: float,
    seed: int = 0,
    output: int | Sequence[int] = 0,
) -> np.ndarray:
    """Measure how the prediction changes when the window that excites a neuron is shuffled.

    The bases of the window are permuted, up to 8 times, which keeps the composition; a permutation that excites the
    neuron in that window again is thrown away.

    Parameters
    ----------
    probe : WindowProbe
        Of the neuron's layer.
    neuron : int
    sequences : SequenceSet
        The draws depend on their names and the seed alone. A position keeps its tracks, such as the coding frame, when
        its base is scrambled.
    starts : integer array, shape (n,)
        First position of the window in each sequence.
    silent : float
        Activation below which the neuron counts as silent, in the layer's units.
    seed : int, default 0
    output : int or sequence of int, default 0
        Column of the prediction, or several.

    Returns
    -------
    float64 array, shape (n,), or (n, outputs) for several
        Prediction minus the mean prediction with the window scrambled: positive = the site raises the prediction.
        NaN where no permutation silenced the neuron.
    """
    size, codes, tracks = probe.receptive_field, sequences.codes, sequences.tracks
    wanted = np.atleast_1d(np.asarray(output, dtype=np.int64))
    if not len(codes):
        return np.zeros(0) if np.ndim(output) == 0 else np.zeros((0, len(wanted)))
    windows = np.stack([c[s : s + size] for c, s in zip(codes, starts, strict=True)])
    tried = np.empty((len(codes), TRIALS * DRAWS, size), dtype=np.uint8)
    for place, name in enumerate(sequences.names):
        random = named_generator(seed, "site", probe.layer, neuron, name)
        tried[place] = random.permuted(np.repeat(windows[place][None], TRIALS * DRAWS, 0), axis=1)
    beside = None
    if tracks is not None:
        cut = np.stack([track[:, s : s + size] for track, s in zip(tracks, starts, strict=True)])
        beside = np.repeat(cut, TRIALS * DRAWS, axis=0)
    activations = probe.activations(tried.reshape(-1, size), beside)[:, neuron].reshape(len(codes), -1)
    good = activations < silent
    good &= np.cumsum(good, axis=1) <= DRAWS
    rows, columns = np.nonzero(good)
    plain, total = np.zeros((2, len(codes), len(wanted)))
    if len(rows):
        edits = Edits.of(rows, [(np.asarray(starts)[rows], tried[rows, columns])])
        predicted = predict_edits(probe.model, codes, edits, tracks=tracks)
        plain = predicted.base[:, wanted].astype(np.float64)
        np.add.at(total, rows, predicted.values[:, wanted].astype(np.float64))
    count = np.bincount(rows, minlength=len(codes))[:, None]
    change = np.where(count > 0, plain - total / np.maximum(count, 1), np.nan)
    return change[:, 0] if np.ndim(output) == 0 else change
