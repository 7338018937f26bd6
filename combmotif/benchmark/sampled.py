"""Windows for the benchmark: the sampler's, or grown from the known motifs where the sampler did not find them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from combmotif.benchmark.truth import Instance
from combmotif.discovery.syntax import part_scores
from combmotif.inference.probe import WindowProbe
from combmotif.sampling.enumerate import LONGEST, enumerate_windows
from combmotif.sampling.evolution import EvolveOptions, evolve
from combmotif.sampling.modes import climbed
from combmotif.sampling.samples import Samples, stratify

FEWEST = 20
"""Windows that carry a motif the sampler found."""
READ = 0.5
"""Share of the way up to its maximum that a known motif must take a neuron."""


@dataclass(frozen=True)
class Sampling:
    """How the benchmark samples: population, generations and windows kept per neuron."""

    population: int = 256
    generations: int = 150
    keep: int = 2000


def sample(
    instance: Instance, probe: WindowProbe, sampling: Sampling, random: np.random.Generator
) -> tuple[Samples, float]:
    """Draw windows that excite the neuron; say which share of the known motifs the sampler found.

    A motif is found if 20 windows carry it, of a pair both. What the sampler did not find is grown from planted
    windows by random changes and added, so that demixing is judged on its own.
    """
    if probe.receptive_field <= LONGEST:
        samples = enumerate_windows(probe, [instance.neuron], seeds=[random], keep=20_000)[0]
    else:
        options = EvolveOptions(sampling.population, sampling.generations, keep=sampling.keep)
        samples = evolve(probe, [instance.neuron], seeds=[random], options=options)[0]
    parts = instance.truth.parts
    if not parts:
        return samples, 1.0
    carried = np.array([_carriers(samples, part) for part in parts])
    found = carried.sum(1) >= FEWEST if instance.truth.spacing is None else carried.all(0).sum(keepdims=True) >= FEWEST
    if found.all():
        return samples, 1.0
    words = _words(instance)
    missing = [word for word, known in zip(words, found, strict=True) if not known] if len(found) > 1 else words
    planted = planted_windows(missing, probe.receptive_field, random)
    grown = _grown(instance, probe, planted, samples.background, sampling.keep, random)
    codes = np.concatenate([samples.codes, grown.codes])
    values = np.concatenate([samples.activations, grown.activations])
    rows = stratify(codes, values, keep=sampling.keep, random=random, background=samples.background)
    both = Samples(
        probe.layer, instance.neuron, codes[rows], values[rows], "evolve and planted", background=samples.background
    )
    return both, float(found.mean())


def is_read(instance: Instance) -> bool:
    """Whether the known motifs, in random windows, take the neuron half the way to the maximum that climbing finds.

    Where they do not, the neuron reads what noise made of the other channels, and its answer is not known.
    """
    probe = WindowProbe(instance.model, instance.layer)
    size, random, contexts = probe.receptive_field, np.random.default_rng(0), 16
    plain = random.integers(0, 4, (32, size)).astype(np.uint8)
    level = float(probe.activations(plain)[:, instance.neuron].mean())
    top = float(climbed(probe, instance.neuron, plain)[1].max())
    for word in _words(instance):
        planted = probe.activations(planted_windows([word], size, random, contexts))[:, instance.neuron]
        best = planted.reshape(contexts, -1).mean(0).max()
        if best - level < READ * (max(top, float(planted.max())) - level):
            return False
    return True


def _carriers(samples: Samples, part: np.ndarray) -> np.ndarray:
    """Windows that carry a motif with 80 % of its best log-odds."""
    if not len(samples) or samples.codes.shape[1] < len(part):
        return np.zeros(len(samples), bool)
    return part_scores(samples.codes, part).max(1) >= 0.8


def _words(instance: Instance) -> list[np.ndarray]:
    """Consensus of each motif, or of the pair at each spacing; -1 is free."""
    words = [np.where(part.max(1) < 0.3, -1, part.argmax(1)) for part in instance.truth.parts]
    if instance.truth.spacing is None:
        return words
    return [np.concatenate([words[0], np.full(gap, -1), words[1]]) for gap in sorted(instance.truth.gaps)]


def planted_windows(words: list[np.ndarray], size: int, random: np.random.Generator, contexts: int = 16) -> np.ndarray:
    """Put words (codes, -1 is free) at every place of random windows, uint8 (n, size)."""
    places = [(word, start) for word in words for start in range(size - len(word) + 1)]
    codes = random.integers(0, 4, (len(places) * contexts, size)).astype(np.uint8)
    for row, (word, start) in zip(codes, places * contexts, strict=True):
        row[start : start + len(word)] = np.where(word >= 0, word, row[start : start + len(word)])
    return codes


def _grown(
    instance: Instance,
    probe: WindowProbe,
    planted: np.ndarray,
    background: float,
    keep: int,
    random: np.random.Generator,
) -> Samples:
    """Change planted windows at 1 to a third of their letters, and what still excites the neuron again, 10 times."""
    size = probe.receptive_field
    codes, values = planted, probe.activations(planted)[:, instance.neuron]
    for _ in range(10):
        alive = np.flatnonzero(values > background)
        if not alive.size:
            break
        chosen = codes[random.choice(alive, 3000)]
        rate = random.uniform(1 / size, 1 / 3, (len(chosen), 1))
        changed = random.random(chosen.shape) < rate
        new = np.where(changed, random.integers(0, 4, chosen.shape), chosen).astype(np.uint8)
        codes = np.concatenate([codes, new])
        values = np.concatenate([values, probe.activations(new)[:, instance.neuron]])
    rows = stratify(codes, values, keep=keep, random=random, background=background)
    return Samples(probe.layer, instance.neuron, codes[rows], values[rows], "planted", background=background)
