"""How well two sets of motifs of one neuron agree, without a threshold, and beyond what any two neurons share."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from combmotif.motifs.motif import Motif
from combmotif.motifs.segment import segments

_MOST_PARTS = 6
"""Motifs that are laid onto one; a demixed motif has two parts, seldom three."""
_CHANCE_NEURONS = 12
"""Other neurons each neuron is compared with; of 64 neurons that is 768 pairs, whose mean has an error below .01."""


def motif_similarity(a: Motif, b: Motif) -> float:
    """Compare two motifs by the best cosine of their deviations from uniform.

    The cosine runs over the columns of both at the best shift, so columns that only one of them has lower it: a part
    alone reaches the square root of its share of a gapped motif. Uninformative columns neither earn nor cost. Where a
    motif has several informative segments, these may also lie at another distance than in the other motif, in the same
    order: a gapped motif that is drawn with another spacing is still that motif.

    Parameters
    ----------
    a, b : Motif

    Returns
    -------
    float
        0 (nothing in common, or a motif without information) to 1 (the same).

    Examples
    --------
    >>> from combmotif.motifs import Motif, word_ppm
    >>> from combmotif.motifs.concordance import motif_similarity
    >>> whole = Motif("a", 100 * word_ppm("UGUANAUA"), 100)
    >>> round(motif_similarity(whole, Motif("b", 100 * word_ppm("UGUA"), 100)) ** 2, 1)
    0.6
    """
    return max(arranged(a, [b]), arranged(b, [a]), _respaced(a, b))


def arranged(motif: Motif, parts: Sequence[Motif]) -> float:
    """Compare a motif with the best arrangement of others, each as often as it helps, over the columns of all.

    The others are laid onto the motif, best first and without overlap, while that raises the cosine; a gapped motif
    that another run found as two motifs is thus recognised.

    Parameters
    ----------
    motif : Motif
    parts : sequence of Motif

    Returns
    -------
    float
        0 to 1; 0 where there are no parts.
    """
    whole = _deviation(motif)
    pieces = [piece for piece in map(_deviation, parts) if len(piece)]
    if not len(whole) or not pieces:
        return 0.0
    norm = float((whole**2).sum())
    options = [(move, piece, inner) for piece in pieces for move, inner in enumerate(_products(whole, piece))]
    taken: list[tuple[int, int]] = []
    inner = laid = best = 0.0
    for _ in range(_MOST_PARTS):
        choice = None
        for move, piece, product in options:
            start = move + 1 - len(piece)
            if product <= 0 or any(start < end and begin < start + len(piece) for begin, end in taken):
                continue
            size = float((piece**2).sum())
            score = (inner + product) / np.sqrt(norm * (laid + size))
            if score > best + 1e-6:
                best, choice = float(score), (start, start + len(piece), product, size)
        if choice is None:
            break
        taken.append(choice[:2])
        inner, laid = inner + choice[2], laid + choice[3]
    return min(best, 1.0)


def agreement(first: Sequence[Motif], second: Sequence[Motif]) -> float:
    """Weigh, over the motifs of two runs, how well the other run has each: sum of share x similarity over shares.

    The similarity of a motif is the best with any motif of the other run, or with an arrangement of them (`arranged`).
    Nothing here is a threshold. What neurons of a layer have in common by themselves is in it too: see `corrected`.

    Parameters
    ----------
    first, second : sequence of Motif
        Of one neuron, by two runs. A run whose motifs lack a share counts them alike.

    Returns
    -------
    float
        0 to 1; NaN where neither run has a motif (that two runs find nothing is no agreement), 0 where one has none.
    """
    if not first and not second:
        return float("nan")
    if not first or not second:
        return 0.0
    total = weight = 0.0
    for mine, others in ((first, second), (second, first)):
        shares = _shares(mine)
        total += float(shares @ [best_similarity(motif, others) for motif in mine])
        weight += float(shares.sum())
    return total / weight


def strict_agreement(first: Sequence[Motif], second: Sequence[Motif]) -> float:
    """Count the motifs of two runs that the other run has too: a cosine of 0.9 with an arrangement of its motifs.

    Parameters
    ----------
    first, second : sequence of Motif

    Returns
    -------
    float
        0 to 1; NaN where neither run has a motif, 0 where one has none.
    """
    if not first and not second:
        return float("nan")
    pairs = [(motif, others) for mine, others in ((first, second), (second, first)) for motif in mine]
    return float(np.mean([arranged(motif, others) >= 0.9 for motif, others in pairs]))


def best_similarity(motif: Motif, others: Sequence[Motif]) -> float:
    """Return the best similarity of a motif with any of others or an arrangement of them, 0 to 1; 0 without others.

    Parameters
    ----------
    motif : Motif
    others : sequence of Motif

    Returns
    -------
    float

    Examples
    --------
    >>> from combmotif.motifs import word_ppm
    >>> one, other = (Motif(word, word_ppm(word) * 100, 100) for word in ("UGUAAAUA", "GUAAAU"))
    >>> best_similarity(one, []), round(best_similarity(one, [other, one]), 3)
    (0.0, 1.0)
    """
    return max([arranged(motif, others), *(motif_similarity(motif, other) for other in others)])


def chance_agreement(
    first: Sequence[Sequence[Motif]],
    second: Sequence[Sequence[Motif]],
    *,
    measure: Callable[[Sequence[Motif], Sequence[Motif]], float] = agreement,
) -> float:
    """Measure how well *different* neurons agree: the share of `agreement` that says nothing about a neuron.

    Neurons of one layer share motifs (in a net of 5'UTRs nearly all read AUG), and any two matrices agree a little.

    Parameters
    ----------
    first, second : sequences of motif sets
        Of the same neurons, in one order, by two runs.
    measure : callable, default agreement
        Or `strict_agreement`.

    Returns
    -------
    float
        Mean over pairs of different neurons that have motifs, each with the 12 that follow it in the list (cyclic);
        NaN where there is no such pair.

    Raises
    ------
    ValueError
        If the two runs have another number of neurons.
    """
    count = len(first)
    if len(second) != count:
        raise ValueError(f"second: expected the motifs of the same {count} neurons as first, found {len(second)} sets")
    steps = range(1, min(count - 1, _CHANCE_NEURONS) + 1)
    pairs = [(first[row], second[(row + step) % count]) for row in range(count) for step in steps]
    values = [measure(one, other) for one, other in pairs if one and other]
    return float(np.mean(values)) if values else float("nan")


def corrected(value: float, chance: float) -> float:
    """Scale an agreement so that chance is 0 and identity 1: (value - chance) / (1 - chance); as for Cohen's kappa.

    Without a chance level (NaN: one neuron alone) the value stands as it is.
    """
    if not np.isfinite(chance):
        return value
    return (value - chance) / (1 - chance) if chance < 1 else float("nan")


def _deviation(motif: Motif) -> np.ndarray:
    """Deviation from uniform from the first to the last column that has any; (columns, 4)."""
    deviation = motif.ppm - 0.25
    columns = np.flatnonzero(np.abs(deviation).max(1) > 1e-6)
    return deviation[columns[0] : columns[-1] + 1] if columns.size else deviation[:0]


def _products(whole: np.ndarray, piece: np.ndarray) -> np.ndarray:
    """Inner product at every start from -(len(piece) - 1) to len(whole) - 1."""
    padded = np.pad(whole, ((len(piece) - 1, len(piece) - 1), (0, 0)))
    views = np.lib.stride_tricks.sliding_window_view(padded, len(piece), axis=0)  # (starts, 4, columns)
    return np.asarray(np.einsum("sbc,cb->s", views, piece))


def _respaced(a: Motif, b: Motif) -> float:
    """Cosine of two motifs of as many segments, matched in order at whatever distance; 0 of all others."""
    spans = [segments(motif.ppm) for motif in (a, b)]
    if len(spans[0]) != len(spans[1]) or len(spans[0]) < 2:
        return 0.0
    parts = [[motif.ppm[s:e] - 0.25 for s, e in own] for motif, own in zip((a, b), spans, strict=True)]
    inner = sum(float(_products(one, other).max()) for one, other in zip(*parts, strict=True))
    norms = [sum(float((part**2).sum()) for part in own) for own in parts]
    return max(0.0, min(1.0, inner / float(np.sqrt(norms[0] * norms[1]))))


def _shares(motifs: Sequence[Motif]) -> np.ndarray:
    """Weights of the motifs of a run, above 0 in sum."""
    shares = np.array([motif.share for motif in motifs])
    return shares if np.isfinite(shares).all() and shares.sum() > 0 else np.ones(len(motifs))
