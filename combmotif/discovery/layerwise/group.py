"""A group of windows of one neuron, its matrix, and how pure it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from combmotif.inference.probe import WindowProbe
from combmotif.motifs.motif import information, purity
from combmotif.sampling.samples import BINS, Samples


@dataclass(frozen=True)
class Group:
    """Windows of a neuron that belong together: a node of the demixing tree.

    Attributes
    ----------
    rows : integer array
        Rows of the samples.
    pfm : float array, shape (receptive_field, 4)
        Activation-weighted counts; every row sums to the number of windows.
    min_activation, max_activation, mean_activation : float
        Of the windows, in the layer's own units.
    consensus_activation : float
        Of the sequence with the most frequent base in every column.
    share : float
        Part of the summed activation above background of all samples.
    background : float
        Of the neuron.
    path : str, default "0"
        Place in the tree: the root is ``0``, its parts ``0.0``, ``0.1``, ...
    feature_layer : str, default ""
        What the parent was split by: a layer's feature map, ``motif`` or ``position``; empty for the root.
    """

    rows: np.ndarray
    pfm: np.ndarray
    min_activation: float
    max_activation: float
    mean_activation: float
    consensus_activation: float
    share: float
    background: float
    path: str = "0"
    feature_layer: str = ""

    @property
    def purity(self) -> float:
        """Consensus activation as a share of the largest activation known, 0 to 1; see `purity`."""
        return purity(self.consensus_activation, self.max_activation, self.background)

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
    weight = window_weights(activations)
    return np.stack([(weight[:, None] * (codes == base)).sum(0) for base in range(4)], axis=1)


def window_weights(activations: np.ndarray) -> np.ndarray:
    """Weigh windows so that 20 equal bins of activation count by their mean; (n,) -> (n,), summing to n."""
    bins = np.minimum((activations / activations.max() * BINS).astype(int), BINS - 1)
    sizes = np.bincount(bins, minlength=BINS)
    sums = np.bincount(bins, weights=activations, minlength=BINS)
    weight = sums[bins] / sizes[bins] ** 2  # mean of the bin, shared by its members
    return weight * (len(activations) / weight.sum())


def make_group(
    probe: WindowProbe,
    samples: Samples,
    rows: np.ndarray,
    path: str = "0",
    feature_layer: str = "",
    *,
    count: Callable[[np.ndarray, np.ndarray], np.ndarray] = weighted_counts,
) -> Group:
    """Describe the windows `rows` of the samples as a group; ``count`` turns codes and excitation into a matrix."""
    excitation = samples.excitation[rows]
    pfm = count(samples.codes[rows], excitation)
    consensus = pfm.argmax(1).astype(np.uint8)[None]
    activations = samples.activations[rows]
    beside = None if samples.tracks is None else samples.tracks[rows[[activations.argmax()]]]
    return Group(
        rows=rows,
        pfm=pfm,
        min_activation=float(activations.min()),
        max_activation=float(activations.max()),
        mean_activation=float(activations.mean()),
        consensus_activation=float(probe.activations(consensus, beside)[0, samples.neuron]),
        share=float(excitation.sum() / samples.excitation.sum()),
        background=samples.background,
        path=path,
        feature_layer=feature_layer,
    )
