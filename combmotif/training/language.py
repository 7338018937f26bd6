"""Train a language model of nucleotides on any sequences: exact resume, held-out loss, weight averaging."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn

from combmotif.config.training.language import LanguageFit
from combmotif.models.architectures.language import LanguageNet, channels_last
from combmotif.sequence.onehot import one_hot
from combmotif.training.loop import load_state, save_state
from combmotif.training.overlap import group_folds, kmer_hashes, overlap_groups

_SHORTEST = 40
"""Shorter sequences are left out: they hold no 40-mer by which a held-out relative could be told."""


class LanguageOptions(LanguageFit):
    """How to train: what ``fit`` of a config says, and the seed.

    The rate rises for 5 % of the steps and falls along a cosine; the held-out loss is measured at every checkpoint.
    """

    seed: int = 0


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


def _rate(options: LanguageOptions, step: int) -> float:
    warm = max(1, options.steps // 20)
    if step < warm:
        return options.learning_rate * (step + 1) / warm
    return options.learning_rate * 0.5 * (1 + float(np.cos(np.pi * (step - warm) / max(1, options.steps - warm))))


def train_language(
    net: LanguageNet,
    training: Sequence[np.ndarray],
    held_out: Sequence[np.ndarray],
    *,
    options: LanguageOptions,
    checkpoint: Path | None = None,
    on_step: Callable[[int, int], None] | None = None,
    on_check: Callable[[dict[str, float]], None] | None = None,
) -> tuple[LanguageNet, list[dict[str, float]]]:
    """Train a net in place; every base of a window is a target, predicted from the others.

    The order of the windows comes from (seed, pass), so a resumed training ends with the weights of an undisturbed one.

    Parameters
    ----------
    net : LanguageNet
    training, held_out : sequences of uint8 arrays
    options : LanguageOptions
    checkpoint : path, optional
        Written every ``options.every`` steps and read when training starts again.
    on_step, on_check : callable, optional
        Called with (steps done, steps in all), and with the losses at every checkpoint.

    Returns
    -------
    (LanguageNet, list of dict)
        The averaged net, in evaluation mode, and the losses at every checkpoint.

    Raises
    ------
    ValueError
        If the checkpoint was written with other options, or no sequence is long enough.
    FloatingPointError
        If the loss is no longer finite.
    """
    device = next(net.parameters()).device
    averaged = copy.deepcopy(net)
    optimizer = torch.optim.AdamW(net.parameters(), lr=options.learning_rate, weight_decay=0.01)
    history: list[dict[str, float]] = []
    step, number, place = 0, 0, 0
    if (kept := load_state(checkpoint, options, device=device)) is not None:
        net.load_state_dict(kept["net"])
        averaged.load_state_dict(kept["averaged"])
        optimizer.load_state_dict(kept["optimizer"])
        history, step, number, place = kept["history"], kept["step"], kept["pass"], kept["place"]
    net.train()
    batches = _batches(training, options, number)
    if not batches:
        raise ValueError(f"texts: expected sequences of at least {_SHORTEST} nt, found none")
    loss_sum, loss_count = 0.0, 0
    while step < options.steps:
        if place == len(batches):
            number, place = number + 1, 0
            batches = _batches(training, options, number)
        codes = np.stack([training[row][begin : begin + length] for row, begin, length in batches[place]])
        x = one_hot(codes, device=device).unsqueeze(2).contiguous(memory_format=torch.channels_last)
        for group in optimizer.param_groups:
            group["lr"] = _rate(options, step)
        with torch.autocast(device.type, torch.bfloat16):
            predicted = net.log_probabilities(x, channels_last)
        loss = -(predicted * x).sum() / x.sum()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), options.clip)
        optimizer.step()
        step, place = step + 1, place + 1
        decay = min(options.averaging, step / (step + 10))  # the first steps are forgotten sooner
        with torch.no_grad():
            for mean, value in zip(averaged.parameters(), net.parameters(), strict=True):
                mean.lerp_(value, 1 - decay)
        loss_sum, loss_count = loss_sum + float(loss.detach()), loss_count + 1
        if on_step is not None:
            on_step(step, options.steps)
        if step % options.every and step < options.steps:
            continue
        if not np.isfinite(loss_sum):
            raise FloatingPointError(f"training loss is {loss_sum} before step {step}; lower learning_rate")
        row = {
            "step": step,
            "training_loss": loss_sum / loss_count,
            "held_out_loss": held_out_loss(averaged, held_out),
        }
        history.append(row)
        loss_sum, loss_count = 0.0, 0
        if checkpoint is not None:
            state = {
                "options": options.model_dump(),
                "net": net.state_dict(),
                "averaged": averaged.state_dict(),
                "optimizer": optimizer.state_dict(),
                "history": history,
                "step": step,
                "pass": number,
                "place": place,
            }
            save_state(state, checkpoint)
        if on_check is not None:
            on_check(row)
    return averaged.eval(), history
