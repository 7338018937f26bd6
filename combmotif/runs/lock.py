"""Who is at work in a run folder: one process, of whichever host that sees the folder."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import secrets
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from combmotif.core.files import HOST, is_running, time_at

PATIENCE = 1.0
"""Seconds for which a run tries to get the lock: 'combmotif status' holds it for an instant."""
BEAT, STALE = 15.0, 90.0
"""Seconds between two signs of life of a run, and after which one of another host counts as dead.

A file system may show what another host wrote a minute late (NFS)."""
_HELD = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES)


class FolderLock:
    """A lock that holds between processes by ``flock``, and by signs of life where the file system has none.

    The holder writes host and process into the file, and anew every `BEAT` seconds. A file system may know ``flock``
    and keep it to each host (Lustre's ``localflock``), so the signs of another host count in any case.

    Parameters
    ----------
    path : Path
        The lock file; its folder is there. A link in its place is not followed.

    Raises
    ------
    BlockingIOError
        If another process holds the lock; ``str`` of it says which, where that is known.
    OSError
        If the file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.content: dict[str, Any] = {"host": HOST, "pid": os.getpid(), "token": secrets.token_hex(8)}
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
        self._file = os.open(path, flags, 0o666)
        try:
            self._hold()
        except BaseException:
            os.close(self._file)
            raise
        self._over = threading.Event()
        self._beats = threading.Thread(target=self._beat, daemon=True)
        self._beats.start()

    def _hold(self) -> None:
        until = time.monotonic() + PATIENCE
        while (shared := _flock(self._file)) is False:
            if time.monotonic() > until:
                raise _Held(_read(self.path) or {})
            time.sleep(0.02)
        other = _read(self.path)
        if other and _lives(other, self.path, locked=shared is not None):
            raise _Held(other)
        self._write()
        if shared is None:  # of two that came at once the later one stays
            time.sleep(PATIENCE)
            found = _read(self.path) or {}
            if found.get("token") != self.content["token"]:
                raise _Held(found)

    def tell(self, **content: Any) -> None:
        """Set what 'combmotif status' is to read with the next sign of life."""
        self.content |= content

    def _beat(self) -> None:
        while not self._over.wait(BEAT):
            with contextlib.suppress(OSError):  # a full disk is told where work is lost
                self._write()

    def _write(self) -> None:
        text = (json.dumps(self.content) + "\n").encode()
        os.pwrite(self._file, text, 0)
        os.ftruncate(self._file, len(text))

    def close(self) -> None:
        """Let go."""
        if self._file < 0:
            return
        self._over.set()
        self._beats.join()
        with contextlib.suppress(OSError):
            os.ftruncate(self._file, 0)
        os.close(self._file)
        self._file = -1


class _Held(BlockingIOError):
    def __init__(self, content: dict[str, Any]) -> None:
        who = ""
        if content:
            who = f" (process {content.get('pid')} on {content.get('host')})"
            if content.get("host") != HOST:
                who += f"; a run that was killed on another host counts as dead after {STALE:.0f} seconds"
        super().__init__(who)


def holder(path: Path) -> dict[str, Any] | None:
    """Say who holds a lock: what it wrote last; None if nobody does. No file is left or changed."""
    if not path.is_file():
        return None
    with path.open("r") as stream, _shared(stream.fileno()) as free:
        content = _read(path)
        if free is False:
            return content or {}
        return content if content and _lives(content, path, locked=free is not None) else None


def _flock(file: int, *, shared: bool = False) -> bool | None:
    """Try to lock a file: whether it worked; None where the system or the file system cannot."""
    try:
        import fcntl
    except ImportError:
        return None
    try:
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        return True
    except OSError as error:
        return False if error.errno in _HELD else None


@contextlib.contextmanager
def _shared(file: int) -> Iterator[bool | None]:
    yield _flock(file, shared=True)  # closing the file lets go


def _read(path: Path) -> dict[str, Any] | None:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def _lives(content: dict[str, Any], path: Path, *, locked: bool) -> bool:
    """Whether the process that wrote a lock's content is at work; ``locked``: flock says that none of this host is."""
    if content.get("host") == HOST:
        return not locked and is_running(content.get("pid"))
    return abs(time_at(path.parent) - path.stat().st_mtime) < STALE
