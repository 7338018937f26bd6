"""The tables of single commands."""

from __future__ import annotations

from combmotif.core.tables.table import Table, flag, number, text, whole

CALIBRATION = Table(
    "calibration",
    "calibration.tsv",
    "One row per check of the statistics.",
    columns=(
        number("check", "what is measured"),
        number(
            "predictor",
            "additive or known (e varies between sequences and placements), saturating (sigmoid of a sum) or hal",
        ),
        whole("sequences", "sequences per pair"),
        whole("placements", "placements per sequence"),
        number("e", "true mean epistasis, in units of its standard deviation between sequences"),
        whole("pairs", "simulated pairs (for hal: pairs of edits)"),
        number("value", "what was found"),
        number("by_row", "the same with every placement taken for independent, as the published prototype does"),
        number("low", "least value that is acceptable; empty where nothing is demanded"),
        number("high", "largest value that is acceptable"),
        flag("holds", "whether value lies within them; True where nothing is demanded"),
    ),
)

LEFT_OUT = Table(
    "left_out",
    "left_out.tsv",
    "One row per sequence that was not taken.",
    columns=(
        text("name", "the transcript, the record of the FASTA file, or the row of the table"),
        text("reason", "why it was not taken"),
    ),
)

ATTRIBUTIONS = Table(
    "attributions",
    "attributions/*.tsv",
    "One row per explained sequence, beside the scores of its bases in the HDF5 file of the same name.",
    columns=(
        text("sequence", "name of the sequence"),
        whole("start", "first position that is explained, 0-based", unit="nt"),
        whole("end", "position after the last", unit="nt"),
        text("target", "what is explained: output:NAME, or a neuron"),
        number("value", "the target on the sequence", unit="output"),
        number("reference", "the target on its baselines, mean", unit="output"),
        number(
            "completeness_error",
            "distance of the sum of the scores from value - reference, as a share of the typical distance of the two",
        ),
        whole("steps", "points per baseline that it took"),
    ),
)

PREDICTIONS = Table(
    "predictions",
    "*.tsv",
    "One row per sequence, as `combmotif predict` writes them.",
    columns=(text("name", "name of the sequence"), whole("length", "its length", unit="nt")),
    more="`input` (what the model read of a sequence of another length; of models that take such), then a column for "
    "every output of the model.",
)

BENCHMARK = Table(
    "benchmark",
    "",
    "One row per neuron with a known answer and discovery method.",
    columns=(
        text("family", "letter of the family of nets"),
        text("neuron", "name of the neuron"),
        text("method", "discovery method"),
        whole("receptive_field", "length of the sequence the neuron sees", unit="nt"),
        number("samples", "sample sequences, mean over the repeats"),
        number("sampled", "share of the true maximum that the samples reach", unit="0 to 1"),
        whole("truth", "known motifs"),
        number("recall", "share of the known motifs that were found", unit="0 to 1"),
        number("precision", "share of the motifs found that are made of known ones and nothing else", unit="0 to 1"),
        number("motifs", "motifs found, mean over the repeats"),
        number("spacing", "overlap of the distances found with the true ones (Jaccard)", unit="0 to 1"),
        number("explained", "share of the activation of fresh samples that the motifs explain", unit="0 to 1"),
        number("stability", "agreement of the motifs of two repeats", unit="0 to 1"),
        number("seconds", "time of the method", unit="s"),
    ),
)
