"""Compare the default sampler of neurons with the two published ones and with windows of sequences, in one table.

    python scripts/benchmarks/sampling.py            # a few neurons of six of the layers, about 5 minutes
    python scripts/benchmarks/sampling.py --full     # all neurons of eight layers, 10 million windows: about two days

Nets: the shipped mrl (conv3, conv4) and utr3_stability (conv4 to conv6), and an untrained net of six blocks, whose
landscapes are the most rugged (conv5 with a receptive field of 72 nt, conv7 with 288). Every sampler is asked for
CombMotif's sample sizes (30,000 windows for 72 nt) and runs on one core. A row gives a neuron's largest activation by
each way, seconds, the share of the default sampler's time that is spent outside the network, the windows it kept and
how many of the 20 bins of activation hold the windows asked for. The last lines are medians over the neurons that any
way excites, and how often the default sampler is at or above the others. Sequences are random unless a FASTA is given.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable

import click
import numpy as np
import pandas as pd
import torch

from combmotif.config.inputs import CardSection
from combmotif.config.opening import open_model
from combmotif.effects.seeding import named_generator
from combmotif.inference.probe import WindowProbe
from combmotif.inference.scan import scan
from combmotif.models import InputSpec, SequenceModel
from combmotif.models.cnn_gru import CnnGru
from combmotif.sampling import (
    BINS,
    EvolveOptions,
    combmotif_quota,
    combmotif_samples,
    evolve,
    neuronmotif_samples,
)
from combmotif.sequence.tables import read_fasta

LAYERS = (
    ("mrl", "conv3", 3), ("mrl", "conv4", 2), ("utr3_stability", "conv4", 1), ("utr3_stability", "conv5", 1),
    ("utr3_stability", "conv6", 0), ("untrained", "conv4", 1), ("untrained", "conv5", 1), ("untrained", "conv7", 0),
)  # fmt: skip
"""Net, layer, and neurons of the short benchmark."""


class TimedProbe(WindowProbe):
    """A probe that adds up the seconds spent in the network."""

    inside = 0.0

    def gradient(self, *args, **kwargs):
        start = time.process_time()
        found = super().gradient(*args, **kwargs)
        self.inside += time.process_time() - start
        return found

    def activations(self, *args, **kwargs):
        start = time.process_time()
        found = super().activations(*args, **kwargs)
        self.inside += time.process_time() - start
        return found


def net(name: str) -> SequenceModel:
    """Open a shipped net, or make the untrained one."""
    if name != "untrained":
        return open_model(CardSection(card=name))
    torch.manual_seed(0)
    return SequenceModel("untrained", CnnGru(channels=6, blocks=6, padding=0), InputSpec(channels=6))


def best_windows(probe: WindowProbe, windows: int, fasta: str | None) -> tuple[np.ndarray, int]:
    """Return every neuron's largest activation over windows of sequences, and how many windows there were."""
    if fasta:
        codes = list(read_fasta(fasta).codes)
    else:
        random = named_generator(0, "windows", probe.layer)
        length = 1000 + probe.receptive_field - 1
        codes = [random.integers(0, 4, length).astype(np.uint8) for _ in range(-(-windows // 1000))]
    best, count = np.full(probe.neurons, -np.inf), 0
    for _, values, valid in scan(probe.model, probe.layer, codes):
        best = np.maximum(best, np.where(valid[:, None], values, -np.inf).max((0, 2), initial=-np.inf))
        count += int(valid.sum())
        if count >= windows:
            break
    return best, count


def measure(probe: TimedProbe, neuron: int, *, peers: bool, seed: int) -> dict[str, float]:
    """Run the samplers on a neuron."""
    quota = combmotif_quota(probe.receptive_field)
    options = EvolveOptions(keep=quota * BINS)
    ways: dict[str, Callable] = {"default": lambda seeds: evolve(probe, [neuron], seeds=seeds, options=options)}
    if peers:
        ways["combmotif"] = lambda seeds: combmotif_samples(probe, [neuron], seeds=seeds)
        ways["neuronmotif"] = lambda seeds: neuronmotif_samples(probe, [neuron], seeds=seeds, keep=quota * BINS)
    row: dict[str, float] = {}
    for way, sample in ways.items():
        probe.inside, start = 0.0, time.process_time()
        (found,) = sample([named_generator(seed, way, probe.layer, neuron)])
        seconds = time.process_time() - start
        row |= {way: found.maximum, f"s_{way}": seconds}
        if way == "default":
            row |= {
                "outside": 1 - probe.inside / seconds,
                "generations": found.generations,
                "converged": found.converged,
                "windows": len(found),
                "full_bins": int((found.counts >= quota).sum()),
                "s_generation": seconds / max(1, found.generations),
            }
    return row


@click.command(help=__doc__)
@click.option("--full", is_flag=True, help="all neurons and 10 million windows")
@click.option("--layers", help="only these, such as untrained:conv7,mrl:conv3")
@click.option("--neurons", type=int, help="so many neurons of each layer")
@click.option("--windows", type=int, help="windows of sequences; default 300,000, with --full 10,000,000")
@click.option("--fasta", type=click.Path(exists=True), help="take the windows from these sequences")
@click.option("--peers/--no-peers", default=True, help="with the published samplers or without")
@click.option("--seed", default=0)
def main(
    full: bool,  # noqa: FBT001 - as click passes it
    layers: str | None,
    neurons: int | None,
    windows: int | None,
    fasta: str | None,
    peers: bool,  # noqa: FBT001
    seed: int,
) -> None:
    """Print the table."""
    torch.set_num_threads(1)
    windows = windows or (10_000_000 if full else 300_000)
    wanted = layers.split(",") if layers else [f"{name}:{layer}" for name, layer, _ in LAYERS]
    rows = []
    for name, layer, few in LAYERS:
        if f"{name}:{layer}" not in wanted:
            continue
        probe = TimedProbe(net(name), layer)
        count = neurons or (probe.neurons if full else few or bool(layers))
        if not count:
            continue
        best, scanned = best_windows(probe, windows, fasta)
        alive = np.argsort(best <= 0, kind="stable")[:count]  # neurons that some window excites come first
        for neuron in sorted(map(int, alive)):
            place = {"neuron": f"{name}:{layer}:{neuron}", "nt": probe.receptive_field}
            rows.append(place | measure(probe, neuron, peers=peers, seed=seed) | {"sequences": best[neuron]})
            values = {k: round(v, 3) if isinstance(v, float) else v for k, v in rows[-1].items()}
            click.echo(" ".join(f"{key}={value}" for key, value in values.items()))
    table = pd.DataFrame(rows)
    others = [way for way in ("combmotif", "neuronmotif", "sequences") if way in table]
    alive_rows = table[table[["default", *others]].max(axis=1) > 0]
    click.echo(f"\n{len(table)} neurons, {len(alive_rows)} excited; sequences: best of {scanned:,} windows")
    for way in others:
        ratio = alive_rows["default"] / alive_rows[way].clip(lower=1e-9)
        above = (alive_rows["default"] >= alive_rows[way] * (1 - 1e-5)).sum()
        click.echo(f"maximum, default / {way}: median {ratio.median():.3f}, least {ratio.min():.3f}, >= in {above}")
    for size, part in alive_rows.groupby("nt"):
        line = [f"{size} nt: default {part['s_default'].median():.1f} s per neuron"]
        line += [f"{way} {part[f's_{way}'].median():.1f} s" for way in others if f"s_{way}" in part]
        line += [f"outside the network {part['outside'].median():.0%}", f"windows {part['windows'].median():,.0f}"]
        click.echo(", ".join(line))
    click.echo(f"memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB")


if __name__ == "__main__":
    main()
