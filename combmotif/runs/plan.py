"""What a run would do and what it would cost, without doing it: tasks counted, a small piece of it measured."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from combmotif.config.effects import PairSection
from combmotif.config.run import RunConfig
from combmotif.runs.context import Context, load_context
from combmotif.runs.earlier import read_record, replaced_results
from combmotif.runs.engines import available_cores
from combmotif.runs.run import run
from combmotif.runs.stages.contributions import sequences_changed
from combmotif.runs.stages.interactions import plan_interactions
from combmotif.runs.stages.stages import Empty, Stages
from combmotif.runs.store import is_whole, read_checksums

TRIAL_NEURONS = 2
TRIAL_NUCLEOTIDES = 10_000
TRIAL_GENERATIONS = 24
TRIAL_BACKGROUNDS = 50
USUAL_GENERATIONS = 48
"""Half of the neurons of the shipped nets need fewer generations of the search than this, half more."""


@dataclass(frozen=True)
class StagePlan:
    """One stage.

    Attributes
    ----------
    stage : str
    tasks : int or None
        None where it depends on what is found, or the stage is one step.
    done : int or None
        Of them, those whose result is in the folder already; None where it is not known before the run.
    seconds : float or None
        Estimate for what is left, all workers together; None without a measurement.
    """

    stage: str
    tasks: int | None
    done: int | None
    seconds: float | None


@dataclass(frozen=True)
class RunPlan:
    """A run that has not been done.

    Attributes
    ----------
    neurons, sequences : int
    layers : tuple of (str, int, int)
        Name, neurons to interpret, receptive field in nt.
    stages : tuple of StagePlan
    workers : int
    memory_mb : float or None
        Estimate for all processes together, in MiB; None without a measurement.
    replaced : tuple of str
        In what the config differs from the one whose results the folder holds.
    left_out : tuple of str
        Stages that are not asked for.
    """

    neurons: int
    sequences: int
    layers: tuple[tuple[str, int, int], ...]
    stages: tuple[StagePlan, ...]
    workers: int
    memory_mb: float | None
    replaced: tuple[str, ...]
    left_out: tuple[str, ...]

    @property
    def seconds(self) -> float | None:
        """Estimate of the whole."""
        known = [stage.seconds for stage in self.stages if stage.seconds is not None]
        return sum(known) if known else None


class _Counted(Exception):
    """The tasks of a stage are known; nothing is done."""


@dataclass
class _Counting(Stages):
    """Stages that name their tasks and stop."""

    counts: Any = None

    def bring_up_to_date(
        self, stage: str, task: Any, payloads: Sequence[Any], paths: Callable[[Any], Sequence[Path]]
    ) -> None:
        """Count the tasks, and those whose files are there."""
        there = sum(all(map(self.store.is_whole, paths(payload))) for payload in payloads)
        self.counts = payloads, len(payloads), there
        raise _Counted

    def count(self, step: Callable[[], None]) -> tuple[Sequence[Any], int, int] | None:
        """Return a stage's tasks, how many they are, and how many are done; None where it has none to begin with."""
        self.counts = None
        with contextlib.suppress(_Counted, Empty):
            step()
        found: tuple[Sequence[Any], int, int] | None = self.counts
        return found


class _NamesOnly:
    """A run folder that is named and left alone."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.tasks = path / "tasks"
        self._checksums = read_checksums(path)

    def is_whole(self, path: Path) -> bool:
        """Whether a task's result is there as it was written."""
        return is_whole(path, self._checksums)

    def task(self, stage: str, key: str, suffix: str) -> Path:
        """Name the file of a task's result."""
        return self.tasks / f"{stage}-{key}{suffix}"

    def keep_only(self, folder: str, wanted: set[Path]) -> None:
        """Remove nothing."""

    def remove(self, *names: str) -> None:
        """Remove nothing."""


def count_tasks(context: Context, folder: Path) -> dict[str, tuple[int, int]]:
    """Count the tasks of the stages that are known beforehand: stage: (tasks, done already)."""
    store: Any = _NamesOnly(folder)
    nobody: Any = None
    counting = _Counting(context, store, nobody, [], lambda *_: None)
    steps = {"samples": counting.run_samples, "motifs": counting.run_motifs, "activations": counting.run_activations}
    found = {}
    for stage, step in steps.items():
        counted = counting.count(step)
        if counted is not None:
            payloads, *found[stage] = counted
            if stage == "samples":  # what the next stage reads
                counting._sample_paths = {
                    (task.layer, n): path for task in payloads for n, path in zip(task.neurons, task.paths, strict=True)
                }
    return {stage: (tasks, done) for stage, (tasks, done) in found.items()}


def _trial(context: Context) -> tuple[RunConfig, Any, dict[str, float]]:
    """Make a small config and few sequences of a run; and by how much each stage of the run is larger."""
    config, sequences = context.config, context.sequences
    neurons = len(context.neurons)
    channels = list(context.layers[0].channels[:TRIAL_NEURONS])
    used = len(channels) * len(context.layers)
    most = max(12, int(TRIAL_NUCLEOTIDES / sequences.lengths.mean()))
    rows = np.unique(np.linspace(0, len(sequences) - 1, min(most, len(sequences))).round().astype(int))
    generations = min(config.sample.generations, TRIAL_GENERATIONS)
    usual = min(config.sample.generations, USUAL_GENERATIONS)
    update: dict[str, Any] = {
        "neurons": config.neurons.model_copy(update={"select": channels}),
        "sample": config.sample.model_copy(update={"generations": generations}),
    }
    more = len(sequences) / len(rows)
    changed = sequences_changed(int(sequences.lengths.max()))
    factors = {
        "samples": neurons / used * max(1.0, usual / generations),
        "motifs": more if config.discover.origin == "dataset" else neurons / used,
        "matches": neurons / used,
        "activations": more,
        "contribution": neurons / used * min(more, max(1.0, changed / len(rows) * 2)),
    }
    if config.effects is not None:
        backgrounds = min(config.effects.backgrounds, TRIAL_BACKGROUNDS)
        update["effects"] = config.effects.model_copy(update={"backgrounds": backgrounds})
        factors["effects"] = neurons / used * config.effects.backgrounds / backgrounds
    if config.interaction is not None:
        given = plan_interactions(context)
        pairs = len(given) or config.interaction.max_pairs
        section: dict[str, Any] = {"max_pairs": 1}
        if given:
            first = given[0]
            section = {"pairs": [PairSection(a=first.a.name, b=first.b.name, neuron=first.neuron or None)]}
        update["interaction"] = config.interaction.model_copy(update=section)
        factors["interaction"] = pairs * min(more, config.interaction.max_sequences / config.interaction.n_min)
    return config.model_copy(update=update), sequences.subset(rows), factors


def plan(
    config: RunConfig,
    out: str | Path,
    *,
    workers: int | None = None,
    measure: bool = True,
    progress: Callable[[str, int, int], None] | None = None,
) -> RunPlan:
    """Say what a run would do, and estimate its time and memory.

    Every neuron is demixed twice, from two halves of its samples: that is in the time measured.

    The config is loaded and checked as ``run`` does. For the estimate a small piece is run in a temporary folder: two
    neurons of each layer, 24 generations of their search, 10,000 nt of sequences, 50 backgrounds, one motif pair; each
    stage's seconds are then scaled by the number of neurons, sequences, backgrounds or pairs. It is right to within a
    factor of about two: the search for exciting windows ends by itself, and how many sequences hold a pair is only
    known afterwards.

    Parameters
    ----------
    config : RunConfig
    out : path
        The run folder; it is read, not written.
    workers : int, optional
        Default one per core.
    measure : bool, default True
        False counts only.
    progress : callable, optional
        Called with (stage, tasks done, tasks in all) during the measurement.

    Returns
    -------
    RunPlan

    Raises
    ------
    ValueError, FileNotFoundError
        As ``run`` does before any long work.
    """
    context = load_context(config)
    plan_interactions(context)
    folder, workers = Path(out), workers or available_cores()
    if context.model.device.type != "cpu":
        workers = 1
    counted = count_tasks(context, folder)
    replaced = tuple(replaced_results(config, folder))
    before = _recorded(folder) if not replaced else {}
    seconds, memory = _measure(context, progress) if measure else ({}, None)
    asked = {
        "matches": config.match, "contribution": config.contribution, "effects": config.effects,
        "interaction": config.interaction,
    }  # fmt: skip
    stages = []
    for stage in ("samples", "motifs", "matches", "activations", "contribution", "effects", "interaction"):
        if (stage in asked and asked[stage] is None) or (stage == "samples" and stage not in counted):
            continue
        tasks, done = counted.get(stage, (None, None))
        if tasks is None and stage == "contribution":
            tasks = len(context.neurons)
        if tasks is None and stage == "interaction" and config.interaction is not None:
            tasks = len(plan_interactions(context)) or config.interaction.max_pairs
        if done is None and before.get(stage) == "done":
            done = tasks
        left = 1.0 if not tasks or done is None else 1 - done / tasks
        share = 1 if stage == "matches" else max(1, min(workers, tasks or 1))
        took = seconds.get(stage)
        stages.append(StagePlan(stage, tasks, done, None if took is None else took * left / share))
    return RunPlan(
        len(context.neurons),
        len(context.sequences),
        tuple((one.probe.layer, len(one.channels), one.probe.receptive_field) for one in context.layers),
        tuple(stages),
        workers,
        None if memory is None else memory * (1 if workers == 1 else workers + 1),
        replaced,
        tuple(stage for stage, section in asked.items() if section is None),
    )


def _recorded(folder: Path) -> dict[str, str]:
    try:
        return {name: str(stage.get("status")) for name, stage in read_record(folder)["stages"].items()}
    except (OSError, ValueError, KeyError, AttributeError):
        return {}


def _measure(context: Context, progress: Callable[[str, int, int], None] | None) -> tuple[dict[str, float], float]:
    """Run the trial; return the seconds of each stage of the whole run with one worker, and the memory in MiB."""
    config, sequences, factors = _trial(context)
    with TemporaryDirectory(prefix="combmotif-plan-") as temporary:
        run(config, temporary, workers=1, model=context.model, sequences=sequences, progress=progress)
        record = json.loads((Path(temporary) / "run.json").read_text(encoding="utf-8"))
    neurons = len(context.neurons) / max(1, TRIAL_NEURONS * len(context.layers))
    seconds = {name: stage["seconds"] * factors.get(name, neurons) for name, stage in record["stages"].items()}
    return seconds, float(record["peak_memory_mb"])
