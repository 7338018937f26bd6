"""Several published databases as one file: matrices of RNA-binding proteins and microRNAs of one species."""

from __future__ import annotations

import json
import tarfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np

from combmotif.core.databases import COLLECTIONS, PUBLISHED_DATABASES
from combmotif.core.download import record_sha256, recorded_sha256, sha256_of
from combmotif.core.files import atomic
from combmotif.motifs.formats.folders import DAMAGE
from combmotif.motifs.formats.read import is_archive, read_motifs
from combmotif.motifs.matching.mirna import SeedFamily, read_mature, seed_families
from combmotif.sequence.names import UniqueNames

_FORMAT = "combmotif collection 1"
_FASTA = (".fa", ".fasta", ".fa.gz", ".fasta.gz")
_SAME = 3
"""Decimals to which two matrices must agree to be one."""


class CollectedMatrix(NamedTuple):
    """A matrix and the published database it is from."""

    id: str
    name: str
    source: str
    nsites: float | None
    ppm: np.ndarray


@dataclass(frozen=True)
class CollectedMotifs:
    """What a collection holds.

    Attributes
    ----------
    name, species : str
    matrices : tuple of CollectedMatrix
    micrornas : tuple of SeedFamily
    citations : dict of source to str
    counts : dict of source to int
        Matrices (or microRNAs) of each that are in it, without those that an earlier source has.
    """

    name: str
    species: str
    matrices: tuple[CollectedMatrix, ...]
    micrornas: tuple[SeedFamily, ...]
    citations: dict[str, str]
    counts: dict[str, int]

    def of(self, species: str) -> bool:
        """Whether a species, as Latin name or by the letters of its microRNAs, is that of the collection."""
        prefixes = {name.split("-")[0] for family in self.micrornas for name in family.names}
        return _plain(species) == _plain(self.species) or species in prefixes


def _plain(species: str) -> str:
    return species.replace("_", " ").strip().lower()


def find_sources(folder: str | Path, name: str = "rbp") -> dict[str, Path]:
    """Find the sources of a collection among the files of a folder, by what they hold.

    Parameters
    ----------
    folder : path
        Holds an ATtRACT download (ATtRACT_db.txt and pwm.txt), a CISBP-RNA download (RBP_Information.txt and a folder
        of PWMs), each as a folder or an archive, and miRBase's ``mature.fa``; any of them.
    name : str, default "rbp"

    Returns
    -------
    dict of source to path
        In the order of the collection.

    Raises
    ------
    ValueError
        If it holds none of them.
    """
    root = Path(folder)
    if not root.is_dir():
        raise ValueError(f"--from {root}: expected a folder of downloaded databases, found none there")
    found: dict[str, Path] = {}
    for path in (root, *sorted(root.iterdir())):
        source = _source_of(path)
        if source:
            found.setdefault(source, path)
    if not found:
        raise ValueError(
            f"--from {root}: expected ATtRACT (ATtRACT_db.txt and pwm.txt), CISBP-RNA (RBP_Information.txt and a "
            f"folder of PWMs) or miRBase (mature.fa), as files, folders or archives, found none of them"
        )
    return {source: found[source] for source in COLLECTIONS[name].sources if source in found}


def _source_of(path: Path) -> str:
    if path.is_file() and path.name.lower().startswith("mature") and path.name.lower().endswith(_FASTA):
        return "mirbase"
    if path.is_dir():
        names = [entry.name for entry in path.iterdir()]
    elif path.is_file() and is_archive(path):
        try:
            packed = zipfile.is_zipfile(path)
            names = zipfile.ZipFile(path).namelist() if packed else tarfile.open(path).getnames()  # noqa: SIM115
        except DAMAGE:
            return ""
    else:
        return ""
    held = {PurePosixPath(one).name.lower() for one in names}
    if {"attract_db.txt", "pwm.txt"} <= held:
        return "attract-zip"
    if {"rbp_information.txt", "rbp_information_all_motifs.txt"} & held:
        return "cisbp-rna-human"
    return ""


def build_collection(
    sources: Mapping[str, Path], out: str | Path, *, name: str = "rbp", species: str = "Homo_sapiens"
) -> CollectedMotifs:
    """Read the sources of a collection, keep one species and one of equal matrices, and write it as one file.

    Parameters
    ----------
    sources : mapping of source to path
        As `find_sources` gives them.
    out : path
        The file; its SHA-256 is kept beside it, and compared when it is read.
    name : str, default "rbp"
    species : str, default "Homo_sapiens"
        Latin name.

    Returns
    -------
    CollectedMotifs

    Raises
    ------
    ValueError
        If a source cannot be read, or has nothing of the species.
    """
    matrices: list[CollectedMatrix] = []
    families: list[SeedFamily] = []
    told, counts = {}, {}
    seen: set[tuple[int, bytes]] = set()
    unique = UniqueNames()
    for source, path in sources.items():
        if source == "mirbase":
            micrornas = read_mature(path, species=species)
            families = seed_families(micrornas)
            counts[source] = len(micrornas)
        else:
            before = len(matrices)
            for record in read_motifs(path, species=species).records:
                key = (len(record.ppm), (record.ppm.round(_SAME) + 0.0).tobytes())
                if key not in seen:
                    seen.add(key)
                    matrices.append(CollectedMatrix(unique(record.id), record.name, source, record.nsites, record.ppm))
            counts[source] = len(matrices) - before
        known = PUBLISHED_DATABASES[source]
        told[source] = {"citation": known.citation, "licence": known.licence, "elements": counts[source]}
        if path.is_file():
            told[source]["sha256"] = sha256_of(path)
    content = {
        "format": _FORMAT,
        "name": name,
        "species": species,
        "sources": told,
        "matrices": [[m.id, m.name, m.source, m.nsites, m.ppm.round(6).tolist()] for m in matrices],
        "micrornas": [[family.seed, list(family.names)] for family in families],
    }
    target = Path(out)
    target.parent.mkdir(parents=True, exist_ok=True)
    with atomic(target) as temporary:
        temporary.write_text(json.dumps(content) + "\n", encoding="utf-8")
    record_sha256(target)
    return read_collection(target)


def is_collection(path: Path) -> bool:
    """Whether a file is a collection."""
    with path.open("rb") as stream:
        return stream.read(len(_FORMAT) + 14).startswith(f'{{"format": "{_FORMAT}'.encode())


def read_collection(path: str | Path) -> CollectedMotifs:
    """Read the file of a collection.

    Raises
    ------
    ValueError
        If it was changed since it was made, or is damaged.
    """
    path = Path(path)
    expected = recorded_sha256(path)
    if expected and sha256_of(path) != expected:
        raise ValueError(
            f"motif database {path}: its SHA-256 is not the one kept in {path.name}.sha256; fetch it again"
        )
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        matrices = tuple(
            CollectedMatrix(id_, shown, source, nsites, ppm / ppm.sum(1, keepdims=True))
            for id_, shown, source, nsites, ppm in (
                (*row[:4], np.asarray(row[4], dtype=float)) for row in content["matrices"]
            )
        )
        families = tuple(SeedFamily(seed, tuple(names)) for seed, names in content["micrornas"])
        sources = content["sources"]
        citations = {source: str(about["citation"]) for source, about in sources.items()}
        counts = {source: int(about["elements"]) for source, about in sources.items()}
        return CollectedMotifs(content["name"], content["species"], matrices, families, citations, counts)
    except (ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        raise ValueError(
            f"motif database {path}: the file is damaged ({type(error).__name__}); fetch it again"
        ) from None
