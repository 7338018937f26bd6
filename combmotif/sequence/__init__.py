"""Nucleotide sequences: letters, codes, one-hot tensors, files."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from combmotif.sequence.alphabet import IUPAC, LETTERS, decode, encode, iupac_sets

if TYPE_CHECKING:
    from combmotif.sequence.annotation.annotated import annotate, read_annotation
    from combmotif.sequence.annotation.transcripts import TRACKS, Annotation, Transcript
    from combmotif.sequence.fasta import iterate_fasta
    from combmotif.sequence.hdf5 import read_hdf5, stream_hdf5
    from combmotif.sequence.left_out import LeftOut
    from combmotif.sequence.onehot import one_hot
    from combmotif.sequence.tables import SequenceSet, random_sequences, read_fasta, read_table

__all__ = [
    "IUPAC",
    "LETTERS",
    "TRACKS",
    "Annotation",
    "LeftOut",
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
    "stream_hdf5",
]

_HEAVY = {
    "annotation.annotated": ("annotate", "read_annotation"),
    "left_out": ("LeftOut",),
    "annotation.transcripts": ("TRACKS", "Annotation", "Transcript"),
    "hdf5": ("read_hdf5", "stream_hdf5"),
    "onehot": ("one_hot",),
    "fasta": ("iterate_fasta",),
    "tables": ("SequenceSet", "random_sequences", "read_fasta", "read_table"),
}


def __getattr__(name: str) -> Any:
    """Import what needs torch, pandas or h5py when it is asked for, so that a config is checked at once."""
    for module, names in _HEAVY.items():
        if name in names:
            return getattr(importlib.import_module(f"combmotif.sequence.{module}"), name)
    raise AttributeError(f"module 'combmotif.sequence' has no attribute '{name}'")
