"""Fit one net to several measured tasks at once, each known for some of the sequences only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from combmotif.config.training.measured import MeasuredFit
from combmotif.sequence.onehot import one_hot
from combmotif.training.loop import Journal, TrainingOptions, fit
from combmotif.training.regressor import full_batches, shifted


class MultitaskOptions(TrainingOptions, MeasuredFit):
    """How to train; shifts go to either side, and there is no patience, for no held-out sequence decides anything."""


def stack(codes: Sequence[np.ndarray], length: int) -> np.ndarray:
    """Write sequences of any lengths as one array (n, length): filled up with N (4) at the 3' end, or cut there."""
    rows = np.full((len(codes), length), 4, dtype=np.uint8)
    for row, code in zip(rows, codes, strict=True):
        row[: min(len(code), length)] = code[:length]
    return rows


def pearson(predicted: np.ndarray, measured: np.ndarray) -> list[float]:
    """Correlate the columns of (n, k) with those of (n, k), each over its rows that are no NaN."""
    known = np.isfinite(measured)
    return [
        float(np.corrcoef(predicted[known[:, task], task], measured[known[:, task], task])[0, 1])
        if known[:, task].sum() > 1
        else float("nan")
        for task in range(measured.shape[1])
    ]


def train_multitask(
    module: nn.Module,
    codes: np.ndarray,
    labels: np.ndarray,
    *,
    options: MultitaskOptions,
    task_weights: Sequence[float] | None = None,
    device: torch.device | str = "cpu",
    journal: Journal | None = None,
) -> list[dict[str, float]]:
    """Train a net in place on all rows; no row is held out and none decides when to stop.

    The loss of a batch is the sum over tasks of weight x squared error over the known labels, divided by the rows of
    the batch: a task counts by its weight and by how often it was measured.

    Parameters
    ----------
    module : torch.nn.Module
        Maps one-hot (batch, 4, length) to (batch, tasks). On return it holds the averaged weights, in evaluation mode.
    codes : uint8 array, shape (n, length)
    labels : float array, shape (n, tasks)
        Of similar scale in all tasks (z-scores); NaN where not measured.
    options : MultitaskOptions
    task_weights : sequence of float, optional
        Default 1 for every task.
    device : torch.device or str, default "cpu"
    journal : Journal, optional
        Of the checkpoint; the order, shifts and dropout of an epoch come from (seed, epoch), so a resumed run ends with
        the same weights.

    Returns
    -------
    list of dict
        ``epoch`` and ``train_loss``, one row per epoch.

    Raises
    ------
    ValueError
        If shapes do not fit, or the checkpoint was written with other options.
    FloatingPointError
        If the loss is no longer finite.
    """
    if labels.ndim != 2 or len(labels) != len(codes):
        raise ValueError(f"labels: expected shape ({len(codes)}, tasks), found {labels.shape}")
    if len(codes) < options.batch:
        raise ValueError(f"batch: expected at most the {len(codes)} training rows, found {options.batch}")
    module = module.to(device)
    known = torch.as_tensor(np.isfinite(labels))
    weight = torch.ones(labels.shape[1]) if task_weights is None else torch.as_tensor(task_weights, dtype=torch.float32)
    share = (known * weight).to(device)
    target = torch.as_tensor(np.nan_to_num(labels), dtype=torch.float32).to(device)

    def loss(rows: np.ndarray, random: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        moved = shifted(codes[rows], int(random.integers(-options.shift, options.shift + 1)) if options.shift else 0)
        x = one_hot(moved, device=device)
        with torch.autocast(x.device.type, torch.bfloat16, enabled=options.precision == "bfloat16"):
            predicted = module(x)
        value = ((predicted.float() - target[rows]).square() * share[rows]).sum() / len(rows)
        return value, value

    fitted = fit(
        module,
        torch.optim.AdamW(module.parameters(), lr=options.learning_rate, weight_decay=options.weight_decay),
        options,
        batches=full_batches(len(codes), options.batch),
        loss=loss,
        journal=journal,
    )
    module.load_state_dict(fitted.states[0])
    module.eval()
    return fitted.history
