"""Minimal MEME motif files: https://meme-suite.org/meme/doc/meme-format.html."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from combmotif.motifs.formats.record import SUM_TOLERANCE, Lines, MotifRecord, read_text, unique_records
from combmotif.motifs.motif import MotifSet
from combmotif.sequence.delimited import to_number
from combmotif.sequence.names import UniqueNames

_ALPHABETS = {"ACGT": "dna", "ACGU": "rna", "DNA": "dna", "RNA": "rna"}
_ROW = re.compile(r"[-+]?(?:[\d.]|(?:nan|inf)\b)", re.IGNORECASE)
_NUMBERS = re.compile(r"[-+]?[\d.]+(?:[eE][-+]?\d+)?(?:[\s,]+[-+]?[\d.]+(?:[eE][-+]?\d+)?)*")


def read_meme(path: str | Path) -> list[MotifRecord]:
    """Read the motifs of a MEME file (text, gzipped or not).

    Minimal and full MEME output of versions 4 and 5 are accepted: U or T alphabets, motifs with or without
    ``nsites``, ``w`` and alternate names, any spacing, URL lines, log-odds matrices (skipped).

    Parameters
    ----------
    path : str or pathlib.Path

    Returns
    -------
    list of MotifRecord
        In file order. Columns A, C, G, T/U; rows are renormalised, so that rounding in the file does not matter.
        `name` is the alternate name, or the id where there is none.

    Raises
    ------
    ValueError
        If the file is not a MEME nucleotide file; the line is named.
    """
    return parse_meme(path)[1]


def parse_meme(path: str | Path) -> tuple[str, list[MotifRecord]]:
    """Read a MEME file and return its alphabet ("rna" or "dna") with its motifs; see `read_meme`."""
    return parse_meme_text(read_text(Path(path)), str(path))


def parse_meme_text(text: str, source: str) -> tuple[str, list[MotifRecord]]:
    """Read the text of a MEME file; `source` is what errors call it."""
    return _Reader(Lines(text, source).lines, source).read()


class _Reader:
    """Walks the lines of a MEME file, so that every error can name the line it stands on."""

    def __init__(self, lines: list[str], source: str):
        self.lines, self.source, self.at = lines, source, 0

    def error(self, message: str, at: int | None = None) -> ValueError:
        return ValueError(f"motif file {self.source}, line {(self.at if at is None else at) + 1}: {message}")

    def read(self) -> tuple[str, list[MotifRecord]]:
        if not any(re.match(r"\s*MEME version\s+\d", line) for line in self.lines):
            raise self.error("expected a 'MEME version 4' line: this is not a MEME motif file", 0)
        alphabet, motifs, current = "dna", [], None
        while self.at < len(self.lines):
            line = self.lines[self.at].strip()
            if re.match(r"ALPHABET\b", line):
                alphabet = self.alphabet(line)
            elif re.match(r"MOTIF\s", line):
                words = re.sub(r"\swidth\s*=.*", "", line).split()  # full output tells the width on this line
                if len(words) < 2:
                    raise self.error("MOTIF without an identifier")
                named = len(words) > 2 and words[2] not in ("-", ".")
                current = (words[1], words[2] if named else words[1])
            elif line == "MOTIF":
                raise self.error("MOTIF without an identifier")
            elif line.startswith("letter-probability matrix"):
                if current is None:
                    raise self.error("letter-probability matrix before any MOTIF line")
                motifs.append(self.matrix(*current))
                continue
            self.at += 1
        if not motifs:
            raise self.error("no letter-probability matrix in the file", len(self.lines) - 1)
        return alphabet, list(unique_records(motifs, f"motif file {self.source}"))

    def alphabet(self, line: str) -> str:
        letters = re.sub(r"ALPHABET\s*=?\s*", "", line).strip().upper()
        if letters in _ALPHABETS:
            return _ALPHABETS[letters]
        if "=" in line:
            raise self.error(f"expected ALPHABET= ACGT or ACGU, got {letters!r}")
        found: set[str] = set()
        start = self.at
        while self.at + 1 < len(self.lines) and not re.match(r"\s*END\s+ALPHABET", self.lines[self.at]):
            self.at += 1
            plain = re.sub(r'"[^"]*"', "", self.lines[self.at])
            if "=" not in plain and self.at > start:  # an equals sign defines an ambiguity letter, or an alias
                # A line holds a letter, and for DNA the one that pairs with it after a tilde.
                found.update(half.split()[0].upper() for half in plain.split("~") if half.split())
        core = "".join(sorted(found - {"END"}))  # MEME's matrices have the letters in alphabetical order
        if core not in _ALPHABETS:
            raise self.error(f"expected ALPHABET= ACGT or ACGU, got {core or 'nothing'!r}", start)
        return _ALPHABETS[core]

    def matrix(self, identifier: str, name: str) -> MotifRecord:
        header = self.at
        keys = dict(re.findall(r"(\w+)\s*=\s*([^\s=]+)", self.lines[self.at].lower()))
        if keys.get("alength", "4") != "4":
            raise self.error(f"motif {identifier}: expected 4 letters (alength= 4), got {keys['alength']}")
        try:
            width = int(keys["w"]) if "w" in keys else None
            unknown = keys.get("nsites", "NA").upper() in ("NA", "N/A", "?")
            nsites = None if unknown else float(keys["nsites"])
        except ValueError:
            raise self.error(f"motif {identifier}: expected numbers for w and nsites") from None
        if nsites is not None and not 0 <= nsites < math.inf:
            raise self.error(f"motif {identifier}: expected nsites of 0 (not known) or more, got {keys['nsites']}")
        rows: list[list[float]] = []
        self.at += 1
        while self.at < len(self.lines):
            line = self.lines[self.at].strip()
            if not line and not rows:
                self.at += 1
                continue
            if not _NUMBERS.fullmatch(line):
                if _ROW.match(line):
                    raise self.error(f"motif {identifier}: expected 4 probabilities, got {line[:60]!r}")
                break
            rows.append(self.row(line, identifier))
            self.at += 1
        if not rows or (width is not None and len(rows) != width):
            asked = "some" if width is None else width
            raise self.error(f"motif {identifier}: expected {asked} rows of 4 numbers, got {len(rows)}", header)
        following = next((at for at in range(self.at, len(self.lines)) if self.lines[at].strip()), header)
        if _NUMBERS.fullmatch(self.lines[following].strip()):
            raise self.error(f"motif {identifier}: expected no blank line between its rows; take it out", following)
        ppm = np.array(rows)
        return MotifRecord(identifier, name, ppm / ppm.sum(1, keepdims=True), nsites)

    def row(self, line: str, identifier: str) -> list[float]:
        try:
            values = [to_number(value) for value in re.split(r"[\s,]+", line)]
        except ValueError:
            raise self.error(f"motif {identifier}: expected 4 probabilities, got {line!r}") from None
        if len(values) != 4 or min(values) < 0 or abs(sum(values) - 1) > SUM_TOLERANCE:
            raise self.error(
                f"motif {identifier}: expected 4 probabilities that sum to 1, got {line!r}"
                + (" (counts? divide each row by its sum)" if len(values) == 4 and sum(values) > 1.5 else "")
            )
        return values


def write_meme(motifs: MotifSet, path: str | Path, *, names: dict[str, str] | None = None) -> None:
    """Write motifs as a minimal MEME file that Tomtom, FIMO and `read_meme` read.

    Probabilities are the plain frequencies of the counts (tools add their own pseudo-counts from ``nsites``), with six
    digits, each row summing to 1 exactly. Blanks in identifiers and names become underscores, for MEME parts words
    there. No E-value is written: there is none.

    Parameters
    ----------
    motifs : MotifSet
        Its alphabet decides between ``ACGU`` and ``ACGT``; ``strands: +`` for both, as the networks read one strand.
    path : str or pathlib.Path
    names : dict, optional
        Alternate name of each motif by its id; default its IUPAC consensus.

    Examples
    --------
    >>> from combmotif.motifs import Motif, MotifSet, word_ppm
    >>> from combmotif.motifs.formats import read_motifs, write_meme
    >>> write_meme(MotifSet((Motif("m1", 100 * word_ppm("UGUA"), 100),)), "found.meme")
    >>> [record.id for record in read_motifs("found.meme").records]
    ['m1']
    """
    with Path(path).open("w", encoding="utf-8", newline="\n") as handle:
        handle.writelines(_lines(motifs, names))


def _lines(motifs: MotifSet, names: dict[str, str] | None) -> Iterable[str]:
    letters = "ACGU" if motifs.alphabet == "rna" else "ACGT"
    yield f"MEME version 4\n\nALPHABET= {letters}\n\nstrands: +\n\n"
    yield "Background letter frequencies\n" + " ".join(f"{letter} 0.25" for letter in letters) + "\n"
    unique = UniqueNames()
    for motif in motifs:
        name = "_".join((names or {}).get(motif.id, "").split()) or motif.consensus(motifs.alphabet)
        yield f"\nMOTIF {unique('_'.join(motif.id.split()))} {name}\n\n"
        yield f"letter-probability matrix: alength= 4 w= {len(motif)} nsites= {motif.sites}\n"
        for row in _millionths(motif.frequencies):
            yield " ".join(f" {value // 1_000_000}.{value % 1_000_000:06d}" for value in row) + "\n"


def _millionths(ppm: np.ndarray) -> np.ndarray:
    """Round to integers in units of 1e-6 whose rows sum to 1,000,000: the largest remainders are rounded up."""
    scaled = ppm * 1e6
    floor = np.floor(scaled).astype(int)
    missing = 1_000_000 - floor.sum(1)
    rank = np.argsort(np.argsort(-(scaled - floor), axis=1, kind="stable"), axis=1, kind="stable")
    return floor + (rank < missing[:, None])
