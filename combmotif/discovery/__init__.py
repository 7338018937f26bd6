"""Motifs of neurons."""

from combmotif.discovery.demix import DemixOptions, demix, demix_tree
from combmotif.discovery.group import Group, make_group, weighted_counts
from combmotif.discovery.neuronmotif import Demixed, demix_neuron, neuron_motifs
from combmotif.discovery.syntax import SYNTAX_COLUMNS, syntax_table
from combmotif.discovery.tree import TREE_COLUMNS, tree_table
from combmotif.discovery.words import word_motifs

__all__ = [
    "SYNTAX_COLUMNS",
    "TREE_COLUMNS",
    "Demixed",
    "DemixOptions",
    "Group",
    "demix",
    "demix_neuron",
    "demix_tree",
    "make_group",
    "neuron_motifs",
    "syntax_table",
    "tree_table",
    "weighted_counts",
    "word_motifs",
]
