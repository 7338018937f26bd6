"""Markov chains of one neuron on a ladder of temperatures, and the moves that take them through sequence space."""

from __future__ import annotations

import numpy as np

LEVELS = 16
"""Temperatures; each holds an equal share of the chains and aims at one level of activation."""
ISLANDS = 8
"""Parts of the population that are resampled apart."""
_KINDS = 5  # of moves: one, two or three letters change, a segment slides, two chains exchange one
_SLIDE, _CROSS = 3, 4
_PRIOR = np.array([0.15, 0.1, 0.1, 0.3, 0.35])  # their shares, as long as nothing is known of them
_SHARE = 0.05  # the least one
_FADE = 0.98  # of what is remembered of a kind, per move


class Chains:
    """Windows and their values, each drawn from exp(beta x activation).

    Parameters
    ----------
    codes : uint8 array, shape (n, length)
    values : float32 array, shape (n,)
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
        places: np.ndarray,
        random: np.random.Generator,
        bank: int = 0,
    ) -> None:
        self.codes, self.values, self.places = codes, values, places
        self.random = random
        self.bank = bank
        self.level = np.arange(len(codes)) * LEVELS // len(codes)
        self.beta = np.zeros(len(codes))
        self.tried = np.tile(20 * _PRIOR, (LEVELS, 1))
        self.taken = np.tile(10 * _PRIOR, (LEVELS, 1))

    # --- selection ---------------------------------------------------------------------------------------------------

    def anneal(self, effective: float) -> None:
        """Raise the common beta as far as this share of the population stays effective, and resample each island.

        Were all resampled together, the chains would soon descend from one, and show one motif of several.
        """
        count, spread = len(self.values), float(self.values.std())
        if spread < 1e-6 * max(1.0, abs(float(self.values.max()))):
            return
        islands = [rows for rows in np.array_split(np.arange(count), ISLANDS) if len(rows)]
        gains = np.full((len(islands), len(islands[0])), -np.inf)
        for gain, rows in zip(gains, islands, strict=True):
            gain[: len(rows)] = self.values[rows] - self.values[rows].max()

        def left(rise: float) -> float:
            weights = np.exp(rise * gains)
            return float((weights.sum(1) ** 2 / (weights**2).sum(1)).sum()) / count

        low, high = 0.0, 1.0 / spread
        while left(high) > effective and high < 1e6 / spread:
            low, high = high, 2 * high
        for _ in range(20):
            middle = 0.5 * (low + high)
            low, high = (middle, high) if left(middle) > effective else (low, middle)
        self.beta += low
        drawn = []
        for rows, gain in zip(islands, gains, strict=True):
            weights = np.cumsum(np.exp(low * gain[: len(rows)]))
            marks = (np.arange(len(rows)) + self.random.random()) / len(rows)
            drawn.append(rows[np.searchsorted(weights / weights[-1], marks).clip(max=len(rows) - 1)])
        self._reorder(np.concatenate(drawn))

    def _reorder(self, rows: np.ndarray) -> None:
        self.codes, self.values, self.places = self.codes[rows], self.values[rows], self.places[rows]

    def exchange(self) -> None:
        """Swap windows between temperatures by the Metropolis rule (replica exchange)."""
        count = len(self.values)
        rows = np.arange(count)
        values = self.values.astype(np.float64)
        share = count // LEVELS
        for _ in range(20):
            pairs = self.random.permutation(count)[: count // 2 * 2].reshape(2, -1)
            near = np.abs(self.level[pairs[0]] - self.level[pairs[1]]) <= max(1, LEVELS * 2 // share)
            a, b = pairs[:, near]
            gain = (self.beta[a] - self.beta[b]) * (values[rows[b]] - values[rows[a]])
            swap = np.log(self.random.random(len(a))) < gain
            rows[a[swap]], rows[b[swap]] = rows[b[swap]], rows[a[swap]]
        self._reorder(rows)

    # --- moves -------------------------------------------------------------------------------------------------------

    def propose(self) -> tuple[np.ndarray, np.ndarray]:
        """Make one move in every chain; returns windows (n, length) and their places (n,).

        One to three letters are changed at random; or a segment slides by a few positions, the letters it runs over
        leaving and random ones coming in behind it; or two chains of like temperature exchange a segment. Each kind is
        the more frequent, the more of its moves have been accepted of late at the chain's temperature.
        """
        count, size = self.codes.shape
        drawn, places = self.codes.copy(), self.places.copy()
        shares = self.taken / self.tried
        shares = (1 - _KINDS * _SHARE) * shares / shares.sum(1, keepdims=True) + _SHARE
        edges = np.cumsum(shares, 1)[self.level, :-1]
        self.kind = kind = (edges < self.random.random((count, 1))).sum(1)
        changed = np.flatnonzero(kind < _SLIDE)
        drawn[changed] = self._change(self.codes[changed], kind[changed] + 1)
        slid = np.flatnonzero(kind == _SLIDE)
        drawn[slid] = self._slide(self.codes[slid])
        self.pairs = self._pairs(np.flatnonzero(kind == _CROSS))
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

    def _change(self, codes: np.ndarray, letters: np.ndarray) -> np.ndarray:
        """Change so many letters at random."""
        result = codes.copy()
        for part in range(_SLIDE):
            rows = np.flatnonzero(letters > part)
            sites = self.random.integers(0, codes.shape[1], len(rows))
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

    def accept(self, values: np.ndarray) -> None:
        """Take each proposal with the Metropolis probability."""
        ratio = self.beta * (values.astype(np.float64) - self.values)
        one, other = self.pairs
        ratio[one] = ratio[other] = ratio[one] + ratio[other]
        chance = np.log(self.random.random(len(values)))
        chance[other] = chance[one]
        taken = chance < ratio
        self._learn(taken & (self.proposal != self.codes).any(1))
        self.codes[taken], self.values[taken] = self.proposal[taken], values[taken]
        self.places[taken] = self.proposed_places[taken]

    def _learn(self, moved: np.ndarray) -> None:
        """Remember which kinds of moves lead to other windows at each temperature."""
        place, size = self.level * _KINDS + self.kind, LEVELS * _KINDS
        self.tried = _FADE * self.tried + np.bincount(place, minlength=size).reshape(LEVELS, _KINDS)
        self.taken = _FADE * self.taken + np.bincount(place, moved, size).reshape(LEVELS, _KINDS)

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
