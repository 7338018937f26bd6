"""What a run would do and what it would cost, without doing it: tasks counted, a small piece of it measured."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from combmotif.config.run import RunConfig
from combmotif.core.executors import available_cores
from combmotif.runs.context import load_context
from combmotif.runs.earlier import read_record, replaced_results
from combmotif.runs.runner import run
from combmotif.runs.stages import STAGES
from combmotif.runs.stages.base import Cost, Trial, Work
from combmotif.runs.store import TaskFiles
from combmotif.sequence.tables import SequenceSet

TRIAL_NEURONS = 2
TRIAL_NUCLEOTIDES = 10_000


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
    note : str
        What else to say of it.
    """

    stage: str
    tasks: int | None
    done: int | None
    seconds: float | None
    note: str = ""


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
    disk_mb : float or None
        Estimate of what the run folder takes, in MiB; None without a measurement.
    longest_task : float or None
        Estimate of the seconds of a task, the longest among the stages'; None without a measurement.
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
    disk_mb: float | None
    longest_task: float | None
    replaced: tuple[str, ...]
    left_out: tuple[str, ...]

    @property
    def seconds(self) -> float | None:
        """Estimate of the whole."""
        known = [stage.seconds for stage in self.stages if stage.seconds is not None]
        return sum(known) if known else None


def plan(
    config: RunConfig,
    out: str | Path,
    *,
    workers: int | None = None,
    measure: bool = True,
    progress: Callable[[str, int, int], None] | None = None,
) -> RunPlan:
    """Say what a run would do, and estimate its time and memory.

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
    for stage in STAGES:
        stage.check(context)
    folder, workers = Path(out), workers or available_cores()
    if context.model.device.type != "cpu":
        workers = 1
    whole = Work(context, TaskFiles(folder))
    channels = list(context.layers[0].channels[:TRIAL_NEURONS]) if context.layers else []
    sequences = _few(context.sequences)
    trial = Trial(
        whole,
        len(sequences),
        len(context.neurons) / max(1, len(channels) * len(context.layers)),
        len(context.sequences) / len(sequences),
    )
    asked = [stage for stage in STAGES if stage.asked(config)]
    costs = {stage.name: cost for stage in asked if (cost := stage.cost(trial)) is not None}
    replaced = tuple(replaced_results(config, folder))
    before = _recorded(folder) if not replaced else {}
    seconds: dict[str, float] = {}
    memory = disk = None
    if measure:
        small = _smaller(config, channels, costs)
        with TemporaryDirectory(prefix="combmotif-plan-") as temporary:
            run(small, temporary, workers=1, model=context.model, sequences=sequences, progress=progress)
            record = json.loads((Path(temporary) / "run.json").read_text(encoding="utf-8"))
            disk = _disk(Path(temporary), trial)
        seconds = {name: entry["seconds"] for name, entry in record["stages"].items()}
        memory = float(record["peak_memory_mb"]) * (1 if workers == 1 else workers + 1)
    return RunPlan(
        len(context.neurons),
        len(context.sequences),
        tuple((one.probe.layer, len(one.channels), one.probe.receptive_field) for one in context.layers),
        tuple(
            _planned(name, cost, seconds.get(name), workers=workers, done=before.get(name) == "done")
            for name, cost in costs.items()
        ),
        workers,
        memory,
        disk,
        _longest(costs, seconds),
        replaced,
        tuple(stage.name for stage in STAGES if stage not in asked),
    )


def _planned(name: str, cost: Cost, took: float | None, *, workers: int, done: bool) -> StagePlan:
    """Estimate a stage from the seconds its trial took; ``done`` says that the folder's run has finished it."""
    finished = cost.tasks if cost.done is None and done else cost.done
    left = 1.0 if not cost.tasks or finished is None else 1 - finished / cost.tasks
    share = max(1, min(workers, cost.tasks or 1)) if cost.parallel else 1
    return StagePlan(name, cost.tasks, finished, None if took is None else took * cost.ratio * left / share, cost.note)


def _longest(costs: Mapping[str, Cost], seconds: Mapping[str, float]) -> float | None:
    """Estimate the seconds of the longest task, those of a stage being alike."""
    each = [
        seconds[name] * cost.ratio / (cost.tasks or 1)
        for name, cost in costs.items()
        if cost.parallel and name in seconds
    ]
    return max(each, default=None)


def _disk(folder: Path, trial: Trial) -> float:
    """Estimate the size of the run's folder in MiB from that of the trial's."""
    total = 0.0
    for path in folder.rglob("*"):
        if path.is_file():
            scan = path.name.startswith(("scan-", "sites.", "activations.", "causal-"))
            of_neurons = trial.neurons_ratio if scan or path.name.startswith(("samples-", "motifs-")) else 1.0
            of_neurons = trial.neurons_ratio if path.parent.name not in ("tasks", folder.name) else of_neurons
            total += path.stat().st_size * of_neurons * (trial.sequences_ratio if scan else 1.0)
    return total / 2**20


def _few(sequences: SequenceSet) -> SequenceSet:
    """Choose a few sequences, evenly among all."""
    most = max(12, int(TRIAL_NUCLEOTIDES / sequences.lengths.mean()))
    rows = np.unique(np.linspace(0, len(sequences) - 1, min(most, len(sequences))).round().astype(int))
    return sequences.subset(rows)


def _smaller(config: RunConfig, channels: list[int], costs: dict[str, Cost]) -> RunConfig:
    """Make the config of the trial: a few neurons, and what the stages want smaller."""
    update: dict[str, Any] = {}
    if config.neurons is not None:
        update["neurons"] = config.neurons.model_copy(update={"select": channels})
    for cost in costs.values():
        for section, smaller in cost.smaller.items():
            update[section] = getattr(config, section).model_copy(update=smaller)
    return config.model_copy(update=update)


def _recorded(folder: Path) -> dict[str, str]:
    try:
        return {name: str(stage.get("status")) for name, stage in read_record(folder)["stages"].items()}
    except (OSError, ValueError, KeyError, AttributeError):
        return {}
