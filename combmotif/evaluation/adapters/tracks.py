"""Numbers per base of a genome or of sequences (conservation, CADD), from a bigWig file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from combmotif.evaluation.adapters.base import Adapter, Codes, Names
from combmotif.evaluation.dataset.utrs import Region
from combmotif.sequence.delimited import open_table


@dataclass(frozen=True)
class Place:
    """Where a named sequence lies, and in which direction it is written.

    Attributes
    ----------
    region : Region
    orientation : str
        ``rna`` or ``genome``.
    """

    region: Region
    orientation: str

    @property
    def reversed(self) -> bool:
        """Whether the sequence runs against the forward strand of the genome."""
        return self.region.strand == "-" and self.orientation == "rna"


def read_places(path: str | Path) -> dict[str, Place]:
    """Read where sequences lie: the table that ``combmotif dataset utrs`` writes beside its FASTA.

    Raises
    ------
    ValueError
        If a column is missing or a row cannot be read; the row is named.
    """
    columns = ("name", "chromosome", "strand", "blocks", "orientation")
    found: dict[str, Place] = {}
    with open_table(path) as table:
        at = [table.place(column) for column in columns]
        for row, cells in table.rows:
            name, chromosome, strand, text, orientation = (cells[i].strip() for i in at)
            try:
                first = [part.split("-") for part in text.split(",")]
                blocks = tuple((int(start), int(end)) for start, end in first)
            except ValueError:
                blocks = ()
            if not blocks or strand not in ("+", "-") or orientation not in ("rna", "genome"):
                raise ValueError(
                    f"{path}: row {row}: expected a strand (+ or -), blocks such as 100-180,220-300 and an orientation "
                    f"(rna or genome), found '{strand}', '{text}' and '{orientation}'"
                )
            found[name] = Place(Region(name, chromosome, strand, blocks), orientation)
    if not found:
        raise ValueError(f"{path}: expected rows of places, found none")
    return found


class Track(Adapter):
    """A number per base as a model: conservation, CADD, what ``combmotif score`` wrote as .bw.

    Parameters
    ----------
    path : path
        bigWig.
    places : mapping of name to Place, optional
        Where the sequences lie in the genome; without, each sequence is a chromosome of the file.
    name : str, default "track"

    Raises
    ------
    ImportError
        If pyBigWig is not installed.
    ValueError
        If the file is no bigWig.
    """

    capabilities = frozenset({"track"})
    by_name = True
    oriented = False  # its places say where a sequence lies

    def __init__(self, path: str | Path, places: Mapping[str, Place] | None = None, *, name: str = "track") -> None:
        self.path, self.places, self.name = Path(path), places, name
        self._file = open_bigwig(self.path)
        self._chromosomes: dict[str, int] = dict(self._file.chroms())

    def track(self, codes: Codes, *, names: Names = None) -> list[np.ndarray]:
        """Return the numbers of every base of the named sequences; NaN where the file has none.

        Raises
        ------
        ValueError
            If none of the sequences is there, or a sequence is not as long as its place.
        """
        if names is None:
            raise ValueError(f"{self.path}: numbers are known by name, found sequences without names")
        found, there = [], 0
        for name, code in zip(names, codes, strict=True):
            if self.places is None:
                known = name in self._chromosomes
                parts = [self._values(name, 0, len(code))] if known else [np.full(len(code), np.nan)]
                there += known
                if known and self._chromosomes[name] != len(code):
                    raise ValueError(
                        f"{self.path}: {name}: expected {len(code)} bases, found {self._chromosomes[name]}, of another "
                        f"sequence of this name"
                    )
            elif (place := self.places.get(name)) is None:
                parts = [np.full(len(code), np.nan)]
            else:
                if place.region.length != len(code):
                    raise ValueError(
                        f"places: {name}: expected {len(code)} bases as in its sequence, found {place.region.length}"
                    )
                chromosome = self._chromosome(place.region.chromosome)
                there += chromosome is not None
                parts = [self._values(chromosome, start, end) for start, end in place.region.blocks]
                if place.reversed:
                    parts = [part[::-1] for part in reversed(parts)]
            found.append(np.concatenate(parts))
        if not there:
            asked = f"'{names[0]}'"
            if self.places is not None and names[0] in self.places:
                asked = f"chromosomes such as '{self.places[names[0]].region.chromosome}'"
            raise ValueError(
                f"{self.path}: expected {asked}, found {', '.join(list(self._chromosomes)[:4])}; names of sequences "
                f"need places where the file is of a genome"
            )
        return found

    def at(self, chromosome: str, position: int, size: int = 1) -> float:
        """Return the largest number of some bases of the forward strand, from a 0-based position; NaN without any."""
        own = self._values(self._chromosome(chromosome), position, position + max(size, 1))
        return float(np.nanmax(own)) if np.isfinite(own).any() else float("nan")

    def _chromosome(self, name: str) -> str | None:
        other = name.removeprefix("chr") if name.startswith("chr") else f"chr{name}"
        return next((own for own in (name, other) if own in self._chromosomes), None)

    def _values(self, chromosome: str | None, start: int, end: int) -> np.ndarray:
        """Every base of an interval, also those inside a longer interval of the file."""
        found = np.full(end - start, np.nan)
        if chromosome is not None and (last := min(end, self._chromosomes[chromosome])) > start:
            found[: last - start] = self._file.values(chromosome, start, last, numpy=True)
        return found


def bigwig_package() -> Any:
    """Import pyBigWig; without it, one sentence says how it is installed."""
    try:
        import pyBigWig
    except ImportError:
        raise ImportError(
            "a bigWig needs the package 'pyBigWig'; install it: pip install 'combmotif[tracks]'"
        ) from None
    return pyBigWig


def open_bigwig(path: Path) -> Any:
    """Open a bigWig file to read; anything else, and the missing package, are one sentence."""
    package = bigwig_package()
    if not path.is_file():
        raise FileNotFoundError(f"{path}: there is no such bigWig file")
    try:
        file = package.open(str(path))
        whole = file.isBigWig()
    except RuntimeError:
        whole = False
    if not whole:
        raise ValueError(f"{path}: expected a bigWig file, found another format (wigToBigWig converts wiggle files)")
    return file
