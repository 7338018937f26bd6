"""What each column of the run folder's tables means; the report prints it, and reading relies on it."""

from __future__ import annotations

from combmotif.effects.columns import (
    CONTRIBUTION_COLUMNS,
    CONTROL_COLUMNS,
    INSTANCE_COLUMNS,
    INTERACTION_COLUMNS,
    MAP_COLUMNS,
    MOTIF_EFFECT_COLUMNS,
    MOTIF_POSITION_COLUMNS,
    SPACING_COLUMNS,
    TRIPLE_COLUMNS,
)

TABLES = {
    "neurons": "neurons.tsv",
    "matches": "matches.tsv",
    "contribution": "contribution.tsv",
    "motif_effects": "motif_effects.tsv",
    "motif_positions": "motif_positions.tsv",
    "interactions": "interactions.tsv",
    "instances": "interaction_instances.tsv.gz",
    "sites": "sites.tsv.gz",
    "tree": "motifs/tree.tsv",
    "syntax": "motifs/syntax.tsv",
    "spacing": "interaction_spacing.tsv",
    "controls": "interaction_controls.tsv.gz",
    "map": "interaction_map.tsv",
    "triples": "interaction_triples.tsv",
    "control": "match_control.tsv",
}
"""Table to file, beside ``motifs/<method>.tsv``."""

EXTRAS = ("tree", "syntax", "spacing", "controls", "map", "triples", "control", "motif_effects", "motif_positions")
"""Tables that not every run has; their absence is no problem."""

TEXT = {
    "neuron", "layer", "status", "converged", "motif", "consensus", "offsets", "segments", "target", "name", "kind",
    "database", "strand", "query_consensus", "target_consensus", "citation", "method", "relation", "partner", "outcome",
    "class", "reason", "pair", "motif_a", "motif_b", "name_a", "name_b", "sequence", "site", "node", "parent",
    "feature_layer", "part_a", "part_b", "distribution", "family_a", "family_b",
    "motif_c", "name_c", "reproduced", "output", "inserted", "unit", "inserted_class", "inserted_reason",
}  # fmt: skip
"""Columns the page uses as text; all others in `NEEDED` are numbers (``family`` is text in the match table only)."""

NEEDED = {
    "neurons": (
        "neuron", "layer", "receptive_field", "samples", "max_activation", "dataset_max", "generations", "converged",
        "status",
    ),
    "motifs": ("motif", "layer", "channel", "consensus", "sites", "max_activation", "purity", "information"),
    "matches": (
        "motif", "target", "name", "kind", "family", "database", "offset", "overlap", "strand", "p_value", "q_value",
        "target_consensus", "citation", "relation", "start", "end", "partner", "distance", "frame",
    ),
    "contribution": (
        "neuron", "outcome", "threshold", "n_active", "n_inactive", "effect", "ci_low", "ci_high", "q_welch",
        "q_mann_whitney", "auc", "adjusted_effect", "adjusted_ci_low", "adjusted_ci_high", "class", "reason",
    ),
    "motif_effects": (
        "motif", "consensus", "output", "inserted", "background", "n", "effect", "ci_low", "ci_high", "q_value",
        "detectable", "class", "reason",
    ),
    "motif_positions": (
        "motif", "output", "background", "kind", "start", "end", "unit", "n", "effect", "ci_low", "ci_high",
    ),
    "interactions": (
        "pair", "motif_a", "motif_b", "name_a", "name_b", "sequences", "placements", "joint", "a_alone", "b_alone",
        "a_in_context", "b_in_context", "epistasis", "epistasis_ci_low", "epistasis_ci_high", "q_value", "class",
        "reason",
    ),
    "instances": ("pair", "sequence", "spacing", "o", "a", "b", "n", "e"),
    "sites": ("neuron", "sequence", "start", "end", "activation", "site"),
    "tree": (
        "layer", "neuron", "node", "parent", "feature_layer", "sites", "max_activation", "purity", "consensus", "motif",
    ),
    "syntax": (
        "layer", "neuron", "motif", "part_a", "part_b", "kind", "spacing_min", "spacing_max", "spacing_mode",
        "sequences", "distribution",
    ),
    "spacing": ("pair", "spacing", "sequences", "e", "low", "high"),
    "controls": ("pair", "e"),
    "map": ("family_a", "family_b", "class", "pairs", "sequences", "e", "joint", "q"),
    "control": ("database", "method", "relation", "queries", "matched", "matched_shuffled", "false_match_rate"),
    "triples": (
        "motif_a", "motif_b", "motif_c", "name_a", "name_b", "name_c", "sequences", "joint", "epistasis3",
        "epistasis3_ci_low", "epistasis3_ci_high", "q_value", "class", "reason",
    ),
}  # fmt: skip
"""Columns the page uses; where one is missing, the page says so and leaves it blank."""

OPTIONAL = {
    "motifs": (
        "start", "end", "share", "mean_activation", "consensus_activation", "offsets", "family", "method", "segments",
        "reproducibility", "explained", "reproduced",
    ),
    "neurons": (
        "not_reproduced", "auroc", "r2", "r2_shuffled", "r2_windows", "kept", "kept_random", "nucleotides",
    ),
    "interactions": (
        "inserted_backgrounds", "inserted_joint", "inserted_a_alone", "inserted_b_alone", "inserted_epistasis",
        "inserted_epistasis_ci_low", "inserted_epistasis_ci_high", "inserted_q_value", "inserted_class",
        "inserted_reason",
    ),
}  # fmt: skip
"""Columns the page uses where a table has them; not every method of finding motifs gives them."""

COLUMNS = {
    "neurons": {
        "neuron": "One channel of one layer, counted from 0 (conv3:12).",
        "layer": "The layer's name in the network.",
        "channel": "The channel's number in the layer.",
        "receptive_field": "Length in nt of the sequence the neuron sees.",
        "samples": "Sequences of that length that excite it, found by the sampler and used for its motifs.",
        "max_activation": "Highest activation among the samples, in the layer's own units.",
        "dataset_max": "Highest activation at any window of the run's sequences; empty where they have none.",
        "background": "Mean activation on random windows, from which all activations are measured.",
        "generations": "Rounds of evolution the sampler took (0 where every sequence was enumerated).",
        "converged": "Whether the sampler stopped because nothing better was found.",
        "motifs": "Number of motifs reported.",
        "not_reproduced": "Motifs that did not come again in the other half of its samples, and are listed apart.",
        "auroc": "How well the best score of its motifs tells the 1 % of windows of the run's sequences that excite it "
        "most from all others; 0.5 is chance.",
        "r2": "Share of the variance of its activation on windows of held-out sequences that a regression on its "
        "motifs' scores predicts.",
        "r2_shuffled": "The same with the motifs' columns and letters shuffled.",
        "r2_windows": "The same with all bases of the window, at their positions: the ceiling of such a regression.",
        "kept": "Share of the activation that those 1 % keep when only the nucleotides of its motifs stay and all "
        "others are random.",
        "kept_random": "The same when as many nucleotides chosen at random stay.",
        "nucleotides": "Share of the nucleotides that stay.",
        "status": "done, or why there is no motif.",
    },
    "motifs": {
        "motif": "Stable name: layer.channel.mK; K counts from 1 in order of activation.",
        "layer": "The layer's name in the network.",
        "channel": "The channel's number in the layer.",
        "consensus": "IUPAC consensus: the fewest bases that hold 75 % of a column, N below 0.3 bits.",
        "length": "Columns of the motif.",
        "start": "First column in the receptive field, 0-based.",
        "end": "Column after the last.",
        "sites": "Sample sequences behind the counts.",
        "share": "Share of the excitation of the neuron's samples that the motif's nucleotides keep while all others "
        "are random; of motifs counted by other methods, that the sequences that carry it have.",
        "max_activation": "Highest activation among them.",
        "mean_activation": "Mean activation among them.",
        "min_activation": "Lowest activation among them.",
        "consensus_activation": "Activation of the consensus sequence itself.",
        "purity": "Share of the largest activation that the consensus alone reaches, 0 to 1; near 1 is no mixture.",
        "background": "Activation of the neuron on random windows (0 where that is negative).",
        "information": "Information content in bits, summed over columns.",
        "offsets": "Relative positions at which merged copies of the motif sat.",
        "segments": "Informative runs inside the motif (start-end).",
        "family": "Motifs with one number are alike, whichever neuron they come from.",
        "contribution": "Mean contribution of a site to the target, where attributions gave the motif; else empty.",
        "reproducibility": "Best similarity with the motifs of the other half of the neuron's samples, which were "
        "demixed by themselves, 0 to 1; empty where it was not measured.",
        "explained": "Share of the excitation of the other half's windows that is lost when the motif's nucleotides "
        "are replaced by random ones; two motifs that make up for each other both have little.",
        "reproduced": "False where reproducibility is below discover.reproduced: the motif is listed apart, has no "
        "family, is not in the MEME file, and is neither matched nor paired.",
    },
    "matches": {
        "motif": "The motif compared.",
        "target": "Identifier in the database.",
        "name": "Known element: protein, microRNA or signal.",
        "kind": "translation, splicing, processing (of the 3' end), decay, modification, structure, rbp, mirna, tf.",
        "family": "Group of elements that bind alike.",
        "database": "Where the element comes from.",
        "offset": "Column of the motif at which the target begins; negative where it begins before.",
        "overlap": "Columns compared.",
        "strand": "Strand of the motif; always + unless both were asked for.",
        "p_value": "Chance of an equal or better match with a random motif (Tomtom).",
        "e_value": "p times the number of targets.",
        "q_value": "False discovery rate (Benjamini-Hochberg).",
        "query_consensus": "Consensus of the motif's columns from start to end.",
        "target_consensus": "Consensus of the target.",
        "citation": "Source of the target.",
        "method": "tomtom for matrices, word for known words (chance of the word, not of a matrix).",
        "relation": "is: the motif resembles the element (q small enough); contains: its consensus spells the word.",
        "start": "First column of the motif that was matched: of the word, or of the run compared with a matrix.",
        "end": "Column after the last.",
        "partner": "Letters of the stop codon after a start codon, or the start codon before a stop codon: the "
        "nearest in frame, else the nearest.",
        "distance": "Nucleotides between the two codons.",
        "frame": "0 where they are in frame, else 1 or 2; empty where the distance varies so that it changes.",
        "chance": "Share of the run's motifs that match a shuffled database as well as this.",
    },
    "contribution": CONTRIBUTION_COLUMNS,
    "motif_effects": MOTIF_EFFECT_COLUMNS,
    "motif_positions": MOTIF_POSITION_COLUMNS,
    "interactions": INTERACTION_COLUMNS,
    "instances": INSTANCE_COLUMNS,
    "sites": {
        "neuron": "The neuron.",
        "sequence": "Name of the sequence.",
        "start": "First letter of the window, 0-based.",
        "end": "Position after its last letter.",
        "activation": "Activation of the window.",
        "site": "Its letters.",
    },
    "tree": {
        "layer": "The layer's name in the network.",
        "neuron": "The neuron whose sequences were demixed.",
        "node": "Path of the group from the root: 0 is all sequences, 0.1 the second part of it.",
        "parent": "Path of the group it was split from.",
        "feature_layer": "What split the parent: the map of this layer, the motif carried, or its position.",
        "sites": "Sample sequences in the group; one with several motifs is in one only, so a motif may have more.",
        "max_activation": "Highest activation among them.",
        "consensus_activation": "Activation of the group's consensus sequence.",
        "purity": "Consensus over maximum activation, both above background.",
        "information": "Information content in bits, summed over columns.",
        "consensus": "IUPAC consensus of the group.",
        "motif": "The motif a final group went into; empty where it went into none.",
    },
    "syntax": {
        "layer": "The layer's name in the network.",
        "neuron": "The neuron.",
        "motif": "The motif of several parts.",
        "part_a": "Consensus of a part, 5' to 3'.",
        "part_b": "Consensus of the next part.",
        "start_a": "First column of part A.",
        "start_b": "First column of part B.",
        "kind": "fixed, or range where the distance varies.",
        "spacing_min": "Shortest distance in nt between the end of A and the start of B.",
        "spacing_max": "Longest distance.",
        "spacing_mode": "Most frequent distance.",
        "sequences": "Sequences with both parts.",
        "distribution": "Sequences at each distance (3:120;4:80).",
    },
    "spacing": SPACING_COLUMNS,
    "controls": CONTROL_COLUMNS,
    "map": MAP_COLUMNS,
    "control": {
        "database": "Database, or all together.",
        "method": "tomtom or word.",
        "relation": "is: motifs that resemble an element; contains: motifs that contain a word.",
        "elements": "Elements compared.",
        "queries": "Motifs compared.",
        "matched": "Those that match the database in this way.",
        "matched_shuffled": "Those that match a shuffled copy of it in this way, mean over the copies.",
        "false_match_rate": "Their ratio: the share of matches that chance would give.",
        "copies": "Number of shuffled copies.",
    },
    "triples": TRIPLE_COLUMNS,
}
"""Table to column to meaning."""


def is_text(table: str, column: str) -> bool:
    """Whether a column is read as text rather than as numbers."""
    also = {"matches": ("family",), "motif_effects": ("background",), "motif_positions": ("background",)}
    return column in TEXT or column in also.get(table, ())
