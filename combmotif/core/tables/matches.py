"""The tables of known elements: matches of motifs, and sites on sequences."""

from __future__ import annotations

from combmotif.core.tables.table import Table, number, text, whole

MATCHES = Table(
    "matches",
    "matches.tsv",
    "One row per motif and known element that it resembles or contains.",
    stage="matches",
    columns=(
        text("motif", "the motif compared", required=True),
        text("target", "identifier in the database", required=True),
        text("name", "known element: protein, microRNA or signal", required=True),
        text(
            "kind",
            "translation, splicing, processing (of the 3' end), decay, modification, structure, rbp, mirna, tf",
            required=True,
        ),
        text("family", "group of elements that bind alike", required=True),
        text("database", "where the element comes from", required=True),
        whole(
            "offset",
            "column of the motif at which the target begins; negative where it begins before",
            unit="nt",
            required=True,
        ),
        whole("overlap", "columns compared", unit="nt", required=True),
        text("strand", "strand of the motif; always + unless both were asked for", required=True),
        number(
            "p_value",
            "chance of an equal or better match with a random motif (Tomtom)",
            unit="0 to 1",
            required=True,
        ),
        number("e_value", "p times the number of targets", unit="0 to 1"),
        number("q_value", "false discovery rate (Benjamini-Hochberg)", unit="0 to 1", required=True),
        text("query_consensus", "consensus of the motif's columns from start to end"),
        text("target_consensus", "consensus of the target", required=True),
        text("citation", "source of the target", required=True),
        text("method", "tomtom for matrices, word for known words (chance of the word, not of a matrix)"),
        text(
            "relation",
            "is: the motif resembles the element (q small enough); contains: its consensus spells the word",
            required=True,
        ),
        whole(
            "start",
            "first column of the motif that was matched: of the word, or of the run compared with a matrix",
            unit="nt",
            required=True,
        ),
        whole("end", "column after the last", unit="nt", required=True),
        text(
            "partner",
            "letters of the stop codon after a start codon, or the start codon before a stop codon: the nearest in "
            "frame, else the nearest",
        ),
        number("distance", "nucleotides between the two codons", unit="nt"),
        number(
            "frame",
            "0 where they are in frame, else 1 or 2; empty where the distance varies so that it changes",
        ),
        number("chance", "share of the run's motifs that match a shuffled database as well as this", unit="0 to 1"),
    ),
)

MATCH_CONTROL = Table(
    "control",
    "match_control.tsv",
    "How many matches chance gives: the same motifs against shuffled databases.",
    columns=(
        text("database", "database, or all together", required=True),
        text("method", "tomtom or word", required=True),
        text("relation", "is: motifs that resemble an element; contains: motifs that contain a word", required=True),
        whole("elements", "elements compared"),
        whole("queries", "motifs compared", required=True),
        whole("matched", "those that match the database in this way", required=True),
        number(
            "matched_shuffled",
            "those that match a shuffled copy of it in this way, mean over the copies",
            required=True,
        ),
        number(
            "false_match_rate",
            "their ratio: the share of matches that chance would give",
            unit="0 to 1",
            required=True,
        ),
        whole("copies", "number of shuffled copies"),
    ),
)

HITS = Table(
    "hits",
    "*.tsv",
    "One row per site of a motif on a sequence, as `combmotif scan` writes them; by sequence, start and p-value.",
    columns=(
        text("motif", "id of the motif, or the IUPAC word"),
        text("name", "its name in the database"),
        text("sequence", "name of the sequence"),
        whole("start", "first position on the forward strand, 0-based", unit="nt"),
        whole("end", "position after the last", unit="nt"),
        text("strand", "strand of the motif; always + for RNA"),
        number("score", "log-odds of the site; of a word, minus log2 of its p-value", unit="bits"),
        number("p_value", "chance that a random window scores as high", unit="0 to 1"),
        text("site", "its bases on the strand of the motif, 5' to 3'"),
    ),
)
