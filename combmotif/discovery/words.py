"""Motifs of a neuron with a short receptive field: its strongest words, merged where they are alike."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from combmotif.config.stages import DiscoverSection
from combmotif.core.typed_yaml import default_of
from combmotif.inference.probe import WindowProbe
from combmotif.motifs.motif import Motif
from combmotif.sampling.samples import Samples

SHIFT = 2
"""Furthest two words are moved against each other, in nt."""


def word_motifs(
    probe: WindowProbe, samples: Samples, *, top: int = default_of(DiscoverSection, "top"), min_sites: int = 3
) -> list[Motif]:
    """Merge the strongest windows of a neuron into motifs.

    The strongest word that is in no motif yet leads the next one, and takes up every free word that differs from it in
    at most one base, or is equal to it over the bases they share after a move of 1 or 2 nt. A word counts by its
    activation above the background. Suits neurons that score words one by one, such as HAL's regions.

    Parameters
    ----------
    probe : WindowProbe
        Of the layer the samples were drawn for.
    samples : Samples
    top : int, default that of ``discover.top``
        Strongest words that are used.
    min_sites : int, default 3
        Fewest words of a motif; where no motif has as many, the first is kept.

    Returns
    -------
    list of Motif
        By descending maximum activation, with ids ``layer:neuron.m1``, ... and as long as the receptive field.
    """
    codes, weights = samples.codes[:top], samples.excitation[:top].astype(float)
    free = np.ones(len(codes), dtype=bool)
    groups: list[list[tuple[int, int]]] = []
    while free.any():
        leader = int(np.argmax(free))  # samples stand by descending activation
        group = [(leader, 0)]
        free[leader] = False
        for row in np.flatnonzero(free):
            move = _move(codes[leader], codes[row])
            if move is not None:
                group.append((int(row), move))
        free[[row for row, _ in group]] = False
        groups.append(group)
    kept = [group for group in groups if len(group) >= min_sites] or groups[:1]
    return [_motif(probe, samples, codes, weights, group, rank + 1) for rank, group in enumerate(kept)]


def _move(leader: np.ndarray, word: np.ndarray) -> int | None:
    """Column of the leader on which a word's first base lies; None where the two are not alike."""
    if (leader != word).sum() <= 1:
        return 0
    size = len(leader)
    for move in (1, -1, 2, -2)[: 2 * min(SHIFT, size - 4)] if size > 4 else ():
        low, high = max(0, move), min(size, size + move)
        if (leader[low:high] == word[low - move : high - move]).all():
            return move
    return None


def _motif(
    probe: WindowProbe,
    samples: Samples,
    codes: np.ndarray,
    weights: np.ndarray,
    group: Sequence[tuple[int, int]],
    number: int,
) -> Motif:
    size = codes.shape[1]
    counts = np.zeros((size, 4))
    rows = np.array([row for row, _ in group])
    for row, move in group:
        for column in range(size):
            if 0 <= column - move < size:
                counts[column, codes[row, column - move]] += weights[row]
            else:
                counts[column] += weights[row] / 4
    consensus = counts.argmax(1).astype(np.uint8)[None]
    beside = None if samples.tracks is None else samples.tracks[rows[[samples.activations[rows].argmax()]]]
    return Motif(
        id=f"{samples.layer}:{samples.neuron}.m{number}",
        pfm=counts * len(rows) / weights[rows].sum(),
        sites=len(rows),
        layer=samples.layer,
        neuron=samples.neuron,
        method="words",
        max_activation=float(samples.activations[rows].max()),
        mean_activation=float(samples.activations[rows].mean()),
        consensus_activation=float(probe.activations(consensus, beside)[0, samples.neuron]),
        share=float(weights[rows].sum() / samples.excitation.sum()),
        offsets=tuple(sorted({move for _, move in group})),
        background=samples.background,
    )
