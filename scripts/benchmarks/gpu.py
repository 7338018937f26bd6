"""Time the stages of an interpretation on a processor and on a GPU.

    python scripts/benchmarks/gpu.py

Runs each stage on the net of 6 blocks (64 channels) with one processor thread and, where there is one, on a CUDA
device: predictions and scans of transcripts of 12,288 nt, the search for windows of 32 neurons of conv5, attributions
by gradients, and predictions of edited sequences. A stage runs once before it is timed. The last column is the largest
difference between the two devices as a share of the largest value; searches are left out of it, which differ once a
value is rounded otherwise. Convolutions use full float32 on the GPU (no TF32).
"""

from __future__ import annotations

import time
from collections.abc import Callable

import click
import numpy as np
import torch

from combmotif.attribution import AttributionOptions, attribute
from combmotif.inference import Edits, WindowProbe, predict_edits, scan_layers
from combmotif.models.architectures.cnn_gru import CnnGru
from combmotif.models.model import InputSpec, SequenceModel
from combmotif.sampling import EvolveOptions, evolve


def network(device: str) -> SequenceModel:
    """Make the net on a device; the same weights on both."""
    torch.manual_seed(0)
    return SequenceModel("6 blocks", CnnGru(blocks=6, padding=0).to(device), InputSpec())


def stages(model: SequenceModel, length: int, count: int) -> dict[str, Callable[[], np.ndarray]]:
    """What is timed; each gives the numbers that are compared."""
    random = np.random.default_rng(0)
    codes = [row.astype(np.uint8) for row in random.integers(0, 4, (count, length))]

    def scanned() -> np.ndarray:
        blocks = scan_layers(model, ["conv5"], codes)
        return np.array([float(block.values["conv5"].sum(dtype=np.float64)) for block in blocks])

    def searched() -> np.ndarray:
        seeds = [np.random.default_rng(i) for i in range(32)]
        options = EvolveOptions(generations=16, keep=500)
        evolve(WindowProbe(model, "conv5"), range(32), seeds=seeds, options=options)
        return np.zeros(0)

    def attributed() -> np.ndarray:
        found = attribute(
            model, codes[: max(1, count // 4)], "output:0", options=AttributionOptions(method="gradient_input")
        )
        return np.concatenate([score.ravel() for score in found.scores])

    def edited() -> np.ndarray:
        edits = Edits.substitutions(codes[:2], start=length // 2, stop=length // 2 + 50)
        return predict_edits(model, codes[:2], edits).values

    return {
        f"predict {count} transcripts": lambda: model.predict(codes),
        f"scan {count} transcripts": scanned,
        "search for windows, 32 neurons": searched,
        f"attribute {max(1, count // 4)} transcripts": attributed,
        "predict 300 edits": edited,
    }


def timed(work: Callable[[], np.ndarray], device: str) -> tuple[float, np.ndarray]:
    """Seconds of the second run, and its numbers."""
    work()
    if device == "cuda":
        torch.cuda.synchronize()
    begun = time.perf_counter()
    found = work()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - begun, found


@click.command(help=__doc__)
@click.option("--length", default=12_288, show_default=True, help="Of a transcript, in nt.")
@click.option("--count", default=32, show_default=True, help="Transcripts.")
def main(length: int, count: int) -> None:
    """Print the table."""
    torch.set_num_threads(1)
    torch.backends.cudnn.allow_tf32 = False
    devices = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
    work = {device: stages(network(device), length, count) for device in devices}
    print(f"{'stage':36} {'CPU s':>8} {'GPU s':>8} {'difference':>10}")
    for name in work["cpu"]:
        seconds, expected = timed(work["cpu"][name], "cpu")
        row = f"{name:36} {seconds:8.2f}"
        if "cuda" in devices:
            faster, found = timed(work["cuda"][name], "cuda")
            gap = float(np.abs(found - expected).max() / np.abs(expected).max()) if expected.size else float("nan")
            row += f" {faster:8.2f} {gap:10.1e}"
        print(row, flush=True)
    if len(devices) == 1:
        print("no GPU at hand: torch finds no CUDA device")


if __name__ == "__main__":
    main()
