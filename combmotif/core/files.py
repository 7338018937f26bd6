"""Write files that are whole or not there, and check those that are given."""

from __future__ import annotations

import contextlib
import errno
import gzip
import hashlib
import importlib.util
import io
import os
import re
import secrets
import shutil
import socket
import time
import warnings
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any, TextIO

from combmotif.core.packed import open_text

if TYPE_CHECKING:
    import h5py
    import pandas as pd

HOST = re.sub(r"[^A-Za-z0-9-]", "-", socket.gethostname())[:40] or "host"
"""This host, as names of files have it: several may write into one folder, and have processes of one number."""


@contextlib.contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Give a temporary name to write to, and rename it to ``path`` when the block ends well.

    The temporary name is one that no file has; a link at ``path`` is replaced, what it points to stays as it was.

    Raises
    ------
    ValueError
        If there is a pipe or device, which would be replaced by a file.
    """
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, "is a folder", str(path))
    if path.exists() and not path.is_file():
        raise ValueError(f"{path}: expected a file to write, found a pipe or device; name a file, and read it then")
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(temporary_name(path.name))
    try:
        yield temporary
        temporary.replace(path)
    except OSError as error:
        if error.errno is not None and error.filename in (None, str(temporary)):  # None: a write to a full disk
            error.filename = str(path)
        raise
    finally:
        with contextlib.suppress(OSError):  # of a name that is too long, or a folder that is gone
            temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def writing_text(path: Path, name: Path | None = None) -> Iterator[TextIO]:
    """Open a file to write text to, as it is, gzipped where its name ends in .gz; the same text gives the same bytes.

    Parameters
    ----------
    path : Path
    name : Path, optional
        What it will be called, where `path` is a temporary name.
    """
    with path.open("wb") as raw, contextlib.ExitStack() as stack:
        stream: Any = raw
        if (name or path).suffix == ".gz":
            stream = stack.enter_context(gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0))
        text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
        yield text
        text.flush()
        text.detach()


def link(source: Path, path: Path) -> None:
    """Give a file another name, or copy it where the file system cannot; what stood at ``path`` is replaced."""
    with atomic(path) as temporary:
        try:
            os.link(source, temporary)
        except OSError:
            shutil.copyfile(source, temporary)


def temporary_name(name: str) -> str:
    """Name a file while it is being written: ``NAME.HOST.PID.RANDOM.tmp``."""
    return f"{name}.{HOST}.{os.getpid()}.{secrets.token_hex(4)}.tmp"


def is_running(pid: object) -> bool:
    """Whether a process of this number is at work on this host; one that has ended and is not waited for is none."""
    if not isinstance(pid, int) or os.name != "posix":  # elsewhere the question itself ends the process
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's
        return True
    try:  # behind the name, which may hold anything, comes the state
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] != b"Z"
    except (OSError, IndexError):  # a system without /proc
        return True


def time_at(folder: Path) -> float:
    """Tell the time by the clock that stamps files in a folder, which need not agree with this host's."""
    try:
        with TemporaryFile(dir=folder) as stream:
            return os.fstat(stream.fileno()).st_mtime
    except OSError:  # nothing may be written there
        return time.time()


class _FirstFault(io.FileIO):
    """A file that takes no more after the first write that fails, and keeps its error.

    HDF5 goes on writing when it closes a file, complains again and leaves it open; so it is let finish.
    """

    fault: OSError | None = None

    def write(self, data: Any) -> int:
        """Write all of it; after a fault say that it was written."""
        rest = memoryview(data).cast("B")
        size = len(rest)
        while len(rest) and self.fault is None:
            try:
                rest = rest[super().write(rest) or 0 :]
            except OSError as error:
                self.fault = error
        return size

    def truncate(self, size: int | None = None) -> int:
        """Set the length; a disk may be too full for that as well."""
        try:
            return super().truncate(size) if self.fault is None else size or 0
        except OSError as error:
            self.fault = error
            return size or 0


@contextlib.contextmanager
def writing_h5(path: str | Path) -> Iterator[h5py.File]:
    """Make an HDF5 file; on a full disk the error is the system's, an OSError with its number."""
    import h5py

    with _FirstFault(path, "w+") as raw:
        try:
            with h5py.File(raw, "w", track_order=False) as file:
                yield file
        finally:
            if raw.fault is not None:
                raw.fault.filename = str(path)
                raise raw.fault


@contextlib.contextmanager
def reading(source: str | Path, expected: str) -> Iterator[None]:
    """Name the file in every error of its reader, and turn what only a damaged file can cause into a ValueError.

    Parameters
    ----------
    source : str or Path
        What messages call the file.
    expected : str
        What it should hold, in words.
    """
    try:
        yield
    except (FileNotFoundError, MemoryError, ImportError):
        raise
    except ValueError as error:
        if str(source) in str(error) or Path(source).name in str(error):
            raise
        raise ValueError(f"{source}: {error}") from error
    except Exception as error:
        if isinstance(error, OSError) and error.filename is not None:
            raise
        said = " ".join(str(error).split())[:120]
        raise ValueError(
            f"{source}: expected {expected}, found a damaged file ({said or type(error).__name__}); copy or "
            f"make it again"
        ) from error


def append_lines(path: Path, lines: Iterable[str]) -> None:
    """Add lines to a file; where a full disk has cut its last line short, that one stays by itself."""
    with path.open("a+b") as stream:
        if stream.tell():
            stream.seek(-1, os.SEEK_END)
            begin = "" if stream.read(1) == b"\n" else "\n"
        else:
            begin = ""
        stream.write((begin + "".join(f"{line}\n" for line in lines)).encode())


def write_sealed(path: Path, content: bytes) -> None:
    """Write bytes whole or not at all, behind their SHA-256, by which `read_sealed` knows them again."""
    with atomic(path) as temporary:
        temporary.write_bytes(hashlib.sha256(content).hexdigest().encode() + b"\n" + content)


def read_sealed(path: Path, *, instead: str) -> bytes | None:
    """Read what `write_sealed` wrote; None where there is no file, or a damaged one, of which a warning tells."""
    if not path.exists():
        return None
    digest, _, content = path.read_bytes().partition(b"\n")
    if hashlib.sha256(content).hexdigest().encode() == digest:
        return content
    warnings.warn(f"{path}: was damaged since it was written; {instead}", stacklevel=2)
    return None


def write_table(path: Path, table: pd.DataFrame | Iterable[pd.DataFrame], *, header: bool = True) -> None:
    """Write a tab-separated table, whole or in parts, gzipped where the name ends in .gz.

    The same table gives the same bytes.
    A text that begins with ``=`` gets a ``'`` before it, for spreadsheets would run it as a formula.
    """
    with atomic(path) as temporary, writing_text(temporary, path) as text:
        for number, part in enumerate([table] if hasattr(table, "to_csv") else table):
            plain = part.copy(deep=False)
            for place, kind in enumerate(part.dtypes):
                if kind == object or str(kind).startswith(("str", "category")):  # noqa: E721 - a dtype, not a type
                    plain.isetitem(place, part.iloc[:, place].map(no_formula))
            named = header and not number
            plain.to_csv(text, sep="\t", index=False, header=named, float_format="%.6g", lineterminator="\n")


def refuse_other_table(path: Path, columns: Sequence[str]) -> None:
    """Refuse to write a table that the user did not name over a file that is no earlier table of its kind.

    Raises
    ------
    ValueError
        If a file is there whose first line is not these columns.
    """
    if not path.exists():
        return
    with open_text(path) as stream:
        first = stream.readline().rstrip("\r\n")
    if first != "\t".join(columns):
        raise ValueError(
            f"{path}: is there already and no table of an earlier call; it would be written beside --out, so move it, "
            f"or choose another name for --out"
        )


def has_parquet() -> bool:
    """Whether the package that reads and writes Parquet is installed."""
    try:
        return importlib.util.find_spec("pyarrow") is not None
    except ImportError:  # a finder that refuses it
        return False


def require_parquet(what: str = "Parquet") -> None:
    """Raise ImportError with what to install where the package for Parquet is missing."""
    if not has_parquet():
        raise ImportError(f"{what}: the package 'pyarrow' is not installed; run: pip install 'combmotif[parquet]'")


def no_formula(cell: object) -> object:
    """Put a ``'`` before a text that a spreadsheet would run."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith("=") else cell


def without_guard(cell: str) -> str:
    """Take off the ``'`` that `no_formula` put before a text."""
    return cell[1:] if cell.startswith("'=") else cell


def require_file(path: str | Path) -> None:
    """Refuse a pipe or device where a file is read more than once: the second time it would have nothing left."""
    if Path(path).exists() and not Path(path).is_file() and not Path(path).is_dir():
        raise ValueError(f"{path}: expected a file, which is read twice, found a pipe or device; save it as a file")
