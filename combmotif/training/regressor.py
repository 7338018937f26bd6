"""Fit a sequence regressor by its mean squared error; predict with a net as it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from combmotif.sequence.onehot import one_hot
from combmotif.training.loop import Journal, TrainingOptions, fit, predict


@dataclass(frozen=True)
class TrainingResult:
    """A trained net: the module in evaluation mode, one row of losses per epoch, and the epoch that was kept."""

    module: nn.Module
    history: list[dict[str, float]]
    best_epoch: int


def squared_correlation(predicted: np.ndarray, measured: np.ndarray) -> float:
    """Squared Pearson correlation of two vectors, as the MRL papers report it."""
    return float(np.corrcoef(np.ravel(predicted), np.ravel(measured))[0, 1] ** 2)


def predict_codes(module: nn.Module, codes: np.ndarray, *, precision: str = "float32") -> np.ndarray:
    """Predict in evaluation mode from codes of shape (n, length), 512 at a time; returns float32 (n, outputs).

    With ``precision="bfloat16"`` the convolutions have half the bits, three times as fast on a processor that has them.
    """
    device = next(module.parameters()).device
    with torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16"):
        starts = range(0, len(codes), 512)
        return predict(module, (one_hot(codes[start : start + 512], device=device) for start in starts))


def shifted(codes: np.ndarray, shift: int) -> np.ndarray:
    """Move sequences to the right, or to the left where ``shift`` is negative, and fill up with N."""
    moved = np.full_like(codes, 4)
    if shift > 0:
        moved[:, shift:] = codes[:, :-shift]
    elif shift < 0:
        moved[:, :shift] = codes[:, -shift:]
    else:
        moved[:] = codes
    return moved


def full_batches(count: int, size: int) -> Callable[[np.random.Generator, int], list[np.ndarray]]:
    """Give, for a generator, the rows of an epoch in random order, in batches of one size; the rest is left out."""

    def drawn(random: np.random.Generator, _epoch: int) -> list[np.ndarray]:
        order = random.permutation(count)
        return [order[start : start + size] for start in range(0, count - size + 1, size)]

    return drawn


def train(
    module: nn.Module,
    codes: np.ndarray,
    labels: np.ndarray,
    validation: tuple[np.ndarray, np.ndarray],
    *,
    options: TrainingOptions,
    weights: np.ndarray | None = None,
    device: torch.device | str = "cpu",
    journal: Journal | None = None,
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
    device : torch.device or str, default "cpu"
    journal : Journal, optional

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
    target = torch.as_tensor(labels, dtype=torch.float32)
    weight = torch.as_tensor(np.ones(len(codes)) if weights is None else weights, dtype=torch.float32)

    def loss(rows: np.ndarray, random: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        moved = shifted(codes[rows], int(random.integers(options.shift + 1)) if options.shift else 0)
        error = module(one_hot(moved, device=device)) - target[rows].to(device)
        value = (error.square().mean(1) * weight[rows].to(device)).mean()
        return value, value

    def evaluate(net: nn.Module) -> tuple[dict[str, float], list[float]]:
        predicted = predict_codes(net, validation[0])
        value = float(np.square(predicted - validation[1]).mean())
        row = {
            "validation_loss": value,
            "validation_squared_correlation": squared_correlation(predicted[:, 0], validation[1][:, 0]),
        }
        return row, [value]

    fitted = fit(
        module,
        torch.optim.Adam(module.parameters(), lr=options.learning_rate, weight_decay=options.weight_decay),
        options,
        batches=full_batches(len(codes), options.batch),
        loss=loss,
        evaluate=evaluate,
        journal=journal,
    )
    module.load_state_dict(fitted.states[0])
    return TrainingResult(module.eval(), fitted.history, fitted.best_epochs[0])
