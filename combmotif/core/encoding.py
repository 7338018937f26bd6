"""Which bytes are text, and in what encoding: one answer for every file that is read."""

from __future__ import annotations

import codecs
import gzip
import zlib
from pathlib import Path

_KINDS = (
    (b"\xff\xfe", "UTF-16 (as Excel saves 'Unicode text'); save it as UTF-8"),
    (b"\xfe\xff", "UTF-16 (as Excel saves 'Unicode text'); save it as UTF-8"),
    (b"PAR1", "a Parquet file; write the table as CSV or TSV"),
    (b"ARROW1", "a Feather file; write the table as CSV or TSV"),
    (b"PK\x03\x04", "a zip archive or an Excel workbook; unpack it, or save the sheet as CSV or TSV"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook; save the sheet as CSV or TSV"),
    (b"\x89HDF", "an HDF5 file; give it where HDF5 is asked for"),
    (b"BZh", "a file packed by bzip2; unpack it, or pack it by gzip"),
    (b"\xfd7zXZ", "a file packed by xz; unpack it, or pack it by gzip"),
    (b"\x28\xb5\x2f\xfd", "a file packed by zstd; unpack it, or pack it by gzip"),
    (b"\x93NUMPY", "a NumPy array; write it as HDF5 or a table"),
)


def _as_latin1(error: UnicodeError) -> tuple[str, int]:
    """Read bytes that are no UTF-8 as Latin-1, so that an accented name in an old file is a name."""
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error("combmotif.latin1", _as_latin1)
ENCODING, ERRORS = "utf-8-sig", "combmotif.latin1"
"""UTF-8 with or without a byte-order mark, whatever the locale says; single bytes that are none are Latin-1."""


def not_text(head: bytes) -> str | None:
    """Say what the first bytes of a file are, and what to do, if they are no text; else None."""
    found = next((kind for magic, kind in _KINDS if head.startswith(magic)), None)
    if found is None and b"\0" in head:
        found = "zero bytes: a binary file, or UTF-16; save it as UTF-8 text"
    return found


def refuse_binary(path: Path) -> None:
    """Refuse a file, packed by gzip or not, that begins with what is no text; a pipe is not looked into.

    Raises
    ------
    ValueError
        Naming the file, what it is and what to do.
    """
    if not path.is_file():
        return
    with path.open("rb") as raw:
        head = raw.read(4096)
        if head.startswith(b"\x1f\x8b"):
            raw.seek(0)
            try:
                with gzip.GzipFile(fileobj=raw) as packed:
                    head = packed.read(4096)
            except (EOFError, OSError, zlib.error):
                return  # damaged: whoever reads it says so
    kind = not_text(head)
    if kind is not None:
        raise ValueError(f"{path}: expected text, found {kind}")
