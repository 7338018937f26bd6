"""Train a half-life net as a config says, in a folder that a later call can go on from.

``OUT/checkpoint.pt`` holds the state after each epoch, ``metrics.json`` the result, ``training.json`` what was asked,
``model/`` the card and weights; with several heads, ``model_NAME/`` the net of each head's best epoch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from combmotif.config.half_life import HalfLifeConfig, TranscriptSpecies
from combmotif.models.card import save_card
from combmotif.models.device import choose_device
from combmotif.models.evaluation import agreement
from combmotif.models.saluki_weights import draw_as_keras
from combmotif.models.supervised import SupervisedOptions, predict_rows, train_supervised
from combmotif.pipeline.train import TrainResult, claim_folder, new_net, write_json
from combmotif.sequence.alphabet import decode
from combmotif.sequence.annotation import annotate, read_annotation
from combmotif.sequence.fasta import iterate_fasta
from combmotif.sequence.labelled import SPLITS, Hdf5Rows, Labelled, MemoryRows, split_rows


def read_transcripts(
    species: TranscriptSpecies, *, channels: int, length: int
) -> tuple[dict[str, Labelled], list[str]]:
    """Read a head's transcripts: rows of each split, and why any row of the table was left out."""
    separator = "," if ".csv" in Path(species.table).suffixes else "\t"
    table = pd.read_csv(species.table, sep=separator)
    for column in (species.id, species.label, species.split):
        if column not in table:
            raise ValueError(f"{species.table}: expected a column '{column}', found {', '.join(map(str, table))}")
    if channels > 4 and species.annotation is None:
        raise ValueError(
            f"species '{species.name}': annotation: the net reads {channels - 4} tracks beside the bases; give a "
            "BED12, GTF or GFF3 file, or a net with channels: 4"
        )
    wanted = {str(name): row for row, name in enumerate(table[species.id])}
    left_out: list[str] = []
    records: Any = iterate_fasta(species.fasta)
    if species.annotation is not None:
        annotation = read_annotation(species.annotation)
        records = annotate(records, annotation, source=species.fasta, on_skip=left_out.append)
    codes: dict[int, np.ndarray] = {}
    tracks: dict[int, np.ndarray] = {}
    for name, sequence, *beside in records:
        row = wanted.get(name, wanted.get(name.split("|")[0].split(".")[0]))
        if row is not None:
            codes[row] = sequence
            if beside:
                tracks[row] = beside[0]
    missing = [name for name, row in wanted.items() if row not in codes]
    left_out += [f"no sequence of '{name}'" for name in missing]
    rows = np.array(sorted(codes), dtype=np.int64)
    labels = pd.to_numeric(table[species.label], errors="coerce").to_numpy()
    if not len(rows):
        raise ValueError(
            f"species '{species.name}': none of the {len(wanted):,} names in column '{species.id}' of {species.table} "
            f"has a sequence in {species.fasta}"
        )
    unknown = np.isnan(labels[rows])
    left_out += [f"'{table[species.id][row]}' has no number in '{species.label}'" for row in rows[unknown]]
    rows = rows[~unknown]
    parts = split_rows(
        table[species.split].iloc[rows], valid=[str(v) for v in species.valid], test=[str(v) for v in species.test]
    )
    found: dict[str, Labelled] = {}
    for split, chosen in parts.items():
        own = rows[chosen]
        found[split] = MemoryRows(
            [codes[row] for row in own],
            [tracks[row][: channels - 4] for row in own] if channels > 4 else None,
            labels[own],
            channels=channels,
            length=length,
            source=f"{species.table}: split '{split}'",
        )
    return found, left_out


def read_species(config: HalfLifeConfig) -> tuple[list[dict[str, Labelled]], list[str]]:
    """Open the data of every head: rows of each split, and why rows were left out."""
    channels = int(config.net_arguments()["channels"])
    heads, left_out = [], []
    for species in config.species:
        if isinstance(species, TranscriptSpecies):
            rows, reasons = read_transcripts(species, channels=channels, length=config.length)
            left_out += reasons
        else:
            rows = {s: Hdf5Rows(species.path, s, channels=channels, length=config.length) for s in SPLITS}
        heads.append(rows)
    return heads, left_out


def fit_half_life(
    config: HalfLifeConfig,
    out: Path,
    *,
    progress: Callable[[str, int, int], None] | None = None,
    on_epoch: Callable[[dict[str, float]], None] | None = None,
) -> TrainResult:
    """Train, test and save a net; an interrupted training is gone on with and ends with the same weights.

    Parameters
    ----------
    config : HalfLifeConfig
    out : pathlib.Path
        Folder of the training.
    progress : callable, optional
        Called with (step, done, in all).
    on_epoch : callable, optional
        Called with the losses of an epoch.

    Returns
    -------
    TrainResult
        The card of the first head, and the contents of metrics.json.

    Raises
    ------
    ValueError
        If the folder holds another training, or the data do not fit.
    """
    arguments = config.net_arguments()
    module = new_net(arguments, seed=config.seed, initialise=draw_as_keras if config.preset == "saluki" else None)
    heads, left_out = read_species(config)
    own = claim_folder(out, config.model_dump(mode="json", exclude={"card", "device"}))
    names = [species.name for species in config.species]
    options = SupervisedOptions(**config.fit_arguments(), seed=config.seed)
    result = train_supervised(
        module,
        [head["train"] for head in heads],
        [head["valid"] for head in heads],
        names=names,
        options=options,
        checkpoint=own.file("checkpoint.pt"),
        device=choose_device(config.device),
        on_step=None if progress is None else lambda done, total: progress("training", done, total),
        on_epoch=on_epoch,
    )
    metrics: dict[str, Any] = {
        "parameters": sum(parameter.numel() for parameter in module.parameters()),
        "rows": {
            name: {split: len(rows.labels) for split, rows in head.items()}
            for name, head in zip(names, heads, strict=True)
        },
        "left_out": len(left_out),
        "left_out_first": left_out[:10],
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
        folder = out / ("model" if len(names) == 1 else f"model_{name}")
        own.files([folder / "model.yaml", folder / "weights.safetensors"])
        letters = [decode(random.integers(0, 4, min(config.length, 200)).astype(np.uint8)) for _ in range(2)]
        cards.append(save_card(folder, module.cpu().eval(), _card(config, metrics, number), sequences=letters))
    return TrainResult(cards[0], metrics)


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
        "description": text.description,
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
        "training": {"data": text.data, "licence": text.licence, "recipe": recipe},
        "metrics": [
            {"name": key, "value": round(tested[key], 4), "data": f"{tested['n']:,} test mRNAs", "command": command}
            for key in ("pearson", "r2", "spearman")
            if np.isfinite(tested[key])
        ],
        "limits": text.limits,
    }
