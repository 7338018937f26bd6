"""Informative runs of motifs, and every run compared with every element of a database."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from combmotif.motifs.matching.database import Database, DatabaseEntry
from combmotif.motifs.matching.spelled import REPRODUCED, spelled_places, word_chance
from combmotif.motifs.matching.tomtom import LETTER_CHANCE, guarded_tomtom, pseudocounted
from combmotif.motifs.motif import MotifSet, letter_sets
from combmotif.motifs.segment import segments
from combmotif.motifs.word import word_test

LONGEST_QUERY = 40
LEAST_BITS = 2.0
"""A run with less information in all is not matched, nor a motif without another run."""
SMALLEST_DATABASE = 20
_NO_LETTERS = np.zeros((0, 4), dtype=bool)


class Run(NamedTuple):
    """An informative run of a motif: columns start to end of motif number `row`."""

    row: int
    start: int
    end: int
    ppm: np.ndarray


class Pairs(NamedTuple):
    """Every query against every target of one database and method; arrays of shape (queries, targets).

    The queries are informative runs, for words the whole motifs that have one. `spelled` holds, for pairs of a query
    and a word that its consensus spells, the columns on which the word begins, each with whether it is on the other
    strand.
    """

    database: str
    entries: list[DatabaseEntry]
    method: str
    queries: list[Run]
    p: np.ndarray
    offset: np.ndarray
    overlap: np.ndarray
    reverse: np.ndarray
    spelled: dict[tuple[int, int], list[tuple[int, bool]]]

    @property
    def nameable(self) -> np.ndarray:
        """Which targets are long enough to be named by their p-value; bool, shape (targets,)."""
        return np.array([not entry.word or word_chance(entry.word) <= LETTER_CHANCE for entry in self.entries])


def informative_runs(queries: MotifSet) -> list[Run]:
    """Informative runs of all motifs; one longer than 40 columns is cut into pieces that overlap, to bound memory."""
    runs = []
    for row, motif in enumerate(queries):
        for start, end in segments(motif.ppm):
            step = LONGEST_QUERY // 2
            for left in range(start, max(end - step, start + 1), step):
                right = min(left + LONGEST_QUERY, end)
                if motif.information[left:right].sum() >= LEAST_BITS:
                    runs.append(Run(row, left, right, motif.ppm[left:right]))
    return runs


def compare_runs(
    queries: MotifSet, runs: list[Run], databases: Sequence[Database], *, strands: str = "single"
) -> list[Pairs]:
    """Compare motifs with the words and their runs with the matrices of each database; see `combmotif.motifs.match`."""
    warn_of_small(databases)
    pairs = []
    whole = whole_motifs(queries, runs)
    sets = [letter_sets(run.ppm) if not queries[run.row].reproducibility < REPRODUCED else _NO_LETTERS for run in whole]
    for database in databases:
        words = [entry for entry in database.entries if entry.word]
        matrices = [entry for entry in database.entries if not entry.word]
        if words:
            pairs.append(_words(whole, sets, words, database.name, strands))
        if matrices:
            pairs.append(_matrices(runs, matrices, database.name, strands))
    return pairs


def warn_of_small(databases: Sequence[Database]) -> None:
    """Warn of databases with so few matrices that Tomtom's background is rough."""
    for database in databases:
        count = sum(not entry.word for entry in database.entries)
        if 0 < count < SMALLEST_DATABASE:
            warnings.warn(
                f"database {database.name} has {count} matrices. Tomtom takes its background from their columns: with "
                f"fewer than {SMALLEST_DATABASE} its p-values are rough (within a factor of 2 with 5). Add a larger "
                f"one.",
                stacklevel=3,
            )


def joined(parts: Sequence[Sequence[Pairs]], queries: MotifSet, runs: list[Run]) -> list[Pairs]:
    """Put together what `compare_runs` gave for some motifs after the others.

    Parameters
    ----------
    parts : sequence of sequence of Pairs
        Of motifs that have an informative run, in order, against the same databases.
    queries : MotifSet
        All motifs.
    runs : list of Run
        Theirs.
    """
    result = []
    for same in zip(*parts, strict=True):
        first = same[0]
        p, offset, overlap, reverse = (
            np.concatenate([getattr(pair, name) for pair in same]) for name in ("p", "offset", "overlap", "reverse")
        )
        spelled: dict[tuple[int, int], list[tuple[int, bool]]] = {}
        row = 0
        for pair in same:
            spelled |= {(row + query, word): places for (query, word), places in pair.spelled.items()}
            row += len(pair.p)
        own = whole_motifs(queries, runs) if first.method == "word" else runs
        result.append(Pairs(first.database, first.entries, first.method, own, p, offset, overlap, reverse, spelled))
    return result


def whole_motifs(queries: MotifSet, runs: list[Run]) -> list[Run]:
    """Take each motif that has an informative run as a whole."""
    return [Run(row, 0, len(queries[row]), queries[row].ppm) for row in dict.fromkeys(run.row for run in runs)]


def _words(
    whole: list[Run], sets: list[np.ndarray], entries: list[DatabaseEntry], database: str, strands: str
) -> Pairs:
    words, ppms = [entry.word for entry in entries], [run.ppm for run in whole]
    found = word_test(ppms, words)
    p, offset, overlap = found.p_value, found.offset, found.overlap
    reverse = np.zeros(p.shape, dtype=bool)
    spelled: dict[tuple[int, int], list[tuple[int, bool]]] = {}
    anywhere = [not entry.place for entry in entries]  # a motif does not say where on sequences it stands
    for query, word, place in spelled_places(sets, words):
        if anywhere[word]:
            spelled.setdefault((query, word), []).append((place, False))
    if strands == "both":
        other = word_test([ppm[::-1, ::-1] for ppm in ppms], words)
        reverse = other.p_value < p
        ends = np.subtract.outer([len(ppm) for ppm in ppms], [len(word) for word in words])
        p = np.minimum(1, 2 * np.minimum(p, other.p_value))
        offset = np.where(reverse, ends - other.offset, offset)
        overlap = np.where(reverse, other.overlap, overlap)
        for query, word, place in spelled_places([one[::-1, ::-1] for one in sets], words):
            if anywhere[word]:
                spelled.setdefault((query, word), []).append((int(ends[query, word]) - place, True))
    return Pairs(database, entries, "word", whole, p, offset, overlap, reverse, spelled)


def _matrices(runs: list[Run], entries: list[DatabaseEntry], database: str, strands: str) -> Pairs:
    targets = [pseudocounted(entry.ppm, entry.sites) for entry in entries]
    found = guarded_tomtom([run.ppm for run in runs], targets, strands=strands)
    return Pairs(database, entries, "tomtom", runs, found.p_value, found.offset, found.overlap, found.reverse, {})
