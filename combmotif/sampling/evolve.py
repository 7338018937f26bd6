"""Evolve populations of windows towards the maxima of neurons: gradient-guided population annealing.

Each neuron has a population of windows, which starts at random and is drawn from exp(beta x activation) with a
rising beta. When beta rises the population is resampled in proportion to the gain (selection); between rises every
window is mutated at many sites at once, guided by the gradient (discrete Langevin proposal), or shifted, and the
change is accepted by the Metropolis-Hastings rule. So at every level of activation the windows are as random as the
neuron allows, which keeps accidental letters out of the motifs, and all levels from weak to maximal are visited. When
an ascent gains no more, the population is melted and ascends again, until two ascents agree on the maximum. Each
generation costs one forward and one backward pass for all neurons together.

References
----------
Population annealing: Hukushima and Iba 2003; Machta, Physical Review E 2010, 82:026704. Discrete Langevin proposal:
Zhang, Liu and Liu, ICML 2022. Genetic sampling of neurons: NeuronMotif, PNAS 2023, e2216698120.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from combmotif.inference.probe import WindowProbe
from combmotif.sampling.samples import Samples, stratify

CLIMBERS = 16
"""Windows that are improved letter by letter at the end."""
_MELT = 6  # generations of falling beta between ascents


@dataclass(frozen=True)
class EvolveOptions:
    """How to search.

    Attributes
    ----------
    population : int, default 512
        Windows per neuron.
    generations : int, default 300
        Most generations.
    patience : int, default 8
        An ascent ends when neither the maximum nor the mean has risen by more than 0.5 % of their range for this many
        generations.
    keep : int, default 5000
        Most windows kept per neuron, spread evenly over the range of activation.
    """

    population: int = 512
    generations: int = 300
    patience: int = 8
    keep: int = 5000


class _Population:
    """The windows of one neuron: state, temperature, step size, and everything seen so far."""

    def __init__(self, neuron: int, size: int, options: EvolveOptions, random: np.random.Generator) -> None:
        self.neuron = neuron
        self.random = random
        self.options = options
        self.codes = random.integers(0, 4, (options.population, size)).astype(np.uint8)
        self.values = np.full(options.population, -np.inf, np.float32)
        self.gradients = np.zeros((options.population, size, 4), np.float32)
        self.beta = 0.0
        self.step = 1.0
        self.seen_codes: list[np.ndarray] = []
        self.seen_values: list[np.ndarray] = []
        self.mean = self.background = 0.0
        self.generation = 0
        self.melting = 0
        self.peaks: list[float] = []
        self.converged = False
        self._begin_ascent()

    def _begin_ascent(self) -> None:
        self.beta = 0.0
        self.maximum = self.best_mean = -np.inf
        self.last_gain = self.generation

    def start(self, values: np.ndarray, gradients: np.ndarray) -> None:
        self.values, self.gradients = values, gradients
        self.mean = float(values.mean(dtype=np.float64))
        self.background = max(0.0, self.mean)
        self._remember(np.ones(len(values), bool))

    def _remember(self, new: np.ndarray) -> None:
        new = new & (self.values > self.background)
        self.seen_codes.append(self.codes[new].copy())
        self.seen_values.append(self.values[new].copy())

    def select(self) -> None:
        """Raise beta as far as 95 % of the population stays effective, and resample (systematic resampling)."""
        if self.melting:
            self.beta *= 0.6
            return
        gain: np.ndarray = (self.values - self.values.max()).astype(np.float64)
        count = len(gain)

        def effective(rise: float) -> float:
            weights = np.exp(rise * gain)
            return weights.sum() ** 2 / (weights**2).sum() / count

        spread = float(self.values.std())
        if spread < 1e-6 * max(1.0, abs(float(self.values.max()))):
            return
        low, high = 0.0, 1.0 / spread
        while effective(high) > 0.95 and high < 1e6 / spread:
            low, high = high, 2 * high
        for _ in range(20):
            middle = 0.5 * (low + high)
            low, high = (middle, high) if effective(middle) > 0.95 else (low, middle)
        self.beta += low
        weights = np.exp(low * gain)
        places = (np.arange(count) + self.random.random()) / count
        rows = np.searchsorted(np.cumsum(weights) / weights.sum(), places).clip(max=count - 1)
        self.codes, self.values, self.gradients = self.codes[rows], self.values[rows], self.gradients[rows]

    def _log_proposal(self, codes: np.ndarray, gradients: np.ndarray) -> np.ndarray:
        here = np.take_along_axis(gradients, codes[:, :, None].astype(np.intp), 2)
        logits = (0.5 * self.beta) * (gradients - here) - 1.0 / self.step
        np.put_along_axis(logits, codes[:, :, None].astype(np.intp), 0.0, 2)
        np.clip(logits, -30, 30, out=logits)
        logits -= np.log(np.exp(logits).sum(2, keepdims=True))
        return logits

    def propose(self) -> np.ndarray:
        """Mutate every window by the gradient, or shift it by up to an eighth of its length and fill at random."""
        count, size = self.codes.shape
        self.forward = self._log_proposal(self.codes, self.gradients)
        uniform = self.random.random((count, size, 1), dtype=np.float32)
        drawn = (np.cumsum(np.exp(self.forward), 2)[:, :, :3] < uniform).sum(2).astype(np.uint8)
        self.shifted = self.random.random(count) < 0.15
        rows = np.flatnonzero(self.shifted)
        reach = max(1, size // 8)
        moves = self.random.integers(1, reach + 1, len(rows)) * self.random.choice((-1, 1), len(rows))
        source = np.arange(size)[None] - moves[:, None]
        inside = (source >= 0) & (source < size)
        moved = np.take_along_axis(self.codes[rows], source.clip(0, size - 1), 1)
        fill = self.random.integers(0, 4, moved.shape).astype(np.uint8)
        drawn[rows] = np.where(inside, moved, fill)
        self.proposal = drawn
        return drawn

    def accept(self, values: np.ndarray, gradients: np.ndarray) -> None:
        """Take each proposal with the Metropolis-Hastings probability; tune the step to accept about half."""
        backward = self._log_proposal(self.proposal, gradients)

        def chosen(table: np.ndarray, codes: np.ndarray) -> np.ndarray:
            return np.take_along_axis(table, codes[:, :, None].astype(np.intp), 2).sum((1, 2))

        correction = chosen(backward, self.codes) - chosen(self.forward, self.proposal)
        ratio = self.beta * (values - self.values) + np.where(self.shifted, 0, correction)
        taken: np.ndarray = np.log(self.random.random(len(values))) < ratio
        mutated = np.flatnonzero(~self.shifted)
        rate = float(taken[mutated].mean()) if mutated.size else 0.5
        self.step = float(np.clip(self.step * np.exp(0.3 * (rate - 0.5)), 0.15, 4.0))
        self.codes = np.where(taken[:, None], self.proposal, self.codes)
        self.values = np.where(taken, values, self.values)
        self.gradients = np.where(taken[:, None, None], gradients, self.gradients)
        self._remember(taken)
        self._judge()

    def _judge(self) -> None:
        """End an ascent that gains no more, melt, and begin another until two ascents agree and enough was seen."""
        self.generation += 1
        if self.melting:
            self.melting -= 1
            if not self.melting:
                self._begin_ascent()
            return
        maximum, mean = float(self.values.max()), float(self.values.mean())
        slack = 0.005 * (max(maximum, self.maximum) - self.mean)
        if maximum > self.maximum + slack or mean > self.best_mean + slack:
            self.last_gain = self.generation
            self.best_mean = max(self.best_mean, mean)
        self.maximum = max(self.maximum, maximum)
        if self.generation - self.last_gain >= self.options.patience:
            self.peaks.append(self.maximum)
            agree = len(self.peaks) > 1 and max(self.peaks[:-1]) >= self.peaks[-1] - 2 * slack
            enough = sum(map(len, self.seen_values)) >= 4 * self.options.keep
            self.converged = agree and (enough or len(self.peaks) > 3 or self.peaks[-1] <= 0)
            self.melting = _MELT


def _evaluate(
    probe: WindowProbe, populations: Sequence[_Population], codes: Sequence[np.ndarray]
) -> list[tuple[np.ndarray, np.ndarray]]:
    neurons = np.repeat([p.neuron for p in populations], [len(c) for c in codes])
    values, gradients = probe.gradient(np.concatenate(codes), neurons)
    gradients = gradients.transpose(0, 2, 1)
    edges = np.cumsum([0] + [len(c) for c in codes])
    return [(values[a:b], gradients[a:b]) for a, b in zip(edges[:-1], edges[1:], strict=True)]


def _climbers(codes: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Choose strong windows that differ in at least a quarter of their letters, strongest first."""
    order = np.argsort(-values, kind="stable")[:4000]
    codes = codes[order]
    free = np.ones(len(codes), bool)
    chosen: list[int] = []
    while free.any() and len(chosen) < CLIMBERS:
        chosen.append(int(np.argmax(free)))
        free &= (codes != codes[chosen[-1]]).mean(1) >= 0.25
    return codes[chosen]


def _polish(probe: WindowProbe, population: _Population) -> None:
    """Climb from strong windows by the best single change until none helps, so the maximum is a local one."""
    codes = np.concatenate(population.seen_codes)
    values = np.concatenate(population.seen_values)
    if not len(values):
        return
    size = codes.shape[1]
    current = _climbers(codes, values)
    best = np.full(len(current), -np.inf, np.float32)
    places, letters = np.repeat(np.arange(size), 4), np.tile(np.arange(4, dtype=np.uint8), size)
    climbing = np.arange(len(current))
    for _ in range(2 * size):
        edits = np.repeat(current[climbing, None], 4 * size, 1)
        edits[:, np.arange(4 * size), places] = letters
        scores = probe.activations(edits.reshape(-1, size))[:, population.neuron].reshape(len(climbing), -1)
        top = scores.argmax(1)
        value = scores[np.arange(len(top)), top]
        better = value > best[climbing] + 1e-6 * np.abs(value)
        climbing, top = climbing[better], top[better]
        current[climbing] = edits[better, top]
        best[climbing] = value[better]
        if not len(climbing):
            break
    good = best > population.background
    population.seen_codes.append(current[good])
    population.seen_values.append(best[good])


def evolve(
    probe: WindowProbe,
    neurons: Sequence[int],
    *,
    seeds: Sequence[np.random.Generator],
    options: EvolveOptions | None = None,
) -> list[Samples]:
    """Search for windows that excite neurons, many neurons at a time.

    Parameters
    ----------
    probe : WindowProbe
    neurons : sequence of int
        Channels of the probe's layer.
    seeds : one numpy.random.Generator per neuron
    options : EvolveOptions, optional

    Returns
    -------
    list of Samples, one per neuron
        A neuron that no window excites has none.
    """
    options = options or EvolveOptions()
    if not len(neurons):
        return []
    populations = [_Population(int(n), probe.receptive_field, options, g) for n, g in zip(neurons, seeds, strict=True)]
    for population, result in zip(
        populations, _evaluate(probe, populations, [p.codes for p in populations]), strict=True
    ):
        population.start(*result)
    active = list(populations)
    for _ in range(options.generations):
        for population in active:
            population.select()
        proposals = [population.propose() for population in active]
        for population, result in zip(active, _evaluate(probe, active, proposals), strict=True):
            population.accept(*result)
        active = [population for population in active if not population.converged]
        if not active:
            break
    samples = []
    for population in populations:
        _polish(probe, population)
        codes, values = np.concatenate(population.seen_codes), np.concatenate(population.seen_values)
        background = population.background
        rows = stratify(codes, values, keep=options.keep, random=population.random, background=background)
        samples.append(
            Samples(
                probe.layer,
                population.neuron,
                codes[rows],
                values[rows],
                "evolve",
                population.generation,
                population.converged,
                background,
            )  # fmt: skip
        )
    return samples
