"""Integrated gradients whose points go where the target bends.

The integral along a line is the sum of those along its pieces, and over each piece the change of the target is known:
the difference of the target at the piece's ends. So every piece tells its own error. Nets of ReLU, pools and norms are
smooth but for kinks; the pieces that miss most are halved, the others stay.
"""

from __future__ import annotations

import numpy as np
import torch

from combmotif.attribution.attributions import typical_change
from combmotif.attribution.gradients import NUCLEOTIDES, gradient, hypothetical, values
from combmotif.attribution.targets import TargetFunction

POINTS = 2
"""Gauss-Legendre points of a piece."""
_SHORTEST = 2.0**-16


def integrated_gradients(
    function: TargetFunction,
    x: torch.Tensor,
    baselines: torch.Tensor,
    reached: np.ndarray,
    other: np.ndarray,
    *,
    steps: int,
    max_steps: int,
    tolerance: float,
) -> tuple[torch.Tensor, np.ndarray]:
    """Integrate the gradient along the straight line from each baseline to its input.

    Every line is cut into equal pieces of two Gauss-Legendre points. While the pieces of an input's lines together
    miss the change of the target by more than the tolerance, those that miss most are halved.

    Parameters
    ----------
    function : TargetFunction
    x : torch.Tensor, shape (n, channels, length)
    baselines : torch.Tensor, shape (n, b, channels, length)
        Equal to x in the channels behind the four bases.
    reached, other : float arrays, shapes (n,) and (n, b)
        Target on x and on the baselines.
    steps, max_steps : int
        Points per baseline to begin with, and at most, mean over an input's baselines.
    tolerance : float
        Largest completeness error, as a share of the target's mean distance between input and baselines.

    Returns
    -------
    (scores, points)
        Hypothetical contributions, mean over the baselines (n, 4, length), and points used per baseline, int64 (n,).

    References
    ----------
    Sundararajan et al., ICML 2017 (arXiv 1703.01365); Erion et al., Nat Mach Intell 2021 (many baselines).
    """
    count, each = baselines.shape[:2]
    pieces = max(1, steps // POINTS)
    paths = _Paths(function, x, baselines, steps // pieces)
    cuts = np.tile(np.linspace(0, 1, pieces + 1), (count * each, 1))
    ends = np.stack([other.ravel(), np.repeat(reached, each)], 1)
    lines = np.arange(count * each)
    at = paths.values(np.repeat(lines, pieces + 1), cuts.ravel()).reshape(cuts.shape)
    at[:, [0, -1]] = ends
    paths.add(lines, cuts, at)
    used = np.full(count, each * pieces * paths.points)
    allowed = tolerance * each * typical_change(reached, other)
    while len(chosen := _worst(paths, each, allowed, (max_steps * each - used) // (2 * paths.points))):
        used += 2 * paths.points * np.bincount(paths.line[chosen] // each, minlength=count)
        paths.halve(chosen)
    return paths.scores(each), -(-used // each)


def _worst(paths: _Paths, each: int, allowed: np.ndarray, affordable: np.ndarray) -> np.ndarray:
    """Choose the pieces to halve: the worst of each input that is not within what is allowed.

    Enough of them that the others, even if all erred to one side, would miss half of what is allowed; at most as many
    as are affordable. Sorted.
    """
    owner = paths.line // each
    above = np.abs(np.bincount(owner, paths.gap, minlength=len(allowed))) > allowed
    chosen: list[int] = []
    for row in np.flatnonzero(above & (affordable > 0)):
        own = np.flatnonzero((owner == row) & (paths.high - paths.low > _SHORTEST))
        size = np.abs(paths.gap[own])
        order = np.argsort(-size, kind="stable")
        rest = size.sum() - np.cumsum(size[order])
        enough = int(np.searchsorted(-rest, -allowed[row] / 2)) + 1
        chosen += own[order[: min(enough, int(affordable[row]))]].tolist()
    return np.sort(np.array(chosen, dtype=np.int64))


class _Paths:
    """Straight lines from baselines to inputs, cut into pieces.

    Attributes
    ----------
    line : integer array, shape (pieces,)
        Which line a piece is of; lines are numbered input after input.
    low, high : float arrays, shape (pieces,)
        Where it begins and ends, 0 at the baseline and 1 at the input.
    at_low, at_high : float arrays, shape (pieces,)
        Target at its ends.
    gap : float array, shape (pieces,)
        Change of the target over the piece by the gradients, less the change itself.
    slopes : float32 tensor, shape (pieces, 4, length)
        Mean gradient over the piece.
    """

    def __init__(self, function: TargetFunction, x: torch.Tensor, baselines: torch.Tensor, points: int) -> None:
        self.function, self.points = function, points
        self.x = x.repeat_interleave(baselines.shape[1], 0)
        self.baselines = baselines.reshape(-1, *x.shape[1:])
        self.line = np.zeros(0, np.int64)
        self.low, self.high, self.at_low, self.at_high, self.gap = (np.zeros(0) for _ in range(5))
        self.slopes = x.new_zeros((0, 4, x.shape[2]))

    def at(self, line: np.ndarray, share: np.ndarray) -> torch.Tensor:
        """Points of lines, (n, channels, length)."""
        index = torch.as_tensor(line, device=self.x.device)
        part = torch.as_tensor(share, dtype=self.x.dtype, device=self.x.device)[:, None, None]
        return torch.lerp(self.baselines[index], self.x[index], part)

    def _batches(self, count: int, points: int) -> list[slice]:
        size = max(1, NUCLEOTIDES // self.x.shape[2] // points)
        return [slice(start, min(start + size, count)) for start in range(0, count, size)]

    def values(self, line: np.ndarray, share: np.ndarray) -> np.ndarray:
        """Target at points of lines, float64 (n,)."""
        parts = [values(self.function, self.at(line[own], share[own])) for own in self._batches(len(line), 1)]
        return np.concatenate(parts) if parts else np.zeros(0)

    def add(self, line: np.ndarray, cuts: np.ndarray, at: np.ndarray) -> None:
        """Add the pieces between neighbouring cuts (n, cuts) of lines (n,), at which the target is ``at`` (n, cuts)."""
        line = np.repeat(line, cuts.shape[1] - 1)
        low, high, at_low, at_high = (part.ravel() for part in (cuts[:, :-1], cuts[:, 1:], at[:, :-1], at[:, 1:]))
        slopes, gaps = [self.slopes], [self.gap]
        for own in self._batches(len(line), self.points):
            first, last = self.at(line[own], low[own]), self.at(line[own], high[own])
            slope = self._mean_gradient(first, last)
            change = (slope * (last - first)[:, :4]).double().sum((1, 2)).cpu().numpy()
            slopes.append(slope)
            gaps.append(change - (at_high[own] - at_low[own]))
        self.slopes, self.gap = torch.cat(slopes), np.concatenate(gaps)
        for name, new in (("line", line), ("low", low), ("high", high), ("at_low", at_low), ("at_high", at_high)):
            setattr(self, name, np.concatenate([getattr(self, name), new]))

    def _mean_gradient(self, first: torch.Tensor, last: torch.Tensor) -> torch.Tensor:
        """Mean gradient over straight pieces, by Gauss-Legendre quadrature; (n, channels, length) -> (n, 4, length)."""
        nodes, weights = np.polynomial.legendre.leggauss(self.points)  # of the interval from -1 to 1
        shares = torch.as_tensor((1 + nodes) / 2, dtype=first.dtype, device=first.device)
        inside = torch.cat([torch.lerp(first, last, share) for share in shares])
        slopes = gradient(self.function, inside)[:, :4].float().reshape(self.points, len(first), 4, first.shape[2])
        return torch.einsum(
            "p,pncl->ncl", torch.as_tensor(weights / 2, dtype=slopes.dtype, device=slopes.device), slopes
        )

    def halve(self, chosen: np.ndarray) -> None:
        """Replace pieces by their halves."""
        line, low, high = self.line[chosen], self.low[chosen], self.high[chosen]
        middle = (low + high) / 2
        at = np.stack([self.at_low[chosen], self.values(line, middle), self.at_high[chosen]], 1)
        kept = np.ones(len(self.line), bool)
        kept[chosen] = False
        self.slopes = self.slopes[torch.as_tensor(kept, device=self.slopes.device)]
        for name in ("line", "low", "high", "at_low", "at_high", "gap"):
            setattr(self, name, getattr(self, name)[kept])
        self.add(line, np.stack([low, middle, high], 1), at)

    def scores(self, each: int) -> torch.Tensor:
        """Hypothetical contributions of the inputs, mean over their ``each`` baselines; (n, 4, length)."""
        slopes = self.slopes.new_zeros((len(self.x), *self.slopes.shape[1:]))
        width = torch.as_tensor(self.high - self.low, dtype=slopes.dtype, device=slopes.device)
        index = torch.as_tensor(self.line, device=slopes.device)
        slopes.index_add_(0, index, self.slopes * width[:, None, None])
        own = hypothetical(slopes, self.baselines[:, :4])
        return own.reshape(-1, each, *own.shape[1:]).mean(1)
