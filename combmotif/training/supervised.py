"""Train a net on long labelled sequences: one head per species, early stopping per head, exact resume."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from combmotif.training.regressor import load_state, save_state
from combmotif.sequence.labelled import Labelled


@dataclass(frozen=True)
class SupervisedOptions:
    """How to train.

    Attributes
    ----------
    epochs, min_epochs : int
        Most passes over the data, and those before which it does not stop.
    batch : int
    learning_rate, beta2 : float
        Of Adam, constant.
    weight_decay : float
        Adam's L2 penalty on every parameter.
    kernel_l2 : float
        Penalty on the sum of the squared kernels of convolutions, of the GRU's input and of the hidden dense layer,
        added to the loss; not on biases, recurrent weights and heads (as Saluki's Keras regularizers).
    clip : float
        Largest norm of the whole gradient; 0 does not clip.
    shift : int
        Largest random shift to the right, in nt, one per batch, filled with zeros.
    patience : int
        Stop when no head has improved for this many epochs; 0 never stops early.
    stop : str
        What improves: ``loss`` (mean squared error) or ``pearson``, on the validation rows of each head.
    seed : int
    """

    epochs: int = 250
    min_epochs: int = 0
    batch: int = 64
    learning_rate: float = 1e-4
    beta2: float = 0.999
    weight_decay: float = 0.0
    kernel_l2: float = 0.0
    clip: float = 0.0
    shift: int = 0
    patience: int = 0
    stop: str = "loss"
    seed: int = 0


@dataclass(frozen=True)
class SupervisedResult:
    """A finished training.

    Attributes
    ----------
    states : list of dict
        State dictionary of the best epoch of each head.
    best_epochs : list of int
    history : list of dict
        One row of losses and correlations per epoch.
    """

    states: list[dict[str, torch.Tensor]]
    best_epochs: list[int]
    history: list[dict[str, float]]


def predict_rows(module: nn.Module, rows: Labelled, *, head: int, batch: int = 32) -> np.ndarray:
    """Predict all rows with one head, in evaluation mode; float32 (n,)."""
    was_training = module.training
    module.eval()
    device = next(module.parameters()).device
    parts = []
    try:
        with torch.inference_mode():
            for start in range(0, len(rows.labels), batch):
                index = np.arange(start, min(start + batch, len(rows.labels)))
                parts.append(module(torch.from_numpy(rows.batch(index)).to(device))[:, head].cpu().numpy())
    finally:
        module.train(was_training)
    return np.concatenate(parts)


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
    checkpoint: Path | None = None,
    device: torch.device | str = "cpu",
    on_step: Callable[[int, int], None] | None = None,
    on_epoch: Callable[[dict[str, float]], None] | None = None,
) -> SupervisedResult:
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
    checkpoint : path, optional
        File written after every epoch and read when training starts again.
    device : torch.device or str, default "cpu"
    on_step, on_epoch : callable, optional
        Called with (steps done, steps of the epoch), and with the epoch's row.

    Returns
    -------
    SupervisedResult

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
    history: list[dict[str, float]] = []
    states = [copy.deepcopy(module.state_dict()) for _ in names]
    best_epochs, best = [0] * len(names), [float("inf")] * len(names)
    if (kept := load_state(checkpoint, options, device=device)) is not None:
        module.load_state_dict(kept["module"])
        optimizer.load_state_dict(kept["optimizer"])
        history, states, best_epochs, best = kept["history"], kept["states"], kept["best_epochs"], kept["best"]
    kernels = _kernels(module) if options.kernel_l2 else []
    for epoch in range(len(history), options.epochs):
        if options.patience and epoch >= max(options.min_epochs, max(best_epochs) + options.patience):
            break
        random = np.random.default_rng([options.seed, epoch])
        batches = _batches(training, options.batch, random)
        total = 0.0
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(options.seed * 1_000_003 + epoch)
            module.train()
            for step, (head, rows) in enumerate(batches):
                x = torch.from_numpy(training[head].batch(rows)).to(device)
                shift = int(random.integers(options.shift + 1)) if options.shift else 0
                if shift:
                    x = F.pad(x[:, :, :-shift], (shift, 0))
                target = torch.from_numpy(training[head].labels[rows]).to(device)
                error = F.mse_loss(module(x)[:, head], target)
                loss = error
                if kernels:
                    loss = error + options.kernel_l2 * torch.stack([kernel.square().sum() for kernel in kernels]).sum()
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                if options.clip:
                    nn.utils.clip_grad_norm_(module.parameters(), options.clip)
                optimizer.step()
                total += error.detach().item()
                if on_step is not None:
                    on_step(step + 1, len(batches))
        if not np.isfinite(total):
            raise FloatingPointError(f"training loss is {total} in epoch {epoch + 1}; lower learning_rate")
        row = {"epoch": epoch + 1, "train_loss": total / len(batches)}
        for head, (name, own) in enumerate(zip(names, validation, strict=True)):
            predicted = predict_rows(module, own, head=head)
            loss_value = float(np.square(predicted - own.labels).mean())
            constant = np.ptp(predicted) == 0 or np.ptp(own.labels) == 0
            r = 0.0 if constant else float(np.corrcoef(predicted, own.labels)[0, 1])
            suffix = f"_{name}" if len(names) > 1 else ""
            row |= {f"validation_loss{suffix}": loss_value, f"validation_r{suffix}": r}
            score = loss_value if options.stop == "loss" else -r
            if score < best[head]:
                best[head], best_epochs[head] = score, epoch + 1
                states[head] = copy.deepcopy(module.state_dict())
        history.append(row)
        if checkpoint is not None:
            state = {
                "options": asdict(options),
                "module": module.state_dict(),
                "optimizer": optimizer.state_dict(),
                "history": history,
                "states": states,
                "best_epochs": best_epochs,
                "best": best,
            }
            save_state(state, checkpoint)
        if on_epoch is not None:
            on_epoch(row)
    return SupervisedResult(states, best_epochs, history)
