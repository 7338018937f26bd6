"""Nucleotide sequences: letters, codes, one-hot tensors, files."""

from combmotif.sequence.alphabet import IUPAC, LETTERS, decode, encode, iupac_sets
from combmotif.sequence.onehot import one_hot
from combmotif.sequence.tables import (
    SequenceSet,
    iterate_fasta,
    random_sequences,
    read_fasta,
    read_hdf5,
    read_table,
)

__all__ = [
    "IUPAC",
    "LETTERS",
    "SequenceSet",
    "decode",
    "encode",
    "iterate_fasta",
    "iupac_sets",
    "one_hot",
    "random_sequences",
    "read_fasta",
    "read_hdf5",
    "read_table",
]
