"""Evolve populations of windows towards the maxima of neurons, and over the whole range below.

Each neuron has a population of Markov chains whose windows are drawn from exp(beta x activation). Half of it begins
from words of the layers below. First beta rises for all of them together, and parts of the population are resampled
in proportion to the gain (population annealing), which shows what activation each beta brings. Then the chains are
spread over a ladder of temperatures, each of which aims at one level of activation between the background and the
maximum, exchange windows and segments, and go on until every bin of activation holds the windows asked for or few new
ones turn up. So at every level the windows are as random as the neuron allows, which keeps accidental letters out of
the motifs. Before, in between and at the end, strong windows climb: changes that the gradient promises most of are
tried exactly, and the summits are crossed. In the end windows of every way up that the layers below point to are
added. The search has converged when a ladder and the climb after it leave the maximum where it was. Each generation
is four moves of every chain, and costs a forward pass for each, for all neurons together; everything that is
evaluated is remembered. Only climbs ask for gradients: of moves that follow one fewer were accepted than of blind
ones, which cost a quarter.

References
----------
Population annealing: Machta, Physical Review E 2010, 82:026704. Evolutionary Monte Carlo: Liang and Wong, Journal of
the American Statistical Association 2001, 96:653. Genetic sampling of neurons: NeuronMotif, PNAS 2023,
120:e2216698120.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from combmotif.config.stages import SampleSection
from combmotif.core.typed_yaml import default_of
from combmotif.inference.probe import WindowProbe
from combmotif.sampling.chains import ISLANDS, LEVELS, Chains
from combmotif.sampling.climb import Climb
from combmotif.sampling.modes import grown
from combmotif.sampling.reservoir import Reservoir
from combmotif.sampling.samples import BINS, Samples
from combmotif.sampling.seeds import planted_windows

_EFFECTIVE = 0.5  # share of the population that stays effective when beta rises
_EVERYWHERE = 0.2  # weight of a level whose bin is full, where that of an empty one is this and 1
_MOVES = 4  # of every chain in a generation
_USEFUL = 0.1  # share of the windows that must go into bins that are not full, for a ladder to go on
_LOOK = 2  # generations between looks at the bins
_RANDOM = 1024  # windows that the background is the mean of


@dataclass(frozen=True)
class EvolveOptions:
    """How to search.

    Attributes
    ----------
    population : int, default 256
        Windows per neuron.
    generations : int
        Most generations.
    patience : int
        An ascent ends when neither the maximum nor the mean has risen by more than 0.5 % of their range for half as
        many generations, a ladder when in so many less than a tenth of the windows went into bins that are not full.
    keep : int, default 5000
        Most windows kept per neuron, spread evenly over the range of activation.
    """

    population: int = 256
    generations: int = default_of(SampleSection, "generations")
    patience: int = default_of(SampleSection, "patience")
    keep: int = 5000


def _rest(probe: WindowProbe, neuron: int) -> float:
    """Activation of a neuron where the layers below are silent: its bias; -inf of layers that read the bases.

    A neuron that never rises above it is excited by nothing, only inhibited less.
    """
    bias = getattr(dict(probe.model.module.named_modules()).get(probe.layer), "bias", None)
    return float(bias[neuron].detach()) if probe.lower and isinstance(bias, torch.Tensor) else -np.inf


class _Search:
    """The search for the windows of one neuron: an ascent, then ladders with a climb before and after each."""

    def __init__(
        self,
        probe: WindowProbe,
        neuron: int,
        options: EvolveOptions,
        random: np.random.Generator,
        bank: np.ndarray | None,
    ) -> None:
        self.probe, self.neuron, self.options, self.random, self.bank = probe, neuron, options, random, bank
        size, count = probe.receptive_field, max(_RANDOM, options.population)
        codes = random.integers(0, 4, (count, size)).astype(np.uint8)
        places = random.integers(0, 1 if bank is None else len(bank), count)
        values = probe.activations(codes, self.tracks(places))[:, neuron]
        self.mean = float(values.mean(dtype=np.float64))
        self.rest = _rest(probe, neuron)
        self.pool = Reservoir(size, keep=options.keep, random=random, background=self.mean)
        self.pool.add(codes, values, places)
        self.climb = Climb(probe, neuron, self.pool, random, bank)
        self.chains: Chains | None = None
        self._seed(codes)
        self.pending = codes[: options.population], places[: options.population]
        self.quota = max(1, options.keep // BINS)
        self.generation = self.last_gain = self.lacking = 0
        self.curve: list[tuple[float, float]] = []
        self.top = self.best_mean = -np.inf
        self.ascending, self.done, self.converged = True, False, False

    def _seed(self, codes: np.ndarray) -> None:
        """Put windows with words of the layers below in the place of half of the population, others on each island."""
        planted = planted_windows(self.probe)
        if planted is None:
            return
        best = planted.best(self.neuron)
        rows = np.arange(1, self.options.population, 2)
        island = rows * ISLANDS // self.options.population
        codes[rows] = planted.codes[best[(island + ISLANDS * np.arange(len(rows))) % len(best)]]
        self.climb.seeds = planted.codes[best]

    def samples(self) -> Samples:
        """Return what was found, with windows of every mode that the layers below point to."""
        pool = self.pool
        if pool.maximum <= self.rest:
            return Samples(
                self.probe.layer, self.neuron, np.zeros((0, self.probe.receptive_field), np.uint8),
                np.zeros(0, np.float32), "evolve", self.generation, self.converged, pool.background,
            )  # fmt: skip
        seeded = grown(self.probe, self.neuron, pool.background, pool.maximum, self.random, self.bank)
        return pool.samples(
            self.probe.layer, self.neuron, "evolve", seeded,
            generations=self.generation, converged=self.converged, bank=self.bank,
        )  # fmt: skip

    def tracks(self, places: np.ndarray) -> np.ndarray | None:
        """Look up the tracks of windows; (n, tracks, length)."""
        return None if self.bank is None else self.bank[places]

    def propose(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the windows of the next move and their places."""
        if self.chains is not None:
            self.pending = self.chains.propose()
        return self.pending

    def take(self, values: np.ndarray) -> None:
        """Take in what the network says of them."""
        codes, places = self.pending
        self.pool.add(codes, values, places)
        if self.chains is not None:
            self.chains.accept(values)
            return
        size = 0 if self.bank is None else len(self.bank)
        self.chains = Chains(codes.copy(), values, places.copy(), self.random, size)
        if not self.ascending:
            self.chains.spread(np.array(self.curve), self._targets())

    def judge(self) -> None:
        """End a generation: decide how to go on."""
        assert self.chains is not None
        self.generation += 1
        if self.ascending:
            self._judge_ascent()
        else:
            self._judge_ladder()
        if self.generation >= self.options.generations:
            self.done = True
        elif self.chains is not None:
            if self.ascending:
                self.chains.anneal(_EFFECTIVE)
            else:
                self.chains.exchange()

    def _judge_ascent(self) -> None:
        assert self.chains is not None
        highest, mean = float(self.chains.values.max()), float(self.chains.values.mean())
        self.curve.append((float(self.chains.beta[0]), mean))
        slack = 0.005 * (max(highest, self.top) - self.mean)
        if highest > self.top + slack or mean > self.best_mean + slack:
            self.last_gain = self.generation
        self.top, self.best_mean = max(self.top, highest), max(self.best_mean, mean)
        if self.generation - self.last_gain >= max(1, self.options.patience // 2):
            self.ascending = False
            if self.pool.maximum <= self.pool.background:
                self.done = self.converged = True
                return
            self.climb.run()
            self._begin_ladder()

    def _begin_ladder(self) -> None:
        """Draw windows of every level from those seen."""
        bins, _ = self.pool.bins()
        share = self.options.population // LEVELS + 1
        wanted = np.arange(self.options.population) * LEVELS // self.options.population * BINS // LEVELS
        rows = np.zeros(len(wanted), np.int64)
        for index in np.unique(wanted):
            distance = np.where(bins < 0, BINS, np.abs(bins - index)) + 0.5 * self.random.random(len(bins))
            near = np.argsort(distance)[: 2 * share]
            places = np.flatnonzero(wanted == index)
            rows[places] = self.random.choice(near, len(places), replace=len(near) < len(places))
        self.pending = self.pool.windows(rows)
        self.chains = None
        self.reached = self.pool.maximum
        self.lacking, self.last_gain = int(self._missing().sum()), self.generation

    def _targets(self) -> np.ndarray:
        """Aim at levels from the background to the maximum, more of them where bins are not full; (LEVELS,)."""
        low = self.pool.background
        edges = np.concatenate([[0], np.cumsum(_EVERYWHERE + self._missing() / self.quota)])
        wanted = (np.arange(LEVELS) + 0.5) / LEVELS * edges[-1]
        return low + (self.pool.maximum - low) * np.interp(wanted, edges, np.arange(BINS + 1) / BINS)

    def _missing(self) -> np.ndarray:
        """Count what each bin lacks; (20,)."""
        return self.quota - np.minimum(self.pool.bins()[1], self.quota)

    def _judge_ladder(self) -> None:
        assert self.chains is not None
        span = self.pool.maximum - self.pool.background
        self.chains.adapt(self._targets(), span, 0.01 / span)
        if self.generation % _LOOK:
            return
        lacking, past = int(self._missing().sum()), self.generation - self.last_gain
        if self.lacking - lacking >= _USEFUL * self.options.population * _MOVES * past:
            self.lacking, self.last_gain = lacking, self.generation
        if not lacking or self.generation - self.last_gain >= self.options.patience:
            self.climb.run()
            if self.pool.maximum > self.reached + 0.005 * span:
                self._begin_ladder()
            else:
                self.done = self.converged = True


def _evaluate(
    probe: WindowProbe, searches: Sequence[_Search], bank: np.ndarray | None
) -> Iterator[tuple[_Search, np.ndarray]]:
    """Evaluate the next windows of all neurons together; yields each search with its values."""
    proposals = [search.propose() for search in searches]
    codes = np.concatenate([codes for codes, _ in proposals])
    places = np.concatenate([places for _, places in proposals])
    sizes = [len(places) for _, places in proposals]
    neurons = np.repeat([search.neuron for search in searches], sizes)
    values = probe.activations(codes, None if bank is None else bank[places])[np.arange(len(codes)), neurons]
    yield from zip(searches, np.split(values, np.cumsum(sizes)[:-1]), strict=True)


def evolve(
    probe: WindowProbe,
    neurons: Sequence[int],
    *,
    seeds: Sequence[np.random.Generator],
    options: EvolveOptions | None = None,
    bank: np.ndarray | None = None,
) -> list[Samples]:
    """Search for windows that excite neurons, many neurons at a time.

    Parameters
    ----------
    probe : WindowProbe
    neurons : sequence of int
        Channels of the probe's layer.
    seeds : one numpy.random.Generator per neuron
        A neuron's samples depend on its generator alone, not on the neurons beside it.
    options : EvolveOptions, optional
    bank : float array, shape (m, tracks, receptive_field), optional
        Tracks that windows draw theirs from, of a model with extra channels; default the probe's.

    Returns
    -------
    list of Samples, one per neuron
        A neuron that no window excites has none.

    Examples
    --------
    >>> from combmotif.models import SequenceModel
    >>> from combmotif.models.architectures.cnn_gru import CnnGru
    >>> from combmotif.inference import WindowProbe
    >>> probe = WindowProbe(SequenceModel("toy", CnnGru(width=8)), "conv2")
    >>> options = EvolveOptions(population=8, generations=2, keep=20)
    >>> (found,) = evolve(probe, [3], seeds=[np.random.default_rng(0)], options=options)
    >>> found.codes.shape[1], bool((found.excitation > 0).all())
    (9, True)
    """
    options = options or EvolveOptions()
    with probe.tabulated():
        return _run(probe, neurons, seeds, options, bank)


def _run(
    probe: WindowProbe,
    neurons: Sequence[int],
    seeds: Sequence[np.random.Generator],
    options: EvolveOptions,
    bank: np.ndarray | None,
) -> list[Samples]:
    searches = [_Search(probe, int(n), options, g, bank) for n, g in zip(neurons, seeds, strict=True)]
    active = searches
    for search in searches:
        search.climb.settle()
    while active:
        for _ in range(_MOVES):
            for search, values in _evaluate(probe, active, bank):
                search.take(values)
        for search in active:
            search.judge()
        active = [search for search in active if not search.done]
    return [search.samples() for search in searches]
