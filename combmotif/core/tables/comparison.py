"""The tables of `combmotif compare`."""

from __future__ import annotations

from combmotif.core.tables.table import Table, number, text, whole

FAITHFULNESS = (
    number("auc", "chance that a sequence drawn from it excites its neuron more than a shuffled motif", unit="0 to 1"),
    number("auc_p", "p of auc (Mann-Whitney U)", unit="0 to 1"),
    number("drawn", "median activation of its neuron on drawn sequences", unit="activation"),
    number("shuffled", "the same of the shuffled motif", unit="activation"),
    number("reach", "drawn as a share of the largest activation known"),
    number("moves", "mean change of the output by a drawn site", unit="standard deviations of the predictions"),
    number("moves_p", "two-sided p of moves (paired t-test against the shuffled motif)", unit="0 to 1"),
    number("moves_low", "lower end of the 95 % interval of moves", unit="standard deviations of the predictions"),
    number("moves_high", "upper end of the 95 % interval of moves", unit="standard deviations of the predictions"),
)
"""What sequences drawn from a motif do to the model."""

COMPARED_MOTIFS = Table(
    "motifs",
    "motifs.tsv",
    "One row per motif of all runs.",
    columns=(
        text("run", "label of the run"),
        text("method", "discovery method"),
        text("model", "name of the model"),
        text("motif", "id of the motif"),
        text("neuron", "its neuron, such as conv3:7; empty for a motif of the whole model"),
        text("consensus", "IUPAC consensus"),
        whole("length", "columns of the motif", unit="nt"),
        whole("sites", "sequences behind it"),
        number("information", "information content, summed over columns", unit="bits"),
        number("purity", "share of the largest activation that the consensus alone reaches", unit="0 to 1"),
        whole("cluster", "motifs with one number are alike, whichever run they come from"),
        text("family", "family of the best known element"),
        text("kind", "its kind"),
        text("match", "its name; empty where there is none"),
        number("q_value", "false discovery rate over the motifs of all runs (Benjamini-Hochberg)", unit="0 to 1"),
        text("relation", "is: the motif resembles the element; contains: its consensus spells the word"),
        number("chance", "share of the motifs that match a shuffled database as well", unit="0 to 1"),
        *FAITHFULNESS,
        number("auc_q", "Benjamini-Hochberg q of auc_p over all motifs of all runs", unit="0 to 1"),
        number("moves_q", "Benjamini-Hochberg q of moves_p over all motifs of all runs", unit="0 to 1"),
    ),
)

COMPARED_RUNS = Table(
    "summary",
    "summary.tsv",
    "One row per run.",
    columns=(
        text("run", "label of the run"),
        text("method", "discovery method"),
        text("model", "name of the model"),
        whole("neurons", "neurons interpreted"),
        whole("motifs", "motifs found"),
        whole("clusters", "different motifs among them"),
        whole("own_clusters", "of these, those that no other run has"),
        number("information", "median information content of a motif", unit="bits"),
        number("purity", "median purity", unit="0 to 1"),
        whole("matched", "motifs that resemble a known element"),
        number("matched_share", "their share", unit="0 to 1"),
        number("expected_by_chance", "motifs that resemble an element of a shuffled database"),
        whole("contain", "other motifs that contain a known word"),
        number("contain_by_chance", "motifs that contain a word of a shuffled database"),
        whole("families", "families of known elements that motifs resemble"),
        whole("tested_on_neuron", "motifs drawn into windows of their neuron"),
        whole("excite", "of these, those that excite it more than a shuffled motif (q <= 0.05)"),
        number("auc", "median auc", unit="0 to 1"),
        number("reach", "median reach"),
        whole("tested_on_output", "motifs drawn into sequences"),
        whole("move", "of these, those that move the output (q <= 0.05)"),
        number("moves", "median size of moves", unit="standard deviations of the predictions"),
    ),
)

CONSENSUS = Table(
    "consensus",
    "consensus.tsv",
    "One row per element, output and way of measuring: what motifs that say the same do to the prediction, over runs.",
    columns=(
        text("kind", "family (of known elements that motifs resemble) or cluster (of motifs that are alike)"),
        text("element", "name of the family, or number of the cluster in motifs.tsv"),
        text("family", "family of known elements that most of its motifs resemble; empty where none does"),
        text("consensus", "IUPAC consensus of its motif with most information"),
        text("output", "output of the models, or label; first asked: that of `moves` in motifs.tsv"),
        text(
            "measure",
            "motif: as in motif_effects.tsv; neuron: as in contribution.tsv, of the neurons whose motifs they are, at "
            "the first threshold; or sites drawn from the motif, in SD (`moves`)",
        ),
        whole("runs", "runs that measured it"),
        whole("found", "runs that have such a motif"),
        whole("compared", "runs in all"),
        whole("motifs", "motifs, or neurons, behind it in all runs"),
        number("effect", "mean over runs; the value of a run is the mean over its motifs", unit="output"),
        number("sd", "standard deviation over runs", unit="output"),
        number("ci_low", "lower end of the 95 % interval of effect (t, over runs)", unit="output"),
        number("ci_high", "upper end of the 95 % interval of effect (t, over runs)", unit="output"),
        number("lowest", "lowest of the runs", unit="output"),
        number("highest", "highest of the runs", unit="output"),
        number("same_sign", "share of the runs whose value has the sign of effect", unit="0 to 1"),
        number("p_value", "two-sided p of effect (one-sample t-test over runs)", unit="0 to 1"),
        number("q_value", "Benjamini-Hochberg q of p_value, by kind, output and measure", unit="0 to 1"),
    ),
)

OVERLAPS = Table(
    "overlaps",
    "overlaps.tsv",
    "One row per set of runs: the families and clusters that exactly these runs have. Of more than three "
    "runs, sets that have none are left out.",
    columns=(
        text("kind", "family (of known elements that motifs resemble) or cluster (of motifs)"),
        text("runs", "labels of the runs, joined by ' & '"),
        whole("size", "how many exactly these runs have"),
        text("members", "names of the families, or consensus of a motif of each cluster, joined by ;"),
    ),
)
