import numpy as np
import pytest

from combmotif.discovery.seqlets import SeqletOptions, align_windows, seqlet_motif, top_windows
from combmotif.sampling import Samples
from combmotif.sequence import encode

PUBLISHED = SeqletOptions(top=100, align=False, min_sites=1)  # as the CombMotif study did


def test_ties_and_duplicates_do_not_depend_on_the_order():
    random = np.random.default_rng(0)
    codes = np.repeat(random.integers(0, 4, (30, 6)).astype(np.uint8), 2, axis=0)
    values = np.repeat(random.integers(0, 3, 30).astype(float), 2)
    chosen = codes[top_windows(codes, values, top=12)]
    mixed = random.permutation(60)
    np.testing.assert_array_equal(chosen, codes[mixed][top_windows(codes[mixed], values[mixed], top=12)])
    assert len(np.unique(chosen, axis=0)) == 12


def test_of_overlapping_windows_the_stronger_is_kept():
    codes = np.random.default_rng(0).integers(0, 4, (5, 10)).astype(np.uint8)
    sequences, starts = np.array([0, 0, 0, 1, 0]), np.array([10, 14, 16, 12, 40])
    rows = top_windows(codes, np.array([3.0, 4, 2, 1, np.nan]), top=10, sequences=sequences, starts=starts)
    assert rows.tolist() == [1, 3]
    with pytest.raises(ValueError, match="expected both or none"):
        top_windows(codes, np.ones(5), top=2, starts=starts)


def test_shifted_copies_are_laid_over_one_another():
    random = np.random.default_rng(1)
    word, places = encode("UGUAAAUA"), random.integers(2, 6, 60)
    windows = random.integers(0, 4, (60, 16)).astype(np.uint8)
    for window, place in zip(windows, places, strict=True):
        window[place : place + 8] = word
    moves = align_windows(windows, 3)
    assert len(set(places + moves)) == 1
    assert np.abs(moves).max() <= 6
    assert not align_windows(windows, 0).any()


def test_a_planted_word_is_found_and_pooling_undone(planted, drawn):
    probe = planted(["TGTANA"], [{0: 1.0}], pool=3)

    def write(row, random):
        row[(place := random.integers(0, len(row) - 5)) : place + 6] = encode("UGUACA")

    samples = drawn(probe, 400, write)
    motif = seqlet_motif(probe, samples)
    assert motif is not None
    assert "UGUACA" in motif.consensus()
    assert motif.id == "conv2:0.m1"
    assert motif.method == "seqlets"
    assert motif.sites == 48  # every word once: 3 places, 16 surroundings
    still = seqlet_motif(probe, samples, options=PUBLISHED)
    assert still is None or still.information.sum() < motif.information.sum()


def test_the_published_setting_is_a_plain_sum(planted, enumerated):
    probe = planted(["TGTAAA"], [{0: 1.0}], pool=1)
    samples = enumerated(probe)
    motif = seqlet_motif(probe, samples, options=PUBLISHED)
    order = np.lexsort((*samples.codes.T[::-1], -samples.activations))[:100]
    expected = np.stack([(samples.codes[order] == base).sum(0) for base in range(4)], axis=1)
    np.testing.assert_array_equal(motif.pfm, expected[motif.start : motif.start + len(motif)])
    assert motif.consensus() == "UGUAAA"
    assert motif.purity == pytest.approx(1)


def test_too_few_windows_make_no_motif(planted, enumerated):
    probe = planted(["TGTAAA"], [{0: 1.0}], pool=1)
    codes = enumerated(probe).codes[:3]
    assert (
        seqlet_motif(probe, Samples("conv2", 0, codes, np.array([1.0, 1, -1]), "x"), options=SeqletOptions(min_sites=3))
        is None
    )
    with pytest.raises(ValueError, match="top: expected at least 1"):
        SeqletOptions(top=0)


def test_the_consensus_is_tried_with_the_tracks_of_the_strongest_window(tracked):
    probe, codes, tracks = tracked
    values = probe.activations(codes, tracks)[:, 0]
    motif = seqlet_motif(probe, Samples("conv2", 0, codes, values, "x", tracks=tracks))
    assert motif.consensus() == "UGUAAA"
    assert motif.consensus_activation == pytest.approx(3 + tracks[values.argmax()].max(), abs=1e-5)
    assert seqlet_motif(probe, Samples("conv2", 0, codes, values, "x")).consensus_activation == pytest.approx(
        3, abs=1e-5
    )
