"""Windows of a fixed length for a reference and an alternative sequence, held in place where the model's biology is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from combmotif.evaluation.dataset.utrs import Region, regions_on, transcripts_on
from combmotif.sequence.annotation.transcripts import Annotation, Transcript

ANCHORS = ("variant", "start", "end")
"""The window surrounds the variant, begins where the region begins, or ends where it ends."""
EXONIC = ("donor", "exon")
"""Regions of the unspliced transcript: around every splice donor; every internal exon and the 6 nt behind it."""
INTRON = 6
"""Intronic bases that HAL's exon-skipping score reads behind the exon."""
DONOR_WINDOW = 160
"""nt around a donor, half of them exonic, for models that read any length."""
ROOM = 1000
"""nt kept beside a donor's window, from which a deletion is filled up."""


@dataclass(frozen=True)
class AnchoredRegion(Region):
    """A region with a base that keeps its place in windows of a fixed length.

    Attributes
    ----------
    anchor : int
        Position of the base in the region, in the direction of the transcript: the G of a donor's GT.
    """

    anchor: int = 0

    @property
    def place(self) -> int:
        """Position of the base on the chromosome."""
        return self.blocks[-1][1] - 1 - self.anchor if self.strand == "-" else self.blocks[0][0] + self.anchor


def exonic_regions(transcript: Transcript, size: int, region: str, length: int) -> Iterator[Region]:
    """Yield the donors of a transcript, or its internal exons, as regions of the unspliced transcript.

    Parameters
    ----------
    transcript : Transcript
    size : int
        Length of the chromosome in nt.
    region : str
        Of `EXONIC`.
    length : int
        Of a donor's window in nt.
    """
    minus = transcript.strand == "-"
    exons = transcript.exons[::-1] if minus else transcript.exons
    half, rest = length // 2, length - length // 2
    for number, (start, end) in enumerate(exons[:-1], 1):  # no donor follows the last exon
        name = f"{transcript.name}:{region}{number}"
        if region == "exon":
            if number > 1:
                blocks = ((start - INTRON, end),) if minus else ((start, end + INTRON),)
                if blocks[0][0] >= 0 and blocks[0][1] <= size:
                    yield Region(name, transcript.chromosome, transcript.strand, blocks)
            continue
        before, after = half + ROOM, rest + ROOM
        low, high = (start - after, start + before) if minus else (end - before, end + after)
        low, high = max(0, low), min(size, high)
        # the donor's G is the first base behind the exon; on the minus strand that is the base before `start`
        anchor = high - start if minus else end - low
        yield AnchoredRegion(name, transcript.chromosome, transcript.strand, ((low, high),), anchor)


def regions_for(
    annotation: Annotation, name: str, chromosome: np.ndarray, region: str, window: int | None
) -> list[Region]:
    """List a region of one chromosome's transcripts; donors and exons that several share are there once."""
    if region not in EXONIC:
        return [found for found, _, _ in regions_on(annotation, name, chromosome, region) if found is not None]
    found: dict[tuple[object, str], Region] = {}
    for transcript in transcripts_on(annotation, name):
        if not transcript.fault and transcript.exons[-1][1] <= len(chromosome):
            for one in exonic_regions(transcript, len(chromosome), region, window or DONOR_WINDOW):
                found.setdefault((one.blocks, one.strand), one)
    return list(found.values())


def cut_fixed(
    sequence: np.ndarray, start: int, end: int, alt: np.ndarray, *, length: int, anchor: str | int
) -> tuple[np.ndarray, np.ndarray, int] | str:
    """Cut windows of one length from a sequence and from the same with a variant, or say why that is not possible.

    What is deleted is filled up from the sequence beside the window, what is inserted pushes bases out of it, on the
    side of the variant that is away from the anchor.

    Parameters
    ----------
    sequence : uint8 array
        The region, in the direction of the transcript.
    start, end : int
        The reference allele in it.
    alt : uint8 array
        The alternative allele.
    length : int
        Of both windows, in nt.
    anchor : str or int
        Of `ANCHORS`, or the position of the base that stands in the middle of the window (at ``length // 2``).

    Returns
    -------
    (reference window, alternative window, position of the variant), or str
    """
    changed = np.concatenate([sequence[:start], alt, sequence[end:]])
    shift = len(alt) - (end - start)
    if isinstance(anchor, int):
        if shift and start < anchor < end:
            return "it inserts or deletes bases across the donor, so that the model's window has no middle"
        low = anchor - length // 2
        moved = low + (shift if end <= anchor else 0)
    elif anchor == "end":
        low, moved = len(sequence) - length, len(changed) - length
    elif anchor == "start":
        low = moved = 0
    else:
        low = moved = min(max(0, (start + end) // 2 - length // 2), max(0, len(sequence) - length))
        moved = min(moved, max(0, len(changed) - length))
    if min(low, moved) < 0 or low + length > len(sequence) or moved + length > len(changed):
        return f"the sequence around it is shorter than the {length} nt that the model reads"
    ref, other = sequence[low : low + length], changed[moved : moved + length]
    if np.array_equal(ref, other):
        return f"it lies outside of the {length} nt that the model reads"
    return ref, other, max(0, start - low)


def common_ends(ref: np.ndarray, alt: np.ndarray) -> tuple[int, int]:
    """Length of what two sequences share at the 5' end, and at the 3' end beyond it."""
    most = min(len(ref), len(alt))
    differ = np.flatnonzero(ref[:most] != alt[:most])
    before = int(differ[0]) if len(differ) else most
    left = most - before
    apart = np.flatnonzero(ref[len(ref) - left :][::-1] != alt[len(alt) - left :][::-1])
    return before, int(apart[0]) if len(apart) else left
