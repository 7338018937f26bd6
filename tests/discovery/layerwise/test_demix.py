import numpy as np
import pytest

from combmotif.discovery import DemixOptions, demix_tree, weighted_counts
from combmotif.discovery.layerwise.demix import cluster_counts, leaves
from combmotif.inference import WindowProbe
from combmotif.models.architectures.cnn_gru import CnnGru
from combmotif.models.model import SequenceModel
from combmotif.sampling import Samples


def demix(probe, samples, *, options=None, seed=0):
    """The leaves of the tree, as motifs are made of them."""
    options = options or DemixOptions()
    return leaves(demix_tree(probe, samples, options=options, seed=seed), options.min_sites)


def word(group):
    counts = group.pfm / group.pfm.sum(1, keepdims=True)
    return "".join("ACGT"[row.argmax()] if row.max() > 0.6 else "n" for row in counts)


def put(codes, text, start):
    codes[start : start + len(text)] = ["ACGT".index(letter) for letter in text]


def test_weighted_counts_by_hand():
    codes = np.array([[0], [1], [1], [2], [2]], np.uint8)
    activations = np.array([1.0, 0.52, 0.53, 0.01, 0.02])
    # bins 19, 10 and 0 with means 1, 0.525 and 0.015, whatever their numbers; rows sum to 5
    expected = 5 * np.array([[1, 0.525, 0.015, 0]]) / 1.54
    np.testing.assert_allclose(weighted_counts(codes, activations), expected)


def test_weighted_counts_of_one_window():
    np.testing.assert_allclose(weighted_counts(np.array([[2, 3]], np.uint8), np.array([0.3])), np.eye(4)[[2, 3]])


def test_weighted_counts_share_a_bin():
    codes = np.array([[0], [0], [3]], np.uint8)
    np.testing.assert_allclose(weighted_counts(codes, np.array([0.99, 0.98, 1.0])), [[2, 0, 0, 1]])


def test_cluster_counts_are_the_strides_between_convolutions():
    probe = WindowProbe(SequenceModel("net", CnnGru(width=3)), "conv4")
    assert cluster_counts(probe) == {"conv3": 2, "conv2": 2, "conv1": 1}
    assert list(cluster_counts(probe)) == ["conv3", "conv2", "conv1"]
    assert cluster_counts(WindowProbe(probe.model, "conv1")) == {}


def test_pooling_shift_is_undone(planted, enumerated):
    probe = planted(["TGTACG"], [{0: 1.0}])
    assert probe.receptive_field == 7
    groups = demix(probe, enumerated(probe))
    assert {word(group) for group in groups} == {"TGTACGn", "nTGTACG"}
    assert sum(group.share for group in groups) == pytest.approx(1)
    assert all(group.purity == pytest.approx(1) for group in groups)
    assert all(group.max_activation == pytest.approx(1.5) for group in groups)


def test_alternative_motifs_are_told_apart(planted, enumerated):
    # no pool: only what is still a mixture is split
    probe = planted(["TGTACG", "CCAGAT"], [{0: 1.0}, {0: 1.0}], pool=1)
    groups = demix(probe, enumerated(probe), options=DemixOptions(min_sites=1))
    assert {word(group) for group in groups} == {"TGTACG", "CCAGAT"}


def test_alternative_motifs_at_pooled_places(planted, drawn):
    probe = planted(["TGTACG", "CCAGAT"], [{0: 1.0}, {0: 1.0}])

    def write(codes, random):
        put(codes, ("TGTACG", "CCAGAT")[random.integers(2)], int(random.integers(2)))

    groups = demix(probe, drawn(probe, 400, write), options=DemixOptions(min_sites=1))
    found = {word(group) for group in groups}
    assert {text.strip("n") for text in found} == {"TGTACG", "CCAGAT"}


@pytest.mark.slow
def test_one_motif_at_many_places(planted, drawn):
    # a pool of 1 and an equal weight at 12 places: no stride tells the places apart
    probe = planted(["TGTACG"], [dict.fromkeys(range(12), 1.0)], pool=1, width=12)
    samples = drawn(probe, 4000, lambda codes, random: put(codes, "TGTACG", int(random.integers(12))))
    blurred = weighted_counts(samples.codes, samples.excitation)
    assert (blurred / len(samples)).max() < 0.6
    groups = demix(probe, samples)
    whole = [group for group in groups if "TGTACG" in word(group)]
    assert sum(group.share for group in whole) > 0.75
    assert len({word(group).index("TGTACG") for group in whole}) >= 8


@pytest.mark.slow
def test_rows_are_parted_once(planted, enumerated):
    probe = planted(["TGTACG"], [{0: 1.0, 1: 1.0}], width=2)
    samples = enumerated(probe)
    groups = demix(probe, samples, options=DemixOptions(min_sites=1))
    rows = np.concatenate([group.rows for group in groups])
    np.testing.assert_array_equal(np.sort(rows), np.arange(len(samples)))
    for group in groups:
        np.testing.assert_allclose(group.pfm.sum(1), len(group.rows))
        assert group.max_activation == samples.activations[group.rows].max()
        assert group.mean_activation == pytest.approx(samples.activations[group.rows].mean())
    assert [g.max_activation for g in groups] == sorted((g.max_activation for g in groups), reverse=True)


def test_the_same_seed_gives_the_same_groups(planted, enumerated):
    probe = planted(["TGTACG", "CCAGAT"], [{0: 1.0}, {0: 1.0}])
    samples = enumerated(probe)
    for a, b in zip(demix(probe, samples, seed=4), demix(probe, samples, seed=4), strict=True):
        np.testing.assert_array_equal(a.rows, b.rows)


@pytest.mark.slow
@pytest.mark.parametrize("clusters", [None, 2, 3, 50])
@pytest.mark.parametrize("most", [1, 3, 8])
def test_no_more_groups_than_asked(planted, enumerated, clusters, most):
    probe = planted(["TGTACG"], [{0: 1.0, 1: 0.7}], width=2)
    samples = enumerated(probe)
    some = Samples(samples.layer, 0, samples.codes[::10], samples.activations[::10], "evolve")
    options = DemixOptions(clusters=clusters, max_groups=most, min_sites=1)
    assert 1 <= len(demix(probe, some, options=options)) <= most


@pytest.mark.parametrize("count", [1, 2, 3, 5])
@pytest.mark.parametrize("clusters", [None, 4])
def test_a_handful_of_windows(planted, enumerated, count, clusters):
    probe = planted(["TGTACG"], [{0: 1.0}])
    samples = enumerated(probe)
    few = Samples(samples.layer, 0, samples.codes[:count], samples.activations[:count], "evolve")
    groups = demix(probe, few, options=DemixOptions(min_sites=1, clusters=clusters))
    assert sum(len(group.rows) for group in groups) == count
    assert len(demix(probe, few)) == 1  # below min_sites the largest group is kept


def test_no_windows_no_groups(planted):
    probe = planted(["TGTACG"], [{0: 1.0}])
    assert demix(probe, Samples("conv2", 0, np.zeros((0, 7), np.uint8), np.zeros(0, np.float32), "evolve")) == []
