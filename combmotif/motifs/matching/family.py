"""One name for elements that are the same: families of a redundant database, found by comparing all with all."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from combmotif.motifs.cluster import families, similarity
from combmotif.motifs.matching.database import Database, DatabaseEntry
from combmotif.motifs.motif import Motif, MotifSet

MOST_STEMS, MOST_NUMBERS = 3, 5
LEADING_SHARE = 0.5
ALIKE = 0.8
"""Average similarity within a family, see `families`."""


def with_families(databases: Sequence[Database]) -> list[Database]:
    """Give the matrices of databases the name of the family they fall into, so that a report can say it once.

    ATtRACT holds RBFOX1 eleven times, CISBP-RNA and Ray 2013 hold it again. All matrices of all databases are compared
    with all (`combmotif.motifs.families`), and those that say the same get one family, named by its genes
    (`family_of_genes`). Words keep the family of their list; a family of matrices that is called like one of them
    (RBFOX) and holds a matrix that resembles the word is that family.

    Parameters
    ----------
    databases : sequence of Database

    Returns
    -------
    list of Database
        The same entries in the same order, with `family` set.
    """
    members = [
        (d, e) for d, database in enumerate(databases) for e, entry in enumerate(database.entries) if not entry.word
    ]
    if not members:
        return list(databases)
    entries = [databases[d].entries[e] for d, e in members]
    motifs = tuple(Motif(str(i), 100 * entry.ppm, 100) for i, entry in enumerate(entries))
    labels = families(MotifSet(motifs), threshold=ALIKE)
    genes: dict[int, list[str]] = {}
    alike: dict[int, list[np.ndarray]] = {}
    for label, entry in zip(labels, entries, strict=True):
        genes.setdefault(label, []).extend(gene_names(entry.name))
        alike.setdefault(label, []).append(entry.ppm)
    words = [entry for database in databases for entry in database.entries if entry.word]
    first = dict(reversed(list(zip(labels, entries, strict=True))))
    named = {}
    for label, entry in first.items():
        names = genes[label] or [entry.name]
        known = _known(leading_stem(names), alike[label], words)
        named[label] = (known.family, known.kind) if known else (family_of_genes(names), "")
    found = {place: named[label] for place, label in zip(members, labels, strict=True)}
    return [
        replace(
            database,
            entries=tuple(
                entry if entry.word else replace(entry, family=found[d, e][0], kind=entry.kind or found[d, e][1])
                for e, entry in enumerate(database.entries)
            ),
        )
        for d, database in enumerate(databases)
    ]


def _known(stem: str, ppms: list[np.ndarray], words: list[DatabaseEntry]) -> DatabaseEntry | None:
    """The word whose family is called `stem` and that one of the matrices resembles."""
    for entry in words:
        called_so = stem and entry.family.upper() == stem.upper()
        if called_so and max(similarity(ppm, entry.ppm)[0] for ppm in ppms) >= ALIKE:
            return entry
    return None


def gene_names(name: str) -> list[str]:
    """Take the genes from an entry's name.

    ``(MEX3B,MEX3C)`` has two, ``ELAVL4_G`` is ELAVL4, ``TBP_HUMAN`` is TBP, ``M060_0.6`` is none.
    """
    parts = [part.strip("() \t") for part in re.split(r"[,;/]|::", name)]
    genes = [re.sub(r"_(?:[A-Z]{1,2}|m\d+|HUMAN|MOUSE)$", "", part).split("(")[0] for part in parts if part]
    return [gene for gene in genes if not re.fullmatch(r"M\d{3,}.*", gene)]


def family_of_genes(genes: Sequence[str]) -> str:
    """Name a family by its genes, the frequent ones first.

    Genes that differ in their number only are written together. Where one stem holds half of the entries it is the
    name, else the three most frequent are; then follows how many more there are.

    >>> family_of_genes(["RBFOX1", "RBFOX2", "RBFOX1"])
    'RBFOX1/2'
    >>> family_of_genes(["RBFOX1", "RBFOX2", "ASD-1"])
    'RBFOX1/2 +1'
    >>> family_of_genes(["TIA1", "TIA1", "HNRNPC", "U2AF2", "CPEB2", "ELAVL1"])
    'TIA1, CPEB2, ELAVL1 +2'
    """
    stems = _stems(genes)
    ordered = sorted(stems, key=lambda stem: (-stems[stem].total(), stem))
    leads = stems[ordered[0]].total() >= LEADING_SHARE * sum(numbers.total() for numbers in stems.values())
    shown = ordered[: 1 if leads else MOST_STEMS]
    rest = len(ordered) - len(shown)
    return ", ".join(stem + _numbers(stems[stem]) for stem in shown) + (f" +{rest}" if rest else "")


def leading_stem(genes: Sequence[str]) -> str:
    """Name what half of the genes are called without their number (``RBFOX``); empty where no name holds half."""
    stems = _stems(genes)
    best = max(stems, key=lambda stem: stems[stem].total())
    return best if stems[best].total() >= LEADING_SHARE * sum(numbers.total() for numbers in stems.values()) else ""


def _stems(genes: Sequence[str]) -> dict[str, Counter[str]]:
    """Split genes into letters and number: stem to counts of its numbers."""
    stems: dict[str, Counter[str]] = {}
    for gene in genes:
        found = re.fullmatch(r"([A-Za-z][A-Za-z-]+?)(\d+[A-Za-z]?)", gene)
        stem, number = (found[1].upper(), found[2]) if found else (gene, "")
        stems.setdefault(stem, Counter())[number] += 1
    return stems


def _numbers(counts: Counter[str]) -> str:
    numbers = sorted((n for n in counts if n), key=lambda n: (len(n), n))
    return "/".join(numbers[:MOST_NUMBERS]) + ("/..." if len(numbers) > MOST_NUMBERS else "")
