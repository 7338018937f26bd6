"""Neurons whose motifs are known, and how well methods of demixing find them."""

from combmotif.benchmark.check import benchmark, summary, verdict
from combmotif.benchmark.families import FAMILIES, draw
from combmotif.benchmark.methods import METHODS
from combmotif.benchmark.sampled import Sampling

__all__ = ["FAMILIES", "METHODS", "Sampling", "benchmark", "draw", "summary", "verdict"]
