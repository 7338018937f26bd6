"""Neurons whose motifs are known, and how well methods of demixing find them."""

from combmotif.selfcheck.check import SCORE_COLUMNS, benchmark, check_neuron, summary, verdict
from combmotif.selfcheck.families import FAMILIES, draw
from combmotif.selfcheck.methods import METHODS
from combmotif.selfcheck.sampled import Sampling
from combmotif.selfcheck.truth import Instance, Truth

__all__ = [
    "FAMILIES",
    "METHODS",
    "SCORE_COLUMNS",
    "Instance",
    "Sampling",
    "Truth",
    "benchmark",
    "check_neuron",
    "draw",
    "summary",
    "verdict",
]
