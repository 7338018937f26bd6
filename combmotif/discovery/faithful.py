"""How faithful are a neuron's motifs on real sequences? Which windows excite it, how much, and by which nucleotides.

`combmotif.comparison.faithfulness` asks the reverse: what do sequences drawn from a motif do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.metrics import roc_auc_score
from threadpoolctl import threadpool_limits

from combmotif.discovery.occurrences import Occurrences, called_nucleotides
from combmotif.inference.probe import WindowProbe
from combmotif.motifs.motif import Motif

TOP = 0.01
"""Share of windows that count as those that excite the neuron."""
_LEAST = 50  # windows that are fitted, and that are judged
_TREES = 100  # of a regression; 400 gain .01 to .06 of R2 and take three times as long
_FILLED = 200  # most top windows whose other nucleotides are replaced
_BACKGROUNDS = 16  # sets of random nucleotides they are replaced by


@dataclass(frozen=True)
class Windows:
    """Windows of real sequences, and random ones beside them.

    Attributes
    ----------
    codes : uint8 array, shape (n, size)
        Regressions are fitted on the first ``fitted`` and judged on the others, which come from other sequences.
    background : uint8 array, shape (m, size)
        Random windows: they give each motif its threshold, and the neuron its level of silence.
    fitted : int
    tracks : float32 array, shape (n, k, size), optional
        What the windows have beside their bases.
    """

    codes: np.ndarray
    background: np.ndarray
    fitted: int
    tracks: np.ndarray | None = None


@dataclass(frozen=True)
class Faithfulness:
    """How well motifs account for a neuron's activation on windows they were not made from.

    Attributes
    ----------
    auroc : float
        Of the 1 % of windows with the highest activation, told from the others by the best score of any motif above its
        threshold; 0.5 is chance.
    r2 : float
        Share of the variance of activation on held-out windows that a regression on the motifs' scores at every place
        of the receptive field predicts.
    r2_shuffled : float
        The same of the motifs with their columns in random order and their letters renamed: what scores at so many
        places predict whatever the motif.
    r2_windows : float
        The same of the windows' own bases at each position: the ceiling for this regression.
    kept : float
        Share of the activation above the background that the top 1 % keep when only the nucleotides that the motifs
        call stay and all others are random, 0 to 1.
    kept_random : float
        The same for as many nucleotides chosen at random.
    nucleotides : float
        Share of the nucleotides that stay.
    """

    auroc: float = float("nan")
    r2: float = float("nan")
    r2_shuffled: float = float("nan")
    r2_windows: float = float("nan")
    kept: float = float("nan")
    kept_random: float = float("nan")
    nucleotides: float = float("nan")


class ActivationModel:
    """Activation of a neuron predicted from where its motifs score how much: gradient-boosted trees.

    The features are each motif's score at every place of the receptive field at which half of it or more lies inside,
    and its best score at the places where the neuron reads it. So several occurrences, the position, a part at an end
    of the field, and the distance and order of two motifs all count.

    Parameters
    ----------
    motifs : sequence of Motif
    codes : uint8 array, shape (n, size)
        Windows to fit.
    activations : float array, shape (n,)

    Examples
    --------
    >>> import numpy as np
    >>> from combmotif.discovery import ActivationModel
    >>> from combmotif.motifs import Motif, word_ppm
    >>> codes = np.random.default_rng(0).integers(0, 4, (2000, 8)).astype(np.uint8)
    >>> reads_aug = (codes[:, 2:5] == [0, 3, 2]).all(1).astype(float)
    >>> motif = Motif("conv:0.m1", 100 * word_ppm("AUG"), 100, start=2)
    >>> model = ActivationModel([motif], codes[:1000], reads_aug[:1000])
    >>> bool(np.corrcoef(model.predict(codes[1000:]), reads_aug[1000:])[0, 1] > 0.99)
    True
    """

    def __init__(self, motifs: Sequence[Motif], codes: np.ndarray, activations: np.ndarray) -> None:
        size = codes.shape[1]
        self._mean = float(np.mean(activations))
        self._motifs = [(Occurrences(m, size), Occurrences(m, size, everywhere=True)) for m in motifs]
        self._trees = _fit(self._features(codes), activations) if motifs else None

    def _features(self, codes: np.ndarray) -> np.ndarray:
        parts = [part for own, every in self._motifs for part in (own.best(codes)[:, None], every.scores(codes))]
        return np.concatenate(parts, axis=1)

    def predict(self, codes: np.ndarray) -> np.ndarray:
        """Predict the activation of windows, uint8 (n, size) -> float (n,); their mean where there is no motif."""
        if self._trees is None:
            return np.full(len(codes), self._mean)
        return np.asarray(self._trees.predict(self._features(codes)))


def measure_faithfulness(
    probe: WindowProbe,
    neuron: int,
    motifs: Sequence[Motif],
    windows: Windows,
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
        Of that neuron; without any, auroc is 0.5 and all that motifs explain 0.
    windows : Windows
    random : numpy.random.Generator
    activations : float array, shape (n,), optional
        Of the windows, where they are known already.

    Returns
    -------
    Faithfulness
        NaN where there are fewer than 50 windows to fit or to judge, or the neuron does not vary on them; ``kept``,
        ``kept_random`` and ``nucleotides`` are NaN where the top windows lie no higher than random ones.
    """
    codes = windows.codes
    values = probe.activations(codes, windows.tracks)[:, neuron] if activations is None else activations
    values = values.astype(float)
    half = windows.fitted
    sides = values[:half], values[half:]
    if min(map(len, sides)) < _LEAST or min(map(np.ptp, sides)) <= 1e-6 * np.abs(values).max():
        return Faithfulness()
    top = _strongest(values)
    best = np.zeros(len(codes))
    if motifs:
        found = [Occurrences(motif, codes.shape[1]) for motif in motifs]
        best = np.max([one.best(codes) - one.threshold(windows.background) for one in found], axis=0)
    shuffled = [shuffled_motif(motif, random) for motif in motifs]
    bases = np.eye(4, dtype=np.float32)[codes].reshape(len(codes), -1)
    predicted = {
        "r2": ActivationModel(motifs, codes[:half], values[:half]).predict(codes[half:]),
        "r2_shuffled": ActivationModel(shuffled, codes[:half], values[:half]).predict(codes[half:]),
        "r2_windows": _fit(bases[:half], values[:half]).predict(bases[half:]),
    }
    return Faithfulness(
        auroc=float(roc_auc_score(top, best)),
        **{name: _r2(values[half:], own) if motifs or name == "r2_windows" else 0.0 for name, own in predicted.items()},
        **_sufficiency(probe, neuron, motifs, windows, values, np.flatnonzero(top), random),
    )


def _strongest(values: np.ndarray) -> np.ndarray:
    """Mark the 1 % of windows with the highest activation; fewer where a neuron answers to fewer and is silent else."""
    limit = np.quantile(values, 1 - TOP)
    top = values >= limit
    return top if top.mean() < 2 * TOP or limit == values.max() else values > limit


def shuffled_motif(motif: Motif, random: np.random.Generator) -> Motif:
    """Put a motif's columns in random order and rename its letters: as sharp and long, but it says something else."""
    return replace(motif, pfm=motif.pfm[random.permutation(len(motif))][:, random.permutation(4)])


def _fit(features: np.ndarray, values: np.ndarray) -> HistGradientBoostingRegressor:
    with threadpool_limits(1):
        trees = HistGradientBoostingRegressor(max_iter=_TREES, early_stopping=False, random_state=0)
        return trees.fit(features, values)


def _r2(values: np.ndarray, predicted: np.ndarray) -> float:
    return 1 - float(((values - predicted) ** 2).mean()) / float(values.var())


def _sufficiency(
    probe: WindowProbe,
    neuron: int,
    motifs: Sequence[Motif],
    windows: Windows,
    values: np.ndarray,
    rows: np.ndarray,
    random: np.random.Generator,
) -> dict[str, float]:
    """Activation that some windows keep by the nucleotides that motifs call, and by as many random ones."""
    count = len(windows.background) if windows.tracks is None else len(windows.tracks)
    beside = None if windows.tracks is None else windows.tracks[: len(windows.background)]
    level = float(probe.activations(windows.background[:count], beside)[:, neuron].mean())
    rows = rows[values[rows] > level][:_FILLED]
    if not rows.size:
        return {}
    codes = windows.codes[rows]
    tracks = None if windows.tracks is None else np.repeat(windows.tracks[rows], _BACKGROUNDS, axis=0)
    called = called_nucleotides(motifs, codes, windows.background)
    alike = random.random(called.shape).argsort(1).argsort(1) < called.sum(1, keepdims=True)
    filled = random.integers(0, 4, (_BACKGROUNDS, codes.shape[1])).astype(np.uint8)

    def kept(stay: np.ndarray) -> float:
        changed = np.where(stay[:, None], codes[:, None], filled[None]).reshape(-1, codes.shape[1])
        left = probe.activations(changed, tracks)[:, neuron].astype(float).reshape(len(codes), -1).mean(1)
        return float(np.clip((left - level) / (values[rows] - level), 0, 1).mean())

    return {"kept": kept(called), "kept_random": kept(alike), "nucleotides": float(called.mean())}
