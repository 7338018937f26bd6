"""What every motif file is read into, and how its text is opened."""

from __future__ import annotations

import re
import tarfile
import warnings
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from combmotif.core.encoding import ENCODING, ERRORS, not_text
from combmotif.core.packed import unpack
from combmotif.sequence.delimited import to_number
from combmotif.sequence.names import UniqueNames

SUM_TOLERANCE = 0.05
"""How far from 1 the probabilities of a position may sum, as files round them."""


class EmptyFileError(ValueError):
    """A motif file without anything in it, or with a header only."""


class BinaryFileError(ValueError):
    """A file that is not text."""


class MotifRecord(NamedTuple):
    """One motif of a file.

    Attributes
    ----------
    id, name : str
        `name` is the id where the file gives no other.
    ppm : float array, shape (length, 4)
        Probabilities of A, C, G, T/U; rows sum to 1.
    nsites : float or None
        Sites behind the matrix, where the file says so.
    family, species : str
        Of the protein, where the file says so.
    """

    id: str
    name: str
    ppm: np.ndarray
    nsites: float | None = None
    family: str = ""
    species: str = ""


@dataclass(frozen=True)
class MotifFile:
    """The motifs of one file, folder or archive.

    Attributes
    ----------
    format : str
        One of `FORMATS`.
    alphabet : str
        ``rna`` or ``dna``, as the file spells its letters.
    records : tuple of MotifRecord
        In file order; identifiers differ.
    """

    format: str
    alphabet: str
    records: tuple[MotifRecord, ...]


class Lines:
    """The lines of a motif file, and errors that name the one they are about."""

    def __init__(self, text: str, source: str):
        # Not splitlines, which parts lines at characters that names may hold, such as U+0085.
        self.lines, self.source = re.split("\r\n|\r|\n", text), source

    def __iter__(self) -> Iterator[tuple[int, str]]:
        """Yield (index, stripped line) of every line that is not blank."""
        return ((at, line.strip()) for at, line in enumerate(self.lines) if line.strip())

    def error(self, message: str, at: int) -> ValueError:
        """Make an error about line `at`, counted from 0."""
        return ValueError(f"motif file {self.source}, line {at + 1}: {message}")

    def numbers(self, words: list[str], at: int, *, expected: str, count: int | None = 4) -> list[float]:
        """Turn words into numbers of which none is negative; `expected` says what the line should be."""
        try:
            values = [to_number(word) for word in words]
        except ValueError:
            values = []
        wrong = (count is not None and len(values) != count) or not values
        if wrong or not np.isfinite(values).all() or min(values) < 0:
            raise self.error(f"expected {expected}, got {self.lines[at].strip()[:60]!r}", at)
        return values

    def probabilities(self, words: list[str], at: int, *, expected: str) -> list[float]:
        """Turn words into 4 probabilities, which sum to 1 but for rounding."""
        values = self.numbers(words, at, expected=expected)
        if abs(sum(values) - 1) > SUM_TOLERANCE:
            hint = " (counts? divide each row by its sum)" if sum(values) > 1.5 else ""
            raise self.error(f"expected {expected} that sum to 1, got {self.lines[at].strip()[:60]!r}{hint}", at)
        return values

    def motif(
        self, identifier: str, name: str, rows: list[list[float]], at: int, *, family: str = "", species: str = ""
    ) -> MotifRecord:
        """Make a record of rows of counts or probabilities; `at` is the line of the motif's header."""
        matrix = np.array(rows, dtype=float).reshape(-1, 4)
        if not len(matrix):
            raise self.error(f"motif {identifier}: expected at least one position, got none", at)
        with np.errstate(over="ignore"):
            total = matrix.sum(1, keepdims=True)
        if not np.isfinite(total).all():
            raise self.error(f"motif {identifier}: its counts are too large to be added up", at)
        if (total <= 0).any():
            raise self.error(f"motif {identifier}: position {int(np.argmin(total)) + 1} has no counts at all", at)
        off = np.abs(total[:, 0] - 1) > SUM_TOLERANCE
        if off.any() and matrix.max() <= 1 and (matrix % 1 != 0).any():
            raise self.error(
                f"motif {identifier}: expected counts, or 4 probabilities that sum to 1, got probabilities of "
                f"{total[off][0, 0]:g} at position {int(np.argmax(off)) + 1}",
                at,
            )
        nsites = float(np.round(total.max(), 2)) if total.max() >= 2 else None
        return MotifRecord(identifier, name or identifier, matrix / total, nsites, family, species)

    def unique(self, records: list[MotifRecord], what: str) -> tuple[MotifRecord, ...]:
        """Check that there are records, and give identifiers that occur again an ending."""
        if not records:
            raise ValueError(f"motif file {self.source}: expected at least one {what} motif, found none")
        return unique_records(records, f"motif file {self.source}")


def unique_records(records: Sequence[MotifRecord], source: str) -> tuple[MotifRecord, ...]:
    """Give an identifier that occurs again the first free ending of _2, _3, ..., with a warning."""
    unique = UniqueNames(record.id for record in records)
    renamed = tuple(record._replace(id=unique(record.id)) for record in records)
    for note in unique.notes(source):
        warnings.warn(note, stacklevel=2)
    return renamed


def is_tar(path: Path) -> bool:
    """Tell whether a file is a tar, packed or not; a damaged one is none."""
    try:
        return tarfile.is_tarfile(path)
    except (EOFError, OSError, zlib.error):
        return False


def read_text(path: Path) -> str:
    """Read a text file or a pipe, plain or gzipped whatever its name says; an empty or binary one is a ValueError."""
    if not path.exists():
        raise FileNotFoundError(f"motif file {path}: no such file")
    return decode_text(path.read_bytes(), str(path))


def decode_text(raw: bytes, source: str) -> str:
    """Turn the bytes of a file into text; see `read_text`."""
    if raw[:2] == b"\x1f\x8b":
        try:
            raw = unpack(raw, f"motif file {source}")
        except (EOFError, OSError, zlib.error) as error:
            raise BinaryFileError(f"motif file {source}: not a text file (damaged gzip: {error})") from None
    kind = not_text(raw)
    if kind is not None:
        raise BinaryFileError(f"motif file {source}: not a text file: expected text, found {kind}")
    text = raw.decode(ENCODING, ERRORS)
    if not text.strip():
        raise EmptyFileError(f"motif file {source}: the file is empty")
    return text
