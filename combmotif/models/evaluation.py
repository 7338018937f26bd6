"""How well a model's predictions agree with measured values."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from scipy import stats

from combmotif.models.model import SequenceModel
from combmotif.models.predict_file import not_finite
from combmotif.sequence.sets import SequenceSet


@dataclass(frozen=True)
class Agreement:
    """Predicted against measured.

    Attributes
    ----------
    pearson : float
        Correlation r.
    squared_correlation : float
        The square of `pearson`, as the MRL papers report it (not 1 - residual / total variance).
    spearman : float
        Correlation of the ranks.
    n : int
        Sequences with a measured value.
    """

    pearson: float
    squared_correlation: float
    spearman: float
    n: int


def agreement(predicted: np.ndarray, measured: np.ndarray) -> Agreement:
    """Correlate predictions (n,) with measured values (n,); a NaN was not measured, or not predicted.

    Raises
    ------
    ValueError
        If fewer than 3 values are measured and predicted.
    """
    known = np.isfinite(measured) & np.isfinite(predicted)
    if known.sum() < 3:
        raise ValueError(f"values: expected at least 3 both measured and predicted, found {int(known.sum())}")
    x, y = np.asarray(predicted, dtype=float)[known], np.asarray(measured, dtype=float)[known]
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return Agreement(float("nan"), float("nan"), float("nan"), len(x))
    r = float(np.corrcoef(x, y)[0, 1])
    return Agreement(r, r**2, float(stats.spearmanr(x, y).statistic), len(x))


def evaluate(model: SequenceModel, sequences: SequenceSet, *, output: int = 0) -> Agreement:
    """Predict a set of sequences and compare one output with the first label.

    Parameters
    ----------
    model : SequenceModel
    sequences : SequenceSet
        With labels; its tracks are used where the model reads any.
    output : int, default 0
        Column of the prediction.

    Returns
    -------
    Agreement

    Raises
    ------
    ValueError
        If there are no labels, or a sequence does not fit the model.
    """
    if sequences.labels is None:
        raise ValueError("label: expected measured values to compare with, the sequences have none")
    for name, codes in zip(sequences.names, sequences.codes, strict=True):
        model.check(codes, name=name)
    predicted = model.predict(sequences.codes, tracks=sequences.tracks)
    wrong = np.flatnonzero(~np.isfinite(predicted[:, output]))
    if len(wrong):
        names = [sequences.names[row] for row in wrong[:3]]
        warnings.warn(not_finite(model.name, names, len(wrong), len(predicted)), stacklevel=2)
    if doubts := model.doubts(sequences.codes, tracks=sequences.tracks):
        warnings.warn(doubts, stacklevel=2)
    return agreement(predicted[:, output], sequences.labels[:, 0])
