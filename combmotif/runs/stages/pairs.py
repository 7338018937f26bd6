"""Motif pairs and triples measured, one of them in each task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from combmotif.config.effects import InteractionSection
from combmotif.effect.pairs.control import Control
from combmotif.effect.pairs.measure import MeasuredPair, measure_pair, only_finite
from combmotif.effect.pairs.pair import Pair
from combmotif.effect.pairs.placements import Windows
from combmotif.effect.pairs.states import States, finite_states
from combmotif.effect.pairs.triples import Triple, measure_triple
from combmotif.effect.prototype import PrototypePair, measure_prototype
from combmotif.inference.incremental.perturb import recording
from combmotif.runs.context import Context
from combmotif.runs.predicted import as_array
from combmotif.runs.stages.base import OneFile
from combmotif.runs.store import load_arrays, save_arrays

_STATES = ("o", "a", "b", "n")


@dataclass(frozen=True)
class PairTask(OneFile):
    """A pair to measure, base frequencies of the sequences, windows to look in, and the file of the result."""

    pair: Pair
    frequencies: np.ndarray
    windows: Windows | None
    path: Path


@dataclass(frozen=True)
class TripleTask(OneFile):
    """Three motifs to measure, base frequencies of the sequences, and the file of the result."""

    motifs: Triple
    frequencies: np.ndarray
    path: Path


def interaction_section(context: Context) -> InteractionSection:
    """Return the section of a config that asks for interactions."""
    section = context.config.interaction
    assert section is not None
    return section


def pair_task(context: Context, task: PairTask) -> None:
    """Measure one motif pair; writes an .npz."""
    with recording() as how:
        pair = measure_pair(
            context.model,
            context.sequences,
            task.pair,
            interaction_section(context),
            frequencies=task.frequencies,
            seed=context.config.seed,
            windows=task.windows,
        )
    numbers = [pair.sequences_with_pair, pair.rejected, pair.unscrambled, pair.overlapping, *pair.control[:3]]
    states = {"o": pair.states.o, "a": pair.states.a, "b": pair.states.b, "n": pair.states.n}
    places = {"rows": pair.rows, "start_a": pair.start_a, "start_b": pair.start_b}
    others = {"fallback": pair.fallback, "numbers": np.array(numbers, float), "controls": pair.control.values}
    if pair.inserted is not None:
        others |= {f"inserted_{name}": getattr(pair.inserted, name) for name in _STATES}
    save_arrays(task.path, {**places, **states, **others, "how": as_array(how)})  # type: ignore[dict-item]


def read_pair(task: PairTask, mode: str) -> MeasuredPair:
    """Read the file that `pair_task` wrote."""
    arrays = load_arrays(task.path)
    with_pair, rejected, unscrambled, overlapping, p, epistasis, count = arrays["numbers"]
    return MeasuredPair(
        task.pair,
        arrays["rows"],
        arrays["start_a"],
        arrays["start_b"],
        States(arrays["o"], arrays["a"], arrays["b"], arrays["n"]),
        int(with_pair),
        mode,
        arrays["fallback"],
        float(rejected),
        int(unscrambled),
        Control(float(p), float(epistasis), int(count), tuple(arrays["controls"].tolist())),
        float(overlapping),
        inserted=States(*(arrays[f"inserted_{name}"] for name in _STATES)) if "inserted_o" in arrays else None,
    )


def not_finite_pairs(measured: list[MeasuredPair], names: Sequence[str]) -> list[str]:
    """Say of which pairs placements have no finite prediction, how many, and on which sequences."""
    said = []
    for pair in measured:
        draws = ~np.isfinite(np.stack([pair.states.a, pair.states.b, pair.states.n])).all(0)
        if draws.any():
            said.append(
                f"{draws.sum():,} of {draws.size:,} scrambled copies of the placements of {pair.pair} have no finite "
                f"prediction; others of the same placement stand for them."
            )
        kept = only_finite(pair)
        if kept.not_finite:
            there = {*zip(kept.rows.tolist(), kept.start_a.tolist(), kept.start_b.tolist(), strict=True)}
            places = zip(pair.rows.tolist(), pair.start_a.tolist(), pair.start_b.tolist(), strict=True)
            lost = list(dict.fromkeys(names[place[0]] for place in places if place not in there))
            shown = ", ".join(f"'{name}'" for name in lost[:3]) + (", ..." if len(lost) > 3 else "")
            said.append(
                f"{kept.not_finite:,} of {len(pair.rows):,} placements of {pair.pair} have no finite prediction "
                f"(sequences {shown}) and were left out."
            )
        if pair.inserted is not None:
            count, total = len(finite_states(pair.inserted)[0]), len(pair.inserted.o)
            if count < total:
                said.append(
                    f"{total - count:,} of {total:,} backgrounds with {pair.pair} inserted have no finite prediction "
                    "and were left out."
                )
    return said


def read_prototype(task: PairTask) -> PrototypePair:
    """Read the file that `prototype_task` wrote; placements without a finite prediction are left out."""
    pair = PrototypePair(task.pair, **load_arrays(task.path))
    finite = np.isfinite(np.stack([pair.o, pair.a, pair.b, pair.n])).all(0)
    parts = ("rows", "start_a", "start_b", "o", "a", "b", "n")
    return replace(pair, **{name: getattr(pair, name)[finite] for name in parts})


def prototype_task(context: Context, task: PairTask) -> None:
    """Measure one motif pair as the published prototype does; writes an .npz."""
    output = context.output(interaction_section(context).output, "interaction.output")
    pair = measure_prototype(
        context.model, context.sequences, task.pair, seed=context.config.seed, output=output, windows=task.windows
    )
    names = ("rows", "start_a", "start_b", "o", "a", "b", "n")
    save_arrays(task.path, {name: getattr(pair, name) for name in names})


def triple_task(context: Context, task: TripleTask) -> None:
    """Measure three motifs; writes an .npz."""
    found = measure_triple(
        context.model,
        context.sequences,
        task.motifs,
        interaction_section(context),
        frequencies=task.frequencies,
        seed=context.config.seed,
    )
    save_arrays(task.path, {"rows": found.rows, "starts": found.starts, "states": found.states})
