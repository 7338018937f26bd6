"""From the windows that excite a neuron to its motifs: demix, cut out the informative span, merge shifted copies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from combmotif.config.stages import DiscoverSection
from combmotif.core.typed_yaml import default_of
from combmotif.discovery.demixed import Demixed
from combmotif.discovery.layerwise.demix import DemixOptions, demix_tree, leaves
from combmotif.discovery.layerwise.group import Group
from combmotif.discovery.layerwise.presets import preset_tree
from combmotif.discovery.sufficiency import SufficiencyOptions, demix_by_sufficiency
from combmotif.discovery.syntax import syntax_table
from combmotif.discovery.tree import tree_table
from combmotif.inference.probe import WindowProbe
from combmotif.motifs.cluster import merge_shifted
from combmotif.motifs.motif import PSEUDOCOUNT, Motif
from combmotif.motifs.segment import segments
from combmotif.sampling.samples import Samples

METHODS = ("sufficiency", "layers")


def demix_neuron(
    probe: WindowProbe,
    samples: Samples,
    *,
    method: str = "sufficiency",
    preset: str | None = None,
    options: DemixOptions | None = None,
    sufficiency: SufficiencyOptions | None = None,
    seed: int = 0,
    alphabet: str = "rna",
) -> Demixed:
    """Find the motifs of one neuron, how they were demixed, and the syntax of their parts (NeuronMotif, PNAS 2023).

    Parameters
    ----------
    probe : WindowProbe
        Of the layer the samples were drawn for.
    samples : Samples
    method : str, default "sufficiency"
        ``sufficiency`` (queries of the network, see `demix_by_sufficiency`) or ``layers`` (layer-wise clustering, see
        `demix_tree`).
    preset : str, optional
        ``neuronmotif`` or ``combmotif``: the published procedure instead (see `preset_tree`).
    options : DemixOptions, optional
        Of layers: groups that are alike at some shift are one motif; their offsets are kept in ``offsets``.
    sufficiency : SufficiencyOptions, optional
        Of sufficiency.
    seed : int, default 0
    alphabet : str, default "rna"
        Of the words in the tables.

    Returns
    -------
    Demixed
        A group without informative columns gives no motif.

    Raises
    ------
    ValueError
        If there is no such method or preset.
    """
    options = options or DemixOptions()
    if preset is not None:
        tree, least = preset_tree(probe, samples, preset, seed=seed)
        return from_tree(probe, samples, tree, min_sites=least, merge=None, alphabet=alphabet)
    if method not in METHODS:
        raise ValueError(f"discover.demixing: expected one of {', '.join(METHODS)}, found '{method}'")
    if method == "sufficiency":
        return demix_by_sufficiency(probe, samples, options=sufficiency, seed=seed, alphabet=alphabet)
    tree = demix_tree(probe, samples, options=options, seed=seed)
    return from_tree(probe, samples, tree, min_sites=options.min_sites, alphabet=alphabet)


def from_tree(
    probe: WindowProbe,
    samples: Samples,
    tree: Sequence[Group],
    *,
    min_sites: int = default_of(DiscoverSection, "min_sites"),
    merge: float | None = 0.8,
    alphabet: str = "rna",
) -> Demixed:
    """Make motifs of the leaves of a tree, and the tables; ``merge`` of None keeps every leaf for itself."""
    groups = [group for group in leaves(tree, min_sites) if _span(group.pfm)]
    found: list[tuple[Motif, list[Group]]] = []
    if groups:
        merged = merge_shifted(
            [group.pfm for group in groups],
            np.array([group.max_activation for group in groups]),
            threshold=2.0 if merge is None else merge,
        )
        for members in merged:
            chosen = [(groups[index], offset) for index, offset in members]
            found.append((_join(probe, samples, chosen), [group for group, _ in chosen]))
    found.sort(key=lambda pair: (-pair[0].max_activation, pair[0].start))
    motifs = tuple(
        replace(motif, id=f"{samples.layer}:{samples.neuron}.m{rank + 1}") for rank, (motif, _) in enumerate(found)
    )
    rows = tuple(np.concatenate([group.rows for group in members]) for _, members in found)
    motif_of = {
        group.path: motif.id for motif, (_, members) in zip(motifs, found, strict=True) for group in members
    }  # fmt: skip
    return Demixed(
        motifs,
        rows,
        tree_table(tree, samples, motif_of, alphabet=alphabet),
        syntax_table(list(zip(motifs, rows, strict=True)), samples, alphabet=alphabet),
    )


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
        min_activation=min(group.min_activation for group, _ in members),
    )
