"""Motifs of neurons."""

from combmotif.discovery.demix import DemixOptions, Group, demix, weighted_counts
from combmotif.discovery.neuronmotif import neuron_motifs
from combmotif.discovery.words import word_motifs

__all__ = ["DemixOptions", "Group", "demix", "neuron_motifs", "weighted_counts", "word_motifs"]
