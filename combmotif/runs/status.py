"""How far the run of a folder is, told from the folder alone."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from combmotif.runs.earlier import read_record
from combmotif.runs.lock import holder
from combmotif.runs.store import LOCK, PROGRESS


@dataclass(frozen=True)
class StageStatus:
    """One stage of a run.

    Attributes
    ----------
    stage : str
    state : str
        done, empty, failed, running, stopped (interrupted, or its process is gone), or waiting.
    reason : str
        Of empty, failed and stopped.
    done, total : int or None
        Tasks; None where the run's record does not tell.
    seconds : float or None
    left : float or None
        Of a running stage: seconds for the tasks that are left, at the pace so far.
    """

    stage: str
    state: str
    reason: str = ""
    done: int | None = None
    total: int | None = None
    seconds: float | None = None
    left: float | None = None


@dataclass(frozen=True)
class RunStatus:
    """A run folder.

    Attributes
    ----------
    folder : Path
    record : dict
        Its run.json.
    stages : tuple of StageStatus
    at_work : dict or None
        Of the process that is at work in it, on whichever host: ``host``, ``pid``, ``workers`` as far as they are
        known; None where there is none.
    """

    folder: Path
    record: dict[str, Any]
    stages: tuple[StageStatus, ...]
    at_work: dict[str, Any] | None

    @property
    def active(self) -> bool:
        """Whether a process is at work in it."""
        return self.at_work is not None

    @property
    def finished(self) -> bool:
        """Whether every stage has come to an end and the report is written."""
        return bool(self.stages) and all(s.state in ("done", "empty", "failed") for s in self.stages)


def run_status(folder: str | Path) -> RunStatus:
    """Tell how far a run is.

    Parameters
    ----------
    folder : path

    Returns
    -------
    RunStatus

    Raises
    ------
    FileNotFoundError, ValueError
        If it is no run folder.
    """
    folder = Path(folder)
    at_work = holder(folder / LOCK)
    try:
        record = read_record(folder)
    except FileNotFoundError:
        if at_work is None:
            raise
        record = {}  # it has only begun
    told = record.get("stages")
    told = told if isinstance(told, dict) else {}
    rows = [
        _stage(folder, name, told.get(name), active=at_work is not None)
        for name in dict.fromkeys([*record.get("planned", ()), *told])
    ]
    return RunStatus(folder, record, tuple(rows), at_work)


def share_statuses(folder: str | Path) -> dict[str, RunStatus]:
    """Tell how far the shares of a run are (``run --shard``), by their names; none where there are none."""
    paths = sorted(Path(folder).glob("shards/*-of-*/run.json"))
    return {path.parent.name: run_status(path.parent) for path in paths}


def _stage(folder: Path, name: str, entry: Any, *, active: bool) -> StageStatus:
    if not isinstance(entry, dict):
        return StageStatus(name, "waiting")
    state, _, reason = str(entry.get("status", "")).partition(": ")
    total, seconds = entry.get("tasks"), entry.get("seconds")
    if state not in ("running", "stopped"):
        return StageStatus(name, state, reason, total, total, seconds)
    done, total, left = _progress(folder, name)
    if state == "running" and not active:
        state, reason, left = "stopped", "its process is gone", None
    return StageStatus(name, state, reason, done, total, seconds, left if state == "running" else None)


def _progress(folder: Path, stage: str) -> tuple[int | None, int | None, float | None]:
    """Count the files of the present stage: those there, and all; and say how long the others take."""
    try:
        progress = json.loads((folder / PROGRESS).read_text(encoding="utf-8"))
        if progress["stage"] != stage:
            return None, None, None
        files, before = progress["files"], progress.get("before", 0)
        done = sum((folder / "tasks" / file).exists() for file in files)
        # both times are the file system's, which another host's clock need not agree with
        since = (folder / LOCK).stat().st_mtime - (folder / PROGRESS).stat().st_mtime
        left = since / (done - before) * (len(files) - done) if done > before and since > 0 else None
        return done, len(files), left
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None, None, None
