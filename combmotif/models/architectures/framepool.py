"""FramePool: mean ribosome load from a 5'UTR of any length, pooled by reading frame (Karollus et al. 2021)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn

from combmotif.models.architectures.keras_weights import load_keras, load_published, read_keras_layers


class FramePool(nn.Module):
    """Three ``same`` convolutions whose outputs are pooled per reading frame, counted from the 3' end.

    Positions that hold no base (N or padding, all four channels zero) are masked after every convolution. Per
    frame, the maximum and the sum divided by the number of bases of the whole sequence are concatenated.

    Parameters
    ----------
    residual : bool, default False
        Add each convolution's input to its output (the "residual" weights).
    library_scaling : bool, default False
        The file ends in a regression over two libraries; the first (egfp) is applied.

    References
    ----------
    Karollus, Avsec and Gagneur, PLoS Computational Biology 2021, 17:e1008982.
    """

    def __init__(self, *, residual: bool = False, library_scaling: bool = False) -> None:
        super().__init__()
        self.residual = residual
        self.conv1 = nn.Conv1d(4, 128, 7, padding=3)
        self.conv2 = nn.Conv1d(128, 128, 7, padding=3)
        self.conv3 = nn.Conv1d(128, 128, 7, padding=3)
        self.dense1 = nn.Linear(768, 64)
        self.head = nn.Linear(64, 1)
        self.register_buffer("slope", torch.ones(1))
        self.register_buffer("intercept", torch.zeros(1))
        self.library_scaling = library_scaling

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Predict from one-hot (batch, 4, length >= 3); returns (batch, 1)."""
        present = x.sum(1, keepdim=True)
        h = torch.relu(self.conv1(x)) * present
        for conv in (self.conv2, self.conv3):
            new = torch.relu(conv(h)) * present
            h = h + new if self.residual else new
        h = h.flip(2)
        frames = [h[:, :, frame::3] for frame in range(3)]
        bases = present.sum(2)
        pooled = [frame.amax(2) for frame in frames] + [frame.sum(2) / bases for frame in frames]
        y = self.head(torch.relu(self.dense1(torch.cat(pooled, 1))))
        return y * self.slope + self.intercept

    @classmethod
    def from_keras(cls, path: str | Path) -> FramePool:
        """Build the net from a published Keras HDF5 file; residual weights are told by their scaling layer."""
        scaling = read_keras_layers(path).get("scaling_regression")
        names = {f"convolution_{i}": f"conv{i + 1}" for i in range(3)}
        names |= {"fully_connected_0": "dense1", "mrl_output_unscaled": "head"}
        module = cls(residual=scaling is not None, library_scaling=scaling is not None)
        load_keras(module, path, names)
        if scaling is not None:
            kernel = torch.from_numpy(scaling["kernel"][:, 0])
            module.get_buffer("slope").copy_(kernel[:1])
            module.get_buffer("intercept").copy_(kernel[2:3])
        return module


def load_framepool(path: Path, **arguments: Any) -> nn.Module:
    """Open the published Keras file, or safetensors of our own."""
    return load_published(FramePool, FramePool.from_keras, path, arguments)
