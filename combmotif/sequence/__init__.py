"""Nucleotide sequences: letters, codes, one-hot tensors, files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from combmotif.core.lazy import lazy_names
from combmotif.sequence.alphabet import decode, encode

if TYPE_CHECKING:
    from combmotif.sequence.onehot import one_hot
    from combmotif.sequence.tables import SequenceSet, read_fasta, read_table

__all__ = ["SequenceSet", "decode", "encode", "one_hot", "read_fasta", "read_table"]

__getattr__, __dir__ = lazy_names(  # what needs torch, pandas or h5py, so that a config is checked at once
    __name__,
    {
        "onehot": ("one_hot",),
        "tables": ("SequenceSet", "read_fasta", "read_table"),
    },
    also=__all__,
)
