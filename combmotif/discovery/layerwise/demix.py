"""Layer-wise demixing: split the windows of one neuron into groups that show one motif at one position each.

Below every pooling step a motif may sit at as many positions as the pool is wide, so the feature map under the pool
tells the positions apart: the windows are clustered on it into as many groups as the strides between the two
convolutions, from the deepest map to the first (NeuronMotif, PNAS 2023). What is still a mixture then - of alternative
motifs, or of positions that no pool stands for - is split further: a group whose consensus does not excite the neuron
almost as much as its best member, or whose halves are much more informative than the whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.cluster import MiniBatchKMeans
from threadpoolctl import threadpool_limits

from combmotif.config.stages import DiscoverSection
from combmotif.core.typed_yaml import default_of
from combmotif.discovery.layerwise.group import Group, make_group
from combmotif.inference.geometry import layer_geometry
from combmotif.inference.probe import WindowProbe
from combmotif.sampling.samples import Samples

SPLITS = (2, 3, 4, 6)
"""Numbers of parts a mixture is cut into, on trial."""
MIN_SHARE = 0.03
"""A cut that leaves a part with less of the neuron's activation is not made."""


@dataclass(frozen=True)
class DemixOptions:
    """How to demix.

    Attributes
    ----------
    clusters : int or None, default None
        Clusters per feature map; None takes the stride between each map and the next convolution (maps without
        pooling are passed over).
    purity : float
        A group is split further while its consensus activation is below this share of its maximum and the
        split raises it.
    gain : float, default 2.0
        A group is split further, in 2 to 6, while that raises the mean information of the matrices by this many bits
        more than the logarithm of the number of parts, which a cut of random sequences would give.
    min_sites : int
        Fewest windows of a group; a group with fewer than twice as many is not split.
    max_groups : int, default 32
        Most groups of one neuron.
    """

    clusters: int | None = None
    purity: float = default_of(DiscoverSection, "purity")
    gain: float = 2.0
    min_sites: int = default_of(DiscoverSection, "min_sites")
    max_groups: int = 32


def _features(maps: dict[str, np.ndarray], layer: str, rows: np.ndarray) -> np.ndarray:
    return maps[layer][rows].reshape(len(rows), -1)


def _cluster(features: np.ndarray, weights: np.ndarray, count: int, seed: int) -> list[np.ndarray]:
    count = min(count, len(features))
    with threadpool_limits(1):
        means = MiniBatchKMeans(count, random_state=seed, n_init=3, batch_size=2048, reassignment_ratio=0)
        labels = means.fit(features, sample_weight=weights).labels_
    return [np.flatnonzero(labels == label) for label in range(count)]


def cluster_counts(probe: WindowProbe) -> dict[str, int]:
    """Return, from the deepest map down, the stride between each lower convolution and the next one."""
    layers = [*probe.lower, probe.layer]
    strides = [layer_geometry(probe.model, name).stride for name in layers]
    return {layers[i]: strides[i + 1] // strides[i] for i in reversed(range(len(layers) - 1))}


def leaves(tree: Sequence[Group], min_sites: int) -> list[Group]:
    """Choose the nodes without children and with enough windows (else the largest), strongest first."""
    inner = {node.path.rpartition(".")[0] for node in tree}
    groups = [node for node in tree if node.path not in inner]
    large = [group for group in groups if len(group.rows) >= min_sites]
    kept = large or sorted(groups, key=lambda group: -len(group.rows))[:1]
    return sorted(kept, key=lambda group: (-group.max_activation, int(group.rows[0])))


def demix_tree(
    probe: WindowProbe, samples: Samples, *, options: DemixOptions | None = None, seed: int = 0
) -> list[Group]:
    """Split the windows that excite a neuron, and return every node of the tree; parameters as `demix`.

    Returns
    -------
    list of Group
        Parents before their children, which partition the parent's rows. Empty where the samples are.
    """
    options = options or DemixOptions()
    if not len(samples):
        return []
    maps = (
        probe.maps(samples.codes, tracks=samples.tracks)
        if probe.lower
        else {"input": np.eye(4, dtype=np.float32)[samples.codes]}
    )
    counts = cluster_counts(probe) if probe.lower else {}
    if options.clusters is not None:
        counts = dict.fromkeys(list(maps)[::-1], options.clusters)
    root = make_group(probe, samples, np.arange(len(samples)))
    tree, ends = [root], [root]
    for layer, count in counts.items():
        if count < 2:
            continue
        deeper: list[Group] = []
        for index, node in enumerate(ends):
            total = len(deeper) + count + len(ends) - index - 1
            if len(node.rows) < 2 * options.min_sites or total > options.max_groups:
                deeper.append(node)
                continue
            parts = _cluster(_features(maps, layer, node.rows), samples.excitation[node.rows], count, seed)
            parts = [part for part in parts if len(part)]
            children = [
                make_group(probe, samples, node.rows[part], f"{node.path}.{number}", layer)
                for number, part in enumerate(parts)
            ]
            if len(children) > 1:
                tree += children
                deeper += children
            else:
                deeper.append(node)
        ends = deeper
    return tree + _purify(probe, samples, maps, ends, options, seed)


def _purify(
    probe: WindowProbe,
    samples: Samples,
    maps: dict[str, np.ndarray],
    groups: list[Group],
    options: DemixOptions,
    seed: int,
) -> list[Group]:
    """Split mixtures, the one that carries most activation first, on the map that parts them best; new nodes."""
    made: list[Group] = []
    closed = 0
    open_groups = list(groups)
    while open_groups:
        open_groups.sort(key=lambda group: (-group.share, int(group.rows[0])))
        group = open_groups.pop(0)
        room = options.max_groups - closed - len(open_groups)
        parts = _split(probe, samples, maps, group, options, seed, room)
        if parts is None:
            closed += 1
        else:
            made += parts
            open_groups += parts
    return made


def _split(
    probe: WindowProbe,
    samples: Samples,
    maps: dict[str, np.ndarray],
    group: Group,
    options: DemixOptions,
    seed: int,
    room: int,
) -> list[Group] | None:
    """Cut a group on each map, into at most ``room``; return the most informative parts, None if no cut is worth it."""
    if len(group.rows) < 2 * options.min_sites:
        return None
    best, best_gain = None, -np.inf
    for layer in maps:
        features = _features(maps, layer, group.rows)
        for count in (count for count in SPLITS if count <= room):
            parts = _cluster(features, samples.excitation[group.rows], count, seed)
            if min(map(len, parts)) < options.min_sites:
                break
            pieces = [
                make_group(probe, samples, group.rows[part], f"{group.path}.{number}", layer)
                for number, part in enumerate(parts)
            ]
            if min(piece.share for piece in pieces) < MIN_SHARE:
                break
            gain = _mean(pieces, "bits") - group.bits - np.log2(count)
            purer = group.purity < options.purity and _mean(pieces, "purity") > group.purity + 0.01
            if (gain >= options.gain or purer) and gain > best_gain:
                best, best_gain = pieces, gain
    return best


def _mean(groups: list[Group], name: str) -> float:
    """Mean of a property of groups, weighted by the activation they carry; a purity above 1 counts as 1."""
    values = np.array([getattr(group, name) for group in groups])
    return float(np.average(np.minimum(values, 1) if name == "purity" else values, weights=[g.share for g in groups]))
