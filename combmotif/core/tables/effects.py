"""The tables of effects on the prediction: of neurons and of motifs."""

from __future__ import annotations

from combmotif.core.tables.table import Table, number, text, whole

CONTRIBUTION = Table(
    "contribution",
    "contribution.tsv",
    "One row per outcome, threshold and neuron: whether it raises or lowers the outcome.",
    stage="contribution",
    columns=(
        text("neuron", "layer:channel, channels counted from 0", required=True),
        text("outcome", "what is compared: a prediction or a measured label", required=True),
        number(
            "threshold",
            "a neuron is active in a sequence that reaches this share of the way from its background to its maximum",
            unit="0 to 1",
            required=True,
        ),
        number("maximum", "largest activation in the sequences", unit="activation"),
        number(
            "sampled_maximum",
            "largest activation in the windows that were evolved for its motifs, for comparison",
            unit="activation",
        ),
        whole("n_active", "sequences in which the neuron is active", required=True),
        whole("n_inactive", "sequences in which it is not", required=True),
        number("mean_active", "mean outcome of the active sequences", unit="outcome"),
        number("mean_inactive", "mean outcome of the inactive sequences", unit="outcome"),
        number("effect", "mean_active - mean_inactive; positive = higher where active", unit="outcome", required=True),
        number("ci_low", "lower end of the 95 % interval of effect (Welch)", unit="outcome", required=True),
        number("ci_high", "upper end of the 95 % interval of effect (Welch)", unit="outcome", required=True),
        number("p_welch", "two-sided p of effect (Welch's t-test)", unit="0 to 1"),
        number(
            "q_welch",
            "Benjamini-Hochberg q of p_welch over all neurons of this outcome and threshold; decides the class",
            unit="0 to 1",
            required=True,
        ),
        number("p_mann_whitney", "two-sided p of the rank comparison (Mann-Whitney U)", unit="0 to 1"),
        number("q_mann_whitney", "Benjamini-Hochberg q of p_mann_whitney", unit="0 to 1", required=True),
        number(
            "auc",
            "probability that an active sequence has the higher outcome; above 0.5 = higher where active",
            unit="0 to 1",
            required=True,
        ),
        number(
            "adjusted_effect",
            "difference at equal covariates (least squares), signed like effect",
            unit="outcome",
            required=True,
        ),
        number(
            "adjusted_ci_low",
            "lower end of the 95 % interval of adjusted_effect (HC3)",
            unit="outcome",
            required=True,
        ),
        number(
            "adjusted_ci_high",
            "upper end of the 95 % interval of adjusted_effect (HC3)",
            unit="outcome",
            required=True,
        ),
        number("adjusted_p", "two-sided p of adjusted_effect", unit="0 to 1"),
        number("adjusted_q", "Benjamini-Hochberg q of adjusted_p", unit="0 to 1"),
        whole(
            "site_n",
            "active sequences whose strongest window was scrambled until the neuron fell silent; empty for a label",
        ),
        number(
            "site_effect",
            "mean of prediction - prediction with the window scrambled; positive = the site raises it",
            unit="outcome",
        ),
        number("site_ci_low", "lower end of the 95 % interval of site_effect (t)", unit="outcome"),
        number("site_ci_high", "upper end of the 95 % interval of site_effect (t)", unit="outcome"),
        number("site_p", "two-sided p of site_effect (one-sample t-test, as its interval)", unit="0 to 1"),
        number("site_q", "Benjamini-Hochberg q of site_p", unit="0 to 1"),
        whole("clamp_n", "active sequences on which the neuron was clamped to its mean; empty for a label"),
        number(
            "clamp_effect",
            "mean of prediction - prediction with the neuron clamped; positive = it raises the prediction",
            unit="outcome",
        ),
        number("clamp_ci_low", "lower end of the 95 % interval of clamp_effect (t)", unit="outcome"),
        number("clamp_ci_high", "upper end of the 95 % interval of clamp_effect (t)", unit="outcome"),
        number("clamp_p", "two-sided p of clamp_effect (one-sample t-test, as its interval)", unit="0 to 1"),
        number("clamp_q", "Benjamini-Hochberg q of clamp_p", unit="0 to 1"),
        number("margin", "a difference within +- this counts as none", unit="outcome"),
        text("class", "positive, negative, discordant, neutral, undetermined or untestable", required=True),
        text("reason", "why, in words", required=True),
    ),
)

MOTIF_EFFECTS = Table(
    "motif_effects",
    "motif_effects.tsv",
    "One row per motif, output, way of insertion and background: what the motif does to the prediction.",
    stage="effects",
    columns=(
        text(
            "motif",
            "id of the motif; its informative columns are used, with the distance between its parts",
            required=True,
        ),
        text("consensus", "IUPAC consensus of these columns", required=True),
        text("output", "output of the model", required=True),
        text(
            "inserted",
            "best k-mer (its most frequent base in every informative column), draws (words drawn from the matrix), or "
            "own sites (nothing is inserted; sites in the sequences are scrambled)",
            required=True,
        ),
        text(
            "background",
            "all: unchanged background sequences; without X and with X: backgrounds without a site of X, and the "
            "same with one planted; sequences: those of the run with a site",
            required=True,
        ),
        whole(
            "n",
            "background sequences (of own sites: sequences, or clusters where they are given), the n of the test",
            required=True,
        ),
        whole("places", "places of the motif in them"),
        number(
            "effect",
            "prediction with the motif - prediction with it scrambled at the same place, one value per background "
            "(Hodges-Lehmann); positive = the motif raises it",
            unit="output",
            required=True,
        ),
        number("ci_low", "lower end of the 95 % interval of effect", unit="output", required=True),
        number("ci_high", "upper end of the 95 % interval of effect", unit="output", required=True),
        number("p_value", "two-sided p of effect (Wilcoxon signed-rank over backgrounds)", unit="0 to 1"),
        number(
            "q_value",
            "Benjamini-Hochberg q of p_value over all motifs and outputs, by inserted and background",
            unit="0 to 1",
            required=True,
        ),
        number("margin", "an effect within +- this is too small to matter", unit="output"),
        number(
            "detectable",
            "smallest effect that a sample of this size and spread would detect with 80 % power",
            unit="output",
            required=True,
        ),
        number(
            "fallback",
            "share of the scrambles drawn from the base frequencies, where a shuffle gives the motif back",
            unit="0 to 1",
        ),
        text("class", "positive, negative, neutral, not-detected, undetermined or untestable", required=True),
        text("reason", "why, in words", required=True),
    ),
)

MOTIF_POSITIONS = Table(
    "motif_positions",
    "motif_positions.tsv",
    "The effect of a motif by position, and by reading frame.",
    stage="effects",
    columns=(
        text("motif", "id of the motif", required=True),
        text("consensus", "IUPAC consensus"),
        text("output", "output of the model", required=True),
        text("background", "as in the table of motif effects", required=True),
        text("kind", "position (along the sequence) or frame", required=True),
        whole(
            "start",
            "first position of the motif's first base in this bin, 0-based; or the frame: the distance from there to "
            "the coding region, or to the 3' end where none is known, modulo 3 (0 = in frame)",
            required=True,
        ),
        whole("end", "last such position in this bin, or the frame", required=True),
        text(
            "unit",
            "nt; share (0 = 5' end, 1 = 3' end) for sequences of several lengths; nt modulo 3 for a frame",
            required=True,
        ),
        whole("n", "background sequences with an insertion there", required=True),
        number("effect", "as in the table of motif effects, best k-mer and draws alike", unit="output", required=True),
        number(
            "ci_low",
            "lower end of the 95 % interval of effect; empty for fewer than 6 backgrounds",
            unit="output",
            required=True,
        ),
        number("ci_high", "upper end of the 95 % interval of effect", unit="output", required=True),
    ),
)
