"""Fit hexamer effects as a config says.

``OUT/hexamers.tsv`` holds the effects, ``metrics.json`` how good they are; where they are those of HAL's eight regions,
``model/`` holds a card that opens them as a donor score.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import rel_entr

from combmotif.config.training.hexamers import CountedTable, HexamersConfig, PlantedSequences
from combmotif.core.files import atomic
from combmotif.core.output import OutputFolder
from combmotif.core.plain_yaml import dump_yaml
from combmotif.models.architectures.hal.hexamers import HEXAMERS, hexamer_word
from combmotif.models.architectures.hal.table import REGIONS, TABLE_FILE, WINDOW, HexamerTable
from combmotif.runs.training.base import Training, TrainResult, write_json
from combmotif.sequence.sets import random_sequences
from combmotif.sequence.tables import read_table
from combmotif.training.hexamer_fit import (
    HexamerFit,
    Outcome,
    donor_outcome,
    fit_hexamers,
    predict_shares,
    region_names,
    simulate_counts,
)


def _outcomes(config: HexamersConfig, length: int) -> list[Outcome]:
    outcomes = []
    for section in config.outcomes:
        if section.donor is not None:
            outcomes.append(donor_outcome(section.name, section.donor, length))
        else:
            spans = {region: (first, last + 1) for region, (first, last) in (section.regions or {}).items()}
            outcomes.append(Outcome(section.name, spans))
    return outcomes


def _read(config: HexamersConfig, section: CountedTable) -> tuple[np.ndarray, np.ndarray]:
    rows = read_table(section.path, sequence=section.sequence, labels=[outcome.name for outcome in config.outcomes])
    if section.limit:
        rows = rows.subset(range(min(section.limit, len(rows))))
    lengths = np.unique(rows.lengths)
    if len(lengths) > 1:
        raise ValueError(
            f"sequences.path: {section.path}: expected sequences of one length, found {lengths[0]}-{lengths[-1]} nt"
        )
    assert rows.labels is not None
    return np.stack(rows.codes), rows.labels


def train_hexamers(config: HexamersConfig, training: Training) -> TrainResult:
    """Fit and measure hexamer effects; see `train`."""
    own = OutputFolder(training.out, "training")
    random = np.random.default_rng([config.seed, 0])
    section = config.sequences
    planted: HexamerFit | None = None
    if isinstance(section, PlantedSequences):
        codes = np.stack(random_sequences(section.count, section.length, seed=config.seed).codes)
        outcomes = _outcomes(config, section.length)
        names = region_names(outcomes)
        effects = random.normal(0, section.effect, (HEXAMERS, len(names)))
        planted = HexamerFit(names, effects, np.zeros(len(outcomes)), 0.0, 0, converged=True)
        counts = simulate_counts(codes, outcomes, planted, reads=section.reads, generator=random)
    else:
        codes, counts = _read(config, section)
        outcomes = _outcomes(config, codes.shape[1])
    order = np.random.default_rng([config.seed, 1]).permutation(len(codes))
    held_out, fitted = np.split(order, [int(round(config.held_out * len(codes)))])
    fit = fit_hexamers(
        codes[fitted],
        counts[fitted],
        outcomes,
        l1=config.fit.l1,
        iterations=config.fit.iterations,
        on_iteration=training.step("fit"),
    )
    metrics: dict[str, Any] = {
        "rows": len(fitted),
        "iterations": fit.iterations,
        "converged": fit.converged,
        "divergence": fit.divergence,
        "effects_not_zero": int((np.abs(fit.effects) > 1e-12).sum()),
        "held_out": _measure(codes[held_out], counts[held_out], outcomes, fit),
    }
    table = pd.DataFrame({"hexamer": [hexamer_word(number) for number in range(HEXAMERS)]})
    table[list(fit.regions)] = fit.effects
    if planted is not None:
        table[[f"planted:{name}" for name in fit.regions]] = planted.effects
        metrics["recovered"] = {
            name: float(np.corrcoef(fit.effects[:, k], planted.effects[:, k])[0, 1])
            for k, name in enumerate(fit.regions)
        }
    card = _write(own, table, metrics, fit)
    return TrainResult(card, metrics, *_told(own, metrics))


def _told(own: OutputFolder, metrics: dict[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    held_out = metrics["held_out"]
    lines = [
        f"squared correlation {value:.4f} of the share of {name} on {held_out['rows']:,} held-out rows"
        for name, value in held_out.get("squared_correlation", {}).items()
        if value is not None
    ]
    for region, value in metrics.get("recovered", {}).items():
        lines.append(f"correlation {value:.4f} of the fitted with the planted effects of {region}")
    lines.append(f"Hexamer effects: {own.path / 'hexamers.tsv'}")
    stopped = f"The fit ended after {metrics['iterations']} iterations; raise fit.iterations."
    return tuple(lines), () if metrics["converged"] else (stopped,)


def _measure(codes: np.ndarray, counts: np.ndarray, outcomes: Sequence[Outcome], fit: HexamerFit) -> dict[str, Any]:
    """Rows with reads, mean KL divergence, and squared correlation of each outcome's share; empty without such rows."""
    read = counts.sum(1) > 0
    if read.sum() < 3:
        return {}
    shares = counts[read] / counts[read].sum(1, keepdims=True)
    predicted = predict_shares(codes[read], outcomes, fit)
    squares = {}
    for k, outcome in enumerate(outcomes):
        spread = min(shares[:, k].std(), predicted[:, k].std())
        r = np.corrcoef(shares[:, k], predicted[:, k])[0, 1] if spread > 0 else np.nan
        squares[outcome.name] = None if np.isnan(r) else float(r**2)
    return {
        "rows": int(read.sum()),
        "divergence": float(rel_entr(shares, predicted).sum(1).mean()),
        "squared_correlation": squares,
    }


def _write(own: OutputFolder, table: pd.DataFrame, metrics: dict[str, Any], fit: HexamerFit) -> Path | None:
    with atomic(own.file("hexamers.tsv")) as temporary:
        table.to_csv(temporary, sep="\t", index=False, float_format="%.9g")
    card = None
    if set(fit.regions) == set(REGIONS):
        columns = [fit.regions.index(region) for region in REGIONS]
        HexamerTable(fit.effects[:, columns]).save(own.file(f"model/{TABLE_FILE}"))
        card = own.file("model/model.yaml")
        with atomic(card) as temporary:
            temporary.write_text(
                dump_yaml(
                    {
                        "description": "Splice donor score from hexamer effects that combmotif fitted to counts.",
                        "kind": "hal",
                        "arguments": {"function": "donor_score"},
                        "weights": TABLE_FILE,
                        "input": {"alphabet": "dna", "length": WINDOW},
                        "outputs": [{"name": "donor_score", "unit": "natural log odds, up to a constant"}],
                    }
                ),
                encoding="utf-8",
            )
    write_json(own.file("metrics.json"), metrics)
    return card
