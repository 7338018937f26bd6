"""Every column of the effect tables: what it holds, in which unit, with which sign."""

from __future__ import annotations

CONTRIBUTION_COLUMNS: dict[str, str] = {
    "neuron": "layer:channel, channels counted from 0",
    "outcome": "what is compared: a prediction or a measured label",
    "threshold": "a neuron is active in a sequence that reaches this fraction of its maximum activation",
    "maximum": "largest activation in the sequences, in the layer's units; what threshold is a fraction of",
    "sampled_maximum": "largest activation in the windows that were evolved for its motifs, for comparison",
    "n_active": "sequences in which the neuron is active",
    "n_inactive": "sequences in which it is not",
    "mean_active": "mean outcome of the active sequences, in the outcome's unit",
    "mean_inactive": "mean outcome of the inactive sequences, in the outcome's unit",
    "effect": "mean_active - mean_inactive, in the outcome's unit; positive = higher where active",
    "ci_low": "lower end of the 95 % interval of effect (Welch)",
    "ci_high": "upper end of the 95 % interval of effect (Welch)",
    "p_welch": "two-sided p of effect (Welch's t-test)",
    "q_welch": "Benjamini-Hochberg q of p_welch over all neurons of this outcome and threshold; decides the class",
    "p_mann_whitney": "two-sided p of the rank comparison (Mann-Whitney U)",
    "q_mann_whitney": "Benjamini-Hochberg q of p_mann_whitney",
    "auc": "probability that an active sequence has the higher outcome, 0 to 1; above 0.5 = higher where active",
    "adjusted_effect": "difference at equal covariates (least squares), in the outcome's unit, signed like effect",
    "adjusted_ci_low": "lower end of the 95 % interval of adjusted_effect (HC3)",
    "adjusted_ci_high": "upper end of the 95 % interval of adjusted_effect (HC3)",
    "adjusted_p": "two-sided p of adjusted_effect",
    "adjusted_q": "Benjamini-Hochberg q of adjusted_p",
    "site_n": "active sequences whose strongest window was scrambled until the neuron fell silent; empty for a label",
    "site_effect": "mean of prediction - prediction with the window scrambled; positive = the site raises it",
    "site_ci_low": "lower end of the 95 % interval of site_effect (t)",
    "site_ci_high": "upper end of the 95 % interval of site_effect (t)",
    "site_p": "two-sided p of the change (Wilcoxon signed-rank)",
    "site_q": "Benjamini-Hochberg q of site_p",
    "causal_n": "active sequences on which the neuron was clamped to its mean; empty for a label",
    "causal_effect": "mean of prediction - prediction with the neuron clamped; positive = it raises the prediction",
    "causal_ci_low": "lower end of the 95 % interval of causal_effect (t)",
    "causal_ci_high": "upper end of the 95 % interval of causal_effect (t)",
    "causal_p": "two-sided p of the change (Wilcoxon signed-rank)",
    "causal_q": "Benjamini-Hochberg q of causal_p",
    "margin": "a difference within +- this counts as none, in the outcome's unit",
    "class": "positive, negative, discordant, neutral, undetermined or untestable",
    "reason": "why, in words",
}

EFFECTS: dict[str, str] = {
    "joint": "effect of both motifs, o - n",
    "a_alone": "effect of A where B is scrambled, b - n",
    "b_alone": "effect of B where A is scrambled, a - n",
    "a_in_context": "effect of A where B is present, o - a",
    "b_in_context": "effect of B where A is present, o - b",
    "epistasis": "e = o - a - b + n; an AND pair has e = +1, a redundant (OR) pair e = -1",
}
"""The six effects of a pair, from o = prediction, a = with A scrambled, b = with B scrambled, n = with both."""


def _effect_columns() -> dict[str, str]:
    columns: dict[str, str] = {}
    for name, meaning in EFFECTS.items():
        p = "p_value" if name == "epistasis" else f"{name}_p"
        q = "q_value" if name == "epistasis" else f"{name}_q"
        columns |= {
            name: f"{meaning} (Hodges-Lehmann over sequences), in the prediction's unit; positive raises it",
            f"{name}_ci_low": f"lower end of the 95 % interval of {name}",
            f"{name}_ci_high": f"upper end of the 95 % interval of {name}",
            p: f"two-sided p of {name} (Wilcoxon signed-rank over sequences)",
            q: f"Benjamini-Hochberg q of {p} over all tested pairs",
        }
    return columns


INSERTED = "inserted_"
"""Before the name of a column: the same, of pairs inserted into background sequences."""


def _inserted_columns() -> dict[str, str]:
    columns = {
        f"{INSERTED}backgrounds": "background sequences into which both motifs were inserted, in the order, distance "
        "and frame of the pair: the n of the tests of inserted_ columns; empty where none were"
    }
    for name in (*_effect_columns(), "margin", "effect_margin", "detectable", "class", "reason"):
        columns[INSERTED + name] = f"{name} in these backgrounds"
    return columns


INTERACTION_COLUMNS: dict[str, str] = {
    "pair": "names of the two motifs and, in brackets, the order, frame and spacing asked for",
    "motif_a": "IUPAC word or id of motif A, with its columns where it was trimmed",
    "motif_b": "IUPAC word or id of motif B",
    "name_a": "consensus of A",
    "name_b": "consensus of B",
    "family_a": "family of A, as in the map of families",
    "family_b": "family of B",
    "instances": "where both sites had to lie: anywhere, or in one window in which this neuron fires",
    "sequences": "sequences (or clusters, where they are given) in the test: the n of every p-value in this row",
    "sequences_with_pair": "sequences that hold a placement of the pair, before the cap on their number",
    "placements": "placements (an A site and a B site that do not overlap) in the test",
    "mode": "how segments were asked to be scrambled",
    "mode_used": "how they were; a segment that cannot be scrambled so is drawn from the background",
    "fallback": "share of the segments drawn from the background for that reason, 0 to 1",
    "rejected": "share of the drawn scrambles that were rejected, 0 to 1",
    "overlapping": "share of the sites left out because they share bases with another copy of the partner motif or "
    "cross the border of a word to avoid, so that scrambling them would change that as well, 0 to 1",
    "unscrambled": "placements left out because no scramble was found that keeps neither motif",
    **_effect_columns(),
    "epistasis_fraction": "epistasis / (|a_alone| + |b_alone|); NaN where both are zero",
    "margin": "an interval of e within +- this counts as additive, in the prediction's unit",
    "effect_margin": "an effect of a motif within +- this is too small to act, in the prediction's unit",
    "detectable": "smallest effect of either motif that so many sequences of this spread would show, power 80 %",
    "p_control": "empirical p that e differs from e of random segments of the same sequences, lengths and distance",
    "control_epistasis": "mean e of those random segments, in the prediction's unit",
    "controls": "number of random segment pairs",
    "class": "synergistic, antagonistic, additive, opposing, one-sided, inert, not-detected, undetermined or "
    "untestable",
    "reason": "why, in words",
    **_inserted_columns(),
    "scale": "latent scale: the model's own link (identity, logit, log), or a spline fitted to all pairs; empty: none",
    "epistasis_latent": "e on the latent scale, in latent units; NaN where there is none",
    "epistasis_latent_ci_low": "lower end of the 95 % interval of epistasis_latent",
    "epistasis_latent_ci_high": "upper end of the 95 % interval of epistasis_latent",
    "p_latent": "two-sided p of epistasis_latent",
    "q_latent": "Benjamini-Hochberg q of p_latent over all tested pairs",
    "class_latent": "class on the latent scale",
    "scale_dependent": "True where class and class_latent differ, so that e depends on the scale of the prediction",
}

INSTANCE_COLUMNS: dict[str, str] = {
    "pair": "as in the table of pairs",
    "sequence": "name of the sequence",
    "start_a": "first nt of the A site, 0-based",
    "end_a": "one past the last nt of the A site",
    "start_b": "first nt of the B site, 0-based",
    "end_b": "one past the last nt of the B site",
    "spacing": "nt between the two sites; 0 = adjacent",
    "o": "prediction of the sequence",
    "a": "prediction with A scrambled, mean over draws",
    "b": "prediction with B scrambled, mean over the same draws",
    "n": "prediction with both scrambled, mean over the same draws",
    "e": "o - a - b + n",
}

CONTROL_COLUMNS: dict[str, str] = {
    "pair": "as in the table of pairs",
    "e": "epistasis of one pair of random segments of the same sequences, lengths and distance, mean over its draws",
}

SPACING_COLUMNS: dict[str, str] = {
    "pair": "as in the table of pairs",
    "spacing": "fewest nt between the two sites in this bin; 0 = adjacent",
    "spacing_end": "most nt between the two sites in this bin; equal to spacing up to 50 nt",
    "sequences": "sequences (or clusters) with a placement at this distance",
    "e": "epistasis (Hodges-Lehmann over them), in the prediction's unit; positive = more than the sum of both alone",
    "low": "lower end of the 95 % interval of e; empty for fewer than 6 sequences",
    "high": "upper end of the 95 % interval of e; empty for fewer than 6 sequences",
}

MAP_COLUMNS: dict[str, str] = {
    "family_a": "consensus of the first family of motifs (or the word)",
    "family_b": "consensus of the second; equal to family_a for a family with itself",
    "class": "class of its pairs, see the table of pairs (by insertion where the sequences tell nothing); mixed where "
    "they differ",
    "pairs": "pairs of motifs of these families that were tested",
    "sequences": "sequences (or clusters), or backgrounds, in those tests, summed",
    "e": "epistasis, mean over the pairs weighted by sequences, in the prediction's unit",
    "joint": "effect of both motifs together, mean in the same way",
    "q": "smallest q-value of e among the pairs",
}

MOTIF_EFFECT_COLUMNS: dict[str, str] = {
    "motif": "id of the motif; its informative columns are used, with the distance between its parts",
    "consensus": "IUPAC consensus of these columns",
    "output": "output of the model",
    "inserted": "best k-mer (its most frequent base in every informative column), draws (words drawn from the matrix), "
    "or own sites (nothing is inserted; sites that the sequences hold are scrambled)",
    "background": "all: background sequences as they are; without X and with X: backgrounds that hold no site of X, "
    "and the same with one planted; sequences: those of the run that hold a site",
    "n": "background sequences (of own sites: sequences, or clusters where they are given), the n of the test",
    "places": "places of the motif in them",
    "effect": "prediction with the motif - prediction with it scrambled at the same place, one value per background "
    "(Hodges-Lehmann), in the output's unit; positive = the motif raises it",
    "ci_low": "lower end of the 95 % interval of effect",
    "ci_high": "upper end of the 95 % interval of effect",
    "p_value": "two-sided p of effect (Wilcoxon signed-rank over backgrounds)",
    "q_value": "Benjamini-Hochberg q of p_value over all motifs and outputs, by inserted and background",
    "margin": "an effect within +- this is too small to matter, in the output's unit",
    "detectable": "smallest effect that so many values of this spread would show with a power of 80 %",
    "fallback": "share of the scrambles drawn from the base frequencies, where a shuffle gives the motif back, 0 to 1",
    "class": "positive, negative, neutral, not-detected, undetermined or untestable",
    "reason": "why, in words",
}

MOTIF_POSITION_COLUMNS: dict[str, str] = {
    "motif": "id of the motif",
    "consensus": "IUPAC consensus",
    "output": "output of the model",
    "background": "as in the table of motif effects",
    "kind": "position (along the sequence) or frame",
    "start": "first position of the motif's first base in this bin, 0-based; or the frame: the distance from there to "
    "the coding region, or to the 3' end where none is known, modulo 3 (0 = in frame)",
    "end": "last such position in this bin, or the frame",
    "unit": "nt; share (0 = 5' end, 1 = 3' end) for sequences of several lengths; nt modulo 3 for a frame",
    "n": "background sequences with an insertion there",
    "effect": "as in the table of motif effects, best k-mer and draws alike",
    "ci_low": "lower end of the 95 % interval of effect; empty for fewer than 6 backgrounds",
    "ci_high": "upper end of the 95 % interval of effect",
}

TRIPLE_COLUMNS: dict[str, str] = {
    "triple": "names of the three motifs",
    "motif_a": "IUPAC word or id of motif A",
    "motif_b": "IUPAC word or id of motif B",
    "motif_c": "IUPAC word or id of motif C",
    "name_a": "consensus of A",
    "name_b": "consensus of B",
    "name_c": "consensus of C",
    "sequences": "sequences (or clusters) in the test: the n of the p-value",
    "placements": "placements (three sites that do not overlap) in the test",
    "joint": "effect of all three, prediction - prediction with all scrambled (Hodges-Lehmann); positive raises it",
    "epistasis3": "e3 = o - a - b - c + ab + ac + bc - abc, letters = scrambled; three that act only together have +1",
    "epistasis3_ci_low": "lower end of the 95 % interval of epistasis3",
    "epistasis3_ci_high": "upper end of the 95 % interval of epistasis3",
    "p_value": "two-sided p of epistasis3 (Wilcoxon signed-rank over sequences)",
    "q_value": "Benjamini-Hochberg q of p_value over all tested triples",
    "margin": "an interval of e3 within +- this means that the pairs explain the three, in the prediction's unit",
    "class": "more-than-pairs (e3 has the sign of joint: an AND, and a redundant triple, whose pairs overlap), "
    "less-than-pairs, pairwise, undetermined or untestable",
    "reason": "why, in words",
}
