"""From what was found in a neuron's windows to motifs tried in random ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from combmotif.discovery.choose import CONTAINED, LEAST_STRENGTH, SAME, SITES, WEAKER, Candidate
from combmotif.discovery.drafts import Draft, carried, informative, tally
from combmotif.discovery.likeness import alike, inside
from combmotif.discovery.polish import WANTED, Polished, polish
from combmotif.discovery.trial_words import MATCHING, Word, carrying, paired_word, words_of
from combmotif.inference.probe import WindowProbe
from combmotif.sampling.modes import read_letters
from combmotif.sampling.samples import Samples

SEEN = 0.6
"""Share of what a candidate wants that a window must show to have been read by it."""
MOST_WINDOWS = 4000
MOST_RESTS = 4
MOST_SINGLES = 3
MOST_MIRRORED = 3
LITTLE = 0.06
"""Excitation, relative to the strongest window, up to which a motif may need another one."""
READ, MOST_READ = 8, 4
"""Windows read because of what no candidate explains, and most words of them."""
FAINT = 0.15
"""Importance of a letter in such a window, relative to the strongest."""
UNEXPLAINED, LEAST_UNEXPLAINED = 1.5, 0.03
"""Excitation relative to that of a candidate by itself, from which it does not explain a window; share of such."""
_FEWEST = 4  # letters of what is left
_PLACES = 6


def make_candidates(
    probe: WindowProbe,
    samples: Samples,
    words: Sequence[Word],
    rows: np.ndarray,
    plain: np.ndarray,
    random: np.random.Generator,
    *,
    strongest: float,
) -> list[Candidate]:
    """Try words in random windows (see `polish`), those of the heaviest windows first.

    A word whose letters are those of a motif that was tried before is not tried again, but its places count; words
    that leave the neuron cold, and those of which a part does not matter to it, are left out. Where windows excite the
    neuron more than what is found in them does by itself, single changes show what it reads there.

    Parameters
    ----------
    probe : WindowProbe
    samples : Samples
    words : sequence of Word
    rows : integer array
        Windows looked at.
    plain : uint8 array, shape (m, size)
        Random windows.
    random : numpy.random.Generator
    strongest : float
        Activation of the strongest window less that of random ones.
    """
    found: list[Candidate] = []
    least = LEAST_STRENGTH / 4 * strongest  # a word may lack letters
    codes, weights = samples.codes[rows], samples.excitation[rows].astype(float)

    def try_all(words: Sequence[Word]) -> None:
        heavy = [(float(weights[np.unique(word.windows)].sum()), word) for word in words]
        for mass, word in sorted(heavy, key=lambda entry: -entry[0]):
            if not len(word.places) or not all(word.letters):
                continue
            known = next((again for candidate in found if (again := _known(word, candidate, mass)) is not None), None)
            made = known or _tried(probe, samples, word, mass, random, least)
            if made is not None:
                found.append(made)

    try_all(words)
    try_all(_mirrored(found, codes))
    left = _unexplained(found, codes, weights, plain, strongest)
    if len(left):
        tracks = None if samples.tracks is None else samples.tracks[rows[left]]
        read = read_letters(probe, samples.neuron, codes[left], samples.activations[rows[left]], tracks, least=FAINT)
        strong = [c for c in found if c.strength >= LEAST_STRENGTH * strongest]
        new = [letters for letters, _ in read if _left(letters, strong) >= _FEWEST]
        try_all(words_of(new, codes)[:MOST_READ])
    for rest, mass in [rest for candidate in tuple(found) for rest in _rests(candidate, found)][:MOST_RESTS]:
        if all(_known(rest, other, mass) is None for other in found):
            made = _tried(probe, samples, rest, mass, random, least)
            if made is not None:
                found.append(made)
    some = slice(None, None, max(1, len(samples) // MOST_WINDOWS))
    shares = samples.excitation[some] / max(float(samples.excitation[some].sum(dtype=np.float64)), 1e-30)
    for word in _pairs(found, samples.codes[some], strongest):
        made = _tried(probe, samples, word, float(shares[word.windows].sum() * weights.sum()), random, least)
        if made is not None:
            found.append(made)
    return [replace(candidate, spread=_spread(candidate, codes, weights)) for candidate in found]


def _spread(candidate: Candidate, codes: np.ndarray, weights: np.ndarray) -> float:
    letters = _wanted(candidate.columns, 0, len(candidate.columns))
    return float(weights[carrying(letters, codes)[0]].sum()) if letters else 0.0


def _mirrored(found: Sequence[Candidate], codes: np.ndarray) -> list[Word]:
    """Take the reverse complements of the strongest candidates: DNA is read on both strands."""
    words = []
    for candidate in _distinct(found)[:MOST_MIRRORED]:
        last = len(candidate.columns) - 1
        letters = {last - c: 3 - base for c, base in _wanted(candidate.columns, 0, last + 1).items()}
        words.append(Word((letters,), *carrying(letters, codes)[::-1]))
    return words


def _distinct(found: Sequence[Candidate]) -> list[Candidate]:
    """Candidates of one part, the strongest first, of those alike one."""
    distinct: list[Candidate] = []
    for candidate in sorted(found, key=lambda c: -c.strength):
        alone = len(candidate.draft.parts) == 1
        if alone and all(alike(candidate.columns, other.columns)[0] < SAME for other in distinct):
            distinct.append(candidate)
    return distinct


def _unexplained(
    found: Sequence[Candidate], codes: np.ndarray, weights: np.ndarray, plain: np.ndarray, strongest: float
) -> np.ndarray:
    """Some windows that excite the neuron twice as much as the best candidate in them does; few of all: none."""
    level = np.zeros(len(codes))
    for candidate in found:
        if candidate.strength >= LEAST_STRENGTH * strongest:
            _, there = carried(candidate.draft, codes, plain)
            level[there] = np.maximum(level[there], candidate.excitation)
    left = np.flatnonzero((weights >= LEAST_STRENGTH * strongest) & (weights > UNEXPLAINED * level))
    if weights[left].sum() < LEAST_UNEXPLAINED * weights.sum():
        return left[:0]
    left = left[np.argsort(weights[left], kind="stable")]
    return left[np.linspace(0, len(left) - 1, min(len(left), READ)).round().astype(int)]


def _left(letters: np.ndarray, found: Sequence[Candidate]) -> int:
    """Letters (-1 is none) of a window outside all places that show what a candidate wants."""
    free = letters >= 0
    for candidate in found:
        wanted = _wanted(candidate.columns, 0, len(candidate.columns))
        columns, bases = np.array(list(wanted)), np.array(list(wanted.values()))
        for start in range(len(letters) - len(candidate.columns) + 1):
            there = letters[start + columns]
            read = there >= 0
            if read.sum() >= SEEN * len(columns) and (there == bases)[read].mean() >= MATCHING:
                free[start : start + len(candidate.columns)] = False
    return int(free.sum())


def _pairs(found: Sequence[Candidate], codes: np.ndarray, strongest: float) -> list[Word]:
    """Put candidates that excite the neuron little by themselves together as windows (n, size) have them."""
    weak = [c for c in found if c.excitation <= LITTLE * strongest and c.strength >= LEAST_STRENGTH * strongest]
    singles = _distinct(weak)
    letters = [_wanted(single.columns, 0, len(single.columns)) for single in singles[:MOST_SINGLES]]
    options = [paired_word((a, b), codes) for a in letters for b in letters if a is not b and min(len(a), len(b)) > 2]
    words = [word for word in options if word is not None]
    return sorted(words, key=lambda word: -len(word.windows))[:MOST_RESTS]


def _wanted(columns: np.ndarray, low: int, high: int) -> dict[int, int]:
    return {c: int(columns[c].argmax()) for c in range(low, high) if columns[c].max() >= WANTED}


def _rests(candidate: Candidate, found: Sequence[Candidate]) -> list[tuple[Word, float]]:
    """Take what is left of a candidate on either side of a weaker one that lies on it."""
    columns = candidate.columns
    if len(candidate.draft.parts) > 1:
        return []
    for other in found:
        piece = other.columns
        if len(piece) + _FEWEST > len(columns) or other.strength > WEAKER * candidate.strength:
            continue
        fit, move = inside(piece, columns)
        if fit < CONTAINED:
            continue
        words = []
        for low, high in ((0, move), (move + len(piece), len(columns))):
            letters = _wanted(columns, low, high)
            if len(letters) >= _FEWEST:
                places = np.repeat(*np.array([(p, n) for p, n in candidate.draft.starts.items()], int).T)
                words.append((Word((letters,), places, np.zeros(0, int)), candidate.mass))
        return words
    return []


def _known(word: Word, candidate: Candidate, mass: float) -> Candidate | None:
    """Take a word for a candidate of one part, if 90 % of its letters, and 4, are what that wants."""
    if len(word.letters) > 1 or len(candidate.draft.parts) > 1:
        return None
    wanted = np.where(candidate.columns.max(1) >= WANTED, candidate.columns.argmax(1), -1)
    columns = np.array(sorted(word.letters[0]))
    letters = np.array([word.letters[0][int(column)] for column in columns])
    first, last = int(columns[0]), int(columns[-1])
    for start in range(first - 2, last - len(wanted) + 4):  # where the candidate would begin
        inside = (columns >= start) & (columns < start + len(wanted))
        there = wanted[columns[inside] - start]
        equal = int((there == letters[inside]).sum())
        if equal >= max(4, 0.9 * len(columns), 0.7 * (wanted >= 0).sum()):
            draft = replace(candidate.draft, starts=tally(word.places + start))
            return replace(candidate, draft=draft, mass=mass)
    return None


def _tried(
    probe: WindowProbe, samples: Samples, word: Word, mass: float, random: np.random.Generator, least: float
) -> Candidate | None:
    joined = {column: base for part in word.letters for column, base in part.items()}
    values, counts = np.unique(word.places, return_counts=True)
    places = [int(value) for value in values[np.argsort(-counts, kind="stable")][:_PLACES]]
    found = polish(probe, samples, joined, places, random, least=least, enough=3 * least)
    if found is None:
        return None
    middles = [(max(a) + 1 + min(b)) // 2 for a, b in zip(word.letters[:-1], word.letters[1:], strict=True)]
    return made(found, middles, tally(word.places), word.steps, mass)


def made(
    found: Polished,
    middles: Sequence[int],
    places: Mapping[int, float],
    steps: Sequence[Mapping[int, float]],
    mass: float,
) -> Candidate | None:
    """Cut what the neuron wants into the parts of a motif; None where one of them shows nothing.

    Parameters
    ----------
    found : Polished
    middles : sequence of int
        Columns between neighbouring parts, relative to the motif's place.
    places : mapping of int to float
        Where it occurs, and how often.
    steps : sequence of mapping of int to float
        Deviations from the distance that neighbouring parts have in ``found``, and their weight.
    mass : float
        See `Candidate`.
    """
    edges = [found.low, *middles, found.low + len(found.ppm)]
    parts, starts = [], []
    for low, high in zip(edges[:-1], edges[1:], strict=True):
        pfm = found.ppm[low - found.low : high - found.low] * SITES
        spans = informative(pfm) if len(pfm) else []
        if not spans:
            return None
        parts.append(pfm[spans[0][0] : spans[-1][1]])
        starts.append(low + spans[0][0])
    distances = []
    for index, known in enumerate(steps):
        apart = starts[index + 1] - starts[index]
        free = {apart + extra: n for extra, n in known.items() if apart + extra >= len(parts[index]) - 1}
        distances.append(free or {apart: 1.0})
    columns = np.zeros((starts[-1] + len(parts[-1]) - starts[0], 4))
    for start, part in zip(starts, parts, strict=True):
        columns[start - starts[0] : start - starts[0] + len(part)] = part / SITES - 0.25
    moved = {place + starts[0]: n for place, n in places.items()}
    draft = Draft(tuple(parts), moved, tuple(distances))
    return Candidate(draft, columns, found.strength, found.excitation, mass, found.drawn)
