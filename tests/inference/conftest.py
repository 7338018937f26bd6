"""What a network does at one place, measured on the plain module."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import pytest
import torch

from combmotif.models.model import InputSpec, SequenceModel


@pytest.fixture
def wrap():
    """Make a SequenceModel of a module, with weights drawn from a seed."""

    def wrap(module, *, seed=0, length=None, channels=4):
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for parameter in module.parameters():
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.5)
        return SequenceModel("toy", module, InputSpec(length=length, channels=channels))

    return wrap


@pytest.fixture
def plain_output():
    """Output of a submodule in an ordinary forward pass, found by a hook of its own."""

    def plain_output(model, layer, x):
        found = []
        handle = model.module.get_submodule(layer).register_forward_hook(
            lambda _m, _i, output: found.append(output.clone())
        )
        try:
            with suppress(RuntimeError):  # a dense layer behind it may want another length
                model.module(x)
        finally:
            handle.remove()
        return found[0]

    return plain_output


@pytest.fixture
def plain_windows(plain_output):
    """Values of windows (n, RF), each put inside a longer random sequence where the neuron sees no padding."""

    def plain_windows(model, geometry, windows):
        first = max(0, -(geometry.offset // geometry.stride))
        left, right = geometry.offset + first * geometry.stride, geometry.receptive_field + 3 * geometry.stride
        random = np.random.default_rng(5)
        around = random.integers(0, 4, (len(windows), left + right)).astype(np.uint8)
        codes = np.concatenate([around[:, :left], windows, around[:, left:]], 1)
        with torch.no_grad():
            return plain_output(model, geometry.layer, model.tensor(codes))[:, :, first].numpy()

    return plain_windows
