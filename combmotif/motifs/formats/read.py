"""One door for motif files of all formats, told apart by what is in them."""

from __future__ import annotations

import re
from pathlib import Path

from combmotif.motifs.formats.folders import read_folder
from combmotif.motifs.formats.h5 import read_patterns
from combmotif.motifs.formats.matrices import (
    TABLE_COLUMNS,
    parse_attract_pwm,
    parse_cisbp_pwm,
    parse_homer,
    parse_jaspar,
    parse_table,
    parse_transfac,
)
from combmotif.motifs.formats.meme import parse_meme_text
from combmotif.motifs.formats.record import Lines, MotifFile, read_text

FORMATS = ("meme", "transfac", "jaspar", "homer", "cisbp-rna", "attract", "modisco", "tsv")
"""What `read_motifs` reads; a FASTA of microRNAs and a YAML list of words are for `load_database`."""


def sniff_text(text: str) -> str:
    """Tell the format of a motif file from its text.

    Parameters
    ----------
    text : str

    Returns
    -------
    str
        One of `FORMATS`, or ``fasta`` or ``words`` (a YAML list), or ``unknown``.
    """
    lines = [line.rstrip() for line in text.splitlines()[:20000] if line.strip() and not line.lstrip().startswith("#")]
    if not lines:
        return "unknown"
    first, following = lines[0].strip(), next((line.strip() for line in lines[1:] if line.strip()), "")
    if any(re.match(r"\s*MEME version\s+\d", line) for line in lines[:200]):
        return "meme"
    if first.startswith(">"):
        header = first[1:].split("\t")
        if re.fullmatch(r"[ACGTUNacgtun]{6,}", following):
            return "fasta"
        if re.match(r"[ACGTUacgtu]\s*[:\[]|[ACGTUacgtu]\s+\d", following):
            return "jaspar"
        if len(header) > 2 and re.fullmatch(r"[ACGTUNRYSWKMBDHVacgtun]+", header[0].strip()):
            return "homer"
        if len(header) == 2 and header[1].strip().isdigit():
            return "attract"
        rows = _until_header(lines[1:])
        return "jaspar" if len(rows) == 4 else "homer" if len(header) > 2 else "unknown"
    if tuple(first.split("\t")[:7]) == TABLE_COLUMNS:
        return "tsv"
    if re.match(r"Pos\s+A\s+C\s+G\s+[UT]\b", first, re.IGNORECASE):
        return "cisbp-rna"
    if any(re.match(r"P[0O]\s+[Aa]\s+[Cc]\s+[Gg]\s+[TtUu]", line) for line in lines):
        return "transfac"
    if any(re.match(r"entries\s*:", line) for line in lines):
        return "words"
    return "unknown"


def _until_header(lines: list[str]) -> list[str]:
    rows = []
    for line in lines:
        if line.startswith(">"):
            break
        rows.append(line)
    return rows


def read_motifs(path: str | Path, *, species: str | None = None) -> MotifFile:
    """Read a motif file of any known format; U and T are the same letter.

    The format is told from the content, not from the name: MEME (versions 4 and 5), TRANSFAC, JASPAR, HOMER, CISBP-RNA
    (a folder or zip of PWMs with ``RBP_Information.txt``, or one of its PWM files), ATtRACT (a folder or zip with
    ``ATtRACT_db.txt`` and ``pwm.txt``, or ``pwm.txt`` alone), the HDF5 of TF-MoDISco-lite and combmotif, and
    the table that `write_motif_table` writes. Text may be gzipped.

    Parameters
    ----------
    path : str or pathlib.Path
        File, folder or zip.
    species : str, optional
        Only motifs of this species (``Homo_sapiens``), where the format knows species (CISBP-RNA, ATtRACT, TRANSFAC).

    Returns
    -------
    MotifFile

    Raises
    ------
    FileNotFoundError, ValueError
        If there is no such file, it is empty, of no known format or malformed; the line is named.
    """
    path = Path(path)
    if path.is_dir():
        return _of(read_folder(path, species=species), path, None)
    if not path.is_file():
        raise FileNotFoundError(f"motif file {path}: no such file")
    with path.open("rb") as raw:
        magic = raw.read(8)
    if magic[:4] == b"PK\x03\x04":
        return read_folder(path, species=species)
    if magic == b"\x89HDF\r\n\x1a\n":
        return read_patterns(path)
    text = read_text(path)
    lines, kind = Lines(text, str(path)), sniff_text(text)
    if kind == "meme":
        alphabet, records = parse_meme_text(text, str(path))
        return MotifFile("meme", alphabet, tuple(records))
    if kind == "cisbp-rna":
        record = parse_cisbp_pwm(lines, path.stem)
        if record is None:
            raise ValueError(f"motif file {path}: the matrix is empty, it has only its header")
        return MotifFile("cisbp-rna", "rna", (record,))
    parsers = {
        "transfac": parse_transfac, "jaspar": parse_jaspar, "homer": parse_homer, "attract": parse_attract_pwm,
        "tsv": parse_table,
    }  # fmt: skip
    if kind not in parsers:
        raise ValueError(
            f"motif file {path}: expected MEME, TRANSFAC, JASPAR, HOMER, CISBP-RNA, ATtRACT, TF-MoDISco HDF5 or a "
            f"table of combmotif, and it begins with {text.lstrip().splitlines()[0][:40]!r}"
        )
    return _of(parsers[kind](lines), path, species)


def _of(found: MotifFile, path: Path, species: str | None) -> MotifFile:
    """Keep the motifs of one species, where any motif of the file has one."""
    if species is None or not any(record.species for record in found.records):
        return found
    wanted = species.replace("_", " ").lower()
    kept = tuple(record for record in found.records if wanted in record.species.replace("_", " ").lower())
    if not kept:
        known = sorted({record.species for record in found.records})
        raise ValueError(f"motif file {path}: no motif of the species {species!r}; it has {', '.join(known[:5])}")
    return MotifFile(found.format, found.alphabet, kept)
