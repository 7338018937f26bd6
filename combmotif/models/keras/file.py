"""Read a Keras file: what it says of its network, what it must not hold, and the network itself."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import h5py
import torch

from combmotif.core.files import reading
from combmotif.core.packed import require_sane_size

_CODE = {"Lambda", "__lambda__"}
_FOREIGN = {"TorchModuleWrapper", "TFSMLayer", "JaxLayer", "FlaxLayer"}
_TENSORFLOW = {"TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer", "ClassMethod", "InstanceMethod"}
_KERAS_1 = {"Convolution1D", "Convolution2D", "Merge", "MaxoutDense", "Highway", "TimeDistributedDense"}
_REMOVED = {"CuDNNGRU": "GRU(reset_after=True)", "CuDNNLSTM": "LSTM", "ThresholdedReLU": "ReLU(threshold=...)"}
# What Keras 2 wrote, always with this value, and Keras 3 does not know.
_OLD_ARGUMENTS = {"time_major": (False,), "groups": (1,), "implementation": (0, 1, 2)}
_WITHOUT = {
    "time_major": ("LSTM", "GRU", "SimpleRNN", "RNN", "Bidirectional"),
    "groups": ("DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D", "Conv1DTranspose",
               "Conv2DTranspose"),
    "implementation": ("SimpleRNN", "LocallyConnected1D"),
}  # fmt: skip


def read_description(path: Path) -> tuple[dict[str, Any], str]:
    """Read what a Keras file says of its network, without importing Keras.

    Parameters
    ----------
    path : pathlib.Path
        ``.keras`` (a zip file) or ``.h5``; the bytes decide, not the name.

    Returns
    -------
    (description, version)
        The network as plain data, and the version of Keras that wrote it, empty where the file does not say.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is no Keras file, or holds weights without a network.
    """
    if path.is_dir():
        raise ValueError(
            f"{path}: expected one file that model.save('net.keras') wrote, found a folder (a TensorFlow SavedModel?); "
            f"open it where it was made and save it as net.keras or net.h5"
        )
    if not path.is_file():
        raise FileNotFoundError(f"{path}: there is no such Keras file")
    with reading(path, "a Keras file"):
        if zipfile.is_zipfile(path):
            return _read_zip(path)
        if h5py.is_hdf5(path):
            return _read_hdf5(path)
    raise ValueError(f"{path}: expected a Keras file (.keras or .h5, written by model.save), found something else")


def _read_zip(path: Path) -> tuple[dict[str, Any], str]:
    with zipfile.ZipFile(path) as archive:
        require_sane_size(sum(entry.file_size for entry in archive.infolist()), path.stat().st_size, str(path))
        names = set(archive.namelist())
        if "config.json" not in names:
            raise ValueError(f"{path}: expected config.json inside a .keras file, found {', '.join(sorted(names)[:5])}")
        config = _parsed(archive.read("config.json"), path)
        metadata = _parsed(archive.read("metadata.json"), path) if "metadata.json" in names else {}
    return config, str(metadata.get("keras_version", ""))


def _read_hdf5(path: Path) -> tuple[dict[str, Any], str]:
    with h5py.File(path, "r") as file:
        said = file.attrs.get("model_config")
        version = file.attrs.get("keras_version", b"")
        weights = "layer_names" in file.attrs or "layers" in file or "model_weights" in file
    if said is None:
        raise ValueError(
            f"{path}: {'holds weights without their network' if weights else 'is HDF5, but no Keras file'}; where the "
            f"network is made, load them into it and save both with model.save('net.keras')"
        )
    return _parsed(said, path), version.decode() if isinstance(version, bytes) else str(version)


def _parsed(text: Any, path: Path) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise ValueError(f"{path}: the description of the network is damaged; copy or download the file again")
    return found


def _entries(value: Any) -> Iterator[dict[str, Any]]:
    """Every object of a description that names its class."""
    if isinstance(value, dict):
        if isinstance(value.get("class_name"), str):
            yield value
        for inner in value.values():
            yield from _entries(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _entries(inner)


def _name(entry: dict[str, Any]) -> str:
    config = entry.get("config")
    named = config.get("name") if isinstance(config, dict) else None
    return f"{entry['class_name']} '{named}'" if named else str(entry["class_name"])


def check_description(description: dict[str, Any], version: str, path: Path) -> None:
    """Refuse, in a sentence, what cannot be opened or would run code.

    Raises
    ------
    ValueError
        For files of Keras 1, Lambda layers, modules of other packages, TensorFlow operations, and layers that Keras 3
        no longer has.
    """
    entries = list(_entries(description))

    def of(kinds: Any) -> list[dict[str, Any]]:
        return [entry for entry in entries if entry["class_name"] in kinds]

    early = of(_KERAS_1) or [e for e in entries if isinstance(e.get("config"), dict) and "nb_filter" in e["config"]]
    if version.startswith("1.") or early:
        raise ValueError(
            f"{path}: was written by Keras {version or '1'}, which Keras 3 does not open; open it with Keras 2 "
            f"(pip install 'keras<2.3' 'tensorflow<2') and save it again with model.save('net.h5')"
        )
    if found := of(_CODE):
        raise ValueError(
            f"{path}: {_name(found[0])} holds Python code, which is never run from a file; where the network is made, "
            f"put a layer of Keras in its place (Cropping1D, Reshape, Permute, Rescaling, a keras.ops function), or a "
            f"class of your own (keras.layers.Layer) that the config names with custom_objects: file.py:dict, and save "
            f"it again"
        )
    if found := of(_FOREIGN):
        raise ValueError(f"{path}: {_name(found[0])} holds a module of another package, which is never run from a file")
    if found := of(_TENSORFLOW):
        raise ValueError(
            f"{path}: {_name(found[0])} is an operation of TensorFlow that stands between layers, which Keras 3 does "
            f"not open; where the network is made, put a layer in its place (Cropping1D, Add, Multiply, Concatenate) "
            f"and save it again"
        )
    if found := of(_REMOVED):
        raise ValueError(
            f"{path}: {_name(found[0])} is no longer in Keras 3; with Keras 2, put the same weights into "
            f"{_REMOVED[found[0]['class_name']]} and save the network again"
        )


def unknown_layers(description: Any, keras: Any, known: Mapping[str, Any]) -> list[str]:
    """List the classes of layers that are neither Keras' own nor named in ``known``."""
    names: list[str] = []
    for entry in _entries(description):
        config = entry.get("config")
        inner = config.get("layers", []) if isinstance(config, dict) else config if isinstance(config, list) else []
        wrapped = [config[key] for key in ("layer", "backward_layer", "cell") if isinstance(config, dict) and
                   isinstance(config.get(key), dict)]  # fmt: skip
        for layer in [*(inner if isinstance(inner, list) else []), *wrapped]:
            name = layer.get("class_name") if isinstance(layer, dict) else None
            if name is None or name in names or name in known or str(layer.get("registered_name")) in known:
                continue
            own = layer.get("module") in (None, "keras") or str(layer.get("module")).startswith("keras.")
            builtin = hasattr(keras.layers, name) or name in ("Functional", "Model", "Sequential")
            if not own or (not builtin and not _operation(layer)):
                names.append(name)
    return names


def _operation(layer: dict[str, Any]) -> bool:
    return ".ops" in str(layer.get("module"))


def _modernise(description: dict[str, Any]) -> bool:
    """Take out arguments that Keras 2 wrote and Keras 3 refuses; True where there was one."""
    changed = False
    for entry in _entries(description):
        config = entry.get("config")
        for argument, values in _OLD_ARGUMENTS.items():
            if entry["class_name"] not in _WITHOUT[argument] or not isinstance(config, dict):
                continue
            if config.get(argument) in values:
                del config[argument]
                changed = True
    return changed


def open_file(path: Path, keras: Any, custom_objects: Mapping[str, Any]) -> Any:
    """Open a Keras file in safe mode, uncompiled, on the processor.

    Raises
    ------
    FileNotFoundError, ValueError
        See :func:`read_description` and :func:`check_description`; or layers are not Keras' own and not named.
    """
    description, version = read_description(path)
    check_description(description, version, path)
    known = dict(custom_objects)
    for entry in _entries(description):  # Package>Name, as keras.saving.register_keras_serializable has it
        registered = str(entry.get("registered_name"))
        if ">" in registered and entry["class_name"] in known:
            known.setdefault(registered, known[entry["class_name"]])
    registered = keras.saving.get_custom_objects()
    unknown = unknown_layers(description, keras, {**registered, **known})
    operations = {kind.__name__ for kind in keras.Operation.__subclasses__()}
    if between := [name for name in unknown if name in operations]:
        raise ValueError(
            f"{path}: {', '.join(between)} stands between its layers (such as x[:, 2:-2] or x * 2), of which a .h5 "
            f"file does not keep enough; where the network is made, save it as net.keras, or put a layer in its place"
        )
    if unknown:
        raise ValueError(
            f"{path}: its layers {', '.join(unknown)} are not Keras' own; put their classes into a Python file with a "
            f"dictionary of them, such as CUSTOM = {{'{unknown[0]}': {unknown[0]}}}, and name it in the config's model "
            f"section: custom_objects: file.py:CUSTOM"
        )
    suffix = ".keras" if zipfile.is_zipfile(path) else ".h5"
    changed = _modernise(description)
    with TemporaryDirectory(prefix="combmotif-") as folder, keras.device("cpu"):
        readable = path
        if changed or path.suffix != suffix:
            readable = Path(folder) / f"net{suffix}"
            _copy(path, readable, description)
        try:
            model = keras.saving.load_model(readable, custom_objects=known, compile=False, safe_mode=True)
        except Exception as error:  # whatever its layers raise
            said = (str(error).strip().splitlines() or [""])[0][:300]
            raise ValueError(
                f"{path}: Keras {keras.__version__} cannot open it ({type(error).__name__}: {said})"
            ) from error
    if not version.startswith("3"):
        _keep_old_meaning(model, keras)
    return model


def _copy(path: Path, copy: Path, description: dict[str, Any]) -> None:
    """Copy a file with another description."""
    if copy.suffix == ".h5":
        shutil.copyfile(path, copy)
        with h5py.File(copy, "r+") as file:
            file.attrs["model_config"] = json.dumps(description).encode()
        return
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(copy, "w") as new:
        for name in old.namelist():
            new.writestr(name, json.dumps(description) if name == "config.json" else old.read(name))


def hard_sigmoid_of_keras_2(x: torch.Tensor) -> torch.Tensor:
    """Clip 0.2 x + 0.5 to 0 and 1; Keras 3 calls another line, x / 6 + 0.5, by the same name."""
    return (0.2 * x + 0.5).clamp(0.0, 1.0)


def _keep_old_meaning(model: Any, keras: Any) -> None:
    """Give the layers of a file of Keras 2 the functions that were meant where Keras 3 means others by the name."""
    for layer in model._flatten_layers():
        for owner in (layer, getattr(layer, "cell", None)):
            for name in ("activation", "recurrent_activation"):
                if name in getattr(owner, "__dict__", {}) and getattr(owner, name) is keras.activations.hard_sigmoid:
                    setattr(owner, name, hard_sigmoid_of_keras_2)
