"""Clamping a neuron whose effect is known."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from combmotif.effect.neurons.clamp import channel_means, channel_sums, clamp
from combmotif.models.model import SequenceModel
from combmotif.sequence.sets import random_sequences


class Net(nn.Module):
    """y = 2 * sum relu(channel 0) - 3 * sum relu(channel 1); channel 2 is not read."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv1d(4, 3, 3)
        self.dense = nn.Linear(3, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = torch.relu(self.conv(x)).sum(2)
        first = 2 * h[:, 0] - 3 * h[:, 1]
        return torch.stack([first, -first], 1)


@pytest.fixture
def net() -> SequenceModel:
    torch.manual_seed(0)
    return SequenceModel("toy", Net(), outputs=("y", "minus"))


CODES = [*random_sequences(7, 30, seed=0).codes, *random_sequences(5, 21, seed=1).codes]


def test_change_is_prediction_minus_clamped_prediction(net):
    means = channel_means(net, "conv", CODES)
    change = clamp(net, "conv", [0, 1, 2], CODES, means, batch=4)
    for row, codes in enumerate(CODES):
        h = net.module.conv(net.tensor(codes[None]))[0].detach().double().numpy()
        per_position = np.maximum(h, 0).sum(1) - np.maximum(means, 0) * h.shape[1]
        np.testing.assert_allclose(change[row], [2 * per_position[0], -3 * per_position[1], 0], atol=1e-4)


def test_a_neuron_that_raises_the_prediction_has_a_positive_change(net):
    low = np.full(1, -10.0)
    assert (clamp(net, "conv", [0], CODES, low) > 0).all()
    assert (clamp(net, "conv", [1], CODES, low) < 0).all()
    assert (clamp(net, "conv", [0], CODES, low, output=1) < 0).all()


def test_means_are_over_all_positions_of_all_sequences(net):
    values = np.concatenate([net.module.conv(net.tensor(c[None]))[0].detach().numpy() for c in CODES], 1)
    np.testing.assert_allclose(channel_means(net, "conv", CODES, batch=3), values.mean(1), rtol=1e-5)


@pytest.mark.parametrize("beside", [False, True])
def test_both_strands_in_one_batch_are_held(beside):
    class Strands(Net):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            pair = [x, x.flip([1, 2])]
            h = super().forward(torch.stack(pair, 1).flatten(0, 1) if beside else torch.cat(pair))
            return (h.unflatten(0, (-1, 2)) if beside else h.unflatten(0, (2, -1)).transpose(0, 1)).sum(1)

    torch.manual_seed(0)
    net = SequenceModel("toy", Strands(), outputs=("y", "minus"))
    change = clamp(net, "conv", [0, 1, 2], CODES, np.zeros(3), batch=5)
    for row, codes in enumerate(CODES):
        x = net.tensor(codes[None])
        h = sum(torch.relu(net.module.conv(strand))[0].sum(1) for strand in (x, x.flip([1, 2]))).detach().numpy()
        np.testing.assert_allclose(change[row], [2 * h[0], -3 * h[1], 0], atol=1e-4)


class Functional(nn.Module):
    """Two convolutions that are called as functions, then one that is a module, in which another lies."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Parameter(torch.randn(3, 4, 5)), nn.Parameter(torch.randn(2, 3, 3))
        self.block = nn.Sequential(nn.Conv1d(2, 4, 3), nn.ReLU(), nn.Conv1d(4, 2, 2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = torch.relu(torch.conv1d(torch.relu(torch.conv1d(x, self.first)), self.second))
        return self.block(h).amax(2).sum(1, keepdim=True)


def test_all_layers_are_averaged_in_one_pass():
    torch.manual_seed(0)
    net = SequenceModel("toy", Functional(), outputs=("y",))
    channel_means(net, "conv", CODES)  # looks for the layers, once for each net
    calls = []
    net.module.register_forward_hook(lambda *_: calls.append(1))
    layers = ["conv", "conv_2", "block", "block.0", "block.2"]
    together = channel_sums(net, layers, CODES)
    assert len(calls) == 3 * 2  # two lengths; the functions one by one, all modules at once
    for layer in layers:
        sums, positions = together[layer]
        np.testing.assert_allclose(sums / positions, channel_means(net, layer, CODES), rtol=1e-5)
    values = [torch.conv1d(net.tensor(c[None]), net.module.first)[0].detach().numpy() for c in CODES]
    np.testing.assert_allclose(channel_means(net, "conv", CODES), np.concatenate(values, 1).mean(1), rtol=1e-4)
    parts = [channel_sums(net, layers, CODES[:7]), channel_sums(net, layers, CODES[7:])]
    for layer in layers:
        total = [sum(part[layer][i] for part in parts) for i in (0, 1)]
        np.testing.assert_allclose(total[0] / total[1], channel_means(net, layer, CODES), rtol=1e-5)


def test_the_hook_is_removed_also_after_an_error(net):
    with pytest.raises(ValueError, match="neurons: layer 'conv' has neurons 0-2"):
        clamp(net, "conv", [7], CODES, np.zeros(1))
    clamp(net, "conv", [0], CODES, np.zeros(1))
    assert not net.module.conv._forward_hooks


def test_unknown_layers_and_shapes_are_named(net):
    with pytest.raises(ValueError, match="layer: model 'toy' has no layer 'conv9'; choose one of conv"):
        clamp(net, "conv9", [0], CODES, np.zeros(1))
    with pytest.raises(ValueError, match="values: expected one per neuron"):
        clamp(net, "conv", [0], CODES, np.zeros(2))


def test_several_outputs_at_once_equal_one_by_one():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv1d(4, 3, 3), nn.ReLU(), nn.AdaptiveMaxPool1d(1), nn.Flatten(), nn.Linear(3, 2))
    model = SequenceModel("two", net, outputs=("first", "second"))
    codes = list(np.random.default_rng(0).integers(0, 4, (5, 20)).astype(np.uint8))
    both = clamp(model, "0", (0, 2), codes, np.zeros(2), output=(0, 1))
    assert both.shape == (5, 2, 2)
    for output in (0, 1):
        assert np.array_equal(both[:, :, output], clamp(model, "0", (0, 2), codes, np.zeros(2), output=output))
