"""From readings to motifs, their tree and their syntax."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from combmotif.discovery.demixed import Demixed
from combmotif.discovery.group import make_group
from combmotif.discovery.sufficiency.reading import Reading
from combmotif.discovery.syntax import SYNTAX_COLUMNS, describe_gaps
from combmotif.discovery.tree import tree_table
from combmotif.inference.probe import WindowProbe
from combmotif.motifs.motif import Motif
from combmotif.motifs.segment import segments
from combmotif.sampling.samples import Samples

_COUNT = 100


def describe(
    samples: Samples,
    probe: WindowProbe,
    found: Sequence[tuple[Reading, np.ndarray]],
    levels: Sequence[float],
    alphabet: str,
) -> Demixed:
    """Turn readings into motifs, with the samples that carry them, and lay the tree: all windows, then by motif.

    Parameters
    ----------
    samples : Samples
    probe : WindowProbe
    found : sequence of (Reading, bool array of shape (samples,))
        Each with the samples that carry it; those without any are left out.
    levels : sequence of float
        Mean activation of each best k-mer in background sequences.
    alphabet : str
    """
    total = float(samples.excitation.sum())
    entries = []
    for (reading, carries), level in zip(found, levels, strict=True):
        own = np.flatnonzero(carries)
        if len(own) and len(reading.clear):
            entries.append((float(samples.excitation[own].sum()) / total, reading, own, level))
    entries.sort(key=lambda entry: -entry[0])
    motifs, syntax = [], []
    tree = [make_group(probe, samples, np.arange(len(samples)))] if entries else []
    motif_of: dict[str, str] = {}
    taken = np.zeros(len(samples), bool)
    for number, (share, reading, own, level) in enumerate(entries):
        motif = _motif(samples, reading, own, level, share, f"{samples.layer}.{samples.neuron}.m{number + 1}")
        motifs.append(motif)
        syntax += _syntax(motif, reading, alphabet)
        if len(mine := own[~taken[own]]):  # a window with several motifs is in the tree with the first
            tree.append(make_group(probe, samples, mine, f"0.{number}", "motif"))
            motif_of[f"0.{number}"] = motif.id
            taken[mine] = True
    return Demixed(
        tuple(motifs),
        tuple(own for _, _, own, _ in entries),
        tree_table(tree, samples, motif_of, alphabet=alphabet),
        pd.DataFrame(syntax, columns=list(SYNTAX_COLUMNS)),
    )


def _motif(samples: Samples, reading: Reading, own: np.ndarray, level: float, share: float, name: str) -> Motif:
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
        consensus_activation=level,
        share=share,
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
            "neuron": motif.neuron,
            "motif": motif.id,
            "part_a": word[first:end],
            "part_b": word[begin:last],
            "start_a": first,
            "start_b": begin,
        }
        rows.append(entry | describe_gaps(gaps, begin - end))
    return rows
