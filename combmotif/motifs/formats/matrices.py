"""Text formats of single matrices: TRANSFAC, JASPAR, HOMER, CISBP-RNA's and ATtRACT's own, and combmotif's table."""

from __future__ import annotations

import re

import numpy as np

from combmotif.motifs.formats.record import Lines, MotifFile, MotifRecord

TABLE_COLUMNS = ("motif", "name", "sites", "position", "A", "C", "G")
_LETTERS = {"ACGT": "dna", "ACGU": "rna"}


def parse_transfac(lines: Lines) -> MotifFile:
    """Read TRANSFAC flat text (AC, ID, NA, DE, BF lines, a matrix from P0 on, ``//`` between motifs)."""
    records: list[MotifRecord] = []
    alphabet, begun, first = "dna", False, 0
    keys: dict[str, str] = {}
    rows: list[list[float]] = []
    for at, line in [*lines, (len(lines.lines), "//")]:
        key, *words = line.split()
        if key == "//":
            if begun:
                identifier = (keys.get("AC") or keys.get("ID") or keys.get("NA") or f"motif{len(records) + 1}").split()
                name = (keys.get("NA") or keys.get("ID") or keys.get("AC") or "").split()
                species = re.split(r"species:", keys.get("BF", ""), flags=re.IGNORECASE)[-1].strip(" .")
                records.append(lines.motif(identifier[0], " ".join(name), rows, first, species=species))
            keys, rows, begun = {}, [], False
        elif key in ("P0", "PO") and not begun:
            order = "".join(words[:4]).upper()
            if order not in _LETTERS:
                raise lines.error(f"expected the columns A C G T (or U) after {key}, got {line[:40]!r}", at)
            alphabet, begun, first = _LETTERS[order], True, at
        elif begun and key.isdigit():
            rows.append(lines.numbers(words[:4], at, expected="4 counts after the position"))
        elif key in ("AC", "ID", "NA", "BF") and words:
            keys.setdefault(key, " ".join(words))
    return MotifFile("transfac", alphabet, lines.unique(records, "TRANSFAC"))


def parse_jaspar(lines: Lines) -> MotifFile:
    """Read JASPAR counts: ``>ID name``, a row per base, as ``A [ 3 0 1 ]`` or as bare numbers in the order ACGT."""
    records: list[MotifRecord] = []
    alphabet, header, first = "dna", "", 0
    rows: dict[str, list[float]] = {}

    def finish() -> None:
        if len(rows) != 4 or len({len(row) for row in rows.values()}) != 1:
            raise lines.error(f"motif {header}: expected 4 rows of equal length, one per base, got {len(rows)}", first)
        identifier, *name = header.split()
        columns = np.array([rows[letter] for letter in "ACGT"]).T.tolist()
        records.append(lines.motif(identifier, " ".join(name), columns, first))

    for at, line in lines:
        if line.startswith(">"):
            if rows or header:
                finish()
            header, rows, first = line[1:].strip(), {}, at
            if not header:
                raise lines.error("expected '>ID name', got a header without a name", at)
            continue
        if not header:
            raise lines.error(f"expected '>ID name', got {line[:40]!r}", at)
        labelled = re.fullmatch(r"([ACGTUacgtu])\s*:?\s*\[?\s*([^\[\]]*?)\s*\]?", line)
        letter, body = (labelled[1].upper(), labelled[2]) if labelled else ("ACGT"[len(rows) % 4], line)
        alphabet = "rna" if letter == "U" else alphabet
        letter = "T" if letter == "U" else letter
        if letter in rows:
            raise lines.error(f"motif {header}: a second row for {letter}", at)
        rows[letter] = lines.numbers(body.split(), at, expected="a row of counts for one base", count=None)
    finish()
    return MotifFile("jaspar", alphabet, lines.unique(records, "JASPAR"))


def parse_homer(lines: Lines) -> MotifFile:
    """Read HOMER motifs: ``>CONSENSUS<tab>name<tab>threshold...``, then a row of 4 probabilities per position."""
    records: list[MotifRecord] = []
    for header, rows, at in _blocks(lines, "4 probabilities (A C G T)"):
        fields = [field.strip() for field in header.split("\t")]
        name = re.sub(r"^\d+-", "", fields[1]) if len(fields) > 1 and fields[1] else fields[0]
        name = re.sub(r",BestGuess:.*", "", name)
        identifier = "_".join(name.split()) or fields[0]
        known = sum(record.id == identifier or record.id.startswith(f"{identifier}#") for record in records)
        shown = re.split(r"[/(]", name)[0] or identifier
        records.append(lines.motif(f"{identifier}#{known + 1}" if known else identifier, shown, rows, at))
    return MotifFile("homer", "dna", lines.unique(records, "HOMER"))


def parse_attract_pwm(lines: Lines) -> MotifFile:
    """Read the matrices of ATtRACT's ``pwm.txt``: ``>matrix_id<tab>length``, then a row of 4 probabilities each."""
    records: list[MotifRecord] = []
    for header, rows, at in _blocks(lines, "4 probabilities (A C G U)"):
        identifier, *length = header.split()
        if length and length[0].isdigit() and int(length[0]) != len(rows):
            raise lines.error(f"matrix {identifier}: expected {length[0]} rows, got {len(rows)}", at)
        records.append(lines.motif(identifier, identifier, rows, at))
    return MotifFile("attract", "rna", lines.unique(records, "ATtRACT"))


def parse_cisbp_pwm(lines: Lines, identifier: str) -> MotifRecord | None:
    """Read one CISBP-RNA matrix (``Pos A C G U``); None where it has only the header, as licensed ones do."""
    rows: list[list[float]] = []
    first = True
    for at, line in lines:
        words = line.split()
        if first:
            if words[0].lower() != "pos" or "".join(words[1:]).upper() not in _LETTERS:
                raise lines.error(f"expected the header 'Pos A C G U', got {line[:40]!r}", at)
            first = False
            continue
        rows.append(lines.probabilities(words[1:], at, expected="a position and 4 probabilities"))
    return lines.motif(identifier, identifier, rows, 0) if rows else None


def parse_table(lines: Lines) -> MotifFile:
    """Read the table that `write_motif_table` writes: one row per position."""
    header, *body = list(lines)
    columns = header[1].split("\t")
    if tuple(columns[:7]) != TABLE_COLUMNS or columns[7:8] not in (["T"], ["U"]):
        raise lines.error(f"expected the columns {', '.join(TABLE_COLUMNS)}, U (or T), got {header[1][:60]!r}", 0)
    groups: dict[str, tuple[str, float | None, list[list[float]], int]] = {}
    for at, line in body:
        words = line.split("\t")
        if len(words) != 8:
            raise lines.error(f"expected 8 columns, got {len(words)}", at)
        name, sites = words[1], words[2]
        rows = groups.setdefault(words[0], (name, float(sites) if sites else None, [], at))[2]
        if words[3] != str(len(rows) + 1):
            raise lines.error(f"motif {words[0]}: expected position {len(rows) + 1}, got {words[3]!r}", at)
        rows.append(lines.probabilities(words[4:], at, expected="4 probabilities in the last columns"))
    records = [
        lines.motif(identifier, name, rows, at)._replace(nsites=sites)
        for identifier, (name, sites, rows, at) in groups.items()
    ]
    return MotifFile("tsv", _LETTERS["ACG" + columns[7]], lines.unique(records, "tabulated"))


def _blocks(lines: Lines, expected: str) -> list[tuple[str, list[list[float]], int]]:
    """Split '>header' text with rows of 4 numbers into (header, rows, line of the header)."""
    blocks: list[tuple[str, list[list[float]], int]] = []
    for at, line in lines:
        if line.startswith(">"):
            blocks.append((line[1:].strip(), [], at))
            if not blocks[-1][0]:
                raise lines.error("expected '>name', got a header without a name", at)
        elif not blocks:
            raise lines.error(f"expected '>name', got {line[:40]!r}", at)
        else:
            blocks[-1][1].append(lines.probabilities(line.split(), at, expected=expected))
    return blocks
