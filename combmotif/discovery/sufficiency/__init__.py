"""Demixing by sufficiency: motifs of a neuron by queries of the network alone."""

from combmotif.discovery.sufficiency.find import demix_by_sufficiency
from combmotif.discovery.sufficiency.options import SufficiencyOptions

__all__ = ["SufficiencyOptions", "demix_by_sufficiency"]
