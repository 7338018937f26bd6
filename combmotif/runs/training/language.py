"""Train a language model on files of sequences, measure it beside k-mer models, and write its card."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from combmotif.config.training.language import LanguageConfig, TextSection
from combmotif.core.output import OutputFolder
from combmotif.models.architectures.language import LanguageNet
from combmotif.models.device import choose_device
from combmotif.runs.training.base import Training, TrainResult, parameters, write_card, write_json
from combmotif.sequence.alphabet import encode
from combmotif.sequence.delimited import open_table
from combmotif.sequence.fasta import iterate_fasta
from combmotif.sequence.sets import random_sequences
from combmotif.training.language import LanguageOptions, held_out_loss, hold_out, train_language, without_repeats

_FASTA = (".fa", ".fasta", ".fna")


def read_text(text: TextSection) -> list[np.ndarray]:
    """Read the sequences of a FASTA file or of a column of a table."""
    path = Path(text.path)
    if path.name.removesuffix(".gz").lower().endswith(_FASTA):
        found = [codes for _, codes in iterate_fasta(path)]
    else:
        with open_table(path, columns=text.columns) as table:
            at = table.sequence_place(text.sequence)
            found = [encode(table.sequence(row, cells, at), name=f"{path}: row {row}") for row, cells in table.rows]
    if not found:
        raise ValueError(f"{path}: expected sequences, found none")
    return found


def context_loss(training: Sequence[np.ndarray], held_out: Sequence[np.ndarray], *, before: int, after: int) -> float:
    """Loss of a k-mer model of the training text: a base given the ``before`` bases to its left and ``after`` right.

    Counts begin at one tenth each. Bases nearer to an end than the context, or beside an N, are not scored.

    Returns
    -------
    float
        Nats per base.
    """
    k = before + 1 + after

    def read(codes: np.ndarray) -> np.ndarray:
        windows = np.lib.stride_tricks.sliding_window_view(codes, k)
        return windows[(windows < 4).all(1)] if len(codes) >= k else np.zeros((0, k), np.uint8)

    power = 4 ** np.arange(k - 1, dtype=np.int64)

    def place(windows: np.ndarray) -> np.ndarray:
        context = np.delete(windows, before, axis=1).astype(np.int64) @ power
        return context * 4 + windows[:, before]

    counts = np.full(4**k, 0.1)
    for codes in training:
        if len(codes) >= k:
            np.add.at(counts, place(read(codes)), 1)
    table = counts.reshape(-1, 4)
    logs = np.log(table / table.sum(1, keepdims=True)).ravel()
    found = np.concatenate([logs[place(read(codes))] for codes in held_out if len(codes) >= k])
    return float(-found.mean())


def fit_language(config: LanguageConfig, training: Training) -> TrainResult:
    """Train a language model; its metrics hold the held-out loss of the net and of k-mer models; see `train`."""
    texts = [read_text(text) for text in config.texts]
    codes = [row for text in texts for row in text]
    measured = np.repeat(np.arange(len(texts)) == 0, [len(text) for text in texts])
    own = training.claim(config.model_dump(mode="json", exclude={"card", "device"}))
    kept = np.flatnonzero(without_repeats(codes, k=config.held_out.shared))
    codes, measured = [codes[i] for i in kept], measured[kept]
    held_rows, training_rows = hold_out(
        codes, measured, share=config.held_out.share, k=config.held_out.shared, seed=config.seed
    )
    text, held_out = [codes[i] for i in training_rows], [codes[i] for i in held_rows]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        net = LanguageNet(**config.net.model_dump()).to(choose_device(config.device))
    history = train_language(
        net,
        text,
        held_out,
        options=LanguageOptions(**config.fit.model_dump(), seed=config.seed),
        journal=training.journal("training", own.file("checkpoint.pt")),
    )
    return _finish(config, net.cpu(), own, text, held_out, history)


def _finish(
    config: LanguageConfig,
    net: LanguageNet,
    own: OutputFolder,
    training: Sequence[np.ndarray],
    held_out: Sequence[np.ndarray],
    history: list[dict[str, float]],
) -> TrainResult:
    losses = {"the net": held_out_loss(net, held_out)}
    for name, before, after in (("Markov-0", 0, 0), ("Markov-5", 5, 0), ("k-mers 3+3", 3, 3)):
        losses[name] = context_loss(training, held_out, before=before, after=after)
    metrics: dict[str, Any] = {
        "parameters": parameters(net),
        "training_bases": int(sum(len(row) for row in training)),
        "held_out_bases": int(sum(len(row) for row in held_out)),
        "held_out_sequences": len(held_out),
        "held_out_loss": {name: round(loss, 4) for name, loss in losses.items()},
        "history": history,
    }
    write_json(own.file("metrics.json"), metrics)
    examples = random_sequences(4, 100, seed=config.seed).codes
    card = write_card(own, net, config.card, _card(config, metrics), codes=examples)
    lines = [f"{loss:.4f} nats per base: {name}" for name, loss in metrics["held_out_loss"].items()]
    return TrainResult(card, metrics, tuple(lines))


def _card(config: LanguageConfig, metrics: dict[str, Any]) -> dict[str, Any]:
    text, fit, shared = config.card, config.fit, config.held_out.shared
    read = fit.steps * fit.batch
    return {
        "kind": "language",
        "arguments": config.net.model_dump(),
        "input": {"alphabet": "rna", "channels": 4, "description": text.input},
        "outputs": [
            {
                "name": text.output,
                "unit": text.unit or "nats per base",
                "meaning": text.meaning or "a sequence more like those it was trained on",
                "link": "identity",
            }
        ],
        "recipe": f"{metrics['training_bases']:,} bases, none of which shares a {shared}-mer with held-out ones; "
        f"AdamW, {fit.steps:,} steps of {fit.batch:,} bases ({read:,} read), peak rate "
        f"{fit.learning_rate:g}, weight average {fit.averaging:g}, bfloat16, seed {config.seed}.",
        "metrics": [
            {
                "name": f"nats per base, {name}",
                "value": value,
                "data": f"{metrics['held_out_sequences']:,} held-out sequences, {metrics['held_out_bases']:,} bases, "
                f"each predicted from all others",
                "command": text.command,
            }
            for name, value in metrics["held_out_loss"].items()
        ],
    }
