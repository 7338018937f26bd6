"""Untranslated regions of annotated transcripts: joined exons, either orientation, and where every base lies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from combmotif.core.packed import open_text
from combmotif.sequence.annotation.annotated import read_annotation
from combmotif.sequence.annotation.transcripts import Annotation, Transcript
from combmotif.sequence.fasta import iterate_fasta

REGIONS = ("3utr", "5utr", "cds", "transcript")
COMPLEMENT = np.array([3, 2, 1, 0, 4], dtype=np.uint8)
_NO_ROW = ("#", "track", "browser")
_STOPS = {(3, 0, 0), (3, 0, 2), (3, 2, 0)}  # UAA, UAG, UGA


@dataclass(frozen=True)
class Region:
    """A region of a transcript on its chromosome.

    Attributes
    ----------
    name, chromosome, strand : str
    blocks : tuple of (start, end)
        On the chromosome, 0-based half-open, ascending.
    """

    name: str
    chromosome: str
    strand: str
    blocks: tuple[tuple[int, int], ...]

    @property
    def length(self) -> int:
        """Sum of the blocks, in nt."""
        return sum(end - start for start, end in self.blocks)

    def places(self) -> np.ndarray:
        """Position on the chromosome of every base, in the order of the chromosome."""
        return np.concatenate([np.arange(start, end) for start, end in self.blocks])

    def cut(self, chromosome: np.ndarray, *, orientation: str = "rna") -> np.ndarray:
        """Cut the region out of its chromosome; on the transcript's strand, or as the genome has it."""
        codes = np.concatenate([chromosome[start:end] for start, end in self.blocks])
        return COMPLEMENT[codes[::-1]] if orientation == "rna" and self.strand == "-" else codes


def read_transcripts(path: str | Path) -> tuple[Annotation, bool]:
    """Read the transcripts of an annotation, or the regions of a plain BED file (4 to 11 columns), one a line.

    Returns
    -------
    (Annotation, bool)
        Whether each is the region itself, of whatever kind, and has no coding part to go by.
    """
    with open_text(Path(path)) as stream:
        lines = (line.rstrip("\r\n").split("\t") for line in stream)
        first = next((cells for cells in lines if cells[0].strip() and not cells[0].startswith(_NO_ROW)), [])
    if not (4 <= len(first) < 12 and first[1].isdecimal() and first[2].isdecimal()):
        return read_annotation(path), False
    return Annotation(_bed_rows(path), str(path)), True


def iterate_bed(path: str | Path, *, least: int, strands: Sequence[str] = ()) -> Iterator[tuple[int, list[str]]]:
    """Yield the number and the cells of every line of a BED file.

    Raises
    ------
    ValueError
        If a line has fewer cells than ``least``, no interval, or none of the ``strands`` if some are given.
    """
    with open_text(Path(path)) as stream:
        for number, line in enumerate(stream, 1):
            if not line.strip() or line.startswith(_NO_ROW):
                continue
            cells = line.rstrip("\r\n").split("\t")
            good = len(cells) >= least and cells[1].isdecimal() and cells[2].isdecimal()
            if not good or int(cells[1]) >= int(cells[2]) or (strands and cells[5] not in strands):
                told = f" ({', '.join(strands)})" if strands else ""
                raise ValueError(
                    f"{path}: line {number}: expected chromosome, start, end, name, score and strand{told} with tabs "
                    f"between, found {line.strip()[:60]!r}"
                )
            yield number, cells


def _bed_rows(path: str | Path) -> Iterator[Transcript]:
    for number, cells in iterate_bed(path, least=4):
        strand = cells[5].strip() if len(cells) > 5 else ""
        fault = "" if strand in ("+", "-") else f"its strand is not given (line {number})"
        span = (int(cells[1]), int(cells[2]))
        yield Transcript(cells[3].strip() or f"line{number}", cells[0], strand, (span,), None, fault=fault)


def region_of(transcript: Transcript, chromosome: np.ndarray, region: str) -> Region | str:
    """Find a region of a transcript, or say why it has none.

    The stop codon belongs to the coding sequence, whether the annotation counts it in (BED12, GenBank) or not (GTF):
    where the coding part does not end with one and the next three bases are one, the 3'UTR begins after these.
    """
    if transcript.fault:
        return transcript.fault
    if transcript.exons[-1][1] > len(chromosome):
        return f"its last exon ends at {transcript.exons[-1][1]:,}, beyond the chromosome of {len(chromosome):,} nt"
    first, last = 0, transcript.length
    if region != "transcript":
        if transcript.coding is None:
            return "it has no coding sequence"
        place = [sum(max(0, min(end, at) - start) for start, end in transcript.exons) for at in transcript.coding]
        begin, stop = place if transcript.strand == "+" else [last - place[1], last - place[0]]
        spliced = transcript.spliced(chromosome)
        ends = tuple(int(base) for base in spliced[stop - 3 : stop]) in _STOPS
        if not ends and tuple(int(base) for base in spliced[stop : stop + 3]) in _STOPS:
            stop += 3
        first, last = {"3utr": (stop, last), "5utr": (0, begin), "cds": (begin, stop)}[region]
    if first >= last:
        return f"it has no {region}"
    if transcript.strand == "-":
        first, last = transcript.length - last, transcript.length - first
    blocks, done = [], 0
    for start, end in transcript.exons:
        size = end - start
        low, high = max(first - done, 0), min(last - done, size)
        if low < high:
            blocks.append((start + low, start + high))
        done += size
    return Region(transcript.name, transcript.chromosome, transcript.strand, tuple(blocks))


def regions_on(
    annotation: Annotation, name: str, chromosome: np.ndarray, region: str
) -> Iterator[tuple[Region | None, str, str]]:
    """Yield every region on one chromosome: (region or None, transcript, why there is none)."""
    for transcript in transcripts_on(annotation, name):
        found = region_of(transcript, chromosome, region)
        yield (None, transcript.name, found) if isinstance(found, str) else (found, transcript.name, "")


def transcripts_on(annotation: Annotation, name: str) -> Sequence[Transcript]:
    """List the transcripts of one chromosome, named with or without ``chr``."""
    known = annotation.chromosome(name) or annotation.chromosome(_other_name(name))
    return annotation.by_chromosome.get(known or "", ())


def _other_name(name: str) -> str:
    """Chromosome 22 is chr22 elsewhere."""
    return name.removeprefix("chr") if name.startswith("chr") else f"chr{name}"


def utr_sequences(
    annotation: str | Path, fasta: str | Path, *, region: str = "3utr", orientation: str = "rna", shortest: int = 1
) -> Iterator[tuple[Region | None, str, np.ndarray | str]]:
    """Cut a region of every transcript out of a genome, chromosome by chromosome.

    Parameters
    ----------
    annotation : path
        GTF, GFF3 or BED12; or plain BED, whose lines are taken for the regions themselves.
    fasta : path
        Chromosomes, plain or .gz; one is in memory at a time.
    region : str, default "3utr"
        ``3utr``, ``5utr``, ``cds`` or ``transcript``; parts on several exons are joined.
    orientation : str, default "rna"
        ``rna``, the strand of the transcript, or ``genome``, the forward strand.
    shortest : int, default 1
        Shorter regions are skipped.

    Yields
    ------
    (Region, name, codes), or (None, name, reason)

    Raises
    ------
    ValueError
        If an option is unknown, or no chromosome of the FASTA is in the annotation, or one is there twice.
    """
    if region not in REGIONS:
        raise ValueError(f"region: expected {', '.join(REGIONS)}, found '{region}'")
    if orientation not in ("rna", "genome"):
        raise ValueError(f"orientation: expected rna or genome, found '{orientation}'")
    read, whole = read_transcripts(annotation)
    region = "transcript" if whole else region
    seen: set[str] = set()
    used: set[str] = set()
    names = []
    for name, chromosome in iterate_fasta(fasta):
        names.append(name)
        own = {transcript.chromosome for transcript in transcripts_on(read, name)}
        if own & used:
            raise ValueError(f"{fasta}: chromosome '{name}' is there twice; remove one")
        used |= own
        for found, transcript, reason in regions_on(read, name, chromosome, region):
            seen.add(transcript)
            if found is None:
                yield None, transcript, reason
            elif found.length < shortest:
                yield None, transcript, f"its {region} has {found.length} nt"
            else:
                yield found, transcript, found.cut(chromosome, orientation=orientation)
    if not seen:
        raise ValueError(
            f"{fasta}: expected the chromosomes of {annotation} ({', '.join(list(read.by_chromosome)[:3])}), found "
            f"{', '.join(names[:3]) or 'no records'}"
        )
    for transcript in read.transcripts:
        if transcript not in seen:
            yield None, transcript, "its chromosome is not in the FASTA"
