"""Markov chains of one neuron on a ladder of temperatures, and the moves that take them through sequence space."""

from __future__ import annotations

import numpy as np

LEVELS = 16
"""Temperatures; each holds an equal share of the chains and aims at one level of activation."""
ISLANDS = 8
"""Parts of the population that are resampled apart."""
_GUIDANCE, _TRUST = 0.5, 5.0  # weight of the gradient, and the most it may say of a change
_ACCEPTED = 0.4  # share of the guided moves that should be accepted
_CHANGED, _SLID = 0.35, 0.3  # shares of the blind moves; the others are crossings


def _chosen(table: np.ndarray, codes: np.ndarray) -> np.ndarray:
    return np.take_along_axis(table, codes[:, :, None].astype(np.intp), 2)[:, :, 0]


class Chains:
    """Windows, their values and gradients, each drawn from exp(beta x activation).

    Parameters
    ----------
    codes : uint8 array, shape (n, length)
    values : float32 array, shape (n,)
    gradients : float32 array, shape (n, length, 4)
    places : integer array, shape (n,)
        A number that stays with a window: where its tracks are in the bank.
    random : numpy.random.Generator
    bank : int, default 0
        Size of the bank of tracks; 0 where there is none.
    """

    def __init__(
        self,
        codes: np.ndarray,
        values: np.ndarray,
        gradients: np.ndarray,
        places: np.ndarray,
        random: np.random.Generator,
        bank: int = 0,
    ) -> None:
        self.codes, self.values, self.gradients, self.places = codes, values, gradients, places
        self.fresh = np.ones(len(codes), bool)
        self.random = random
        self.bank = bank
        self.level = np.arange(len(codes)) * LEVELS // len(codes)
        self.island = np.arange(len(codes)) * ISLANDS // len(codes)
        self.beta = np.zeros(len(codes))
        self.changes = np.full(LEVELS, 2.0)

    # --- selection ---------------------------------------------------------------------------------------------------

    def anneal(self, effective: float) -> None:
        """Raise the common beta as far as this share of the population stays effective, and resample each island.

        Were all resampled together, the chains would soon descend from one, and show one motif of several.
        """
        count, spread = len(self.values), float(self.values.std())
        if spread < 1e-6 * max(1.0, abs(float(self.values.max()))):
            return
        islands = [np.flatnonzero(self.island == island) for island in range(ISLANDS)]
        gains = [(self.values[rows] - self.values[rows].max()).astype(np.float64) for rows in islands if len(rows)]

        def left(rise: float) -> float:
            weights = [np.exp(rise * gain) for gain in gains]
            return float(sum(part.sum() ** 2 / (part**2).sum() for part in weights)) / count

        low, high = 0.0, 1.0 / spread
        while left(high) > effective and high < 1e6 / spread:
            low, high = high, 2 * high
        for _ in range(20):
            middle = 0.5 * (low + high)
            low, high = (middle, high) if left(middle) > effective else (low, middle)
        self.beta += low
        drawn = []
        for rows, gain in zip(islands, gains, strict=False):
            weights = np.cumsum(np.exp(low * gain))
            marks = (np.arange(len(rows)) + self.random.random()) / len(rows)
            drawn.append(rows[np.searchsorted(weights / weights[-1], marks).clip(max=len(rows) - 1)])
        self._reorder(np.concatenate(drawn))

    def _reorder(self, rows: np.ndarray) -> None:
        self.codes, self.values = self.codes[rows], self.values[rows]
        self.gradients, self.places = self.gradients[rows], self.places[rows]
        self.fresh = self.fresh[rows]

    def exchange(self, rounds: int = 20) -> None:
        """Swap windows between temperatures by the Metropolis rule (replica exchange)."""
        count = len(self.values)
        rows = np.arange(count)
        values = self.values.astype(np.float64)
        share = count // LEVELS
        for _ in range(rounds):
            pairs = self.random.permutation(count)[: count // 2 * 2].reshape(2, -1)
            near = np.abs(self.level[pairs[0]] - self.level[pairs[1]]) <= max(1, LEVELS * 2 // share)
            a, b = pairs[:, near]
            gain = (self.beta[a] - self.beta[b]) * (values[rows[b]] - values[rows[a]])
            swap = np.log(self.random.random(len(a))) < gain
            rows[a[swap]], rows[b[swap]] = rows[b[swap]], rows[a[swap]]
        self._reorder(rows)

    # --- moves -------------------------------------------------------------------------------------------------------

    def _log_proposal(self, codes: np.ndarray, gradients: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Log probabilities of the letters that a guided move draws; (n, length, 4).

        Each change is weighed by exp(beta x gain / 2), the gain being what the gradient promises; the weights of a
        window are scaled to so many changes as its level makes at present.
        """
        letters = codes[:, :, None].astype(np.intp)
        gain = gradients - np.take_along_axis(gradients, letters, 2)
        logits = gain * (_GUIDANCE * self.beta[rows]).astype(np.float32)[:, None, None]
        np.clip(logits, -_TRUST, _TRUST, out=logits)
        np.put_along_axis(logits, letters, -np.inf, 2)
        sums = np.log(np.exp(logits).sum((1, 2), keepdims=True))
        logits += np.log(self.changes[self.level[rows]]).astype(np.float32)[:, None, None] - sums
        np.put_along_axis(logits, letters, 0.0, 2)
        logits -= np.log(np.exp(logits).sum(2, keepdims=True))
        return logits

    def propose(self, *, blind: bool = False) -> tuple[np.ndarray, np.ndarray]:
        """Make one move in every chain; returns windows (n, length) and their places (n,).

        Where the gradient is known, and the move is not to be blind, it is guided: many letters are drawn anew by the
        gradient (discrete Langevin proposal). Else a few letters are changed at random; or a segment slides by a few
        positions, the letters it runs over leaving and random ones coming in behind it; or two chains of like
        temperature exchange a segment.
        """
        count, size = self.codes.shape
        drawn, places = self.codes.copy(), self.places.copy()
        free = np.ones(count, bool)
        self.guided = rows = np.flatnonzero(self.fresh) if not blind else np.zeros(0, np.int64)
        if rows.size:
            self.forward = self._log_proposal(self.codes[rows], self.gradients[rows], rows)
            edges = np.cumsum(np.exp(self.forward), 2)[:, :, :3]
            drawn[rows] = (edges < self.random.random((*edges.shape[:2], 1), dtype=np.float32)).sum(2)
            free[rows] = (drawn[rows] == self.codes[rows]).all(1)
            self.guided, self.forward = rows[~free[rows]], self.forward[~free[rows]]
        kind = np.where(free, self.random.random(count), 2.0)
        changed = np.flatnonzero(kind < _CHANGED)
        drawn[changed] = self._change(self.codes[changed])
        slid = np.flatnonzero((kind >= _CHANGED) & (kind < _CHANGED + _SLID))
        drawn[slid] = self._slide(self.codes[slid])
        self.pairs = self._pairs(np.flatnonzero((kind >= _CHANGED + _SLID) & (kind < 2)))
        one, other = self.pairs
        ends = np.sort(self.random.integers(0, size + 1, (len(one), 2)), 1)
        crossed = (np.arange(size) >= ends[:, :1]) & (np.arange(size) < ends[:, 1:])
        drawn[one] = np.where(crossed, self.codes[other], self.codes[one])
        drawn[other] = np.where(crossed, self.codes[one], self.codes[other])
        if self.bank:
            moved = slid[: len(slid) // 2]
            drawn[moved] = self.codes[moved]
            places[moved] = self.random.integers(0, self.bank, len(moved))
        self.proposal, self.proposed_places = drawn, places
        return drawn, places

    def _change(self, codes: np.ndarray) -> np.ndarray:
        """Change one to three letters at random."""
        count, size = codes.shape
        result = codes.copy()
        for part in range(3):
            rows = np.flatnonzero(self.random.random(count) < (1.0, 0.5, 0.5)[part])
            sites = self.random.integers(0, size, len(rows))
            result[rows, sites] = (result[rows, sites] + self.random.integers(1, 4, len(rows))) % 4
        return result

    def _pairs(self, rows: np.ndarray) -> np.ndarray:
        """Pair rows of the same or neighbouring temperatures at random; (2, n)."""
        near = rows + self.random.random(len(rows)) * 2 * len(self.codes) / LEVELS
        return rows[np.argsort(near)][: len(rows) // 2 * 2].reshape(-1, 2).T

    def _slide(self, codes: np.ndarray) -> np.ndarray:
        count, size = codes.shape
        ends = np.sort(self.random.integers(0, size + 1, (count, 2)), 1)
        whole = self.random.random(count) < 0.3
        ends[whole] = 0, size
        reach = max(1, size // 8)
        moves = self.random.integers(1, reach + 1, count) * self.random.choice((-1, 1), count)
        positions = np.arange(size)[None]
        source = positions - moves[:, None]
        segment = (positions >= ends[:, :1]) & (positions < ends[:, 1:])
        inside = (source >= ends[:, :1]) & (source < ends[:, 1:])
        moved = np.take_along_axis(codes, source.clip(0, size - 1), 1)
        fill = self.random.integers(0, 4, moved.shape).astype(np.uint8)
        return np.where(segment, np.where(inside, moved, fill), codes)

    def accept(self, values: np.ndarray, gradients: np.ndarray | None = None) -> None:
        """Take each proposal with the Metropolis-Hastings probability; tune how many letters guided moves change."""
        ratio = self.beta * (values.astype(np.float64) - self.values)
        rows = self.guided
        if rows.size and gradients is not None:
            backward = self._log_proposal(self.proposal[rows], gradients[rows], rows)
            ratio[rows] += (_chosen(backward, self.codes[rows]) - _chosen(self.forward, self.proposal[rows])).sum(1)
        one, other = self.pairs
        ratio[one] = ratio[other] = ratio[one] + ratio[other]
        chance = np.log(self.random.random(len(values)))
        chance[other] = chance[one]
        taken = chance < ratio
        made = np.bincount(self.level[rows], minlength=LEVELS)
        rate = np.bincount(self.level[rows], taken[rows], LEVELS) / np.maximum(made, 1)
        factor = np.exp(0.5 * np.where(made, rate - _ACCEPTED, 0))
        self.changes = np.clip(self.changes * factor, 1.2, self.codes.shape[1] / 2)
        self.codes[taken], self.values[taken] = self.proposal[taken], values[taken]
        self.places[taken] = self.proposed_places[taken]
        self.fresh[taken] = gradients is not None
        if gradients is not None:
            self.gradients[taken] = gradients[taken]

    # --- the ladder --------------------------------------------------------------------------------------------------

    def spread(self, curve: np.ndarray, targets: np.ndarray) -> None:
        """Give each level the beta at which the mean activation reached its target.

        Parameters
        ----------
        curve : float array, shape (m, 2)
            Betas, ascending, and the mean activations there.
        targets : float array, shape (LEVELS,)
        """
        means = np.maximum.accumulate(curve[:, 1])
        betas = np.interp(targets, means, curve[:, 0])
        self.beta = betas[self.level]

    def adapt(self, targets: np.ndarray, span: float, least: float) -> None:
        """Move each level's beta up or down, as its mean activation is below or above its target."""
        size = np.bincount(self.level, minlength=LEVELS)
        means = np.bincount(self.level, self.values, LEVELS) / size
        change = np.exp(np.clip(2.0 * (targets - means) / span, -0.3, 0.3))
        betas = np.maximum(np.bincount(self.level, self.beta, LEVELS) / size, least) * change
        self.beta = np.maximum.accumulate(betas)[self.level]
