"""Known elements to match motifs against: our own list of words, a motif file, or microRNAs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from combmotif.core.databases import COLLECTIONS, PUBLISHED_DATABASES
from combmotif.core.download import cache_folder
from combmotif.core.files import reading
from combmotif.core.plain_yaml import parse_yaml, show
from combmotif.core.resources import resource_path
from combmotif.motifs.formats.read import is_archive, read_motifs
from combmotif.motifs.formats.record import read_text
from combmotif.motifs.formats.text import sniff_text
from combmotif.motifs.matching.collection import is_collection, read_collection
from combmotif.motifs.matching.mirna import (
    SITE_TYPES,
    SeedFamily,
    check_site_types,
    family_name,
    read_mature,
    seed_families,
    site_word,
)
from combmotif.sequence.alphabet import IUPAC, iupac_sets

KINDS = {
    "translation": "translation signal",
    "splicing": "splicing signal",
    "processing": "3' end processing signal",
    "decay": "decay signal",
    "modification": "RNA modification",
    "structure": "structural element",
    "rbp": "RNA-binding protein",
    "mirna": "microRNA",
    "tf": "transcription factor",
}
"""Kinds of element in words; a list of one's own may have others."""

SOFTENING = 0.04
_HDF5 = b"\x89HDF"
MIRNA_CITATION = "Bartel DP. Cell 2009;136:215"
_KEYS = {"id", "name", "word", "kind", "family", "citation", "place"}


@dataclass(frozen=True)
class DatabaseEntry:
    """One known element.

    Attributes
    ----------
    id, name : str
    ppm : float array, shape (length, 4)
        Probabilities, rows sum to 1.
    kind : str
        One of `KINDS`, another of the list the element is from, or empty where a database does not say it.
    family : str
        Elements read by the same protein family or machinery; the name where unknown.
    citation : str
    word : str
        The IUPAC word the entry was made from; empty for a measured matrix. Words are matched by
        `combmotif.motifs.word.word_test`, matrices by Tomtom.
    sites : float or None
        Sites behind a measured matrix, where the file says so.
    species : str
        Where the database says so.
    place : str
        ``start`` where the element counts at the very 5' end of a sequence only, as a TOP does: scans look there only.
        Empty: anywhere.
    """

    id: str
    name: str
    ppm: np.ndarray
    kind: str = ""
    family: str = ""
    citation: str = ""
    word: str = ""
    sites: float | None = None
    species: str = ""
    place: str = ""


@dataclass(frozen=True)
class Database:
    """Known elements from one source, in its order.

    Attributes
    ----------
    name : str
    entries : tuple of DatabaseEntry
    alphabet : str
        ``rna`` or ``dna``.
    """

    name: str
    entries: tuple[DatabaseEntry, ...]
    alphabet: str = "rna"

    def __len__(self) -> int:
        return len(self.entries)


def load_database(spec: str | Path, *, species: str | None = None, sites: Sequence[str] = ("7mer-m8",)) -> Database:
    """Load the built-in list of RNA elements, or a motif file of any format.

    Parameters
    ----------
    spec : str or pathlib.Path
        ``"builtin"`` for the words in ``resources/motifs/rna_elements.yaml`` (start and stop codons, poly(A) signals,
        AU-rich elements, splice sites, sites of RNA-binding proteins and microRNAs), the name of a database that
        ``combmotif fetch`` brought (``"attract"``), or a path: whatever `combmotif.motifs.read_motifs` reads, a YAML
        file in the form of the built-in list, or mature microRNAs in FASTA, of which the target sites are taken.
    species : str, optional
        Only the elements of this species (``Homo_sapiens``; ``hsa`` for microRNAs), where a database knows species; the
        built-in list and MEME files do not, and are taken whole.
    sites : sequence of str, default ("7mer-m8",)
        Of microRNAs: types of site, see `combmotif.motifs.matching.mirna.SITE_TYPES`.

    Returns
    -------
    Database

    Raises
    ------
    FileNotFoundError, ValueError
        If there is no such file, or it does not hold motifs; the line or entry is named.

    Examples
    --------
    >>> from combmotif.motifs import load_database
    >>> len(load_database("builtin")) > 50
    True
    """
    if not str(spec):
        raise ValueError("motif database: expected 'builtin', a name or a path, found nothing")
    if str(spec) == "builtin":
        return _words(resource_path("motifs", "rna_elements.yaml"), "builtin")
    path = database_path(spec)
    if not path.is_file() and not path.is_dir():
        raise ValueError(f"motif database {path}: expected a file or folder, found a pipe or device; save it as a file")
    with reading(path, "motifs"):
        return _load(path, species=species, sites=sites)


def _load(path: Path, *, species: str | None, sites: Sequence[str]) -> Database:
    if path.is_file() and is_collection(path):
        return _collected(path, species, sites)
    name = re.sub(r"(\.(meme|tf|transfac|jaspar|motifs?|h5|hdf5|txt|tsv|fa|fasta|zip|ya?ml))?(\.gz)?$", "", path.name)
    if path.is_file():
        kind = "" if _binary(path) else sniff_text(read_text(path))
        if kind == "fasta":
            return _micrornas(path, name, species, sites)
        if kind == "words" or path.suffix in (".yaml", ".yml"):
            return _words(path, name)
    found = read_motifs(path, species=species)
    entries = tuple(
        DatabaseEntry(r.id, r.name, r.ppm, family=r.name, sites=r.nsites, species=r.species) for r in found.records
    )
    return Database(name, entries, found.alphabet)


def of_kinds(databases: Sequence[Database], kinds: Sequence[str], *, name: str = "kinds") -> list[Database]:
    """Keep the elements of some kinds, and those of which a database does not say what they are.

    Parameters
    ----------
    databases : sequence of Database
    kinds : sequence of str
        Of `KINDS`, or another that an element of the databases has.
    name : str, default "kinds"
        What an error calls them.

    Returns
    -------
    list of Database
        In the same order; one may be left without elements.

    Raises
    ------
    ValueError
        If no element can be of a kind; those that are known are listed.
    """
    known = sorted({*KINDS, *(entry.kind for database in databases for entry in database.entries if entry.kind)})
    unknown = [kind for kind in kinds if kind not in known]
    if unknown or not kinds:
        raise ValueError(
            f"{name}: expected kinds of element among {', '.join(known)}, found {', '.join(unknown) or 'none'}"
        )
    wanted = {"", *kinds}
    return [
        replace(database, entries=tuple(entry for entry in database.entries if entry.kind in wanted))
        for database in databases
    ]


def database_path(spec: str | Path) -> Path:
    """Find a database by its path or by the name it is fetched by.

    Raises
    ------
    FileNotFoundError
        If there is neither; says how to fetch it where the name is a published one.
    """
    path = Path(spec)
    if path.exists():
        return path
    name = str(spec)
    if name not in PUBLISHED_DATABASES and name not in COLLECTIONS:
        raise FileNotFoundError(
            f"motif database {name!r}: no such file; give 'builtin' or the path of a motif file (or fetch one: "
            f"{', '.join((*COLLECTIONS, *PUBLISHED_DATABASES))})"
        )
    known = PUBLISHED_DATABASES.get(name)
    fetched = COLLECTIONS[name].path if known is None else cache_folder() / known.name / known.file
    if not fetched.is_file():
        raise FileNotFoundError(f"motif database {str(spec)!r}: not fetched yet; run: combmotif fetch {spec}")
    return fetched


def read_micrornas(spec: str | Path, *, species: str | None = None) -> list[SeedFamily] | None:
    """Read mature microRNAs from FASTA, grouped by seed; None where `spec` is another kind of database."""
    if str(spec) == "builtin":
        return None
    path = database_path(spec)
    if not path.is_file():
        return None
    with reading(path, "motifs"):
        if _binary(path) or sniff_text(read_text(path)) != "fasta":
            return None
        return seed_families(read_mature(path, species=species))


def _binary(path: Path) -> bool:
    with path.open("rb") as raw:
        return raw.read(len(_HDF5)) == _HDF5 or is_archive(path)


def _collected(path: Path, species: str | None, sites: Sequence[str]) -> Database:
    """Read a collection: matrices of proteins, then the target sites of microRNAs."""
    found = read_collection(path)
    if species is not None and not found.of(species):
        raise ValueError(f"motif database {path}: it is of {found.species}, not of {species}; fetch that one")
    entries = [
        DatabaseEntry(
            r.id, r.name, r.ppm, "rbp", r.name, found.citations[r.source], sites=r.nsites, species=found.species
        )
        for r in found.matrices
    ]
    return Database(found.name, (*entries, *_site_entries(found.micrornas, sites, found.species)), "rna")


def _micrornas(path: Path, name: str, species: str | None, sites: Sequence[str]) -> Database:
    families = seed_families(read_mature(path, species=species))
    return Database(name, tuple(_site_entries(families, sites, species or "")), "rna")


def _site_entries(families: Sequence[SeedFamily], sites: Sequence[str], species: str) -> list[DatabaseEntry]:
    """Target sites of microRNAs; sites that are spelled alike are one entry."""
    check_site_types(sites)
    groups: dict[tuple[str, str], list[str]] = {}
    for seeds in families:
        for site in SITE_TYPES:
            if site in sites:
                groups.setdefault((site_word(seeds.seed, site), site), []).extend(seeds.names)
    entries = []
    for (word, site), names in groups.items():
        family = family_name(names)
        shown = family if tuple(sites) == ("7mer-m8",) else f"{family} ({site})"
        entries.append(
            DatabaseEntry(
                f"{word}:{site}", shown, word_ppm(word), "mirna", family, MIRNA_CITATION, word, species=species
            )
        )  # fmt: skip
    return entries


def word_ppm(word: str) -> np.ndarray:
    """Turn an IUPAC word into probabilities: 4 % spread over all bases, the rest over the allowed ones; (length, 4).

    Parameters
    ----------
    word : str
        IUPAC letters.

    Returns
    -------
    float array, shape (length, 4)

    Examples
    --------
    >>> word_ppm("AR").round(2)
    array([[0.97, 0.01, 0.01, 0.01],
           [0.49, 0.01, 0.49, 0.01]])
    """
    allowed = iupac_sets(word)
    return SOFTENING / 4 + (1 - SOFTENING) * allowed / allowed.sum(1, keepdims=True)


def _words(path: Path, name: str) -> Database:
    # Every value is text: an id 007 is no number, and NO is a word.
    content = parse_yaml(read_text(path), name=f"motif database {path}", as_text=True)
    if not isinstance(content, dict) or not isinstance(content.get("entries"), list):
        raise ValueError(f"motif database {path}: expected a list under the key 'entries'")
    citations, alphabet = content.get("citations") or {}, content.get("alphabet", "rna")
    if not isinstance(citations, dict):
        raise ValueError(
            f"motif database {path}: citations: expected a mapping of names to texts, got {show(citations)}"
        )
    if alphabet not in ("rna", "dna"):
        raise ValueError(f"motif database {path}: alphabet: expected rna or dna, got {show(alphabet)}")
    entries, seen = [], set()
    for number, item in enumerate(content["entries"], start=1):
        if not isinstance(item, dict) or not {"id", "word"} <= set(item) <= _KEYS:
            raise ValueError(
                f"motif database {path}, entry {number}: expected the keys id and word "
                f"(and any of {', '.join(sorted(_KEYS - {'id', 'word'}))}), got {show(item)}"
            )
        if item["id"] in seen:
            raise ValueError(f"motif database {path}, entry {number}: the id {show(item['id'])} occurs twice")
        seen.add(item["id"])
        values = {key: str(value) for key, value in item.items()}
        values.setdefault("name", values["id"])
        values.setdefault("family", values["name"])
        values["citation"] = str(citations.get(values.get("citation"), values.get("citation", "")))
        if values.get("place", "start") != "start":
            raise ValueError(
                f"motif database {path}, entry {number} ({item['id']}): place: expected start, or no such key, got "
                f"{show(item['place'])}"
            )
        word = values.pop("word").upper()
        wrong = sorted(set(word) - set(IUPAC))
        if wrong or not word:
            raise ValueError(
                f"motif database {path}, entry {number} ({item['id']}): expected a word of the letters "
                f"{''.join(sorted(IUPAC))}, got {show(item['word'])}"
            )
        entries.append(DatabaseEntry(ppm=word_ppm(word), word=word, **values))  # type: ignore[arg-type]
    return Database(name, tuple(entries), alphabet)
