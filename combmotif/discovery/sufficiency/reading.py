"""Read the matrix of a motif: from one window to the bases that the neuron answers to, whatever stands around them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from combmotif.discovery.sufficiency.options import SufficiencyOptions
from combmotif.discovery.sufficiency.queries import UNIFORM, Queries
from combmotif.motifs.motif import Motif

CLEAR = 0.35
"""Probability from which a column's best base is more than noise; a matrix has none where all are below."""
BESIDE = 2
"""Columns next to a known one that belong to it with all their effect; of others counts what they do through it."""
SIGNIFICANT = 4.0
"""Standard errors by which a column must stand out; 2 would let one flat column in 20 pass."""
_NEAR = 5  # columns beyond a known one that a wide window is read in
_WIDE = 40
_OWN = 4  # times as many background sequences, for what columns do without the motif
_TEMPERATURES = np.geomspace(0.5, 0.02, 12)
_BLOCKS = 48


@dataclass(frozen=True)
class Reading:
    """A motif in the frame of the window, and where it acts.

    Attributes
    ----------
    ppm : float array, shape (size, 4)
        Probabilities; uniform where nothing is read.
    excitation : float
        Of its best k-mer in background sequences, mean.
    cut : int, default -1
        First column of a second part that moves by itself; -1 of a motif that is one part.
    row : int or None, default None
        Sample whose tracks it was read with, of a model with extra channels.
    places : dict of (int, int) to float
        Moves of the two parts (the same of one part) at which the neuron answers, with their share of the excitation.
    """

    ppm: np.ndarray
    excitation: float
    cut: int = -1
    row: int | None = None
    places: dict[tuple[int, int], float] = field(default_factory=lambda: {(0, 0): 1.0})

    @property
    def distances(self) -> dict[int, float]:
        """Changes of the distance between the parts, each with the largest share of the excitation."""
        found: dict[int, float] = {}
        for (first, second), share in self.places.items():
            found[second - first] = max(share, found.get(second - first, 0.0))
        return dict(sorted(found.items()))

    @property
    def columns(self) -> np.ndarray:
        """Columns that are read, integer (k,)."""
        return np.flatnonzero(np.ptp(self.ppm, 1) > 0)

    @property
    def motif(self) -> Motif:
        """The matrix from its first to its last clear column, to compare it with others."""
        start, end = self.clear[0], self.clear[-1] + 1
        return Motif("", pfm=100 * self.ppm[start:end], sites=100)

    @property
    def clear(self) -> np.ndarray:
        """Columns with one base at `CLEAR` or above."""
        return np.flatnonzero(self.ppm.max(1) >= CLEAR)


def anchor(
    queries: Queries, window: np.ndarray, among: np.ndarray, options: SufficiencyOptions, row: int | None = None
) -> np.ndarray:
    """Find the fewest nucleotides of a window that excite the neuron most; bool (size,).

    Backward elimination from the nucleotides in ``among``: those (of long windows, blocks of them) whose loss costs
    least are dropped, a sixth at a time, the rest of the window being background. Of the sets left after each turn,
    the one with the largest excitation over the square of its size is taken, of those within a fifth of it the
    smallest: by excitation over size, two copies of a motif that share nucleotides, or two motifs that overlap, would
    win over one. A set must keep ``alone`` of the excitation, else a few nucleotides without a meaning would do.
    """
    keep, best, chosen = among.copy(), -np.inf, None
    while keep.sum() >= 4:
        left = np.flatnonzero(keep)
        blocks = np.array_split(left, min(len(left), _BLOCKS))
        tries = np.repeat(keep[None], len(blocks) + 1, 0)
        for number, block in enumerate(blocks):
            tries[number, block] = False
        rows = None if row is None else np.full(len(tries), row)
        gains = queries.kept(np.repeat(window[None], len(tries), 0), tries, options.backgrounds // 2, rows)
        if chosen is None:
            least = options.alone * gains[-1]
        if gains[-1] < least:
            break
        density = gains[-1] / len(left) ** 2
        if density >= 0.8 * best:
            chosen = keep.copy()
        best = max(best, density)
        if len(blocks) < 2:
            break
        for number in np.argsort(-gains[:-1], kind="stable")[: max(1, len(blocks) // 6)]:
            keep[blocks[number]] = False
    return keep if chosen is None else chosen


def letters(window: np.ndarray, keep: np.ndarray) -> np.ndarray:
    """Matrix of the kept nucleotides of a window; (size, 4)."""
    ppm = np.full((len(window), 4), UNIFORM)
    ppm[keep] = np.eye(4)[window[keep]]
    return ppm


def read(
    queries: Queries, ppm: np.ndarray, options: SufficiencyOptions, *, turns: int = 2, most: int = 1
) -> Reading | None:
    """Turn a first guess of a motif into what the neuron answers to (mean field); None where it answers to nothing.

    In each turn every base is tried in every column, the other columns being drawn from the matrix of the turn before:
    the mean activation, per base, is the effect. Among the matrices that are softmax(effect / temperature), those of
    maximum entropy at a given mean effect (Jaynes 1957), that one is taken whose k-mers excite the neuron
    ``sharpness`` times as much as its best k-mer.

    Of columns farther than `BESIDE` from those already known, only the effect beyond the one in background sequences
    counts: what adds up with the motif is not part of it.
    """
    size, excites, effect_of_best = queries.size, 0.0, 0.0
    for _ in range(turns):
        known = np.ptp(ppm, 1) > 0
        near = np.convolve(known, np.ones(2 * _NEAR + 1), "same") > 0 if size > _WIDE else np.ones(size, bool)
        beside = np.convolve(known, np.ones(2 * BESIDE + 1), "same") > 0
        tried = np.flatnonzero(near)
        count = options.backgrounds
        while True:
            effect, error = _effects(queries, ppm, tried, count)
            beyond = tried[~beside[tried]]
            if len(beyond):
                own, noise = _own_effects(queries, beyond, options)
                effect[beyond] -= own
                error[beyond] = np.hypot(error[beyond], noise)
            span = np.ptp(effect, 1)
            # the best k-mer's effect says which columns count, and these are its letters; where it is small against
            # a single column, as in wide motifs of equal columns, half of the strongest column does
            for _ in range(2):
                counts = span >= min(options.flat * max(effect_of_best, 1e-9), span.max() / 2)
                on = counts & (span >= SIGNIFICANT * error)
                if on.any():
                    words = queries.backgrounds(count)
                    words[:, on] = effect[on].argmax(1)
                    values = queries.activation(words)
                    effect_of_best = float(values.mean()) - queries.mean
            # a column that would count but is not told from noise asks for more background sequences
            if not (counts & ~on & np.isfinite(error)).any() or count >= most * options.backgrounds:
                break
            count *= 2
        if not on.any():
            return None
        excites = float(queries.excitation(values).mean())
        if excites <= 0 or effect_of_best <= 0:
            return None
        effect[~on] = 0
        ppm = _sharpened(queries, effect, effect_of_best, excites, options, count)
        ppm[ppm.max(1) < CLEAR] = UNIFORM
        if not np.ptp(ppm, 1).any():
            return None
    return Reading(ppm, excites)


def _effects(queries: Queries, ppm: np.ndarray, tried: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean effect of each base in each column tried, k-mers drawn from the matrix, and its standard error."""
    words = queries.draw(ppm, count)
    others = np.repeat(np.repeat(words[None, None], len(tried), 0), 3, 1)  # the own base needs no query a column
    for number, column in enumerate(tried):
        others[number, :, :, column] = (words[:, column] + np.arange(1, 4)[:, None]) % 4
    asked = np.concatenate([others.reshape(-1, *words.shape), words[None]])
    found = queries.activation(asked)
    own = np.broadcast_to(found[-1], (len(tried), 1, count))
    steps = np.concatenate([own, found[:-1].reshape(len(tried), 3, count)], 1)
    # step k of a draw is base (own + k) mod 4: put bases into order
    order = (np.arange(4)[None, :, None] - words.T[tried][:, None].astype(int)) % 4
    values = np.take_along_axis(steps, order, 1)  # (tried, 4, count)
    values -= values.mean(1, keepdims=True)
    effect, error = np.zeros((queries.size, 4)), np.full(queries.size, np.inf)
    effect[tried] = values.mean(2)
    error[tried] = values.std(2).max(1) / np.sqrt(count)
    return effect, error


def _own_effects(queries: Queries, columns: np.ndarray, options: SufficiencyOptions) -> tuple[np.ndarray, np.ndarray]:
    """Effect of each base in columns of background sequences, and its standard error; asked once."""
    missing = np.array([c for c in columns if (queries.row, c) not in queries.own], int)
    if len(missing):
        uniform = np.full((queries.size, 4), UNIFORM)
        effect, error = _effects(queries, uniform, missing, _OWN * options.backgrounds)
        queries.own |= {(queries.row, c): (effect[c], error[c]) for c in missing}
    found = [queries.own[queries.row, c] for c in columns]
    return np.array([effect for effect, _ in found]), np.array([error for _, error in found])


def _sharpened(
    queries: Queries, effect: np.ndarray, largest: float, excites: float, options: SufficiencyOptions, count: int
) -> np.ndarray:
    """Matrix softmax(effect / temperature) whose k-mers have the share asked for of the best k-mer's effect."""
    dice = queries.dice(2 * count)  # the same for all, so that the share rises as the matrix gets colder

    def share(number: int) -> float:
        words = queries.draw(_softmax(effect / (largest * _TEMPERATURES[number])), dice)
        return float(queries.excitation(queries.activation(words)).mean()) / excites

    low, high = 0, len(_TEMPERATURES) - 1
    below, above = share(low), share(high)
    while high - low > 1:
        middle = (low + high) // 2
        if (found := share(middle)) < options.sharpness:
            low, below = middle, found
        else:
            high, above = middle, found
    between = np.interp(options.sharpness, (below, max(above, below + 1e-9)), np.log(_TEMPERATURES[[low, high]]))
    return _softmax(effect / (largest * np.exp(between)))


def _softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - x.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)
