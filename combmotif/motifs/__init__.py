"""Motifs and what is done with them: segments, merging, files, databases, matching, scanning."""

from combmotif.motifs.motif import Motif, MotifSet, information

__all__ = ["Motif", "MotifSet", "information"]
