"""Run a benchmark: every model on every task, each result kept as it is done, then tables and a page."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from combmotif.config.evaluation import SuiteConfig, parse_model
from combmotif.core.download import sha256_of
from combmotif.core.executors import make_executor
from combmotif.core.files import write_table
from combmotif.core.tables import FITTED, SKIPPED
from combmotif.core.version import __version__
from combmotif.evaluation.adapters.base import Adapter, LacksCapability, trusted
from combmotif.evaluation.adapters.combined import turned
from combmotif.evaluation.adapters.make import make_adapter, make_control
from combmotif.evaluation.measure import measure_task, predictions_of
from combmotif.evaluation.page import write_page
from combmotif.evaluation.tasks.base import ScoreColumn, Task
from combmotif.evaluation.tasks.make import make_task
from combmotif.runs.store import RunStore, content_key, load_arrays, save_arrays

_TWIN = ", random weights"


@dataclass(frozen=True)
class SuiteResult:
    """A finished benchmark: its folder, page, table of scores, and what was skipped."""

    folder: Path
    page: Path
    scores: pd.DataFrame
    skipped: pd.DataFrame


@dataclass(frozen=True)
class _Job:
    """One model on one task."""

    config: SuiteConfig
    task: str
    model: str
    path: Path


_tasks: dict[str, Task] = {}
_adapters: dict[str, Adapter] = {}


def _task(config: SuiteConfig, name: str) -> Task:
    key = content_key(config.tasks[name].model_dump(mode="json"), config.seed)
    if key not in _tasks:
        _tasks.clear()  # tables are large; jobs come task by task
        _tasks[key] = make_task(config.tasks[name], seed=config.seed)
    return _tasks[key]


def _adapter(config: SuiteConfig, name: str) -> Adapter:
    entry = config.models.get(name.removesuffix(_TWIN))
    key = content_key(name, config.seed, None if entry is None else entry.model_dump(mode="json"))
    if key in _adapters:
        return _adapters[key]
    if entry is None:
        found = make_control(name, seed=config.seed)
    elif name.endswith(_TWIN) and name not in config.models:
        twin = _adapter(config, name.removesuffix(_TWIN)).random_twin(config.seed)
        if twin is None:
            raise LacksCapability(f"model '{name.removesuffix(_TWIN)}' has no weights to draw at random")
        found = twin
    else:
        found = trusted(make_adapter(entry, name=name, open_part=partial(_part, config), seed=config.seed))
    _adapters[key] = found
    return found


def _part(config: SuiteConfig, name: str) -> Adapter:
    """Open a model that another one joins: of the config, else as a command line names it."""
    return (
        _adapter(config, name)
        if name in config.models
        else make_adapter(parse_model(name), name=name, seed=config.seed)
    )


def _do(state: Any, job: _Job) -> float:
    """Score a task by a model; writes the scores, or the reason why there are none, and returns the CPU seconds."""
    began = time.process_time()
    arrays: dict[str, np.ndarray] = {}
    task = _task(job.config, job.task)
    before = len(task.skipped)
    try:
        model = turned(_adapter(job.config, job.model), orientation=task.orientation, minus=task.minus)
        columns = task.score(model)
        arrays["names"] = np.array(
            [[c.name, c.truth, str(int(c.fitted)), str(int(c.control)), "\n".join(c.settings)] for c in columns],
            dtype=str,
        )
        arrays |= {f"column{i}": column.values for i, column in enumerate(columns)}
        skipped = task.skipped[before:] + _unscored(task, columns)
        arrays["skipped"] = np.array(skipped, dtype=str).reshape(-1, 2)
    except LacksCapability as error:
        arrays["reason"] = np.array(str(error))
    del task.skipped[before:]
    save_arrays(job.path, arrays)
    return time.process_time() - began


def _unscored(task: Task, columns: list[ScoreColumn]) -> list[tuple[str, str]]:
    """Count the items of known truth without any score (names that a file lacks); name scores that never vary."""
    found = []
    for truth in task.truths:
        own = [column.values for column in columns if column.truth == truth.name]
        known = np.isfinite(truth.values)
        if own and (missing := int((known & ~np.isfinite(own).any(0)).sum())):
            found.append(
                (truth.name, f"no score for {missing:,} of {int(known.sum()):,} items, which count for nothing")
            )
        for column in columns:
            if truth.measures[0] != "pearson" or column.truth != truth.name:
                continue
            values = column.values[known & np.isfinite(column.values)]
            if len(values) and np.ptp(values) == 0:
                found.append(
                    (truth.name, f"{column.name}: every score is {values[0]:.4g}, so no correlation is defined")
                )
    return found


def _files(section: Any) -> list[str]:
    """Checksums of the files that a task or model reads."""
    found = []
    values = list(section.model_dump().values())
    values += [inner for value in values if isinstance(value, dict) for inner in value.values()]
    for value in values:
        if isinstance(value, str) and value.startswith("/") and (path := Path(value)).exists():
            inner = sorted(p for p in path.iterdir() if p.is_file()) if path.is_dir() else [path]
            found += [f"{p.name}:{sha256_of(p)}" for p in inner]
    return found


def _jobs(config: SuiteConfig, store: RunStore) -> list[_Job]:
    names = [*config.models, *config.controls]
    if "random-weights" in config.controls:
        names += [
            f"{name}{_TWIN}"
            for name, entry in config.models.items()
            if any(getattr(entry, key) for key in ("card", "model", "hf", "concat"))
        ]
    jobs = []
    for task_name, section in config.tasks.items():
        files, asked = _files(section), section.model_dump(mode="json", exclude={"note"})
        for name in names:
            entry = config.models.get(name.removesuffix(_TWIN))
            model = None if entry is None else [_identity(part) for part in (entry, *_parts(config, entry))]
            key = content_key("scores of items", asked, files, name, model, config.seed)
            jobs.append(_Job(config, task_name, name, store.task("scores", key, ".npz")))
    return jobs


def _parts(config: SuiteConfig, entry: Any) -> list[Any]:
    return [config.models[part] if part in config.models else parse_model(part) for part in entry.concat or ()]


def _identity(entry: Any) -> list[Any]:
    """All that a model's results depend on, as plain data."""
    return [entry.model_dump(mode="json"), _files(entry), _card_files(entry)]


def _card_files(entry: Any) -> list[str]:
    if entry.card is None:
        return []
    from combmotif.models.card import card_file, find_weights, read_card

    path = card_file(entry.card)
    weights = find_weights(read_card(entry.card), path)
    return [sha256_of(path), "" if weights is None else sha256_of(weights)]


def run_suite(
    config: SuiteConfig,
    out: Path,
    *,
    left_out: dict[str, str] | None = None,
    workers: int = 1,
    progress: Callable[[str, int, int], None] | None = None,
) -> SuiteResult:
    """Run a benchmark; started again, it goes on where it was.

    Parameters
    ----------
    config : SuiteConfig
        With absolute paths, as :func:`combmotif.config.evaluation.load_suite` gives it.
    out : pathlib.Path
        Folder: ``scores.tsv``, ``comparisons.tsv``, ``settings.tsv``, ``skipped.tsv``, ``run.json``, ``report.html``,
        and per task ``TASK/items.tsv.gz`` and ``TASK/predictions.tsv.gz``.
    left_out : dict of str to str, optional
        Tasks that are not run, each with the reason.
    workers : int, default 1
        Processes; the results do not depend on it.
    progress : callable, optional
        Called with (what, done, in all).

    Returns
    -------
    SuiteResult

    Raises
    ------
    ValueError
        If a task's table does not fit, or the folder holds something else.
    """
    began = time.monotonic()
    store = RunStore(out)
    try:
        jobs = _jobs(config, store)
        for job in jobs:
            store.file(job.path)
        open_jobs = [job for job in jobs if not store.is_whole(job.path)]
        for name in config.models if open_jobs else ():
            with contextlib.suppress(LacksCapability):  # a model that cannot be opened is told before any work
                _adapter(config, name)

        def ended(job: _Job, done: int) -> None:
            store.seal(job.path)
            if progress is not None:
                progress(f"{job.task}: {job.model}", done, len(open_jobs))

        with make_executor(min(workers, len(open_jobs))) as executor:
            taken = executor.run(_do, open_jobs, on_done=ended)
        seconds = {f"{job.task}: {job.model}": round(took, 2) for job, took in zip(open_jobs, taken, strict=True)}
        result = _finish(config, store, jobs, left_out or {}, seconds, began)
        store.clean({job.path for job in jobs})
        return result
    finally:
        store.close()


def _finish(
    config: SuiteConfig, store: RunStore, jobs: list[_Job], left_out: dict[str, str], seconds: dict[str, float],
    began: float,
) -> SuiteResult:  # fmt: skip
    skipped: list[list[str]] = [[name, "", "", reason] for name, reason in left_out.items()]
    scores, comparisons, settings, curves = [], [], [], {}
    for name in config.tasks:
        task = _task(config, name)
        scored: dict[str, list[ScoreColumn]] = {}
        controls = []
        skipped += [[name, "", item, reason] for item, reason in task.skipped]
        for job in (job for job in jobs if job.task == name):
            arrays = load_arrays(job.path)
            if "reason" in arrays:
                skipped.append([name, job.model, "", str(arrays["reason"])])
                continue
            skipped += [[name, job.model, str(item), str(reason)] for item, reason in arrays["skipped"]]
            scored[job.model] = [
                ScoreColumn(
                    own, truth, arrays[f"column{i}"], fitted == "1", control == "1", tuple(settings.splitlines())
                )
                for i, (own, truth, fitted, control, settings) in enumerate(arrays["names"].tolist())
            ]
            if job.model not in config.models:
                controls.append(job.model)
        for own, columns in task.own_scores().items():
            scored[own] = columns
            if own != "table":
                controls.append(own)
        table, compared = measure_task(
            name, task, scored, controls=controls, draws=config.statistics.bootstrap, seed=config.seed,
            both_signs=config.statistics.sign == "both", alone=config.statistics.cluster == "item",
        )  # fmt: skip
        scores.append(table)
        comparisons.append(compared)
        curves[name] = (task, scored)
        write_table(store.file(f"{name}/items.tsv.gz"), task.items)
        write_table(store.file(f"{name}/predictions.tsv.gz"), predictions_of(task, scored))
        settings += [
            [name, model, column.truth, column.name, fold, setting]
            for model, columns in scored.items()
            for column in columns
            for fold, setting in enumerate(column.settings, 1)
        ]
    table = pd.concat(scores, ignore_index=True)
    left = SKIPPED.frame(skipped)
    pairs = pd.concat(comparisons, ignore_index=True)
    written = {"scores": table, "comparisons": pairs, "settings": FITTED.frame(settings), "skipped": left}
    for name, content in written.items():
        write_table(store.file(f"{name}.tsv"), content)
    page = store.file("report.html")
    notes = {name: section.note for name, section in config.tasks.items()}
    write_page(page, table, left, curves, comparisons=pairs, notes=notes)
    record = {
        "version": __version__,
        "config": config.model_dump(mode="json"),
        "files": {name: _files(section) for name, section in config.tasks.items()},
        "seconds": seconds,
        "seconds_in_all": round(time.monotonic() - began, 2),
    }
    store.write_json("run.json", record)
    return SuiteResult(store.path, page, table, left)
