"""Which motif pairs are worth testing, chosen from the motifs and the sequences alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from combmotif.effects.pair import Pair
from combmotif.effects.pattern import Pattern, as_pattern
from combmotif.effects.placements import holds_pair, outer_starts
from combmotif.motifs.motif import Motif, MotifSet
from combmotif.motifs.segment import segments

FEWEST = 6
"""Sequences a pair must stand in; fewer cannot be tested."""


def choose_pairs(
    motifs: MotifSet,
    family_labels: Sequence[int],
    codes: Sequence[np.ndarray],
    *,
    max_pairs: int = 20,
    min_bits: float = 4.0,
    p_value: float = 1e-3,
    background: Sequence[float] | np.ndarray = (0.25, 0.25, 0.25, 0.25),
    by_neuron: bool = False,
) -> list[Pair]:
    """Choose motif pairs to test, from motifs that were found in the network.

    A motif is trimmed to its informative segments; those with less than `min_bits` in all stand everywhere and are
    passed over. First come motifs with two segments, whose neuron itself reads a pair: (first, second) of the two
    segments with most information, in their order along the motif, the pairs found in most sequences first. Then come
    pairs of families: each family is represented by its strongest member (highest activation, then most information,
    then first in the set), trimmed to the segment with most information; every two families and every family with
    itself are candidates. They are taken in turn, so that no family fills the table: next is the pair whose families
    have been paired least so far, of these the one whose families have most members, then the one found together in
    most sequences, then the first in the order of the motifs. Pairs that stand together in fewer than 6 sequences, and
    pairs with the consensus words of a pair already chosen, are left out. Pairs of families carry the families' names,
    the consensus words of their representatives. The choice uses no prediction, so it does not
    bias the tests, and no random numbers.

    Parameters
    ----------
    motifs : MotifSet
    family_labels : sequence of int, one per motif
        From `combmotif.motifs.families`.
    codes : sequence of uint8 arrays, each of shape (length,)
        The sequences that will be tested.
    max_pairs : int, default 20
    min_bits : float, default 4
        Least information of a segment.
    p_value : float, default 1e-3
        Score threshold, as the probability that a random window reaches it.
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
    cut = [[part for part in segments(motif.ppm) if _bits(motif, part) >= min_bits] for motif in motifs]

    def pattern(motif: Motif, columns: tuple[int, int]) -> Pattern:
        return as_pattern(motif, p_value=p_value, background=background, columns=columns, alphabet=motifs.alphabet)

    own = []
    for motif, parts in zip(motifs, cut, strict=True):
        if len(parts) > 1:
            best = sorted(sorted(parts, key=lambda part: -_bits(motif, part))[:2])
            neuron = f"{motif.layer}:{motif.neuron}" if by_neuron else ""
            own.append(Pair(pattern(motif, best[0]), pattern(motif, best[1]), neuron=neuron))
    strongest: dict[int, int] = {}
    for index, label in enumerate(family_labels):
        if cut[index] and (label not in strongest or _strength(motifs, index) > _strength(motifs, strongest[label])):
            strongest[label] = index
    single = [
        pattern(motifs[index], max(cut[index], key=lambda part: _bits(motifs[index], part)))
        for index in strongest.values()
    ]
    sizes = Counter(label for index, label in enumerate(family_labels) if cut[index])
    members = [sizes[label] for label in strongest]
    words_of = [side.consensus for side in single]
    titles = [
        word if words_of.index(word) == i else f"{word} ({side.name})"
        for i, (word, side) in enumerate(zip(words_of, single, strict=True))
    ]

    outer: dict[str, tuple[np.ndarray, np.ndarray]] = {}

    def together(pair: Pair) -> int:
        a, b = pair.a, pair.b
        for side in (a, b):
            if side.name not in outer:
                outer[side.name] = outer_starts(side.find(codes), len(codes))
        return int(holds_pair(outer[a.name], outer[b.name], len(a), len(b)).sum())

    chosen: list[Pair] = []
    words: set[frozenset[str]] = set()

    def take(pair: Pair, count: int) -> bool:
        key = frozenset((pair.a.consensus, pair.b.consensus))
        if count < FEWEST or key in words or len(chosen) >= max_pairs:
            return False
        words.add(key)
        chosen.append(pair)
        return True

    counts = [together(pair) for pair in own]
    for index in np.argsort(-np.array(counts, dtype=np.int64), kind="stable"):
        take(own[index], counts[index])
    open_pairs = {
        (i, j): together(Pair(single[i], single[j])) for i in range(len(single)) for j in range(i, len(single))
    }
    uses = [0] * len(single)
    while open_pairs and len(chosen) < max_pairs:
        i, j = min(
            open_pairs,
            key=lambda pair: (
                uses[pair[0]] + uses[pair[1]],
                -members[pair[0]] - members[pair[1]],
                -open_pairs[pair],
                pair,
            ),
        )
        pair = Pair(single[i], single[j], family_a=titles[i], family_b=titles[j])
        if take(pair, open_pairs.pop((i, j))):
            uses[i] += 1
            uses[j] += 1
    return chosen


def _bits(motif: Motif, columns: tuple[int, int]) -> float:
    return float(motif.information[slice(*columns)].sum())


def _strength(motifs: MotifSet, index: int) -> tuple[float, float]:
    activation = motifs[index].max_activation
    return (-np.inf if np.isnan(activation) else activation, float(motifs[index].information.sum()))
