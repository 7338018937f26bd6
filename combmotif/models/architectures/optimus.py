"""Optimus 5-Prime: mean ribosome load from a 50-nt 5'UTR (Sample et al. 2019)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from combmotif.models.architectures.keras_weights import load_keras, load_published


class Optimus5Prime(nn.Module):
    """Three ``same`` convolutions (width 8, 120 filters), a dense layer of 40, and a linear head.

    Parameters
    ----------
    outputs : int, default 3
        Heads; the published multi-output weights have HEK293T, T cells, HepG2.
    length : int, default 50
        Input length, fixed by the dense layer.

    References
    ----------
    Sample et al., Nature Biotechnology 2019, 37:803; weights with three heads: Castillo-Hair et al. 2024.
    """

    def __init__(self, outputs: int = 3, length: int = 50) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(4, 120, 8)
        self.conv2 = nn.Conv1d(120, 120, 8)
        self.conv3 = nn.Conv1d(120, 120, 8)
        self.dense1 = nn.Linear(120 * length, 40)
        self.dense2 = nn.Linear(40, outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Predict from one-hot (batch, 4, length); returns (batch, outputs)."""
        for conv in (self.conv1, self.conv2, self.conv3):
            x = torch.relu(conv(F.pad(x, (3, 4))))
        x = torch.relu(self.dense1(x.transpose(1, 2).flatten(1)))
        return self.dense2(x)

    @classmethod
    def from_keras(cls, path: str | Path) -> Optimus5Prime:
        """Build the net from the published Keras HDF5 file (layers conv_1..3, dense_1..2)."""
        names = {"conv_1": "conv1", "conv_2": "conv2", "conv_3": "conv3", "dense_1": "dense1", "dense_2": "dense2"}
        return load_keras(cls(), path, names)  # type: ignore[return-value]


def load_optimus(path: Path, **arguments: Any) -> nn.Module:
    """Open the published Keras file, or safetensors of our own."""
    return load_published(Optimus5Prime, Optimus5Prime.from_keras, path, arguments)
