"""A scale on which effects add up, if there is one: a monotone curve fitted to all pairs at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls

from combmotif.effects.states import States

KNOTS = 20
MIN_PAIRS = 5
ROWS_PER_PAIR = 1000
SMALLEST_SLOPE = 0.001
ROUGHNESS = 1e-5


@dataclass(frozen=True)
class LatentScale:
    """A monotone curve from the prediction to a latent scale, with mean slope 1 over the range it was fitted on.

    Attributes
    ----------
    knots : float array, shape (knots,)
        Predictions, increasing.
    slopes : float array, shape (knots,)
        Slope of the curve at the knots, positive; linear in between and constant outside.
    """

    knots: np.ndarray
    slopes: np.ndarray

    def __call__(self, prediction: np.ndarray) -> np.ndarray:
        """Map predictions of any shape to the latent scale."""
        return _basis(np.asarray(prediction, dtype=float), self.knots) @ self.slopes


def _basis(x: np.ndarray, knots: np.ndarray) -> np.ndarray:
    """Integrals from the first knot of the piecewise linear hats at the knots: (...,) -> (..., knots)."""
    below = np.minimum(x - knots[0], 0)
    above = np.maximum(x - knots[-1], 0)
    inside = np.clip(x, knots[0], knots[-1])
    result = np.zeros((*x.shape, len(knots)))
    for left in range(len(knots) - 1):
        width = knots[left + 1] - knots[left]
        t = np.clip((inside - knots[left]) / width, 0, 1)
        result[..., left] += width * (t - t**2 / 2)
        result[..., left + 1] += width * t**2 / 2
    result[..., 0] += below
    result[..., -1] += above
    return result


def fit_latent_scale(pairs: Sequence[States]) -> LatentScale | None:
    """Fit the curve h that makes h(o) - h(a) - h(b) + h(n) smallest over all pairs.

    A saturating read-out (a sigmoid, a ceiling) makes every pair look antagonistic. If one monotone curve removes
    the epistasis of all pairs, it is a property of the scale and not of a pair. The slope of h is piecewise linear
    over 20 quantiles of the predictions, at least 0.1 % of its mean, lightly smoothed; least squares, every pair with
    the same weight, its contrasts in units of its own joint effect.

    Parameters
    ----------
    pairs : sequence of States

    Returns
    -------
    LatentScale or None
        None with fewer than 5 pairs (a curve could then explain any epistasis away) or where nothing varies.
    """
    blocks, predictions = [], []
    for states in pairs:
        o = np.broadcast_to(states.o[:, None], states.a.shape)
        stacked = np.stack([o, states.a, states.b, states.n]).reshape(4, -1)
        if not stacked.size:
            continue
        picked = stacked[:, np.linspace(0, stacked.shape[1] - 1, min(ROWS_PER_PAIR, stacked.shape[1])).astype(int)]
        joint = np.sqrt(np.mean((picked[0] - picked[3]) ** 2))
        if joint > 0:
            blocks.append((picked, joint * np.sqrt(picked.shape[1])))
            predictions.append(picked.ravel())
    if len(blocks) < MIN_PAIRS:
        return None
    knots = np.unique(np.quantile(np.concatenate(predictions), np.linspace(0, 1, KNOTS)))
    if len(knots) < 3:
        return None
    rows = [
        (_basis(p[0], knots) - _basis(p[1], knots) - _basis(p[2], knots) + _basis(p[3], knots)) / unit
        for p, unit in blocks
    ]
    design = np.concatenate(rows) / np.sqrt(len(blocks))
    span = knots[-1] - knots[0]
    mean_slope = _basis(knots[-1:], knots)[0] / span
    rough = np.sqrt(ROUGHNESS) * np.diff(np.eye(len(knots)), axis=0)
    weight = 1e3
    system = np.vstack([design, rough, weight * mean_slope])
    target = -system @ np.full(len(knots), SMALLEST_SLOPE)
    target[-1] += weight
    extra, _ = nnls(system, target)
    slopes = SMALLEST_SLOPE + extra
    return LatentScale(knots, slopes / (mean_slope @ slopes))
