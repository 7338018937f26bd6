"""The tables of motifs."""

from __future__ import annotations

from combmotif.core.tables.table import Table, flag, number, text, whole

MOTIFS = Table(
    "motifs",
    "motifs/*.tsv",
    "One row per motif, those that are not reproduced included.",
    columns=(
        text("motif", "stable name: layer:channel.mK; K counts from 1 in order of activation", required=True),
        text("layer", "the layer's name in the network", required=True),
        whole("channel", "the channel's number in the layer", required=True),
        text(
            "consensus",
            "IUPAC consensus: the fewest bases that cover 75 % of a column, N below 0.3 bits",
            required=True,
        ),
        whole("length", "columns of the motif", unit="nt"),
        whole("start", "first column in the receptive field, 0-based", unit="nt"),
        whole("end", "column after the last", unit="nt"),
        whole("sites", "sample sequences behind the counts", required=True),
        number(
            "share",
            "share of the excitation of the neuron's samples that the motif's nucleotides keep while all others are "
            "random, beyond what those of the motifs before it keep: the shares of a neuron add up to what its motifs "
            "explain; of motifs counted by other methods, that the sequences that carry it have",
            unit="0 to 1",
        ),
        number("max_activation", "highest activation among them", unit="activation", required=True),
        number("mean_activation", "mean activation among them", unit="activation"),
        number("min_activation", "lowest activation among them", unit="activation"),
        number("consensus_activation", "activation of the consensus sequence itself", unit="activation"),
        number(
            "background",
            "activation of the neuron on background sequences (0 where that is negative)",
            unit="activation",
        ),
        number(
            "purity",
            "share of the largest activation that the consensus alone reaches; near 1 is no mixture",
            unit="0 to 1",
            required=True,
        ),
        number("information", "information content in bits, summed over columns", unit="bits", required=True),
        text("offsets", "relative positions at which merged copies of the motif sat"),
        text("segments", "informative runs inside the motif (start-end)"),
        whole("family", "motifs with one number are alike, whichever neuron they come from"),
        number(
            "contribution",
            "mean contribution of a site to the target, where attributions gave the motif; else empty",
        ),
        number(
            "reproducibility",
            "best similarity with the motifs of the other half of the neuron's samples, which were demixed by "
            "themselves; empty where it was not measured",
            unit="0 to 1",
        ),
        number(
            "explained",
            "share of the excitation of the other half's windows that is lost when the motif's nucleotides are "
            "replaced by random ones; two motifs that make up for each other both have little",
            unit="0 to 1",
        ),
        flag(
            "reproduced",
            "False where reproducibility is below discover.reproduced: the motif is listed apart, has no family, is "
            "not in the MEME file, and is neither matched nor paired",
        ),
    ),
)

TREE = Table(
    "tree",
    "motifs/tree.tsv",
    "One row per group of a neuron's samples, as demixing split them.",
    columns=(
        text("layer", "the layer's name in the network", required=True),
        text("neuron", "the neuron whose sequences were demixed (conv3:12)", required=True),
        text("node", "path of the group from the root: 0 is all sequences, 0.1 the second part of it", required=True),
        text("parent", "path of the group it was split from", required=True),
        text(
            "feature_layer",
            "what split the parent: the map of this layer, the motif carried, or its position",
            required=True,
        ),
        whole(
            "sites",
            "sample sequences in the group; one with several motifs is in one only, so a motif may have more",
            required=True,
        ),
        number("max_activation", "highest activation among them", unit="activation", required=True),
        number("consensus_activation", "activation of the group's consensus sequence", unit="activation"),
        number("purity", "consensus over maximum activation, both above background", unit="0 to 1", required=True),
        number("information", "information content in bits, summed over columns", unit="bits"),
        text("consensus", "IUPAC consensus of the group", required=True),
        text("motif", "the motif a final group went into; empty where it went into none", required=True),
    ),
)

SYNTAX = Table(
    "syntax",
    "motifs/syntax.tsv",
    "One row per two neighbouring parts of a motif: how far apart they stand.",
    columns=(
        text("layer", "the layer's name in the network", required=True),
        text("neuron", "the neuron (conv3:12)", required=True),
        text("motif", "the motif of several parts", required=True),
        text("part_a", "consensus of a part, 5' to 3'", required=True),
        text("part_b", "consensus of the next part", required=True),
        whole("start_a", "first column of part A", unit="nt"),
        whole("start_b", "first column of part B", unit="nt"),
        text("kind", "fixed, or range where the distance varies", required=True),
        whole(
            "spacing_min",
            "shortest distance in nt between the end of A and the start of B",
            unit="nt",
            required=True,
        ),
        whole("spacing_max", "longest distance", unit="nt", required=True),
        whole("spacing_mode", "most frequent distance", unit="nt", required=True),
        whole("sequences", "sequences with both parts", required=True),
        text("distribution", "sequences at each distance (3:120;4:80)", required=True),
    ),
)

SEQLETS = Table(
    "motifs/modisco_seqlets",
    "motifs/modisco_seqlets.tsv.gz",
    "One row per seqlet of TF-MoDISco: the site of a pattern's motif, the strongest of each motif first.",
    columns=(
        text("motif", "id of the motif"),
        text("sequence", "name of the sequence; of a neuron's motif, number of the sample"),
        whole("start", "first column of the motif on it, 0-based", unit="nt"),
        whole("end", "column after the last", unit="nt"),
        text("strand", "+, or - where the reverse complement is the motif"),
        number("contribution", "sum of the contributions of its bases", unit="output"),
        text("site", "its bases; dots where it hangs over an end"),
    ),
)

MATRICES = Table(
    "matrices",
    "*.tsv",
    "One row per motif and position, as `combmotif motifs convert --to tsv` writes motifs.",
    columns=(
        text("motif", "id of the motif", required=True),
        text("name", "its name", required=True),
        number("sites", "sequences behind it; empty where that is not known", required=True),
        whole("position", "counted from 1", required=True),
        number("A", "frequency of A", unit="0 to 1", required=True),
        number("C", "frequency of C", unit="0 to 1", required=True),
        number("G", "frequency of G", unit="0 to 1", required=True),
    ),
    more="`U` (of RNA) or `T` (of DNA): its frequency.",
)

MOTIF_LIST = Table(
    "list",
    "",
    "One row per motif of a file, as `combmotif motifs list` prints them.",
    columns=(
        text("motif", "id of the motif"),
        text("name", "its name"),
        whole("length", "columns of the motif", unit="nt"),
        number("sites", "sequences behind it"),
        number("information", "information content, summed over columns", unit="bits"),
        text("consensus", "IUPAC consensus"),
    ),
)

MOTIF_COMPARISON = Table(
    "comparison",
    "",
    "One row per motif of the first file with the most similar one of the second (`combmotif motifs compare`).",
    columns=(
        text("motif", "id of the motif"),
        text("name", "its name"),
        text("best", "id of the motif of the other file that resembles it most"),
        text("best_name", "its name"),
        number("similarity", "cosine of the deviations from uniform at the best offset; 1 for equal matrices"),
        whole("offset", "column of the motif on which the other begins; negative where it begins before", unit="nt"),
        number("p_value", "chance of an equal or better match with a random motif (Tomtom)", unit="0 to 1"),
        text("consensus", "IUPAC consensus of the motif"),
        text("best_consensus", "IUPAC consensus of the other"),
    ),
)

MOTIF_CLUSTERS = Table(
    "clusters",
    "",
    "One row per motif with the cluster it is in (`combmotif motifs cluster`).",
    columns=(
        text("motif", "id of the motif"),
        text("name", "its name"),
        whole("cluster", "number of the cluster, the largest first, counted from 1"),
        text("cluster_name", "after the genes its members are named by, else the consensus of the first"),
        whole("size", "motifs in the cluster"),
        flag("representative", "whether the motif is the most similar to its fellows"),
        text("consensus", "IUPAC consensus"),
    ),
)
