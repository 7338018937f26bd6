"""Demixing with the published settings of NeuronMotif and CombMotif."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from sklearn.cluster import KMeans, MiniBatchKMeans
from threadpoolctl import threadpool_limits

from combmotif.discovery.layerwise.demix import cluster_counts
from combmotif.discovery.layerwise.group import Group, make_group
from combmotif.inference.probe import WindowProbe
from combmotif.sampling.samples import BINS, Samples

PRESETS = ("neuronmotif", "combmotif")
PURE = 0.95
MOST_RIGID_MOTIFS = 3
"""Most motifs that NeuronMotif's settings let move on their own; the published loop has no bound."""
_CLUSTERS = 4

_Split = Callable[[np.ndarray, np.ndarray, int], np.ndarray]


def preset_tree(probe: WindowProbe, samples: Samples, preset: str, *, seed: int = 0) -> tuple[list[Group], int]:
    """Demix by the published procedures.

    ``neuronmotif``: the unrectified maps from the deepest down, mini-batch k-means weighted by activation into
    stride ** m clusters, m = 1, 2, ... until the mean over neurons of the best consensus / maximum is above 0.95; here
    m grows for each neuron by itself, up to 3. A group with fewer than 50 windows is not split.

    ``combmotif``: plain k-means into 4 on every map, also where no pool lies, and on the windows themselves for a first
    layer; a group of at most 4 x 20 windows (4 x 5 below 7 nt) is not split, and groups below 20 (5) are left out.

    Parameters
    ----------
    probe : WindowProbe
    samples : Samples
    preset : {"neuronmotif", "combmotif"}
    seed : int, default 0

    Returns
    -------
    (tree, min_sites)
        All nodes, parents first; fewest windows of a leaf that is kept.

    Raises
    ------
    ValueError
        If there is no such preset.
    """
    if preset not in PRESETS:
        raise ValueError(f"discover.preset: expected one of {', '.join(PRESETS)}, found '{preset}'")
    if not len(samples):
        return [], 1
    maps = (
        probe.maps(samples.codes, tracks=samples.tracks)
        if probe.lower
        else {"input": np.eye(4, dtype=np.float32)[samples.codes]}
    )
    if preset == "combmotif":
        least = 5 if probe.receptive_field < 7 else 20
        counts = dict.fromkeys(list(maps)[::-1], _CLUSTERS)
        return _recurse(probe, samples, maps, counts, _plain(seed), 4 * least + 1, plain_counts), least
    strides = cluster_counts(probe) if probe.lower else {}
    tree: list[Group] = []
    for power in range(1, MOST_RIGID_MOTIFS + 1):
        counts = {layer: stride**power for layer, stride in strides.items()}
        tree = _recurse(probe, samples, maps, counts, _weighted(seed), 50, binned_counts)
        inner = {node.path.rpartition(".")[0] for node in tree}
        best = max(
            node.consensus_activation / node.max_activation for node in tree if node.path not in inner
        )  # fmt: skip
        if best > PURE or int(np.prod(list(strides.values()) or [1])) <= 1:
            break
    return tree, 1


def plain_counts(codes: np.ndarray, _excitation: np.ndarray) -> np.ndarray:
    """Count bases per column, every window once (CombMotif)."""
    return np.stack([(codes == base).sum(0) for base in range(4)], axis=1).astype(float)


def binned_counts(codes: np.ndarray, excitation: np.ndarray) -> np.ndarray:
    """Weigh 20 bins of activation by their mean; an empty bin repeats the one above by its middle (NeuronMotif)."""
    edges = excitation.max() * np.arange(BINS + 1) / BINS
    bins = np.minimum((excitation / excitation.max() * BINS).astype(int), BINS - 1)
    total, matrix = np.zeros((codes.shape[1], 4)), np.zeros((codes.shape[1], 4))
    for index in range(BINS - 1, -1, -1):
        inside = bins == index
        weight = float(excitation[inside].mean()) if inside.any() else (edges[index] + edges[index + 1]) / 2
        if inside.any():
            matrix = plain_counts(codes[inside], excitation) / inside.sum()
        total += weight * matrix
    return total * (len(codes) / total[0].sum())


def _weighted(seed: int) -> _Split:
    return lambda features, weights, count: MiniBatchKMeans(count, random_state=seed, n_init=3).fit(
        features, sample_weight=weights
    ).labels_  # fmt: skip


def _plain(seed: int) -> _Split:
    return lambda features, _weights, count: KMeans(count, random_state=seed, n_init=10).fit(features).labels_


def _recurse(
    probe: WindowProbe,
    samples: Samples,
    maps: Mapping[str, np.ndarray],
    counts: Mapping[str, int],
    split: _Split,
    fewest: int,
    count_bases: Callable[[np.ndarray, np.ndarray], np.ndarray],
) -> list[Group]:
    """Split every group on each map in turn, unless it has fewer than ``fewest`` windows or than clusters."""
    root = make_group(probe, samples, np.arange(len(samples)), count=count_bases)
    tree, ends = [root], [root]
    for layer, count in counts.items():
        if count < 2:
            continue
        deeper: list[Group] = []
        for node in ends:
            if len(node.rows) < max(fewest, count):
                deeper.append(node)
                continue
            features = maps[layer][node.rows].reshape(len(node.rows), -1)
            with threadpool_limits(1):
                labels = split(features, samples.excitation[node.rows], count)
            parts = [node.rows[labels == label] for label in np.unique(labels)]
            if len(parts) < 2:
                deeper.append(node)
                continue
            children = [
                make_group(probe, samples, part, f"{node.path}.{i}", layer, count=count_bases)
                for i, part in enumerate(parts)
            ]
            tree += children
            deeper += children
        ends = deeper
    return tree
