"""Time the prediction of edited sequences: what an edit changes, one pair at a time, and full forward passes.

    python scripts/benchmarks/perturbation.py

Prints one row per case. An instance is what one scramble of a motif pair needs: four states (the sequence, A
scrambled, B scrambled, both); for mutagenesis it is one substitution. "Full forward" runs the module on tensors that
are ready, the most a full forward pass can do; "one at a time" predicts the four states of every scramble by
themselves. Rates of full passes are measured on some of the instances. The difference is the largest between the two
predictions of the same edits, as a share of the largest prediction.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import click
import numpy as np
import torch

from combmotif.effect.pairs.states import States, evaluate_every
from combmotif.inference import Edits, predict_edits
from combmotif.models.architectures.cnn_gru import CnnGru
from combmotif.models.model import InputSpec, SequenceModel

LONG, SHORT = 12_288, 50


def seconds(run: Callable[[], object], *, at_least: float = 1.0) -> float:
    """Shortest time of a call."""
    run()
    best, total = float("inf"), 0.0
    while total < at_least:
        begun = time.perf_counter()
        run()
        took = time.perf_counter() - begun
        best, total = min(best, took), total + took
    return best


def forward_rate(model: SequenceModel, codes: list[np.ndarray], batch: int) -> float:
    """Sequences per second of the module itself."""
    x = model.tensor(np.stack([codes[i % len(codes)] for i in range(batch)]))
    with torch.inference_mode():
        return batch / seconds(lambda: model(x))


def states_case(model: SequenceModel, length: int, placements: int, draws: int, rng: np.random.Generator) -> list[str]:
    """Four states of random placements of a pair, 6 nt each, 5 to 300 nt apart; one placement per sequence."""
    codes = [rng.integers(0, 4, length).astype(np.uint8) for _ in range(placements)]
    gap = rng.integers(5, min(300, length // 3), placements)
    start_a = rng.integers(0, length - 12 - gap, placements)
    start_b = start_a + 6 + gap
    letters = [rng.integers(0, 4, (placements, draws, 6)).astype(np.uint8) for _ in range(2)]
    segments = list(zip((start_a, start_b), letters, strict=True))
    took = seconds(lambda: evaluate_every(model, codes, segments))
    states = States.of(evaluate_every(model, codes, segments))

    def written(placement: int, draw: int) -> np.ndarray:
        four = np.tile(codes[placement], (4, 1))
        a, b = (slice(start, start + 6) for start in (start_a[placement], start_b[placement]))
        four[1, a] = four[3, a] = letters[0][placement, draw]
        four[2, b] = four[3, b] = letters[1][placement, draw]
        return four

    some = [(int(p), int(k)) for p, k in zip(rng.integers(0, placements, 8), rng.integers(0, draws, 8), strict=True)]
    single = len(some) / seconds(lambda: [model.predict(written(p, k)) for p, k in some])
    full = np.stack([model.predict(written(p, k))[:, 0] for p, k in some])
    fast = np.array([[states.o[p], states.a[p, k], states.b[p, k], states.n[p, k]] for p, k in some])
    forward = forward_rate(model, codes, 4 if length == LONG else 512) / 4
    difference = np.abs(full - fast).max() / max(1.0, np.abs(full).max())
    name = f"four states x {draws} scrambles, {length:,} nt"
    return row(name, placements * draws / took, forward, single, difference)


def mutagenesis_case(model: SequenceModel, length: int, count: int, rng: np.random.Generator) -> list[str]:
    """Every substitution of sequences."""
    codes = [rng.integers(0, 4, length).astype(np.uint8) for _ in range(count)]
    edits = Edits.substitutions(codes)
    took = seconds(lambda: predict_edits(model, codes, edits))
    found = predict_edits(model, codes, edits)
    some = np.unique(np.linspace(0, len(edits) - 1, 16).astype(int))
    parts = [edits.select(np.array([i])).apply(codes) for i in some]
    single = len(some) / seconds(lambda: [model.predict(part) for part in parts])
    full = np.concatenate([model.predict(part) for part in parts])
    forward = forward_rate(model, codes, 4 if length == LONG else 512)
    difference = np.abs(full - found.values[some]).max() / max(1.0, np.abs(full).max())
    return row(f"all {3 * length:,} substitutions, {length:,} nt", len(edits) / took, forward, single, difference)


def row(name: str, rate: float, forward: float, single: float, difference: float) -> list[str]:
    """Format one line of the table."""
    return [name, f"{rate:,.1f}", f"{forward:,.1f}", f"{single:,.1f}", f"{rate / forward:.2f}", f"{difference:.1e}"]


@click.command()
@click.option("--threads", default=1, show_default=True, help="Threads of torch, for all columns alike.")
def main(threads: int) -> None:
    """Print the table."""
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    long = SequenceModel("6 blocks", CnnGru(channels=6, blocks=6, padding=0), InputSpec(channels=6))
    saluki = SequenceModel("reversed", CnnGru(channels=6, blocks=6, padding=0, reverse=True), InputSpec(channels=6))
    short = SequenceModel("3 blocks", CnnGru())
    columns = ["case", "instances/s", "full forward", "one at a time", "ratio to forward", "difference"]
    click.echo(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    for name, model, length, placements in (
        ("6 blocks", long, LONG, 8),
        ("6 blocks, read 3' to 5'", saluki, LONG, 8),
        ("3 blocks", short, SHORT, 200),
    ):
        cells = states_case(model, length, placements, 32, rng)
        click.echo(f"| {name}: {' | '.join(cells)} |")
    for name, model, length, count in (("6 blocks", long, LONG, 1), ("3 blocks", short, SHORT, 64)):
        click.echo(f"| {name}: {' | '.join(mutagenesis_case(model, length, count, rng))} |")


if __name__ == "__main__":
    main()
