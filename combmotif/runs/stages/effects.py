"""The effects stage: insert every motif into backgrounds, then beside the strongest other one."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from combmotif.config.effects import MarginalOptions
from combmotif.core.executors import single_thread
from combmotif.core.tables import MOTIF_EFFECTS, MOTIF_POSITIONS
from combmotif.effect.marginal.contexts import informative_pattern, make_contexts, strongest_core
from combmotif.effect.marginal.effects import frequencies_of, prepare, spread_of
from combmotif.effect.marginal.measure import (
    Changes,
    MeasuredMotif,
    Setup,
    measure_context,
    measure_insertion,
    measure_sites,
)
from combmotif.effect.marginal.measure import (
    Context as Beside,
)
from combmotif.effect.marginal.summary import summarise_motifs
from combmotif.effect.pairs.interaction import base_frequencies
from combmotif.effect.pattern import Pattern, as_pattern
from combmotif.inference.incremental.perturb import recording
from combmotif.motifs.motif import MotifSet
from combmotif.runs.context import Context
from combmotif.runs.predicted import as_array, summary
from combmotif.runs.stages.base import Batch, Cost, Empty, OneFile, Output, Stage, Trial, Work
from combmotif.runs.stages.motifs import FoundMotifs
from combmotif.runs.store import content_key, in_tasks, load_arrays, save_arrays

TRIAL_BACKGROUNDS = 50


@dataclass(frozen=True)
class EffectTask(OneFile):
    """Motifs to measure, what beside (None: in plain backgrounds), and the file of the result."""

    patterns: tuple[Pattern, ...]
    beside: Beside | None
    path: Path


@dataclass(frozen=True)
class EffectsDone:
    """What was measured.

    Attributes
    ----------
    measured : list of MeasuredMotif
    contexts : list of Context
        What motifs were also measured beside.
    spread : float array
        Of the predictions of the sequences, by output.
    long : list of str
        Motifs that are longer than the longest sequence.
    how : list of array
        How the edited sequences were predicted.
    """

    measured: list[MeasuredMotif]
    contexts: Sequence[Beside]
    spread: np.ndarray
    long: list[str]
    how: list[np.ndarray] = field(default_factory=list)


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
    """Measure motifs; writes an .npz."""
    setup = _setup(context)
    arrays: dict[str, np.ndarray] = {}
    with recording() as how:
        for number, pattern in enumerate(task.patterns):
            if task.beside is None:
                found = {
                    "inserted": measure_insertion(setup, pattern),
                    "sites": measure_sites(setup, pattern, most=_section(context).backgrounds),
                }
            else:
                found = measure_context(setup, task.beside, pattern)
            for name, changes in found.items():
                for field in fields(Changes):
                    arrays[f"{number}|{name}|{field.name}"] = np.asarray(getattr(changes, field.name))
    save_arrays(task.path, {**arrays, "how": as_array(how)})


def _read(tasks: Sequence[EffectTask]) -> tuple[list[dict[str, Changes]], list[np.ndarray]]:
    """Read the files of tasks: the changes of each motif by name, and how they were predicted."""
    found: list[dict[str, Changes]] = []
    how = []
    for task in tasks:
        arrays = load_arrays(task.path)
        how.append(arrays.pop("how"))
        parts: list[dict[str, dict[str, Any]]] = [{} for _ in task.patterns]
        for key, array in arrays.items():
            number, name, field = key.split("|")
            parts[int(number)].setdefault(name, {})[field] = float(array) if array.ndim == 0 else array
        found += [{name: Changes(**part) for name, part in own.items()} for own in parts]
    return found, how


class EffectStage(Stage[EffectsDone, None]):
    """Measure what every motif does to every output."""

    name = "effects"
    section = "effects"
    needs = (FoundMotifs,)
    outputs = ("motif_effects.tsv", "motif_positions.tsv")

    def check(self, context: Context) -> None:
        """Refuse outputs the model does not have."""
        if context.config.effects is not None:
            context.outputs(context.config.effects.output, "effects.output")

    def tasks(self, work: Work) -> Generator[Batch, None, EffectsDone]:
        """Measure motifs in plain backgrounds first, then beside the motif that is strongest there."""
        context, motifs = work.context, work.found[FoundMotifs].motifs
        if not len(motifs):
            raise Empty("there is no motif to measure")
        sequences, section = context.sequences, _section(context)
        shared = _shared(context, motifs)
        patterns = {motif.id: informative_pattern(motif, **shared) for motif in motifs}
        fitting = {name: pattern for name, pattern in patterns.items() if len(pattern) <= sequences.lengths.max()}
        if not fitting:
            raise Empty("every motif is longer than the longest sequence")
        with single_thread():
            setup = _setup(context)
            spread = spread_of(setup)
        frequencies = frequencies_of(sequences, section)
        key = [context.base, context.sequences_key, _asked(section, frequencies, setup.outputs)]

        def tasks(beside: Beside | None = None) -> list[EffectTask]:
            other = None if beside is None else _side(beside.pattern)
            parts = in_tasks([*fitting.values()])
            names = [content_key("effect", key, [_side(pattern) for pattern in part], other) for part in parts]
            files = [work.results.task("effect", name, ".npz") for name in names]
            return [EffectTask(part, beside, path) for part, path in zip(parts, files, strict=True)]

        plain = tasks()
        yield Batch(effect_task, plain)
        done = EffectsDone([], [], spread, [name for name in patterns if name not in fitting])
        found, told = _read(plain)
        done.how.extend(told)
        for (name, pattern), own in zip(fitting.items(), found, strict=True):
            done.measured.append(MeasuredMotif(name, pattern.consensus, own["inserted"], own["sites"]))
        others = _others(context, motifs, shared, setup, done)
        contexts = make_contexts(setup, others, count=section.backgrounds, frequencies=frequencies)
        beside = [task for other in contexts for task in tasks(other)]
        yield Batch(effect_task, beside)
        found, told = _read(beside)
        done.how.extend(told)
        for place, own in enumerate(found):
            done.measured[place % len(fitting)].contexts.update(own)
        return replace(done, contexts=contexts)

    def merge(self, work: Work, done: EffectsDone, out: Output) -> None:
        """Write the tables of effects and of positions, and say what is not in them."""
        context, section, setup = work.context, _section(work.context), _setup(work.context)
        table, positions = _summarise(context, setup, done, units=context.sequences.clusters)
        every = [c.values for one in done.measured for c in (one.inserted, one.sites, *one.contexts.values())]
        lost = sum(int(np.isnan(values).any(1).sum()) for values in every)
        if lost:
            out.warnings.append(
                f"{lost:,} of {sum(map(len, every)):,} places of inserted or scrambled motifs have no finite "
                f"prediction and were left out."
            )
        out.edits.update(summary(done.how))
        out.notes.extend(
            f"Effects were also measured without and with {one.name} ({one.pattern.name})." for one in done.contexts
        )
        if len(setup.backgrounds) < section.backgrounds:
            out.warnings.append(f"Only {len(setup.backgrounds)} background sequences could be made for the effects.")
        if done.long:
            out.warnings.append(
                f"{len(done.long)} motifs are longer than the longest sequence and have no effect of their own: "
                f"{', '.join(done.long)}."
            )
        out.table("motif_effects.tsv", table[MOTIF_EFFECTS.names])
        out.table("motif_positions.tsv", positions[MOTIF_POSITIONS.names])

    def cost(self, trial: Trial) -> Cost:
        """Say that the time grows with motifs and backgrounds."""
        most = _section(trial.whole.context).backgrounds
        less = min(most, TRIAL_BACKGROUNDS)
        return Cost(trial.neurons_ratio * most / less, smaller={"effects": {"backgrounds": less}})


def _shared(context: Context, motifs: MotifSet) -> dict[str, Any]:
    """What makes a pattern of a motif, beside the motif."""
    sequences = context.sequences
    return {
        "background": base_frequencies(sequences.codes),
        "length": float(np.median(sequences.lengths)),
        "alphabet": motifs.alphabet,
    }


def _others(
    context: Context, motifs: MotifSet, shared: dict[str, Any], setup: Setup, done: EffectsDone
) -> list[Pattern]:
    """Patterns that motifs are measured beside: those of the config, or the strongest of the run's own."""
    without = _section(context).without
    if without != "auto":
        return [as_pattern(word, alphabet=motifs.alphabet) for word in without]
    core = strongest_core(list(motifs), _summarise(context, setup, done)[0], **shared)
    return [] if core is None else [core]


def _summarise(
    context: Context, setup: Setup, done: EffectsDone, *, units: Sequence[str] | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tabulate effects and positions."""
    names = [context.model.outputs[column] for column in setup.outputs]
    return summarise_motifs(done.measured, names, done.spread, _section(context), units=units)


def _asked(section: MarginalOptions, frequencies: Sequence[float] | None, outputs: Sequence[int]) -> list[Any]:
    """The settings that change what is measured; those of the tests are applied afterwards."""
    asked = section.model_dump(exclude={"margin", "alpha", "n_min", "bins", "without", "output"})
    return [asked, frequencies, outputs]


def _side(pattern: Pattern) -> list[Any]:
    return [pattern.name, pattern.scores.tolist(), pattern.threshold]
