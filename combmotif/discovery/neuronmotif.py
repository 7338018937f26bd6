"""From the windows that excite a neuron to its motifs: demix, cut out the informative span, merge shifted copies."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from combmotif.discovery.demix import DemixOptions, Group, demix
from combmotif.inference.probe import WindowProbe
from combmotif.motifs.cluster import merge_shifted
from combmotif.motifs.motif import PSEUDOCOUNT, Motif
from combmotif.motifs.segment import segments
from combmotif.sampling.samples import Samples


def neuron_motifs(
    probe: WindowProbe, samples: Samples, *, options: DemixOptions | None = None, seed: int = 0, merge: float = 0.8
) -> list[Motif]:
    """Find the motifs of one neuron (NeuronMotif, PNAS 2023, e2216698120).

    Parameters
    ----------
    probe : WindowProbe
        Of the layer the samples were drawn for.
    samples : Samples
    options : DemixOptions, optional
    seed : int, default 0
    merge : float, default 0.8
        Groups at least this similar at some shift are one motif; the groups' offsets are kept in ``offsets``.

    Returns
    -------
    list of Motif
        By descending maximum activation, with ids ``layer.neuron.m1``, ``.m2``, ... A group without informative
        columns gives no motif.
    """
    groups = [group for group in demix(probe, samples, options=options, seed=seed) if _span(group.pfm)]
    motifs = []
    if groups:
        merged = merge_shifted(
            [group.pfm for group in groups],
            np.array([group.max_activation for group in groups]),
            threshold=merge,
        )
        motifs = [_join(probe, samples, [(groups[index], offset) for index, offset in members]) for members in merged]
    motifs.sort(key=lambda motif: (-motif.max_activation, motif.start))
    return [replace(motif, id=f"{samples.layer}.{samples.neuron}.m{rank + 1}") for rank, motif in enumerate(motifs)]


def _span(pfm: np.ndarray) -> tuple[int, int] | None:
    """First and last informative column, widened by one on each side."""
    counts = pfm + PSEUDOCOUNT
    found = segments(counts / counts.sum(1, keepdims=True))
    return (max(0, found[0][0] - 1), min(len(pfm), found[-1][1] + 1)) if found else None


def _join(probe: WindowProbe, samples: Samples, members: list[tuple[Group, int]]) -> Motif:
    """Sum the counts of shifted groups in the frame of the first, and describe the whole."""
    leader = members[0][0]
    total = np.zeros_like(leader.pfm)
    for group, offset in members:
        low, high = max(0, offset), min(len(total), len(total) + offset)
        total[low - offset : high - offset] += group.pfm[low:high]
    span = _span(total) or _span(leader.pfm) or (0, len(total))
    rows = np.concatenate([group.rows for group, _ in members])
    return Motif(
        id="",
        pfm=total[span[0] : span[1]],
        sites=len(rows),
        layer=samples.layer,
        neuron=samples.neuron,
        method="neuronmotif",
        start=span[0],
        max_activation=max(group.max_activation for group, _ in members),
        mean_activation=float(samples.activations[rows].mean()),
        consensus_activation=max(group.consensus_activation for group, _ in members),
        share=sum(group.share for group, _ in members),
        offsets=tuple(sorted({offset for _, offset in members})),
        background=samples.background,
    )
