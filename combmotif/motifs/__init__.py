"""Motifs and what is done with them: segments, merging, files, databases, matching, scanning."""

from combmotif.motifs.cluster import families, merge_shifted, similarity
from combmotif.motifs.concordance import (
    agreement,
    arranged,
    best_similarity,
    chance_agreement,
    corrected,
    motif_similarity,
    strict_agreement,
)
from combmotif.motifs.formats import (
    FORMATS,
    MotifFile,
    MotifRecord,
    read_motifs,
    save_motifs,
    write_meme,
    write_motif_table,
)
from combmotif.motifs.matching.chance import letter_p_values
from combmotif.motifs.matching.database import (
    KINDS,
    Database,
    DatabaseEntry,
    database_path,
    load_database,
    of_kinds,
    word_ppm,
)
from combmotif.motifs.matching.match import match
from combmotif.motifs.matching.mirna import SITE_TYPES, read_mature, seed_families, site_word
from combmotif.motifs.matching.tomtom import TomtomResult, guarded_tomtom, pseudocounted, tomtom
from combmotif.motifs.matching.whole import match_whole
from combmotif.motifs.motif import Motif, MotifSet, information, letter_sets, purity
from combmotif.motifs.scanning.scan import find_sites, score_threshold
from combmotif.motifs.segment import segments
from combmotif.motifs.word import WordTest, word_test

__all__ = [
    "FORMATS",
    "KINDS",
    "SITE_TYPES",
    "Database",
    "DatabaseEntry",
    "Motif",
    "MotifFile",
    "MotifRecord",
    "MotifSet",
    "TomtomResult",
    "WordTest",
    "agreement",
    "arranged",
    "best_similarity",
    "chance_agreement",
    "corrected",
    "database_path",
    "families",
    "find_sites",
    "guarded_tomtom",
    "information",
    "letter_p_values",
    "letter_sets",
    "load_database",
    "match",
    "match_whole",
    "merge_shifted",
    "motif_similarity",
    "of_kinds",
    "pseudocounted",
    "purity",
    "read_mature",
    "read_motifs",
    "save_motifs",
    "score_threshold",
    "seed_families",
    "segments",
    "similarity",
    "site_word",
    "strict_agreement",
    "tomtom",
    "word_ppm",
    "word_test",
    "write_meme",
    "write_motif_table",
]
