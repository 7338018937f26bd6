"""How far the run of a folder is, told from the folder alone."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from combmotif.runs.earlier import read_record
from combmotif.runs.store import PROGRESS


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
    """

    stage: str
    state: str
    reason: str = ""
    done: int | None = None
    total: int | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class RunStatus:
    """A run folder.

    Attributes
    ----------
    folder : Path
    record : dict
        Its run.json.
    stages : tuple of StageStatus
    active : bool
        Whether a process is at work in it.
    """

    folder: Path
    record: dict[str, Any]
    stages: tuple[StageStatus, ...]
    active: bool

    @property
    def finished(self) -> bool:
        """Whether every stage has come to an end and the report is written."""
        return bool(self.stages) and all(s.state in ("done", "empty", "failed") for s in self.stages)


def _held(folder: Path) -> bool:
    """Whether another process holds the folder's lock."""
    lock = folder / "tasks" / "lock"
    if not lock.is_file():
        return False
    try:
        import fcntl
    except ImportError:  # no such locks on this system
        return False
    with lock.open("r") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


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
    record, active = read_record(folder), _held(folder)
    told = record.get("stages")
    told = told if isinstance(told, dict) else {}
    rows = [
        _stage(folder, name, told.get(name), active=active)
        for name in dict.fromkeys([*record.get("planned", ()), *told])
    ]
    return RunStatus(folder, record, tuple(rows), active)


def _stage(folder: Path, name: str, entry: Any, *, active: bool) -> StageStatus:
    if not isinstance(entry, dict):
        return StageStatus(name, "waiting")
    state, _, reason = str(entry.get("status", "")).partition(": ")
    total, seconds = entry.get("tasks"), entry.get("seconds")
    if state not in ("running", "stopped"):
        return StageStatus(name, state, reason, total, total, seconds)
    done, total = _progress(folder, name)
    if state == "running" and not active:
        state, reason = "stopped", "its process is gone"
    return StageStatus(name, state, reason, done, total, seconds)


def _progress(folder: Path, stage: str) -> tuple[int | None, int | None]:
    """Count the files of the present stage: those there, and all."""
    try:
        progress = json.loads((folder / PROGRESS).read_text(encoding="utf-8"))
        if progress["stage"] != stage:
            return None, None
        files = progress["files"]
        return sum((folder / "tasks" / file).exists() for file in files), len(files)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None, None
