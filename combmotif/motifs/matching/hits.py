"""Which known elements are named or contained, on which columns of a motif, and which of them are shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import false_discovery_control

from combmotif.motifs.matching.database import DatabaseEntry
from combmotif.motifs.matching.pairs import Pairs, Run

IS, CONTAINS = "is", "contains"


class Hit(NamedTuple):
    """A known element on a motif: `place` is the motif's column on which the element's first letter lies."""

    relation: str
    pair: Pairs
    query: int
    target: int
    place: int
    overlap: int
    reverse: bool
    q: float

    @property
    def entry(self) -> DatabaseEntry:
        """The element."""
        return self.pair.entries[self.target]

    @property
    def p(self) -> float:
        """The p-value of the pair."""
        return float(self.pair.p[self.query, self.target])

    @property
    def columns(self) -> tuple[int, int]:
        """Columns of the motif that were matched: those of a word, or the run that was compared with a matrix."""
        run = self.pair.queries[self.query]
        first = max(0, self.place)
        return (first, first + self.overlap) if self.entry.word else (run.start, run.end)

    @property
    def rank(self) -> tuple[float, int, str, int]:
        """Best first: by p-value, overlap and target id, as MEME sorts them."""
        return self.p, -self.overlap, self.entry.id, self.place


def split_q_values(pairs: Sequence[Pairs]) -> list[np.ndarray]:
    """Benjamini and Hochberg's q-values over all pairs together, one array per database and method."""
    flat = false_discovery_control(np.concatenate([pair.p.ravel() for pair in pairs]))
    parts = np.split(flat, np.cumsum([pair.p.size for pair in pairs])[:-1])
    return [part.reshape(pair.p.shape) for part, pair in zip(parts, pairs, strict=True)]


def choose_hits(runs: Sequence[Run], pairs: Sequence[Pairs], q: float, top: int) -> Iterator[list[Hit]]:
    """Yield the hits of every run, those that are named before those that are contained, best first.

    A word belongs to the run it shares most columns with. `top` limits the elements that are named; all words that are
    contained are given, but of one family (stop codons, CACA and CACACA) only one where they overlap: what is named,
    else the least likely by chance.
    """
    by_run: dict[int, list[Hit]] = {}
    for pair, q_values in zip(pairs, split_q_values(pairs), strict=True):
        for hit in _hits(pair, q_values, q):
            by_run.setdefault(_run_of(hit, runs), []).append(hit)
    shown: set[tuple[int, str, str, int, bool]] = set()
    for number, run in enumerate(runs):
        kept: list[Hit] = []
        for hit in sorted(by_run.get(number, []), key=lambda hit: (hit.relation != IS, hit.rank)):
            key = (run.row, hit.pair.database, hit.entry.id, hit.place, hit.reverse)
            full = hit.relation == IS and len(kept) >= top
            if full or key in shown or (hit.relation == CONTAINS and any(_same(hit, other) for other in kept)):
                continue
            shown.add(key)  # two pieces of a long run overlap
            kept.append(hit)
        yield kept


def _hits(pair: Pairs, q_values: np.ndarray, limit: float) -> Iterator[Hit]:
    named = (q_values <= limit) & pair.nameable
    for i, j in np.argwhere(named):
        hit = Hit(
            IS, pair, int(i), int(j), pair.queries[i].start + int(pair.offset[i, j]), int(pair.overlap[i, j]),
            bool(pair.reverse[i, j]), float(q_values[i, j]),
        )  # fmt: skip
        yield hit
        for place, reverse in pair.spelled.get((int(i), int(j)), []):
            if abs(place - hit.place) >= len(hit.entry.word):
                yield hit._replace(place=place, overlap=len(hit.entry.word), reverse=reverse)
    for (i, j), places in pair.spelled.items():
        if not named[i, j]:
            for place, reverse in places:
                yield Hit(CONTAINS, pair, i, j, place, len(pair.entries[j].word), reverse, float(q_values[i, j]))


def _run_of(hit: Hit, runs: Sequence[Run]) -> int:
    run = hit.pair.queries[hit.query]
    if not hit.entry.word:
        return hit.query
    start, end = hit.columns
    own = [i for i, other in enumerate(runs) if other.row == run.row]
    return max(own, key=lambda i: (min(runs[i].end, end) - max(runs[i].start, start), -i))


def _same(hit: Hit, other: Hit) -> bool:
    """Whether a word of the same family lies on some of the same columns."""
    (start, end), (first, last) = hit.columns, other.columns
    alike = hit.reverse == other.reverse and bool(other.entry.word) and hit.entry.family == other.entry.family
    return alike and start < last and first < end
