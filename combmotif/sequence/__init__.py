"""Nucleotide sequences: letters, codes, one-hot tensors, files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from combmotif.core.lazy import lazy_names
from combmotif.sequence.alphabet import IUPAC, LETTERS, decode, encode, iupac_sets

if TYPE_CHECKING:
    from combmotif.sequence.annotation.annotated import annotate, read_annotation
    from combmotif.sequence.annotation.transcripts import Annotation, Transcript
    from combmotif.sequence.fasta import iterate_fasta
    from combmotif.sequence.hdf5 import read_hdf5
    from combmotif.sequence.left_out import LeftOut
    from combmotif.sequence.onehot import as_codes, from_one_hot, one_hot
    from combmotif.sequence.sets import SequenceSet, random_sequences
    from combmotif.sequence.tables import read_fasta, read_table

__all__ = [
    "IUPAC",
    "LETTERS",
    "Annotation",
    "LeftOut",
    "SequenceSet",
    "Transcript",
    "annotate",
    "as_codes",
    "decode",
    "encode",
    "from_one_hot",
    "iterate_fasta",
    "iupac_sets",
    "one_hot",
    "random_sequences",
    "read_annotation",
    "read_fasta",
    "read_hdf5",
    "read_table",
]

__getattr__, __dir__ = lazy_names(  # what needs torch, pandas or h5py, so that a config is checked at once
    __name__,
    {
        "annotation.annotated": ("annotate", "read_annotation"),
        "left_out": ("LeftOut",),
        "annotation.transcripts": ("Annotation", "Transcript"),
        "hdf5": ("read_hdf5",),
        "onehot": ("as_codes", "from_one_hot", "one_hot"),
        "fasta": ("iterate_fasta",),
        "sets": ("SequenceSet", "random_sequences"),
        "tables": ("read_fasta", "read_table"),
    },
    also=__all__,
)
