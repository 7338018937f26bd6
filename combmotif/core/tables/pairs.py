"""The tables of motif pairs."""

from __future__ import annotations

from dataclasses import replace

from combmotif.core.tables.table import Column, Table, flag, number, text, whole

EFFECTS: dict[str, str] = {
    "joint": "effect of both motifs, o - n",
    "a_alone": "effect of A where B is scrambled, b - n",
    "b_alone": "effect of B where A is scrambled, a - n",
    "a_in_context": "effect of A where B is present, o - a",
    "b_in_context": "effect of B where A is present, o - b",
    "epistasis": "e = o - a - b + n; an AND pair has e = +1, a redundant (OR) pair e = -1",
}
"""The six effects of a pair, from o = prediction, a = with A scrambled, b = with B scrambled, n = with both."""
INSERTED = "inserted_"
"""Before the name of a column: the same, of pairs inserted into background sequences."""


def _effect_columns() -> tuple[Column, ...]:
    columns: list[Column] = []
    for name, meaning in EFFECTS.items():
        whole_pair = name == "epistasis"  # its p, q and interval are those of the row
        p, q = ("p_value", "q_value") if whole_pair else (f"{name}_p", f"{name}_q")
        columns += [
            number(
                name,
                f"{meaning} (Hodges-Lehmann over sequences); positive raises it",
                unit="prediction",
                required=True,
            ),
            number(
                f"{name}_ci_low", f"lower end of the 95 % interval of {name}", unit="prediction", required=whole_pair
            ),
            number(
                f"{name}_ci_high", f"upper end of the 95 % interval of {name}", unit="prediction", required=whole_pair
            ),
            number(p, f"two-sided p of {name} (Wilcoxon signed-rank over sequences)", unit="0 to 1"),
            number(q, f"Benjamini-Hochberg q of {p} over all tested pairs", unit="0 to 1", required=whole_pair),
        ]
    return tuple(columns)


_MARGINS = (
    number("margin", "an interval of e within +- this counts as additive", unit="prediction"),
    number("effect_margin", "an effect of a motif within +- this is too small to act", unit="prediction"),
    number(
        "detectable",
        "smallest effect of either motif that a sample of this size and spread would detect with 80 % power",
        unit="prediction",
    ),
)
_VERDICT = (
    text(
        "class",
        "super-additive, sub-additive, additive, opposing, one motif only, neutral, no effect detected, undetermined "
        "or too few sequences",
        required=True,
    ),
    text("reason", "why, in words", required=True),
)


def _inserted_columns() -> tuple[Column, ...]:
    count = whole(
        f"{INSERTED}backgrounds",
        "background sequences into which both motifs were inserted, in the order, distance and frame of the pair: the "
        "n of the tests of inserted_ columns; empty where none were",
    )
    same = [
        replace(column, name=INSERTED + column.name, meaning=f"{column.name} in these backgrounds", required=False)
        for column in (*_effect_columns(), *_MARGINS, *_VERDICT)
    ]
    return (count, *same)


INTERACTIONS = Table(
    "interactions",
    "interactions.tsv",
    "One row per pair of motifs: what each does, and what both do beyond the sum.",
    stage="interaction",
    columns=(
        text("pair", "names of the two motifs and, in brackets, the required order, frame and spacing", required=True),
        text("motif_a", "IUPAC word, or id of motif A as in the table of motifs", required=True),
        text("motif_b", "IUPAC word, or id of motif B", required=True),
        text("columns_a", "columns of A that were used where it was trimmed (start-end); empty: all"),
        text("columns_b", "columns of B that were used"),
        text("name_a", "consensus of A", required=True),
        text("name_b", "consensus of B", required=True),
        text("family_a", "family of A, as in the map of families"),
        text("family_b", "family of B"),
        text("instances", "where both sites had to lie: anywhere, or in one window in which this neuron fires"),
        whole(
            "sequences",
            "sequences (or clusters, where they are given) in the test: the n of every p-value in this row",
            required=True,
        ),
        whole("sequences_with_pair", "sequences with a placement of the pair, before the cap on their number"),
        whole("placements", "placements (an A site and a B site that do not overlap) in the test", required=True),
        text("mode", "how segments were asked to be scrambled"),
        text("mode_used", "how they were; a segment that cannot be scrambled so is drawn from the background"),
        number("fallback", "share of the segments drawn from the background for that reason", unit="0 to 1"),
        number("rejected", "share of the drawn scrambles that were rejected", unit="0 to 1"),
        number(
            "overlapping",
            "share of the sites left out because they share bases with another copy of the partner motif or cross the "
            "border of a word to avoid, so that scrambling them would change that as well",
            unit="0 to 1",
        ),
        whole("unscrambled", "placements left out because no scramble was found that keeps neither motif"),
        *_effect_columns(),
        number("epistasis_fraction", "epistasis / (|a_alone| + |b_alone|); NaN where both are zero"),
        *_MARGINS,
        number(
            "p_control",
            "empirical p that e differs from e of random segments of the same sequences, lengths and distance",
            unit="0 to 1",
        ),
        number("control_epistasis", "mean e of those random segments", unit="prediction"),
        whole("controls", "number of random segment pairs"),
        *_VERDICT,
        *_inserted_columns(),
        text(
            "scale",
            "latent scale: the model's own link (identity, logit, log), or a spline fitted to all pairs; empty: none",
        ),
        number("epistasis_latent", "e on the latent scale; NaN where there is none", unit="latent"),
        number("epistasis_latent_ci_low", "lower end of the 95 % interval of epistasis_latent", unit="latent"),
        number("epistasis_latent_ci_high", "upper end of the 95 % interval of epistasis_latent", unit="latent"),
        number("p_latent", "two-sided p of epistasis_latent", unit="0 to 1"),
        number("q_latent", "Benjamini-Hochberg q of p_latent over all tested pairs", unit="0 to 1"),
        text("class_latent", "class on the latent scale"),
        flag(
            "scale_dependent",
            "True where class and class_latent differ, so that e depends on the scale of the prediction",
        ),
    ),
)

INSTANCES = Table(
    "instances",
    "interaction_instances.tsv.gz",
    "One row per placement of a pair in a sequence.",
    stage="interaction",
    columns=(
        text("pair", "as in the table of pairs", required=True),
        text("sequence", "name of the sequence", required=True),
        whole("start_a", "first nt of the A site, 0-based", unit="nt"),
        whole("end_a", "one past the last nt of the A site", unit="nt"),
        whole("start_b", "first nt of the B site, 0-based", unit="nt"),
        whole("end_b", "one past the last nt of the B site", unit="nt"),
        whole("spacing", "nt between the two sites; 0 = adjacent", unit="nt", required=True),
        number("o", "prediction of the sequence", unit="prediction", required=True),
        number("a", "prediction with A scrambled, mean over draws", unit="prediction", required=True),
        number("b", "prediction with B scrambled, mean over the same draws", unit="prediction", required=True),
        number("n", "prediction with both scrambled, mean over the same draws", unit="prediction", required=True),
        number("e", "o - a - b + n", unit="prediction", required=True),
    ),
)

SPACING = Table(
    "spacing",
    "interaction_spacing.tsv",
    "Epistasis against the distance of the two sites.",
    columns=(
        text("pair", "as in the table of pairs", required=True),
        whole("spacing", "fewest nt between the two sites in this bin; 0 = adjacent", unit="nt", required=True),
        whole("spacing_end", "most nt between the two sites in this bin; equal to spacing up to 50 nt", unit="nt"),
        whole("sequences", "sequences (or clusters) with a placement at this distance", required=True),
        number(
            "e",
            "epistasis (Hodges-Lehmann over them); positive = more than the sum of both alone",
            unit="prediction",
            required=True,
        ),
        number(
            "low",
            "lower end of the 95 % interval of e; empty for fewer than 6 sequences",
            unit="prediction",
            required=True,
        ),
        number(
            "high",
            "upper end of the 95 % interval of e; empty for fewer than 6 sequences",
            unit="prediction",
            required=True,
        ),
    ),
)

PAIR_CONTROLS = Table(
    "controls",
    "interaction_controls.tsv.gz",
    "Epistasis of random segments in the place of the motifs.",
    columns=(
        text("pair", "as in the table of pairs", required=True),
        number(
            "e",
            "epistasis of one pair of random segments of the same sequences, lengths and distance, mean over its draws",
            unit="prediction",
            required=True,
        ),
    ),
)

FAMILY_MAP = Table(
    "map",
    "interaction_map.tsv",
    "One row per two families of motifs: their pairs together.",
    columns=(
        text("family_a", "consensus of the first family of motifs (or the word)", required=True),
        text("family_b", "consensus of the second; equal to family_a for a family with itself", required=True),
        text(
            "class",
            "class of its pairs, see the table of pairs (by insertion where the sequences tell nothing); mixed where "
            "they differ",
            required=True,
        ),
        whole("pairs", "pairs of motifs of these families that were tested", required=True),
        whole("sequences", "sequences (or clusters), or backgrounds, in those tests, summed", required=True),
        number("e", "epistasis, mean over the pairs weighted by sequences", unit="prediction", required=True),
        number("joint", "effect of both motifs together, mean in the same way", unit="prediction", required=True),
        number("q", "smallest q-value of e among the pairs", unit="0 to 1", required=True),
    ),
)

KMER_PAIRS = Table(
    "k-mer pairs",
    "kmer_pairs.tsv",
    "One row per two k-mers in their order, and frame or distance: what both do in background sequences.",
    columns=(
        text("first", "IUPAC word at the 5' side: A of the effects"),
        text("second", "IUPAC word behind it: B"),
        text("placed", "order (any of the distances), frame (those of one frame) or distance (one of them)"),
        whole("frame", "distance of the two first letters modulo 3, 0 = in frame; empty where placed is order"),
        whole("distance_min", "fewest nt between the two", unit="nt"),
        whole("distance_max", "most nt between the two", unit="nt"),
        whole("backgrounds", "background sequences in the test: the n of every p-value in this row"),
        *(replace(column, required=False) for column in (*_effect_columns(), *_MARGINS, *_VERDICT)),
        number("epistasis_latent", "e on the scale on which effects add up (the card's link, or a fitted curve)"),
        number("epistasis_latent_ci_low", "lower end of its 95 % interval"),
        number("epistasis_latent_ci_high", "upper end of its 95 % interval"),
        number("q_latent", "Benjamini-Hochberg q of epistasis_latent over all rows", unit="0 to 1"),
        text("class_latent", "class on that scale"),
    ),
)
