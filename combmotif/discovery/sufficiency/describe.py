"""From readings to motifs, their tree and their syntax."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from combmotif.core.tables import SYNTAX
from combmotif.discovery.demixed import Demixed
from combmotif.discovery.layerwise.group import Group, make_group
from combmotif.discovery.sufficiency.reading import Reading
from combmotif.discovery.syntax import describe_gaps
from combmotif.discovery.tree import tree_table
from combmotif.inference.probe import WindowProbe
from combmotif.motifs.motif import Motif
from combmotif.motifs.segment import segments
from combmotif.sampling.samples import Samples

_COUNT = 100
_MOST_PLACES = 12


@dataclass(frozen=True)
class Found:
    """A reading, where the samples carry it, and what its best k-mer does.

    Attributes
    ----------
    reading : Reading
    moves : float array, shape (samples,)
        Move of the motif to its place in each sample; NaN in those that do not carry it.
    level : float
        Mean activation of its best k-mer in background sequences.
    share : float
        Of the excitation of windows, what its nucleotides keep beside those of the motifs before it.
    """

    reading: Reading
    moves: np.ndarray
    level: float
    share: float


def describe(probe: WindowProbe, samples: Samples, found: Sequence[Found], alphabet: str) -> Demixed:
    """Turn readings into motifs, and lay the tree: all windows, then by motif, then by place.

    Motifs that no sample carries are left out. A window with several motifs is in the tree with the first of them.
    """
    kept = [one for one in found if np.isfinite(one.moves).any() and len(one.reading.clear)]
    kept.sort(key=lambda one: -one.share)
    motifs, syntax, rows = [], [], []
    tree = [make_group(probe, samples, np.arange(len(samples)))] if kept else []
    motif_of: dict[str, str] = {}
    taken = np.zeros(len(samples), bool)
    for number, one in enumerate(kept):
        own = np.flatnonzero(np.isfinite(one.moves))
        motif = _motif(samples, one, own, f"{samples.layer}:{samples.neuron}.m{number + 1}")
        motifs.append(motif)
        rows.append(own)
        syntax += _syntax(motif, one.reading, alphabet)
        if len(mine := own[~taken[own]]):
            nodes = _nodes(probe, samples, one, mine, f"0.{number}")
            tree += nodes
            motif_of |= {node.path: motif.id for node in nodes[1:] or nodes}
            taken[mine] = True
    return Demixed(
        tuple(motifs),
        tuple(rows),
        tree_table(tree, samples, motif_of, alphabet=alphabet),
        SYNTAX.frame(syntax),
    )


def _nodes(probe: WindowProbe, samples: Samples, one: Found, mine: np.ndarray, path: str) -> list[Group]:
    """Node of a motif, and below it one for each of its places; rare places share one."""
    whole = make_group(probe, samples, mine, path, "motif")
    moves, counts = np.unique(one.moves[mine], return_counts=True)
    usual = np.sort(moves[np.argsort(-counts, kind="stable")][: _MOST_PLACES - 1])
    parts = [mine[one.moves[mine] == move] for move in usual] + [mine[~np.isin(one.moves[mine], usual)]]
    parts = [part for part in parts if len(part)]
    if len(parts) < 2:
        return [whole]
    return [whole, *(make_group(probe, samples, p, f"{path}.{i}", "position") for i, p in enumerate(parts))]


def _motif(samples: Samples, one: Found, own: np.ndarray, name: str) -> Motif:
    reading = one.reading
    start, end = int(reading.clear[0]), int(reading.clear[-1]) + 1
    activations = samples.activations[own]
    return Motif(
        name,
        pfm=reading.ppm[start:end] * max(_COUNT, len(own)),
        sites=len(own),
        layer=samples.layer,
        neuron=samples.neuron,
        method="neuronmotif",
        start=start,
        max_activation=float(activations.max()),
        mean_activation=float(activations.mean()),
        consensus_activation=one.level,
        share=one.share,
        offsets=tuple(sorted({first for first, _ in reading.places} | {0})),
        background=samples.background,
        min_activation=float(activations.min()),
    )


def _syntax(motif: Motif, reading: Reading, alphabet: str) -> list[dict[str, object]]:
    """Rows of `syntax_table`: segments of one part keep their distance, the part that moves has its distances.

    Of a distance that varies ``sequences`` counts 100 for one that excites the neuron as much as the best.
    """
    spans, cut = segments(motif.ppm), reading.cut - motif.start
    borders = [(a[1], b[0]) for a, b in zip(spans[:-1], spans[1:], strict=True)]
    if 0 < cut < len(motif) and not any(end <= cut <= begin for end, begin in borders):
        borders.append((cut, cut))  # parts that touch
    word = motif.consensus(alphabet)
    rows = []
    for end, begin in sorted(borders):
        steps = reading.distances if end <= cut <= begin else {0: 1.0}
        counts = [max(1, int(_COUNT * share)) for share in steps.values()]
        gaps = np.repeat([begin - end + step for step in steps], counts)
        first = max([0, *(a for a, b in spans if a < end)])
        last = min([len(motif), *(b for a, b in spans if b > begin)])
        entry: dict[str, object] = {
            "layer": motif.layer,
            "neuron": f"{motif.layer}:{motif.neuron}",
            "motif": motif.id,
            "part_a": word[first:end],
            "part_b": word[begin:last],
            "start_a": first,
            "start_b": begin,
        }
        rows.append(entry | describe_gaps(gaps, begin - end))
    return rows
