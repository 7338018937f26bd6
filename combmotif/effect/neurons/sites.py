"""What a neuron's site does to the prediction: scramble it until the neuron falls silent, and see what changes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from combmotif.core.seeding import named_generator
from combmotif.inference.incremental.edits import Edits
from combmotif.inference.incremental.perturb import predict_edits
from combmotif.inference.probe import WindowProbe

TRIALS = 4
"""Scrambles tried for every one that is wanted."""


def scramble_sites(
    probe: WindowProbe,
    neuron: int,
    codes: Sequence[np.ndarray],
    starts: np.ndarray,
    *,
    silent: float,
    names: Sequence[str],
    tracks: Sequence[np.ndarray] | None = None,
    seed: int = 0,
    draws: int = 8,
    output: int | Sequence[int] = 0,
) -> np.ndarray:
    """Measure how the prediction changes when the window that excites a neuron is shuffled.

    The bases of the window are permuted, which keeps the composition; a permutation that excites the neuron in that
    window again is thrown away.

    Parameters
    ----------
    probe : WindowProbe
        Of the neuron's layer.
    neuron : int
    codes : sequence of n uint8 arrays, each of shape (length,)
    starts : integer array, shape (n,)
        First position of the window in each sequence.
    silent : float
        Activation below which the neuron counts as silent, in the layer's units.
    names : sequence of n str
        Of the sequences; the draws depend on them and the seed alone.
    tracks : sequence of n arrays, each of shape (k, length), optional
        What stands beside the bases, such as the coding frame: a position keeps it when its base is scrambled.
    seed : int, default 0
    draws : int, default 8
        Most permutations per sequence.
    output : int or sequence of int, default 0
        Column of the prediction, or several.

    Returns
    -------
    float64 array, shape (n,), or (n, outputs) for several
        Prediction minus the mean prediction with the window scrambled: positive = the site raises the prediction.
        NaN where no permutation silenced the neuron.
    """
    size = probe.receptive_field
    wanted = np.atleast_1d(np.asarray(output, dtype=np.int64))
    if not len(codes):
        return np.zeros(0) if np.ndim(output) == 0 else np.zeros((0, len(wanted)))
    windows = np.stack([c[s : s + size] for c, s in zip(codes, starts, strict=True)])
    tried = np.empty((len(codes), TRIALS * draws, size), dtype=np.uint8)
    for place, name in enumerate(names):
        random = named_generator(seed, "site", probe.layer, neuron, name)
        tried[place] = random.permuted(np.repeat(windows[place][None], TRIALS * draws, 0), axis=1)
    beside = None
    if tracks is not None:
        cut = np.stack([track[:, s : s + size] for track, s in zip(tracks, starts, strict=True)])
        beside = np.repeat(cut, TRIALS * draws, axis=0)
    activations = probe.activations(tried.reshape(-1, size), beside)[:, neuron].reshape(len(codes), -1)
    good = activations < silent
    good &= np.cumsum(good, axis=1) <= draws
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
