"""Databases of several files: CISBP-RNA and ATtRACT, as a folder or the zip they are downloaded as."""

from __future__ import annotations

import csv
import io
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from combmotif.motifs.formats.matrices import parse_attract_pwm, parse_cisbp_pwm
from combmotif.motifs.formats.record import Lines, MotifFile, MotifRecord, decode_text

_ATTRACT = {"Gene_name", "Mutated", "Organism", "Matrix_id"}
_CISBP = {"Motif_ID", "RBP_Name", "RBP_Status"}


def read_folder(path: Path, *, species: str | None = None) -> MotifFile:
    """Read a CISBP-RNA or ATtRACT download, told apart by the files in it; see `read_motifs`."""
    names, read = _open(path)
    files = {PurePosixPath(name).name.lower(): name for name in sorted(names, reverse=True)}
    if "attract_db.txt" in files and "pwm.txt" in files:
        return _attract(path, files, read, species)
    if "rbp_information_all_motifs.txt" in files or "rbp_information.txt" in files:
        return _cisbp(path, names, files, read, species)
    raise ValueError(
        f"motif folder {path}: expected CISBP-RNA (RBP_Information.txt and a folder of PWMs) or ATtRACT "
        f"(ATtRACT_db.txt and pwm.txt), found {', '.join(sorted(files)[:5]) or 'nothing'}"
    )


def _open(path: Path) -> tuple[list[str], Callable[[str], bytes]]:
    """List the files of a folder or zip, and give a function that reads one."""
    if path.is_dir():
        names = [str(file.relative_to(path).as_posix()) for file in sorted(path.rglob("*")) if file.is_file()]
        return names, lambda name: (path / name).read_bytes()
    try:
        archive = zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise ValueError(f"motif archive {path}: the zip is damaged ({error})") from None
    return [info.filename for info in archive.infolist() if not info.is_dir()], archive.read


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
    path: Path, names: list[str], files: dict[str, str], read: Callable[[str], bytes], species: str | None
) -> MotifFile:
    """Name every matrix by the proteins it was measured for; those inferred only stand in brackets."""
    source = files.get("rbp_information_all_motifs.txt") or files["rbp_information.txt"]
    rows = _table(decode_text(read(source), f"{path}/{source}"), f"{path}/{source}", _CISBP)
    direct: dict[str, list[str]] = {}
    inferred: dict[str, list[str]] = {}
    family: dict[str, str] = {}
    organism: dict[str, str] = {}
    for row in rows:
        motif = row["Motif_ID"]
        if motif in ("", ".") or not _fits(row.get("RBP_Species", ""), species):
            continue
        group = direct if row["RBP_Status"] == "D" else inferred
        if row["RBP_Name"] not in group.setdefault(motif, []):
            group[motif].append(row["RBP_Name"])
        family.setdefault(motif, row.get("Family_Name", ""))
        organism.setdefault(motif, row.get("RBP_Species", ""))
    if species is not None and not (direct or inferred):
        raise _refuse_species(path, species, {row.get("RBP_Species", "") for row in rows})
    matrices = [
        name
        for name in names
        if name.endswith(".txt") and "pwm" in PurePosixPath(name).parent.name.lower()
        and not PurePosixPath(name).name.startswith(".")
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
    return MotifFile("cisbp-rna", "rna", tuple(records))


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
        record._replace(name=",".join(genes[record.id]), species=organism[record.id])
        for record in matrices.records
        if record.id in genes
    )
    if not records:
        raise ValueError(f"motif folder {path}: no matrix of {pwm} is named in {source} (column Matrix_id)")
    return MotifFile("attract", "rna", records)
