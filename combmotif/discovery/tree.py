"""The demixing tree as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from combmotif.core.tables import TREE
from combmotif.discovery.layerwise.group import Group
from combmotif.motifs.motif import Motif
from combmotif.sampling.samples import Samples


def tree_table(
    tree: Sequence[Group], samples: Samples, motif_of: Mapping[str, str], *, alphabet: str = "rna"
) -> pd.DataFrame:
    """Tabulate the nodes of a demixing tree.

    Parameters
    ----------
    tree : sequence of Group
    samples : Samples
        That the tree splits.
    motif_of : mapping of path to motif id
        Of the leaves that went into a motif.
    alphabet : str, default "rna"

    Returns
    -------
    pandas.DataFrame
        One row per node, parents first: ``layer``, ``neuron``, ``node`` (0 is the root, 0.1 its second part),
        ``parent``, ``feature_layer`` (what the parent was split by), ``sites``, ``max_activation``,
        ``consensus_activation``, ``purity``, ``information`` (bits, over all columns, corrected for the number of
        sites), ``consensus`` (IUPAC, as long as the receptive field), ``motif`` (of a leaf that went into one).
    """
    rows = []
    for node in sorted(tree, key=lambda node: [int(part) for part in node.path.split(".")]):
        rows.append(
            {
                "layer": samples.layer,
                "neuron": f"{samples.layer}:{samples.neuron}",
                "node": node.path,
                "parent": node.path.rpartition(".")[0],
                "feature_layer": node.feature_layer,
                "sites": len(node.rows),
                "max_activation": node.max_activation,
                "consensus_activation": node.consensus_activation,
                "purity": node.purity,
                "information": max(0.0, node.bits),
                "consensus": Motif("", node.pfm, len(node.rows)).consensus(alphabet),
                "motif": motif_of.get(node.path, ""),
            }
        )
    return TREE.frame(rows)
