"""A folder that a command writes: known by a marker, with a record of the files that are its own.

Only what the record lists is ever replaced or removed, so that a folder named by mistake loses nothing.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from combmotif.core.files import HOST, append_lines, atomic, is_running, time_at

MARKER = ".combmotif"
"""The marker of a folder: a line of what it holds, then the names of its files, one JSON string a line."""
KINDS = {
    "run": "a run ('combmotif run')",
    "training": "a training ('combmotif train')",
    "comparison": "a comparison ('combmotif compare')",
    "figures": "figures ('combmotif figures')",
    "attributions": "attributions ('combmotif attribute')",
    "calibration": "a calibration ('combmotif calibrate')",
    "variants": "effects of variants ('combmotif variants')",
    "words": "effects of k-mers ('combmotif words')",
    "scan": "a scan of a model's neurons",
}

_ABANDONED = 3600.0
"""Seconds after which a temporary file of another host is left over; a file is written in far less."""


class OutputFolder:
    """A folder of files that combmotif wrote.

    Parameters
    ----------
    path : Path
        New, empty, or with a marker of this kind; it is made and marked.
    kind : str
        One of `KINDS`.
    option : str, default "--out"
        What messages call it.

    Raises
    ------
    ValueError
        If the folder holds other things, is a file, or cannot be written to.
    """

    def __init__(self, path: Path, kind: str, *, option: str = "--out") -> None:
        self.path, self.kind, self._option = path, kind, option
        self._marker = path / MARKER
        self._known: set[str] = set()
        try:
            path.mkdir(parents=True, exist_ok=True)
            found = _read_marker(self._marker)
            if found is None:
                self._mark()
            else:
                self._known = self._own(*found)
                if not found[0]:  # what wrote it came to no end
                    self.settle()
        except OSError as error:
            raise ValueError(f"{option} {path}: cannot write there ({error.strerror}); choose another folder") from None

    def _mark(self) -> None:
        present = next((entry.name for entry in sorted(self.path.iterdir())), None)
        if present is not None and (found := _read_marker(self._marker)) is not None:  # marked by another meanwhile
            self._known = self._own(*found)
            return
        if present is not None:
            raise ValueError(
                f"{self._option} {self.path}: expected a new or empty folder, or one that combmotif made for "
                f"{KINDS[self.kind]}, found '{present}' there; choose another folder (nothing was changed)"
            )
        with contextlib.suppress(FileExistsError):
            handle = os.open(self._marker, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                stream.write(f"combmotif {self.kind}\n")

    def _own(self, kind: str, names: set[str]) -> set[str]:
        if kind not in ("", self.kind):
            raise ValueError(
                f"{self._option} {self.path}: expected a folder for {KINDS[self.kind]}, found one of "
                f"{KINDS.get(kind, kind)}; choose another folder"
            )
        return names

    def reload(self) -> None:
        """Read the record again, which another process may have written since."""
        found = _read_marker(self._marker)
        self._known = set() if found is None else self._own(*found)

    def __contains__(self, name: str) -> bool:
        return name in self._known

    def names(self, inside: str = "") -> list[str]:
        """List the files of the record that exist, those in one folder of it if wanted; sorted."""
        wanted = f"{inside}/" if inside else ""
        return sorted(name for name in self._known if name.startswith(wanted) and os.path.lexists(self.path / name))

    def file(self, name: str | Path) -> Path:
        """Say that a file is going to be written, and give its path.

        Parameters
        ----------
        name : str or Path
            Relative to the folder, or inside it.

        Raises
        ------
        ValueError
            If a file of this name is there that combmotif did not write, or the way to it leads through a link.
        """
        return self.files([name])[0]

    def files(self, names: list[str | Path] | list[Path] | list[str]) -> list[Path]:
        """Say that files are going to be written, and give their paths; see `file`."""
        relative = [self._relative(name) for name in names]
        if any(name not in self._known and os.path.lexists(self.path / name) for name in relative):
            self.reload()  # another process that works in the folder may have made it
        new = [name for name in dict.fromkeys(relative) if name not in self._known]
        for name in relative:
            self._refuse_links(name)
        for name in new:
            if os.path.lexists(self.path / name):
                raise ValueError(
                    f"{self.path / name}: is there already and was not written by this command; move it away, or "
                    f"choose another folder (nothing of it was changed)"
                )
        if new:
            append_lines(self._marker, map(json.dumps, new))
            self._known.update(new)
        return [self.path / name for name in relative]

    def remove(self, *names: str) -> None:
        """Remove files of the record; others of these names stay."""
        for name in names:
            if name in self._known:
                self._refuse_links(name)
                (self.path / name).unlink(missing_ok=True)

    def keep_only(self, inside: str, wanted: set[Path]) -> None:
        """Remove the files of the record in a folder of it that are not wanted, and folders that are empty then."""
        kept = {self._relative(path) for path in wanted}
        gone = [name for name in self.names(inside) if name not in kept]
        self.remove(*gone)
        folders = {parent for name in gone for parent in PurePosixPath(name).parents if str(parent) != "."}
        for folder in sorted(folders, key=lambda place: -len(place.parts)):
            with contextlib.suppress(OSError):  # not empty
                (self.path / folder).rmdir()

    def sweep(self) -> None:
        """Remove what processes that were killed left of the files of the record, and of itself.

        It is called ``NAME.HOST.PID.RANDOM.tmp``.

        Those of a process that is at work stay; one of another host counts as killed an hour after it wrote last.
        """
        own = {*self._known, MARKER}
        for folder in {self.path / name for name in map(_parent, own)}:
            if folder.is_symlink() or not folder.is_dir():
                continue
            for entry in list(folder.iterdir()):
                ending = re.search(r"\.([A-Za-z0-9-]+)\.(\d+)\.[0-9a-f]{8}\.tmp$", entry.name)
                if ending and self._relative(entry.with_name(entry.name[: ending.start()])) in own:
                    with contextlib.suppress(FileNotFoundError):  # finished just now
                        if not _being_written(entry, ending[1], int(ending[2])):
                            entry.unlink()

    def settle(self) -> None:
        """Write the record again: what exists, in order, so that equal folders have equal records."""
        self._known = set(self.names())
        with atomic(self._marker) as temporary:
            lines = [f"combmotif {self.kind}", *map(json.dumps, sorted(self._known))]
            temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def _relative(self, name: str | Path) -> str:
        place = Path(name)
        return (place.relative_to(self.path) if place.is_relative_to(self.path) else place).as_posix()

    def _refuse_links(self, name: str) -> None:
        for parent in PurePosixPath(name).parents:
            if str(parent) != "." and (self.path / parent).is_symlink():
                raise ValueError(
                    f"{self.path / parent}: expected a folder, found a link, which is not followed; put the folder "
                    f"itself there, or choose another --out"
                )


def _being_written(path: Path, host: str, pid: int) -> bool:
    """Whether the process that a temporary file is named by may be at work on it."""
    return is_running(pid) if host == HOST else time_at(path.parent) - path.stat().st_mtime < _ABANDONED


def _parent(name: str) -> PurePosixPath:
    return PurePosixPath(name).parent


def _read_marker(path: Path) -> tuple[str, set[str]] | None:
    """Give kind and names of a marker; None where there is none, the kind "" where its first line is cut short."""
    if path.is_symlink() or not path.is_file():
        return None
    lines = path.read_bytes().decode("utf-8", errors="replace").split("\n")
    if len(lines) == 1 and any(f"combmotif {kind}\n".startswith(lines[0]) for kind in KINDS):
        return "", set()
    kind = lines[0].removeprefix("combmotif ")
    if kind == lines[0]:
        return None
    return kind, {name for line in lines[1:] for name in _name(line)}


def _name(line: str) -> Iterator[str]:
    """Read a line of a record; a damaged one, or one that leads out of the folder, names nothing."""
    try:
        name = json.loads(line)
    except (ValueError, RecursionError):
        return
    if isinstance(name, str) and name and "\0" not in name:
        place = PurePosixPath(name)
        if not place.is_absolute() and ".." not in place.parts and place.as_posix() == name and name != MARKER:
            yield name
