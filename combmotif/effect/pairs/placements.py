"""Where the two motifs of a pair stand together without overlap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from combmotif.core.seeding import named_generator, stable_hash
from combmotif.effect.overlaps import Occurrences
from combmotif.effect.pairs.pair import Pair

SITES_PER_SEQUENCE = 1000


@dataclass(frozen=True)
class Placements:
    """Chosen pairs of sites.

    Attributes
    ----------
    rows, start_a, start_b : integer arrays, shape (placements,)
        Row of the sequence and first positions of the two sites; grouped by row, within a row in random order.
    sequences_with_pair : int
        Sequences that hold at least one placement, chosen or not.
    """

    rows: np.ndarray
    start_a: np.ndarray
    start_b: np.ndarray
    sequences_with_pair: int

    def __len__(self) -> int:
        return len(self.rows)


def outer_starts(occurrences: Occurrences, count: int) -> tuple[np.ndarray, np.ndarray]:
    """First and last start per sequence, each of shape (count,); beyond every sequence where there is none."""
    rows, starts = occurrences
    far = np.iinfo(np.int64).max // 4
    first, last = np.full(count, far), np.full(count, -far)
    np.minimum.at(first, rows, starts)
    np.maximum.at(last, rows, starts)
    return first, last


def holds_pair(
    a: tuple[np.ndarray, np.ndarray], b: tuple[np.ndarray, np.ndarray], length_a: int, length_b: int
) -> np.ndarray:  # fmt: skip
    """Mark the sequences in which a site of A and one of B do not overlap, from their `outer_starts`; bool (count,)."""
    return (a[0] + length_a <= b[1]) | (b[0] + length_b <= a[1])


@dataclass(frozen=True)
class Windows:
    """Windows in which both sites of a pair must lie, such as those where a neuron fires.

    Attributes
    ----------
    rows, starts : integer arrays, shape (windows,)
        Row of the sequence and first position.
    length : int
        In nt.
    """

    rows: np.ndarray
    starts: np.ndarray
    length: int

    def of(self, row: int) -> np.ndarray:
        """First positions of a sequence's windows."""
        return self.starts[self.rows == row]


def find_placements(
    pair: Pair,
    codes: Sequence[np.ndarray],
    names: Sequence[str],
    *,
    seed: int,
    max_sequences: int,
    max_placements: int,
    occurrences: tuple[Occurrences, Occurrences] | None = None,
    windows: Windows | None = None,
) -> Placements:
    """Choose placements of a pair: sites of A and B in one sequence that do not overlap and obey the pair's rules.

    A homotypic pair (A and B the same pattern) counts each two sites once, with A upstream. Which sequences and
    which placements are kept under the caps depends on the seed, the pair and the names of the sequences only, not
    on their order.

    Parameters
    ----------
    pair : Pair
    codes : sequence of uint8 arrays, each of shape (length,)
    names : sequence of str
    seed : int
    max_sequences : int
        Most sequences kept, drawn without replacement.
    max_placements : int
        Most placements kept per sequence, drawn without replacement. A sequence with more than 1,000 sites of a
        motif is represented by 1,000 of them, drawn as well.
    occurrences : pair of (rows, starts), optional
        Sites of A and of B to choose from, sorted by row, then start; default all that the patterns find.
    windows : Windows, optional
        Both sites of a placement lie in one of them.
    """
    a, b = pair.a, pair.b
    sites_a, sites_b = occurrences or (a.find(codes), b.find(codes))
    holding = holds_pair(outer_starts(sites_a, len(codes)), outer_starts(sites_b, len(codes)), len(a), len(b))
    if windows is not None:
        holding &= np.isin(np.arange(len(codes)), windows.rows)
    rows = np.flatnonzero(holding)

    def allowed(row: int, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """All placements of a row: first positions of A and of B, each of shape (placements,)."""
        starts = [_of_row(sites, row, generator) for sites in (sites_a, sites_b)]
        first, second = np.meshgrid(*starts, indexing="ij")
        good = pair.allows(first, second, len(codes[row]))
        if windows is not None:
            inside = np.zeros(good.shape, dtype=bool)
            for start in windows.of(row):
                end = start + windows.length
                inside |= (
                    (np.minimum(first, second) >= start) & (first + len(a) <= end) & (second + len(b) <= end)
                )  # fmt: skip
            good &= inside
        return first[good], second[good]

    def of(row: int) -> np.random.Generator:
        return named_generator(seed, "placements", pair.name, names[row])

    # Without rules, outermost sites that fit are a placement; with rules, only enumeration tells. The generator of a
    # row is made anew below, so that looking here does not change what is drawn there.
    if pair.constrained or windows is not None:
        rows = np.array([row for row in rows if len(allowed(int(row), of(int(row)))[0])], dtype=np.int64)
    total = len(rows)
    if total > max_sequences:
        # by a hash of the name, not by order: the same sequences are kept in whatever order a file has them
        ranked = sorted(rows.tolist(), key=lambda row: stable_hash(seed, "sequences", pair.name, names[row]))
        rows = np.array(ranked[:max_sequences])
    chosen: list[tuple[int, int, int]] = []
    for row in np.sort(rows).tolist():
        generator = of(row)
        first, second = allowed(row, generator)
        kept = generator.permutation(len(first))[:max_placements]
        chosen += [(row, int(first[i]), int(second[i])) for i in kept]
    table = np.array(chosen, dtype=np.int64).reshape(-1, 3)
    return Placements(table[:, 0], table[:, 1], table[:, 2], total)


def _of_row(sites: Occurrences, row: int, generator: np.random.Generator) -> np.ndarray:
    start, end = np.searchsorted(sites[0], [row, row + 1])
    starts = sites[1][start:end]
    if len(starts) > SITES_PER_SEQUENCE:
        starts = np.sort(generator.choice(starts, SITES_PER_SEQUENCE, replace=False))
    return starts
