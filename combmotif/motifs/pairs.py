"""Informative runs of motifs, and every run compared with every element of a database."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from combmotif.motifs.database import Database, DatabaseEntry
from combmotif.motifs.motif import MotifSet
from combmotif.motifs.segment import segments
from combmotif.motifs.tomtom import guarded_tomtom, pseudocounted
from combmotif.motifs.word import word_test

LONGEST_QUERY = 40
SMALLEST_DATABASE = 20


class Run(NamedTuple):
    """An informative run of a motif: columns start to end of motif number `row`."""

    row: int
    start: int
    end: int
    ppm: np.ndarray


class Pairs(NamedTuple):
    """Every query against every target of one database and method; arrays of shape (queries, targets)."""

    database: str
    entries: list[DatabaseEntry]
    method: str
    p: np.ndarray
    offset: np.ndarray
    overlap: np.ndarray
    reverse: np.ndarray
    identical: np.ndarray


def informative_runs(queries: MotifSet, *, min_information: float = 0.5, min_bits: float = 2.0) -> list[Run]:
    """Informative runs of all motifs; one longer than 40 columns is cut into pieces that overlap, to bound memory."""
    runs = []
    for row, motif in enumerate(queries):
        for start, end in segments(motif.ppm, min_information=min_information):
            step = LONGEST_QUERY // 2
            for left in range(start, max(end - step, start + 1), step):
                right = min(left + LONGEST_QUERY, end)
                if motif.information[left:right].sum() >= min_bits:
                    runs.append(Run(row, left, right, motif.ppm[left:right]))
    return runs


def compare_runs(
    runs: list[Run], databases: Sequence[Database], *, strands: str = "single", min_overlap: int = 4
) -> list[Pairs]:
    """Compare runs with the words and with the matrices of each database; see `combmotif.motifs.match`."""
    pairs = []
    for database in databases:
        words = [entry for entry in database.entries if entry.word]
        matrices = [entry for entry in database.entries if not entry.word]
        if words:
            pairs.append(_words(runs, words, database.name, strands))
        if matrices:
            pairs.append(_matrices(runs, matrices, database.name, strands, min_overlap))
    return pairs


def _words(runs: list[Run], entries: list[DatabaseEntry], database: str, strands: str) -> Pairs:
    words, ppms = [entry.word for entry in entries], [run.ppm for run in runs]
    found = word_test(ppms, words)
    p, offset, overlap, identical = found.p_value, found.offset, found.overlap, found.identical
    reverse = np.zeros(p.shape, dtype=bool)
    if strands == "both":
        other = word_test([ppm[::-1, ::-1] for ppm in ppms], words)
        reverse = other.p_value < p
        ends = np.subtract.outer([len(ppm) for ppm in ppms], [len(word) for word in words])
        p = np.minimum(1, 2 * np.minimum(p, other.p_value))
        offset = np.where(reverse, ends - other.offset, offset)
        overlap = np.where(reverse, other.overlap, overlap)
        identical = np.where(reverse, other.identical, identical)
    return Pairs(database, entries, "word", p, offset, overlap, reverse, identical)


def _matrices(runs: list[Run], entries: list[DatabaseEntry], database: str, strands: str, min_overlap: int) -> Pairs:
    if len(entries) < SMALLEST_DATABASE:
        warnings.warn(
            f"database {database} has {len(entries)} matrices. Tomtom takes its background from their columns: with "
            f"fewer than {SMALLEST_DATABASE} its p-values are rough (within a factor of 2 with 5). Add a larger one.",
            stacklevel=4,
        )
    targets = [pseudocounted(entry.ppm, entry.sites) for entry in entries]
    found = guarded_tomtom([run.ppm for run in runs], targets, strands=strands, min_overlap=min_overlap)
    never = np.zeros(found.p_value.shape, dtype=bool)
    return Pairs(database, entries, "tomtom", found.p_value, found.offset, found.overlap, found.reverse, never)
