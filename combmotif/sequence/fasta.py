"""FASTA files, record by record."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from combmotif.core.packed import open_text
from combmotif.sequence.alphabet import encode


def iterate_fasta(path: str | Path) -> Iterator[tuple[str, np.ndarray]]:
    """Read a FASTA file (plain or .gz) record by record, in bounded memory.

    Lines end in any of the usual ways, blanks within them do not count, and a byte-order mark is no part of a name.

    Yields
    ------
    (name, codes)
        The first word of the header, and uint8 codes of shape (length,). A name may come again; see
        :class:`combmotif.sequence.names.UniqueNames`.

    Raises
    ------
    ValueError
        If there is text before the first '>', an empty record, or a letter that is no nucleotide.
    """
    path = Path(path)
    name: str | None = None
    lines: list[str] = []

    def record() -> tuple[str, np.ndarray]:
        assert name is not None
        text = "".join(lines)
        if not text:
            raise ValueError(f"{path}: record '{name}' has no sequence")
        return name, encode(text, name=f"{path}: record '{name}'")

    with open_text(path) as stream:
        for number, line in enumerate(stream, 1):
            line = line.strip("\ufeff \t\r\n")  # files that were put together have the mark in their middle
            if line.startswith(">"):
                if name is not None:
                    yield record()
                name = (line[1:].split() or [f"sequence_{number}"])[0]
                lines = []
            elif line:
                if name is None:
                    raise ValueError(f"{path}: expected a FASTA header ('>name') on line {number}, found {line[:20]!r}")
                lines.append(line.replace(" ", "").replace("\t", ""))
    if name is not None:
        yield record()


def count_fasta(path: str | Path) -> int:
    """Count the records of a FASTA file, plain or .gz."""
    with open_text(Path(path)) as stream:
        return sum(line.lstrip("\ufeff \t").startswith(">") for line in stream)
