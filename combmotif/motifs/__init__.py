"""Motifs and what is done with them: segments, merging, files, databases, matching, scanning."""

from combmotif.motifs.chance import letter_p_values
from combmotif.motifs.cluster import families, merge_shifted, similarity
from combmotif.motifs.database import Database, DatabaseEntry, load_database, word_ppm
from combmotif.motifs.formats import MemeMotif, load_motifs, read_meme, save_motifs, write_meme
from combmotif.motifs.match import MATCH_COLUMNS, match
from combmotif.motifs.motif import Motif, MotifSet, information, purity
from combmotif.motifs.scan import SITE_COLUMNS, find_sites, score_threshold
from combmotif.motifs.segment import segments
from combmotif.motifs.tomtom import TomtomResult, guarded_tomtom, tomtom
from combmotif.motifs.word import WordTest, word_test

__all__ = [
    "MATCH_COLUMNS",
    "SITE_COLUMNS",
    "Database",
    "DatabaseEntry",
    "MemeMotif",
    "Motif",
    "MotifSet",
    "TomtomResult",
    "WordTest",
    "families",
    "find_sites",
    "guarded_tomtom",
    "information",
    "letter_p_values",
    "load_database",
    "load_motifs",
    "match",
    "merge_shifted",
    "purity",
    "read_meme",
    "save_motifs",
    "score_threshold",
    "segments",
    "similarity",
    "tomtom",
    "word_ppm",
    "word_test",
    "write_meme",
]
