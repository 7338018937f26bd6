"""The training loop of every net: seeded epochs, one-cycle rate, averaged weights, early stopping, exact resume."""

from __future__ import annotations

import copy
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR, LRScheduler, OneCycleLR
from torch.optim.swa_utils import AveragedModel

from combmotif.config.training.regression import FitSection
from combmotif.core.files import read_sealed, write_sealed

Batch = TypeVar("Batch")
State = dict[str, torch.Tensor]


class TrainingOptions(FitSection):
    """How to train: what ``fit`` of a config says, and the seed.

    The schedule of one cycle is that of Smith and Topin 2019; shifts break the reading frame to the start codon.
    """

    seed: int = 0


@dataclass(frozen=True)
class Journal:
    """Where a training is kept as it goes on, and who is told.

    Attributes
    ----------
    checkpoint : path, optional
        File written after every epoch and read when training starts again.
    on_step : callable, optional
        Called with (steps done, steps in all).
    on_epoch : callable, optional
        Called with the epoch's row of the history.
    """

    checkpoint: Path | None = None
    on_step: Callable[[int, int], None] | None = None
    on_epoch: Callable[[dict[str, float]], None] | None = None


@dataclass(frozen=True)
class Fitted:
    """A finished training.

    Attributes
    ----------
    states : list of dict
        State dictionary of the best epoch by each score.
    best_epochs : list of int
        Counted from 1.
    history : list of dict
        One row per epoch.
    """

    states: list[State]
    best_epochs: list[int]
    history: list[dict[str, float]]


def predict(module: nn.Module, inputs: Iterable[torch.Tensor]) -> np.ndarray:
    """Predict batch by batch in evaluation mode, on the module's device; float32 (n, outputs)."""
    was_training = module.training
    module.eval()
    device = next(module.parameters()).device
    try:
        with torch.inference_mode():
            return np.concatenate([module(x.to(device)).float().cpu().numpy() for x in inputs])
    finally:
        module.train(was_training)


def save_state(state: dict, path: Path) -> None:
    """Write a checkpoint whole or not at all, with its checksum."""
    buffer = io.BytesIO()  # torch hides a full disk behind a RuntimeError; a plain write names it
    torch.save(state, buffer)
    write_sealed(path, buffer.getvalue())


def load_state(path: Path | None, options: Any, *, device: torch.device | str) -> dict[str, Any] | None:
    """Read the checkpoint of a training; None where there is none, or it is damaged, which is said.

    Raises
    ------
    ValueError
        If it was written with other options.
    """
    content = None if path is None else read_sealed(path, instead="the training begins anew")
    if content is None:
        return None
    state: dict[str, Any] = torch.load(io.BytesIO(content), map_location=device, weights_only=True)
    if state["options"] != options.model_dump():
        raise ValueError(f"{path}: written with other training options; finish that run or choose another --out")
    return state


def follow(module: nn.Module, averaging: float) -> AveragedModel:
    """Average a module's weights and buffers as it trains, over few steps at first and more and more later."""

    def average(kept: torch.Tensor, new: torch.Tensor, count: torch.Tensor | int) -> torch.Tensor:
        if not kept.is_floating_point():  # a norm's count of batches
            return new
        steps = int(count)
        return kept.lerp(new, 1 - min(averaging, (steps + 1) / (steps + 10)))

    return AveragedModel(module, avg_fn=average, use_buffers=True)


def _schedule(optimizer: torch.optim.Optimizer, options: TrainingOptions, steps: int) -> LRScheduler | None:
    if options.schedule == "one_cycle":  # from 1/25 of the rate up over 15 % of all steps, then down to 1/2000
        return OneCycleLR(
            optimizer, options.learning_rate, total_steps=steps, pct_start=0.15, cycle_momentum=False,
            div_factor=25, final_div_factor=80,
        )  # fmt: skip
    warm = max(1, steps // 20)

    def cosine(step: int) -> float:
        if step < warm:
            return (step + 1) / warm
        return 0.5 * (1 + float(np.cos(np.pi * (step - warm) / max(1, steps - warm))))

    return LambdaLR(optimizer, cosine) if options.schedule == "cosine" else None


def fit(
    module: nn.Module,
    optimizer: torch.optim.Optimizer,
    options: TrainingOptions,
    *,
    batches: Callable[[np.random.Generator, int], Sequence[Batch]],
    loss: Callable[[Batch, np.random.Generator], tuple[torch.Tensor, torch.Tensor]],
    evaluate: Callable[[nn.Module], tuple[dict[str, float], list[float]]] | None = None,
    min_epochs: int = 0,
    journal: Journal | None = None,
) -> Fitted:
    """Train a net in place.

    Every epoch's batches, shifts and dropout come from (seed, epoch), and the checkpoint holds all else that the next
    epoch depends on, so a resumed run ends with the same weights as an undisturbed one.

    Parameters
    ----------
    module : torch.nn.Module
        On its device; it is left with the weights of the last step.
    optimizer : torch.optim.Optimizer
        Of its parameters, at ``options.learning_rate``.
    options : TrainingOptions
    batches : callable
        Gives the batches of an epoch from the epoch's generator and its number, counted from 0; equally many in each,
        the last may have fewer.
    loss : callable
        Gives, for a batch and the epoch's generator, what is minimised and what is reported of it.
    evaluate : callable, optional
        Gives, for the net that is kept (averaged weights, if there are any), a row of figures for the history, and the
        scores to bring down; the weights of the best epoch by each score are kept, those of the last epoch where there
        is no score. Default: neither figures nor scores.
    min_epochs : int, default 0
        Epochs before which it does not stop early.
    journal : Journal, optional

    Returns
    -------
    Fitted

    Raises
    ------
    ValueError
        If the checkpoint was written with other options or by an earlier version, or there is not one batch.
    FloatingPointError
        If the loss is no longer finite.
    """
    journal = journal or Journal()
    count, rest = (
        len(batches(np.random.default_rng([options.seed, epoch]), epoch)) for epoch in (0, options.epochs - 1)
    )
    if not count:
        raise ValueError(f"batch: expected at most as many sequences as there are to train on, found {options.batch}")
    steps = count * (options.epochs - 1) + rest
    parts: dict[str, Any] = {"module": module, "optimizer": optimizer}
    kept = module
    if options.averaging:
        parts["average"] = follow(module, options.averaging)
        kept = parts["average"].module
    if (schedule := _schedule(optimizer, options, steps)) is not None:
        parts["schedule"] = schedule
    history: list[dict[str, float]] = []
    states: list[State] = []
    best: list[float] = []
    best_epochs: list[int] = []
    if (known := load_state(journal.checkpoint, options, device=next(module.parameters()).device)) is not None:
        if "states" not in known:
            raise ValueError(f"{journal.checkpoint}: written by an earlier version of combmotif; choose another --out")
        for name, part in parts.items():
            part.load_state_dict(known[name])
        history, states, best, best_epochs = (known[name] for name in ("history", "states", "best", "best_epochs"))

    for epoch in range(len(history), options.epochs):
        if options.patience and history and epoch >= max(min_epochs, max(best_epochs) + options.patience):
            break
        random = np.random.default_rng([options.seed, epoch])
        total = 0.0
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(options.seed * 1_000_003 + epoch)
            module.train()
            drawn = batches(random, epoch)
            for index, batch in enumerate(drawn):
                minimised, reported = loss(batch, random)
                optimizer.zero_grad(set_to_none=True)
                minimised.backward()
                if options.clip:
                    nn.utils.clip_grad_norm_(module.parameters(), options.clip)
                optimizer.step()
                if "schedule" in parts:
                    parts["schedule"].step()
                if "average" in parts:
                    parts["average"].update_parameters(module)
                total += reported.item()
                if journal.on_step is not None:
                    journal.on_step(epoch * count + index + 1, steps)
        if not np.isfinite(total):
            raise FloatingPointError(f"training loss is {total} in epoch {epoch + 1}; lower learning_rate")
        row, scores = ({}, []) if evaluate is None else evaluate(kept)
        scores = scores or [-float(epoch)]
        history.append({"epoch": epoch + 1, "train_loss": total / len(drawn), **row})
        if not states:  # also where no epoch has a score that compares
            states, best, best_epochs = [_copied(kept)] * len(scores), [np.inf] * len(scores), [0] * len(scores)
        for number, score in enumerate(scores):
            if score < best[number]:
                best[number], best_epochs[number], states[number] = score, epoch + 1, _copied(kept)
        if journal.checkpoint is not None:
            now = {name: part.state_dict() for name, part in parts.items()}
            now |= {"history": history, "states": states, "best": best, "best_epochs": best_epochs}
            save_state({"options": options.model_dump(), **now}, journal.checkpoint)
        if journal.on_epoch is not None:
            journal.on_epoch(history[-1])
    return Fitted(states, best_epochs, history)


def _copied(module: nn.Module) -> State:
    return copy.deepcopy(module.state_dict())
