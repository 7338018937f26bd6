"""One door for motif files of all formats, told apart by what is in them."""

from __future__ import annotations

import zipfile
from pathlib import Path

from combmotif.motifs.formats.folders import read_folder
from combmotif.motifs.formats.h5 import read_patterns
from combmotif.motifs.formats.record import MotifFile, is_tar, read_text
from combmotif.motifs.formats.text import parse_text

FORMATS = ("meme", "transfac", "jaspar", "cluster-buster", "homer", "cisbp-rna", "attract", "modisco", "tsv")
"""What `read_motifs` reads; a FASTA of microRNAs and a YAML list of words are for `load_database`."""


def is_archive(path: Path) -> bool:
    """Tell whether a file is a zip or a tar (gzipped or not), of which `read_motifs` reads the members."""
    return zipfile.is_zipfile(path) or _starts(path, b"PK\x03\x04") or is_tar(path)


def _starts(path: Path, magic: bytes) -> bool:
    with path.open("rb") as raw:
        return raw.read(len(magic)) == magic


def read_motifs(path: str | Path, *, species: str | None = None) -> MotifFile:
    """Read a motif file of any known format; U and T are the same letter.

    The format is told from the content, not from the name: MEME (versions 4 and 5), TRANSFAC (mCross's as well),
    JASPAR, Cluster-Buster (and what looks alike: gimmemotifs, HOCOMOCO, ENCODE), HOMER, CISBP-RNA (a folder or zip of
    PWMs with ``RBP_Information.txt``, or one of its PWM files), ATtRACT (a folder or zip with ``ATtRACT_db.txt`` and
    ``pwm.txt``, or ``pwm.txt`` alone), the HDF5 of TF-MoDISco-lite and combmotif, and the table that
    `write_motif_table` writes. Text may be gzipped. A folder, zip or tar of single files of one of the text formats, as
    JASPAR and CIS-BP offer them, is read as one.

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
        If there is no such file, it is empty, of no known format or malformed; the line is named. An identifier that
        occurs again is no error: it gets _2, _3, ..., with a warning.

    Examples
    --------
    >>> _ = Path("pum.jaspar").write_text(">M1 PUM\\n0 0 9\\n0 0 0\\n0 9 0\\n9 0 0\\n")
    >>> [(record.id, record.name, len(record.ppm)) for record in read_motifs("pum.jaspar").records]
    [('M1', 'PUM', 3)]
    """
    path = Path(path)
    if path.is_dir():
        return _of(read_folder(path, species=species), path, None)
    if path.is_file():  # a pipe is text, and is read once
        if is_archive(path):
            return _of(read_folder(path, species=species), path, None)
        if _starts(path, b"\x89HDF\r\n\x1a\n"):
            return read_patterns(path)
    text = read_text(path)
    found = parse_text(text, str(path), path.stem)
    if found is None:
        raise ValueError(
            f"motif file {path}: expected MEME, TRANSFAC, JASPAR, Cluster-Buster, HOMER, CISBP-RNA, ATtRACT, "
            f"TF-MoDISco HDF5 or a table of combmotif, and it begins with {text.lstrip().splitlines()[0][:40]!r}"
        )
    return _of(found, path, species)


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
