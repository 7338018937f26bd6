"""The methods that are compared: ways to turn the samples of a neuron into motifs."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits

from combmotif.discovery.demixed import Demixed
from combmotif.discovery.layerwise.demix import demix_tree
from combmotif.discovery.layerwise.group import Group, make_group
from combmotif.discovery.layerwise.presets import preset_tree
from combmotif.discovery.neuronmotif import demix_neuron, from_tree
from combmotif.inference.probe import WindowProbe
from combmotif.sampling.samples import Samples

TOP = 100
"""Windows of the max-activation seqlets."""

Method = Callable[[WindowProbe, Samples, int], Demixed]


def none(probe: WindowProbe, samples: Samples, _seed: int) -> Demixed:
    """One matrix of all windows."""
    tree = [make_group(probe, samples, np.arange(len(samples)))] if len(samples) else []
    return from_tree(probe, samples, tree, merge=None)


def seqlets(probe: WindowProbe, samples: Samples, _seed: int) -> Demixed:
    """One matrix of the 100 strongest windows."""
    tree = [make_group(probe, samples, np.arange(min(TOP, len(samples))))] if len(samples) else []
    return from_tree(probe, samples, tree, merge=None)


def neuronmotif(probe: WindowProbe, samples: Samples, seed: int) -> Demixed:
    """NeuronMotif's settings."""
    tree, least = preset_tree(probe, samples, "neuronmotif", seed=seed)
    return from_tree(probe, samples, tree, min_sites=least, merge=None)


def combmotif(probe: WindowProbe, samples: Samples, seed: int) -> Demixed:
    """CombMotif's settings."""
    tree, least = preset_tree(probe, samples, "combmotif", seed=seed)
    return from_tree(probe, samples, tree, min_sites=least, merge=None)


def layers(probe: WindowProbe, samples: Samples, seed: int) -> Demixed:
    """Layer-wise recursion with purity and merging."""
    return demix_neuron(probe, samples, method="layers", seed=seed)


def sufficiency(probe: WindowProbe, samples: Samples, seed: int) -> Demixed:
    """The default: queries of the network alone."""
    return demix_neuron(probe, samples, seed=seed)


def flat(features: str) -> Method:
    """K-means once, on the windows (``input``) or on the map of a lower convolution, into as many groups as `layers`.

    ``features`` is ``input``, ``first``, ``middle`` or ``last``.
    """

    def cluster(probe: WindowProbe, samples: Samples, seed: int) -> Demixed:
        if not len(samples):
            return from_tree(probe, samples, [])
        reference = demix_tree(probe, samples, seed=seed)
        inner = {node.path.rpartition(".")[0] for node in reference}
        count = max(2, sum(node.path not in inner for node in reference))
        if features == "input":
            values = np.eye(4, dtype=np.float32)[samples.codes]
        else:
            place = {"first": 0, "middle": len(probe.lower) // 2, "last": -1}[features]
            name = probe.lower[place]
            values = probe.maps(samples.codes, (name,))[name]
        with threadpool_limits(1):
            means = KMeans(min(count, len(samples)), random_state=seed, n_init=3)
            labels = means.fit(values.reshape(len(samples), -1), sample_weight=samples.excitation).labels_
        tree: list[Group] = [make_group(probe, samples, np.arange(len(samples)))]
        tree += [
            make_group(probe, samples, np.flatnonzero(labels == label), f"0.{label}", features)
            for label in np.unique(labels)
        ]
        return from_tree(probe, samples, tree, merge=None)

    return cluster


METHODS: Mapping[str, Method] = {
    "none": none,
    "flat on input": flat("input"),
    "flat on first map": flat("first"),
    "flat on middle map": flat("middle"),
    "flat on last map": flat("last"),
    "NeuronMotif": neuronmotif,
    "CombMotif": combmotif,
    "max-activation seqlets": seqlets,
    "layers": layers,
    "sufficiency": sufficiency,
}
"""By the name in the table."""
