"""Networks whose attributions are known."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from combmotif.models.model import InputSpec, SequenceModel


class Linear(nn.Module):
    """A weight per base and position, summed; tracks are added with weight 1."""

    def __init__(self, length, channels=4):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(channels, length, generator=torch.Generator().manual_seed(0)))

    def forward(self, x):
        return (x * self.weight[:, : x.shape[2]]).sum((1, 2))


class Small(nn.Module):
    """Convolution, pool, GRU, dense layer: the shape of the shipped nets."""

    def __init__(self, channels=4, *, recurrent=True):
        super().__init__()
        torch.manual_seed(1)
        self.conv1 = nn.Conv1d(channels, 6, 5, padding=2)
        self.pool = nn.MaxPool1d(2)
        self.conv2 = nn.Conv1d(6, 5, 3)
        self.gru = nn.GRU(5, 4, num_layers=2, dropout=0.5, batch_first=True) if recurrent else None
        self.head = nn.Linear(4 if recurrent else 5, 2)

    def forward(self, x):
        h = self.conv2(self.pool(torch.relu(self.conv1(x)))).transpose(1, 2)
        h = self.gru(h)[0][:, -1] if self.gru is not None else torch.relu(h).mean(1)
        return self.head(h)


@pytest.fixture
def linear():
    return lambda length=20, channels=4: SequenceModel(
        "linear", Linear(length, channels), InputSpec(channels=channels), ("output",)
    )


@pytest.fixture
def small():
    """A net with convolutions and a GRU, of two outputs."""

    def small(**spec):
        recurrent = spec.pop("recurrent", True)
        module = Small(spec.get("channels", 4), recurrent=recurrent)
        return SequenceModel("small", module, InputSpec(**spec), ("first", "second"))

    return small


@pytest.fixture
def codes():
    random = np.random.default_rng(2)
    return lambda *lengths: [random.integers(0, 4, length).astype(np.uint8) for length in lengths]
