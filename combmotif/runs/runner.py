"""One run: from a config to a folder of tables and a report."""

from __future__ import annotations

import contextlib
import os
import time
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from combmotif.config.cluster import ClusterConfig
from combmotif.config.run import RunConfig
from combmotif.core.executors import Executor, TasksLost, single_thread, usual_workers
from combmotif.core.files import HOST
from combmotif.models.model import SequenceModel
from combmotif.report.html import build_report
from combmotif.runs.context import Context, load_context
from combmotif.runs.hosts.engine import make_engine
from combmotif.runs.hosts.remote import (
    Expected,
    Job,
    await_files,
    do_job,
    open_in_worker,
    require_same_weights,
    task_name,
)
from combmotif.runs.hosts.shares import FOLDER, Shares
from combmotif.runs.record import first_warnings, new_record, peak_memory, peak_memory_mb
from combmotif.runs.stages import STAGES, Stage
from combmotif.runs.stages.base import Batch, Empty, Found, Output, Work
from combmotif.runs.store import PROGRESS, RunStore
from combmotif.sequence.left_out import LEFT_OUT, write_left_out
from combmotif.sequence.sets import SequenceSet


@dataclass(frozen=True)
class RunResult:
    """A finished run.

    Attributes
    ----------
    folder, report : Path
    stages : dict of str to str
        ``done``, ``empty: reason`` or ``failed: reason``.
    """

    folder: Path
    report: Path
    stages: dict[str, str]

    @property
    def failed(self) -> dict[str, str]:
        """Stages that failed, with the reason."""
        return {name: status for name, status in self.stages.items() if status.startswith("failed")}


def run(
    config: RunConfig,
    out: str | Path,
    *,
    workers: int | None = None,
    progress: Callable[[str, int, int], None] | None = None,
    on_stage: Callable[[str, str, float], None] | None = None,
    model: SequenceModel | None = None,
    sequences: SequenceSet | None = None,
    cluster: ClusterConfig | None = None,
    shares: Shares | None = None,
) -> RunResult:
    """Interpret a model as a config says.

    Everything the config names is loaded and checked before any long work. Finished tasks are kept in ``out/tasks``,
    so a run that was interrupted, or is asked for again with a changed section, does only what is missing.

    Parameters
    ----------
    config : RunConfig
        As ``load_config`` returns it.
    out : path
        The run folder, made if it is not there.
    workers : int, optional
        Processes, one thread each; default one per core, or per GPU where the model runs on one. The files do not
        depend on it.
    progress : callable, optional
        Called with (stage, tasks done, tasks in all).
    on_stage : callable, optional
        Called with (stage, status, seconds) when a stage has ended and is recorded in run.json.
    model, sequences : SequenceModel, SequenceSet, optional
        In place of those the config names; with several workers they must be picklable.
    cluster : ClusterConfig, optional
        Where tasks are done, as ``load_cluster`` reads it; default this machine. The files do not depend on it.
    shares : Shares, optional
        Of which this is one, without a report; see `combmotif.runs.shards.run_share`.

    Returns
    -------
    RunResult

    Raises
    ------
    KeyboardInterrupt
        The stage is recorded as stopped; its finished tasks are kept.
    TasksLost
        If workers died again and again at tasks of a stage that later ones build on; the others are done and kept.
    ValueError, FileNotFoundError
        If the config does not fit the files, the model or the folder. A stage that fails later is recorded and the
        others go on.
    """
    given = {name: value for name, value in (("model", model), ("sequences", sequences)) if value is not None}
    context = load_context(config, model=model, sequences=sequences)
    for stage in STAGES:
        stage.check(context)
    folder, cluster = Path(out), cluster or ClusterConfig()
    workers = workers or cluster.workers or usual_workers(context.model.device)
    if model is None and (workers > 1 or cluster.engine != "local"):
        require_same_weights(context)
    store = RunStore(folder.absolute())  # workers may stand in another folder
    executor: Executor | None = None
    try:
        setup = partial(open_in_worker, config, given, Expected.of(context))
        executor = make_engine(cluster, workers, state=context, setup=setup)
        record = new_record(context)
        record["cluster"] = cluster.model_dump(exclude_defaults=True) | {"engine": cluster.engine}
        write_left_out(store.file(LEFT_OUT), context.sequences.left_out)
        record["warnings"] += first_warnings(context)
        if doubts := context.model.doubts(context.sequences.codes, tracks=context.sequences.tracks):
            record["warnings"].append(f"{doubts}.")
            warnings.warn(doubts, stacklevel=2)
        record["planned"] = [*(stage.name for stage in STAGES), *(["report"] if shares is None else [])]
        others = shares or Shares(store.path / FOLDER)
        runner = _Runner(context, store, executor, others, record, progress or (lambda stage, done, total: None))
        with single_thread():  # as in tasks: what is merged here must not depend on this host's cores either
            for stage in STAGES:
                begun = time.monotonic()
                runner.do(stage, begun)
                if on_stage is not None:
                    on_stage(stage.name, record["stages"][stage.name]["status"], time.monotonic() - begun)
        executor.close()
        begun, own, report = time.monotonic(), time.process_time(), folder / "report.html"
        if shares is None:
            report = build_report(folder, title=config.report.title)
            store.reload()  # the page is in its record now
            took = {"seconds": time.monotonic() - begun, "cpu_seconds": time.process_time() - own}
            record["stages"]["report"] = {"status": "done", **{name: round(each, 2) for name, each in took.items()}}
        record |= {"peak_memory_mb": peak_memory_mb(), "memory_mb": peak_memory()}
        store.write_json("run.json", record)
        store.clean(runner.files)
    finally:
        if executor is not None:
            executor.close()
        store.close()
    return RunResult(folder, report, {name: stage["status"] for name, stage in record["stages"].items()})


@dataclass
class _Runner:
    """Does the stages of a run one after the other and records how each ended.

    Attributes
    ----------
    context, store, executor, shares
        Of the run.
    record : dict
        What becomes run.json.
    on_progress : callable
        Called with (stage, tasks done, tasks in all).
    found : Found
        What the stages have handed on.
    files : set of Path
        Results of tasks that belong to the run.
    """

    context: Context
    store: RunStore
    executor: Executor
    shares: Shares
    record: dict[str, Any]
    on_progress: Callable[[str, int, int], None]
    found: Found = field(default_factory=Found)
    files: set[Path] = field(default_factory=set)

    def do(self, stage: Stage[Any, Any], begun: float) -> None:
        """Do a stage; ``begun`` is when."""
        self.on_progress(stage.name, 0, 1)
        tally, own = _Tally(), time.process_time()
        out = Output(self.store)
        entry: dict[str, Any] = {"status": "running"}
        self.record["stages"][stage.name] = entry
        self.store.write_json("run.json", self.record)
        self._finish(stage, entry, tally, out)
        entry["seconds"] = round(time.monotonic() - begun, 2)
        entry["cpu_seconds"] = round(time.process_time() - own + tally.elsewhere, 2)
        entry |= {"tasks": tally.tasks, "reused": tally.reused}
        said = {
            "notes": out.notes if entry["status"] == "done" else [],
            "redone": tally.redone,
            "edits": out.edits,
            "hosts": tally.hosts if set(tally.hosts) - {HOST} else {},
        }
        entry |= {name: value for name, value in said.items() if value}
        self.record["warnings"] += out.warnings
        self.record["peak_memory_mb"] = peak_memory_mb()
        self.store.write_json("run.json", self.record)

    def _finish(self, stage: Stage[Any, Any], entry: dict[str, Any], tally: _Tally, out: Output) -> None:
        """Do the tasks of a stage and merge their results; set its status."""
        self.store.remove(*stage.outputs)  # what an earlier configuration left
        try:
            if not stage.asked(self.context.config):
                raise Empty(f"not asked for: the configuration has no '{stage.section}' section")
            self._tasks_and_merge(stage, tally, out)
            entry["status"] = "done"
        except Empty as end:
            self.found.add(end.made)
            entry["status"] = f"empty: {end}"
        except KeyboardInterrupt:
            entry["status"] = "stopped: interrupted; the same command goes on from here"
            self.store.write_json("run.json", self.record)
            raise
        except Exception as error:
            entry["status"] = f"failed: {_kind(error)}{error}{_as_bug(error)}"
            # What later stages build on cannot be missing, and on a full disk nothing else would go better.
            if stage.required or isinstance(error, OSError):
                with contextlib.suppress(OSError):
                    self.store.write_json("run.json", self.record)
                raise

    def _tasks_and_merge(self, stage: Stage[Any, Any], tally: _Tally, out: Output) -> None:
        work = Work(self.context, self.store, self.found.only(stage.needs))
        batches = stage.tasks(work)
        while True:
            try:
                batch = next(batches)
            except StopIteration as end:  # a generator returns what is left to merge
                self.found.add(stage.merge(work, end.value, out))
                return
            self._bring_up_to_date(stage.name, batch, tally)

    def _bring_up_to_date(self, stage: str, batch: Batch, tally: _Tally) -> None:
        """Do the tasks of a batch whose files are not there yet."""
        store, payloads = self.store, batch.payloads
        files = [path for payload in payloads for path in payload.files]
        self.files.update(files)
        todo = [payload for payload in payloads if not all(map(store.is_whole, payload.files))]
        if store.redone:
            damaged, store.redone = store.redone, []
            count = f"{len(damaged)} results were" if len(damaged) > 1 else "a result was"
            warnings.warn(
                f"{store.path}: {count} damaged after being written (tasks/{damaged[0]}) and will be computed again",
                stacklevel=1,
            )
            tally.redone += damaged
        past = len(payloads) - len(todo)
        tally.tasks += len(payloads)
        tally.reused += past
        there = sum(len(payload.files) for payload in payloads) - sum(len(payload.files) for payload in todo)
        store.write_json(PROGRESS, {"stage": stage, "files": [path.name for path in files], "before": there})
        self.on_progress(stage, past, len(payloads))
        for path in store.files([path for payload in todo for path in payload.files]):
            path.unlink(missing_ok=True)  # damaged, or never sealed: what is there from now on, a worker has finished

        finished = 0

        def on_done(job: Job, _done: int) -> None:
            nonlocal finished
            finished += 1
            await_files(job.payload.files)
            store.seal(*job.payload.files)
            store.lock.tell(workers=self.executor.workers, lost=self.executor.lost)
            self.on_progress(stage, past + finished, len(payloads))

        for part in self.shares.parts(store, payloads, todo):
            try:
                ended = self.executor.run(do_job, [Job(batch, payload) for payload in part], on_done=on_done)
            except TasksLost as error:
                lost = [(job.payload, why) for job, why in error.lost]
                raise TasksLost(lost, len(payloads), name=task_name) from None
            tally.hosts.update(done.host for done in ended)
            here = (HOST, os.getpid())
            tally.elsewhere += sum(done.seconds for done in ended if (done.host, done.process) != here)


@dataclass
class _Tally:
    """Tasks of a stage: all, those whose results were there, names of results that had been damaged since, how many
    were done on each host, and seconds of CPU time that other processes than this took for them."""

    tasks: int = 0
    reused: int = 0
    redone: list[str] = field(default_factory=list)
    hosts: Counter[str] = field(default_factory=Counter)
    elsewhere: float = 0.0


def _kind(error: Exception) -> str:
    return "" if isinstance(error, TasksLost) else f"{type(error).__name__}: "


def _as_bug(error: Exception) -> str:
    """What to add to the message of an error that no user is to blame for."""
    told = isinstance(error, (ValueError, OSError, ArithmeticError, MemoryError, ImportError)) or "memory" in str(error)
    return "" if told else " (a bug of combmotif; please report it, see docs/reliability.md)"
