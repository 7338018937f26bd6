"""Motif files: MEME, TRANSFAC, JASPAR, Cluster-Buster, HOMER, CISBP-RNA, ATtRACT, TF-MoDISco's HDF5, tables."""

from combmotif.motifs.formats.h5 import save_motifs
from combmotif.motifs.formats.matrices import write_motif_table
from combmotif.motifs.formats.meme import write_meme
from combmotif.motifs.formats.read import FORMATS, read_motifs
from combmotif.motifs.formats.record import MotifFile, MotifRecord

__all__ = [
    "FORMATS",
    "MotifFile",
    "MotifRecord",
    "read_motifs",
    "save_motifs",
    "write_meme",
    "write_motif_table",
]
