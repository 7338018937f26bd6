"""Windows that excite neurons: all of them where they can be counted, else evolved."""

from combmotif.sampling.enumerate import all_windows, enumerate_windows
from combmotif.sampling.evolve import EvolveOptions, evolve
from combmotif.sampling.samples import Samples, stratify

__all__ = ["EvolveOptions", "Samples", "all_windows", "enumerate_windows", "evolve", "stratify"]
