"""How faithful are a neuron's motifs on real sequences? Which windows excite it, how much, and by which nucleotides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.metrics import roc_auc_score

from combmotif.discovery.occurrences import Occurrences, called_nucleotides
from combmotif.inference.probe import WindowProbe
from combmotif.motifs.motif import Motif

TOP = 0.01
"""Share of windows that count as those that excite the neuron."""
_FILLED = 200  # most of them whose other nucleotides are replaced
_BACKGROUNDS = 16  # sets of random nucleotides they are replaced by


@dataclass(frozen=True)
class Faithfulness:
    """How well motifs account for a neuron's activation on windows they were not made from.

    Attributes
    ----------
    auroc : float
        Of the 1 % of windows with the highest activation, told from the others by the best score of any motif above its
        threshold; 0.5 is chance.
    r2 : float
        Share of the variance of activation on held-out windows that a regression on the motifs' scores predicts.
    kept : float
        Share of the activation above background that the top 1 % keep when only the nucleotides that the motifs call
        stay and all others are random, 0 to 1.
    kept_random : float
        The same for as many nucleotides chosen at random.
    nucleotides : float
        Share of the nucleotides that stay.
    """

    auroc: float
    r2: float
    kept: float
    kept_random: float
    nucleotides: float


class ActivationModel:
    """Activation of a neuron predicted from the scores of its motifs.

    Parameters
    ----------
    motifs : sequence of Motif
    codes : uint8 array, shape (n, size)
    activations : float array, shape (n,)
    """

    def __init__(self, motifs: Sequence[Motif], codes: np.ndarray, activations: np.ndarray) -> None:
        self.mean = float(np.mean(activations))
        self._occurrences = [Occurrences(motif, codes.shape[1], everywhere=True) for motif in motifs]
        self._regression = None
        if motifs:
            regression = HistGradientBoostingRegressor(max_iter=100, random_state=0)
            self._regression = regression.fit(self._features(codes), activations)

    def _features(self, codes: np.ndarray) -> np.ndarray:
        parts = []
        for one in self._occurrences:
            scores = one.scores(codes)
            parts += [scores, scores.max(1, keepdims=True)]
        return np.concatenate(parts, axis=1)

    def predict(self, codes: np.ndarray) -> np.ndarray:
        """Predict the activation of windows; uint8 (n, size) -> float (n,)."""
        if self._regression is None:
            return np.full(len(codes), self.mean)
        return np.asarray(self._regression.predict(self._features(codes)))


def faithfulness(
    probe: WindowProbe,
    neuron: int,
    motifs: Sequence[Motif],
    codes: np.ndarray,
    background: np.ndarray,
    random: np.random.Generator,
    *,
    activations: np.ndarray | None = None,
) -> Faithfulness:
    """Measure how well a neuron's motifs account for its activation on windows.

    Parameters
    ----------
    probe : WindowProbe
    neuron : int
    motifs : sequence of Motif
    codes : uint8 array, shape (n, size)
        Windows of real sequences in random order: the regression is fitted on the first half and judged on the second.
    background : uint8 array, shape (m, size)
        Background windows: they give each motif its threshold, and the neuron the level of silence.
    random : numpy.random.Generator
    activations : float array, shape (n,), optional
        Of the windows, where they are known already.

    Returns
    -------
    Faithfulness
        NaN where the neuron does not vary on the windows.
    """
    size = probe.receptive_field
    values = probe.activations(codes)[:, neuron].astype(float) if activations is None else activations
    level = float(probe.activations(background)[:, neuron].mean())
    half = len(codes) // 2
    top = values >= np.quantile(values, 1 - TOP)
    if top.all():
        return Faithfulness(*[float("nan")] * 5)
    best = np.zeros(len(codes))
    if motifs:
        found = [Occurrences(motif, size) for motif in motifs]
        best = np.max([one.best(codes) - one.threshold(background) for one in found], axis=0)
    predicted = ActivationModel(motifs, codes[:half], values[:half]).predict(codes[half:])
    r2 = 1 - float(((values[half:] - predicted) ** 2).mean()) / float(values[half:].var())
    rows = np.flatnonzero(top)[:_FILLED]
    rows = rows[values[rows] > level]
    called = called_nucleotides(motifs, codes[rows], background)
    alike = random.random(called.shape).argsort(1).argsort(1) < called.sum(1, keepdims=True)
    return Faithfulness(
        float(roc_auc_score(top, best)),
        r2,
        _kept(probe, neuron, codes[rows], called, values[rows], level, random),
        _kept(probe, neuron, codes[rows], alike, values[rows], level, random),
        float(called.mean()),
    )


def _kept(
    probe: WindowProbe,
    neuron: int,
    codes: np.ndarray,
    stay: np.ndarray,
    values: np.ndarray,
    level: float,
    random: np.random.Generator,
) -> float:
    """Mean share of the activation above the background that is left where only some nucleotides stay."""
    filled = random.integers(0, 4, (_BACKGROUNDS, codes.shape[1])).astype(np.uint8)
    windows = np.where(stay[:, None], codes[:, None], filled[None]).reshape(-1, codes.shape[1])
    left = probe.activations(windows)[:, neuron].astype(float).reshape(len(codes), -1).mean(1)
    return float(np.clip((left - level) / (values - level), 0, 1).mean())
