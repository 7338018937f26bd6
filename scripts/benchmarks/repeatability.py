"""Are the motifs of a neuron the same twice, and are they faithful to the network on random and real sequences?

    python scripts/benchmarks/repeatability.py mrl conv3 0-15 --cache DIR             # every way of demixing
    python scripts/benchmarks/repeatability.py mrl conv4 0-15 --cache DIR --methods layers --seeds 3 4

Each neuron is sampled twice, A and B, with the two seeds; A is demixed with the first seed, B with the second. The
samples are kept in DIR and used again. The table has one row per way of demixing:

agreement         share-weighted agreement of A and B, corrected for that of different neurons (1 identical, 0 chance)
raw, chance       before the correction; of different neurons
strict            share of the motifs that an arrangement of the other run's meets with a cosine of 0.9, and the same
                  corrected for that of different neurons
correlation       of the activation that A's and B's motifs predict on real windows
jaccard           of the nucleotides that A's and B's motifs call in the 2 % of real windows that excite most
median, mean      motifs per neuron; without: neurons without motifs in A or B
seconds           of processor time per demixing
auroc to nucleotides
                  faithfulness of A's motifs on random and on real windows, see combmotif.discovery.Faithfulness

Agreement, correlation and jaccard are averaged over the neurons for which A or B has motifs. Real sequences: human
5'UTRs for mrl, 3'UTR segments for utr3_stability, from $COMBMOTIF_DATA; for other nets, and where they are missing,
only random windows are used.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import click
import numpy as np
import pandas as pd
import torch

from combmotif.config.neurons import select_neurons
from combmotif.core.seeding import named_generator
from combmotif.discovery.demixed import Demixed
from combmotif.discovery.faithful import ActivationModel, Windows, measure_faithfulness
from combmotif.discovery.neuronmotif import METHODS, demix_neuron
from combmotif.discovery.occurrences import called_nucleotides
from combmotif.inference.probe import WindowProbe
from combmotif.models import load_card
from combmotif.motifs.concordance import agreement, chance_agreement, corrected, strict_agreement
from combmotif.motifs.motif import Motif
from combmotif.sampling.enumerate import LONGEST, enumerate_windows
from combmotif.sampling.evolution import evolve
from combmotif.sampling.samples import Samples
from combmotif.sequence.alphabet import encode

DATA = Path(os.environ.get("COMBMOTIF_DATA", "../shared/data"))
REAL = {
    "mrl": ("human", "mrl/egfp_unmod_human_snv_50k.tsv.gz", "utr"),
    "mrl_noaug": ("human", "mrl/egfp_unmod_human_snv_50k.tsv.gz", "utr"),
    "utr3_stability": ("3'UTR", "stability/siegel2022_fastutr/saluki_predictions.txt.gz", "seq"),
}
"""Net to what its real sequences are, their file and column."""
WINDOWS, BACKGROUND = 20_000, 4000
_TOGETHER = 8  # neurons whose windows are searched for in one pass
_MARKED = 0.02  # share of windows whose nucleotides are called


def drawn(probe: WindowProbe, neurons: list[int], seed: int, cache: Path, card: str) -> list[Samples]:
    """Sample neurons, or read the samples that are there."""
    paths = {n: cache / f"{card}.{probe.layer}.{n}.seed{seed}.npz" for n in neurons}
    todo = [n for n in neurons if not paths[n].exists()]
    sampler = enumerate_windows if probe.receptive_field <= LONGEST else evolve
    for start in range(0, len(todo), _TOGETHER):
        chunk = todo[start : start + _TOGETHER]
        random = [named_generator(seed, "samples", probe.layer, n) for n in chunk]
        for samples in sampler(probe, chunk, seeds=random):
            samples.save(paths[samples.neuron])
        click.echo(f"sampled {start + len(chunk)} of {len(todo)} neurons with seed {seed}", err=True)
    return [Samples.load(path) for path in paths.values()]


def real_windows(card: str, size: int, random: np.random.Generator) -> tuple[str, np.ndarray] | None:
    """Draw windows from the net's real sequences; None, with the reason on stderr, where there are none."""
    if card not in REAL or not (DATA / REAL[card][1]).exists():
        missing = f"{DATA / REAL[card][1]} is not there; set COMBMOTIF_DATA" if card in REAL else f"none for {card}"
        click.echo(f"real windows: left out ({missing})", err=True)
        return None
    name, file, column = REAL[card]
    table = pd.read_csv(DATA / file, sep="\t", usecols=[column])[column].drop_duplicates()
    codes = [encode(letters) for letters in table if len(letters) >= size]
    windows = []
    for row in random.permutation(len(codes))[: 2 * WINDOWS]:
        start = int(random.integers(len(codes[row]) - size + 1))
        windows.append(codes[row][start : start + size])
    found = np.array(windows, np.uint8)
    return name, found[(found < 4).all(1)][:WINDOWS]


def compare(
    probe: WindowProbe, neuron: int, found: tuple[Demixed, Demixed], windows: dict[str, np.ndarray], plain: np.ndarray
) -> dict[str, float]:
    """Score the two runs of one neuron."""
    motifs = [run.motifs for run in found]
    row = {
        "raw": agreement(*motifs),
        "strict": strict_agreement(*motifs),
        "motifs": float(np.mean([len(own) for own in motifs])),
        "without": float(not all(motifs)),
    }
    with probe.tabulated():
        values = {name: probe.activations(codes)[:, neuron].astype(float) for name, codes in windows.items()}
        for name, codes in windows.items():
            random = named_generator(0, "faithfulness", probe.layer, neuron)
            own = Windows(codes, plain, len(codes) // 2)
            score = measure_faithfulness(probe, neuron, motifs[0], own, random, activations=values[name])
            row |= {f"{name} {key}": value for key, value in vars(score).items()}
    codes, value = windows[list(windows)[-1]], values[list(windows)[-1]]
    half = len(codes) // 2
    row["correlation"] = row["jaccard"] = float("nan")
    if any(motifs):
        predicted = [ActivationModel(own, codes[:half], value[:half]).predict(codes[half:]) for own in motifs]
        flat = min(float(np.ptp(one)) for one in predicted) == 0
        row["correlation"] = 0.0 if flat else float(np.corrcoef(*predicted)[0, 1])
        top = codes[value >= np.quantile(value, 1 - _MARKED)]
        a, b = (called_nucleotides(own, top, plain) for own in motifs)
        row["jaccard"] = float((a & b).sum() / max(1, (a | b).sum()))
    return row


def summarised(rows: list[dict[str, float]], found: list[tuple[Demixed, Demixed]]) -> dict[str, float]:
    """Average the neurons of one way of demixing; motifs count in median and mean."""
    mean = {key: float(np.nanmean([row[key] for row in rows])) for key in rows[0]}
    runs: list[list[tuple[Motif, ...]]] = [[pair[side].motifs for pair in found] for side in (0, 1)]
    chance = chance_agreement(*runs)
    median = float(np.median([row["motifs"] for row in rows]))
    first = {"agreement": corrected(mean["raw"], chance), "raw": mean["raw"], "chance": chance}
    strict = corrected(mean["strict"], chance_agreement(*runs, measure=strict_agreement))
    first |= {"strict": mean["strict"], "strict corrected": strict}
    first |= {key: mean[key] for key in ("correlation", "jaccard")} | {"median": median}
    without = float(sum(row["without"] for row in rows))
    rest = {key: value for key, value in mean.items() if key not in first and key != "motifs"}
    return first | {"mean": mean["motifs"], "without": without} | {k: v for k, v in rest.items() if k != "without"}


@click.command()
@click.argument("card")
@click.argument("layer")
@click.argument("select", default="0-15")
@click.option("--cache", type=click.Path(path_type=Path), required=True, help="Folder that keeps the samples.")
@click.option("--methods", default=",".join(METHODS), show_default=True, help="Ways of demixing.")
@click.option("--seeds", nargs=2, type=int, default=(1, 2), show_default=True, help="Of samples and demixing, A and B.")
@click.option("--each", type=click.Path(path_type=Path), help="Also write one row per neuron and way, as TSV.")
def main(card: str, layer: str, select: str, cache: Path, methods: str, seeds: tuple[int, int], each: Path) -> None:
    """Print the table of repeatability and faithfulness for neurons SELECT (0-15) of LAYER of a shipped net CARD."""
    torch.set_num_threads(1)
    cache.mkdir(parents=True, exist_ok=True)
    probe = WindowProbe(load_card(card), layer)
    neurons = select_neurons(select, probe.neurons, layer)
    samples = [drawn(probe, neurons, seed, cache, card) for seed in seeds]
    random = np.random.default_rng(99)
    windows = {"random": random.integers(0, 4, (WINDOWS, probe.receptive_field)).astype(np.uint8)}
    plain = random.integers(0, 4, (BACKGROUND, probe.receptive_field)).astype(np.uint8)
    real = real_windows(card, probe.receptive_field, random)
    if real is not None:
        windows[real[0]] = real[1]
    table, every = [], []
    for method in methods.split(","):
        rows, found = [], []
        for number, (neuron, *pair) in enumerate(zip(neurons, *samples, strict=True)):
            begun = time.process_time()
            runs = [demix_neuron(probe, own, method=method, seed=seed) for own, seed in zip(pair, seeds, strict=True)]
            seconds = (time.process_time() - begun) / 2
            found.append((runs[0], runs[1]))
            rows.append(compare(probe, neuron, found[-1], windows, plain) | {"seconds": seconds})
            words = [" ".join(motif.consensus() for motif in run.motifs) for run in runs]
            every.append({"method": method, "neuron": neuron, **rows[-1], "A": words[0], "B": words[1]})
            click.echo(f"{method} {number + 1} of {len(neurons)}: {neuron} | {words[0]} | {words[1]}", err=True)
            if each is not None:
                pd.DataFrame(every).to_csv(each, sep="\t", index=False, float_format="%.4f")
        table.append({"method": method, **summarised(rows, found)})
    text = pd.DataFrame(table).set_index("method").T
    click.echo(f"{card} {layer} {select}, seeds {seeds[0]} and {seeds[1]}, {len(neurons)} neurons")
    click.echo(text.to_string(float_format=lambda value: f"{value:.3f}"))


if __name__ == "__main__":
    main()
