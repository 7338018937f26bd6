"""Which motif pairs are worth testing, chosen from the motifs and the sequences alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from combmotif.effects.pattern import Pattern, as_pattern
from combmotif.effects.placements import holds_pair, outer_starts
from combmotif.motifs.motif import Motif, MotifSet
from combmotif.motifs.segment import segments


def choose_pairs(
    motifs: MotifSet,
    family_labels: Sequence[int],
    codes: Sequence[np.ndarray],
    *,
    max_pairs: int = 20,
    p_value: float = 1e-3,
    background: Sequence[float] | np.ndarray = (0.25, 0.25, 0.25, 0.25),
) -> list[tuple[Pattern, Pattern]]:
    """Choose motif pairs to test, from motifs that were found in the network.

    A motif is trimmed to its informative segments. First come motifs with two segments, whose neuron itself reads a
    pair: (first, second) of the two segments with most information, in their order along the motif. Then come pairs
    of families: each family is represented by its strongest member (highest activation, then most information, then
    first in the set), trimmed to the segment with most information; every two families and every family with itself
    are candidates. Both lists are ranked by the number of sequences in which the two stand without overlap; ties
    keep the order of the motifs. Pairs that stand together nowhere, and pairs with the consensus words of a pair
    already chosen, are left out. The choice uses no prediction, so it does not bias the tests, and no random numbers.

    Parameters
    ----------
    motifs : MotifSet
    family_labels : sequence of int, one per motif
        From `combmotif.motifs.families`.
    codes : sequence of uint8 arrays, each of shape (length,)
        The sequences that will be tested.
    max_pairs : int, default 20
    p_value : float, default 1e-3
        Score threshold, as the probability that a random window reaches it.
    background : 4 floats, default equal
        Frequencies of A, C, G, T/U.

    Returns
    -------
    list of (Pattern, Pattern)
        At most `max_pairs`, for `interaction`.

    Raises
    ------
    ValueError
        If there is not one label per motif.
    """
    if len(family_labels) != len(motifs):
        raise ValueError(f"family_labels: expected one per motif ({len(motifs)}), found {len(family_labels)}")
    cut = [segments(motif.ppm) for motif in motifs]

    def pattern(motif: Motif, columns: tuple[int, int]) -> Pattern:
        return as_pattern(motif, p_value=p_value, background=background, columns=columns, alphabet=motifs.alphabet)

    own = []
    for motif, parts in zip(motifs, cut, strict=True):
        if len(parts) > 1:
            best = sorted(sorted(parts, key=lambda part: -_bits(motif, part))[:2])
            own.append((pattern(motif, best[0]), pattern(motif, best[1])))
    strongest: dict[int, int] = {}
    for index, label in enumerate(family_labels):
        if cut[index] and (label not in strongest or _strength(motifs, index) > _strength(motifs, strongest[label])):
            strongest[label] = index
    single = [
        pattern(motifs[index], max(cut[index], key=lambda part: _bits(motifs[index], part)))
        for index in strongest.values()
    ]
    between = [(a, b) for i, a in enumerate(single) for b in single[i:]]

    outer: dict[str, tuple[np.ndarray, np.ndarray]] = {}

    def together(pair: tuple[Pattern, Pattern]) -> int:
        for side in pair:
            if side.name not in outer:
                outer[side.name] = outer_starts(side.find(codes), len(codes))
        a, b = pair
        return int(holds_pair(outer[a.name], outer[b.name], len(a), len(b)).sum())

    chosen: list[tuple[Pattern, Pattern]] = []
    words: set[frozenset[str]] = set()
    for group in (own, between):
        counts = [together(pair) for pair in group]
        for index in np.argsort(-np.array(counts, dtype=np.int64), kind="stable"):
            key = frozenset(side.consensus for side in group[index])
            if counts[index] and key not in words and len(chosen) < max_pairs:
                words.add(key)
                chosen.append(group[index])
    return chosen


def _bits(motif: Motif, columns: tuple[int, int]) -> float:
    return float(motif.information[slice(*columns)].sum())


def _strength(motifs: MotifSet, index: int) -> tuple[float, float]:
    activation = motifs[index].max_activation
    return (-np.inf if np.isnan(activation) else activation, float(motifs[index].information.sum()))
