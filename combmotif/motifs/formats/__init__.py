"""Files that hold motifs: MEME text and HDF5."""

from combmotif.motifs.formats.h5 import load_motifs, save_motifs
from combmotif.motifs.formats.meme import MemeMotif, read_meme, write_meme

__all__ = ["MemeMotif", "load_motifs", "read_meme", "save_motifs", "write_meme"]
