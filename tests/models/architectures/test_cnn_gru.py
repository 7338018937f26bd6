"""The torch net against a forward pass written from its description in NumPy alone."""

import numpy as np
import pytest
import torch

from combmotif.inference import layer_geometry
from combmotif.models import InputSpec, SequenceModel
from combmotif.models.architectures.cnn_gru import CnnGru
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


@pytest.mark.parametrize(("pooled", "positions"), [(None, 10), (6, 10), (3, 20), (2, 40), (0, 160)])
def test_blocks_beyond_pooled_keep_their_positions(pooled, positions):
    net = CnnGru(blocks=4 if pooled is None else 6, padding=2, width=8, pooled=pooled).eval()
    steps = []
    net.gru.register_forward_hook(lambda _m, inputs, _o: steps.append(inputs[0].shape[1]))
    with torch.inference_mode():
        net(one_hot(np.zeros((1, 160), np.uint8)))
    assert steps == [positions if pooled != 6 else 2]
    default, own = CnnGru(blocks=6), CnnGru(blocks=6, pooled=pooled, readout="mean", conv_dropout=0.0)
    assert {k: v.shape for k, v in own.state_dict().items()} == {k: v.shape for k, v in default.state_dict().items()}


def test_readouts_weigh_all_steps():
    torch.manual_seed(1)
    codes = np.random.default_rng(0).integers(0, 4, (3, 40)).astype(np.uint8)
    nets = {name: CnnGru(blocks=2, width=8, pooled=1, readout=name).eval() for name in ("last", "mean", "max")}
    seen = {}
    for name, net in nets.items():
        net.load_state_dict(nets["last"].state_dict())
        steps = []
        net.gru.register_forward_hook(lambda _m, _i, output, steps=steps: steps.append(output[0]))
        net.bn1.register_forward_hook(lambda _m, inputs, _o, name=name: seen.update({name: inputs[0]}))
        with torch.inference_mode():
            net(one_hot(codes))
    assert torch.equal(seen["last"], steps[0][:, -1])
    assert torch.allclose(seen["mean"], steps[0].mean(1))
    assert torch.equal(seen["max"], steps[0].max(1).values)


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match="pooled: expected 0 to 3 .*found 4"):
        CnnGru(pooled=4)
    with pytest.raises(ValueError, match="readout: expected one of last, mean, max, found 'sum'"):
        CnnGru(readout="sum")


def test_the_fast_path_of_training_computes_the_same():
    torch.manual_seed(2)
    net = CnnGru(blocks=4, width=16, pooled=2, readout="mean", dropout=0.0).train()
    x = one_hot(np.random.default_rng(0).integers(0, 4, (16, 80)).astype(np.uint8))
    plain = net(x)
    net.zero_grad()
    plain.square().mean().backward()
    expected = {name: p.grad.clone() for name, p in net.named_parameters()}
    net.zero_grad()
    with torch.autocast("cpu", torch.bfloat16):
        fast = net(x).float()
    fast.square().mean().backward()
    assert float((fast - plain).detach().abs().max()) < 0.1 * float(plain.detach().std())
    for name in ("conv1.weight", "conv3.weight", "gru.weight_ih_l0", "head.weight"):
        found = dict(net.named_parameters())[name].grad
        assert float(torch.nn.functional.cosine_similarity(found.flatten(), expected[name].flatten(), dim=0)) > 0.98


def test_every_convolution_of_the_stability_net_has_a_geometry():
    model = SequenceModel("net", CnnGru(blocks=6, pooled=2, width=8, readout="mean"), InputSpec(length=160))
    found = [layer_geometry(model, f"conv{k}") for k in range(1, 8)]
    assert [g.receptive_field for g in found] == [5, 9, 18, 36, 52, 68, 84]
    assert [g.stride for g in found] == [1, 1, 2, 4, 4, 4, 4]
