"""Windows that excite neurons: all of them where they can be counted, else evolved, or those of real sequences."""

from combmotif.sampling.dataset import dataset_samples, track_windows
from combmotif.sampling.enumerate import all_windows, enumerate_windows
from combmotif.sampling.evolution import EvolveOptions, evolve
from combmotif.sampling.published import combmotif_quota, combmotif_samples, neuronmotif_samples
from combmotif.sampling.samples import BINS, Samples, stratify

__all__ = [
    "BINS",
    "EvolveOptions",
    "Samples",
    "all_windows",
    "combmotif_quota",
    "combmotif_samples",
    "dataset_samples",
    "enumerate_windows",
    "evolve",
    "neuronmotif_samples",
    "stratify",
    "track_windows",
]
