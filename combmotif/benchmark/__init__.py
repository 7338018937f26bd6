"""Neurons whose motifs are known, and how well methods of demixing find them."""

from combmotif.benchmark.check import benchmark, check_neuron, summary, verdict
from combmotif.benchmark.families import FAMILIES, draw
from combmotif.benchmark.methods import METHODS
from combmotif.benchmark.sampled import Sampling
from combmotif.benchmark.truth import Instance, Truth

__all__ = [
    "FAMILIES",
    "METHODS",
    "Instance",
    "Sampling",
    "Truth",
    "benchmark",
    "check_neuron",
    "draw",
    "summary",
    "verdict",
]
