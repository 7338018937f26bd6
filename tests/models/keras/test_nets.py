"""Keras networks of every usual kind predict what Keras predicts, and their neurons have their true windows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from combmotif.inference import Edits, WindowProbe, convolution_layers, layer_geometry, predict_edits, scan
from combmotif.inference.incremental import perturb
from combmotif.models.keras import load_keras_model
from tests.models.keras.conftest import codes_of, one_hot, saved

LENGTH = 60


def plain(k: Any) -> Any:
    return k.Sequential(
        [
            k.Input((LENGTH, 4)), k.layers.Conv1D(6, 5, activation="relu"), k.layers.BatchNormalization(),
            k.layers.MaxPooling1D(2), k.layers.Dropout(0.3), k.layers.Conv1D(5, 4, padding="same", activation="elu"),
            k.layers.Flatten(), k.layers.Dense(7, activation="relu"), k.layers.Dense(2),
        ]
    )  # fmt: skip


def any_length(k: Any) -> Any:
    return k.Sequential(
        [
            k.Input((None, 4)), k.layers.Conv1D(6, 7, padding="same"), k.layers.LeakyReLU(),
            k.layers.AveragePooling1D(3),
            k.layers.Conv1D(4, 3, padding="causal", dilation_rate=2, activation="swish"),
            k.layers.GlobalMaxPooling1D(), k.layers.Dense(1, activation="sigmoid"),
        ]
    )  # fmt: skip


def tall(k: Any) -> Any:
    """Height 4, as DeepBind's descendants have it: letters across, positions along."""
    x = k.Input((4, LENGTH, 1))
    y = k.layers.Conv2D(6, (4, 9), activation="relu")(x)
    y = k.layers.MaxPooling2D((1, 3))(y)
    y = k.layers.Conv2D(5, (1, 4), padding="same", activation="relu")(y)
    y = k.layers.BatchNormalization()(y)
    y = k.layers.GlobalAveragePooling2D()(y)
    return k.Model(x, k.layers.Dense(3, activation="softmax")(y))


def wide(k: Any) -> Any:
    """(positions, letters, 1), as APARENT has it."""
    x = k.Input((LENGTH, 4, 1))
    y = k.layers.Conv2D(6, (8, 4), activation="relu")(x)
    y = k.layers.MaxPooling2D((2, 1))(y)
    y = k.layers.Conv2D(5, (6, 1), activation="relu")(y)
    return k.Model(x, k.layers.Dense(2)(k.layers.Flatten()(y)))


def flat(k: Any) -> Any:
    """Height 1 and four channels, as DeepSEA and Basset have it."""
    x = k.Input((1, LENGTH, 4))
    y = k.layers.Conv2D(6, (1, 8), strides=(1, 2), activation="relu")(x)
    y = k.layers.MaxPooling2D((1, 2), padding="same")(y)
    y = k.layers.Conv2D(5, (3, 3), padding="same")(y)
    return k.Model(x, k.layers.Dense(2)(k.layers.Flatten()(y)))


def branches(k: Any) -> Any:
    x = k.Input((LENGTH, 4))
    a = k.layers.Conv1D(4, 3, padding="same", activation="relu")(x)
    b = k.layers.Conv1D(4, 7, padding="same", activation="relu")(x)
    y = k.layers.Concatenate()([a, b])
    y = k.layers.Conv1D(8, 5, padding="same")(y)
    y = k.layers.Add()([y, k.layers.Concatenate()([b, a])])
    y = k.layers.Activation("gelu")(y)
    m = k.layers.Maximum()([k.layers.GlobalAveragePooling1D()(y), k.layers.GlobalMaxPooling1D()(y)])
    return k.Model(x, k.layers.Dense(1)(m))


def dilated(k: Any) -> Any:
    """Residual blocks and a crop, as SpliceAI has them; a class per position, of which the middle one is read."""
    x = k.Input((None, 4))
    y = k.layers.Conv1D(6, 1)(x)
    skip = k.layers.Conv1D(6, 1)(y)
    for rate in (1, 4):
        z = y
        for _ in range(2):
            z = k.layers.Activation("relu")(k.layers.BatchNormalization()(z))
            z = k.layers.Conv1D(6, 5, dilation_rate=rate, padding="same")(z)
        y = k.layers.Add()([y, z])
        skip = k.layers.Add()([skip, k.layers.Conv1D(6, 1)(y)])
    return k.Model(x, k.layers.Conv1D(3, 1, activation="softmax")(k.layers.Cropping1D(20)(skip)))


def valid_residual(k: Any) -> Any:
    """Unpadded convolutions whose skip is cropped to fit, and a crop written as a slice."""
    x = k.Input((LENGTH, 4))
    y = k.layers.Conv1D(6, 3)(x)
    z = k.layers.Conv1D(6, 5, dilation_rate=2, activation="relu")(y)
    y = k.layers.Add()([z, k.layers.Cropping1D(4)(y)])
    z = k.layers.Conv1D(6, 3)(y)
    y = z + y[:, 1:-1]
    return k.Model(x, k.layers.Dense(1)(k.layers.GlobalAveragePooling1D()(y)))


def recurrent(k: Any) -> Any:
    x = k.Input((None, 4))
    y = k.layers.Conv1D(6, 5, activation="relu")(x)
    y = k.layers.MaxPooling1D(2)(y)
    y = k.layers.Bidirectional(k.layers.GRU(5, return_sequences=True))(y)
    y = k.layers.LayerNormalization()(y)
    y = k.layers.LSTM(4, go_backwards=True)(y)
    return k.Model(x, k.layers.Dense(1)(y))


def more_recurrent(k: Any) -> Any:
    """What torch has no equal for is run by Keras."""
    x = k.Input((LENGTH, 4))
    y = k.layers.Conv1D(6, 5, activation="relu")(x)
    y = k.layers.GRU(5, reset_after=False, return_sequences=True, activation="relu")(y)
    y = k.layers.Bidirectional(k.layers.LSTM(4), merge_mode="sum")(y)
    return k.Model(x, k.layers.Dense(1)(y))


def separable(k: Any) -> Any:
    x = k.Input((LENGTH, 4))
    y = k.layers.SeparableConv1D(8, 5, padding="same", depth_multiplier=2, activation="relu")(x)
    y = k.layers.DepthwiseConv1D(3, depth_multiplier=2)(y)
    y = k.layers.Conv1D(6, 3, groups=2, strides=2, padding="same")(y)
    y = k.layers.PReLU(shared_axes=[1])(y)
    return k.Model(x, k.layers.Dense(1)(k.layers.Flatten()(y)))


def attentive(k: Any) -> Any:
    """Attention, a squeeze and excitation: Keras runs what torch has no equal for."""
    x = k.Input((LENGTH, 4))
    y = k.layers.Conv1D(8, 5, activation="relu", padding="same")(x)
    gate = k.layers.Reshape((1, 8))(k.layers.Dense(8, activation="sigmoid")(k.layers.GlobalAveragePooling1D()(y)))
    y = k.layers.Multiply()([y, gate])
    y = k.layers.MultiHeadAttention(2, 4)(y, y)
    y = k.layers.TimeDistributed(k.layers.Dense(3, activation="relu"))(y)
    y = k.layers.Permute((2, 1))(y)
    return k.Model(x, k.layers.Dense(1)(k.layers.Flatten()(y)))


def letters_first(k: Any) -> Any:
    x = k.Input((4, LENGTH))
    y = k.layers.Permute((2, 1))(x)
    y = k.layers.Conv1D(6, 5, activation="relu")(y)
    y = k.layers.Reshape((1, LENGTH - 4, 6))(y)
    y = k.layers.Conv2D(5, (1, 3), activation="softplus")(y)
    return k.Model(x, k.layers.Dense(1)(k.layers.GlobalMaxPooling2D()(y)))


def nested(k: Any) -> Any:
    inside = k.Sequential([k.Input((None, 6)), k.layers.Conv1D(6, 3, padding="same"), k.layers.ReLU()], name="block")
    x = k.Input((LENGTH, 4))
    y = inside(k.layers.Conv1D(6, 5, name="first")(x))
    return k.Model(x, k.layers.Dense(1)(k.layers.GlobalMaxPooling1D()(inside(y))))


# of every network: how it takes its input, what the layers' fields are, in the order of the layers
NETS: dict[str, tuple[Callable[[Any], Any], Any, dict[str, int]]] = {
    "plain": (plain, None, {"conv1d": 5, "conv1d_1": 12}),
    "any_length": (any_length, None, {"conv1d": 7, "conv1d_1": 9 + 2 * 2 * 3}),
    "tall": (tall, lambda x: x.swapaxes(1, 2)[..., None], {"conv2d": 9, "conv2d_1": 11 + 9}),
    "wide": (wide, lambda x: x[..., None], {"conv2d": 8, "conv2d_1": 9 + 10}),
    "flat": (flat, lambda x: x[:, None], {"conv2d": 8, "conv2d_1": 10 + 8}),
    "branches": (branches, None, {"conv1d": 3, "conv1d_1": 7, "conv1d_2": 11}),
    "dilated": (dilated, None, {"conv1d": 1, "conv1d_1": 1, "conv1d_2": 5, "conv1d_3": 9, "conv1d_4": 9, "conv1d_5": 25,
                                "conv1d_6": 41, "conv1d_7": 41, "conv1d_8": 41}),
    "valid_residual": (valid_residual, None, {"conv1d": 3, "conv1d_1": 11, "conv1d_2": 13}),
    "recurrent": (recurrent, None, {"conv1d": 5}),
    "more_recurrent": (more_recurrent, None, {"conv1d": 5}),
    "separable": (separable, None, {"separable_conv1d_depthwise": 5, "separable_conv1d": 5, "depthwise_conv1d": 7,
                                    "conv1d": 9}),
    "attentive": (attentive, None, {"conv1d": 5}),
    "letters_first": (letters_first, lambda x: x.swapaxes(1, 2), {"conv1d": 5, "conv2d": 7}),
    "nested": (nested, None, {"first": 5, "block.conv1d": 7}),
}  # fmt: skip


@pytest.fixture(scope="module", params=NETS)
def opened(keras: Any, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple:
    """The network, what opens from its file, in either format by turns, how it takes its input, and its fields."""
    build, arrange, fields = NETS[request.param]
    keras.backend.clear_session()
    network = build(keras)
    # of an operation between layers, such as a slice, a .h5 file does not keep enough
    turn = list(NETS).index(request.param) % 2 and request.param != "valid_residual"
    suffix = ".h5" if turn else ".keras"
    path = saved(network, tmp_path_factory.mktemp("nets") / f"{request.param}{suffix}")
    model = load_keras_model(path, output={"position": "center"} if request.param == "dilated" else None)
    return network, model, arrange or (lambda x: x), fields


@pytest.mark.slow
def test_predicts_what_keras_predicts(opened: tuple) -> None:
    network, model, arrange, _ = opened
    codes = codes_of(LENGTH)
    expected = network.predict(arrange(one_hot(codes)), verbose=0)
    if expected.ndim == 3:  # of a class per position, the middle one is read
        expected = expected[:, expected.shape[1] // 2]
    assert expected.std(0).max() > 1e-3  # the letters matter
    np.testing.assert_allclose(model.predict(codes), expected, rtol=1e-4, atol=2e-6)


@pytest.mark.slow
def test_convolutions_are_layers_with_their_true_fields(opened: tuple) -> None:
    _, model, _, fields = opened
    assert sorted(convolution_layers(model)) == sorted(fields)
    for layer, field in fields.items():
        geometry = layer_geometry(model, layer)
        assert geometry.receptive_field == field, layer
        assert geometry.neurons == dict(model.module.named_modules())[layer].out_channels


@pytest.mark.slow
def test_edits_and_gradients_are_those_of_the_plain_net(opened: tuple) -> None:
    _, model, _, _ = opened
    codes = codes_of(LENGTH, 2)
    edits = Edits.substitutions(list(codes))
    plain_way = predict_edits(model, list(codes), edits, method="plain")
    other = predict_edits(model, list(codes), edits, method="incremental")
    scale = max(1.0, float(np.abs(plain_way.values).max()))
    np.testing.assert_allclose(other.values, plain_way.values, atol=perturb.TOLERANCE * scale)
    x = model.tensor(codes).requires_grad_()
    model(x)[:, 0].sum().backward()
    step = 1e-2
    direction = torch.randn(x.shape, generator=torch.Generator().manual_seed(0)) / 20
    with torch.no_grad():
        measured = float(((model(x + step * direction) - model(x - step * direction))[:, 0]).sum()) / (2 * step)
    assert float((x.grad * direction).sum()) == pytest.approx(measured, rel=0.05, abs=5e-3)


@pytest.mark.slow
def test_windows_have_the_values_of_the_whole_network(opened: tuple) -> None:
    _, model, _, fields = opened
    for layer in fields:
        geometry = layer_geometry(model, layer)
        codes = codes_of(LENGTH, 2)
        ((_, values, _),) = scan(model, layer, list(codes))
        probe = WindowProbe(model, layer)
        for start in (0, 7, LENGTH - geometry.receptive_field):
            windows = codes[:, start : start + geometry.receptive_field]
            np.testing.assert_allclose(probe.activations(windows), values[:, :, start], atol=1e-5)
