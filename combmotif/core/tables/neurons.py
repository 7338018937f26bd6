"""The tables of neurons: how they were sampled, and where they are active."""

from __future__ import annotations

from combmotif.core.tables.table import Table, flag, number, text, whole

NEURONS = Table(
    "neurons",
    "neurons.tsv",
    "One row per neuron: how far its maximum was found, how many motifs, how faithful they are to it.",
    stage="samples",
    columns=(
        text("neuron", "one channel of one layer, counted from 0 (conv3:12)", required=True),
        text("layer", "the layer's name in the network", required=True),
        whole("channel", "the channel's number in the layer"),
        whole("receptive_field", "length in nt of the sequence the neuron sees", unit="nt", required=True),
        whole(
            "samples",
            "sequences of that length that excite it, found by the sampler and used for its motifs",
            required=True,
        ),
        number("max_activation", "highest activation among the samples", unit="activation", required=True),
        number(
            "dataset_max",
            "highest activation at any window of the run's sequences; empty where they have none",
            unit="activation",
            required=True,
        ),
        number(
            "background",
            "mean activation on background sequences of random bases, from which all activations are measured",
            unit="activation",
        ),
        whole(
            "generations",
            "rounds of evolution the sampler took (0 where every sequence was enumerated)",
            required=True,
        ),
        flag("converged", "whether the sampler stopped because nothing better was found", required=True),
        whole("motifs", "number of motifs reported"),
        whole(
            "not_reproduced",
            "motifs that were not reproduced in the other half of its samples, and are listed separately",
        ),
        number(
            "auroc",
            "how well the best score of its motifs tells the 1 % of windows of the run's sequences that excite it "
            "most from all others; 0.5 is chance",
            unit="0 to 1",
        ),
        number(
            "r2",
            "share of the variance of its activation on windows of held-out sequences that a regression on its "
            "motifs' scores predicts",
        ),
        number("r2_shuffled", "the same with the motifs' columns and letters shuffled"),
        number(
            "r2_windows",
            "the same with all bases of the window, at their positions: the ceiling of such a regression",
        ),
        number(
            "kept",
            "share of the activation that those 1 % keep when only the nucleotides of its motifs stay and all others "
            "are random",
            unit="0 to 1",
        ),
        number("kept_random", "the same when as many nucleotides chosen at random stay", unit="0 to 1"),
        number("nucleotides", "share of the nucleotides that stay", unit="0 to 1"),
        text("status", "done, or why there is no motif", required=True),
    ),
)

SITES = Table(
    "sites",
    "sites.tsv.gz",
    "One row per site: a window in which a neuron is active, the strongest of each neuron first. Of each neuron at "
    "most `sites.most` are kept (default 20,000; a warning says where there are more). From 1,000,000 sites, or with "
    "`sites.format: parquet`, all that are kept stand in `sites.parquet`, with these columns but `site`, and this "
    "table and `sites.bed.gz` hold the strongest 100 of each neuron.",
    stage="activations",
    columns=(
        text("neuron", "the neuron", required=True),
        text("sequence", "name of the sequence", required=True),
        whole("start", "first letter of the window, 0-based", unit="nt", required=True),
        whole("end", "position after its last letter", unit="nt", required=True),
        number("activation", "activation of the window", unit="activation", required=True),
        text("site", "its letters", required=True),
    ),
)

SAMPLES = Table(
    "samples",
    "samples.tsv",
    "One row per neuron: how widely its windows were sampled.",
    stage="samples",
    columns=(
        text("neuron", "one channel of one layer, counted from 0 (conv3:12)"),
        text("layer", "the layer's name in the network"),
        whole("channel", "the channel's number in the layer"),
        text("method", "how they were found: enumerate, evolve, dataset, a published search, or not sampled"),
        whole("samples", "windows found"),
        number("background", "mean activation of background sequences of random bases", unit="activation"),
        number("max_activation", "highest activation among the samples", unit="activation"),
        whole("generations", "rounds of evolution the sampler took (0 where every sequence was enumerated)"),
        flag("converged", "whether the sampler stopped because nothing better was found"),
        whole(
            "filled", "bins of activation with at least one window, of 20 equal ones from the background to the maximum"
        ),
        text("per_bin", "distinct windows in each bin, weakest first"),
        number("entropy", "Shannon entropy of the bases, mean over the columns; 2 is as random as can be", unit="bits"),
        number("entropy_top", "the same of the windows above 80 % of that range", unit="bits"),
        text("per_column", "the entropy in bits of every column"),
    ),
)

ACTIVATIONS = Table(
    "activations",
    "activations.tsv",
    "One row per sequence of the run.",
    stage="activations",
    columns=(
        text("sequence", "name of the sequence"),
        whole("length", "its length", unit="nt"),
        number("gc", "its share of G and C", unit="0 to 1"),
    ),
    more="`prediction:OUTPUT` for every output of the model, `label:NAME` for every measured label, then for every "
    "neuron (`conv3:12`) its largest activation in the sequence; empty where it has no window.",
)
