"""A scale on which effects add up, if there is one: a monotone curve fitted to all pairs at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls

from combmotif.effect.pairs.states import States

SCALES = ("spline", "identity", "logit", "log", "none")
"""Fitted to the pairs; or the model's own link, from the prediction to the scale on which it adds up."""
KNOTS = 24
MIN_PAIRS = 5
ROWS_PER_PAIR = 1000
SMALLEST_SLOPE = 0.001
ROUGHNESS = 1e-4
REWEIGHTINGS = 20
TOLERANCE = 0.01
"""Relative epistasis below which a pair is not weighted up further."""
MIDDLE = (0.1, 0.9)
"""Quantiles of the predictions between which the mean slope is 1."""
FIRM = 1e3
"""Weight of the condition that the mean slope is 1."""


@dataclass(frozen=True)
class LatentScale:
    """A monotone curve from predictions to a latent scale, with mean slope 1 over the middle 80 % of the predictions.

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


def link_scale(link: str, pairs: Sequence[States]) -> Callable[[np.ndarray], np.ndarray]:
    """Make the function from predictions to the scale of a link.

    Parameters
    ----------
    link : {"identity", "logit", "log"}
        logit, ln(p / (1 - p)), for probabilities; log, ln(p), for amounts.
    pairs : sequence of States
        Their predictions are checked.

    Raises
    ------
    ValueError
        If a prediction has no place on the scale.
    """
    if link == "identity":
        return np.asarray
    seen = [values.ravel() for states in pairs for values in (states.o, states.a, states.b, states.n) if values.size]
    low, high = (min(v.min() for v in seen), max(v.max() for v in seen)) if seen else (0.5, 0.5)
    if low < 0 or (link == "logit" and high > 1):
        expected = "between 0 and 1" if link == "logit" else "of 0 or more"
        raise ValueError(f"latent: {link}: expected predictions {expected}, found {low:.3g} to {high:.3g}")
    smallest = float(np.finfo(np.float32).eps)

    def logit(prediction: np.ndarray) -> np.ndarray:
        p = np.clip(prediction, smallest, 1 - smallest)
        return np.log(p / (1 - p))

    def log(prediction: np.ndarray) -> np.ndarray:
        return np.log(np.maximum(prediction, smallest))

    return logit if link == "logit" else log


def fit_latent_scale(pairs: Sequence[States]) -> LatentScale | None:
    """Fit the curve h that makes h(o) - h(a) - h(b) + h(n) smallest over all pairs.

    A saturating read-out (a sigmoid, a ceiling) makes every pair look sub-additive. If one monotone curve removes
    the epistasis of all pairs, it is a property of the scale and not of a pair. The slope of h is piecewise linear
    over 24 quantiles of the predictions, at least 0.1 % of its mean, and its relative changes are lightly smoothed.
    Each pair's contrasts are in units of its own joint effect on the latent scale, and what is made small is the sum
    over pairs of their root mean squares (reweighted least squares), so that most pairs decide and a few super-additive
    ones keep their epistasis.

    Parameters
    ----------
    pairs : sequence of States

    Returns
    -------
    LatentScale or None
        None with fewer than 5 pairs (a curve could then explain any epistasis away) or where nothing varies.
    """
    blocks = []
    for states in pairs:
        o = np.broadcast_to(states.o[:, None], states.a.shape)
        stacked = np.stack([o, states.a, states.b, states.n]).reshape(4, -1)
        if not stacked.size or not (stacked[0] != stacked[3]).any():
            continue
        blocks.append(
            stacked[:, np.linspace(0, stacked.shape[1] - 1, min(ROWS_PER_PAIR, stacked.shape[1])).astype(int)]
        )
    if len(blocks) < MIN_PAIRS:
        return None
    predictions = np.concatenate([block.ravel() for block in blocks])
    # Quantiles that crowd towards both ends, where a saturating curve bends most.
    knots = np.unique(np.quantile(predictions, (1 - np.cos(np.linspace(0, np.pi, KNOTS))) / 2))
    if len(knots) < 3:
        return None
    low, high = np.quantile(predictions, MIDDLE)
    if high <= low:
        low, high = knots[0], knots[-1]
    mean_slope = np.diff(_basis(np.array([low, high]), knots), axis=0)[0] / (high - low)
    contrasts, joints = [], []
    for block in blocks:
        o, a, b, n = (_basis(x, knots) for x in block)
        # The triangular factor has the same norm for every slope vector as the full design, in 24 rows.
        contrasts.append(np.linalg.qr(o - a - b + n, mode="r") / np.sqrt(block.shape[1]))
        joints.append(np.linalg.qr(o - n, mode="r") / np.sqrt(block.shape[1]))
    slopes = np.ones(len(knots))
    # Iteratively reweighted least squares for a sum of norms (not of squares): a pair's weight is one over its own
    # residual, so a few truly super-additive pairs do not bend the curve. Slopes stay above SMALLEST_SLOPE because what
    # is solved for is their excess, by non-negative least squares; the last row holds their mean at 1.
    for _ in range(REWEIGHTINGS):
        units = np.array([np.linalg.norm(joint @ slopes) for joint in joints])
        relative = np.array([np.linalg.norm(c @ slopes) for c in contrasts]) / units
        weights = 1 / np.maximum(relative, TOLERANCE)
        weights = np.sqrt(weights / weights.sum()) / units
        bend = np.diff(np.eye(len(knots)), axis=0) / (slopes[1:] + slopes[:-1])[:, None]
        system = np.vstack(
            [w * c for w, c in zip(weights, contrasts, strict=True)] + [np.sqrt(ROUGHNESS) * bend, FIRM * mean_slope]
        )
        target = -system @ np.full(len(knots), SMALLEST_SLOPE)
        target[-1] += FIRM
        slopes = SMALLEST_SLOPE + nnls(system, target)[0]
        slopes /= mean_slope @ slopes
    return LatentScale(knots, slopes)
