"""The torch net against a forward pass written from its description in NumPy alone."""

import numpy as np
import pytest
import torch

from combmotif.models import CnnGru
from combmotif.sequence import one_hot


@pytest.mark.parametrize(
    ("arguments", "parameters", "convolutions"),
    [
        ({"channels": 4, "blocks": 3, "padding": 2}, 92_865, 4),
        ({"channels": 6, "blocks": 6, "padding": 0}, 155_521, 7),
    ],
)
def test_parameters_are_those_of_the_published_nets(arguments, parameters, convolutions):
    net = CnnGru(**arguments)
    assert sum(p.numel() for p in net.parameters()) == parameters
    assert sum(isinstance(m, torch.nn.Conv1d) for m in net.modules()) == convolutions


def _convolve(x, weight, bias, padding):
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding)))
    windows = np.lib.stride_tricks.sliding_window_view(x, weight.shape[2], axis=2)
    return np.einsum("ncpk,ock->nop", windows, weight) + bias[None, :, None]


def _channel_norm(x, weight, bias, eps):
    centred = x - x.mean(1, keepdims=True)
    return centred / np.sqrt(x.var(1, keepdims=True) + eps) * weight[None, :, None] + bias[None, :, None]


def _batch_norm(h, w, name):
    scale = w[f"{name}.weight"] / np.sqrt(w[f"{name}.running_var"] + 1e-5)
    return (h - w[f"{name}.running_mean"]) * scale + w[f"{name}.bias"]


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def numpy_forward(w, x, *, blocks, padding):
    """conv, then [norm, ReLU, conv, pool 2], norm, ReLU, GRU (last step), BN, ReLU, dense, BN, ReLU, head."""
    h = _convolve(x, w["conv1.weight"], np.zeros(len(w["conv1.weight"])), padding)
    for block in range(1, blocks + 1):
        h = np.maximum(_channel_norm(h, w[f"norm{block}.weight"], w[f"norm{block}.bias"], 0.007), 0)
        h = _convolve(h, w[f"conv{block + 1}.weight"], w[f"conv{block + 1}.bias"], padding)
        even = h.shape[2] // 2 * 2
        h = np.maximum(h[:, :, 0:even:2], h[:, :, 1:even:2])
    h = np.maximum(_channel_norm(h, w["norm_last.weight"], w["norm_last.bias"], 0.007), 0)
    width = h.shape[1]
    state = np.zeros((len(h), width))
    for step in range(h.shape[2]):
        gi = h[:, :, step] @ w["gru.weight_ih_l0"].T + w["gru.bias_ih_l0"]
        gh = state @ w["gru.weight_hh_l0"].T + w["gru.bias_hh_l0"]
        reset = _sigmoid(gi[:, :width] + gh[:, :width])
        update = _sigmoid(gi[:, width : 2 * width] + gh[:, width : 2 * width])
        new = np.tanh(gi[:, 2 * width :] + reset * gh[:, 2 * width :])
        state = (1 - update) * new + update * state
    h = np.maximum(_batch_norm(state, w, "bn1"), 0) @ w["dense.weight"].T + w["dense.bias"]
    return np.maximum(_batch_norm(h, w, "bn2"), 0) @ w["head.weight"].T + w["head.bias"]


@pytest.mark.parametrize(("blocks", "padding", "length"), [(3, 2, 50), (2, 0, 61)])
def test_forward_equals_numpy(blocks, padding, length):
    torch.manual_seed(0)
    net = CnnGru(blocks=blocks, padding=padding, width=12, dropout=0.5).eval()
    with torch.no_grad():  # batch and layer norms that do something
        for name, value in [*net.named_parameters(), *net.named_buffers()]:
            if value.dtype.is_floating_point and any(part in name for part in ("norm", "bn", "bias")):
                value.copy_(torch.rand_like(value) + 0.5)
    codes = np.random.default_rng(1).integers(0, 5, (5, length)).astype(np.uint8)
    x = one_hot(codes)
    weights = {key: value.double().numpy() for key, value in net.state_dict().items()}
    with torch.inference_mode():
        found = net(x).numpy()
    expected = numpy_forward(weights, x.double().numpy(), blocks=blocks, padding=padding)
    assert found.shape == (5, 1)
    assert np.abs(found - expected).max() < 1e-5
    assert found.std() > 1e-3
