import h5py
import numpy as np
import pytest

from combmotif.models.architectures.keras_weights import read_keras_layers
from combmotif.models.architectures.optimus import Optimus5Prime


def test_keras_layers_of_the_wrong_shape_are_named(tmp_path):
    path = tmp_path / "net.h5"
    with h5py.File(path, "w") as file:
        group = file.create_group("model_weights")
        for name, shape in {"conv_1": (8, 4, 100), "conv_2": (8, 120, 120)}.items():
            group[f"{name}/{name}/kernel:0"] = np.zeros(shape, np.float32)
            group[f"{name}/{name}/bias:0"] = np.zeros(shape[-1], np.float32)
    assert sorted(read_keras_layers(path)["conv_1"]) == ["bias", "kernel"]
    with pytest.raises(ValueError, match=r"layer 'conv_1' weight: expected shape \(120, 4, 8\) .*found \(100, 4, 8\)"):
        Optimus5Prime.from_keras(path)


def test_keras_file_without_the_layer(tmp_path):
    path = tmp_path / "net.h5"
    with h5py.File(path, "w") as file:
        file["model_weights/dense_9/dense_9/kernel:0"] = np.zeros((2, 2))
    with pytest.raises(ValueError, match="expected a layer 'conv_1', the file has dense_9"):
        Optimus5Prime.from_keras(path)
    with h5py.File(tmp_path / "empty.h5", "w"):
        pass
    with pytest.raises(ValueError, match="expected a Keras weights file"):
        read_keras_layers(tmp_path / "empty.h5")
