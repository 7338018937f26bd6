"""Sites that cannot be scrambled without damage to something else: another copy of the partner, an avoided word."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from combmotif.effect.frame import STOPS, codon_phase
from combmotif.effect.pattern import Pattern, own_places

Occurrences = tuple[np.ndarray, np.ndarray]
"""Rows of sequences and 0-based starts, sorted by row, then start."""


def straddled(sites: Occurrences, length: int, others: Occurrences, other_length: int, *, longest: int) -> np.ndarray:
    """Mark the sites that share a base with an occurrence that also reaches beyond the site.

    Scrambling such a site destroys the occurrence as well, so that the effect would be that of both. An occurrence
    that lies wholly inside the site is a part of it.

    Parameters
    ----------
    sites, others : (rows, starts)
        Sorted by row, then start.
    length, other_length : int
        In nt.
    longest : int
        Length of the longest sequence.

    Returns
    -------
    bool array, shape (sites,)
    """
    stride = longest + length + other_length + 2
    place = sites[0] * stride + sites[1]
    other = others[0] * stride + others[1]

    def any_between(low: np.ndarray, high: np.ndarray) -> np.ndarray:
        """Whether an occurrence starts in [low, high)."""
        return np.searchsorted(other, high, side="left") > np.searchsorted(other, low, side="left")

    left = any_between(place - other_length + 1, place)
    right = any_between(np.maximum(place, place + length - other_length + 1), place + length)
    return left | right


def held_by_chance(sites: Occurrences, pattern: Pattern, word: Pattern, words: Occurrences) -> np.ndarray:
    """Mark the sites that hold a word where the motif does not ask for it, as GCNUGG holds AUG where its N is an A.

    Parameters
    ----------
    sites, words : (rows, starts)
        Of the motif and of the word; sorted by row, then start.
    pattern, word : Pattern

    Returns
    -------
    bool array, shape (sites,)
    """
    found = np.zeros(len(sites[0]), dtype=bool)
    stride = 1 + max(int(starts.max(initial=0)) for starts in (sites[1], words[1])) + len(pattern)
    standing = words[0] * stride + words[1]
    for offset in np.flatnonzero(~own_places(pattern, word)):
        found |= np.isin(sites[0] * stride + sites[1] + offset, standing)
    return found


def stop_codons(codes: Sequence[np.ndarray], tracks: Sequence[np.ndarray] | None) -> Occurrences:
    """List the in-frame stop codons of the sequences whose first track is a coding frame."""
    rows: list[np.ndarray] = []
    starts: list[np.ndarray] = []
    for row, sequence in enumerate(codes if tracks is not None else ()):
        assert tracks is not None
        first = np.flatnonzero(codon_phase(tracks[row][0]) == 0)
        found = first[is_stop(sequence[first[:, None] + np.arange(3)])] if len(first) else first
        rows.append(np.full(len(found), row))
        starts.append(found)
    if not rows:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    return np.concatenate(rows).astype(np.int64), np.concatenate(starts).astype(np.int64)


def is_stop(codons: np.ndarray) -> np.ndarray:
    """Mark the stop codons among uint8 codes (..., 3)."""
    return np.any([(codons == stop).all(-1) for stop in STOPS], axis=0)


def confounded(
    sites: Occurrences,
    pattern: Pattern,
    partner: Pattern,
    partner_sites: Occurrences,
    avoid: Sequence[Pattern],
    codes: Sequence[np.ndarray],
    stops: Occurrences | None = None,
) -> np.ndarray:
    """Mark a motif's sites that share bases with another copy of the partner, or with an avoided word.

    An avoided word counts where it reaches beyond the site, and inside the site where the motif does not ask for it.

    Parameters
    ----------
    sites : (rows, starts)
        Of `pattern`.
    pattern, partner : Pattern
    partner_sites : (rows, starts)
    avoid : sequence of Pattern
        Words that a scramble may not create; here, words that scrambling would take away.
    codes : sequence of uint8 arrays, each of shape (length,)
    stops : (rows, starts), optional
        In-frame stop codons, which count as avoided words.

    Returns
    -------
    bool array, shape (sites,)
    """
    longest = max((len(c) for c in codes), default=0)
    found = straddled(sites, len(pattern), partner_sites, len(partner), longest=longest)
    for word in avoid:
        if word.name not in (pattern.name, partner.name):
            standing = word.find(codes)
            found |= straddled(sites, len(pattern), standing, len(word), longest=longest)
            found |= held_by_chance(sites, pattern, word, standing)
    if stops is not None:
        found |= straddled(sites, len(pattern), stops, 3, longest=longest)
    return found
