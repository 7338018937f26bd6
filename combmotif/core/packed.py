"""Read files that may be gzipped, up to a bound that only a file made to fill a memory goes beyond."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import stat
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from combmotif.core.encoding import ENCODING, ERRORS, refuse_binary

LARGEST_RATIO, FREE_BYTES = 100, 1 << 26
"""A gzip file may unfold to 64 MiB, and beyond to 100 times its own size: text of the field is packed 3 to 20 times, a
file that was made to fill a memory 1,000 times."""


class _Rejoined(io.RawIOBase):
    """A stream whose first bytes were read already, as one that is read from its beginning; pipes cannot go back."""

    def __init__(self, head: bytes, rest: io.BufferedReader) -> None:
        self._head, self._rest = head, rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        got = self._head[: len(buffer)] or self._rest.read1(len(buffer))
        self._head = self._head[len(buffer) :]
        buffer[: len(got)] = got
        return len(got)


def require_sane_size(unfolded: int, packed: int, source: str) -> None:
    """Refuse what unfolds beyond all measure; ``source`` is what the message calls it."""
    if unfolded > max(FREE_BYTES, LARGEST_RATIO * packed):
        raise ValueError(
            f"{source}: unfolds to more than {LARGEST_RATIO} times its packed size, as no file of sequences or motifs "
            f"does; unpack it yourself if it is what you expect"
        )


class _Bounded(io.RawIOBase):
    """What a gzip stream unfolds to, up to a bound that only a file made to fill a memory goes beyond."""

    def __init__(self, stream: gzip.GzipFile, source: str, packed_size: int) -> None:
        self._stream, self._source, self._packed_size, self._unfolded = stream, source, packed_size, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        got = self._stream.read1(len(buffer))
        self._unfolded += len(got)
        require_sane_size(self._unfolded, self._packed_size, self._source)
        buffer[: len(got)] = got
        return len(got)


@contextlib.contextmanager
def open_packed(path: Path) -> Iterator[BinaryIO]:
    """Open a ``.gz`` file as what it unfolds to, as far as a table of the field goes; any other file as it is."""
    with path.open("rb") as raw, contextlib.ExitStack() as stack:
        if path.suffix == ".gz":
            packed = stack.enter_context(gzip.GzipFile(fileobj=raw))
            yield io.BufferedReader(_Bounded(packed, str(path), path.stat().st_size))
        else:
            yield raw


def unpack(raw: bytes, source: str) -> bytes:
    """Unpack the bytes of a gzip file, as far as a file of the field goes; a larger one is a ValueError."""
    with gzip.GzipFile(fileobj=io.BytesIO(raw)) as packed:
        return io.BufferedReader(_Bounded(packed, source, len(raw))).read()


@contextlib.contextmanager
def open_text(path: Path) -> Iterator[TextIO]:
    """Open a text file, plain or gzipped; what is damaged or no text is a ValueError that names the file.

    Text is UTF-8, with or without a byte-order mark, whatever the locale; single bytes that are none are Latin-1. The
    file is opened once, so that a pipe loses nothing.
    """
    refuse_binary(path)
    try:
        with path.open("rb") as raw, contextlib.ExitStack() as stack:
            head = raw.read(2)
            packed = head == b"\x1f\x8b"
            if path.suffix == ".gz" and not packed:
                raise ValueError(
                    f"{path}: expected gzipped text by its name, found other bytes; compress it, or drop the .gz"
                )
            stream: Any = _Rejoined(head, raw)
            if packed:
                status = os.fstat(raw.fileno())
                size = status.st_size if stat.S_ISREG(status.st_mode) else FREE_BYTES
                stream = _Bounded(stack.enter_context(gzip.GzipFile(fileobj=stream)), str(path), size)
            yield stack.enter_context(io.TextIOWrapper(io.BufferedReader(stream), encoding=ENCODING, errors=ERRORS))
    except EOFError:
        raise ValueError(f"{path}: the gzip file ends early; copy or download it again") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(f"{path}: the gzip file is damaged ({error}); copy or download it again") from None
