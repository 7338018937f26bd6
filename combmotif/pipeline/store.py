"""The run folder: files that are whole or not there, tasks named by what they depend on."""

from __future__ import annotations

import contextlib
import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from combmotif.files import atomic

REVISION = 7
"""Raised when the files of tasks change, so that a run folder of an earlier version is not read as one of this."""

PROGRESS = "tasks/progress.json"
"""Names the files the present stage is to write, for 'combmotif status'; gone when the run is finished."""


def content_key(*parts: Any) -> str:
    """Hash plain data (numbers, strings, lists, dicts) to 32 hexadecimal digits; equal data give equal keys."""
    text = json.dumps([REVISION, parts], sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


class RunStore:
    """One run folder, held by one process at a time.

    Parameters
    ----------
    path : Path
        Made if it is not there.

    Raises
    ------
    ValueError
        If the folder cannot be written to, is a file, or another process is at work in it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.tasks = path / "tasks"
        try:
            self.tasks.mkdir(parents=True, exist_ok=True)
            self._lock = (self.tasks / "lock").open("w")
        except OSError as error:
            raise ValueError(f"--out {path}: cannot write there ({error.strerror}); choose another folder") from None
        try:
            import fcntl

            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except ImportError:  # no such locks on this system
            pass
        except OSError:
            self._lock.close()
            raise ValueError(
                f"--out {path}: another combmotif run is at work there; wait for it, or choose another"
            ) from None
        for leftover in path.rglob("*.tmp"):
            leftover.unlink(missing_ok=True)

    def close(self) -> None:
        """Let go of the folder."""
        self._lock.close()

    def task(self, stage: str, key: str, suffix: str) -> Path:
        """Name the file of a task's result."""
        return self.tasks / f"{stage}-{key}{suffix}"

    def clean(self, wanted: set[Path]) -> None:
        """Remove results of tasks that no longer belong to the run."""
        for path in self.tasks.iterdir():
            if path not in wanted and path.name != "lock":
                path.unlink(missing_ok=True)

    def keep_only(self, folder: str, wanted: set[Path]) -> None:
        """Remove from a folder of the run what an earlier configuration left, folders that are empty then included."""
        for path in sorted((self.path / folder).rglob("*"), reverse=True):
            if path.is_dir():
                with contextlib.suppress(OSError):
                    path.rmdir()
            elif path not in wanted:
                path.unlink(missing_ok=True)

    def write_json(self, name: str, content: dict[str, Any]) -> None:
        """Write a JSON file of the run folder."""
        with atomic(self.path / name) as temporary:
            temporary.write_text(json.dumps(content, indent=1, default=str) + "\n", encoding="utf-8")

    def remove(self, *names: str) -> None:
        """Remove files an earlier run with another configuration left."""
        for name in names:
            (self.path / name).unlink(missing_ok=True)


def is_whole(path: Path) -> bool:
    """Whether a task's file is there and can be opened; one that a failing disk cut short is not."""
    if path.suffix == ".h5":
        try:
            with h5py.File(path):
                return True
        except OSError:
            return False
    return path.exists() and (path.suffix != ".npz" or zipfile.is_zipfile(path))


def save_arrays(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Write arrays to an .npz file, whole or not at all."""
    with atomic(path) as temporary, temporary.open("wb") as stream:
        np.savez_compressed(stream, **arrays)  # type: ignore[arg-type]


def load_arrays(path: Path) -> dict[str, np.ndarray]:
    """Read an .npz file that ``save_arrays`` wrote."""
    with np.load(path) as file:
        return {name: file[name] for name in file.files}
