"""Optimus 5-Prime and FramePool read from files in the original layout, against a plain NumPy forward pass."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from combmotif.models.architectures.framepool import FramePool
from combmotif.models.architectures.optimus import Optimus5Prime

sys.path.insert(0, str(Path(__file__).parent))
import numpy_nets as plain


def _layer(rng, *shape):
    return {
        "kernel": (rng.normal(size=shape) / np.sqrt(np.prod(shape[:-1]))).astype(np.float32),
        "bias": rng.normal(size=shape[-1]).astype(np.float32) * 0.1,
    }


def _one_hot(rng, length):
    return np.eye(4)[rng.integers(0, 4, length)]


def _predict(net, x):
    with torch.inference_mode():
        return net(torch.from_numpy(x.T[None]).float()).numpy()[0]


def test_optimus(tmp_path):
    rng = np.random.default_rng(0)
    layers = {f"conv_{i}": _layer(rng, 8, 4 if i == 1 else 120, 120) for i in (1, 2, 3)}
    layers |= {"dense_1": _layer(rng, 6000, 40), "dense_2": _layer(rng, 40, 3)}
    plain.write_keras(tmp_path / "optimus.h5", layers)
    net = Optimus5Prime.from_keras(tmp_path / "optimus.h5")
    x = _one_hot(rng, 50)
    assert _predict(net, x) == pytest.approx(plain.optimus(layers, x), abs=1e-5)


@pytest.mark.parametrize("residual", [False, True])
def test_framepool(tmp_path, residual):
    rng = np.random.default_rng(1)
    layers = {f"convolution_{i}": _layer(rng, 7, 4 if i == 0 else 128, 128) for i in range(3)}
    layers |= {"fully_connected_0": _layer(rng, 768, 64), "mrl_output_unscaled": _layer(rng, 64, 1)}
    if residual:
        layers["scaling_regression"] = {"kernel": np.array([[0.9], [0.8], [1.9], [1.3]], np.float32)}
    plain.write_keras(tmp_path / "framepool.h5", layers)
    net = FramePool.from_keras(tmp_path / "framepool.h5")
    for length in (35, 50):
        x = _one_hot(rng, length)
        x[:4] = 0  # padding at the 5' end
        assert _predict(net, x)[0] == pytest.approx(plain.framepool(layers, x, residual=residual), abs=1e-5)
