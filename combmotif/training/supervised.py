"""Train a net on long labelled sequences: one head per species, each with the weights of its own best epoch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from combmotif.sequence.labelled import Labelled
from combmotif.training.loop import Fitted, Journal, TrainingOptions, fit, predict


class SupervisedOptions(TrainingOptions):
    """How to train; further than :class:`TrainingOptions`, or otherwise:

    Attributes
    ----------
    min_epochs : int
        Passes over the data before which it does not stop.
    beta2 : float
        Of Adam.
    kernel_l2 : float
        Penalty on the sum of the squared kernels of convolutions, of the GRU's input and of the hidden dense layer,
        added to the loss; not on biases, recurrent weights and heads (as Saluki's Keras regularizers).
    shift : int
        Filled with zeros.
    patience : int
        Stop when no head has improved for this many epochs; 0 never stops early.
    stop : str
        What improves: ``loss`` (mean squared error) or ``pearson``, on the validation rows of each head.
    """

    epochs: int = 250
    batch: int = 64
    learning_rate: float = 1e-4
    schedule: Literal["one_cycle", "constant"] = "constant"
    averaging: float = 0.0
    clip: float = 0.0
    min_epochs: int = 0
    beta2: float = 0.999
    kernel_l2: float = 0.0
    stop: Literal["loss", "pearson"] = "loss"


def predict_rows(module: nn.Module, rows: Labelled, *, head: int) -> np.ndarray:
    """Predict all rows with one head, in evaluation mode; float32 (n,)."""
    count = len(rows.labels)
    batches = (np.arange(start, min(start + 32, count)) for start in range(0, count, 32))
    return predict(module, (torch.from_numpy(rows.batch(own)) for own in batches))[:, head]


def _kernels(module: nn.Module) -> list[torch.Tensor]:
    found = []
    for name, layer in module.named_modules():
        if isinstance(layer, nn.Conv1d) or (isinstance(layer, nn.Linear) and name != "head"):
            found.append(layer.weight)
        elif isinstance(layer, nn.GRU):
            found += [parameter for key, parameter in layer.named_parameters() if key.startswith("weight_ih")]
    return found


def _batches(rows: Sequence[Labelled], size: int, random: np.random.Generator) -> list[tuple[int, np.ndarray]]:
    """All rows of all heads in random order; a batch is of one head, and one of a single row is left out."""
    batches = []
    for head, own in enumerate(rows):
        order = random.permutation(len(own.labels))
        parts = [order[start : start + size] for start in range(0, len(order), size)]
        batches += [(head, part) for part in parts if len(part) > 1]
    return [batches[i] for i in random.permutation(len(batches))] if len(rows) > 1 else batches


def train_supervised(
    module: nn.Module,
    training: Sequence[Labelled],
    validation: Sequence[Labelled],
    *,
    names: Sequence[str],
    options: SupervisedOptions,
    device: torch.device | str = "cpu",
    journal: Journal | None = None,
) -> Fitted:
    """Train a net in place; a batch holds rows of one head, whose squared error is the loss.

    Every epoch's order, shifts and dropout come from (seed, epoch), so a resumed run ends with the same weights as an
    undisturbed one. Only a batch of rows is in memory at a time, if the rows are read from a file.

    Parameters
    ----------
    module : torch.nn.Module
        Maps one-hot (batch, channels, length) to (batch, heads).
    training, validation : sequence of Labelled
        One per head.
    names : sequence of str
        Of the heads, for the history.
    options : SupervisedOptions
    device : torch.device or str, default "cpu"
    journal : Journal, optional

    Returns
    -------
    Fitted
        One state of the net and one best epoch per head.

    Raises
    ------
    ValueError
        If the checkpoint was written with other options.
    FloatingPointError
        If the loss is no longer finite.
    """
    module = module.to(device)
    optimizer = torch.optim.Adam(
        module.parameters(),
        lr=options.learning_rate,
        betas=(0.9, options.beta2),
        weight_decay=options.weight_decay,
    )
    kernels = _kernels(module) if options.kernel_l2 else []

    def loss(batch: tuple[int, np.ndarray], random: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        head, rows = batch
        x = torch.from_numpy(training[head].batch(rows)).to(device)
        shift = int(random.integers(options.shift + 1)) if options.shift else 0
        if shift:
            x = F.pad(x[:, :, :-shift], (shift, 0))
        error = F.mse_loss(module(x)[:, head], torch.from_numpy(training[head].labels[rows]).to(device))
        if not kernels:
            return error, error
        return error + options.kernel_l2 * torch.stack([kernel.square().sum() for kernel in kernels]).sum(), error

    def evaluate(net: nn.Module) -> tuple[dict[str, float], list[float]]:
        row: dict[str, float] = {}
        scores = []
        for head, (name, own) in enumerate(zip(names, validation, strict=True)):
            predicted = predict_rows(net, own, head=head)
            value = float(np.square(predicted - own.labels).mean())
            constant = np.ptp(predicted) == 0 or np.ptp(own.labels) == 0
            r = 0.0 if constant else float(np.corrcoef(predicted, own.labels)[0, 1])
            suffix = f"_{name}" if len(names) > 1 else ""
            row |= {f"validation_loss{suffix}": value, f"validation_r{suffix}": r}
            scores.append(value if options.stop == "loss" else -r)
        return row, scores

    return fit(
        module,
        optimizer,
        options,
        batches=lambda random, _epoch: _batches(training, options.batch, random),
        loss=loss,
        evaluate=evaluate,
        min_epochs=options.min_epochs,
        journal=journal,
    )
