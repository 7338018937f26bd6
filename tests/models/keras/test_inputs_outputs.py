"""Which input reads the sequence, what the others hold, and what of the outputs counts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from combmotif.inference import layer_geometry
from combmotif.models.keras import load_keras_model
from combmotif.models.keras.reading import SequenceInput
from tests.models.keras.conftest import codes_of, one_hot, saved


def two_inputs(k: Any) -> Any:
    x, cell, depth = k.Input((20, 4), name="bases"), k.Input((3,), name="cell"), k.Input((1,), name="depth")
    y = k.layers.GlobalAveragePooling1D()(k.layers.Conv1D(4, 3, name="conv", activation="relu")(x))
    y = k.layers.Concatenate()([y, cell, depth])
    return k.Model([cell, x, depth], [k.layers.Dense(1, name="human")(y), k.layers.Dense(1, name="mouse")(y)])


def per_position(k: Any) -> Any:
    x = k.Input((21, 4))
    return k.Model(x, k.layers.Conv1D(3, 3, padding="same", activation="softmax")(x))


def test_further_inputs_are_constant_and_outputs_are_named(keras: Any, tmp_path: Path) -> None:
    network = two_inputs(keras)
    path = saved(network, tmp_path / "net.keras")
    constants = {"cell": [0.0, 1.0, 0.5], "depth": 2.0}
    model = load_keras_model(path, constants=constants)
    codes = codes_of(20)
    given = [np.tile([[0.0, 1.0, 0.5]], (5, 1)), one_hot(codes), np.full((5, 1), 2.0)]
    expected = np.concatenate(network.predict(given, verbose=0), 1)
    assert model.outputs == ("human", "mouse")
    np.testing.assert_allclose(model.predict(codes), expected, atol=1e-6)
    mouse = load_keras_model(path, constants=constants, output="mouse")
    np.testing.assert_allclose(mouse.predict(codes), expected[:, 1:], atol=1e-6)
    assert model.fingerprint() != load_keras_model(path, constants=constants | {"depth": 1.0}).fingerprint()
    assert model.fingerprint() == load_keras_model(path, constants=constants).fingerprint()


def test_what_an_input_holds_must_be_said(keras: Any, tmp_path: Path) -> None:
    path = saved(two_inputs(keras), tmp_path / "net.keras")
    with pytest.raises(
        ValueError, match=r"constants: beside the sequence \('bases'\) the network reads cell \(3\), depth"
    ):
        load_keras_model(path)
    with pytest.raises(ValueError, match=r"constants: cell \(3\) reads 3 numbers, found 2"):
        load_keras_model(path, constants={"cell": [1, 2], "depth": 0})
    with pytest.raises(ValueError, match="constants: the network has no further input 'sell'"):
        load_keras_model(path, constants={"sell": 1})
    with pytest.raises(
        ValueError, match=r"output: expected one of those the network returns, human .*, mouse .*, found 'rat'"
    ):
        load_keras_model(path, constants={"cell": 0, "depth": 0}, output="rat")
    with pytest.raises(ValueError, match="input.name: the network has no input 'base'"):
        load_keras_model(path, input_name="base")


def test_of_several_inputs_that_can_read_a_sequence_one_is_named(keras: Any, tmp_path: Path) -> None:
    a, b = keras.Input((20, 4), name="ref"), keras.Input((20, 4), name="alt")
    network = keras.Model([a, b], keras.layers.Flatten()(keras.layers.Subtract()([a, b])))
    path = saved(network, tmp_path / "net.keras")
    with pytest.raises(
        ValueError, match=r"input: several inputs of the network can read a sequence: ref \(20 x 4\), alt"
    ):
        load_keras_model(path)
    model = load_keras_model(path, input_name="alt", constants={"ref": 0.25})
    codes = codes_of(20)
    np.testing.assert_allclose(model.predict(codes), (0.25 - one_hot(codes)).reshape(5, -1), atol=1e-6)


@pytest.mark.parametrize("other", ["same", "reverse_complement"])
def test_both_inputs_read_the_sequence(keras: Any, tmp_path: Path, other: str) -> None:
    ahead, back = keras.Input((20, 4), name="ahead"), keras.Input((20, 4), name="back")
    conv, pool = keras.layers.Conv1D(4, 5, name="conv", activation="relu"), keras.layers.GlobalMaxPooling1D()
    network = keras.Model(
        [ahead, back], keras.layers.Dense(1)(keras.layers.Maximum()([pool(conv(ahead)), pool(conv(back))]))
    )
    path = saved(network, tmp_path / "net.keras")
    model = load_keras_model(path, input_name="ahead", constants={"back": other})
    codes = codes_of(20)
    second = codes if other == "same" else 3 - codes[:, ::-1]
    expected = network.predict([one_hot(codes), one_hot(second)], verbose=0)
    np.testing.assert_allclose(model.predict(codes), expected, atol=1e-6)
    assert layer_geometry(model, "conv").receptive_field == 5
    with pytest.raises(ValueError, match=r"constants: back \(20 x 4\) can read numbers, or .*; found 'other'"):
        load_keras_model(path, input_name="ahead", constants={"back": "other"})


def test_predictions_per_position(keras: Any, tmp_path: Path) -> None:
    network = per_position(keras)
    path = saved(network, tmp_path / "net.keras")
    codes = codes_of(21)
    expected = network.predict(one_hot(codes), verbose=0)
    with pytest.raises(ValueError, match=r"found \(2, 21, 3\), with an axis of positions; write .* or 'output: \{pos"):
        load_keras_model(path)
    names = ["none", "acceptor", "donor"]
    for output, values in (
        ({"position": "center"}, expected[:, 10]),
        ({"position": -1}, expected[:, 20]),
        ({"position": 0}, expected[:, 0]),
        ({"mean": "positions"}, expected.mean(1)),
    ):
        model = load_keras_model(path, output=output, outputs=names)
        assert model.outputs == tuple(names)
        np.testing.assert_allclose(model.predict(codes), values, atol=1e-6)
    with pytest.raises(ValueError, match="output: position: expected 0 to 20, found 21"):
        load_keras_model(path, output={"position": 21})
    with pytest.raises(ValueError, match=r"output: expected a number, a name.*found \{'mean': 'all'\}"):
        load_keras_model(path, output={"mean": "all"})


def test_one_column_by_number_or_name(keras: Any, tmp_path: Path) -> None:
    network = keras.Sequential([keras.Input((20, 4)), keras.layers.Flatten(), keras.layers.Dense(3)])
    path = saved(network, tmp_path / "net.keras")
    expected = network.predict(one_hot(codes_of(20)), verbose=0)
    for output, names, named in ((1, None, "output"), (2, ["a", "b", "c"], "c"), ("b", ["a", "b", "c"], "b")):
        column = output if isinstance(output, int) else 1
        model = load_keras_model(path, output=output, outputs=names)
        assert model.outputs == (named,)
        np.testing.assert_allclose(model.predict(codes_of(20))[:, 0], expected[:, column], atol=1e-6)
    with pytest.raises(ValueError, match="output: expected one of 0 to 2, found 3"):
        load_keras_model(path, output=3)
    with pytest.raises(ValueError, match="outputs: expected 3 names, one per column the model returns, found a, b"):
        load_keras_model(path, outputs=["a", "b"])


@pytest.mark.parametrize(
    ("shape", "length", "channels", "letters_first", "single"),
    [
        ((60, 4), 60, 4, False, None),
        ((None, 4), None, 4, False, None),
        ((4, 60), 60, 4, True, None),
        ((4, None), None, 4, True, None),
        ((12288, 6), 12288, 6, False, None),
        ((None, 6), None, 6, False, None),
        ((6, 12288), 12288, 6, True, None),
        ((4, 60, 1), 60, 4, True, 3),
        ((60, 4, 1), 60, 4, False, 3),
        ((1, 60, 4), 60, 4, False, 1),
        ((60, 1, 4), 60, 4, False, 2),
        ((4, 1, 60), 60, 4, True, 2),
    ],
)
def test_shapes_of_one_hot_sequences(
    shape: tuple, length: Any, channels: int, letters_first: bool, single: Any
) -> None:
    assert SequenceInput.of(shape) == SequenceInput(length, channels, letters_first, single)


@pytest.mark.parametrize("shape", [(60,), (60, 3), (60, 4, 2), (None, None), (2, 3, 4, 1)])
def test_other_shapes_hold_no_one_hot_sequence(shape: tuple) -> None:
    assert SequenceInput.of(shape) is None


def test_what_reads_no_sequence_says_so(keras: Any, tmp_path: Path) -> None:
    plain = keras.Input((20,), name="features")
    network = keras.Model(plain, keras.layers.Dense(2)(plain))
    with pytest.raises(ValueError, match=r"input: expected an input of one-hot.*found features \(20\); .*kind: python"):
        load_keras_model(saved(network, tmp_path / "net.keras"))


def of_numbers(k: Any, known: int, *, mask: bool = False) -> Any:
    tokens = k.Input((20,), dtype="int32", name="tokens")
    y = k.layers.Embedding(known, 3, mask_zero=mask)(tokens)
    y = k.layers.Conv1D(4, 5, name="conv", activation="relu")(y)
    return k.Model(tokens, k.layers.Dense(2)(k.layers.GlobalMaxPooling1D()(y)))


@pytest.mark.parametrize(
    ("known", "codes", "mask"), [(4, None, False), (6, [5, 1, 3, 2], False), (5, [1, 2, 3, 4], True)]
)
def test_numbers_of_bases_are_looked_up(keras: Any, tmp_path: Path, known: int, codes: Any, mask: bool) -> None:
    network = of_numbers(keras, known, mask=mask)
    path = saved(network, tmp_path / "net.keras")
    model = load_keras_model(path, codes=codes)
    given = np.array(codes or range(4))[codes_of(20)]
    np.testing.assert_allclose(model.predict(codes_of(20)), network.predict(given, verbose=0), atol=1e-6)
    geometry = layer_geometry(model, "conv")
    assert (model.input_spec.length, model.input_spec.channels, geometry.receptive_field) == (20, 4, 5)
    x = model.tensor(codes_of(20)).requires_grad_()
    model(x).sum().backward()
    assert x.grad is not None
    assert (x.grad.abs().sum((1, 2)) > 0).all()


def test_numbers_of_bases_have_to_be_said(keras: Any, tmp_path: Path) -> None:
    path = saved(of_numbers(keras, 5), tmp_path / "net.keras")
    for codes in (None, [1, 2, 3, 5], [1, 1, 2, 3]):
        with pytest.raises(ValueError, match=r"input.codes: 'tokens' reads numbers from 0 to 4; .*\[1, 2, 3, 4\]"):
            load_keras_model(path, codes=codes)
    with pytest.raises(ValueError, match="input.codes: the network reads one-hot sequences"):
        load_keras_model(saved(per_position(keras), tmp_path / "hot.keras"), codes=[0, 1, 2, 3])


def test_numbers_that_a_layer_of_the_users_own_reads(keras: Any, tmp_path: Path) -> None:
    class Placed(keras.layers.Layer):
        """Embeddings of tokens and of their places."""

        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.token, self.place = keras.layers.Embedding(5, 3), keras.layers.Embedding(20, 3)

        def build(self, shape: Any) -> None:
            self.token.build(shape)
            self.place.build(shape)
            super().build(shape)

        def call(self, tokens: Any) -> Any:
            return self.token(tokens) + self.place(keras.ops.arange(keras.ops.shape(tokens)[1]))

    tokens = keras.Input((20,), dtype="int32")
    y = keras.layers.Conv1D(4, 5, name="conv", activation="relu")(Placed()(tokens))
    network = keras.Model(tokens, keras.layers.GlobalMaxPooling1D()(y))
    path = saved(network, tmp_path / "net.keras")
    model = load_keras_model(path, codes=[1, 2, 3, 4], custom_objects={"Placed": Placed})
    given = codes_of(20) + 1
    np.testing.assert_allclose(model.predict(codes_of(20)), network.predict(given, verbose=0), atol=1e-6)


def test_a_length_that_the_file_does_not_have_is_refused(keras: Any, tmp_path: Path) -> None:
    path = saved(per_position(keras), tmp_path / "net.keras")
    with pytest.raises(ValueError, match="input.length: the network reads 21 nt, found 30"):
        load_keras_model(path, length=30, output={"position": 0})
