"""Groups against brute force; folds that share no word."""

import itertools

import numpy as np
import pytest

from combmotif.runs.training.measured_rows import read_measured
from combmotif.training.overlap import group_folds, overlap_groups


def _words(code, k):
    return {bytes(code[i : i + k]) for i in range(len(code) - k + 1) if (code[i : i + k] < 4).all()}


def _brute_force(codes, k):
    words = [_words(code, k) for code in codes]
    label = list(range(len(codes)))
    for a, b in itertools.combinations(range(len(codes)), 2):
        if words[a] & words[b] and label[a] != label[b]:
            old, new = max(label[a], label[b]), min(label[a], label[b])
            label = [new if x == old else x for x in label]
    order = {}
    return [order.setdefault(x, len(order)) for x in label]


@pytest.mark.parametrize("k", [3, 12, 31, 32, 40, 65])
def test_groups_equal_brute_force(k):
    rng = np.random.default_rng(k)
    genome = rng.integers(0, 4, 40 * k).astype(np.uint8)
    codes = []
    for _ in range(60):
        start = int(rng.integers(len(genome) - 2 * k))
        piece = genome[start : start + int(rng.integers(k - 1, 2 * k))].copy()
        if rng.random() < 0.3:
            piece[int(rng.integers(len(piece)))] = 4
        codes.append(piece)
    found = overlap_groups(codes, k=k)
    assert found.tolist() == _brute_force(codes, k)
    assert k < 12 or 1 < found.max() + 1 < len(codes)


def test_chains_join_and_short_or_ambiguous_sequences_stand_alone():
    a, b = np.arange(12) % 4, np.array([0, 0, 1, 1, 2, 2, 3, 3, 0, 2, 1, 3])
    chain = [a, np.r_[a[4:], b[:8]], b, b[:5], np.full(20, 4), np.full(20, 4)]
    assert overlap_groups(chain, k=8).tolist() == [0, 0, 0, 1, 2, 3]
    assert overlap_groups([], k=8).size == 0
    with pytest.raises(ValueError, match="k: expected a word length"):
        overlap_groups(chain, k=0)


def test_folds_keep_groups_whole_and_are_balanced():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(300), rng.integers(1, 20, 300))
    folds = group_folds(groups, folds=5, seed=3)
    assert all(len(set(folds[groups == g])) == 1 for g in range(300))
    assert np.ptp(np.bincount(folds)) <= 1
    assert np.array_equal(folds, group_folds(groups, folds=5, seed=3))
    assert not np.array_equal(folds, group_folds(groups, folds=5, seed=4))
    with pytest.raises(ValueError, match="folds: expected 2 to 300 folds for 300 groups, found 301"):
        group_folds(groups, folds=301)


def test_real_segments_share_no_word_between_folds(data_dir):
    path = data_dir / "stability" / "siegel2022_fastutr" / "stability_seq_jurkat_beas2b.tsv.gz"
    if not path.exists():
        pytest.skip(f"no {path}")
    rows = read_measured(path, columns=["sequence", "jurkat", "beas2b"], labels=["jurkat", "beas2b"])
    assert np.isfinite(rows.labels).sum(0).tolist() == [30253, 7613]
    subset = rows.codes[:1500]
    groups = overlap_groups(subset)
    folds = group_folds(groups, folds=5)
    seen = [set().union(*(_words(subset[i], 40) for i in np.flatnonzero(folds == f))) for f in range(5)]
    for a, b in itertools.combinations(range(5), 2):
        assert not seen[a] & seen[b]
    assert groups.max() + 1 < 1000  # variants of one segment are together
