"""Nucleotide sequences: letters, codes, one-hot tensors, files."""

from combmotif.sequence.alphabet import IUPAC, LETTERS, decode, encode, iupac_sets
from combmotif.sequence.annotation import TRACKS, Annotation, Transcript, annotate, read_annotation
from combmotif.sequence.hdf5 import read_hdf5
from combmotif.sequence.onehot import one_hot
from combmotif.sequence.tables import SequenceSet, iterate_fasta, random_sequences, read_fasta, read_table

__all__ = [
    "IUPAC",
    "LETTERS",
    "TRACKS",
    "Annotation",
    "SequenceSet",
    "Transcript",
    "annotate",
    "decode",
    "encode",
    "iterate_fasta",
    "iupac_sets",
    "one_hot",
    "random_sequences",
    "read_annotation",
    "read_fasta",
    "read_hdf5",
    "read_table",
]
