"""Time the dense scan beside the evaluation of every window by itself.

    python scripts/benchmarks/scan.py

Scans random transcripts with the net of 6 blocks, in worker processes of one thread each, as a run does: all windows of
conv5, and all windows of all convolutions in one pass, each with the search for maxima and sites. Times are
milliseconds per transcript: the time until all transcripts are done over their number. "Processor" is the time one
process spends on a transcript, which other programs on the machine do not lengthen as much. "Window by window"
evaluates windows alone, without padding, in batches, in as many processes, and is measured on a part of the windows.
The difference is the largest between the two, as a share of the largest value.
"""

from __future__ import annotations

import multiprocessing
import resource
import time

import click
import numpy as np
import torch

from combmotif.inference import SiteFinder, WindowProbe, scan_layers
from combmotif.models.architectures.cnn_gru import CnnGru
from combmotif.models.model import InputSpec, SequenceModel

LENGTH = 12_288
ALL = [f"conv{i}" for i in range(1, 8)]


def network() -> SequenceModel:
    """Make the net; every process makes the same."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    return SequenceModel("6 blocks", CnnGru(channels=6, blocks=6, padding=0), InputSpec(channels=6))


def transcript(number: int) -> np.ndarray:
    """Draw one transcript."""
    return np.random.default_rng(number).integers(0, 4, LENGTH).astype(np.uint8)


def scanned(model: SequenceModel, layers: list[str], numbers: range) -> SiteFinder:
    """Scan transcripts and keep maxima and sites."""
    codes = [transcript(i) for i in numbers]
    finder = SiteFinder(len(codes), {layer: range(64) for layer in layers}, 0.7)
    for block in scan_layers(model, layers, codes):
        finder.add(block)
    return finder


def work(barrier, results, layers: list[str], numbers: range, windows: int) -> None:
    """Scan, then evaluate windows alone; send (begin, end) of both, and the difference."""
    model = network()
    scanned(model, layers, numbers[:1])
    barrier.wait()
    begun, busy = time.monotonic(), time.process_time()
    scanned(model, layers, numbers)
    ended, busy = time.monotonic(), (time.process_time() - busy) / len(numbers)
    probes = {layer: WindowProbe(model, layer) for layer in layers}
    sequence = transcript(numbers[0])
    (block,) = scan_layers(model, layers, [sequence])
    cut, spent, worst, largest = {}, {}, 0.0, 0.0
    for layer, probe in probes.items():
        views = np.lib.stride_tricks.sliding_window_view(sequence, probe.receptive_field)
        some = np.linspace(0, len(views) - 1, windows).astype(int)
        cut[layer] = views[some].copy()
        worst = max(worst, float(np.abs(block.values[layer][0][:, some].T - probe.activations(cut[layer])).max()))
        largest = max(largest, float(np.abs(block.values[layer]).max()))
    barrier.wait()
    for layer, probe in probes.items():
        start = time.monotonic()
        probe.activations(cut[layer])
        spent[layer] = (time.monotonic() - start) / windows * (LENGTH - probe.receptive_field + 1)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    results.put((begun, ended, busy, sum(spent.values()), worst / max(1.0, largest), peak))


@click.command()
@click.option("--workers", default=2, show_default=True, help="Processes, one thread each.")
@click.option("--transcripts", default=40, show_default=True, help="Of 12,288 nt, in each process.")
@click.option("--windows", default=2048, show_default=True, help="Windows per layer evaluated alone.")
def main(workers: int, transcripts: int, windows: int) -> None:
    """Print the table."""
    fork = multiprocessing.get_context("spawn")
    columns = [
        "all windows of",
        "scan, ms",
        "processor, ms",
        "window by window, ms",
        "ratio",
        "difference",
        "peak memory, MiB",
    ]
    click.echo(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    for name, layers in (("conv5", ["conv5"]), ("all 7 convolutions", ALL)):
        barrier, results = fork.Barrier(workers), fork.Queue()
        shares = [range(i * transcripts, (i + 1) * transcripts) for i in range(workers)]
        processes = [fork.Process(target=work, args=(barrier, results, layers, own, windows)) for own in shares]
        for process in processes:
            process.start()
        found = [results.get() for _ in processes]
        for process in processes:
            process.join()
        begun, ended, busy, alone, difference, peak = (np.array(part) for part in zip(*found, strict=True))
        took = 1000 * (ended.max() - begun.min()) / (workers * transcripts)
        single = 1000 * alone.mean() / workers
        cells = [
            name,
            f"{took:.1f}",
            f"{1000 * busy.mean():.1f}",
            f"{single:,.0f}",
            f"{single / took:.0f}",
            f"{difference.max():.1e}",
        ]
        click.echo(f"| {' | '.join(cells)} | {peak.max() / 1024:.0f} |")


if __name__ == "__main__":
    main()
