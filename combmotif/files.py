"""Reading text that may be gzipped, and writing files that are whole or not there."""

from __future__ import annotations

import contextlib
import errno
import gzip
import io
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from combmotif.encoding import ENCODING, ERRORS, refuse_binary

if TYPE_CHECKING:
    import pandas as pd


@contextlib.contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Give a temporary name to write to, and rename it to ``path`` when the block ends well."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, "is a folder", str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_table(path: Path, table: pd.DataFrame, *, header: bool = True) -> None:
    """Write a tab-separated table, gzipped where the name ends in .gz; the same table gives the same bytes."""
    with atomic(path) as temporary, temporary.open("wb") as raw, contextlib.ExitStack() as stack:
        stream: Any = raw
        if path.suffix == ".gz":
            stream = stack.enter_context(gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0))
        text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
        table.to_csv(text, sep="\t", index=False, header=header, float_format="%.6g", lineterminator="\n")
        text.flush()
        text.detach()


@contextlib.contextmanager
def open_text(path: Path) -> Iterator[TextIO]:
    """Open a text file, plain or gzipped; what is damaged or no text is a ValueError that names the file.

    Text is UTF-8, with or without a byte-order mark, whatever the locale; single bytes that are none are Latin-1.
    """
    refuse_binary(path)
    with path.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
    if path.suffix == ".gz" and not packed:
        raise ValueError(f"{path}: expected gzipped text by its name, found other bytes; compress it, or drop the .gz")
    try:
        opened = gzip.open if packed else open
        with opened(path, "rt", encoding=ENCODING, errors=ERRORS) as stream:
            yield stream
    except EOFError:
        raise ValueError(f"{path}: the gzip file ends early; copy or download it again") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(f"{path}: the gzip file is damaged ({error}); copy or download it again") from None
