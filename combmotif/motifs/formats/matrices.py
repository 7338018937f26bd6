"""Text formats with keys or a header line: TRANSFAC, CISBP-RNA's own, and combmotif's table."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from combmotif.core.tables import MATRICES
from combmotif.motifs.formats.record import Lines, MotifFile, MotifRecord
from combmotif.motifs.motif import MotifSet
from combmotif.sequence.delimited import split_cells

_LETTERS = {"ACGT": "dna", "ACGU": "rna"}


def parse_transfac(lines: Lines) -> MotifFile:
    """Read TRANSFAC flat text (AC, ID, NA, DE, BF lines, a matrix from P0 on, ``//`` between motifs).

    A matrix ends with the first line that is none of its positions, so that further tables of a motif, such as the
    crosslink frequencies (XL) of mCross, are not taken for positions. Where ``//`` is missing, the next AC, ID, NA
    or P0 begins a motif.
    """
    records: list[MotifRecord] = []
    alphabet, first, within, crosslinks = "dna", 0, False, False
    keys: dict[str, str] = {}
    rows: list[list[float]] | None = None
    position = 0

    def finish() -> None:
        nonlocal rows, within, crosslinks
        if rows is not None:
            identifier = (keys.get("AC") or keys.get("ID") or keys.get("NA") or f"motif{len(records) + 1}").split()
            name = (keys.get("NA") or keys.get("ID") or keys.get("AC") or "").split()
            species = re.split(r"species:", keys.get("BF", ""), flags=re.IGNORECASE)[-1].strip(" .")
            records.append(lines.motif(identifier[0], " ".join(name), rows, first, species=species))
        keys.clear()
        rows, within, crosslinks = None, False, False

    for at, line in lines:
        key, *words = line.split()
        begins = ("AC", "ID", "NA") if crosslinks else ("AC", "ID", "NA", "P0", "PO")  # a table XL may have its P0
        if key == "//" or (rows is not None and key in begins):
            finish()
        if key in ("P0", "PO") and not crosslinks:
            order = "".join(words[:4]).upper()
            if order not in _LETTERS:
                raise lines.error(f"expected the columns A C G T (or U) after {key}, got {line[:40]!r}", at)
            alphabet, first, rows, within = _LETTERS[order], at, [], True
        elif within and rows is not None and key.isdecimal():
            if rows and int(key) != position + 1:
                raise lines.error(f"expected position {position + 1}, got {key}", at)
            position = int(key)
            rows.append(lines.numbers(words[:4], at, expected="4 counts after the position"))
        else:
            within = False
            crosslinks |= key == "XL"
            if key in ("AC", "ID", "NA", "BF") and words:
                keys.setdefault(key, " ".join(words))
    finish()
    return MotifFile("transfac", alphabet, lines.unique(records, "TRANSFAC"))


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
        if words[0] != str(len(rows) + 1):
            raise lines.error(f"expected position {len(rows) + 1}, got {words[0]!r}", at)
        rows.append(lines.probabilities(words[1:], at, expected="a position and 4 probabilities"))
    return lines.motif(identifier, identifier, rows, 0) if rows else None


def parse_table(lines: Lines) -> MotifFile:
    """Read the table that `write_motif_table` writes: one row per position."""
    header, *body = list(lines)
    columns = header[1].split("\t")
    if columns[:7] != MATRICES.names or columns[7:8] not in (["T"], ["U"]):
        raise lines.error(f"expected the columns {', '.join(MATRICES.names)}, U (or T), got {header[1][:60]!r}", 0)
    groups: dict[str, tuple[str, float | None, list[list[float]], int]] = {}
    for at, line in body:
        words = split_cells(line, "\t") or line.split("\t")
        if len(words) != 8:
            raise lines.error(f"expected 8 columns, got {len(words)}", at)
        name, sites = words[1], words[2]
        nsites = lines.numbers([sites], at, expected="a number of sites", count=1)[0] if sites else None
        rows = groups.setdefault(words[0], (name, nsites, [], at))[2]
        if words[3] != str(len(rows) + 1):
            raise lines.error(f"motif {words[0]}: expected position {len(rows) + 1}, got {words[3]!r}", at)
        rows.append(lines.probabilities(words[4:], at, expected="4 probabilities in the last columns"))
    records = [
        lines.motif(identifier, name, rows, at)._replace(nsites=sites)
        for identifier, (name, sites, rows, at) in groups.items()
    ]
    return MotifFile("tsv", _LETTERS["ACG" + columns[7]], lines.unique(records, "tabulated"))


def write_motif_table(motifs: MotifSet, path: str | Path, *, names: dict[str, str] | None = None) -> None:
    """Write motifs as a tab-separated table that `read_motifs` reads back.

    Columns: ``motif``, ``name``, ``sites``, ``position`` (from 1), and the frequencies ``A``, ``C``, ``G``, and
    ``U`` or ``T`` (six digits).

    Parameters
    ----------
    motifs : MotifSet
    path : str or pathlib.Path
    names : dict, optional
        Name of each motif by its id; default its consensus.

    Examples
    --------
    >>> from combmotif.motifs import Motif, MotifSet, word_ppm
    >>> write_motif_table(MotifSet((Motif("m1", word_ppm("UGUA") * 20, 20),)), "motifs.tsv")
    >>> print(Path("motifs.tsv").read_text().splitlines()[1])
    m1	UGUA	20	1	0.010000	0.010000	0.010000	0.970000
    """
    rows = []
    for motif in motifs:
        name = (names or {}).get(motif.id) or motif.consensus(motifs.alphabet)
        for position, column in enumerate(motif.frequencies, start=1):
            rows.append((motif.id, name, motif.sites, position, *column))
    columns = [*MATRICES.names, "U" if motifs.alphabet == "rna" else "T"]
    pd.DataFrame(rows, columns=columns).to_csv(path, sep="\t", index=False, float_format="%.6f", lineterminator="\n")
