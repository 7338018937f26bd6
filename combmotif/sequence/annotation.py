"""Transcripts from BED12, GTF or GFF3, and the coding-frame and splice tracks that half-life nets read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from combmotif.files import open_text

TRACKS = ("coding_frame", "splice")
_COMPLEMENT = np.array([3, 2, 1, 0, 4], dtype=np.uint8)


@dataclass(frozen=True)
class Transcript:
    """Exons and coding region of one transcript.

    Attributes
    ----------
    name, chromosome : str
    strand : str
        ``+`` or ``-``.
    exons : tuple of (start, end)
        On the chromosome, 0-based half-open, ascending.
    coding : (start, end) or None
        First and last coding position on the chromosome, 0-based half-open; None for a non-coding transcript.
    """

    name: str
    chromosome: str
    strand: str
    exons: tuple[tuple[int, int], ...]
    coding: tuple[int, int] | None = None

    @property
    def length(self) -> int:
        """Sum of the exons, in nt."""
        return sum(end - start for start, end in self.exons)

    def coding_region(self) -> tuple[int, int]:
        """Coding region on the spliced transcript, 5' to 3', 0-based half-open; (0, 0) where there is none.

        Raises
        ------
        ValueError
            If its length is not divisible by 3, so that the reading frame is unknown.
        """
        if self.coding is None:
            return 0, 0
        first, last = (
            sum(max(0, min(end, place) - start) for start, end in self.exons) for place in self.coding
        )  # fmt: skip
        if self.strand == "-":
            first, last = self.length - last, self.length - first
        if (last - first) % 3 or last == first:
            raise ValueError(
                f"transcript '{self.name}': expected a coding sequence of a length divisible by 3, found "
                f"{last - first} nt; its reading frame is unknown (often an incomplete annotation): leave it out"
            )
        return first, last

    def tracks(self) -> np.ndarray:
        """Build the two tracks of the spliced transcript, 5' to 3', as Saluki defines them.

        Returns
        -------
        uint8 array, shape (2, length)
            Row 0 (coding frame): 1 at the first nucleotide of every codon. Row 1 (splice): 1 at the last nucleotide
            of every exon, the last exon included.

        References
        ----------
        Agarwal and Kelley, Genome Biology 2022, 23:245.
        """
        result = np.zeros((2, self.length), dtype=np.uint8)
        first, last = self.coding_region()
        result[0, first:last:3] = 1
        sizes = [end - start for start, end in self.exons]
        result[1, np.cumsum(sizes if self.strand == "+" else sizes[::-1]) - 1] = 1
        return result

    def spliced(self, chromosome: np.ndarray) -> np.ndarray:
        """Cut the transcript out of its chromosome's codes (length,); reverse complement on the minus strand."""
        if self.exons[-1][1] > len(chromosome):
            raise ValueError(
                f"transcript '{self.name}': its last exon ends at {self.exons[-1][1]:,}, '{self.chromosome}' has "
                f"{len(chromosome):,} nt; the annotation is of another assembly"
            )
        codes = np.concatenate([chromosome[start:end] for start, end in self.exons])
        return codes if self.strand == "+" else _COMPLEMENT[codes[::-1]]


class Annotation:
    """Transcripts by name and by chromosome.

    Parameters
    ----------
    transcripts : iterable of Transcript
    source : str
        The file, for messages.

    Raises
    ------
    ValueError
        If there is none, or two have one name.
    """

    def __init__(self, transcripts: Iterable[Transcript], source: str) -> None:
        self.source = source
        self.transcripts: dict[str, Transcript] = {}
        self.by_chromosome: dict[str, list[Transcript]] = {}
        for transcript in transcripts:
            if transcript.name in self.transcripts:
                raise ValueError(f"{source}: transcript '{transcript.name}' is there twice")
            self.transcripts[transcript.name] = transcript
            self.by_chromosome.setdefault(transcript.chromosome, []).append(transcript)
        if not self.transcripts:
            raise ValueError(f"{source}: expected transcripts with exons (BED12, GTF or GFF3), found none")
        self._unversioned = {_unversioned(name): name for name in self.transcripts}

    def __len__(self) -> int:
        return len(self.transcripts)

    def find(self, name: str) -> Transcript | None:
        """Find a transcript by a FASTA record's name; ``ENST0001.5|ENSG...`` also finds ENST0001."""
        short = name.split("|")[0]
        for tried in (name, short, self._unversioned.get(_unversioned(short), "")):
            if tried in self.transcripts:
                return self.transcripts[tried]
        return None


def _unversioned(name: str) -> str:
    return re.sub(r"\.\d+$", "", name)


def read_annotation(path: str | Path) -> Annotation:
    """Read transcripts from a BED12, GTF or GFF3 file, plain or .gz.

    The format is told by the lines: 12 columns whose second is a number are BED12, attributes ``transcript_id "X"``
    GTF, ``Parent=X`` GFF3. The coding region runs from the first to the last CDS (thick) position as the file gives
    it: Ensembl's and GENCODE's GTF leave the stop codon out, BED12 has it in.

    Raises
    ------
    ValueError
        Naming the line that is not of these formats.
    """
    path = Path(path)
    with open_text(path) as stream:
        rows = _rows(stream)
        first = next(rows, None)
        if first is None:
            raise ValueError(f"{path}: expected BED12, GTF or GFF3 lines, the file has none")
        both = _chain(first, rows)
        bed = len(first[1]) >= 12 and first[1][1].isdigit()
        try:
            return Annotation(_read_bed(both, path) if bed else _read_gtf(both, path), str(path))
        except UnicodeDecodeError:
            raise ValueError(f"{path}: expected a text file (BED12, GTF or GFF3), found other bytes") from None


def _chain(first: tuple[int, list[str]], rest: Iterator[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
    yield first
    yield from rest


def _rows(stream: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
    for number, line in enumerate(stream, 1):
        if line.strip() and not line.startswith(("#", "track", "browser")):
            yield number, line.rstrip("\r\n").split("\t")


def _read_bed(rows: Iterable[tuple[int, list[str]]], path: Path) -> Iterator[Transcript]:
    for number, row in rows:
        try:
            start, thick_start, thick_end, count = int(row[1]), int(row[6]), int(row[7]), int(row[9])
            sizes, offsets = ([int(word) for word in row[i].split(",") if word] for i in (10, 11))
            exons = tuple(sorted((start + o, start + o + size) for o, size in zip(offsets, sizes, strict=True)))
            good = len(exons) == count and exons[0][0] == start and exons[-1][1] == int(row[2]) and row[5] in "+-"
        except (ValueError, IndexError):
            good = False
        if not good:
            raise ValueError(
                f"{path}: line {number}: expected BED12 (12 columns, blocks from start to end), found {row}"
            )
        coding = (thick_start, thick_end) if thick_end > thick_start else None
        yield Transcript(row[3], row[0], row[5], exons, coding)


_GTF_NAME = re.compile(r'\btranscript_id "([^"]+)"')
_GFF_NAME = re.compile(r"(?:^|;)\s*Parent=([^;]+)")


def _read_gtf(rows: Iterable[tuple[int, list[str]]], path: Path) -> Iterator[Transcript]:
    exons: dict[str, list[tuple[int, int]]] = {}
    coding: dict[str, list[tuple[int, int]]] = {}
    places: dict[str, tuple[str, str]] = {}
    for number, row in rows:
        if len(row) != 9 or not (row[3].isdigit() and row[4].isdigit()):
            raise ValueError(
                f"{path}: line {number}: expected the 9 tab-separated columns of GTF or GFF3 (or BED12), found "
                f"{len(row)} columns"
            )
        if row[2] not in ("exon", "CDS"):
            continue
        found = _GTF_NAME.search(row[8])
        if found:
            names = [found[1]]
        elif parents := _GFF_NAME.search(row[8]):
            names = [re.sub(r"^(transcript:|rna-)", "", name) for name in parents[1].split(",")]
        else:
            raise ValueError(f'{path}: line {number}: expected transcript_id "NAME" (GTF) or Parent=NAME (GFF3)')
        for name in names:
            place = places.setdefault(name, (row[0], row[6]))
            if place != (row[0], row[6]) or row[6] not in ("+", "-"):
                raise ValueError(f"{path}: line {number}: transcript '{name}' is not on one strand of one chromosome")
            (exons if row[2] == "exon" else coding).setdefault(name, []).append((int(row[3]) - 1, int(row[4])))
    for name, (chromosome, strand) in places.items():
        blocks = tuple(sorted(exons.get(name) or coding[name]))
        if any(a[1] > b[0] for a, b in zip(blocks, blocks[1:], strict=False)):
            raise ValueError(f"{path}: transcript '{name}' has exons that overlap")
        region = coding.get(name)
        extent = (min(s for s, _ in region), max(e for _, e in region)) if region else None
        yield Transcript(name, chromosome, strand, blocks, extent)


def annotate(
    records: Iterable[tuple[str, np.ndarray]],
    annotation: Annotation,
    *,
    source: str = "sequences",
    on_skip: Callable[[str], None] | None = None,
) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Give sequences their tracks, one by one.

    A record that is named like a chromosome of the annotation is a piece of genome: every transcript on it is spliced
    out. Any other record is a transcript.

    Parameters
    ----------
    records : iterable of (name, uint8 codes (length,))
    annotation : Annotation
    source : str
        Where the records come from, for messages.
    on_skip : callable, optional
        Called with the reason where a transcript's reading frame is unknown, which is then left out; default an error.

    Yields
    ------
    (name, codes, tracks)
        uint8 (length,) and uint8 (2, length).

    Raises
    ------
    ValueError
        If a transcript is not in the annotation, its exons do not sum to its length, or its coding sequence is not
        divisible by 3.
    """
    genome = False
    for name, codes in records:
        if name in annotation.by_chromosome:
            genome = True
            found = [(transcript, transcript.spliced(codes)) for transcript in annotation.by_chromosome[name]]
        elif (transcript := annotation.find(name)) is not None:
            found = [(transcript, codes)]
        elif genome:
            continue  # a chromosome or scaffold without transcripts
        else:
            example = next(iter(annotation.transcripts.values()))
            raise ValueError(
                f"{source}: '{name}' is neither a transcript nor a chromosome of {annotation.source}, whose first is "
                f"transcript '{example.name}' on '{example.chromosome}'"
            )
        for transcript, sequence in found:
            title = transcript.name if genome else name
            if len(sequence) != transcript.length:
                raise ValueError(
                    f"{source}: transcript '{title}': its exons in {annotation.source} sum to {transcript.length:,} "
                    f"nt, its sequence has {len(sequence):,} nt; use the annotation of the same release"
                )
            try:
                tracks = transcript.tracks()
            except ValueError as error:
                if on_skip is None:
                    raise ValueError(f"{annotation.source}: {error}") from None
                on_skip(str(error))
                continue
            yield title, sequence, tracks
