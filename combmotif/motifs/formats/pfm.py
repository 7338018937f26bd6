"""Matrices under ``>name`` lines: JASPAR, Cluster-Buster, ENCODE's, HOMER and ATtRACT."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from combmotif.motifs.formats.record import SUM_TOLERANCE, Lines, MotifFile, MotifRecord
from combmotif.sequence.alphabet import IUPAC

Rows = Literal["bases", "positions"]
_ROW = re.compile(r"(?:([A-Za-z])(?=[\s:|\[])\s*[:|]?)?\s*(\[?)\s*([^\[\]]*?)\s*\]?")
_UNCLEAR = (
    "4 rows of 4 numbers may be positions or bases, and their sums do not tell which; write the rows of bases as "
    "'A [ ... ]', or the motif as MEME"
)


@dataclass
class _Block:
    """One motif: the header, and the lines below it."""

    header: str
    at: int
    labels: list[str] = field(default_factory=list)
    rows: list[list[float]] = field(default_factory=list)
    bracketed: bool = False

    @property
    def of_bases(self) -> bool:
        """Whether each row is labelled by a base of its own."""
        return sorted(label.replace("U", "T") for label in self.labels) == list("ACGT")

    def told(self) -> Rows | None:
        """What the rows are, by their labels and their shape; None where these fit both."""
        if self.bracketed:
            return "bases"
        widths = {len(row) for row in self.rows}
        if len(self.rows) == 4 and widths == {4} and (self.of_bases or not any(self.labels)):
            return self._by_label()
        if any(self.labels):
            return "bases" if self.of_bases else "positions"
        return "positions" if widths == {4} and len(self.rows) != 4 else "bases"

    def _by_label(self) -> Rows | None:
        """Tell by labels: those of bases are of JASPAR, unless each is its row's consensus, as in ENCODE's files."""
        if not any(self.labels):
            return None
        consensus = all(
            row["ACGT".index(label.replace("U", "T"))] == max(row)
            for label, row in zip(self.labels, self.rows, strict=True)
        )
        if not consensus:
            return "bases"
        return None if [label.replace("U", "T") for label in self.labels] == list("ACGT") else "positions"

    def summed(self) -> Rows | None:
        """What the rows are, by what sums to one and the same; None where both do, or neither."""
        matrix = np.array(self.rows)
        if np.allclose(matrix, matrix.T):
            return "positions"  # either way it is the same motif
        by_row, by_column = (np.ptp(matrix.sum(axis)) <= SUM_TOLERANCE * matrix.sum(axis).max() for axis in (1, 0))
        if by_row == by_column:
            return None
        return "positions" if by_row else "bases"


def parse_jaspar(lines: Lines) -> MotifFile:
    """Read matrices under ``>name`` lines, one row per base or one row per position.

    JASPAR has a row per base, as ``A [ 3 0 1 ]`` or as bare numbers in the order ACGT; Cluster-Buster, gimmemotifs and
    HOCOMOCO have a row of A, C, G, T per position, ENCODE's files the consensus letter before it. A motif of four
    positions may be either: it is what the other motifs of the file are, or what its sums say, and refused where these
    do not tell or contradict each other.
    """
    alphabet = "dna"
    blocks: list[_Block] = []
    for at, line in lines:
        if line.startswith(">"):
            blocks.append(_Block(line[1:].strip(), at))
            if not blocks[-1].header:
                raise lines.error("expected '>ID name', got a header without a name", at)
        elif not line.startswith("#"):
            if not blocks:
                raise lines.error(f"expected '>ID name', got {line[:40]!r}", at)
            found = _ROW.fullmatch(line)
            label, bracket, body = (found[1] or "", found[2], found[3]) if found else ("", "", line)
            if label and label.upper() not in IUPAC:
                raise lines.error(f"expected a row of a base or of a consensus letter, got {line[:40]!r}", at)
            blocks[-1].rows.append(lines.numbers(body.split(), at, expected="a row of counts", count=None))
            blocks[-1].labels.append(label.upper())
            blocks[-1].bracketed |= bool(bracket)
            alphabet = "rna" if label.upper() == "U" else alphabet
    told = [block.told() for block in blocks]
    others: set[Rows] = {rows for rows in told if rows is not None}
    chosen = [rows or _unclear(block, others, lines) for block, rows in zip(blocks, told, strict=True)]
    records = [_record(block, rows, lines) for block, rows in zip(blocks, chosen, strict=True)]
    kind = "jaspar" if "bases" in chosen else "cluster-buster"
    return MotifFile(kind, alphabet, lines.unique(records, "JASPAR or Cluster-Buster"))


def _unclear(block: _Block, others: set[Rows], lines: Lines) -> Rows:
    """Decide what four rows of four numbers are."""
    summed = block.summed()
    file = next(iter(others)) if len(others) == 1 else None
    if summed is None and file is None:
        raise lines.error(f"motif {block.header}: {_UNCLEAR}", block.at)
    if None not in (summed, file) and summed != file and not np.allclose(block.rows, np.transpose(block.rows)):
        raise lines.error(
            f"motif {block.header}: 4 rows of 4 numbers that sum as {summed}, in a file of {file}; {_UNCLEAR[-70:]}",
            block.at,
        )
    return file or summed or "bases"


def _numbered(rows: list[list[float]]) -> bool:
    """Whether four rows look like positions with their numbers before them."""
    if [len(row) for row in rows] != [5] * 4 or [row[0] for row in rows] not in ([0, 1, 2, 3], [1, 2, 3, 4]):
        return False
    sums = np.array(rows)[:, 1:].sum(1)
    return bool(np.ptp(sums) <= SUM_TOLERANCE * sums.max())


def _record(block: _Block, rows: Rows, lines: Lines) -> MotifRecord:
    identifier, *name = block.header.split()
    if rows == "positions":
        if {len(row) for row in block.rows} != {4}:
            raise lines.error(f"motif {block.header}: expected 4 numbers per position", block.at)
        return lines.motif(identifier, " ".join(name), block.rows, block.at)
    if not any(block.labels) and _numbered(block.rows):
        raise lines.error(
            f"motif {block.header}: 4 rows of 5 numbers that begin with 1, 2, 3, 4 (or 0, 1, 2, 3) may be numbered "
            f"positions; take the numbers out, or write rows of bases as 'A [ ... ]'",
            block.at,
        )
    lengths = [len(row) for row in block.rows]
    if len(lengths) != 4 or len(set(lengths)) != 1:
        uneven = f" of {', '.join(map(str, lengths))} numbers" if len(lengths) == 4 else ""
        raise lines.error(
            f"motif {block.header}: expected 4 rows of equal length, one per base, got {len(lengths)}{uneven}", block.at
        )
    if any(block.labels) and not block.of_bases:
        raise lines.error(
            f"motif {block.header}: expected a row for each of A, C, G and T (or U), got {', '.join(block.labels)}",
            block.at,
        )
    labels = [label.replace("U", "T") for label in block.labels] if any(block.labels) else list("ACGT")
    columns = np.array([block.rows[labels.index(base)] for base in "ACGT"]).T.tolist()
    return lines.motif(identifier, " ".join(name), columns, block.at)


def parse_homer(lines: Lines) -> MotifFile:
    """Read HOMER motifs: ``>CONSENSUS<tab>name<tab>threshold...``, then a row of 4 probabilities per position."""
    records: list[MotifRecord] = []
    for header, rows, at in _probabilities(lines, "4 probabilities (A C G T)"):
        fields = [field.strip() for field in header.split("\t")]
        name = re.sub(r"^\d+-", "", fields[1]) if len(fields) > 1 and fields[1] else fields[0]
        name = re.sub(r",BestGuess:.*", "", name)
        identifier = "_".join(name.split()) or fields[0]
        records.append(lines.motif(identifier, re.split(r"[/(]", name)[0] or identifier, rows, at))
    return MotifFile("homer", "dna", lines.unique(records, "HOMER"))


def parse_attract_pwm(lines: Lines) -> MotifFile:
    """Read the matrices of ATtRACT's ``pwm.txt``: ``>matrix_id<tab>length``, then a row of 4 probabilities each."""
    records: list[MotifRecord] = []
    for header, rows, at in _probabilities(lines, "4 probabilities (A C G U)"):
        identifier, *length = header.split()
        if length and length[0].isdecimal() and int(length[0]) != len(rows):
            raise lines.error(f"matrix {identifier}: expected {length[0]} rows, got {len(rows)}", at)
        records.append(lines.motif(identifier, identifier, rows, at))
    return MotifFile("attract", "rna", lines.unique(records, "ATtRACT"))


def _probabilities(lines: Lines, expected: str) -> list[tuple[str, list[list[float]], int]]:
    """Split '>header' text with rows of 4 numbers into (header, rows, line of the header)."""
    blocks: list[tuple[str, list[list[float]], int]] = []
    for at, line in lines:
        if line.startswith(">"):
            blocks.append((line[1:].strip(), [], at))
            if not blocks[-1][0]:
                raise lines.error("expected '>name', got a header without a name", at)
        elif line.startswith("#"):
            continue
        elif not blocks:
            raise lines.error(f"expected '>name', got {line[:40]!r}", at)
        else:
            blocks[-1][1].append(lines.probabilities(line.split(), at, expected=expected))
    return blocks
