"""Motifs of neurons."""

from combmotif.discovery.demix import DemixOptions, Group, demix, weighted_counts
from combmotif.discovery.neuronmotif import neuron_motifs

__all__ = ["DemixOptions", "Group", "demix", "neuron_motifs", "weighted_counts"]
