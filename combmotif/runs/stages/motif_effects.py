"""The effects stage: insert every motif into backgrounds as a task of its own, then beside the strongest other one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from combmotif.config.effects import MarginalOptions
from combmotif.core.files import write_table
from combmotif.core.tables import MOTIF_EFFECTS, MOTIF_POSITIONS
from combmotif.effects.marginal.contexts import informative_pattern, make_contexts, strongest_core
from combmotif.effects.marginal.effects import frequencies_of, prepare, spread_of
from combmotif.effects.marginal.measure import (
    Changes,
    MeasuredMotif,
    Setup,
    measure_context,
    measure_insertion,
    measure_sites,
)
from combmotif.effects.marginal.measure import (
    Context as Beside,
)
from combmotif.effects.marginal.summary import summarise_motifs
from combmotif.effects.pairs.interaction import base_frequencies
from combmotif.effects.pattern import Pattern, as_pattern
from combmotif.inference.incremental.perturb import recording
from combmotif.runs.context import Context
from combmotif.runs.engines import single_thread
from combmotif.runs.predicted import as_array, summary
from combmotif.runs.store import content_key, load_arrays, save_arrays

if TYPE_CHECKING:
    from combmotif.runs.stages.stages import Stages

OUTPUTS = ("motif_effects.tsv", "motif_positions.tsv")
"""Files of the stage."""


@dataclass(frozen=True)
class EffectTask:
    """A motif to measure, what else it is measured beside (None: in plain backgrounds), and the file of the result."""

    pattern: Pattern
    beside: Beside | None
    path: Path


def _section(context: Context) -> MarginalOptions:
    section = context.config.effects
    assert section is not None
    return section


def _setup(context: Context) -> Setup:
    """Draw the backgrounds; every process draws the same ones, once for all of its tasks."""
    if "effects" not in context.kept:
        context.kept["effects"] = prepare(context.model, context.sequences, _section(context), seed=context.config.seed)
    setup: Setup = context.kept["effects"]
    return setup


def effect_task(context: Context, task: EffectTask) -> None:
    """Measure one motif; writes an .npz."""
    setup = _setup(context)
    with recording() as how:
        if task.beside is None:
            found = {
                "inserted": measure_insertion(setup, task.pattern),
                "sites": measure_sites(setup, task.pattern, most=_section(context).backgrounds),
            }
        else:
            found = measure_context(setup, task.beside, task.pattern)
    arrays = {
        f"{name}|{field.name}": np.asarray(getattr(changes, field.name))
        for name, changes in found.items()
        for field in fields(Changes)
    }
    save_arrays(task.path, {**arrays, "how": as_array(how)})


def _read(path: Path) -> tuple[dict[str, Changes], np.ndarray]:
    """Read the file of a task: its changes by name, and how they were predicted."""
    arrays = load_arrays(path)
    how = arrays.pop("how")
    parts: dict[str, dict[str, Any]] = {}
    for key, array in arrays.items():
        name, _, field = key.rpartition("|")
        parts.setdefault(name, {})[field] = float(array) if array.ndim == 0 else array
    return {name: Changes(**part) for name, part in parts.items()}, how


def run_effects(stages: Stages) -> None:
    """Measure what every motif does to every output; write the tables of effects and of positions."""
    from combmotif.runs.stages.stages import Empty

    context, section = stages.context, stages.context.config.effects
    if section is None:
        raise Empty("not asked for: the configuration has no 'effects' section")
    if not len(stages.motifs):
        raise Empty("there is no motif to measure")
    sequences = context.sequences
    shared: dict[str, Any] = {
        "background": base_frequencies(sequences.codes),
        "length": float(np.median(sequences.lengths)),
        "alphabet": stages.motifs.alphabet,
    }
    patterns = {motif.id: informative_pattern(motif, **shared) for motif in stages.motifs}
    fitting = {name: pattern for name, pattern in patterns.items() if len(pattern) <= sequences.lengths.max()}
    if not fitting:
        raise Empty("every motif is longer than the longest sequence")
    with single_thread():
        setup = _setup(context)
        spread = spread_of(setup)
    frequencies = frequencies_of(sequences, section)
    key = [stages.base, stages.sequences_key, _asked(section, frequencies, setup.outputs)]
    plain = [
        EffectTask(pattern, None, stages.store.task("effect", content_key("effect", key, _side(pattern)), ".npz"))
        for pattern in fitting.values()
    ]
    stages.bring_up_to_date("effects", effect_task, plain, lambda task: (task.path,))
    measured, how = [], []
    for name, task in zip(fitting, plain, strict=True):
        found, told = _read(task.path)
        measured.append(MeasuredMotif(name, task.pattern.consensus, found["inserted"], found["sites"]))
        how.append(told)
    names = [context.model.outputs[column] for column in setup.outputs]
    others: Sequence[Pattern]
    if section.without == "auto":
        core = strongest_core(list(stages.motifs), summarise_motifs(measured, names, spread, section)[0], **shared)
        others = [] if core is None else [core]
    else:
        others = [as_pattern(word, alphabet=stages.motifs.alphabet) for word in section.without]
    contexts = make_contexts(setup, others, count=section.backgrounds, frequencies=frequencies)
    beside = []
    for context_ in contexts:
        for pattern in fitting.values():
            content = content_key("effect", key, _side(pattern), _side(context_.pattern))
            beside.append(EffectTask(pattern, context_, stages.store.task("effect", content, ".npz")))
    stages.bring_up_to_date("effects", effect_task, beside, lambda task: (task.path,))
    for place, task in enumerate(beside):
        found, told = _read(task.path)
        measured[place % len(measured)].contexts.update(found)
        how.append(told)
    table, positions = summarise_motifs(measured, names, spread, section, units=sequences.clusters)
    every = [changes.values for one in measured for changes in (one.inserted, one.sites, *one.contexts.values())]
    lost = sum(int(np.isnan(values).any(1).sum()) for values in every)
    if lost:
        stages.warnings.append(
            f"{lost:,} of {sum(map(len, every)):,} places of inserted or scrambled motifs have no finite prediction "
            "and were left out."
        )
    stages.edits["effects"] = summary(how)
    if contexts:
        stages.notes["effects"] = [
            f"Effects were also measured without and with {one.name} ({one.pattern.name})." for one in contexts
        ]
    if len(setup.backgrounds) < section.backgrounds:
        stages.warnings.append(f"Only {len(setup.backgrounds)} background sequences could be made for the effects.")
    if len(fitting) < len(patterns):
        stages.warnings.append(
            f"{len(patterns) - len(fitting)} motifs are longer than the longest sequence and have no effect of their "
            f"own: {', '.join(name for name in patterns if name not in fitting)}."
        )
    write_table(stages.store.file("motif_effects.tsv"), table[MOTIF_EFFECTS.names])
    write_table(stages.store.file("motif_positions.tsv"), positions[MOTIF_POSITIONS.names])


def _asked(section: MarginalOptions, frequencies: Sequence[float] | None, outputs: Sequence[int]) -> list[Any]:
    """The settings that change what is measured; those of the tests are applied afterwards."""
    asked = section.model_dump(exclude={"margin", "alpha", "n_min", "bins", "without", "output"})
    return [asked, frequencies, outputs]


def _side(pattern: Pattern) -> list[Any]:
    return [pattern.name, pattern.scores.tolist(), pattern.threshold]
