"""What a Keras file may hold, and what is said of one that cannot be opened."""

from __future__ import annotations

import json
import subprocess
import sys
import types
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from combmotif.inference import convolution_layers, layer_geometry
from combmotif.models.keras import load_keras_model
from combmotif.models.keras.file import read_description
from tests.models.keras.conftest import codes_of, one_hot, saved

BLOCK = """
import keras

class Block(keras.layers.Layer):
    def __init__(self, filters=4, **kwargs):
        super().__init__(**kwargs)
        self.filters = filters
        self.inside = keras.layers.Conv1D(filters, 5, padding="same", activation="relu")
        self.drop = keras.layers.Dropout(0.5)

    def build(self, shape):
        self.inside.build(shape)

    def call(self, x):
        return x + self.drop(self.inside(x))

    def get_config(self):
        return {**super().get_config(), "filters": self.filters}

class OwnConv(keras.layers.Conv1D):
    pass

class Net(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.conv = keras.layers.Conv1D(3, 4)
        self.pool = keras.layers.GlobalMaxPooling1D()

    def call(self, x):
        return self.pool(self.conv(x))

CUSTOM = {"Block": Block, "OwnConv": OwnConv, "Net": Net}
NOTHING = 3
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "own_layers.py"
    path.write_text(BLOCK)
    return path


@pytest.fixture
def objects(own: Path, keras: Any) -> dict[str, Any]:
    space: dict[str, Any] = {"__name__": "own"}
    exec(own.read_text(), space)
    return space["CUSTOM"]


def small(k: Any) -> Any:
    return k.Sequential([k.Input((20, 4)), k.layers.Conv1D(3, 4, name="conv"), k.layers.GlobalMaxPooling1D()])


def theirs(network: Any) -> np.ndarray:
    """What Keras predicts."""
    return network.predict(one_hot(codes_of(20)), verbose=0)


def described(path: Path, change: Any) -> Path:
    """Change what a .h5 file says of its network."""
    with h5py.File(path, "r+") as file:
        description = json.loads(file.attrs["model_config"])
        change(description, file.attrs)
        file.attrs["model_config"] = json.dumps(description).encode()
    return path


def layers_of(description: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {layer["config"]["name"]: layer["config"] for layer in description["config"]["layers"]}


def test_the_bytes_of_a_file_decide_not_its_name(keras: Any, tmp_path: Path) -> None:
    new, old = saved(small(keras), tmp_path / "a.keras"), saved(small(keras), tmp_path / "b.h5")
    expected = [load_keras_model(path).predict(codes_of(20)) for path in (new, old)]
    new.rename(tmp_path / "c.h5")
    old.rename(tmp_path / "d.model")
    for path, values in zip((tmp_path / "c.h5", tmp_path / "d.model"), expected, strict=True):
        np.testing.assert_array_equal(load_keras_model(path).predict(codes_of(20)), values)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_layers_of_ones_own_are_named_by_a_file(
    keras: Any, own: Path, objects: dict[str, Any], tmp_path: Path, suffix: str
) -> None:
    x = keras.Input((20, 4))
    y = objects["Block"](4, name="block")(objects["OwnConv"](4, 3, name="first")(x))
    network = keras.Model(x, keras.layers.GlobalAveragePooling1D()(y))
    path = saved(network, tmp_path / f"net{suffix}")
    with pytest.raises(ValueError, match=r"its layers \w+, \w+ are not Keras' own.*file.py:CUSTOM"):
        load_keras_model(path)
    model = load_keras_model(path, custom_objects=f"{own}:CUSTOM")
    np.testing.assert_allclose(model.predict(codes_of(20)), theirs(network), atol=1e-6)
    assert convolution_layers(model) == ["first", "block.inside"]
    assert [layer_geometry(model, layer).receptive_field for layer in convolution_layers(model)] == [3, 7]
    again = load_keras_model(path, custom_objects=f"{own}:CUSTOM")  # whatever this process has made before
    assert again.fingerprint() == model.fingerprint()
    assert convolution_layers(again) == convolution_layers(model)
    with pytest.raises(ValueError, match="custom_objects: expected a dictionary of names and classes.*found int"):
        load_keras_model(path, custom_objects=f"{own}:NOTHING")
    own.write_text("import no_such_package_at_all")
    with pytest.raises(ValueError, match="custom_objects: .*could not be imported on line 1"):
        load_keras_model(path, custom_objects=f"{own}:CUSTOM")


def test_a_network_with_a_call_of_its_own_is_run_by_keras(
    keras: Any, own: Path, objects: dict[str, Any], tmp_path: Path
) -> None:
    network = objects["Net"]()
    network(np.zeros((1, 20, 4), np.float32))
    model = load_keras_model(saved(network, tmp_path / "net.keras"), custom_objects=f"{own}:CUSTOM", length=20)
    np.testing.assert_allclose(model.predict(codes_of(20)), theirs(network), atol=1e-6)
    (layer,) = convolution_layers(model)
    assert layer == "net.conv"
    assert layer_geometry(model, layer).receptive_field == 4


def test_positions_that_are_masked_stay_masked(keras: Any, tmp_path: Path) -> None:
    x = keras.Input((20, 4))
    network = keras.Model(x, keras.layers.LSTM(3)(keras.layers.Masking()(x)))
    model = load_keras_model(saved(network, tmp_path / "net.keras"))
    codes = codes_of(20)
    codes[:, 12:] = 4
    given = np.where(codes[..., None] == np.arange(4), 1.0, 0.0).astype(np.float32)
    np.testing.assert_allclose(model.predict(codes), network.predict(given, verbose=0), atol=1e-6)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_code_in_a_file_is_never_run(keras: Any, tmp_path: Path, suffix: str) -> None:
    x = keras.Input((20, 4))
    network = keras.Model(x, keras.layers.Lambda(lambda v: v[:, 0], name="cut")(x))
    path = tmp_path / f"net{suffix}"
    network.save(path)
    with pytest.raises(
        ValueError, match=r"Lambda 'cut' holds Python code, which is never run.*Cropping1D.*custom_objects"
    ):
        load_keras_model(path)


def test_a_torch_module_in_a_file_is_refused(keras: Any, tmp_path: Path) -> None:
    path = saved(small(keras), tmp_path / "net.h5")

    def change(description: dict[str, Any], _: Any) -> None:
        description["config"]["layers"][1]["class_name"] = "TorchModuleWrapper"

    with pytest.raises(ValueError, match="TorchModuleWrapper 'conv' holds a module of another package"):
        load_keras_model(described(path, change))


def test_old_files_say_what_to_do(keras: Any, tmp_path: Path) -> None:
    path = saved(small(keras), tmp_path / "net.h5")

    def first(description: dict[str, Any], attributes: Any) -> None:
        attributes["keras_version"] = b"1.2.2"

    with pytest.raises(
        ValueError, match=r"was written by Keras 1\.2\.2, which Keras 3 does not open; open it with Keras 2"
    ):
        load_keras_model(described(path, first))

    def unnumbered(description: dict[str, Any], attributes: Any) -> None:
        del attributes["keras_version"]
        description["config"]["layers"][1]["class_name"] = "Convolution1D"

    with pytest.raises(ValueError, match="was written by Keras 1, which"):
        load_keras_model(described(path, unnumbered))

    def between(description: dict[str, Any], attributes: Any) -> None:
        description["config"]["layers"][1]["class_name"] = "TFOpLambda"

    with pytest.raises(ValueError, match="TFOpLambda 'conv' is an operation of TensorFlow that stands between layers"):
        load_keras_model(described(path, between))

    def removed(description: dict[str, Any], attributes: Any) -> None:
        description["config"]["layers"][1]["class_name"] = "CuDNNGRU"

    with pytest.raises(ValueError, match=r"CuDNNGRU 'conv' is no longer in Keras 3; .* GRU\(reset_after=True\)"):
        load_keras_model(described(path, removed))


def test_arguments_that_keras_2_wrote_are_read(keras: Any, tmp_path: Path) -> None:
    x = keras.Input((20, 4))
    y = keras.layers.Bidirectional(keras.layers.LSTM(3, return_sequences=True, name="lstm"), name="both")(x)
    y = keras.layers.SimpleRNN(3, return_sequences=True, name="plain")(y)
    network = keras.Model(x, keras.layers.Flatten()(keras.layers.DepthwiseConv1D(3, name="deep")(y)))
    path = saved(network, tmp_path / "net.h5")

    def change(description: dict[str, Any], attributes: Any) -> None:
        attributes["keras_version"] = b"2.11.0"
        layers = layers_of(description)
        layers["both"]["layer"]["config"] |= {"time_major": False, "implementation": 2}
        layers["plain"]["time_major"] = False
        layers["deep"]["groups"] = 1

    model = load_keras_model(described(path, change))
    np.testing.assert_allclose(model.predict(codes_of(20)), theirs(network), atol=1e-6)


def test_hard_sigmoid_is_that_of_the_keras_that_wrote_the_file(keras: Any, tmp_path: Path) -> None:
    """Keras 2 clips 0.2 x + 0.5, Keras 3 x / 6 + 0.5, by the same name."""
    layers = keras.layers
    network = keras.Sequential(
        [keras.Input((20, 4)), layers.Flatten(), layers.Dense(3), layers.Activation("hard_sigmoid")]
    )
    path = saved(network, tmp_path / "net.h5")
    before = keras.Model(network.inputs, network.layers[-2].output).predict(one_hot(codes_of(20)), verbose=0)
    np.testing.assert_allclose(load_keras_model(path).predict(codes_of(20)), np.clip(before / 6 + 0.5, 0, 1), atol=1e-6)

    def change(description: dict[str, Any], attributes: Any) -> None:
        attributes["keras_version"] = b"2.2.4"

    older = load_keras_model(described(path, change))
    np.testing.assert_allclose(older.predict(codes_of(20)), np.clip(0.2 * before + 0.5, 0, 1), atol=1e-6)


def test_what_is_no_keras_network_is_named(keras: Any, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="there is no such Keras file"):
        load_keras_model(tmp_path / "none.keras")
    (tmp_path / "text.keras").write_text("nothing")
    with pytest.raises(ValueError, match="expected a Keras file .* found something else"):
        load_keras_model(tmp_path / "text.keras")
    with pytest.raises(ValueError, match=r"found a folder \(a TensorFlow SavedModel\?\)"):
        load_keras_model(tmp_path)
    network = small(keras)
    network.save_weights(tmp_path / "net.weights.h5")
    with pytest.raises(ValueError, match=r"holds weights without their network; .*model.save\('net.keras'\)"):
        load_keras_model(tmp_path / "net.weights.h5")
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["x"] = np.zeros(3)
    with pytest.raises(ValueError, match="is HDF5, but no Keras file"):
        load_keras_model(tmp_path / "data.h5")
    with zipfile.ZipFile(tmp_path / "other.keras", "w") as archive:
        archive.writestr("readme.txt", "nothing")
    with pytest.raises(ValueError, match="expected config.json inside a .keras file, found readme.txt"):
        load_keras_model(tmp_path / "other.keras")
    path = saved(network, tmp_path / "whole.keras")
    path.write_bytes(path.read_bytes()[:-400])
    with pytest.raises(ValueError, match="whole.keras: "):
        load_keras_model(path)


def test_damage_is_told_with_the_name_of_the_file(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "flipped.keras", "w") as archive:
        archive.writestr("config.json", '{"class_name": "Sequential"}')
    content = bytearray((tmp_path / "flipped.keras").read_bytes())
    content[content.find(b"Sequential")] ^= 1
    (tmp_path / "flipped.keras").write_bytes(content)
    with h5py.File(tmp_path / "cut.h5", "w") as file:
        file["weights"] = np.zeros(10_000)
    (tmp_path / "cut.h5").write_bytes((tmp_path / "cut.h5").read_bytes()[:4000])
    for name in ("flipped.keras", "cut.h5"):
        with pytest.raises(ValueError, match=f"{name}: expected a Keras file, found a damaged file"):
            read_description(tmp_path / name)


def test_a_file_made_to_fill_the_memory_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.keras", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", " " * (100 << 20))
    with pytest.raises(ValueError, match="unfolds to more than 100 times its packed size"):
        read_description(tmp_path / "bomb.keras")


@pytest.mark.slow
def test_the_backend_is_torch_whatever_the_environment_says(keras: Any, tmp_path: Path) -> None:
    path = saved(small(keras), tmp_path / "net.keras")
    script = f"""
import os, sys
os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["HOME"] = {str(tmp_path)!r}
from combmotif.models.keras import load_keras_model
load_keras_model({str(path)!r})
left = os.path.exists(os.path.expanduser("~/.keras"))
print(os.environ["KERAS_BACKEND"], sys.modules["keras"].backend.backend(), left, end="")
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "tensorflow torch False"  # the variable is put back, and nothing is left in the user's home


@pytest.mark.parametrize(
    ("version", "backend", "said"),
    [
        ("3.15.0", "jax", "imported with the backend 'jax' before.*os.environ\\['KERAS_BACKEND'\\] = 'torch' before"),
        ("2.15.0", "tensorflow", r"needs Keras 3, found keras 2\.15\.0; run: pip install 'combmotif\[keras\]'"),
        (None, "", r"needs the package keras, version 3, .*; run: pip install 'combmotif\[keras\]'"),
    ],
)
def test_another_keras_is_refused_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str | None, backend: str, said: str
) -> None:
    if version is None:
        monkeypatch.delitem(sys.modules, "keras", raising=False)
        monkeypatch.setattr(sys, "path", [])
        monkeypatch.setattr(sys, "path_importer_cache", {})
    else:
        other = types.ModuleType("keras")
        other.__dict__.update(__version__=version, backend=types.SimpleNamespace(backend=lambda: backend))
        monkeypatch.setitem(sys.modules, "keras", other)
    with pytest.raises(ValueError, match=said):
        load_keras_model(tmp_path / "net.keras")
