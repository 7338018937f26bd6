"""The run folder: files that are whole or not there, tasks named by what they depend on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from combmotif.core.download import sha256_of
from combmotif.core.files import append_lines, atomic
from combmotif.core.output import OutputFolder
from combmotif.runs.lock import FolderLock

REVISION = 11
"""Raised when the files of tasks change, so that a run folder of an earlier version is not read as one of this."""

PROGRESS = "tasks/progress.json"
"""Names the files the present stage is to write, for 'combmotif status'; gone when the run is finished."""

CHECKSUMS = "tasks/checksums"
"""SHA-256 of the results of tasks, as ``sha256sum`` writes it; of a file that stands twice the last line counts."""

TASKS, TOGETHER = 128, 8
"""Tasks that keep many cores at work, and the most things that one of them does when there are more than that."""

LOCK = "tasks/lock"
"""Says which process is at work in the folder; see `FolderLock`."""


T = TypeVar("T")


def in_tasks(things: Sequence[T], total: int | None = None) -> list[tuple[T, ...]]:
    """Split neurons or motifs, each worth seconds to a minute of work, into tasks that write one file each.

    A task has one of them, so that many cores find work; where there are very many, up to `TOGETHER`, for a shared file
    system suffers more from many files than a run does from having to repeat a longer task.

    Parameters
    ----------
    things : sequence
    total : int, optional
        How many the run has of them, where these are those of one layer.

    Returns
    -------
    list of tuple
        The things of each task, in order.
    """
    size = max(1, min(TOGETHER, (len(things) if total is None else total) // TASKS))
    return [tuple(things[start : start + size]) for start in range(0, len(things), size)]


def content_key(*parts: Any) -> str:
    """Hash plain data (numbers, strings, lists, dicts) to 32 hexadecimal digits; equal data give equal keys."""
    text = json.dumps([REVISION, parts], sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


class TaskFiles:
    """The results of tasks in a run folder, by name; nothing is written, and the folder need not be there.

    Parameters
    ----------
    path : Path
        The run folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.tasks = path / "tasks"
        self._checksums = read_checksums(path)

    def task(self, stage: str, key: str, suffix: str) -> Path:
        """Name the file of a task's result."""
        return self.tasks / f"{stage}-{key}{suffix}"

    def is_whole(self, path: Path) -> bool:
        """Whether a task's result is there as it was written."""
        wanted = self._checksums.get(path.name)
        return wanted is not None and path.is_file() and sha256_of(path) == wanted


class FolderHeld(ValueError):
    """Another process is at work in a run folder."""


class RunStore(TaskFiles, OutputFolder):
    """One run folder, held by one process at a time.

    Parameters
    ----------
    path : Path
        Made if it is not there; see `OutputFolder`.

    Raises
    ------
    ValueError
        If the folder cannot be written to, is a file, holds what is no run, or another process is at work in it.
    """

    def __init__(self, path: Path) -> None:
        OutputFolder.__init__(self, path, "run")
        lock = self.file(LOCK)
        try:
            lock.parent.mkdir(exist_ok=True)
            # a link in place of the lock is not followed, and what it points to not emptied
            self.lock = FolderLock(lock)
        except BlockingIOError as held:
            raise FolderHeld(
                f"--out {path}: another combmotif run is at work there; wait for it, or choose another{held}"
            ) from None
        except OSError as error:
            raise ValueError(f"--out {path}: cannot write there ({error.strerror}); choose another folder") from None
        self.reload()
        self.sweep()
        TaskFiles.__init__(self, path)  # now no other process writes the checksums
        self.redone: list[str] = []

    def close(self) -> None:
        """Let go of the folder."""
        self.lock.close()

    def is_whole(self, path: Path) -> bool:
        """Whether a task's result is there as it was written; one that was damaged since is noted in ``redone``."""
        if super().is_whole(path):
            return True
        if path.name in self._checksums and path.is_file():
            self.redone.append(path.name)
        return False

    def seal(self, *paths: Path) -> None:
        """Keep the checksums of results that were written, by which `is_whole` knows them again."""
        found = {path.name: sha256_of(path) for path in paths}
        new = {name: digest for name, digest in found.items() if self._checksums.get(name) != digest}
        append_lines(self.file(CHECKSUMS), (f"{digest}  {name}" for name, digest in new.items()))
        self._checksums |= new

    def clean(self, wanted: set[Path]) -> None:
        """Remove results of tasks that no longer belong to the run, and write the records in order."""
        self.sweep()  # after workers that were killed while they wrote
        self.keep_only("tasks", {*wanted, self.path / LOCK, self.path / CHECKSUMS})
        kept = {path.name for path in wanted}
        self._checksums = {name: digest for name, digest in self._checksums.items() if name in kept}
        with atomic(self.file(CHECKSUMS)) as temporary:
            lines = [f"{digest}  {name}\n" for name, digest in sorted(self._checksums.items())]
            temporary.write_text("".join(lines), encoding="utf-8")
        self.sweep()  # of workers that died meanwhile
        self.settle()

    def write_json(self, name: str, content: dict[str, Any]) -> None:
        """Write a JSON file of the run folder."""
        with atomic(self.file(name)) as temporary:
            temporary.write_text(json.dumps(content, indent=1, default=str) + "\n", encoding="utf-8")


def read_checksums(folder: Path) -> dict[str, str]:
    """Read the checksums of the results in a run folder, by name; what is damaged in the file is no checksum."""
    path = folder / CHECKSUMS
    if not path.is_file():
        return {}
    parts = [line.partition("  ") for line in path.read_bytes().decode("utf-8", errors="replace").splitlines()]
    return {name: digest for digest, _, name in parts if len(digest) == 64 and name}


def save_arrays(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Write arrays to an .npz file, whole or not at all."""
    with atomic(path) as temporary, temporary.open("wb") as stream:
        np.savez_compressed(stream, **arrays)  # type: ignore[arg-type]


def load_arrays(path: Path, names: Sequence[str] | None = None) -> dict[str, np.ndarray]:
    """Read an .npz file that ``save_arrays`` wrote, or some of its arrays."""
    with np.load(path) as file:
        return {name: file[name] for name in names or file.files}
