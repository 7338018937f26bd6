"""The two published genetic samplers of neurons, with their published settings, written anew.

They are there for comparison, and for runs that should follow the papers. Both differ from the original scripts in
what becomes of the windows they see: all of them enter one reservoir, which is cut into 20 bins at the end, so that the
strongest window is kept and no bin is defined by an early maximum.

References
----------
NeuronMotif: Wei et al., PNAS 2023, 120:e2216698120. CombMotif: Bioinformatics 2024, 40 (Suppl 1), i381-i389.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from combmotif.inference.probe import WindowProbe
from combmotif.sampling.reservoir import Reservoir, distinct
from combmotif.sampling.samples import BINS, Samples

_PARENTS = 400
_SHIFTS = 200


def combmotif_quota(receptive_field: int) -> int:
    """Return the windows CombMotif keeps per bin: 100 for every 5 nt of the receptive field, and 100.

    Parameters
    ----------
    receptive_field : int
        In nt.

    Returns
    -------
    int

    Examples
    --------
    >>> combmotif_quota(72)
    1500
    """
    return receptive_field // 5 * 100 + 100


def _background(probe: WindowProbe, neuron: int, codes: np.ndarray, tracks: np.ndarray | None) -> float:
    return float(probe.activations(codes, tracks)[:, neuron].mean(dtype=np.float64))


def _draw(probabilities: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Draw an index from every row of (..., n) probabilities."""
    edges = np.cumsum(probabilities, -1)
    drawn = random.random((*edges.shape[:-1], 1)) * edges[..., -1:]
    return (edges < drawn).sum(-1).clip(max=edges.shape[-1] - 1)


def _cross(codes: np.ndarray, couples: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Join the 5' part of the mothers to the 3' part of the fathers, at one random point each."""
    (mothers, fathers), size = couples, codes.shape[1]
    cut = random.integers(1, max(2, size), (len(mothers), 1))
    return np.where(np.arange(size) < cut, codes[mothers], codes[fathers])


def _roll(codes: np.ndarray, moves: np.ndarray) -> np.ndarray:
    """Shift each row to the right, the letters that leave coming in at the other end."""
    size = codes.shape[1]
    return np.take_along_axis(codes, (np.arange(size) - moves[:, None]) % size, 1)


def combmotif_samples(
    probe: WindowProbe,
    neurons: Sequence[int],
    *,
    seeds: Sequence[np.random.Generator],
    keep: int | None = None,
    population: int = 1000,
    generations: int = 350,
    patience: int = 30,
    bank: np.ndarray | None = None,
) -> list[Samples]:
    """Sample neurons as CombMotif does, one after the other.

    1000 random windows; in each generation a share of them (40 %, later up to 90 %) has a fifth of its letters
    changed, half of these windows where and as the gradient says and half at random; the best 400 go on, with 200
    shifted copies of the best 200 and 400 crossings of parents drawn by fitness; copies are replaced by random windows.
    The search ends after 30 generations in which the maximum has not risen by 0.01, when all bins are full, or after
    350.

    Parameters
    ----------
    probe : WindowProbe
    neurons : sequence of int
    seeds : one numpy.random.Generator per neuron
    keep : int, optional
        Windows kept; default 20 times `combmotif_quota`.
    population, generations, patience : int
        Default 1000, 350 and 30, as published; from other populations the same shares go on.
    bank : float array, shape (m, tracks, receptive_field), optional
        Tracks that windows draw theirs from, of a model with extra channels.

    Returns
    -------
    list of Samples, one per neuron

    Examples
    --------
    >>> from combmotif.models import SequenceModel
    >>> from combmotif.models.architectures.cnn_gru import CnnGru
    >>> from combmotif.inference import WindowProbe
    >>> probe = WindowProbe(SequenceModel("toy", CnnGru(width=8)), "conv2")
    >>> random = [np.random.default_rng(0)]
    >>> (found,) = combmotif_samples(probe, [3], seeds=random, keep=20, population=20, generations=2)
    >>> len(found) <= 20, found.codes.shape[1]
    (True, 9)
    """
    with probe.tabulated():
        return [
            _combmotif(probe, int(n), seed, keep, population, generations, patience, bank)
            for n, seed in zip(neurons, seeds, strict=True)
        ]


def _combmotif(
    probe: WindowProbe,
    neuron: int,
    random: np.random.Generator,
    keep: int | None,
    population: int,
    generations: int,
    patience: int,
    bank: np.ndarray | None,
) -> Samples:
    size = probe.receptive_field
    quota = combmotif_quota(size) if keep is None else max(1, keep // BINS)
    codes = random.integers(0, 4, (population, size)).astype(np.uint8)
    beside = None if bank is None else bank[random.integers(0, len(bank), population)]
    pool = Reservoir(size, keep=quota * BINS, random=random, background=_background(probe, neuron, codes, beside))
    places = np.zeros(population, np.int64) if bank is None else random.integers(0, len(bank), population)
    channel = np.full(population, neuron)
    best, counter, rate, ceiling = -np.inf, 0, 0.4, 0.4
    parents, shifts = population * _PARENTS // 1000, population * _SHIFTS // 1000
    generation, ended = 0, False
    while generation < generations and not ended:
        generation += 1
        ceiling = 0.4 if generation <= patience else 0.9
        values, gradients = probe.gradient(codes, channel, None if bank is None else bank[places])
        pool.add(codes, values, places)
        if values.max() - best >= 1e-2:
            counter, rate = 0, ceiling
        else:
            counter += 1
            rate = max(0.4, rate * (0.4 / ceiling) ** (1 / patience))
        best = max(best, float(values.max()))
        ended = counter > patience or (generation % 10 == 0 and bool((pool.bins()[1] >= quota).all()))
        mutated = _mutate(codes, gradients.transpose(0, 2, 1), rate, random)
        values = probe.activations(mutated, None if bank is None else bank[places])[:, neuron]
        pool.add(mutated, values, places)
        fitness = (values - values.min() + 1e-7).astype(np.float64)
        order = np.argsort(-values, kind="stable")
        reach = max(1, size // 2)
        weights = np.arange(reach, 0, -1) / (reach * (reach + 1) / 2)
        moves = random.choice(np.arange(1, reach + 1), shifts, p=weights) * random.choice((-1, 1), shifts)
        children = population - parents - shifts
        couples = random.choice(population, (2, children), p=fitness / fitness.sum())
        codes = np.concatenate(
            [mutated[order[:parents]], _roll(mutated[order[:shifts]], moves), _cross(mutated, couples, random)]
        )
        places = np.concatenate([places[order[:parents]], places[order[:shifts]], places[couples[0]]])
        copies = np.ones(population, bool)
        copies[distinct(codes)] = False
        codes[copies] = random.integers(0, 4, (int(copies.sum()), size))
    return pool.samples(probe.layer, neuron, "combmotif", generations=generation, converged=ended, bank=bank)


def _mutate(codes: np.ndarray, gradients: np.ndarray, rate: float, random: np.random.Generator) -> np.ndarray:
    count, size = codes.shape
    sites = max(1, int(0.2 * size))
    chance = random.random(count)
    result = codes.copy()
    guided = np.flatnonzero(chance < rate / 2)
    letters = np.maximum(gradients[guided], 1e-7)
    letters = letters / letters.sum(2, keepdims=True)
    content = 2 + (letters * np.log2(letters)).sum(2) + 1e-12
    where = _draw(np.repeat(content[:, None], sites, 1), random)
    drawn = _draw(np.take_along_axis(letters, where[:, :, None], 1), random)
    result[guided[:, None], where] = drawn
    blind = np.flatnonzero((chance >= rate / 2) & (chance < rate))
    where = np.argsort(random.random((len(blind), size)), 1)[:, :sites]
    result[blind[:, None], where] = random.integers(0, 4, where.shape)
    return result


def neuronmotif_samples(
    probe: WindowProbe,
    neurons: Sequence[int],
    *,
    seeds: Sequence[np.random.Generator],
    keep: int = 100_000,
    population: int | None = None,
    generations: int = 200,
    patience: int = 10,
    bank: np.ndarray | None = None,
) -> list[Samples]:
    """Sample neurons as NeuronMotif does, one after the other, from random windows.

    2,000 to 5,000 windows, by the receptive field; in each generation every letter of every window is drawn anew from
    the one-hot plus the gradient (negative entries left out), the best tenth go on, with as many copies shifted to
    either side by less than the stride of the layer below, and children of parents drawn by activation fill the rest.
    The search ends when the mean activation has not risen for more than 10 generations, or after 200. The original
    also starts from the motifs of the layer below, which a single layer's run does not know.

    Parameters
    ----------
    probe : WindowProbe
    neurons : sequence of int
    seeds : one numpy.random.Generator per neuron
    keep : int, default 100,000
        Windows kept: 5,000 in each of 20 bins.
    population : int, optional
        Default 1000 for every whole 20 nt of the receptive field, at least 2000 and at most 5000.
    generations, patience : int
        Default 200 and 10.
    bank : float array, shape (m, tracks, receptive_field), optional
        Tracks that windows draw theirs from, of a model with extra channels.

    Returns
    -------
    list of Samples, one per neuron

    Examples
    --------
    >>> from combmotif.models import SequenceModel
    >>> from combmotif.models.architectures.cnn_gru import CnnGru
    >>> from combmotif.inference import WindowProbe
    >>> probe = WindowProbe(SequenceModel("toy", CnnGru(width=8)), "conv2")
    >>> random = [np.random.default_rng(0)]
    >>> (found,) = neuronmotif_samples(probe, [3], seeds=random, keep=20, population=20, generations=2)
    >>> len(found) <= 20, found.codes.shape[1]
    (True, 9)
    """
    if population is None:
        population = int(np.clip(probe.receptive_field // 20 * 1000, 2000, 5000))
    with probe.tabulated():
        return [
            _neuronmotif(probe, int(n), seed, keep, population, generations, patience, bank)
            for n, seed in zip(neurons, seeds, strict=True)
        ]


def _neuronmotif(
    probe: WindowProbe,
    neuron: int,
    random: np.random.Generator,
    keep: int,
    population: int,
    generations: int,
    patience: int,
    bank: np.ndarray | None,
) -> Samples:
    size = probe.receptive_field
    step = probe.geometry.stride
    codes = random.integers(0, 4, (population, size)).astype(np.uint8)
    places = np.zeros(population, np.int64) if bank is None else random.integers(0, len(bank), population)
    channel = np.full(population, neuron)
    beside = None if bank is None else bank[places]
    pool = Reservoir(size, keep=keep, random=random, background=_background(probe, neuron, codes, beside))
    values, gradients = probe.gradient(codes, channel, beside)
    best_mean, counter, generation = -np.inf, 0, 0
    while generation < generations and counter <= patience:
        generation += 1
        letters = np.maximum(np.eye(4, dtype=np.float32)[codes] + gradients.transpose(0, 2, 1), 0)
        letters[letters.sum(2) == 0] = 0.25
        codes = _draw(letters, random).astype(np.uint8)
        values = probe.activations(codes, None if bank is None else bank[places])[:, neuron]
        pool.add(codes, values, places)
        mean = float(values.mean(dtype=np.float64))
        best_mean, counter = (mean, 0) if mean > best_mean else (best_mean, counter + 1)
        order = np.argsort(-values, kind="stable")[: population // 10]
        sources, parts = [order], [codes[order]]
        if step > 1:
            for sign in (-1, 1):
                moves = sign * random.integers(1, step, len(order))
                sources.append(order)
                parts.append(_roll(codes[order], moves))
        fitness = np.where(values >= 0, values + 1.0, np.exp(np.minimum(values, 0))).astype(np.float64)
        children = population - sum(map(len, parts))
        couples = random.choice(population, (2, children), p=fitness / fitness.sum())
        codes = np.concatenate([*parts, _cross(codes, couples, random)])
        places = np.concatenate([places[rows] for rows in [*sources, couples[0]]])
        values, gradients = probe.gradient(codes, channel, None if bank is None else bank[places])
        pool.add(codes, values, places)
    return pool.samples(
        probe.layer, neuron, "neuronmotif", generations=generation, converged=counter > patience, bank=bank
    )
