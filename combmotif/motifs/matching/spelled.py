"""Known words that the consensus of a motif spells letter by letter, and the reading frames between codons."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from combmotif.sequence.alphabet import iupac_sets

START_CODONS = "start codon"
STOP_CODONS = "stop codon"
"""Families of the elements between which a frame is read, as the built-in list calls them."""

CODON = 3

REPRODUCED = 0.5
"""A motif that is less alike (0 to 1) to what another half of its samples gives has no reproducible column."""


class Partner(NamedTuple):
    """The codon that belongs to another: its letters, the nt between both, and the frame (NaN where it varies)."""

    letters: str
    distance: int
    frame: float


def spelled_places(sets: Sequence[np.ndarray], words: Sequence[str]) -> Iterator[tuple[int, int, int]]:
    """Find the words that consensuses spell: every base that a column shows is one the word allows there.

    So YUNAY spells YUNAY and UUNAC does, but YUNHY does not, since H may be C or U; and a word lies wholly on the
    motif. No share or score is weighed: what is found can be read off the consensus.

    Parameters
    ----------
    sets : sequence of bool arrays, shape (length, 4)
        Bases of each column, see `combmotif.motifs.motif.letter_sets`.
    words : sequence of str
        IUPAC words.

    Yields
    ------
    (query, word, place)
        Numbers of the two, and the column on which the word begins; in the order of words, then of queries.
    """
    ends = np.cumsum([len(one) for one in sets])
    columns = np.concatenate([*sets, np.zeros((0, 4), dtype=bool)])
    room = np.repeat(ends, [len(one) for one in sets]) - np.arange(len(columns))  # columns left in the same query
    for number, word in enumerate(words):
        fits = room >= len(word)
        if not fits.any():
            continue
        excess = columns.astype(int) @ ~iupac_sets(word).T  # (columns, letters): bases shown that are not allowed
        for letter in range(len(word)):
            fits[: len(columns) - letter] &= excess[letter:, letter] == 0
        for place in np.flatnonzero(fits):
            query = int(np.searchsorted(ends, place, side="right"))
            yield query, number, int(place - ends[query] + len(sets[query]))


def word_chance(word: str) -> float:
    """Chance that as many random bases spell a word: 1/64 for AUG, 1/128 for WGGA."""
    return float(np.prod(iupac_sets(word).mean(1)))


def class_places(sets: np.ndarray, words: Iterable[str]) -> list[int]:
    """Find where a consensus spells one of some words, whichever: UAR is a stop codon though it is no single one.

    Parameters
    ----------
    sets : bool array, shape (length, 4)
        Bases of each column.
    words : iterable of str
        IUPAC words of one length.

    Returns
    -------
    list of int
        Columns on which one begins.
    """
    allowed = {
        letters for word in words for letters in product(*(np.flatnonzero(row).tolist() for row in iupac_sets(word)))
    }
    width = max((len(letters) for letters in allowed), default=0)
    shown = [np.flatnonzero(row).tolist() for row in sets]
    return [at for at in range(len(sets) - width + 1) if width and set(product(*shown[at : at + width])) <= allowed]


def nearest_partner(
    place: int, others: Sequence[int], consensus: str, parts: Sequence[dict[str, Any]], *, downstream: bool
) -> Partner | None:
    """Find the codon that belongs to another: the nearest on one side in its frame, else the nearest there.

    Parameters
    ----------
    place : int
        Column on which the codon begins.
    others : sequence of int
        Columns on which start codons (or stop codons) begin.
    consensus : str
        Of the motif.
    parts : sequence of dict
        Of the motif, as `syntax_of` gives them: parts whose distance varies move the codons on them. The frame is NaN
        unless all of their distances agree in it.
    downstream : bool
        Whether the other is sought 3' of the codon, or 5' of it.

    Returns
    -------
    Partner or None
        None where there is none that does not overlap.
    """
    found = []
    for other in others:
        first, second = (place, other) if downstream else (other, place)
        if second < first + CODON:
            continue
        shift, moves = 0, {0}
        for part in parts:
            if first < part["start_b"] <= second:
                drawn = part["start_b"] - part["start_a"] - len(part["part_a"])  # the spacing of the matrix
                shift += part["spacing_mode"] - drawn
                moves = {a + b - drawn for a in moves for b in part["spacings"]}
        distance = second - first - CODON
        frames = {(distance + move) % 3 for move in moves}
        frame = float(frames.pop()) if len(frames) == 1 else float("nan")
        found.append(Partner(consensus[other : other + CODON], distance + shift, frame))
    return min(found, key=lambda one: (one.frame != 0, one.distance), default=None)


def syntax_of(syntax: pd.DataFrame | None) -> dict[str, list[dict[str, Any]]]:
    """Read a syntax table (`combmotif.discovery.syntax_table`) by motif: where parts lie, and all of their spacings."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for row in [] if syntax is None else syntax.to_dict("records"):
        usual = int(float(row["spacing_mode"]))
        seen = {int(one.split(":")[0]) for one in str(row["distribution"]).split(";") if ":" in one}
        rows.setdefault(str(row["motif"]), []).append(
            {
                "part_a": row["part_a"],
                "start_a": int(float(row["start_a"])),
                "start_b": int(float(row["start_b"])),
                "spacing_mode": usual,
                "spacings": seen if row["kind"] == "range" and seen else {usual},
            }
        )
    return rows
