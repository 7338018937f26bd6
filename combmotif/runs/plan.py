"""What a run would do and what it would cost, without doing it: tasks counted, a small piece of it measured."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from combmotif.config.run import RunConfig
from combmotif.core.executors import usual_workers
from combmotif.runs.context import Context, load_context
from combmotif.runs.earlier import read_record, replaced_results
from combmotif.runs.runner import run
from combmotif.runs.stages import STAGES
from combmotif.runs.stages.base import Cost, Trial, Work
from combmotif.runs.stages.scan import NUCLEOTIDES_PER_TASK
from combmotif.runs.store import TaskFiles
from combmotif.sampling.evolution import EvolveOptions
from combmotif.sequence.sets import SequenceSet

BYTES_PER_MAXIMUM = 24
"""Of a sequence and neuron in the parent: activation and place (12), and a column of activations.tsv while it is
written."""
BYTES_PER_SITE = 48
"""Of a site in the parent: itself (16), twice that while sites are sorted."""
BYTES_PER_FOUND = 56
"""Of a site in a worker: itself (28), and a copy while they are put in order."""
BYTES_PER_PAGE = 240_000
"""Of a neuron while the report is written: 1.1 GB were measured for 4,608 neurons."""
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
    parent_mb, worker_mb : float or None
        Estimate of the memory of the process that merges, and of each worker, in MiB; None without a measurement. With
        one worker both are one process.
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
    parent_mb: float | None
    worker_mb: float | None
    disk_mb: float | None
    longest_task: float | None
    replaced: tuple[str, ...]
    left_out: tuple[str, ...]

    @property
    def seconds(self) -> float | None:
        """Estimate of the whole."""
        known = [stage.seconds for stage in self.stages if stage.seconds is not None]
        return sum(known) if known else None

    @property
    def memory_mb(self) -> float | None:
        """Estimate for all processes together, in MiB."""
        if self.parent_mb is None or self.worker_mb is None:
            return None
        if self.workers == 1:
            return max(self.parent_mb, self.worker_mb)
        return self.parent_mb + self.workers * self.worker_mb


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
        Default one per core, or per GPU where the model runs on one.
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
    folder, workers = Path(out), workers or usual_workers(context.model.device)
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
    parent = worker = disk = None
    if measure:
        small = _smaller(config, channels, costs)
        with TemporaryDirectory(prefix="combmotif-plan-") as temporary:
            run(small, temporary, workers=1, model=context.model, sequences=sequences, progress=progress)
            record = json.loads((Path(temporary) / "run.json").read_text(encoding="utf-8"))
            disk = _disk(Path(temporary), trial)
            sites = _sites(Path(temporary), trial)
        # the time of a processor does not depend on what else this machine is at; of a GPU it says nothing
        clock = "cpu_seconds" if context.model.device.type == "cpu" else "seconds"
        seconds = {name: entry[clock] for name, entry in record["stages"].items() if clock in entry}
        parent, worker = _memory(context, float(record["peak_memory_mb"]), sites)
    return RunPlan(
        len(context.neurons),
        len(context.sequences),
        tuple((one.probe.layer, len(one.channels), one.probe.receptive_field) for one in context.layers),
        tuple(
            _planned(name, cost, seconds.get(name), workers=workers, done=before.get(name) == "done")
            for name, cost in costs.items()
        ),
        workers,
        parent,
        worker,
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


def _sites(folder: Path, trial: Trial) -> float:
    """Estimate the sites that the scan finds, by those of the trial; few sequences have low maxima, so it is high."""
    with gzip.open(folder / "sites.tsv.gz") as lines:
        return (sum(1 for _ in lines) - 1) * trial.neurons_ratio * trial.sequences_ratio


def _memory(context: Context, trial_mb: float, sites: float) -> tuple[float, float]:
    """Estimate the memory of the parent and of a worker, in MiB, from that of the trial and what grows with the run."""
    neurons, sequences = len(context.neurons), context.sequences
    bases = float(sequences.lengths.sum())
    sampling = context.config.sample
    keep = sampling.keep or EvolveOptions.keep
    own = min(sites, float(context.config.sites.most * neurons))
    samples = sum(len(layer.channels) * keep * (layer.probe.receptive_field + 4) for layer in context.layers)
    if context.config.discover.origin == "dataset":
        samples = 0
    maxima = len(sequences) * neurons * BYTES_PER_MAXIMUM
    scan = maxima + own * BYTES_PER_SITE
    parent = trial_mb + (bases + samples + max(scan, maxima + neurons * BYTES_PER_PAGE)) / 2**20
    of_task = sites * min(1.0, NUCLEOTIDES_PER_TASK / bases) * BYTES_PER_FOUND
    return parent, trial_mb + (bases + of_task) / 2**20


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
