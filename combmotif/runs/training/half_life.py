"""Train a half-life net as a config says, in a folder that a later call can go on from.

``OUT/checkpoint.pt`` holds the state after each epoch, ``metrics.json`` the result, ``training.json`` what was asked,
``model/`` the card and weights; with several heads, ``model_NAME/`` the net of each head's best epoch.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from combmotif.config.training.half_life import HalfLifeConfig, TranscriptSpecies
from combmotif.models.architectures.cnn_gru_weights import draw_as_keras
from combmotif.models.device import choose_device
from combmotif.models.evaluation import agreement
from combmotif.runs.training.base import Training, TrainResult, new_net, parameters, write_card, write_json
from combmotif.sequence.annotation.annotated import annotate, read_annotation
from combmotif.sequence.delimited import open_table, to_number
from combmotif.sequence.fasta import iterate_fasta
from combmotif.sequence.labelled import SPLITS, Hdf5Rows, Labelled, MemoryRows, split_rows
from combmotif.sequence.left_out import LEFT_OUT, LeftOut, write_left_out
from combmotif.sequence.names import NameIndex
from combmotif.training.supervised import SupervisedOptions, predict_rows, train_supervised


def read_transcripts(
    species: TranscriptSpecies, *, channels: int, length: int
) -> tuple[dict[str, Labelled], list[LeftOut]]:
    """Read a head's transcripts: rows of each split, and why any row of the table was left out."""
    left_out: list[LeftOut] = []
    labels, splits = _read_values(species, left_out)
    if channels > 4 and species.annotation is None:
        raise ValueError(
            f"species '{species.name}': annotation: the net reads {channels - 4} tracks beside the bases; give a "
            "BED12, GTF or GFF3 file, or a net with channels: 4"
        )
    known = NameIndex(labels)
    unusable: dict[str, str] = {}
    records: Any = iterate_fasta(species.fasta)
    if species.annotation is not None:
        records = annotate(
            records, read_annotation(species.annotation), source=species.fasta, skip_invalid=True,
            on_left_out=lambda one: unusable.update({known.find(one.name)[0] or "": one.reason}),
        )  # fmt: skip
    codes: dict[str, np.ndarray] = {}
    tracks: dict[str, np.ndarray] = {}
    titles: dict[str, str] = {}
    for title, sequence, *beside in records:
        name, _ = known.find(title)
        if name is None:
            continue
        if name in codes and not np.array_equal(codes[name], sequence):
            unusable[name] = f"several sequences in {species.fasta}: '{titles[name]}' and '{title}'"
        codes[name], titles[name] = sequence, title
        if beside:
            tracks[name] = beside[0]
    if not codes:
        raise ValueError(
            f"species '{species.name}': none of the {len(labels):,} names in column '{species.id}' of {species.table} "
            f"has a sequence in {species.fasta}"
        )
    missing = f"no sequence of this name and version in {species.fasta}"
    left_out += [LeftOut(name, unusable.get(name, missing)) for name in labels if name not in codes or name in unusable]
    names = [name for name in labels if name in codes and name not in unusable]
    parts = split_rows(
        [splits[name] for name in names], valid=[str(v) for v in species.valid], test=[str(v) for v in species.test]
    )
    found: dict[str, Labelled] = {}
    for split, chosen in parts.items():
        own = [names[row] for row in chosen]
        found[split] = MemoryRows(
            [codes[name] for name in own],
            [tracks[name][: channels - 4] for name in own] if channels > 4 else None,
            np.array([labels[name] for name in own]),
            channels=channels,
            length=length,
            source=f"{species.table}: split '{split}'",
        )
    return found, left_out


def _read_values(species: TranscriptSpecies, left_out: list[LeftOut]) -> tuple[dict[str, float], dict[str, str]]:
    """Measured value and split of every transcript in the table, in its order."""
    labels: dict[str, float] = {}
    splits: dict[str, str] = {}
    with open_table(species.table) as table:
        id_at, label_at, split_at = (table.place(column) for column in (species.id, species.label, species.split))
        for row, cells in table.rows:
            name = cells[id_at]
            try:
                value = to_number(cells[label_at])
            except ValueError:
                value = np.nan
            if name in labels:
                raise ValueError(f"{species.table}: row {row}: '{name}' is there twice; keep one measurement of it")
            if not name.strip() or not cells[split_at].strip():
                empty = species.split if name.strip() else species.id
                left_out.append(LeftOut(name or f"row{row}", f"row {row} has nothing in column '{empty}'"))
            elif not np.isfinite(value):
                reason = f"row {row} has no finite number in column '{species.label}' ('{cells[label_at]}')"
                left_out.append(LeftOut(name, reason))
            else:
                labels[name], splits[name] = value, cells[split_at]
    values = sorted(set(splits.values()))
    for key, wanted in (("valid", species.valid), ("test", species.test)):
        for asked in map(str, wanted):
            if asked not in values:
                shown = ", ".join(f"'{one}'" for one in values[:6]) + (", ..." if len(values) > 6 else "")
                raise ValueError(
                    f"species '{species.name}': {key}: no measured row of {species.table} has '{asked}' in column "
                    f"'{species.split}'; it has {shown or 'none'} (a value such as '01' needs quotation marks in YAML)"
                )
    return labels, splits


def read_species(config: HalfLifeConfig) -> tuple[list[dict[str, Labelled]], list[LeftOut]]:
    """Open the data of every head: rows of each split, and why rows were left out."""
    channels = int(config.net_arguments()["channels"])
    heads: list[dict[str, Labelled]] = []
    left_out: list[LeftOut] = []
    for species in config.species:
        if isinstance(species, TranscriptSpecies):
            rows, reasons = read_transcripts(species, channels=channels, length=config.length)
            left_out += reasons
        else:
            rows = {s: Hdf5Rows(species.path, s, channels=channels, length=config.length) for s in SPLITS}
        heads.append(rows)
    return heads, left_out


def fit_half_life(config: HalfLifeConfig, training: Training) -> TrainResult:
    """Train and test a net; the card is that of the first head; see `train`."""
    arguments = config.net_arguments()
    module = new_net(arguments, seed=config.seed, initialise=draw_as_keras if config.preset == "saluki" else None)
    heads, left_out = read_species(config)
    own = training.claim(config.model_dump(mode="json", exclude={"card", "device"}))
    write_left_out(own.file(LEFT_OUT), left_out)
    names = [species.name for species in config.species]
    options = SupervisedOptions(**config.fit_arguments(), seed=config.seed)
    result = train_supervised(
        module,
        [head["train"] for head in heads],
        [head["valid"] for head in heads],
        names=names,
        options=options,
        device=choose_device(config.device),
        journal=training.journal("training", own.file("checkpoint.pt")),
    )
    metrics: dict[str, Any] = {
        "parameters": parameters(module),
        "rows": {
            name: {split: len(rows.labels) for split, rows in head.items()}
            for name, head in zip(names, heads, strict=True)
        },
        "left_out": len(left_out),
        "left_out_first": [f"'{name}': {reason}" for name, reason in left_out[:10]],
        "best_epochs": dict(zip(names, result.best_epochs, strict=True)),
        "half_life": {},
        "history": result.history,
    }
    for number, (name, head) in enumerate(zip(names, heads, strict=True)):
        module.load_state_dict(result.states[number])
        metrics["half_life"][name] = asdict(
            agreement(predict_rows(module, head["test"], head=number), head["test"].labels)
        )
    write_json(own.file("metrics.json"), metrics)
    cards = []
    random = np.random.default_rng(0)
    for number, name in enumerate(names):
        module.load_state_dict(result.states[number])
        codes = [random.integers(0, 4, min(config.length, 200)).astype(np.uint8) for _ in range(2)]
        folder = "model" if len(names) == 1 else f"model_{name}"
        cards.append(write_card(own, module, config.card, _card(config, metrics, number), codes=codes, folder=folder))
    tested = metrics["half_life"].items()
    return TrainResult(
        cards[0],
        metrics,
        tuple(f"Pearson r {test['pearson']:.4f} of {name} on {test['n']:,} test mRNAs" for name, test in tested),
        (f"Warning: left out {len(left_out):,} rows, first: {metrics['left_out_first'][0]}",) if left_out else (),
    )


def _card(config: HalfLifeConfig, metrics: dict[str, Any], number: int) -> dict[str, Any]:
    text, species, fit = config.card, config.species[number], config.fit_arguments()
    tested = metrics["half_life"][species.name]
    card = text.name if len(config.species) == 1 else f"{text.name}_{species.name}"
    output = f" --output {species.name}" if len(config.species) > 1 else ""
    if isinstance(species, TranscriptSpecies):
        command = f"combmotif train CONFIG (metrics.json; test rows of {Path(species.table).name})"
    else:
        table = Path(species.path).name
        command = f"combmotif evaluate-model {card} --table {table} --sequence test_sequence --label test_label{output}"
    rows = metrics["rows"][species.name]
    recipe = (
        f"{rows['train']:,} training and {rows['valid']:,} validation mRNAs of {species.name}, recipe {config.preset}: "
        f"Adam, rate {fit['learning_rate']:g}, batch {fit['batch']}, shift up to {fit['shift']} nt, weight decay "
        f"{fit['weight_decay']:g}, kernel L2 {fit['kernel_l2']:g}, epoch {metrics['best_epochs'][species.name]} of "
        f"{len(metrics['history'])} kept by validation {fit['stop']}, seed {config.seed}."
    )
    return {
        "name": card,
        "kind": "cnn_gru",
        "arguments": config.net_arguments(),
        "input": {
            "alphabet": "rna",
            "length": config.length,
            "channels": config.net_arguments()["channels"],
            "rule": "pad_right",
            "description": "whole mRNAs with coding frame and splice sites",
        },
        "outputs": [{"name": own.name, "unit": text.unit, "meaning": text.meaning} for own in config.species],
        "recipe": recipe,
        "metrics": [
            {
                "name": key.replace("_", " "),
                "value": round(tested[key], 4),
                "data": f"{tested['n']:,} test mRNAs",
                "command": command,
            }
            for key in ("pearson", "squared_correlation", "spearman")
            if np.isfinite(tested[key])
        ],
    }
