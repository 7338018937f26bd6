"""Clamping a neuron whose effect is known."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from combmotif.effect.neurons.clamp import channel_means, clamp
from combmotif.models.model import SequenceModel
from combmotif.sequence.tables import random_sequences


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
