"""TF-MoDISco beside the other methods on nets whose motifs are known: recall, precision, motifs and seconds.

    python scripts/benchmarks/methods.py [--nets 6] [--seed 2024] [--table scores.tsv]

The nets are trained on sequences with one or two planted motifs against near misses (family g of ``combmotif
self-check``), so the right motifs are known and nobody has wired them. Demixing, max-activation seqlets and TF-MoDISco
on a neuron are given the same samples of the last neuron; TF-MoDISco on the output reads 1,000 sequences like those
the net was trained on. Patterns that lower the target are not counted. Prints a Markdown table; a motif is found, or
right, if it correlates with a planted one by at least 0.9 (columns of both). Seconds are per net, without sampling.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd
import torch

from combmotif.attribution import AttributionOptions, attribute
from combmotif.benchmark.check import precision_of
from combmotif.benchmark.families import draw
from combmotif.benchmark.methods import METHODS
from combmotif.benchmark.sampled import Sampling, sample
from combmotif.benchmark.scores import LEAST_CORRELATION, recalled
from combmotif.benchmark.truth import Instance
from combmotif.core.seeding import named_generator, stable_hash
from combmotif.discovery.tfmodisco.modisco import ModiscoOptions, modisco
from combmotif.discovery.tfmodisco.pattern_motifs import pattern_motifs
from combmotif.inference import WindowProbe
from combmotif.models.model import InputSpec, SequenceModel
from combmotif.motifs.motif import Motif
from combmotif.sampling import Samples

SAME_SAMPLES = ("sufficiency", "layers", "max-activation seqlets")
SEQUENCES, LENGTH = 1000, 48


def like_trained_on(motifs: list[np.ndarray], count: int, random: np.random.Generator) -> list[np.ndarray]:
    """Random sequences, half of them with a word drawn from a motif somewhere."""
    codes = random.integers(0, 4, (count, LENGTH)).astype(np.uint8)
    for row in codes[::2]:
        ppm = motifs[int(random.integers(len(motifs)))]
        word = [int(random.choice(4, p=column / column.sum())) for column in ppm]
        start = int(random.integers(LENGTH - len(word) + 1))
        row[start : start + len(word)] = word
    return list(codes)


def recurring(model: SequenceModel, codes: list[np.ndarray], target: str) -> list[Motif]:
    """TF-MoDISco's motifs that raise a target, on integrated gradients."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = attribute(model, codes, target, options=AttributionOptions())
    options = ModiscoOptions(strands="single")
    return [
        m for m in pattern_motifs(modisco(found.codes, found.scores, options=options), prefix="m") if m.contribution > 0
    ]


def ways(instance: Instance, samples: Samples, seed: int) -> dict[str, Callable[[], list[Motif]]]:
    """Every method, ready to run."""
    probe = WindowProbe(instance.model, instance.layer)
    model = SequenceModel(instance.name, instance.model.module, InputSpec("dna"), ("maximum",))
    target = f"{instance.layer}:{instance.neuron}"
    random = named_generator(seed, "sequences", instance.name)
    sequences = like_trained_on(list(instance.truth.parts), SEQUENCES, random)
    some = np.unique(np.linspace(0, len(samples) - 1, min(len(samples), SEQUENCES)).round().astype(int))
    number = stable_hash(seed, instance.name) % 2**31
    found: dict[str, Callable[[], list[Motif]]] = {
        name: lambda name=name: list(METHODS[name](probe, samples, number).motifs) for name in SAME_SAMPLES
    }
    found["TF-MoDISco, neuron's samples"] = lambda: recurring(model, list(samples.codes[some]), target)
    found["TF-MoDISco, output on sequences"] = lambda: recurring(model, sequences, "output:0")
    return found


def score(number: int, seed: int) -> list[dict[str, object]]:
    """Score every method on one net."""
    instance = draw("g", number, seed)
    probe = WindowProbe(instance.model, instance.layer)
    samples, _ = sample(instance, probe, Sampling(), named_generator(seed, "sample", instance.name, 0))
    rows = []
    for name, method in ways(instance, samples, seed).items():
        begun = time.perf_counter()
        motifs = method()
        rows.append(
            {
                "net": instance.name,
                "method": name,
                "planted": len(instance.truth.parts),
                "recall": float(np.mean([recalled(p, motifs) >= LEAST_CORRELATION for p in instance.truth.parts])),
                "precision": precision_of(motifs, instance.truth.parts),
                "motifs": len(motifs),
                "seconds": time.perf_counter() - begun,
            }
        )
    return rows


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nets", type=int, default=6)
    parser.add_argument("--seed", type=int, default=2024)
    parser.add_argument("--table", help="file for one row per net and method")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    rows: list[dict[str, object]] = []
    for number in range(asked.nets):
        rows += score(number, asked.seed)
        print(f"\r{number + 1} of {asked.nets} nets", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    scores = pd.DataFrame(rows)
    if asked.table:
        scores.to_csv(asked.table, sep="\t", index=False)
    columns = ("method", "recall", "precision", "motifs per net (planted)", "nets without a motif", "s per net")
    print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    for name, own in scores.groupby("method", sort=False):
        print(
            f"| {name} | {own['recall'].mean():.2f} | {own['precision'].mean():.2f} | {own['motifs'].mean():.1f} "
            f"({own['planted'].mean():.1f}) | {(own['motifs'] == 0).sum()} | {own['seconds'].mean():.1f} |"
        )


if __name__ == "__main__":
    main()
