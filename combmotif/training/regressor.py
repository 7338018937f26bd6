"""Fit a sequence regressor: mean squared error, Adam, one-cycle schedule, weight averaging, exact resume."""

from __future__ import annotations

import copy
import io
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from combmotif.core.files import read_sealed, write_sealed
from combmotif.sequence.onehot import one_hot


@dataclass(frozen=True)
class TrainingOptions:
    """How to train.

    Attributes
    ----------
    epochs : int
        Passes over the data.
    batch : int
        Sequences per step.
    learning_rate : float
        Peak of the one-cycle schedule (Smith and Topin 2019), or the constant rate.
    schedule : str
        ``"one_cycle"`` or ``"constant"``.
    weight_decay : float
        Adam's L2 penalty.
    averaging : float
        Decay per step of the exponential moving average of the weights that is evaluated and kept; 0 keeps the
        last weights.
    shift : int
        Largest random shift to the right, in nt, one per batch, filled with N (0: none). Shifts break the reading
        frame to the start codon.
    clip : float
        Largest norm of the gradient; 0 does not clip.
    patience : int
        Stop after this many epochs without a better validation loss; 0 never stops early.
    seed : int
    """

    epochs: int = 20
    batch: int = 256
    learning_rate: float = 3e-3
    schedule: str = "one_cycle"
    weight_decay: float = 0.0
    averaging: float = 0.999
    shift: int = 0
    clip: float = 1.0
    patience: int = 0
    seed: int = 0


@dataclass(frozen=True)
class TrainingResult:
    """A trained net: the module in evaluation mode, one row of losses per epoch, and the epoch that was kept."""

    module: nn.Module
    history: list[dict[str, float]]
    best_epoch: int


def r_squared(predicted: np.ndarray, measured: np.ndarray) -> float:
    """Squared Pearson correlation of two vectors, as the MRL papers report it."""
    return float(np.corrcoef(np.ravel(predicted), np.ravel(measured))[0, 1] ** 2)


def predict_codes(module: nn.Module, codes: np.ndarray, *, batch: int = 512, precision: str = "float32") -> np.ndarray:
    """Predict in evaluation mode from codes of shape (n, length); returns float32 (n, outputs).

    With ``precision="bfloat16"`` the convolutions have half the bits, three times as fast on a processor that has them.
    """
    was_training = module.training
    module.eval()
    device = next(module.parameters()).device
    try:
        with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16"):
            parts = [
                module(one_hot(codes[start : start + batch], device=device)).float().cpu().numpy()
                for start in range(0, len(codes), batch)
            ]
    finally:
        module.train(was_training)
    return np.concatenate(parts)


def learning_rate_at(options: TrainingOptions, step: int, steps: int) -> float:
    """Rate of one step: constant, or rising over the first 15 % of all steps and falling along a cosine after."""
    if options.schedule == "constant":
        return options.learning_rate
    warm = max(1, int(0.15 * steps))
    if step < warm:
        return options.learning_rate * (0.04 + 0.96 * step / warm)
    done = (step - warm) / max(1, steps - warm)
    return options.learning_rate * (0.0005 + 0.9995 * 0.5 * (1 + float(np.cos(np.pi * done))))


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
    if state["options"] != asdict(options):
        raise ValueError(f"{path}: written with other training options; finish that run or choose another --out")
    return state


def train(
    module: nn.Module,
    codes: np.ndarray,
    labels: np.ndarray,
    validation: tuple[np.ndarray, np.ndarray],
    *,
    options: TrainingOptions,
    weights: np.ndarray | None = None,
    checkpoint: Path | None = None,
    device: torch.device | str = "cpu",
    on_step: Callable[[int, int], None] | None = None,
    on_epoch: Callable[[dict[str, float]], None] | None = None,
) -> TrainingResult:
    """Train a net on fixed-length sequences.

    Every epoch's order, shifts and dropout come from (seed, epoch), so a resumed run ends with the same weights as
    an undisturbed one.

    Parameters
    ----------
    module : torch.nn.Module
        Maps one-hot (batch, 4, length) to (batch, outputs).
    codes : uint8 array, shape (n, length)
    labels : float array, shape (n, outputs)
    validation : (codes, labels)
        Never trained on; decides early stopping and the epoch that is kept.
    options : TrainingOptions
    weights : float array, shape (n,), optional
        Weight of each sequence in the loss; default 1.
    checkpoint : path, optional
        File written after every epoch and read when training starts again.
    device : torch.device or str, default "cpu"
    on_step, on_epoch : callable, optional
        Called with (steps done, steps in all), and with the epoch's row of losses.

    Returns
    -------
    TrainingResult

    Raises
    ------
    ValueError
        If the checkpoint was written with other options.
    FloatingPointError
        If the loss is no longer finite.
    """
    module = module.to(device)
    optimizer = torch.optim.Adam(module.parameters(), lr=options.learning_rate, weight_decay=options.weight_decay)
    average = copy.deepcopy(module)
    history: list[dict[str, float]] = []
    best_state, best_epoch, best_loss = copy.deepcopy(module.state_dict()), 0, float("inf")
    first = 0
    if (state := load_state(checkpoint, options, device=device)) is not None:
        module.load_state_dict(state["module"])
        average.load_state_dict(state["average"])
        optimizer.load_state_dict(state["optimizer"])
        history, first = state["history"], state["epoch"]
        best_state, best_epoch, best_loss = state["best_state"], state["best_epoch"], state["best_loss"]

    batches = len(codes) // options.batch
    steps = batches * options.epochs
    target = torch.as_tensor(labels, dtype=torch.float32)
    weight = torch.as_tensor(np.ones(len(codes)) if weights is None else weights, dtype=torch.float32)
    for epoch in range(first, options.epochs):
        if options.patience and history and epoch - best_epoch >= options.patience:
            break
        random = np.random.default_rng([options.seed, epoch])
        order = random.permutation(len(codes))
        total = 0.0
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(options.seed * 1_000_003 + epoch)
            module.train()
            for index in range(batches):
                rows = order[index * options.batch : (index + 1) * options.batch]
                batch = codes[rows]
                shift = int(random.integers(options.shift + 1)) if options.shift else 0
                if shift:
                    batch = np.pad(batch[:, :-shift], ((0, 0), (shift, 0)), constant_values=4)
                step = epoch * batches + index
                for group in optimizer.param_groups:
                    group["lr"] = learning_rate_at(options, step, steps)
                error = module(one_hot(batch, device=device)) - target[rows].to(device)
                loss = (error.square().mean(1) * weight[rows].to(device)).mean()
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                if options.clip:
                    nn.utils.clip_grad_norm_(module.parameters(), options.clip)
                optimizer.step()
                decay = min(options.averaging, (step + 1) / (step + 10))
                with torch.no_grad():
                    for kept, new in zip(average.state_dict().values(), module.state_dict().values(), strict=True):
                        if kept.dtype.is_floating_point and options.averaging:
                            kept.lerp_(new, 1 - decay)
                        else:
                            kept.copy_(new)
                total += loss.detach().item()
                if on_step is not None:
                    on_step(step + 1, steps)
        if not np.isfinite(total):
            raise FloatingPointError(f"training loss is {total} in epoch {epoch + 1}; lower learning_rate")
        predicted = predict_codes(average, validation[0])
        validation_loss = float(np.square(predicted - validation[1]).mean())
        row = {
            "epoch": epoch + 1,
            "train_loss": total / batches,
            "validation_loss": validation_loss,
            "validation_r2": r_squared(predicted[:, 0], validation[1][:, 0]),
        }
        history.append(row)
        if validation_loss < best_loss:
            best_loss, best_epoch, best_state = validation_loss, epoch + 1, copy.deepcopy(average.state_dict())
        if checkpoint is not None:
            state = {
                "options": asdict(options),
                "epoch": epoch + 1,
                "module": module.state_dict(),
                "average": average.state_dict(),
                "optimizer": optimizer.state_dict(),
                "history": history,
                "best_state": best_state,
                "best_epoch": best_epoch,
                "best_loss": best_loss,
            }
            save_state(state, checkpoint)
        if on_epoch is not None:
            on_epoch(row)
    module.load_state_dict(best_state)
    return TrainingResult(module.eval(), history, best_epoch)
