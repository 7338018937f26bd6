"""Read the configs of the original CombMotif scripts and say the same in ours.

The scripts had YAML files for interpreting and training, and beside them hand-written tables: receptive fields
(``recp_field``), clusters per feature map (``feature_cluster_criteria``) and motif pairs
(``motif_combination_labels``). Paths in them were relative to the folder a script was started in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from combmotif.config.prototype_tables import cluster_section, read_label_file
from combmotif.core.typed_yaml import read_yaml

_SCRIPTS = (
    "motif_discovery", "motif_interaction", "motif_contribution", "motif_interaction/script",
    "motif_contribution/script", "motif_discovery/tf_modisco", "motif_discovery/max_seqlet", "train_Halflife_predictor",
    "train_MRL_predictor",
)  # fmt: skip
_DROPPED = {
    "recp_path": "receptive fields are derived from the network and verified on it",
    "featuremap_layer_name_dict_path": "",
    "ga_patience": "of another search, which 'sample: {preset: combmotif}' runs: there it is sample.patience, 30",
    "search_patience": "every window of every sequence is scanned, nothing is drawn",
    "fragment": "sites are found by the scan",
    "maxactivation": "maxima are found by the scan",
    "maxactivation_savedir": "everything is written into the run folder",
    "collected_samples_savedir": "everything is written into the run folder",
    "all_PFM_save_dir": "everything is written into the run folder",
    "cluster_save_dir": "everything is written into the run folder",
    "output_dir": "'combmotif train --out' names the folder",
    "resample": "what is done is used again, and done anew where its settings change",
    "recluster": "what is done is used again, and done anew where its settings change",
    "gpu_id": "'device: cuda' and CUDA_VISIBLE_DEVICES choose one",
    "num_layer": "told by the weights",
    "num_layers": "told by the weights",
    "num_targets": "told by the weights",
}
_USED = {
    "checkpoint", "data_path", "seq_depth", "seq_length", "model_name", "ind", "multi_thread", "name", "seed", "st_lib",
    "thresh", "alphabet", "reference_label", "combination", "template", "batch_size", "config",
}  # fmt: skip
_TRAINING = {"lr", "epochs", "patience", "dropout", "padding", "l2", "noAUG"}


@dataclass
class Imported:
    """What became of a config of the original scripts.

    Attributes
    ----------
    kind : str
        run, train, or none where combmotif needs no new file.
    config : dict
        Ours; empty for none.
    card : dict
        A model card for the weights, where the config names some.
    notes : list of str
        What has no counterpart, what was decided, what to check; one sentence each.
    """

    kind: str
    config: dict[str, Any] = field(default_factory=dict)
    card: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def _find(path: str, base: Path) -> Path | None:
    """Find a file as the script that read it would: from its folder, the config's, or the working directory."""
    wanted = Path(path.strip())
    roots = [base, Path.cwd(), *(parent / script for parent in (base, *base.resolve().parents) for script in _SCRIPTS)]
    places = [wanted] if wanted.is_absolute() else [root / wanted for root in roots]
    return next((place.resolve() for place in places if place.exists()), None)


def _path(data: Mapping[str, Any], key: str, base: Path, notes: list[str]) -> str:
    found = _find(str(data[key]), base)
    if found is None:
        notes.append(f"{key}: found no '{data[key]}'; put the right path into the new file")
    return str(found or data[key])


def _label_pairs(data: Mapping[str, Any], layer: str, base: Path, notes: list[str]) -> list[dict[str, str]]:
    """Read the pairs of a layer's label files, each with the neuron that reads it; names there began at 1."""
    folder = _find(str(data["combination"]), base)
    files: list[Path] = []
    if folder is not None:
        own = folder / str(data.get("model_name", ""))
        files = sorted((own if own.is_dir() else folder).glob(f"{layer}_neuron*.yaml"))
    pairs = []
    for path in files:
        number = re.fullmatch(r"\w+_neuron(\d+)", path.stem)
        if number is not None:
            neuron = f"{layer}:{int(number[1]) - 1}"
            pairs += [{"a": a, "b": b, "neuron": neuron} for a, b in read_label_file(read_yaml(path), str(path))]
    if pairs:
        notes.append(
            f"combination: {len(pairs)} pairs from {len(files)} label files, each tested where its neuron "
            f"fires, as there ('instances: scan' tests it anywhere, 'pairs: from_motifs' pairs the motifs found)"
        )
    else:
        notes.append(f"combination: found no label files of {layer}; pairs are chosen from the motifs")
    if data.get("template"):
        notes.append("template: no counterpart; a neuron without a label file has no pair")
    return pairs


def _clusters(data: Mapping[str, Any], base: Path, notes: list[str]) -> dict[str, Any]:
    """Read the table of clusters per feature map; the shipped ones have 4 everywhere."""
    path = _find(str(data["featuremap_layer_name_dict_path"]), base)
    if path is None:
        notes.append("featuremap_layer_name_dict_path: clusters per layer follow from the pools and the motifs' purity")
        return {}
    return cluster_section(read_yaml(path), path.name, notes)


def _select(data: Mapping[str, Any], notes: list[str]) -> str:
    if data.get("multi_thread") is True or "ind" not in data:
        notes.append("multi_thread: all neurons; 'combmotif run --workers N' chooses the processes")
        return "all"
    ends = re.fullmatch(r"\s*(\d+)\s*-\s*(\d+)\s*", str(data["ind"]))
    if ends is None or int(ends[2]) <= int(ends[1]):
        raise ValueError(f"ind: expected START-END such as 0-64, the end left out, found '{data['ind']}'")
    first, last = int(ends[1]), int(ends[2]) - 1
    notes.append(f"ind: {data['ind']} leaves out its end; names began at 1: their neuron{first + 1} is {first} here")
    return f"{first}-{last}"


def _sequences(data: Mapping[str, Any], base: Path, length: int, notes: list[str]) -> dict[str, Any]:
    if "data_path" not in data:
        notes.append("data_path: none there, as motifs need none; random sequences here, better ones are your own")
        return {"kind": "random", "count": 20000 if length < 1000 else 500, "length": length}
    path = _path(data, "data_path", base, notes)
    if path.endswith((".h5", ".hdf5")):
        notes.append("data_path: the test set is read (sequence: test_sequence); the scripts pooled all three sets")
        return {"kind": "hdf5", "path": path, "sequence": "test_sequence", "label": "test_label"}
    return {"kind": "table", "path": path, "sequence": "utr", "label": "rl"}


def _run(data: Mapping[str, Any], base: Path, layer: str | None, imported: Imported) -> None:
    notes, depth = imported.notes, int(data.get("seq_depth", 6))
    length = int(data.get("seq_length") or (12288 if depth > 4 else 50))
    name = str(data.get("model_name", "model"))
    imported.card = {"name": name, "kind": "cnn_gru", "weights": _path(data, "checkpoint", base, notes)}
    if depth == 4:
        imported.card |= {"arguments": {"padding": 2}, "input": {"alphabet": "rna", "length": length}}
        notes.append("checkpoint: a file with 4 channels does not say its padding; 2 is taken, as in the MRL nets")
    chosen = str(layer or data.get("name") or ("conv5" if depth > 4 else "conv3"))
    if not layer and "name" not in data:
        notes.append(f"layer: the scripts had it from the command line; {chosen} is taken (import-config --layer)")
    config: dict[str, Any] = {
        "model": {"card": ""},
        "sequences": _sequences(data, base, length, notes),
        "neurons": {"layer": chosen, "select": _select(data, notes)},
    }
    if data.get("featuremap_layer_name_dict_path"):
        config |= _clusters(data, base, notes)
    databases = ["builtin"]
    if data.get("st_lib"):
        library = _find(str(data["st_lib"]), base)
        databases = [str(library)] if library else databases
        if library is None:
            notes.append(f"st_lib: found no '{data['st_lib']}'; the built-in elements are taken")
    config["match"] = {"databases": databases, "q": float(data.get("thresh", 0.01))}
    if "data_path" in data:
        output = int(data.get("reference_label", 0))
        config["contribution"] = {"outcome": "both", "threshold": 0.7, "output": output}
        notes.append("contribution: on labels, as the scripts did, and on predictions, as their README says")
        if "combination" in data:
            pairs = _label_pairs(data, chosen, base, notes)
            where = {"pairs": pairs, "instances": "neurons"} if pairs else {"pairs": "from_motifs"}
            config["interaction"] = {**where, "mode": "uniform", "output": output}
            notes.append("interaction: a value per sequence, 8 scrambles, q-values; 'preset: combmotif' is as there")
    config["seed"] = int(data.get("seed", 0))
    imported.config = config


def _train(data: Mapping[str, Any], base: Path, imported: Imported) -> None:
    notes, depth = imported.notes, int(data.get("seq_depth", 6))
    name = Path(str(data.get("output_dir", "model"))).name
    path = _path(data, "data_path", base, notes)
    fit: dict[str, float] = {"epochs": int(data.get("epochs", 1000)), "batch": int(data.get("batch_size", 128))}
    fit |= {"learning_rate": float(data.get("lr", 1e-3)), "patience": int(data.get("patience", 100))}
    fit["weight_decay"] = float(data.get("l2", 1e-5))
    dropout = float(data.get("dropout", 0.1))
    length = int(data.get("seq_length", 12288))
    padding = int(data.get("padding", 0))
    blocks = int(data.get("num_layer", data.get("num_layers", 6)))
    if depth > 4:
        imported.config = {
            "kind": "half_life",
            "preset": "combmotif",
            "species": [{"kind": "hdf5", "name": name, "path": path}],
            "length": length,
            "net": {"blocks": blocks, "padding": padding, "dropout": dropout},
            "fit": fit,
            "card": {"name": name},
            "seed": int(data.get("seed", 2024)),
        }
        return
    imported.config = {
        "kind": "measured",
        "net": {"kind": "cnn_gru", "arguments": {"blocks": blocks, "padding": padding, "dropout": dropout}},
        "length": length,
        "tables": [{"path": path, "sequence": "utr", "labels": ["rl"]}],
        "fit": {**fit, "schedule": "constant"},
        "card": {"name": name},
        "seed": int(data.get("seed", 2024)),
    }
    notes.append("data_path: columns utr and rl are taken; here r is of held-out groups of related sequences (folds)")
    if data.get("noAUG"):
        notes.append("noAUG: has no counterpart here; take the sequences with AUG out of the table")


def import_config(path: str | Path, *, layer: str | None = None) -> Imported:
    """Turn a YAML file of the original scripts into ours.

    Parameters
    ----------
    path : path
        A config for interpreting, interaction or training, or a file of receptive fields, of clusters per feature map
        or of motif pairs.
    layer : str, optional
        The layer, which the scripts had from the command line; default conv5 of the half-life net, conv3 of the others.

    Returns
    -------
    Imported

    Raises
    ------
    ValueError, FileNotFoundError
        If it is no such file.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: there is no such file")
    data, base = read_yaml(path), path.parent
    values = list(data.values())
    if all(re.fullmatch(r"(conv|maxpool)\d+", str(key)) for key in data):
        if all(isinstance(value, int) for value in values):
            return Imported("none", notes=[f"{path.name}: {_DROPPED['recp_path']}; 'combmotif inspect' lists them"])
        if all(isinstance(value, Mapping) for value in values):
            imported = Imported("none")
            cluster_section(data, path.name, imported.notes)
            return imported
    if all(isinstance(value, Mapping) and "motifA" in value for value in values):
        pairs = read_label_file(data, str(path))
        note = (
            f"{path.name}: {len(pairs)} pairs; 'interaction: {{pairs: {path}, instances: neurons}}' reads it as it is"
        )
        return Imported("none", notes=[note])
    if "method_list" in data or "model_list" in data:
        what = "methods" if "method_list" in data else "models"
        return Imported("none", notes=[f"{path.name}: {what} are compared by their run folders, without a config"])
    imported = Imported("train" if _TRAINING & set(data) and "checkpoint" not in data else "run")
    if imported.kind == "run" and "checkpoint" not in data:
        raise ValueError(
            f"{path}: expected a config of the original CombMotif scripts (checkpoint: or data_path: with lr:, or a "
            f"table of receptive fields, clusters or motif pairs), found the keys {', '.join(map(str, data))}"
        )
    for key in data:
        if key in _DROPPED and _DROPPED[key]:
            imported.notes.append(f"{key}: no counterpart; {_DROPPED[key]}")
        elif key not in _USED | _TRAINING | set(_DROPPED):
            imported.notes.append(f"{key}: no counterpart; this key of the scripts is not known")
    if imported.kind == "train":
        _train(data, base, imported)
    else:
        if "batch_size" in data:
            imported.notes.append("batch_size: no counterpart; chosen by the length of the sequences")
        _run(data, base, layer, imported)
    return imported
