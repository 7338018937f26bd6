"""Climb from strong windows to maxima: changes by the gradient and at random, tried out exactly, then crossings."""

from __future__ import annotations

import numpy as np

from combmotif.inference.probe import WindowProbe
from combmotif.sampling.reservoir import Reservoir

CLIMBERS = 16
_PROMISED, _RANDOM_CHANGES, _SLIDES = 12, 12, 10  # changes tried per climber and step
_TOGETHER = (2, 3, 4, 6, 9, 24)  # so many of the changes that help are made at once
_LEAST = 1e-3  # a climber whose step gains a smaller share stops
_STRONG = 4000
_ROUNDS, _GAIN = 24, 1e-3  # crossings at most; some in a row that gain less than this share end a climb
_ISLANDS, _RANDOM = 3, 1024  # beginnings at most, and random windows that each chooses from

_Summits = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Windows (n, length), their values and places (n,)."""


def diverse(codes: np.ndarray, count: int, distance: float = 0.25) -> np.ndarray:
    """Choose rows that differ in at least a quarter of their letters, in the order given; integer (<= count,)."""
    free = np.ones(len(codes), bool)
    chosen: list[int] = []
    while free.any() and len(chosen) < count:
        chosen.append(int(np.argmax(free)))
        free &= (codes != codes[chosen[-1]]).mean(1) >= distance
    return np.array(chosen, np.int64)


def _changed(codes: np.ndarray, changes: np.ndarray) -> np.ndarray:
    """Make each single change of each window; (n, changes, length)."""
    tried = np.repeat(codes[:, None], changes.shape[1], 1)
    tried[np.arange(len(codes))[:, None], np.arange(changes.shape[1]), changes // 4] = changes % 4
    return tried


def _together(codes: np.ndarray, changes: np.ndarray, gains: np.ndarray) -> np.ndarray:
    """Make the best changes that help together, 2, 3, ... of them; (n, 6, length)."""
    order = np.argsort(-gains, 1, kind="stable")
    ranked, helps = np.take_along_axis(changes, order, 1), (gains > 0).sum(1)
    joint = np.repeat(codes[:, None], len(_TOGETHER), 1)
    for rank in range(int(helps.max())):
        site, letter = ranked[:, rank] // 4, ranked[:, rank] % 4
        for number, most in enumerate(_TOGETHER):
            # of two changes at one position the better one stays
            rows = np.flatnonzero(rank < np.minimum(helps, most))
            rows = rows[joint[rows, number, site[rows]] == codes[rows, site[rows]]]
            joint[rows, number, site[rows]] = letter[rows]
    return joint


class Climb:
    """A few windows of one neuron that are improved until nothing that is tried helps.

    Parameters
    ----------
    probe : WindowProbe
    neuron : int
    pool : Reservoir
        Where every window that is tried goes.
    random : numpy.random.Generator
    bank : array, shape (m, tracks, length), optional
    """

    def __init__(
        self, probe: WindowProbe, neuron: int, pool: Reservoir, random: np.random.Generator, bank: np.ndarray | None
    ) -> None:
        self.probe, self.neuron, self.pool, self.random, self.bank = probe, neuron, pool, random, bank
        self.summits: _Summits | None = None
        self.seeds = np.zeros((0, probe.receptive_field), np.uint8)

    def _evaluate(self, codes: np.ndarray, places: np.ndarray) -> np.ndarray:
        values = self.probe.activations(codes, None if self.bank is None else self.bank[places])[:, self.neuron]
        self.pool.add(codes, values, places, spare=True)
        return values

    def settle(self) -> None:
        """Climb from random windows, then from others, until crossing their summits with those of before gains little.

        A search that has narrowed its choice stays where it is; one that begins anew ends up elsewhere.
        """
        count, size = _RANDOM, self.probe.receptive_field
        best = -np.inf
        for island in range(_ISLANDS):
            codes = self.random.integers(0, 4, (count, size)).astype(np.uint8)
            places = self.random.integers(0, 1 if self.bank is None else len(self.bank), count)
            order = np.argsort(-self._evaluate(codes, places), kind="stable")
            codes, places = codes[order], places[order]
            if not island:
                codes = np.concatenate([self.seeds, codes])
                places = np.concatenate([places[np.arange(len(self.seeds)) % count], places])
            found = self._breed([self._start(codes, places)])
            self.summits = found if self.summits is None else self._breed([self.summits, found])
            top = float(self.summits[1][0])
            if island and top - best <= _GAIN * abs(top - self.pool.background):
                break
            best = top

    def run(self) -> None:
        """Climb from the strongest windows that differ, and cross the summits with those of before."""
        codes, _, places = self.pool.strongest(_STRONG)
        if len(codes):
            found = self._start(codes, places)
            self.summits = self._breed([found] if self.summits is None else [self.summits, found])
            self._finish(self.summits[0][:2], self.summits[2][:2])

    def _start(self, codes: np.ndarray, places: np.ndarray) -> _Summits:
        """Climb from the first windows that differ."""
        rows = diverse(codes, CLIMBERS)
        return self._ascend(codes[rows], places[rows])

    def _breed(self, parts: list[_Summits]) -> _Summits:
        """Cross summits and climb from the best offspring, until that gains little; the best first."""
        patience = max(1, min(4, self.probe.receptive_field // 15) // len(parts))
        best = [-np.inf]
        while True:
            codes, values, places = (np.concatenate(part) for part in zip(*parts, strict=True))
            order = np.argsort(-values, kind="stable")
            rows = order[diverse(codes[order], CLIMBERS)]
            summits = codes[rows], values[rows], places[rows]
            best.append(float(values.max()))
            past = best[max(0, len(best) - 1 - patience)]
            if best[-1] - past <= _GAIN * abs(best[-1] - self.pool.background) or len(best) > _ROUNDS:
                return summits
            crossed, beside = self._cross(summits[0], summits[2])
            order = np.argsort(-self._evaluate(crossed, beside), kind="stable")
            rows = order[diverse(crossed[order], CLIMBERS, 0.1)]
            parts = [summits, self._ascend(crossed[rows], beside[rows])]

    def _cross(self, codes: np.ndarray, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Put a segment of one window into another, at the same place or up to two positions aside."""
        count, size = codes.shape
        mothers, fathers = self.random.integers(0, count, (2, 24 * CLIMBERS))
        ends = np.sort(self.random.integers(0, size + 1, (len(mothers), 2)), 1)
        shift = self.random.integers(-2, 3, (len(mothers), 1))
        positions = np.arange(size)[None]
        taken = (positions >= ends[:, :1]) & (positions < ends[:, 1:])
        source = np.take_along_axis(codes[fathers], (positions - shift).clip(0, size - 1), 1)
        return np.where(taken, source, codes[mothers]), places[mothers]

    def _ascend(self, codes: np.ndarray, places: np.ndarray) -> _Summits:
        """Improve every window step by step, until a step gains little.

        On rugged ground the gradient is right of few of the changes that it promises most of, once these have been
        tried; so others are tried beside them, none twice before all were, and those that help are made together.
        """
        codes = codes.copy()
        count, size = codes.shape
        values = np.full(count, -np.inf, np.float32)
        failed = np.zeros((count, 4 * size), np.float32)
        climbing = np.arange(count)
        for _ in range(2 * size):
            now, beside, rows = codes[climbing], places[climbing], np.arange(len(climbing))
            tracks = None if self.bank is None else self.bank[beside]
            here, gradients = self.probe.gradient(now, np.full(len(now), self.neuron), tracks)
            changes = self._changes(now, gradients.transpose(0, 2, 1), failed[climbing])
            tried = np.concatenate([_changed(now, changes), self._slid(now)], 1)
            each = tried.shape[1]
            scores = self._evaluate(tried.reshape(-1, size), np.repeat(beside, each)).reshape(-1, each)
            top = scores.argmax(1)
            value, found = scores[rows, top], tried[rows, top]
            gains = scores[:, : changes.shape[1]] - here[:, None]
            window, number = np.nonzero(gains <= 0)
            failed[climbing[window], changes[window, number]] += 1
            several = np.flatnonzero((gains > 0).sum(1) > 1)
            if several.size:
                joint = _together(now[several], changes[several], gains[several])
                each = joint.shape[1]
                scores = self._evaluate(joint.reshape(-1, size), np.repeat(beside[several], each)).reshape(-1, each)
                top = scores.argmax(1)
                best = scores[np.arange(len(top)), top]
                higher = best > value[several]
                value[several[higher]] = best[higher]
                found[several[higher]] = joint[higher, top[higher]]
            better = value > here
            codes[climbing[better]] = found[better]
            values[climbing] = np.maximum(here, value)
            climbing = climbing[value > here + _LEAST * np.abs(here - self.pool.background)]
            if not len(climbing):
                break
        self.pool.add(codes, values, places)
        return codes, values, places

    def _changes(self, codes: np.ndarray, gradients: np.ndarray, failed: np.ndarray) -> np.ndarray:
        """Choose single changes: those that the gradient promises most of, and random ones; those that failed, last.

        A change is written as 4 x position + letter; integer (n, changes).
        """
        count, size = codes.shape
        letters = codes[:, :, None].astype(np.intp)
        gain = (gradients - np.take_along_axis(gradients, letters, 2)).reshape(count, -1)
        np.put_along_axis(failed.reshape(count, size, 4), letters, np.inf, 2)
        scale = 3 * np.abs(gain).max(1, keepdims=True) + 1e-30
        promised = np.argsort(scale * failed - gain, 1, kind="stable")[:, :_PROMISED]
        np.put_along_axis(failed, promised, np.inf, 1)
        chance = self.random.random(failed.shape, dtype=np.float32)
        return np.concatenate([promised, np.argsort(failed + chance, 1)[:, :_RANDOM_CHANGES]], 1)

    def _slid(self, codes: np.ndarray) -> np.ndarray:
        """Slide the whole window, or a segment of it, by one position; (n, slides, length)."""
        count, size = codes.shape
        ends = np.sort(self.random.integers(0, size + 1, (count, _SLIDES, 2)), 2)
        ends[:, :2] = 0, size
        move = self.random.choice((-1, 1), (count, _SLIDES, 1))
        move[:, :2, 0] = -1, 1
        positions = np.arange(size)
        inside = (positions >= ends[..., :1]) & (positions < ends[..., 1:])
        source = np.where(inside, (positions - move).clip(ends[..., :1], np.maximum(ends[..., 1:] - 1, 0)), positions)
        return np.take_along_axis(np.repeat(codes[:, None], _SLIDES, 1), source, 2)

    def _finish(self, codes: np.ndarray, places: np.ndarray) -> None:
        """Try every single change of the best windows until none helps, so that the maximum is a local one."""
        codes = codes.copy()
        size = codes.shape[1]
        sites, letters = np.repeat(np.arange(size), 4), np.tile(np.arange(4, dtype=np.uint8), size)
        best = np.full(len(codes), -np.inf, np.float32)
        climbing = np.arange(len(codes))
        while len(climbing):
            tried = np.repeat(codes[climbing, None], 4 * size, 1)
            tried[:, np.arange(4 * size), sites] = letters
            scores = self._evaluate(tried.reshape(-1, size), np.repeat(places[climbing], 4 * size))
            scores = scores.reshape(len(climbing), -1)
            top = scores.argmax(1)
            value = scores[np.arange(len(top)), top]
            better = value > best[climbing] + 1e-6 * np.abs(value)
            climbing, top = climbing[better], top[better]
            codes[climbing], best[climbing] = tried[better, top], value[better]
        self.pool.add(codes, best, places)
