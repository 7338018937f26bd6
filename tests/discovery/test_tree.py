import numpy as np
import pytest

from combmotif.core.tables import TREE
from combmotif.discovery import demix_neuron, demix_tree


@pytest.mark.slow
def test_children_part_their_parent(planted, enumerated):
    probe = planted(["TGTACG", "CCAGAT"], [{0: 1.0, 1: 1.0}, {0: 1.0}], width=2)
    tree = demix_tree(probe, enumerated(probe))
    by_path = {node.path: node for node in tree}
    assert tree[0].path == "0"
    assert len(by_path) == len(tree)
    for path, node in by_path.items():
        children = [child for child in tree if child.path.rpartition(".")[0] == path]
        if children:
            rows = np.concatenate([child.rows for child in children])
            np.testing.assert_array_equal(np.sort(rows), np.sort(node.rows))
            assert {child.feature_layer for child in children} == {"conv1"}
            assert all(0 <= child.purity <= 1 for child in children)


def test_the_table_names_the_motif_of_every_leaf(planted, enumerated):
    probe = planted(["TGTACG"], [{0: 1.0}])
    samples = enumerated(probe)
    found = demix_neuron(probe, samples)
    table = found.tree
    assert list(table) == TREE.names
    assert table["node"].tolist()[0] == "0"
    assert table["parent"].tolist()[0] == ""
    inner = set(table["parent"])
    leaves = table[~table["node"].isin(inner)]
    assert leaves["motif"].tolist() == [found.motifs[0].id] * len(leaves)
    assert (table[table["node"].isin(inner)]["motif"] == "").all()
    assert table["sites"].iloc[0] == len(samples) == leaves["sites"].sum()
    assert "UGUACG" in leaves["consensus"].iloc[0]
