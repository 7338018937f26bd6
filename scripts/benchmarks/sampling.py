"""Compare the default sampler of neurons with the two published ones and with the best of millions of windows.

    python scripts/benchmarks/sampling.py                            # ten neurons, about 8 processor minutes
    python scripts/benchmarks/sampling.py --full --checkpoint FILE   # more of eight; can be broken off and resumed

Nets: the shipped mrl (conv3, conv4) and utr3_stability (conv4 to conv6), and an untrained net of six blocks, whose
landscapes are the most rugged (conv4, conv5 with a receptive field of 72 nt, conv7 with 288). Neurons are the first of
a layer that random windows excite. Every sampler is asked for CombMotif's sample sizes (30,000 windows for 72 nt,
116,000 for 288), has its own settings (combmotif: 1,000 windows, up to 350 generations; neuronmotif: 2,000 to 5,000, up
to 200) and one thread. "random" is the best window of random sequences; "dataset" that of real ones, all human
5'UTRs of the folder mrl in $COMBMOTIF_DATA, or all 3'UTR segments of stability and transcripts of transcripts, or of a
FASTA. One pass per net scans for all layers and neurons.

Per layer, the table says how often the default's maximum is at least that of the others (to 1e-5), the least ratio of
the two, processor seconds per neuron, the share of the default's seconds outside the network, a generation's seconds
over those of its passes through the network, windows kept, bins of activation, of 20, that hold what was asked for, and
the largest memory of a process.
"""

from __future__ import annotations

import csv
import multiprocessing
import os
import resource
import time
from contextlib import contextmanager
from pathlib import Path

import click
import numpy as np
import pandas as pd
import torch

from combmotif.config.inputs import CardSection
from combmotif.config.opening import open_model
from combmotif.core.seeding import named_generator
from combmotif.inference.dense import scan_layers
from combmotif.inference.probe import WindowProbe
from combmotif.models import InputSpec, SequenceModel
from combmotif.models.architectures.cnn_gru import CnnGru
from combmotif.sampling import BINS, EvolveOptions, combmotif_quota, combmotif_samples, evolve, neuronmotif_samples
from combmotif.sequence.alphabet import encode
from combmotif.sequence.tables import read_fasta

LAYERS = (
    ("mrl", "conv3", 4, 16), ("mrl", "conv4", 2, 16), ("utr3_stability", "conv4", 2, 16),
    ("utr3_stability", "conv5", 1, 12), ("utr3_stability", "conv6", 0, 4), ("untrained", "conv4", 0, 12),
    ("untrained", "conv5", 1, 12), ("untrained", "conv7", 0, 2),
)  # fmt: skip
"""Net, layer, neurons of the short benchmark and of the full one."""
WAYS = ("default", "combmotif", "neuronmotif", "random", "dataset")
SCANS = WAYS[3:]
TABLES = {
    "mrl": {"mrl/egfp_unmod_human_snv_50k.tsv.gz": "utr", "mrl/mrl_varlen_real/stride11133m_MPA_V_pred.csv": "utr"},
    "utr3_stability": {
        "stability/siegel2022_fastutr/saluki_predictions.txt.gz": "seq",
        "stability/zhao2014_fastutr/derived_segments.tsv": "sequence",
        "stability/griesemer2021_mprau/derived_oligos.tsv.gz": "seq",
        "transcripts/chr22.fa.gz": "",
    },
}
"""Files with sequences of what a shipped net was made for, and the column they are in."""
DATA = Path(os.environ.get("COMBMOTIF_DATA", "../shared/data"))
_LENGTH = 12_288  # of a random sequence


class TimedProbe(WindowProbe):
    """A probe that adds up the seconds spent in the network."""

    inside = 0.0

    @contextmanager
    def tabulated(self):
        start = time.process_time()
        with super().tabulated():
            self.inside += time.process_time() - start
            yield

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


def memory() -> float:
    """Largest memory of this process until now, in GiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def excited(probe: WindowProbe, count: int) -> list[int]:
    """Return the first neurons that random windows excite."""
    codes = named_generator(0, "excited", probe.layer).integers(0, 4, (1024, probe.receptive_field)).astype(np.uint8)
    return np.flatnonzero(probe.activations(codes).max(0) > 0)[:count].tolist()


def sample(name: str, layer: str, count: int, way: str, seed: int, done: set[tuple], write) -> None:
    """Sample neurons of a layer in one way."""
    probe = TimedProbe(net(name), layer)
    quota = combmotif_quota(probe.receptive_field)
    for neuron in excited(probe, count):
        if (name, layer, neuron, way, seed) in done:
            continue
        probe.inside, start = 0.0, time.process_time()
        seeds = [named_generator(seed, way, layer, neuron)]
        if way == "default":
            (found,) = evolve(probe, [neuron], seeds=seeds, options=EvolveOptions(keep=quota * BINS))
        elif way == "combmotif":
            (found,) = combmotif_samples(probe, [neuron], seeds=seeds)
        else:
            (found,) = neuronmotif_samples(probe, [neuron], seeds=seeds, keep=quota * BINS)
        seconds = time.process_time() - start
        write(
            net=name,
            layer=layer,
            nt=probe.receptive_field,
            neuron=neuron,
            way=way,
            seed=seed,
            maximum=found.maximum,
            seconds=seconds,
            inside=probe.inside,
            generations=found.generations,
            converged=int(found.converged),
            windows=len(found),
            full=int((found.counts >= quota).sum()),
            entropy=found.entropy.mean(),
            memory=memory(),
        )


def dataset(name: str, fasta: str | None) -> list[np.ndarray]:
    """Read distinct real sequences of the kind that a net was made for."""
    if fasta:
        return list(read_fasta(fasta).codes)
    folder, found = DATA, {}
    for path, column in TABLES[name].items():
        if not column:
            found |= {codes.tobytes(): codes for codes in read_fasta(folder / path).codes}
            continue
        table = pd.read_csv(folder / path, sep="," if ".csv" in path else "\t")
        if "set" in table:
            table = table[table["set"] == "human"]
        for codes in map(encode, table[column].dropna()):
            found[codes.tobytes()] = codes
    return list(found.values())


def scan_windows(name: str, layers: list[str], way: str, windows: int, fasta: str | None, write) -> None:
    """Find every neuron's largest activation over windows of sequences."""
    model, start = net(name), time.process_time()
    random = named_generator(0, "windows", name)
    if way == "dataset":
        codes = dataset(name, fasta)
    else:
        codes = [random.integers(0, 4, _LENGTH).astype(np.uint8) for _ in range(-(-windows // (_LENGTH - 287)))]
    best: dict[str, np.ndarray] = {}
    count = dict.fromkeys(layers, 0)
    for block in scan_layers(model, layers, codes):
        for layer in layers:
            values, valid = block.values[layer], block.valid[layer]
            if not valid.all():
                values = np.where(valid[:, None], values, -np.inf)
            top = values.max((0, 2), initial=-np.inf)
            best[layer] = np.maximum(best.get(layer, top), top)
            count[layer] += int(valid[:, block.inner[layer]].sum())
    seconds = time.process_time() - start
    for layer in layers:
        nt = WindowProbe(model, layer).receptive_field
        for neuron, value in enumerate(best[layer]):
            write(
                net=name,
                layer=layer,
                nt=nt,
                neuron=neuron,
                way=way,
                seed=0,
                maximum=float(value),
                seconds=seconds / len(layers) / len(best[layer]),
                windows=count[layer],
                memory=memory(),
            )


COLUMNS = (
    "net", "layer", "nt", "neuron", "way", "seed", "maximum", "seconds", "inside", "generations", "converged",
    "windows", "full", "entropy", "memory",
)  # fmt: skip


def work(task: tuple, path: str) -> None:
    """Do one task in a process of its own, and add its rows to the checkpoint one by one."""
    torch.set_num_threads(1)

    def write(**row) -> None:
        with Path(path).open("a", newline="") as stream:
            csv.writer(stream, delimiter="\t").writerow(
                [f"{v:.8g}" if isinstance(v, float) else v for v in (row.get(c, "") for c in COLUMNS)]
            )
        click.echo("  " + " ".join(f"{k}={v:.4g}" if isinstance(v, float) else f"{k}={v}" for k, v in row.items()))

    if task[0] == "scan":
        scan_windows(*task[1:], write)
    else:
        sample(*task[1:], write)


def summary(table: pd.DataFrame) -> str:
    """Write a Markdown table, one row per layer."""
    lines = []
    for (name, layer), part in table.groupby(["net", "layer"], sort=False):
        default = part[part["way"] == "default"]
        if default.empty:
            continue
        cells = {"layer": f"{name} {layer}", "nt": str(part["nt"].iloc[0])}
        cells["neurons"] = str(default["neuron"].nunique())
        ours = default.set_index(["neuron", "seed"])["maximum"]
        for way in WAYS[1:]:
            other = part[part["way"] == way]
            peer = other.set_index(["neuron", "seed"])["maximum"]
            if way in SCANS:
                peer = pd.Series({key: peer.get((key[0], 0), np.nan) for key in ours.index}, dtype=float)
            ratio = (ours / peer.reindex(ours.index).clip(lower=1e-9)).dropna()
            said = f"{(ratio >= 1 - 1e-5).sum()} of {len(ratio)}, {ratio.min():.3f}" if len(ratio) else ""
            if len(ratio) and way == "dataset":
                said += f" ({other['windows'].iloc[0] / 1e6:.1f} million)"
            cells[f">= {way}, least ratio"] = said
        for way in WAYS[:3]:
            seconds = part.loc[part["way"] == way, "seconds"]
            cells[f"s {way}"] = f"{seconds.mean():.1f}" if len(seconds) else ""
        cells["outside"] = f"{1 - default['inside'].sum() / default['seconds'].sum():.0%}"
        cells["generation / passes"] = f"{default['seconds'].sum() / default['inside'].sum():.2f}"
        cells["windows"] = f"{default['windows'].median():,.0f}"
        cells["full bins"] = f"{default['full'].median():.0f}"
        cells["GiB"] = f"{default['memory'].max():.2f}"
        if not lines:
            lines = [f"| {' | '.join(cells)} |", "|---" * len(cells) + "|"]
        lines.append(f"| {' | '.join(cells.values())} |")
    return "\n".join(lines)


@click.command(help=__doc__)
@click.option("--full", is_flag=True, help="more neurons of all eight layers")
@click.option("--layers", help="only these, such as untrained:conv7,mrl:conv3")
@click.option("--neurons", type=int, help="so many neurons of each layer")
@click.option("--windows", type=int, default=10_000_000, show_default=True, help="random windows scanned per layer")
@click.option("--fasta", type=click.Path(exists=True), help="these sequences are the dataset")
@click.option("--ways", default=",".join(WAYS), show_default=True, help="what is compared")
@click.option("--seeds", default="0", show_default=True, help="seeds of the samplers, such as 0,1,2")
@click.option("--checkpoint", type=click.Path(dir_okay=False), help="rows done are kept here and not done again")
def main(
    full: bool,  # noqa: FBT001 - as click passes it
    layers: str | None,
    neurons: int | None,
    windows: int,
    fasta: str | None,
    ways: str,
    seeds: str,
    checkpoint: str | None,
) -> None:
    """Print the table."""
    wanted = set(layers.split(",")) if layers else {f"{name}:{layer}" for name, layer, _, _ in LAYERS}
    counts = {
        (name, layer): neurons or (many if full else few or bool(layers))
        for name, layer, few, many in LAYERS
        if f"{name}:{layer}" in wanted
    }
    counts = {place: count for place, count in counts.items() if count}
    fork = multiprocessing.get_context("spawn")
    path = Path(checkpoint or f"sampling-{time.strftime('%H%M%S')}.tsv")
    if not path.exists():
        path.write_text("\t".join(COLUMNS) + "\n")
    rows = pd.read_csv(path, sep="\t")
    done = set(rows[["net", "layer", "neuron", "way", "seed"]].itertuples(index=False, name=None))
    tasks: list[tuple] = []
    scans = [way for way in SCANS if way in ways.split(",")]
    for name, way in ((name, way) for name in dict.fromkeys(name for name, _ in counts) for way in scans):
        missing = [layer for n, layer in counts if n == name and (n, layer, 0, way, 0) not in done]
        if not missing or (way == "dataset" and not fasta and name not in TABLES):
            continue
        absent = [path for path in TABLES.get(name, ()) if not (DATA / path).exists()]
        if way == "dataset" and absent and not fasta:
            click.echo(f"{name}: no dataset, for {DATA / absent[0]} is absent; set COMBMOTIF_DATA, or give --fasta")
            continue
        tasks.append(("scan", name, missing, way, windows, fasta))
    for seed in map(int, seeds.split(",")):
        for (name, layer), count in counts.items():
            for way in (way for way in WAYS[:3] if way in ways.split(",")):
                tasks.append(("sample", name, layer, count, way, seed, done))
    started = time.monotonic()
    for task in tasks:
        process = fork.Process(target=work, args=(task, str(path)))
        process.start()
        process.join()
        if process.exitcode:
            raise click.ClickException(f"{task[0]} of {task[1]} ended with code {process.exitcode}")
    table = pd.read_csv(path, sep="\t")
    table = table[[place in counts for place in zip(table["net"], table["layer"], strict=True)]]
    if not checkpoint:
        path.unlink()
    click.echo(f"\n{summary(table)}\n\n{(time.monotonic() - started) / 60:.1f} minutes")


if __name__ == "__main__":
    main()
