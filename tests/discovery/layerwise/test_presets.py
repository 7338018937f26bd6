import numpy as np
import pytest

from combmotif.discovery import demix_neuron, preset_tree
from combmotif.discovery.layerwise.presets import binned_counts


def test_neuronmotif_on_its_demo_1(demo, enumerated):
    found = demix_neuron(demo[0], enumerated(demo[0]), preset="neuronmotif")
    assert sorted(motif.sites for motif in found.motifs) == pytest.approx([544, 779], abs=4)
    assert sorted(round(motif.purity, 2) for motif in found.motifs) == [0.94, 1.0]


def test_combmotif_splits_every_map_in_four(demo, enumerated):
    samples = enumerated(demo[0])
    tree, least = preset_tree(demo[0], samples, "combmotif")
    assert least == 20
    assert [node.path for node in tree] == ["0", "0.0", "0.1", "0.2", "0.3"]
    leaf = tree[1]
    np.testing.assert_allclose(leaf.pfm[:, 0], (samples.codes[leaf.rows] == 0).sum(0))  # plain counts


def test_neuronmotif_fills_empty_bins_from_above():
    codes = np.array([[0], [1]], np.uint8)
    # bins of 0.05: the top one holds A (mean 1), C lies in bin 9 (0.45 to 0.5, value 0.47); 10 to 18 repeat A by their
    # middles, 0 to 8 repeat C by theirs
    a = 1 + sum((edge + 0.5) / 20 for edge in range(10, 19))
    c = 0.47 + sum((edge + 0.5) / 20 for edge in range(9))
    np.testing.assert_allclose(
        binned_counts(codes, np.array([1.0, 0.47])), [[2 * a / (a + c), 2 * c / (a + c), 0, 0]]
    )  # fmt: skip


def test_an_unknown_preset_is_refused(demo, enumerated):
    with pytest.raises(ValueError, match=r"discover.preset: expected one of neuronmotif, combmotif, found 'x'"):
        preset_tree(demo[0], enumerated(demo[0]), "x")
