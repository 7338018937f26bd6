"""Transcripts on their chromosomes: exons, coding region and phase, and the tracks that half-life nets read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from combmotif.sequence.names import NameIndex, UniqueNames

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
    phase : int or None
        Nucleotides at the 5' end of the coding region that belong to a codon that begins before it, as GTF and GFF3
        give them; None where the file does not say.
    version : str
        Where the file gives it beside the name.
    fault : str
        Why its annotation cannot be used; empty where it can.
    """

    name: str
    chromosome: str
    strand: str
    exons: tuple[tuple[int, int], ...]
    coding: tuple[int, int] | None = None
    phase: int | None = None
    version: str = ""
    fault: str = ""

    @property
    def length(self) -> int:
        """Sum of the exons, in nt."""
        return sum(end - start for start, end in self.exons)

    def coding_region(self) -> tuple[int, int]:
        """Whole codons on the spliced transcript, 5' to 3', 0-based half-open; (0, 0) where there are none.

        Raises
        ------
        ValueError
            If the annotation gives no phase, and its length is not divisible by 3, so that the frame is unknown.
        """
        if self.coding is None:
            return 0, 0
        first, last = (sum(max(0, min(end, place) - start) for start, end in self.exons) for place in self.coding)
        if self.strand == "-":
            first, last = self.length - last, self.length - first
        if self.phase is None and ((last - first) % 3 or last == first):
            raise ValueError(
                f"transcript '{self.name}': expected a coding sequence of a length divisible by 3, found "
                f"{last - first} nt, and no phase; its reading frame is unknown (often an incomplete annotation)"
            )
        first += self.phase or 0
        return first, max(first, last - (last - first) % 3)

    def tracks(self) -> np.ndarray:
        """Build the two tracks of the spliced transcript, 5' to 3', as Saluki defines them.

        Returns
        -------
        uint8 array, shape (2, length)
            Row 0 (coding frame): 1 at the first nucleotide of every whole codon. Row 1 (splice): 1 at the last
            nucleotide of every exon, the last exon included.

        Raises
        ------
        ValueError
            If the annotation cannot be used, or its reading frame is unknown.

        References
        ----------
        Agarwal and Kelley, Genome Biology 2022, 23:245.
        """
        if self.fault:
            raise ValueError(f"transcript '{self.name}': {self.fault}")
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

    A transcript that lies in several places, as those of the pseudoautosomal regions of X and Y do, is one transcript
    for each: ``NAME``, ``NAME_2``.

    Parameters
    ----------
    transcripts : iterable of Transcript
    source : str
        The file, for messages.

    Raises
    ------
    ValueError
        If there is none.
    """

    def __init__(self, transcripts: Iterable[Transcript], source: str) -> None:
        self.source = source
        self.transcripts: dict[str, Transcript] = {}
        self.by_chromosome: dict[str, list[Transcript]] = {}
        self._places: dict[str, list[Transcript]] = {}
        given = list(transcripts)
        unique = UniqueNames(transcript.name for transcript in given)
        for transcript in given:
            own = replace(transcript, name=unique(transcript.name))
            self.transcripts[own.name] = own
            self.by_chromosome.setdefault(own.chromosome, []).append(own)
            self._places.setdefault(transcript.name, []).append(own)
        if not self.transcripts:
            raise ValueError(f"{source}: expected transcripts with exons (BED12, GTF or GFF3), found none")
        self._index = NameIndex(self._places, {t.name: t.version for t in given if t.version})

    def __len__(self) -> int:
        return len(self.transcripts)

    def find(self, name: str) -> tuple[Transcript | None, str]:
        """Find a transcript by a FASTA record's name.

        ``ENST0001.5|ENSG...`` also finds ``ENST0001``, and ``ENST0001`` the only version there is; another version or
        isoform is never taken.

        Returns
        -------
        Transcript or None
        str
            Why none is found, as far as more can be said than that it is not there.
        """
        known, reason = self._index.find(name)
        if known is None:
            return None, reason
        places = self._places[known]
        usable = [transcript for transcript in places if not transcript.fault] or places
        if len(usable) > 1 and len({_layout(transcript) for transcript in usable}) > 1:
            where = ", ".join(transcript.chromosome for transcript in usable)
            return None, f"'{known}' lies in several places ({where}) with different exons"
        return usable[0], ""

    def chromosome(self, name: str) -> str | None:
        """Find a chromosome by a FASTA record's name; ``gi|1|ref|NC_000001.11|`` also finds ``NC_000001.11``."""
        if name in self.by_chromosome:
            return name
        fields = {field for field in name.split("|") if field in self.by_chromosome}
        return fields.pop() if len(fields) == 1 else None


def _layout(transcript: Transcript) -> object:
    """What two places must have in common for their transcripts to be one."""
    try:
        return transcript.tracks().tobytes()
    except ValueError:
        return transcript.exons, transcript.coding
