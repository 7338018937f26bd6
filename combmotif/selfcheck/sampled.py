"""Windows for the benchmark: the sampler's, or grown from the known motifs where the sampler did not find them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from combmotif.inference.probe import WindowProbe
from combmotif.sampling.enumerate import LONGEST, enumerate_windows
from combmotif.sampling.evolve import EvolveOptions, evolve
from combmotif.sampling.samples import Samples, stratify
from combmotif.selfcheck.truth import Instance

REACHED = 0.9
"""Share of the known maximum, above the background, that the sampler must reach for its windows to be used."""


@dataclass(frozen=True)
class Sampling:
    """How the benchmark samples: population, generations and windows kept per neuron."""

    population: int = 256
    generations: int = 150
    keep: int = 2000


def sample(
    instance: Instance, probe: WindowProbe, sampling: Sampling, random: np.random.Generator
) -> tuple[Samples, bool]:
    """Draw windows that excite the neuron; say whether the sampler reached the maximum known from planted windows.

    Where it did not, the windows are grown from planted ones by random changes, so that demixing is judged on its own.
    """
    if probe.receptive_field <= LONGEST:
        return enumerate_windows(probe, [instance.neuron], seeds=[random], keep=20_000)[0], True
    options = EvolveOptions(sampling.population, sampling.generations, keep=sampling.keep)
    samples = evolve(probe, [instance.neuron], seeds=[random], options=options)[0]
    if not instance.truth.parts:
        return samples, True
    planted = planted_windows(instance, probe.receptive_field, random)
    values = probe.activations(planted)[:, instance.neuron]
    known = float(values.max()) - samples.background
    if samples.maximum - samples.background >= REACHED * known:
        return samples, True
    return _grown(instance, probe, planted, samples.background, sampling.keep, random), False


def planted_windows(instance: Instance, size: int, random: np.random.Generator, contexts: int = 16) -> np.ndarray:
    """Put each known motif, or the pair at each spacing, at every place of random windows, uint8 (n, size)."""
    words = [np.where(part.max(1) < 0.3, -1, part.argmax(1)) for part in instance.truth.parts]
    if instance.truth.spacing is not None:
        words = [
            np.concatenate([words[0], np.full(gap, -1), words[1]]) for gap in sorted(instance.truth.gaps)
        ]  # fmt: skip
    places = [(word, start) for word in words for start in range(size - len(word) + 1)]
    codes = random.integers(0, 4, (len(places) * contexts, size)).astype(np.uint8)
    for row, (word, start) in zip(codes, places * contexts, strict=True):
        row[start : start + len(word)] = np.where(word >= 0, word, row[start : start + len(word)])
    return codes


def _grown(
    instance: Instance, probe: WindowProbe, planted: np.ndarray, background: float, keep: int, random: np.random.Generator
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
