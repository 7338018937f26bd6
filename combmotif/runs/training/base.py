"""What every kind of training does alike: claim its folder, tell how it goes on, write its metrics and its card."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from combmotif.config.training.regression import CardText
from combmotif.core.output import OutputFolder
from combmotif.models.architectures.cnn_gru import CnnGru
from combmotif.models.card import save_card
from combmotif.models.weights import replace_file
from combmotif.sequence.alphabet import decode
from combmotif.training.loop import Journal


@dataclass(frozen=True)
class TrainResult:
    """What a training came to.

    Attributes
    ----------
    card : pathlib.Path or None
        File of the model card; None for effects of hexamers that are no model.
    metrics : dict
        Contents of metrics.json.
    lines, warnings : tuple of str
        The result, and what to beware of, in words.
    """

    card: Path | None
    metrics: dict[str, Any]
    lines: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Training:
    """A training under way: its folder, and who is told how it goes on.

    Attributes
    ----------
    out : pathlib.Path
    progress : callable, optional
        Called with (step, done, in all).
    on_epoch : callable, optional
        Called with the losses of an epoch.
    """

    out: Path
    progress: Callable[[str, int, int], None] | None = None
    on_epoch: Callable[[dict[str, float]], None] | None = None

    def step(self, name: str) -> Callable[[int, int], None] | None:
        """Return what tells how far one step is."""
        progress = self.progress
        return None if progress is None else lambda done, total: progress(name, done, total)

    def journal(self, name: str, checkpoint: Path) -> Journal:
        """Return where a net that is trained is kept, and who is told."""
        return Journal(checkpoint, self.step(name), self.on_epoch)

    def claim(self, asked: dict[str, Any]) -> OutputFolder:
        """Note in the folder what is trained there; refuse a folder that holds another training."""
        folder = OutputFolder(self.out, "training")
        note = folder.file("training.json")
        if note.exists():
            known = json.loads(note.read_text(encoding="utf-8"))
            differ = [key for key in asked if known.get(key) != asked[key]]
            if differ:
                raise ValueError(
                    f"{self.out}: holds a training with another '{differ[0]}'; go on with the config it began with, or "
                    f"choose another --out"
                )
        write_json(note, asked)
        return folder


def write_json(path: Path, data: dict[str, Any]) -> None:
    """Write a JSON file whole or not at all."""
    replace_file(path, (json.dumps(data, indent=1) + "\n").encode())


def write_card(
    own: OutputFolder,
    module: nn.Module,
    text: CardText,
    card: dict[str, Any],
    *,
    codes: Sequence[np.ndarray],
    folder: str = "model",
) -> Path:
    """Write a net and its card.

    Parameters
    ----------
    own : OutputFolder
        Of the training.
    module : torch.nn.Module
    text : CardText
        What the config says about the model.
    card : dict
        The rest: ``kind``, ``arguments``, ``input``, ``outputs``, ``recipe``, ``metrics``; ``name`` if it is not the
        config's.
    codes : sequence of uint8 arrays
        A few sequences whose predictions the card promises.
    folder : str, default "model"
        Within the training's.

    Returns
    -------
    pathlib.Path
        File of the card.
    """
    own.files([f"{folder}/model.yaml", f"{folder}/weights.safetensors"])
    full = {
        "name": card.get("name", text.name),
        "description": text.description,
        **{key: card[key] for key in ("kind", "arguments", "input", "outputs")},
        "training": {"data": text.data, "licence": text.licence, "recipe": card["recipe"]},
        "metrics": card["metrics"],
        **({"match_kinds": text.match_kinds} if text.match_kinds else {}),
        "limits": text.limits,
    }
    return save_card(own.path / folder, module.cpu().eval(), full, sequences=[decode(row) for row in codes])


def new_net(arguments: dict[str, Any], *, seed: int, initialise: Callable[[CnnGru], None] | None = None) -> CnnGru:
    """Make an untrained CNN+GRU net whose first weights depend on the seed alone; ``initialise`` draws others."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        try:
            net = CnnGru(**arguments)
        except TypeError as error:
            raise ValueError(f"net.arguments: {error}") from None
        if initialise is not None:
            initialise(net)
    return net


def keep_outputs(net: CnnGru, mean: np.ndarray, std: np.ndarray) -> CnnGru:
    """Cut the head to its first outputs and let it predict in their own units, in place: y = mean + std * head(h)."""
    head, count = net.head, len(mean)
    scale, shift = (torch.as_tensor(x, dtype=torch.float32, device=head.weight.device) for x in (std, mean))
    with torch.no_grad():
        head.weight = nn.Parameter(head.weight[:count] * scale[:, None])
        head.bias = nn.Parameter(head.bias[:count] * scale + shift)
    head.out_features = count
    return net


def parameters(module: nn.Module) -> int:
    """Count the parameters of a net."""
    return sum(parameter.numel() for parameter in module.parameters())
