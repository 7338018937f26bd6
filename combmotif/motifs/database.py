"""Known elements to match motifs against: our own list of words, or any MEME file."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import yaml

from combmotif.motifs.formats.meme import parse_meme
from combmotif.resources import resource_path
from combmotif.sequence.alphabet import iupac_sets

SOFTENING = 0.04
_KEYS = {"id", "name", "word", "kind", "family", "citation"}


@dataclass(frozen=True)
class DatabaseEntry:
    """One known element.

    Attributes
    ----------
    id, name : str
    ppm : float array, shape (length, 4)
        Probabilities, rows sum to 1.
    kind : str
        ``rbp``, ``mirna``, ``translation``, ``processing``, ``decay``, ``modification``, ``structure``, or empty.
    family : str
        Elements read by the same protein family or machinery; the name where unknown.
    citation : str
    word : str
        The IUPAC word the entry was made from; empty for a measured matrix. Words are matched by
        `combmotif.motifs.word.word_test`, matrices by Tomtom.
    """

    id: str
    name: str
    ppm: np.ndarray
    kind: str = ""
    family: str = ""
    citation: str = ""
    word: str = ""


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

    @cached_property
    def by_id(self) -> dict[str, DatabaseEntry]:
        """Entries by their id."""
        return {entry.id: entry for entry in self.entries}


def load_database(spec: str | Path) -> Database:
    """Load the built-in list of RNA elements, a YAML file of the same form, or a MEME file.

    Parameters
    ----------
    spec : str or pathlib.Path
        ``"builtin"`` for the words in ``resources/motifs/rna_elements.yaml`` (start and stop codons, poly(A) signals,
        AU-rich elements, splice sites, sites of RNA-binding proteins and microRNAs), or a path that ends in ``.yaml``,
        ``.meme`` or ``.meme.gz`` (any other ending is read as MEME).

    Returns
    -------
    Database

    Raises
    ------
    FileNotFoundError, ValueError
        If there is no such file, or it does not hold motifs; the line or entry is named.
    """
    path = resource_path("motifs", "rna_elements.yaml") if str(spec) == "builtin" else Path(spec)
    if not path.is_file():
        raise FileNotFoundError(f"motif database {spec!r}: no such file; give 'builtin' or the path of a MEME file")
    if path.suffix in (".yaml", ".yml"):
        return _words(path, "builtin" if str(spec) == "builtin" else path.stem)
    alphabet, motifs = parse_meme(path)
    name = path.name.removesuffix(".gz").removesuffix(".meme")
    return Database(name, tuple(DatabaseEntry(m.id, m.name, m.ppm, family=m.name) for m in motifs), alphabet)


def word_ppm(word: str) -> np.ndarray:
    """Turn an IUPAC word into probabilities: 4 % spread over all bases, the rest over the allowed ones; (length, 4)."""
    allowed = iupac_sets(word)
    return SOFTENING / 4 + (1 - SOFTENING) * allowed / allowed.sum(1, keepdims=True)


def _words(path: Path, name: str) -> Database:
    with path.open(encoding="utf-8") as handle:
        content = yaml.safe_load(handle)
    if not isinstance(content, dict) or not isinstance(content.get("entries"), list):
        raise ValueError(f"motif database {path}: expected a list under the key 'entries'")
    citations = content.get("citations", {})
    entries, seen = [], set()
    for number, item in enumerate(content["entries"], start=1):
        if not isinstance(item, dict) or not {"id", "word"} <= set(item) <= _KEYS:
            raise ValueError(
                f"motif database {path}, entry {number}: expected the keys id and word "
                f"(and any of {', '.join(sorted(_KEYS - {'id', 'word'}))}), got {item!r}"
            )
        if item["id"] in seen:
            raise ValueError(f"motif database {path}, entry {number}: the id {item['id']!r} occurs twice")
        seen.add(item["id"])
        values = {key: str(value) for key, value in item.items()}
        values["word"] = values["word"].upper()
        values.setdefault("name", values["id"])
        values.setdefault("family", values["name"])
        values["citation"] = str(citations.get(values.get("citation"), values.get("citation", "")))
        entries.append(DatabaseEntry(ppm=word_ppm(values["word"]), **values))
    return Database(name, tuple(entries), str(content.get("alphabet", "rna")))
