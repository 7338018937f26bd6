"""Fit nets to measured sequences in folds of unrelated groups, measure them there, and write one net for all.

``OUT/training.json`` says what was asked; ``nets/`` holds a checkpoint of the net in training and the weights of
those that are done, each behind its checksum; ``out_of_fold.npz`` what every sequence's held-out nets predict;
``metrics.json`` the result; ``model/`` the card and weights.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import safetensors.torch as safetensors

from combmotif.config.training.measured import MeasuredConfig, MeasuredFit
from combmotif.config.training.regression import NetSection
from combmotif.core.files import atomic, read_sealed, write_sealed
from combmotif.models.architectures.cnn_gru import CnnGru
from combmotif.models.device import choose_device
from combmotif.models.weights import fill
from combmotif.runs.training.base import (
    Training,
    TrainResult,
    keep_outputs,
    new_net,
    parameters,
    write_card,
    write_json,
)
from combmotif.runs.training.measured_rows import MeasuredRows, in_context, read_rows, recombined
from combmotif.sequence.sets import random_sequences
from combmotif.training.multitask import MultitaskOptions, pearson, train_multitask
from combmotif.training.regressor import predict_codes

_LARGEST_Z = 3.0


class Workshop:
    """Train, keep and reopen the nets of one folder."""

    def __init__(self, config: MeasuredConfig, training: Training) -> None:
        self.config = config
        self.training = training
        self.own = own = training.claim(config.model_dump(mode="json", exclude={"card", "device"}))
        self.folder = own.path / "nets"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.device = choose_device(config.device)

    def net(
        self,
        name: str,
        codes: np.ndarray,
        labels: np.ndarray,
        *,
        outputs: int,
        weights: np.ndarray,
        section: NetSection,
        fit: MeasuredFit,
        seed: int,
    ) -> CnnGru:
        """Open the net of this name, or train it on these rows; it predicts the first ``outputs`` tasks."""
        done = self.folder / f"{name}.sealed"
        if (kept := read_sealed(done, instead="the net is trained again")) is not None:
            net = CnnGru(**section.arguments, outputs=outputs)
            return fill(net, safetensors.load(kept), path=done).eval()  # type: ignore[return-value]
        mean, std = np.nanmean(labels, axis=0), np.nanstd(labels, axis=0)
        if not (std > 0).all():
            raise ValueError("tables: expected values that differ in every label")
        net = new_net({**section.arguments, "outputs": labels.shape[1]}, seed=seed)
        self.own.file(done)
        checkpoint = self.own.file(self.folder / f"{name}.pt")
        train_multitask(
            net,
            codes,
            np.clip((labels - mean) / std, -_LARGEST_Z, _LARGEST_Z),
            options=MultitaskOptions(**fit.model_dump(), seed=seed),
            task_weights=weights.tolist(),
            device=self.device,
            journal=self.training.journal(f"training {name}", checkpoint),
        )
        net = keep_outputs(net.cpu(), mean[:outputs], std[:outputs])
        write_sealed(done, safetensors.save({name: value.contiguous() for name, value in net.state_dict().items()}))
        checkpoint.unlink()
        return net

    def member(self, rows: MeasuredRows, fold: int | None, member: int) -> CnnGru:
        """Train a net on the rows outside a fold, or on all."""
        kept = np.ones(len(rows.codes), dtype=bool) if fold is None else rows.folds != fold
        return self.net(
            "all" if fold is None else f"fold{fold}.member{member}",
            in_context(rows.codes[kept], self.config.context),
            rows.labels[kept],
            outputs=rows.outputs,
            weights=rows.weights,
            section=self.config.net,
            fit=self.config.fit,
            seed=self.config.seed + (0 if fold is None else 1 + fold * self.config.members + member),
        )

    def student(self, rows: MeasuredRows, fold: int | None, teachers: list[CnnGru]) -> CnnGru:
        """Teach a net what others predict for the rows outside a fold (or all) and for recombinations of them."""
        section = self.config.student
        assert section is not None
        name = "student" if fold is None else f"fold{fold}.student"
        kept = np.ones(len(rows.codes), dtype=bool) if fold is None else rows.folds != fold
        seed = self.config.seed + 1_000_000 + (0 if fold is None else 1 + fold)
        codes, labels = rows.codes[kept], rows.labels[kept, : rows.outputs]
        if read_sealed(self.folder / f"{name}.sealed", instead="the net is trained again") is None:
            codes = np.concatenate([codes, recombined(codes, int(section.recombined * len(codes)), seed=seed)])
            seen = in_context(codes, self.config.context)
            precision = self.config.fit.precision
            target = np.mean([predict_codes(teacher, seen, precision=precision) for teacher in teachers], axis=0)
            mixed = (1 - section.measured) * target[: len(labels)] + section.measured * labels
            target[: len(labels)] = np.where(np.isfinite(labels), mixed, target[: len(labels)])
            labels = target
        return self.net(
            name,
            codes,
            labels,
            outputs=rows.outputs,
            weights=np.ones(rows.outputs),
            section=section.net or self.config.net,
            fit=section.fit,
            seed=seed,
        )


def held_out_quality(rows: MeasuredRows, predicted: np.ndarray) -> dict[str, dict[str, Any]]:
    """Pearson r of every output over all out-of-fold predictions, and in each fold."""
    labels = rows.labels[:, : rows.outputs]
    pooled = pearson(predicted, labels)
    folds = [pearson(predicted[rows.folds == f], labels[rows.folds == f]) for f in range(int(rows.folds.max()) + 1)]
    return {
        task: {
            "rows": int(np.isfinite(labels[:, i]).sum()),
            "r": round(pooled[i], 4),
            "folds": [round(fold[i], 4) for fold in folds],
        }
        for i, task in enumerate(rows.tasks[: rows.outputs])
    }


def fit_model(config: MeasuredConfig, training: Training) -> TrainResult:
    """Train and measure the nets of all folds, and write the net for all.

    Its metrics hold the out-of-fold Pearson r of one net, of the mean of a fold's nets, and of a student taught by
    these, per output: pooled over all rows, and by fold; see `train`.
    """
    rows = read_rows(config)
    shop = Workshop(config, training)
    own = shop.own
    shape = (len(rows.codes), rows.outputs)
    found = {"single": np.zeros(shape), "mean": np.zeros(shape)}
    taught = config.student is not None and config.student.estimate
    if taught:
        found["student"] = np.zeros(shape)
    folds = range(config.folds.count)
    members = [[shop.member(rows, fold, member) for member in range(config.members)] for fold in folds]
    if config.student is None:
        net = shop.member(rows, None, 0)
    else:
        net = shop.student(rows, None, [member for fold in members for member in fold])
    for fold in folds:
        test = rows.folds == fold
        seen = in_context(rows.codes[test], config.context)
        predictions = [predict_codes(member, seen) for member in members[fold]]
        found["single"][test], found["mean"][test] = predictions[0], np.mean(predictions, axis=0)
        if taught:
            found["student"][test] = predict_codes(shop.student(rows, fold, members[fold]), rows.codes[test])

    metrics: dict[str, Any] = {
        "parameters": parameters(net),
        "rows": len(rows.codes),
        "groups": int(rows.groups.max()) + 1,
        "members": config.members,
        "out_of_fold": {name: held_out_quality(rows, predicted) for name, predicted in found.items()},
    }
    arrays = {name: predicted.astype(np.float32) for name, predicted in found.items()}
    arrays["measured"] = rows.labels[:, : rows.outputs].astype(np.float32)
    with atomic(own.file("out_of_fold.npz")) as temporary, temporary.open("wb") as stream:
        np.savez_compressed(stream, allow_pickle=False, folds=rows.folds, **arrays)
    write_json(own.file("metrics.json"), metrics)
    examples = random_sequences(4, config.length, seed=config.seed).codes
    card = write_card(own, net, config.card, _card(config, metrics, rows.tasks[: rows.outputs]), codes=examples)
    lines = [
        f"Pearson r {quality['r']:.4f} of {output} on {quality['rows']:,} held-out rows ({name})"
        for name, outputs in metrics["out_of_fold"].items()
        for output, quality in outputs.items()
    ]
    return TrainResult(card, metrics, tuple(lines))


def _recipe(config: MeasuredConfig, metrics: dict[str, Any]) -> str:
    fit = config.fit
    text = (
        f"{metrics['rows']:,} measured sequences in {metrics['groups']:,} groups that share no "
        f"{config.folds.shared}-mer. {config.folds.count} folds, {config.members} nets each: AdamW, "
        f"{fit.epochs} epochs, batch {fit.batch}, peak rate {fit.learning_rate:g} "
        f"({fit.schedule}), weight average {fit.averaging:g}, "
        f"shifts up to {fit.shift} nt, {fit.precision}"
    )
    if (context := config.context) is not None:
        text += f", with {len(context.five)} and {len(context.three)} nt of the assay's context around each sequence"
    text += ". "
    if config.student is None:
        return text + "The net shipped was trained alike on all rows."
    return text + (
        "The net shipped was taught the mean prediction of all these nets, for the measured sequences and "
        f"{config.student.recombined:g} times as many recombinations of them ({config.student.fit.epochs} epochs)."
    )


def _card(config: MeasuredConfig, metrics: dict[str, Any], outputs: tuple[str, ...]) -> dict[str, Any]:
    text = config.card
    section = config.net if config.student is None else config.student.net or config.net
    measured = metrics["out_of_fold"].get("student") or metrics["out_of_fold"]["single"]
    return {
        "kind": section.kind,
        "arguments": {**section.arguments, "outputs": len(outputs)},
        "input": {"alphabet": "rna", "length": config.length, "channels": 4, "description": text.input},
        "outputs": [{"name": name, "unit": text.unit, "meaning": text.meaning} for name in outputs],
        "recipe": _recipe(config, metrics),
        "metrics": [
            {
                "name": f"pearson_r {name}",
                "value": measured[name]["r"],
                "data": f"{measured[name]['rows']:,} sequences, each predicted by a net of this recipe that saw none "
                f"with which it shares a {config.folds.shared}-mer ({config.folds.count} folds; this net saw them all)",
                "command": text.command,
            }
            for name in outputs
        ],
    }
