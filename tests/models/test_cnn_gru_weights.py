import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from combmotif.models import load_card
from combmotif.models.architectures.cnn_gru import CnnGru
from combmotif.models.architectures.cnn_gru_weights import draw_as_keras, load_cnn_gru
from combmotif.models.weights import load_weights, save_weights

sys.path.insert(0, str(Path(__file__).parent))
import numpy_nets as plain

LENGTH = 130


def _input(rng, channels=6, length=LENGTH, used=110):
    x = np.zeros((length, channels))
    x[np.arange(used), rng.integers(0, 4, used)] = 1
    x[20:80:3, 4:5] = 1
    x[[30, 70], channels - 1] = 1
    return x


def _predict(net, x):
    with torch.inference_mode():
        return net(torch.from_numpy(x.T[None]).float()).numpy()[0]


@pytest.mark.parametrize("seed", range(3))
def test_saluki_keras_file_predicts_as_numpy(tmp_path, seed):
    rng = np.random.default_rng(seed)
    layers = plain.saluki_layers(rng, head="dense_2")  # the second species' file
    plain.write_keras(tmp_path / "model1_best.h5", layers)
    net = load_cnn_gru(tmp_path / "model1_best.h5")
    assert (net.blocks, net.reverse, net.bn1.eps, net.conv1.padding) == (3, True, 1e-3, (0,))
    for _ in range(3):
        x = _input(rng)
        assert _predict(net, x) == pytest.approx([plain.saluki(layers, x, head="dense_2")], abs=1e-5)


def test_the_saluki_switches_matter(tmp_path):
    rng = np.random.default_rng(5)
    layers = plain.saluki_layers(rng)
    plain.write_keras(tmp_path / "m.h5", layers)
    x = _input(rng)
    expected = plain.saluki(layers, x)
    for other in ({"reverse": False}, {"norm_eps": 1e-5}):
        assert abs(_predict(load_cnn_gru(tmp_path / "m.h5", **other), x)[0] - expected) > 1e-3


def test_first_weights_as_keras_draws_them():
    torch.manual_seed(0)
    net = CnnGru(channels=6, blocks=6)
    draw_as_keras(net)
    rows = net.gru.weight_hh_l0.detach()
    np.testing.assert_allclose(rows.T @ rows, np.eye(64), atol=1e-5)
    for weight, fan_in in ((net.conv3.weight, 320), (net.dense.weight, 64), (net.gru.weight_ih_l0, 64)):
        assert float(weight.detach().var()) == pytest.approx(2 / fan_in, rel=0.06)
        assert float(weight.detach().abs().max()) <= 2 * (2 / fan_in) ** 0.5 / 0.8796
    assert not net.gru.bias_ih_l0.any()
    assert not net.conv3.bias.any()
    assert bool((net.norm1.weight == 1).all())


def test_two_heads_in_one_file_are_two_outputs(tmp_path):
    rng = np.random.default_rng(0)
    layers = plain.saluki_layers(rng)
    layers["dense_2"] = {"kernel": rng.normal(size=(8, 1)).astype(np.float32), "bias": np.ones(1, np.float32)}
    plain.write_keras(tmp_path / "m.h5", layers)
    x = _input(rng)
    expected = [plain.saluki(layers, x, head=head) for head in ("dense_1", "dense_2")]
    assert _predict(load_cnn_gru(tmp_path / "m.h5"), x) == pytest.approx(expected, abs=1e-5)


def _without(layers, name):
    return {key: value for key, value in layers.items() if key != name}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda w: _without(w, "conv1d_2"), "expected 3 layer_normalization .found layer_normalization, .*_3"),
        (lambda w: _without(w, "gru"), "expected 1 gru .found none"),
        (lambda w: _without(w, "dense_1"), "and a head dense_1"),
        (lambda w: w | {"lstm": w["gru"]}, "unknown: lstm"),
        (
            lambda w: w | {"conv1d_1": {**w["conv1d_1"], "kernel": np.zeros((5, 8, 9))}},
            r"layer 'conv1d_1' kernel: expected shape \(8, 8, 5\) in torch's order, found \(5, 8, 9\)",
        ),
        (
            lambda w: w | {"gru": {**w["gru"], "recurrent_kernel": np.zeros((8, 21))}},
            r"layer 'gru' recurrent_kernel: expected shape \(24, 8\) in torch's order, found \(8, 21\)",
        ),
        (lambda w: w | {"gru": {**w["gru"], "bias": np.zeros(24)}}, "reset_after=False"),
        (lambda w: w | {"dense_1": {"kernel": np.zeros((8, 1))}}, "layer 'dense_1': expected a weight 'bias'"),
    ],
)
def test_files_that_are_no_saluki(tmp_path, change, message):
    plain.write_keras(tmp_path / "m.h5", change(plain.saluki_layers(np.random.default_rng(0))))
    with pytest.raises(ValueError, match=message):
        load_cnn_gru(tmp_path / "m.h5")


@pytest.mark.parametrize(("channels", "padding"), [(6, 0), (4, 2)])
def test_combmotif_checkpoint_predicts_as_numpy(tmp_path, channels, padding):
    rng = np.random.default_rng(1)
    state = plain.combmotif_state(rng, channels=channels)
    tensors = {key: torch.as_tensor(value) for key, value in state.items()}
    torch.save({"model_state_dict": tensors}, tmp_path / "saluki_torch-best.pth")
    net = load_cnn_gru(tmp_path / "saluki_torch-best.pth", **({} if channels == 6 else {"padding": padding}))
    for _ in range(3):
        x = _input(rng, channels)
        assert _predict(net, x) == pytest.approx([plain.combmotif(state, x, padding=padding)], abs=1e-5)
    if channels == 4:
        with pytest.raises(ValueError, match=r"arguments.padding: a CombMotif file does not say it"):
            load_cnn_gru(tmp_path / "saluki_torch-best.pth")


def test_the_half_life_net_of_combmotif_has_155521_parameters(tmp_path):
    state = plain.combmotif_state(np.random.default_rng(1), blocks=6, width=64)
    torch.save({"model_state_dict": {k: torch.as_tensor(v) for k, v in state.items()}}, tmp_path / "w.pth")
    assert sum(p.numel() for p in load_cnn_gru(tmp_path / "w.pth").parameters()) == 155_521


def test_a_card_of_two_lines_opens_foreign_weights(tmp_path):
    rng = np.random.default_rng(2)
    layers = plain.saluki_layers(rng)
    plain.write_keras(tmp_path / "model0_best.h5", layers)
    (tmp_path / "model.yaml").write_text("kind: cnn_gru\nweights: model0_best.h5\n")
    model = load_card(tmp_path)
    assert (model.input_spec.length, model.input_spec.channels, model.input_spec.rule) == (12288, 6, "pad_right")
    (tmp_path / "model.yaml").write_text(
        "kind: cnn_gru\nweights: model0_best.h5\ninput: {length: 130, channels: 6, rule: pad_right}\n"
    )
    model = load_card(tmp_path)
    x = _input(rng)
    codes, tracks = x[:, :4].argmax(1).astype(np.uint8)[:110], x[:110, 4:].T
    expected = plain.saluki(layers, x)
    assert model.predict([codes], tracks=[tracks])[0] == pytest.approx([expected], abs=1e-5)
    assert abs(model.predict([codes])[0, 0] - expected) > 1e-3  # without its tracks
    longer = np.concatenate([np.array([2] * 30, np.uint8), codes, codes[:20]])  # 160 nt: the first 30 go
    with_tracks = np.concatenate([np.ones((2, 30)), tracks, np.zeros((2, 20))], 1)
    x[110:, :4] = np.eye(4)[codes[:20]]
    assert model.predict([longer], tracks=[with_tracks])[0] == pytest.approx([plain.saluki(layers, x)], abs=1e-5)
    with pytest.raises(ValueError, match=r"reads 2 tracks beside the bases, expected shape \(1, 2, 130\)"):
        model.predict([codes], tracks=[tracks[:1]])


def test_any_state_dictionary_and_safetensors(tmp_path):
    net = CnnGru(blocks=1, width=4)
    torch.save({"state_dict": {f"module.{k}": v for k, v in net.state_dict().items()}}, tmp_path / "w.pt")
    save_weights(net, tmp_path / "w.safetensors")
    for name in ("w.pt", "w.safetensors"):
        one = load_weights(CnnGru(blocks=1, width=4), tmp_path / name)
        other = load_cnn_gru(tmp_path / name, blocks=1, width=4)
        for read in (one, other):
            states = zip(net.state_dict().values(), read.state_dict().values(), strict=True)
            assert all(torch.equal(a, b) for a, b in states)
