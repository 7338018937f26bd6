"""What is every setting of the default demixing worth? One at a time, on planted nets and on the shipped MRL net.

    python scripts/benchmarks/ablation.py [NETS] [NEURONS] [SEED] [PASSES]

NETS planted nets of each family (default 4) and NEURONS neurons of mrl conv3 (default 12) are sampled twice, with SEED
(default 31) and the next one; every row demixes the same samples, in PASSES passes (default that of a run) where it
does not say how many. Planted: recall, precision, motifs per net and stability over the two samplings, as in
demixing.py, with the seconds per demixing. MRL: share-weighted agreement of the two samplings, corrected for that of
different neurons, and motifs per neuron.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace

import numpy as np
import torch

from combmotif.benchmark.check import precision_of
from combmotif.benchmark.families import FAMILIES, draw
from combmotif.benchmark.sampled import Sampling, sample
from combmotif.benchmark.scores import LEAST_CORRELATION, recalled
from combmotif.benchmark.scores import agreement as stability
from combmotif.core.seeding import named_generator
from combmotif.discovery import SufficiencyOptions, demix_by_sufficiency
from combmotif.discovery.sufficiency import reading
from combmotif.inference.probe import WindowProbe
from combmotif.models import load_card
from combmotif.motifs.concordance import agreement, chance_agreement, corrected
from combmotif.sampling.evolution import evolve

DEFAULT = SufficiencyOptions()
ALL_COLUMNS = "what adds up is read too"
VARIANTS = {
    "default": DEFAULT,
    ALL_COLUMNS: DEFAULT,
    "backgrounds 32": replace(DEFAULT, backgrounds=32),
    "backgrounds 128": replace(DEFAULT, backgrounds=128),
    "sharpness 0.5": replace(DEFAULT, sharpness=0.5),
    "sharpness 0.75": replace(DEFAULT, sharpness=0.75),
    "flat 0.05": replace(DEFAULT, flat=0.05),
    "flat 0.2": replace(DEFAULT, flat=0.2),
    "additive 0.6": replace(DEFAULT, additive=0.6),
    "no splitting (additive 2)": replace(DEFAULT, additive=2.0),
    "alone 0.05": replace(DEFAULT, alone=0.05),
    "alone 0.3": replace(DEFAULT, alone=0.3),
    "acts 0.3": replace(DEFAULT, acts=0.3),
    "acts 0.7": replace(DEFAULT, acts=0.7),
    "chance 0.005": replace(DEFAULT, chance=0.005),
    "chance 0.05": replace(DEFAULT, chance=0.05),
    "least 0.005": replace(DEFAULT, least=0.005),
    "least 0.05": replace(DEFAULT, least=0.05),
    "same 0.75": replace(DEFAULT, same=0.75),
    "same 0.95": replace(DEFAULT, same=0.95),
    "windows 150": replace(DEFAULT, windows=150),
    "windows 1000": replace(DEFAULT, windows=1000),
    "spread 0.15": replace(DEFAULT, spread=0.15),
    "composition kept (spread 9)": replace(DEFAULT, spread=9.0),
    "passes 1": replace(DEFAULT, passes=1),
    "passes 5": replace(DEFAULT, passes=5),
}


def main() -> None:
    """Print the table."""
    torch.set_num_threads(1)
    given = [int(value) for value in sys.argv[1:]]
    nets, neurons, seed, passes = [*given, *(4, 12, 31, DEFAULT.passes)[len(given) :]]
    instances = [draw(family, number, seed) for family in FAMILIES for number in range(nets)]
    planted = []
    for instance in instances:
        probe = WindowProbe(instance.model, instance.layer)
        pairs = [
            sample(instance, probe, Sampling(), named_generator(seed + k, "ablation", instance.name))[0] for k in (0, 1)
        ]
        planted.append((instance, probe, pairs))
    probe = WindowProbe(load_card("mrl"), "conv3")
    numbers = list(range(neurons))
    real = [
        evolve(probe, numbers, seeds=[named_generator(seed + k, "ablation", "mrl", n) for n in numbers]) for k in (0, 1)
    ]
    print("setting\trecall\tprecision\tmotifs\tstability\tseconds\tmrl agreement\tmrl motifs")
    beside = reading.BESIDE
    for name, options in VARIANTS.items():
        reading.BESIDE = 10_000 if name == ALL_COLUMNS else beside
        options = options if name.startswith("passes") else replace(options, passes=passes)
        rows, start = [], time.process_time()
        for instance, own, pairs in planted:
            found = [demix_by_sufficiency(own, s, options=options, seed=k).motifs for k, s in enumerate(pairs)]
            parts = instance.truth.parts
            for motifs in found:
                recall = [recalled(part, motifs) >= LEAST_CORRELATION for part in parts]
                rows.append(
                    (
                        np.mean(recall) if parts else np.nan,
                        precision_of(motifs, parts),
                        len(motifs),
                        stability(found[0], found[1]),
                    )
                )
        seconds = (time.process_time() - start) / (2 * len(planted))
        runs = [
            [demix_by_sufficiency(probe, s, options=options, seed=k).motifs for s in samples]
            for k, samples in enumerate(real)
        ]
        mean = np.nanmean([agreement(a, b) for a, b in zip(*runs, strict=True)])
        chance = chance_agreement(*runs)
        count = np.mean([len(motifs) for run in runs for motifs in run])
        scores = "\t".join(f"{value:.3f}" for value in np.nanmean(np.array(rows, float), 0))
        print(f"{name}\t{scores}\t{seconds:.2f}\t{corrected(mean, chance):.3f}\t{count:.2f}", flush=True)


if __name__ == "__main__":
    main()
