"""Motifs of neurons."""

from combmotif.discovery.demixed import Demixed
from combmotif.discovery.faithful import ActivationModel, Faithfulness, Windows, measure_faithfulness, shuffled_motif
from combmotif.discovery.halves import demix_halves, explained_excitation
from combmotif.discovery.layerwise.demix import DemixOptions, demix_tree
from combmotif.discovery.layerwise.group import Group, make_group, weighted_counts
from combmotif.discovery.layerwise.presets import PRESETS, preset_tree
from combmotif.discovery.neuronmotif import demix_neuron
from combmotif.discovery.occurrences import Occurrences, called_nucleotides
from combmotif.discovery.seqlets import SeqletOptions, seqlet_motif, top_windows
from combmotif.discovery.sufficiency import SufficiencyOptions, demix_by_sufficiency
from combmotif.discovery.syntax import syntax_table
from combmotif.discovery.tfmodisco.modisco import ModiscoOptions, ModiscoResult, modisco
from combmotif.discovery.tfmodisco.pattern_motifs import neuron_pattern_motifs, pattern_motifs
from combmotif.discovery.tfmodisco.patterns import Pattern, load_patterns, save_patterns
from combmotif.discovery.tree import tree_table
from combmotif.discovery.words import word_motifs

__all__ = [
    "PRESETS",
    "ActivationModel",
    "Demixed",
    "DemixOptions",
    "Faithfulness",
    "Group",
    "ModiscoOptions",
    "ModiscoResult",
    "Occurrences",
    "Pattern",
    "SeqletOptions",
    "SufficiencyOptions",
    "Windows",
    "called_nucleotides",
    "demix_by_sufficiency",
    "demix_halves",
    "demix_neuron",
    "demix_tree",
    "explained_excitation",
    "load_patterns",
    "make_group",
    "measure_faithfulness",
    "modisco",
    "neuron_pattern_motifs",
    "pattern_motifs",
    "preset_tree",
    "save_patterns",
    "seqlet_motif",
    "shuffled_motif",
    "syntax_table",
    "top_windows",
    "tree_table",
    "weighted_counts",
    "word_motifs",
]
