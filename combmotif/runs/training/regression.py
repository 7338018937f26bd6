"""Train a net as a config says, in a folder that a later call can go on from.

``OUT/labels.npz`` holds the teachers' labels, ``checkpoint.pt`` the state after each epoch, ``metrics.json`` the
result, ``model/`` the card and weights; ``training.json`` what was asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from combmotif.config.opening import output_index
from combmotif.config.training.regression import TrainConfig
from combmotif.models.card import load_card
from combmotif.models.device import choose_device
from combmotif.models.model import SequenceModel
from combmotif.runs.training.base import (
    Training,
    TrainResult,
    keep_outputs,
    new_net,
    parameters,
    write_card,
    write_json,
)
from combmotif.sequence.alphabet import contains
from combmotif.sequence.sets import random_sequences
from combmotif.sequence.tables import read_table
from combmotif.training.distillation import teacher_labels, training_data
from combmotif.training.loop import TrainingOptions
from combmotif.training.regressor import predict_codes, squared_correlation, train


def read_rows(
    path: str, *, sequence: str | None, label: str, length: int, key: str, exclude: Sequence[str] = ()
) -> tuple[np.ndarray, np.ndarray]:
    """Read a table of sequences of one length: codes (n, length) and measured values (n, 1), without given words."""
    rows = read_table(path, sequence=sequence, labels=[label])
    wrong = np.flatnonzero(rows.lengths != length)
    if wrong.size:
        raise ValueError(
            f"{key}: {path}: expected sequences of {length} nt (sequences.length), found {rows.lengths[wrong[0]]} nt "
            f"in '{rows.names[wrong[0]]}'"
        )
    assert rows.labels is not None
    codes = np.stack(rows.codes)
    kept = ~np.any([contains(codes, word) for word in exclude], axis=0) if exclude else np.ones(len(codes), bool)
    if not kept.any():
        raise ValueError(f"{key}: {path}: every sequence contains one of {', '.join(exclude)}")
    return codes[kept], rows.labels[kept].astype(np.float32)


def _recipe(config: TrainConfig, teachers: Sequence[SequenceModel], measured: int, best_epoch: int) -> str:
    names = " and ".join(teacher.name for teacher in teachers)
    extra = ""
    if measured and config.measured:
        by = "their measured values" if config.measured.target == "measured" else "the same labels"
        extra = f", and {measured:,} measured sequences with {by} (weight {config.measured.weight:g})"
    fit = config.fit
    return (
        f"Distilled: {config.sequences.count:,} random sequences of {config.sequences.length} nt labelled by the mean "
        f"of {names}{extra}. Adam, batch {fit.batch}, peak rate {fit.learning_rate:g} ({fit.schedule}), weight average "
        f"{fit.averaging:g}, shift {fit.shift}, {fit.epochs} epochs (epoch {best_epoch} kept), seed {config.seed}."
    )


def train_model(config: TrainConfig, training: Training) -> TrainResult:
    """Distil trained nets, and measured values where there are any, into a small net; see `train`."""
    device = choose_device(config.device)
    teachers = [(load_card(teacher.card, device, trust=teacher.trust), teacher.output) for teacher in config.teachers]
    columns = [
        (model, output_index(output, model.outputs, key=f"teachers.{index}.output"))
        for index, (model, output) in enumerate(teachers)
    ]
    drawn = config.sequences
    tests = {
        test.name: read_rows(
            test.path,
            sequence=test.sequence,
            label=test.label,
            length=drawn.length,
            key=f"tests.{index}.path",
            exclude=test.exclude,
        )
        for index, test in enumerate(config.tests)
    }
    measured = None
    if config.measured is not None:
        table = config.measured
        measured = read_rows(
            table.path,
            sequence=table.sequence,
            label=table.label,
            length=drawn.length,
            key="measured.path",
            exclude=drawn.exclude,
        )
    own = training.claim(config.model_dump(mode="json", exclude={"card", "tests", "device"}))

    random = random_sequences(
        drawn.count + config.validation,
        drawn.length,
        seed=config.seed,
        frequencies=drawn.frequencies,
        exclude=drawn.exclude,
    )
    codes = np.stack(random.codes)
    labels = teacher_labels(
        columns, codes, cache=own.file("labels.npz"), on_rows=training.step("labels of random sequences")
    )
    if measured is not None and config.measured is not None and config.measured.target == "teachers":
        cache = own.file("labels_measured.npz")
        measured = (
            measured[0],
            teacher_labels(columns, measured[0], cache=cache, on_rows=training.step("labels of measured sequences")),
        )
    data = training_data(
        codes,
        labels,
        validation=config.validation,
        measured=measured,
        weight=config.measured.weight if config.measured else 1.0,
    )

    module = new_net(config.net.arguments, seed=config.seed)
    result = train(
        module,
        data.codes,
        data.labels,
        data.validation,
        options=TrainingOptions(**config.fit.model_dump(), seed=config.seed),
        weights=data.weights,
        device=device,
        journal=training.journal("training", own.file("checkpoint.pt")),
    )
    keep_outputs(module, np.array([data.mean]), np.array([data.std]))

    metrics: dict[str, Any] = {
        "parameters": parameters(module),
        "rows": len(data.codes),
        "measured_rows": 0 if measured is None else len(measured[0]),
        "best_epoch": result.best_epoch,
        "validation_squared_correlation": result.history[result.best_epoch - 1]["validation_squared_correlation"],
        "tests": {},
        "history": result.history,
    }
    for name, (test_codes, values) in tests.items():
        metrics["tests"][name] = {
            "rows": len(test_codes),
            "squared_correlation": squared_correlation(predict_codes(module, test_codes), values),
            "teachers_squared_correlation": squared_correlation(teacher_labels(columns, test_codes), values),
        }
    write_json(own.file("metrics.json"), metrics)
    recipe = _recipe(
        config, [model for model, _ in teachers], 0 if measured is None else len(measured[0]), result.best_epoch
    )
    card = write_card(own, module, config.card, _card(config, metrics, recipe), codes=list(data.validation[0][:4]))
    lines = [
        f"squared correlation {test['squared_correlation']:.4f} on {name}, {test['rows']:,} rows "
        f"(the teachers' mean has {test['teachers_squared_correlation']:.4f})"
        for name, test in metrics["tests"].items()
    ]
    return TrainResult(card, metrics, tuple(lines))


def _card(config: TrainConfig, metrics: dict[str, Any], recipe: str) -> dict[str, Any]:
    text = config.card
    return {
        "kind": config.net.kind,
        "arguments": config.net.arguments,
        "input": {"alphabet": "rna", "length": config.sequences.length, "channels": 4},
        "outputs": [{"name": text.output, "unit": text.unit, "meaning": text.meaning}],
        "recipe": recipe,
        "metrics": [
            {
                "name": "squared correlation",
                "value": round(test["squared_correlation"], 4),
                "data": f"{name} ({test['rows']:,} rows)",
                "command": text.command,
            }
            for name, test in metrics["tests"].items()
        ],
    }
