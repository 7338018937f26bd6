"""Motif files of text: told apart by what is in them, and read."""

from __future__ import annotations

import re
from collections.abc import Callable

from combmotif.core.tables import MATRICES
from combmotif.motifs.formats.matrices import (
    parse_cisbp_pwm,
    parse_table,
    parse_transfac,
)
from combmotif.motifs.formats.meme import parse_meme_text
from combmotif.motifs.formats.pfm import parse_attract_pwm, parse_homer, parse_jaspar
from combmotif.motifs.formats.record import EmptyFileError, Lines, MotifFile

_PARSERS: dict[str, Callable[[Lines], MotifFile]] = {
    "transfac": parse_transfac,
    "jaspar": parse_jaspar,
    "homer": parse_homer,
    "attract": parse_attract_pwm,
    "tsv": parse_table,
}


def parse_text(text: str, source: str, stem: str) -> MotifFile | None:
    """Read the text of a motif file of any format.

    Parameters
    ----------
    text : str
    source : str
        What errors call it.
    stem : str
        Identifier of a matrix whose file gives it none (CISBP-RNA).

    Returns
    -------
    MotifFile or None
        None where the text is of no known format, or is of words or microRNAs (see `sniff_text`).

    Raises
    ------
    ValueError
        If it is malformed; the line is named.
    """
    lines, kind = Lines(text, source), sniff_text(text)
    if kind == "meme":
        alphabet, records = parse_meme_text(text, source)
        return MotifFile("meme", alphabet, tuple(records))
    if kind == "cisbp-rna":
        record = parse_cisbp_pwm(lines, stem)
        if record is None:
            raise EmptyFileError(f"motif file {source}: the matrix is empty, it has only its header")
        return MotifFile("cisbp-rna", "rna" if re.search(r"\bU\b", text.lstrip()[:40].upper()) else "dna", (record,))
    return _PARSERS[kind](lines) if kind in _PARSERS else None


def sniff_text(text: str) -> str:
    """Tell the format of a motif file from its text.

    Parameters
    ----------
    text : str

    Returns
    -------
    str
        One of `FORMATS` (``jaspar`` for Cluster-Buster's as well), ``fasta``, ``words`` (a YAML list) or ``unknown``.
    """
    lines = [
        line.rstrip()
        for line in re.split("\r\n|\r|\n", text)[:20000]
        if line.strip() and not line.lstrip().startswith("#")
    ]
    if not lines:
        return "unknown"
    first, following = lines[0].strip(), next((line.strip() for line in lines[1:] if line.strip()), "")
    if any(re.match(r"\s*MEME version\s+\d", line) for line in lines[:200]):
        return "meme"
    if first.startswith(">"):
        header = first[1:].split("\t")
        if re.fullmatch(r"[ACGTUNacgtun]{6,}", following):
            return "fasta"
        if len(header) > 2 and re.fullmatch(r"[ACGTUNRYSWKMBDHVacgtun]+", header[0].strip()):
            return "homer"
        if len(header) == 2 and header[1].strip().isdecimal():
            return "attract"
        return "jaspar" if re.match(r"([A-Za-z](\s*[:|\[]|\s))?\s*\[?\s*[-+.\d]", following) else "unknown"
    if first.split("\t")[:7] == MATRICES.names:
        return "tsv"
    if re.match(r"Pos\s+A\s+C\s+G\s+[UT]\b", first, re.IGNORECASE):
        return "cisbp-rna"
    if any(re.match(r"P[0O](\s+[ACGTUacgtu]){4}\b", line) for line in lines):
        return "transfac"
    if any(re.match(r"entries\s*:", line) for line in lines):
        return "words"
    return "unknown"
