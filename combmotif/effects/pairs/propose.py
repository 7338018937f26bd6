"""Which motif pairs are worth testing: what one neuron reads together, what biology joins, then families."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations

import numpy as np

from combmotif.config.effects import InteractionSection
from combmotif.core.typed_yaml import default_of
from combmotif.effects.pairs.pair import Pair
from combmotif.effects.pattern import Pattern, as_pattern, own_places
from combmotif.motifs.motif import Motif, MotifSet
from combmotif.motifs.segment import segments
from combmotif.sequence.alphabet import LETTERS

ENOUGH = 100
"""Sequences that hold two parts at their distance; fewer, and other distances near it are looked at as well."""
WIDER = (0, 1, 2, 5, 10)
"""By how many nt the distance of two parts may differ from the motif's, tried in turn."""
READ_TOGETHER = 0.75
"""Most of the pairs, as a share, that are read by one neuron; the others are pairs of families."""
_LEAST_BITS = 4.0
"""Information of a segment that is paired; those with less stand everywhere."""
START, STOPS = "AUG", ("UAA", "UAG", "UGA")


def choose_pairs(
    motifs: MotifSet,
    family_labels: Sequence[int],
    codes: Sequence[np.ndarray],
    *,
    max_pairs: int = default_of(InteractionSection, "max_pairs"),
    p_value: float | None = None,
    background: Sequence[float] | np.ndarray = (0.25, 0.25, 0.25, 0.25),
    by_neuron: bool = False,
) -> list[Pair]:
    """Choose motif pairs to test, from motifs that were found in the network.

    A motif is trimmed to its informative segments; those with less than 4 bits in all stand everywhere and are
    passed over. Pairs are taken in this order:

    1. The two segments with most information of a motif that has two: its neuron reads them together. They are tested
       in the motif's order and at its distance; where fewer than 100 sequences hold them so, at distances up to 1, 2, 5
       or 10 nt from it, or at any. Inserted, they stand at the motif's distance.
    2. Of RNA, where motifs spell both: the start codon, and each stop codon in frame behind it.
    3. The two strongest motifs of one neuron, which reads either.
    4. Families: each is represented by its strongest member (highest activation, then most information, then first in
       the set), trimmed to the segment with most information; every two families and every family with itself are
       candidates. Next is the pair whose families have been paired least so far, of these the one whose families have
       most members, then the first in the order of the motifs. They carry the families' names, the consensus words of
       their representatives.

    Pairs of the first and third kind are at most three quarters of `max_pairs`, the strongest first, where families
    are there to fill the rest. Pairs with the consensus words of one already chosen are left out, and those that no
    sequence is long enough for. How often two motifs stand together by chance has no influence: a rare pair is tested
    by insertion. The choice uses no prediction, so it does not bias the tests, and no random numbers.

    Parameters
    ----------
    motifs : MotifSet
    family_labels : sequence of int, one per motif
        From `combmotif.motifs.families`.
    codes : sequence of uint8 arrays, each of shape (length,)
        The sequences that will be tested.
    max_pairs : int
    p_value : float, optional
        Score threshold, as the probability that a random window reaches it; default each motif's own, see
        `combmotif.motifs.scanning.scan.own_p_value`.
    background : 4 floats, default equal
        Frequencies of A, C, G, T/U.
    by_neuron : bool, default False
        Whether the two segments of a motif are to be looked for in windows where its neuron fires (`Pair.neuron`).

    Returns
    -------
    list of Pair
        At most `max_pairs`, for `interaction`.

    Raises
    ------
    ValueError
        If there is not one label per motif.
    """
    if len(family_labels) != len(motifs):
        raise ValueError(f"family_labels: expected one per motif ({len(motifs)}), found {len(family_labels)}")
    cut = [[part for part in segments(motif.ppm) if _bits(motif, part) >= _LEAST_BITS] for motif in motifs]
    lengths = [len(sequence) for sequence in codes]
    typical = float(np.median(lengths)) if lengths else 1.0

    def pattern(motif: Motif, columns: tuple[int, int]) -> Pattern:
        return as_pattern(
            motif, p_value=p_value, length=typical, background=background, columns=columns, alphabet=motifs.alphabet
        )

    chosen: list[Pair] = []
    taken: set[frozenset[str]] = set()

    def take(pair: Pair, most: int) -> bool:
        words = frozenset((pair.a.consensus, pair.b.consensus))
        fits = len(pair.a) + len(pair.b) + pair.spacing[0] <= max(lengths, default=0)
        if not fits or words in taken or len(chosen) >= most:
            return False
        taken.add(words)
        chosen.append(pair)
        return True

    usable = [index for index, parts in enumerate(cut) if parts]
    several = len({family_labels[index] for index in usable}) > 1
    together = max(1, int(READ_TOGETHER * max_pairs)) if several else max_pairs
    by_strength = sorted(usable, key=lambda index: _strength(motifs, index), reverse=True)
    for index in by_strength:
        if len(cut[index]) > 1 and len(chosen) < together:
            first, second = sorted(sorted(cut[index], key=lambda part: -_bits(motifs[index], part))[:2])
            a, b = (pattern(motifs[index], part) for part in (first, second))
            distance = second[0] - first[1]
            neuron = f"{motifs[index].layer}:{motifs[index].neuron}" if by_neuron else ""
            spacing = _spacing(a, b, distance, codes)
            take(Pair(a, b, order="ab", spacing=spacing, distance=distance, neuron=neuron), together)
    for pair in _codons(motifs):
        take(pair, max_pairs)
    of_neuron: dict[tuple[str, int], list[int]] = {}
    for index in by_strength:
        of_neuron.setdefault((motifs[index].layer, motifs[index].neuron), []).append(index)
    for (_, channel), members in of_neuron.items():
        if channel >= 0 and len(members) > 1 and len(chosen) < together:
            a, b = (pattern(motifs[index], _main(motifs[index], cut[index])) for index in members[:2])
            take(Pair(a, b), together)
    for pair in _families(motifs, family_labels, usable, cut, pattern):
        if len(chosen) >= max_pairs:
            break
        take(pair, max_pairs)
    return chosen


def _spacing(a: Pattern, b: Pattern, distance: int, codes: Sequence[np.ndarray]) -> tuple[int, int | None]:
    """Fewest and most nt between two parts, near their distance in the motif, so that enough sequences hold them."""
    (rows, starts), (other, behind) = a.find(codes), b.find(codes)
    stride = 2 * max((len(sequence) for sequence in codes), default=1) + len(a) + distance + max(WIDER)
    standing = other * stride + behind
    for wider in WIDER:
        low, high = max(0, distance - wider), distance + wider
        found = np.zeros(len(rows), dtype=bool)
        for gap in range(low, high + 1):
            found |= np.isin(rows * stride + starts + len(a) + gap, standing)
        if len(np.unique(rows[found])) >= ENOUGH:
            return low, high
    return 0, None


def _codons(motifs: MotifSet) -> list[Pair]:
    """The start codon with each stop codon in frame behind it, where motifs of an RNA net spell them."""
    if LETTERS[motifs.alphabet][3] != "U":
        return []
    whole = [as_pattern(motif, p_value=1e-3) for motif in motifs]

    def spelled(word: str) -> bool:
        return any(own_places(pattern, as_pattern(word)).any() for pattern in whole)

    stops = [stop for stop in STOPS if spelled(stop)] if spelled(START) else []
    return [Pair(as_pattern(START), as_pattern(stop), order="ab", frame=0) for stop in stops]


def _families(
    motifs: MotifSet,
    labels: Sequence[int],
    usable: Sequence[int],
    cut: Sequence[Sequence[tuple[int, int]]],
    pattern: Callable[[Motif, tuple[int, int]], Pattern],
) -> Iterator[Pair]:
    """Every two families, and every family with itself, in the order in which they take turns."""
    strongest: dict[int, int] = {}
    for index in usable:
        label = labels[index]
        if label not in strongest or _strength(motifs, index) > _strength(motifs, strongest[label]):
            strongest[label] = index
    single = [pattern(motifs[index], _main(motifs[index], cut[index])) for index in strongest.values()]
    sizes = Counter(labels[index] for index in usable)
    members = [sizes[label] for label in strongest]
    words = [side.consensus for side in single]
    titles = [
        word if words.index(word) == i else f"{word} ({side.name})"
        for i, (word, side) in enumerate(zip(words, single, strict=True))
    ]
    for i, j in _turns(members):
        yield Pair(single[i], single[j], family_a=titles[i], family_b=titles[j])


def _turns(members: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Order the pairs of families: next the one whose families had fewest turns, then the larger ones."""
    uses = [0] * len(members)
    left = [(i, i) for i in range(len(members))] + list(combinations(range(len(members)), 2))
    while left:
        i, j = min(left, key=lambda pair: (uses[pair[0]] + uses[pair[1]], -members[pair[0]] - members[pair[1]], pair))
        left.remove((i, j))
        yield i, j
        uses[i] += 1
        uses[j] += 1


def _main(motif: Motif, parts: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """The segment with most information."""
    return max(parts, key=lambda part: _bits(motif, part))


def _bits(motif: Motif, columns: tuple[int, int]) -> float:
    return float(motif.information[slice(*columns)].sum())


def _strength(motifs: MotifSet, index: int) -> tuple[float, float]:
    activation = motifs[index].max_activation
    return (-np.inf if np.isnan(activation) else activation, float(motifs[index].information.sum()))
