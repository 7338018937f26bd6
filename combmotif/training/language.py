"""Train a language model of nucleotides on any sequences: exact resume, held-out loss, weight averaging."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count, islice
from typing import Literal

import numpy as np
import torch
from torch import nn

from combmotif.config.training.language import LanguageFit
from combmotif.models.architectures.language import LanguageNet, channels_last
from combmotif.sequence.onehot import one_hot
from combmotif.training.loop import Journal, TrainingOptions, fit
from combmotif.training.overlap import group_folds, kmer_hashes, overlap_groups

_SHORTEST = 40
"""Shorter sequences are left out: they hold no 40-mer by which a held-out relative could be told."""


class LanguageOptions(LanguageFit, TrainingOptions):
    """How to train: what ``fit`` of a config says, and the seed.

    The rate rises for 5 % of the steps and falls along a cosine. An epoch is ``every`` steps, not a pass over the text:
    the held-out loss is measured and the checkpoint written after each.
    """

    schedule: Literal["one_cycle", "cosine", "constant"] = "cosine"
    weight_decay: float = 0.01


def without_repeats(codes: Sequence[np.ndarray], *, k: int = 40) -> np.ndarray:
    """Find the sequences of whose k-mers at least half stand in no earlier sequence; bool (n,).

    Variants and overlapping tiles of one 3'UTR would otherwise be read again and again.
    """
    hashes = [kmer_hashes(np.asarray(row, dtype=np.uint8), k) for row in codes]
    rows = np.repeat(np.arange(len(hashes)), [len(row) for row in hashes])
    _, first, inverse = np.unique(np.concatenate(hashes), return_index=True, return_inverse=True)
    new = np.bincount(rows, weights=rows[first][inverse] == rows, minlength=len(hashes))
    return new >= 0.5 * np.bincount(rows, minlength=len(hashes)).clip(1)


def hold_out(
    codes: Sequence[np.ndarray], measured: np.ndarray, *, share: float, k: int = 40, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Choose sequences to measure the loss on, and those to train on, which share no k-mer with them.

    Parameters
    ----------
    codes : sequence of uint8 arrays
    measured : bool array (n,)
        Sequences among which to choose.
    share : float
        Of those, held out.
    k : int, default 40
    seed : int, default 0

    Returns
    -------
    (held_out, training) : two int arrays of rows

    Raises
    ------
    ValueError
        If there are too few groups of related sequences to hold out this share.
    """
    groups = overlap_groups(codes, k=k)
    rows = np.flatnonzero(measured)
    folds = max(2, round(1 / share))
    # the largest groups are dealt first, one to each fold: the last fold has small ones
    chosen = rows[group_folds(groups[rows], folds=folds, seed=seed) == folds - 1]
    return chosen, np.flatnonzero(~np.isin(groups, groups[chosen]))


def _batches(codes: Sequence[np.ndarray], options: LanguageOptions, number: int) -> list[list[tuple[int, int, int]]]:
    """Cut all sequences into windows in random order; batches of (row, start, length), of one length each."""
    random = np.random.default_rng([options.seed, number])
    windows = []
    for row, code in enumerate(codes):
        start = int(random.integers(options.window)) if len(code) > options.window else 0
        if start >= _SHORTEST:
            windows.append((row, 0, start))
        for begin in range(start, len(code) - _SHORTEST + 1, options.window):
            windows.append((row, begin, min(options.window, len(code) - begin)))
    order = random.permutation(len(windows))
    ordered = sorted((windows[i] for i in order), key=lambda window: window[2])
    batches, at = [], 0
    while at < len(ordered):
        length = ordered[at][2]
        part = ordered[at : at + max(1, options.batch // length)]
        batches.append([(row, begin, length) for row, begin, _ in part])  # all are cut to the shortest
        at += len(part)
    return [batches[i] for i in random.permutation(len(batches))]


def held_out_loss(net: LanguageNet, codes: Sequence[np.ndarray]) -> float:
    """Mean negative log probability of every base given all others of its sequence, in nats per base."""
    was_training = net.training
    net.eval()
    device = next(net.parameters()).device
    lengths = np.array([len(code) for code in codes])
    total, bases = 0.0, 0.0
    try:
        with torch.inference_mode():
            for length in np.unique(lengths):
                rows = np.flatnonzero(lengths == length)
                size = max(1, 20_000 // int(length))
                for start in range(0, len(rows), size):
                    x = one_hot(np.stack([codes[i] for i in rows[start : start + size]]), device=device)
                    total -= float((net.log_probabilities(x) * x).sum())
                    bases += float(x.sum())
    finally:
        net.train(was_training)
    return total / bases


def train_language(
    net: LanguageNet,
    training: Sequence[np.ndarray],
    held_out: Sequence[np.ndarray],
    *,
    options: LanguageOptions,
    journal: Journal | None = None,
) -> list[dict[str, float]]:
    """Train a net in place; every base of a window is a target, predicted from the others.

    The order of the windows comes from (seed, pass), so a resumed training ends with the weights of an undisturbed one.

    Parameters
    ----------
    net : LanguageNet
        On return it holds the averaged weights, in evaluation mode.
    training, held_out : sequences of uint8 arrays
    options : LanguageOptions
    journal : Journal, optional
        Its checkpoint is written, and its ``on_epoch`` called, every ``options.every`` steps.

    Returns
    -------
    list of dict
        ``step``, ``training_loss`` and ``held_out_loss`` at every checkpoint.

    Raises
    ------
    ValueError
        If the checkpoint was written with other options, or no sequence is long enough.
    FloatingPointError
        If the loss is no longer finite.
    """
    if not _batches(training, options, 0):
        raise ValueError(f"texts: expected sequences of at least {_SHORTEST} nt, found none")
    device = next(net.parameters()).device
    options = options.model_copy(update={"epochs": -(-options.steps // options.every)})
    journal = journal or Journal()
    windows: Iterator[list[tuple[int, int, int]]] | None = None

    def loss(step: int, _random: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        nonlocal windows
        if windows is None:  # the first step, or the one at which an interrupted training goes on
            passes = (batch for number in count() for batch in _batches(training, options, number))
            windows = islice(passes, step, None)
        codes = np.stack([training[row][begin : begin + length] for row, begin, length in next(windows)])
        x = one_hot(codes, device=device).unsqueeze(2).contiguous(memory_format=torch.channels_last)
        with torch.autocast(device.type, torch.bfloat16):
            predicted = net.log_probabilities(x, channels_last)
        value = -(predicted * x).sum() / x.sum()
        return value, value

    def measured(row: dict[str, float]) -> dict[str, float]:
        step = min(int(row["epoch"]) * options.every, options.steps)
        return {"step": step, "training_loss": row["train_loss"], "held_out_loss": row["held_out_loss"]}

    def evaluate(kept: nn.Module) -> tuple[dict[str, float], list[float]]:
        assert isinstance(kept, LanguageNet)
        return {"held_out_loss": held_out_loss(kept, held_out)}, []

    tell = journal.on_epoch
    fitted = fit(
        net,
        torch.optim.AdamW(net.parameters(), lr=options.learning_rate, weight_decay=options.weight_decay),
        options,
        batches=lambda _, epoch: range(epoch * options.every, min((epoch + 1) * options.every, options.steps)),
        loss=loss,
        evaluate=evaluate,
        journal=journal if tell is None else replace(journal, on_epoch=lambda row: tell(measured(row))),
    )
    net.load_state_dict(fitted.states[0])
    net.eval()
    return [measured(row) for row in fitted.history]
