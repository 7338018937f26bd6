"""BED12, GTF and GFF3, line by line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from combmotif.core.packed import open_text
from combmotif.sequence.annotation.transcripts import Transcript

Span = tuple[int, int]
Rows = Iterator[tuple[int, list[str]]]
Key = tuple[str, str, str]
"""Name, gene and chromosome of a transcript."""
_PLACE, _NOT_PLAIN = re.compile(r"[0-9]{1,12}"), re.compile(r"[^a-z0-9]")
_WHOLE = ("transcript", "mrna")
_EXONS = ("exon", "noncodingexon", "codingexon", "pseudogenicexon")
_PIECES = ("utr", "5utr", "3utr", "fiveprimeutr", "threeprimeutr", "utr5", "utr3", "stopcodon")
"""Features beside CDS that are transcribed: exons are made of them where a file has none.

All features in lower case, without what stands between words: 5'UTR, 5-utr, five_prime_UTR.
"""
_GTF_NAME = re.compile(r'(?:^|;)\s*transcript_id (?:"([^"]+)"|([^";]+))')
_GTF_GENE = re.compile(r'(?:^|;)\s*gene_id (?:"([^"]+)"|([^";]+))')
_GTF_VERSION = re.compile(r'(?:^|;)\s*transcript_version "?(\d+)"?')
_GTF_EXON = re.compile(r'(?:^|;)\s*exon_number "?(\d+)"?')
_GFF_PARENT = re.compile(r"(?:^|;)\s*Parent=([^;]+)")
_GFF_ID = re.compile(r"(?:^|;)\s*ID=([^;]+)")
_GFF_VERSION = re.compile(r"(?:^|;)\s*version=(\d+)")


def iterate_transcripts(path: Path) -> Iterator[Transcript]:
    """Yield the transcripts of a BED12, GTF or GFF3 file; see `read_annotation`."""
    with open_text(path) as stream:
        rows = _rows(stream)
        first = next(rows, None)
        if first is None:
            raise ValueError(f"{path}: expected BED12, GTF or GFF3 lines, the file has none")
        bed = len(first[1]) >= 12 and first[1][1].isdecimal()
        yield from (_read_bed if bed else _read_gtf)(_chain(first, rows), path)


def _chain(first: tuple[int, list[str]], rest: Rows) -> Rows:
    yield first
    yield from rest


def _rows(stream: Iterable[str]) -> Rows:
    for number, line in enumerate(stream, 1):
        if line.startswith(("##FASTA", ">")):  # GFF3 may end with the sequences
            return
        if line.strip() and not line.startswith(("#", "track ", "browser ")):
            yield number, [_unquoted(cell) for cell in line.rstrip("\r\n").split("\t")]


def _no_start(row: list[str]) -> str:
    """Say why a line of 12 columns is not taken for BED12."""
    return f", of which the second, '{row[1][:20]}', is no start" if len(row) > 11 else ""


def _unquoted(cell: str) -> str:
    """Take off the quotation marks that a spreadsheet puts around a cell that holds some."""
    if len(cell) > 1 and cell[0] == cell[-1] == '"' and '""' in cell[1:-1]:
        return cell[1:-1].replace('""', '"')
    return cell


def _read_bed(rows: Iterable[tuple[int, list[str]]], path: Path) -> Iterator[Transcript]:
    for number, row in rows:
        try:
            start, thick_start, thick_end, count = int(row[1]), int(row[6]), int(row[7]), int(row[9])
            name = row[3].strip() or f"line{number}"
            sizes, offsets = ([int(word) for word in row[i].split(",") if word] for i in (10, 11))
            exons = tuple(sorted((start + o, start + o + size) for o, size in zip(offsets, sizes, strict=True)))
            good = len(exons) == count and exons[0][0] == start >= 0 and exons[-1][1] == int(row[2])
            good = good and min(sizes) > 0 and row[5].strip() in ("+", "-", ".", "")
        except (ValueError, IndexError):
            good = False
        if not good:
            raise ValueError(
                f"{path}: line {number}: expected BED12 (12 columns, blocks from start to end), found {row}"
            )
        coding = (thick_start, thick_end) if thick_end > thick_start else None
        fault = f"its strand is not given (line {number})" if row[5].strip() not in ("+", "-") else ""
        fault = fault or _overlap(exons)
        if coding and not (_inside(coding[0], exons) and _inside(coding[1] - 1, exons)):
            fault = fault or f"its coding sequence (thick) begins or ends outside of its exons (line {number})"
        yield Transcript(name, row[0], row[5].strip(), exons, coding, fault=fault)


@dataclass
class _Lines:
    """What the lines of one transcript say."""

    strands: set[str] = field(default_factory=set)
    exons: list[Span] = field(default_factory=list)
    coding: list[tuple[Span, str]] = field(default_factory=list)
    """CDS and their phase, as it is written."""
    pieces: list[Span] = field(default_factory=list)
    numbers: set[str] = field(default_factory=set)
    version: str = ""
    fault: str = ""


class _Whole(NamedTuple):
    """What the line of a feature as a whole says."""

    start: int
    end: int
    strand: str
    version: str
    transcript: bool


def _read_gtf(rows: Iterable[tuple[int, list[str]]], path: Path) -> Iterator[Transcript]:
    # A name may stand for several transcripts: on X and on Y, or every gene of a mitochondrion in NCBI's GTF.
    found: dict[Key, _Lines] = {}
    wholes: dict[Key, list[_Whole]] = {}
    nameless: list[Transcript] = []
    for number, row in rows:
        if len(row) != 9 or not all(_PLACE.fullmatch(place) for place in row[3:5]):
            places = f"'{row[3][:20]}' and '{row[4][:20]}' as start and end" if len(row) == 9 else ""
            raise ValueError(
                f"{path}: line {number}: expected the 9 tab-separated columns of GTF or GFF3 (or BED12), found "
                f"{places or f'{len(row)} columns'}{_no_start(row)}"
            )
        kind = _NOT_PLAIN.sub("", row[2].lower())
        gtf = _attribute(_GTF_NAME, row[8])
        part = kind == "cds" or kind in _EXONS or kind in _PIECES
        start, end = int(row[3]) - 1, int(row[4])
        if kind in _WHOLE or not (gtf or part):
            own, version = (gtf, _GTF_VERSION) if gtf else (_GFF_ID.search(row[8]), _GFF_VERSION)
            if own:
                told = _attribute(version, row[8])
                gene = _gene(row[8]) if gtf else ""
                whole = _Whole(start, end, row[6].strip(), told[1] if told else "", kind in _WHOLE)
                name = (gtf[1] or gtf[2]) if gtf else _plain(own[1])
                wholes.setdefault((name, gene, row[0]), []).append(whole)
            continue
        if not part:
            continue
        if gtf:
            names = [gtf[1] or gtf[2]]
        elif parents := _GFF_PARENT.search(row[8]):
            names = [_plain(name) for name in parents[1].split(",")]
        else:
            fault = f'line {number}: expected transcript_id "NAME" (GTF) or Parent=NAME (GFF3)'
            own = _GFF_ID.search(row[8])
            name = _plain(own[1]) if own else f"line{number}"
            nameless.append(Transcript(name, row[0], row[6].strip(), (), fault=fault))
            continue
        if start < 0:
            raise ValueError(
                f"{path}: line {number}: expected a start from 1, as GTF and GFF3 count, found 0; does the file count "
                f"from 0, as BED does?"
            )
        for name in names:
            lines = found.setdefault((name, _gene(row[8]) if gtf else "", row[0]), _Lines())
            lines.strands.add(row[6].strip())
            told = _attribute(_GTF_VERSION, row[8]) if gtf else None
            lines.version = told[1] if told else lines.version
            if start >= end:
                lines.fault = lines.fault or f"line {number} starts at {start + 1:,} and ends at {end:,}"
                lines.exons.append((end - 1, start + 1))
            elif kind in _EXONS:
                lines.exons.append((start, end))
                told = _attribute(_GTF_EXON, row[8]) if gtf else None
                if told and told[1] in lines.numbers:
                    lines.fault = lines.fault or f"its exon {told[1]} is there twice: it lies in several places"
                lines.numbers.update([told[1]] if told else [])
            elif kind == "cds":
                lines.coding.append(((start, end), row[7].strip()))
            else:
                lines.pieces.append((start, end))
    if nameless and not found:
        raise ValueError(f"{path}: {nameless[0].fault}")
    for key, lines in found.items():
        whole_lines = wholes.pop(key, [])
        if len(whole_lines) > 1:
            lines.fault = lines.fault or f"{len(whole_lines)} lines describe it, each in a place of its own"
        lines.version = lines.version or next((whole.version for whole in whole_lines), "")
        if lines.exons:
            _check_extent(lines, whole_lines)
        else:
            _fill(lines, whole_lines)
        yield _transcript(key[0], key[2], lines)
    for (name, _, chromosome), whole_lines in wholes.items():
        if whole_lines[0].transcript:
            fault = "it has a line of its own, but no exons, CDS or UTRs"
            yield Transcript(name, chromosome, whole_lines[0].strand, (), version=whole_lines[0].version, fault=fault)
    yield from nameless


def _check_extent(lines: _Lines, wholes: list[_Whole]) -> None:
    """See that the exons are all of a transcript, as its own line, its UTRs and its stop codon say."""
    start, end = min(start for start, _ in lines.exons), max(end for _, end in lines.exons)
    exons = _merged(lines.exons)
    outside = [(a, b) for a, b in lines.pieces if not any(first <= a and b <= last for first, last in exons)]
    if outside:
        a, b = outside[0]
        lines.fault = lines.fault or f"a UTR or stop codon of it ({a + 1:,}-{b:,}) lies outside of its exons"
    elif wholes and wholes[0].transcript and (wholes[0].start, wholes[0].end) != (start, end):
        lines.fault = lines.fault or (
            f"it runs from {wholes[0].start + 1:,} to {wholes[0].end:,}, its exons from {start + 1:,} to {end:,} only"
        )


def _fill(lines: _Lines, wholes: list[_Whole]) -> None:
    """Make the exons of a transcript that has none of CDS, UTRs and stop codon, which must be all of it."""
    lines.exons = _merged([span for span, _ in lines.coding] + lines.pieces)
    start, end = lines.exons[0][0], lines.exons[-1][1]
    if not lines.coding:
        lines.fault = lines.fault or "it has UTRs or a stop codon only, no exons and no CDS"
    elif wholes and wholes[0].transcript and (wholes[0].start, wholes[0].end) != (start, end):
        lines.fault = lines.fault or (
            f"it runs from {wholes[0].start + 1:,} to {wholes[0].end:,}, and has no exons, and CDS and UTRs from "
            f"{start + 1:,} to {end:,} only"
        )


def _attribute(pattern: re.Pattern[str], attributes: str) -> re.Match[str] | None:
    """Find an attribute, and no text within the quotation marks of another, which may hold semicolons."""
    return next((m for m in pattern.finditer(attributes) if attributes.count('"', 0, m.start()) % 2 == 0), None)


def _gene(attributes: str) -> str:
    found = _attribute(_GTF_GENE, attributes)
    return (found[1] or found[2]) if found else ""


def _plain(name: str) -> str:
    """Name of a GFF3 feature as FASTA files have it."""
    return re.sub(r"^(transcript:|rna-)", "", unquote(name.strip().strip('"')))


def _transcript(name: str, chromosome: str, lines: _Lines) -> Transcript:
    coding = sorted(lines.coding)
    exons = tuple(sorted(lines.exons))
    strand = next(iter(lines.strands))
    extent = (coding[0][0][0], max(end for (_, end), _ in coding)) if coding else None
    fault = lines.fault
    if len(lines.strands) > 1:
        fault = fault or "its parts lie on both strands (trans-splicing, or two transcripts of one name)"
    elif strand not in ("+", "-"):
        fault = fault or f"its strand is not given ('{strand}')"
    fault = fault or _overlap(exons)
    if any(not any(a <= start and end <= b for a, b in exons) for (start, end), _ in coding):
        fault = fault or "its coding sequence lies outside of its exons"
    if extent and sum(max(0, min(b, extent[1]) - max(a, extent[0])) for a, b in exons) != sum(
        end - start for (start, end), _ in coding
    ):
        fault = fault or "its coding sequences overlap, or leave out parts of exons between them"
    phase: int | None = None
    if coding and not fault:
        phase, fault = _phase(exons, coding, strand)
    return Transcript(name, chromosome, strand, exons, extent, phase, lines.version, fault)


def _phase(exons: tuple[Span, ...], coding: list[tuple[Span, str]], strand: str) -> tuple[int | None, str]:
    """Phase of the first CDS, and what contradicts it in the later ones."""
    order = coding if strand == "+" else coding[::-1]
    if order[0][1] not in ("0", "1", "2"):
        return None, "" if order[0][1] in (".", "") else f"expected a phase of 0, 1 or 2, found '{order[0][1]}'"
    phase = int(order[0][1])
    done = 0
    for (start, end), told in order:
        expected = (phase - done) % 3
        if told in ("0", "1", "2") and int(told) != expected:
            return None, (
                f"the phases of its CDS contradict each other: that of {start + 1:,}-{end:,} is {told}, by the first "
                f"CDS and the lengths it is {expected}"
            )
        done += end - start
    return phase, ""


def _merged(spans: list[Span]) -> list[Span]:
    """Join spans that overlap or touch."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _overlap(exons: tuple[Span, ...]) -> str:
    if any(a[1] > b[0] for a, b in zip(exons, exons[1:], strict=False)):
        return "its exons overlap"
    return ""


def _inside(place: int, exons: tuple[Span, ...]) -> bool:
    return any(start <= place < end for start, end in exons)
