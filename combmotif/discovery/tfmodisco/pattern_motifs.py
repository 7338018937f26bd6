"""From TF-MoDISco's patterns to motifs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from combmotif.discovery.tfmodisco.modisco import ModiscoResult
from combmotif.discovery.tfmodisco.patterns import Pattern
from combmotif.inference.probe import WindowProbe
from combmotif.motifs.motif import Motif
from combmotif.sampling.samples import Samples

PASTED = 100
"""Windows a motif's consensus is tried in, the strongest."""


def pattern_motifs(result: ModiscoResult, *, prefix: str, layer: str = "", neuron: int = -1) -> list[Motif]:
    """Make a motif of every pattern, cut to the columns that contribute.

    Parameters
    ----------
    result : ModiscoResult
    prefix : str
        Of the ids, which end in ``.m1``, ``.m2``, ...
    layer : str, default ""
    neuron : int, default -1
        Of a neuron that was explained; by default the motifs are of the whole model.

    Returns
    -------
    list of Motif
        In the order of the patterns; the contribution is below 0 for those that lower the target.
    """
    motifs = []
    for rank, pattern in enumerate(result.patterns):
        first, last = pattern.span
        motifs.append(
            Motif(
                id=f"{prefix}.m{rank + 1}",
                pfm=pattern.one_hot[:, first:last].sum(0, dtype=np.float64),
                sites=len(pattern),
                layer=layer,
                neuron=neuron,
                method="modisco",
                start=0,
                contribution=pattern.contribution,
            )
        )
    return motifs


def neuron_pattern_motifs(probe: WindowProbe, samples: Samples, rows: np.ndarray, result: ModiscoResult) -> list[Motif]:
    """Make motifs of patterns found in a neuron's own windows, with what the neuron makes of them.

    Parameters
    ----------
    probe : WindowProbe
    samples : Samples
    rows : integer array
        Which samples the attributions were of, in their order.
    result : ModiscoResult

    Returns
    -------
    list of Motif
        As :func:`pattern_motifs`; the activations are those of the windows that hold a seqlet, and the consensus
        activation the largest that the consensus gives when it is written over the seqlet in one of them.
    """
    prefix = f"{samples.layer}:{samples.neuron}"
    plain = pattern_motifs(result, prefix=prefix, layer=samples.layer, neuron=samples.neuron)
    motifs = []
    for pattern, motif in zip(result.patterns, plain, strict=True):
        held = rows[np.unique(pattern.examples)]
        own = samples.activations[held]
        first, last = pattern.span
        starts = pattern.starts + first
        common = int(np.median(starts)) if len(starts) else 0
        total = float(samples.excitation.sum())
        motifs.append(
            replace(
                motif,
                start=int(np.clip(common, 0, max(0, probe.receptive_field - (last - first)))),
                max_activation=float(own.max()),
                mean_activation=float(own.mean()),
                min_activation=float(own.min()),
                consensus_activation=_written(probe, samples, rows, pattern, motif.pfm),
                share=float(samples.excitation[held].sum()) / total if total > 0 else float("nan"),
                offsets=tuple(sorted({int(start) - common for start in starts})),
                background=samples.background,
            )
        )
    return motifs


def _written(probe: WindowProbe, samples: Samples, rows: np.ndarray, pattern: Pattern, pfm: np.ndarray) -> float:
    """Largest activation of the neuron when a motif's consensus replaces its seqlet in one of its windows."""
    first, _ = pattern.span
    word = pfm.argmax(1).astype(np.uint8)
    order = np.argsort(-samples.activations[rows[pattern.examples]], kind="stable")
    inside = (pattern.starts + first >= 0) & (pattern.starts + first + len(word) <= probe.receptive_field)
    chosen = [index for index in order if inside[index] and not pattern.turned[index]][:PASTED]
    if not chosen:
        return float("nan")
    own = rows[pattern.examples[chosen]]
    windows, tracks = samples.codes[own].copy(), None if samples.tracks is None else samples.tracks[own]
    for window, start in zip(windows, pattern.starts[chosen] + first, strict=True):
        window[start : start + len(word)] = word
    return float(probe.activations(windows, tracks)[:, samples.neuron].max())
