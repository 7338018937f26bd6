"""Databases of several files: CISBP-RNA, CIS-BP, ATtRACT and single matrices, as a folder, zip or tar."""

from __future__ import annotations

import csv
import io
import tarfile
import warnings
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from combmotif.core.packed import require_sane_size
from combmotif.motifs.formats.matrices import parse_cisbp_pwm
from combmotif.motifs.formats.pfm import parse_attract_pwm
from combmotif.motifs.formats.record import (
    BinaryFileError,
    EmptyFileError,
    Lines,
    MotifFile,
    MotifRecord,
    decode_text,
    is_tar,
    unique_records,
)
from combmotif.motifs.formats.text import parse_text

_ATTRACT = {"Gene_name", "Mutated", "Organism", "Matrix_id"}
_SINGLE = (".txt", ".meme", ".jaspar", ".pfm", ".pcm", ".ppm", ".pwm", ".motif", ".homer", ".tf", ".transfac")
DAMAGE = (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError)
"""What readers of damaged archives raise."""


def read_folder(path: Path, *, species: str | None = None) -> MotifFile:
    """Read a CISBP-RNA, CIS-BP or ATtRACT download, or single matrices, told apart by the files; see `read_motifs`."""
    names, read = _open(path)
    names = [name for name in names if not _hidden(name)]
    files = {PurePosixPath(name).name.lower(): name for name in sorted(names, reverse=True)}
    if "attract_db.txt" in files and "pwm.txt" in files:
        return _attract(path, files, read, species)
    for protein in ("RBP", "TF"):
        for table in (f"{protein}_information_all_motifs.txt", f"{protein}_information.txt"):
            if table.lower() in files:
                return _cisbp(path, names, files[table.lower()], protein, read, species)
    return _singles(path, names, read)


def _hidden(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return parts[-1].startswith(".") or "__MACOSX" in parts


def _open(path: Path) -> tuple[list[str], Callable[[str], bytes]]:
    """List the files of a folder, zip or tar, and give a function that reads one."""
    if path.is_dir():
        names = [str(file.relative_to(path).as_posix()) for file in sorted(path.rglob("*")) if file.is_file()]
        return names, lambda name: (path / name).read_bytes()
    kind = "tar" if not zipfile.is_zipfile(path) and is_tar(path) else "zip"
    try:
        if kind == "tar":
            packed = tarfile.open(path)  # noqa: SIM115 read until the process ends
            members = {}
            for member in packed:  # one after the other: an archive made to fill a memory is not unpacked to its end
                if member.isfile():
                    members[member.name] = member
                require_sane_size(packed.offset, path.stat().st_size, f"motif archive {path}")
            names = list(members)

            def extract(name: str) -> bytes:
                stream = packed.extractfile(members[name])
                return stream.read() if stream is not None else b""
        else:
            archive = zipfile.ZipFile(path)
            names = [info.filename for info in archive.infolist() if not info.is_dir()]
            whole = sum(info.file_size for info in archive.infolist())
            require_sane_size(whole, path.stat().st_size, f"motif archive {path}")

            def extract(name: str) -> bytes:
                return archive.read(name)
    except DAMAGE as error:
        raise ValueError(f"motif archive {path}: the {kind} is damaged ({error})") from None

    def read(name: str) -> bytes:
        try:
            return extract(name)
        except DAMAGE as error:
            raise ValueError(f"motif archive {path}: {name} in it is damaged ({error})") from None

    return names, read


def _singles(path: Path, names: list[str], read: Callable[[str], bytes]) -> MotifFile:
    """Read files of one matrix each, all of one format; of a folder only those directly in it."""
    found: list[tuple[str, MotifFile]] = []
    others: list[str] = []
    for name in sorted(names):
        place = PurePosixPath(name)
        if place.suffix.lower() not in _SINGLE or (path.is_dir() and len(place.parts) > 1):
            continue
        raw = read(name)
        try:
            text = decode_text(raw, f"{path}/{name}")
            motifs = parse_text(text, f"{path}/{name}", place.stem)
        except (EmptyFileError, BinaryFileError):
            motifs = None
        if motifs is not None:
            found.append((name, motifs))
        else:
            others.append(name)
    if not found:
        if "run.json" in names:
            raise ValueError(f"motif folder {path}: it is a run; give its motifs, {path}/motifs/METHOD.meme")
        shown = ", ".join(sorted(PurePosixPath(name).name for name in names)[:5])
        raise ValueError(
            f"motif folder {path}: expected CISBP-RNA (RBP_Information.txt and a folder of PWMs), ATtRACT "
            f"(ATtRACT_db.txt and pwm.txt) or files of one matrix each ({', '.join(_SINGLE)}), found "
            f"{shown or 'nothing'}"
        )
    if others:
        warnings.warn(
            f"{path}: {len(others)} of {len(found) + len(others)} files hold no matrix and were left out: "
            f"{', '.join(others[:5])}{', ...' if len(others) > 5 else ''}",
            stacklevel=4,
        )
    if len(found) == 1:
        return found[0][1]
    several = [f"{name} ({len(motifs.records)})" for name, motifs in found if len(motifs.records) > 1]
    if several:
        raise ValueError(
            f"motif folder {path}: expected files of one matrix each, found files of several: "
            f"{', '.join(several[:4])}{', ...' if len(several) > 4 else ''}; give one of these files"
        )
    formats = Counter(motifs.format for _, motifs in found)
    if len(formats) > 1:
        shown = ", ".join(f"{kind} {count}" for kind, count in formats.most_common())
        raise ValueError(f"motif folder {path}: expected files of one format, found {shown}; give a folder of one")
    alphabet = "rna" if any(motifs.alphabet == "rna" for _, motifs in found) else "dna"
    records = unique_records([motifs.records[0] for _, motifs in found], f"motif folder {path}")
    return MotifFile(found[0][1].format, alphabet, records)


def _table(text: str, source: str, needed: set[str]) -> list[dict[str, str]]:
    """Read a tab-separated table; of columns named alike the first counts."""
    rows = list(csv.reader(io.StringIO(text), delimiter="\t"))
    header = rows[0]
    if not needed <= set(header):
        raise ValueError(
            f"motif file {source}, line 1: expected the columns {', '.join(sorted(needed))}, got {', '.join(header)}"
        )
    places = {name: header.index(name) for name in header}
    return [{name: row[at] for name, at in places.items() if at < len(row)} for row in rows[1:] if any(row)]


def _fits(found: str, species: str | None) -> bool:
    return species is None or found.replace(" ", "_").lower() == species.replace(" ", "_").lower()


def _refuse_species(path: Path, species: str | None, known: set[str]) -> ValueError:
    shown = ", ".join(sorted(known)[:5]) + (", ..." if len(known) > 5 else "")
    return ValueError(f"motif database {path}: no motif of the species {species!r}; it has {shown or 'none'}")


def _cisbp(
    path: Path, names: list[str], source: str, protein: str, read: Callable[[str], bytes], species: str | None
) -> MotifFile:
    """Name every matrix by the proteins it was measured for; those inferred only stand in brackets."""
    called, kind, status = f"{protein}_Name", f"{protein}_Species", f"{protein}_Status"
    rows = _table(decode_text(read(source), f"{path}/{source}"), f"{path}/{source}", {"Motif_ID", called, status})
    direct: dict[str, list[str]] = {}
    inferred: dict[str, list[str]] = {}
    organism: dict[str, str] = {}
    for row in rows:
        motif = row["Motif_ID"]
        if motif in ("", ".") or not _fits(row.get(kind, ""), species):
            continue
        group = direct if row[status] == "D" else inferred
        if row[called] not in group.setdefault(motif, []):
            group[motif].append(row[called])
        organism.setdefault(motif, row.get(kind, ""))
    if species is not None and not (direct or inferred):
        raise _refuse_species(path, species, {row.get(kind, "") for row in rows})
    base = PurePosixPath(source).parent
    matrices = [
        name
        for name in names
        if name.endswith(".txt") and "pwm" in PurePosixPath(name).parent.name.lower()
        and base in PurePosixPath(name).parents
    ]  # fmt: skip
    if not matrices:
        raise ValueError(f"motif folder {path}: expected matrices in a folder pwms or pwms_all_motifs, found none")
    records: list[MotifRecord] = []
    empty: list[str] = []
    for name in sorted(matrices, key=lambda name: PurePosixPath(name).name):
        identifier = PurePosixPath(name).stem
        if species is not None and identifier not in direct and identifier not in inferred:
            continue
        shown = ",".join(direct.get(identifier, [])) or ",".join(sorted(inferred.get(identifier, [])))
        shown = f"({shown})" if shown and identifier not in direct else shown
        record = parse_cisbp_pwm(Lines(decode_text(read(name), f"{path}/{name}"), f"{path}/{name}"), identifier)
        if record is None:
            empty.append(identifier)
            continue
        if any(record.id == other.id for other in records):  # the same matrix in two folders
            continue
        records.append(record._replace(name=shown or identifier, species=organism.get(identifier, "")))
    if empty:
        warnings.warn(
            f"{path}: {len(empty)} of {len(matrices)} matrices are empty (header only) and were left out: "
            f"{', '.join(empty[:5])}{', ...' if len(empty) > 5 else ''}",
            stacklevel=4,
        )
    if not records:
        raise ValueError(f"motif folder {path}: none of the {len(matrices)} matrices has a position")
    return MotifFile("cisbp-rna", "rna" if protein == "RBP" else "dna", tuple(records))


def _attract(path: Path, files: dict[str, str], read: Callable[[str], bytes], species: str | None) -> MotifFile:
    """Name every matrix by its genes; matrices of mutated proteins only are left out."""
    source, pwm = files["attract_db.txt"], files["pwm.txt"]
    rows = _table(decode_text(read(source), f"{path}/{source}"), f"{path}/{source}", _ATTRACT)
    genes: dict[str, list[str]] = {}
    organism: dict[str, str] = {}
    for row in rows:
        if row["Mutated"].lower() == "yes" or not _fits(row["Organism"], species):
            continue
        names = genes.setdefault(row["Matrix_id"].strip(), [])
        if row["Gene_name"].strip() not in names:
            names.append(row["Gene_name"].strip())
        organism.setdefault(row["Matrix_id"].strip(), row["Organism"])
    if species is not None and not genes:
        raise _refuse_species(path, species, {row["Organism"] for row in rows})
    matrices = parse_attract_pwm(Lines(decode_text(read(pwm), f"{path}/{pwm}"), f"{path}/{pwm}"))
    records = tuple(
        record._replace(name=",".join(genes[record.name]), species=organism[record.name])
        for record in matrices.records
        if record.name in genes
    )
    if not records:
        raise ValueError(f"motif folder {path}: no matrix of {pwm} is named in {source} (column Matrix_id)")
    return MotifFile("attract", "rna", records)
