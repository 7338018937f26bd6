"""Motifs and what is done with them: segments, merging, files, databases, matching, scanning."""

from combmotif.motifs.cluster import families
from combmotif.motifs.concordance import best_similarity
from combmotif.motifs.formats import read_motifs, save_motifs, write_meme
from combmotif.motifs.matching.database import Database, load_database, word_ppm
from combmotif.motifs.matching.match import match
from combmotif.motifs.matching.tomtom import guarded_tomtom, pseudocounted, tomtom
from combmotif.motifs.matching.whole import match_whole
from combmotif.motifs.motif import Motif, MotifSet
from combmotif.motifs.scanning.scan import find_sites
from combmotif.motifs.segment import segments

__all__ = [
    "Database",
    "Motif",
    "MotifSet",
    "best_similarity",
    "families",
    "find_sites",
    "guarded_tomtom",
    "load_database",
    "match",
    "match_whole",
    "pseudocounted",
    "read_motifs",
    "save_motifs",
    "segments",
    "tomtom",
    "word_ppm",
    "write_meme",
]
