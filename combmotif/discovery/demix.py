"""Layer-wise demixing: split the windows of one neuron into groups that show one motif at one position each.

Below every pooling step a motif may sit at as many positions as the pool is wide, so the feature map under the pool
tells the positions apart: the windows are clustered on it into as many groups as the strides between the two
convolutions, from the deepest map to the first (NeuronMotif, PNAS 2023). What is still a mixture then - of alternative
motifs, or of positions that no pool stands for - is split further: a group whose consensus does not excite the neuron
almost as much as its best member, or whose halves are much more informative than the whole.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.cluster import MiniBatchKMeans
from threadpoolctl import threadpool_limits

from combmotif.inference.geometry import layer_geometry
from combmotif.inference.probe import WindowProbe
from combmotif.motifs.motif import information
from combmotif.sampling.samples import BINS, Samples

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
    purity : float, default 0.95
        A group is split further while its consensus activation is below this share of its maximum and the
        split raises it.
    gain : float, default 2.0
        A group is split further, in 2 to 6, while that raises the mean information of the matrices by this many bits
        more than the logarithm of the number of parts, which a cut of random sequences would give.
    min_sites : int, default 20
        Fewest windows of a group; a group with fewer than twice as many is not split.
    max_groups : int, default 32
        Most groups of one neuron.
    """

    clusters: int | None = None
    purity: float = 0.95
    gain: float = 2.0
    min_sites: int = 20
    max_groups: int = 32


@dataclass(frozen=True)
class Group:
    """Windows of a neuron that belong together.

    Attributes
    ----------
    rows : integer array
        Rows of the samples.
    pfm : float array, shape (receptive_field, 4)
        Activation-weighted counts; every row sums to the number of windows.
    max_activation, mean_activation, consensus_activation : float
    share : float
        Part of the summed activation above background of all samples.
    background : float
        Of the neuron.
    """

    rows: np.ndarray
    pfm: np.ndarray
    max_activation: float
    mean_activation: float
    consensus_activation: float
    share: float
    background: float

    @property
    def purity(self) -> float:
        """Consensus over maximum activation, both above the background."""
        return (self.consensus_activation - self.background) / (self.max_activation - self.background)

    @property
    def bits(self) -> float:
        """Information of the whole matrix, corrected for the number of windows (Schneider et al. 1986)."""
        count = self.pfm[0].sum()
        return float(information(self.pfm / count).sum() - len(self.pfm) * 3 / (2 * np.log(2) * count))


def weighted_counts(codes: np.ndarray, activations: np.ndarray) -> np.ndarray:
    """Count bases per column, strong windows first.

    The range (0, maximum] is cut into 20 equal bins; each bin that holds windows counts by its mean activation,
    whatever its number of windows (NeuronMotif).

    Parameters
    ----------
    codes : uint8 array, shape (n, length)
    activations : float array, shape (n,)
        All above 0.

    Returns
    -------
    float array, shape (length, 4)
        Rows sum to n.
    """
    bins = np.minimum((activations / activations.max() * BINS).astype(int), BINS - 1)
    sizes = np.bincount(bins, minlength=BINS)
    sums = np.bincount(bins, weights=activations, minlength=BINS)
    weight = sums[bins] / sizes[bins] ** 2  # mean of the bin, shared by its members
    weight *= len(codes) / weight.sum()
    return np.stack([(weight[:, None] * (codes == base)).sum(0) for base in range(4)], axis=1)


def _group(probe: WindowProbe, samples: Samples, rows: np.ndarray) -> Group:
    excitation = samples.excitation[rows]
    pfm = weighted_counts(samples.codes[rows], excitation)
    consensus = pfm.argmax(1).astype(np.uint8)[None]
    return Group(
        rows,
        pfm,
        float(samples.activations[rows].max()),
        float(samples.activations[rows].mean()),
        float(probe.activations(consensus)[0, samples.neuron]),
        float(excitation.sum() / samples.excitation.sum()),
        samples.background,
    )


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


def demix(probe: WindowProbe, samples: Samples, *, options: DemixOptions | None = None, seed: int = 0) -> list[Group]:
    """Split the windows that excite a neuron into groups that each show one motif at one position.

    Parameters
    ----------
    probe : WindowProbe
        Of the layer the samples were drawn for.
    samples : Samples
    options : DemixOptions, optional
    seed : int, default 0
        Of the k-means.

    Returns
    -------
    list of Group
        By descending maximum activation; groups below ``min_sites`` are joined to nothing and left out, unless no
        other group exists. Empty where the samples are.
    """
    options = options or DemixOptions()
    if not len(samples):
        return []
    maps = probe.maps(samples.codes) if probe.lower else {"input": np.eye(4, dtype=np.float32)[samples.codes]}
    counts = cluster_counts(probe) if probe.lower else {}
    if options.clusters is not None:
        counts = dict.fromkeys(list(maps)[::-1], options.clusters)
    leaves = [np.arange(len(samples))]
    for layer, count in counts.items():
        if count < 2:
            continue
        deeper: list[np.ndarray] = []
        for index, rows in enumerate(leaves):
            total = len(deeper) + count + len(leaves) - index - 1
            if len(rows) < 2 * options.min_sites or total > options.max_groups:
                deeper.append(rows)
                continue
            parts = _cluster(_features(maps, layer, rows), samples.excitation[rows], count, seed)
            deeper += [rows[part] for part in parts if len(part)]
        leaves = deeper
    groups = [_group(probe, samples, rows) for rows in leaves]
    groups = _purify(probe, samples, maps, groups, options, seed)
    large = [group for group in groups if len(group.rows) >= options.min_sites]
    kept = large or sorted(groups, key=lambda group: -len(group.rows))[:1]
    return sorted(kept, key=lambda group: (-group.max_activation, int(group.rows[0])))


def _purify(
    probe: WindowProbe,
    samples: Samples,
    maps: dict[str, np.ndarray],
    groups: list[Group],
    options: DemixOptions,
    seed: int,
) -> list[Group]:
    """Split mixtures, the one that carries most activation first, on the map that parts them best."""
    final: list[Group] = []
    open_groups = list(groups)
    while open_groups:
        open_groups.sort(key=lambda group: (-group.share, int(group.rows[0])))
        group = open_groups.pop(0)
        room = options.max_groups - len(final) - len(open_groups)
        halves = _split(probe, samples, maps, group, options, seed, room)
        if halves is None:
            final.append(group)
        else:
            open_groups += halves
    return final


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
            pieces = [_group(probe, samples, group.rows[part]) for part in parts]
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
