"""3'UTRs of other species, found by stop codons that are aligned to those of the reference."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from combmotif.evaluation.dataset.maf import GAP, MafRow, reference_row, require_species
from combmotif.evaluation.dataset.utrs import COMPLEMENT, Region
from combmotif.sequence.annotation.annotated import read_annotation
from combmotif.sequence.fasta import iterate_fasta


@dataclass(frozen=True)
class Orthologue:
    """Where the 3'UTR of another species lies, behind a stop codon that is aligned to that of the reference.

    Attributes
    ----------
    region, species : str
        Name of the reference's region, and whose orthologue it is.
    place : Region
        On the contig, on the strand of the gene; as long as the reference's, clipped to the contig, or as annotated.
    stop : str
    """

    region: str
    species: str
    place: Region
    stop: str


def orthologues(
    blocks: Iterable[Sequence[MafRow]], regions: Sequence[Region], *, reference: str, same_stop: bool = True
) -> Iterator[Orthologue | tuple[str, str]]:
    """Find the 3'UTRs of all species by their stop codons.

    Parameters
    ----------
    blocks : iterable of lists of MafRow
    regions : sequence of Region
        3'UTRs of the reference; their stop codon lies directly before them.
    reference : str
    same_stop : bool, default True
        Demand the reference's stop codon; otherwise any of UAA, UAG, UGA.

    Yields
    ------
    Orthologue, or (region, reason)

    Raises
    ------
    ValueError
        If no block has a row of the reference.
    """
    stops = []
    for region in regions:
        at = region.blocks[0][0] - 3 if region.strand == "+" else region.blocks[-1][1]
        stops.append(at)
    done: set[int] = set()
    seen: set[str] = set()
    for block in blocks:
        seen.update(row.species for row in block)
        main = reference_row(block, reference)
        if main is None:
            continue
        columns = np.flatnonzero(main.codes != GAP)
        for number, (region, stop) in enumerate(zip(regions, stops, strict=True)):
            same = region.chromosome.removeprefix("chr") == main.contig.removeprefix("chr")
            if number in done or not same or not main.start <= stop <= main.start + main.size - 3:
                continue
            done.add(number)
            codon_at = columns[stop - main.start : stop - main.start + 3]
            if codon_at[-1] - codon_at[0] != 2:
                yield region.name, "an insertion parts its stop codon"
                continue
            own = _codon(main.codes[codon_at], region.strand)
            if own not in ("TAA", "TAG", "TGA"):
                yield region.name, f"the reference has {own} where its stop codon should be"
                continue
            for row in block:
                codon = _codon(row.codes[codon_at], region.strand)
                if codon == own or (not same_stop and codon in ("TAA", "TAG", "TGA")):
                    yield _behind(region, row, int((row.codes[: codon_at[0]] != GAP).sum()), codon)
    require_species(seen, reference)
    for number, region in enumerate(regions):
        if number not in done:
            yield region.name, "its stop codon is in no block"


def _codon(codes: np.ndarray, strand: str) -> str:
    if (codes > 3).any():
        return "---"
    return "".join("ACGT"[int(base)] for base in (codes if strand == "+" else COMPLEMENT[codes[::-1]]))


def _behind(region: Region, row: MafRow, before: int, stop: str) -> Orthologue:
    """The interval of the reference's length behind the stop codon, on the forward strand of the row's contig."""
    first = row.start + before  # of the codon, on the row's own strand
    if region.strand == "+":
        low, high = first + 3, min(row.length, first + 3 + region.length)
    else:
        low, high = max(0, first - region.length), first
    if row.strand == "-":
        low, high = row.length - high, row.length - low
    strand = "+" if (row.strand == "+") == (region.strand == "+") else "-"
    name = f"{region.name}:{row.species}:{row.contig}:{high - low}"
    return Orthologue(region.name, row.species, Region(name, row.contig, strand, ((low, high),)), stop)


def as_annotated(
    found: Iterable[Orthologue], annotations: Mapping[str, str | Path]
) -> Iterator[Orthologue | tuple[str, str]]:
    """Let 3'UTRs end where the annotation of their species says, instead of after as many bases as the reference has.

    The transcript counts whose coding part ends at the aligned stop codon, before it (GTF) or behind it (GFF3, BED12);
    of several the one with the longest 3'UTR.

    Parameters
    ----------
    found : iterable of Orthologue
    annotations : mapping of species to path
        GTF, GFF3 or BED12; the orthologues of other species are left as they are.

    Yields
    ------
    Orthologue, or (region, reason)
    """
    known: dict[str, dict[tuple[str, str, int], tuple[tuple[int, int], ...]]] = {}
    for species, path in annotations.items():
        own = known.setdefault(species, {})
        for transcript in read_annotation(path).transcripts.values():
            if transcript.coding is None or transcript.fault:
                continue
            plus = transcript.strand == "+"
            for begin in (transcript.coding[1], transcript.coding[1] + 3) if plus else (
                transcript.coding[0], transcript.coding[0] - 3
            ):  # fmt: skip
                low, high = (begin, transcript.exons[-1][1]) if plus else (transcript.exons[0][0], begin)
                inside = ((max(start, low), min(end, high)) for start, end in transcript.exons)
                blocks = tuple((start, end) for start, end in inside if start < end)
                key = (transcript.chromosome.removeprefix("chr"), transcript.strand, begin)
                if sum(b - a for a, b in blocks) > sum(b - a for a, b in own.get(key, ())):
                    own[key] = blocks
    for one in found:
        place = one.place
        begin = place.blocks[0][0] if place.strand == "+" else place.blocks[-1][1]
        if one.species not in known:
            yield one
        elif (key := (place.chromosome.removeprefix("chr"), place.strand, begin)) in known[one.species]:
            blocks = known[one.species][key]
            name = f"{one.region}:{one.species}:{place.chromosome}:{sum(end - start for start, end in blocks)}"
            yield replace(one, place=Region(name, place.chromosome, place.strand, blocks))
        else:
            yield one.region, f"no 3'UTR of {one.species} is annotated behind its stop codon"


def cut_orthologues(
    found: Sequence[Orthologue], genomes: Mapping[str, str | Path]
) -> Iterator[tuple[str, np.ndarray | str]]:
    """Cut the 3'UTRs of other species out of their genomes, on the strand of the transcript.

    Parameters
    ----------
    found : sequence of Orthologue
    genomes : mapping of species to path
        FASTA; one contig is in memory at a time.

    Yields
    ------
    (``REGION:SPECIES:CONTIG:LENGTH``, codes), or (that name, why it is left out)

    Raises
    ------
    ValueError
        If a species has no orthologue.
    """
    for species, path in genomes.items():
        by_contig: dict[str, list[Region]] = {}
        for one in found:
            if one.species == species:
                by_contig.setdefault(one.place.chromosome.removeprefix("chr"), []).append(one.place)
        if not by_contig:
            there = ", ".join(sorted({one.species for one in found})[:6])
            raise ValueError(f"genome: expected a species of the alignment ({there}), found '{species}'")
        for name, contig in iterate_fasta(path):
            for place in by_contig.pop(name.removeprefix("chr"), []):
                if place.blocks[-1][1] > len(contig):
                    yield place.name, f"it reaches beyond the contig of {len(contig):,} nt"
                else:
                    yield place.name, place.cut(contig)
        for places in by_contig.values():
            yield from ((place.name, "its contig is not in the FASTA") for place in places)
