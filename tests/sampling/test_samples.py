import dataclasses

import numpy as np
import pytest

from combmotif.sampling import Samples, stratify


def distinct(count):
    return (np.arange(count)[:, None] >> (2 * np.arange(7, -1, -1)) & 3).astype(np.uint8)


def test_stratify_keeps_a_quota_per_bin():
    # 1000 rows in the lowest bin, 10 in the one at half height, one at the top
    values = np.concatenate([np.full(1000, 0.01), np.full(10, 0.5), [1.0]]).astype(np.float32)
    rows = stratify(distinct(1011), values, keep=100, random=np.random.default_rng(0))
    assert values[rows].tolist() == [1.0] + [np.float32(0.5)] * 5 + [np.float32(0.01)] * 5
    assert rows[0] == 1010


def test_stratify_drops_duplicates_and_what_is_not_above_the_background():
    codes = distinct(6)[[0, 1, 2, 3, 4, 2, 2]]
    values = np.array([0.5, 0.2, 1.0, -1.0, 0.0, 1.0, 1.0], np.float32)
    random = np.random.default_rng(0)
    assert stratify(codes, values, keep=1000, random=random).tolist() == [2, 0, 1]
    assert stratify(codes, values, keep=1000, random=random, background=0.2).tolist() == [2, 0]
    assert stratify(codes, values, keep=1000, random=random, background=1.0).tolist() == []


def test_stratify_breaks_ties_by_sequence_whatever_the_order():
    codes, values = distinct(300), np.repeat(np.float32([0.3, 0.9, 0.6]), 100)
    first = stratify(codes, values, keep=60, random=np.random.default_rng(4))
    order = np.random.default_rng(1).permutation(300)
    second = stratify(codes[order], values[order], keep=60, random=np.random.default_rng(4))
    np.testing.assert_array_equal(codes[first], codes[order][second])
    assert values[first].tolist() == sorted(values[first].tolist(), reverse=True)


@pytest.mark.parametrize("keep", [20, 40, 45, 1000])
def test_stratify_keeps_no_more_than_asked_and_always_the_best(keep):
    for seed in range(5):
        random = np.random.default_rng(seed)
        values = random.random(3000).astype(np.float32)
        rows = stratify(distinct(3000), values, keep=keep, random=random)
        assert len(rows) <= keep
        assert rows[0] == values.argmax()
        assert len(np.unique(rows)) == len(rows)


def test_the_maximum_is_in_the_top_bin_for_every_float():
    # (m * 20) / 20 < m in float32 for one value in fifteen
    for value in np.random.default_rng(0).random(200).astype(np.float32) + np.float32(0.1):
        values = np.array([value, value / 2], np.float32)
        assert stratify(distinct(2), values, keep=20, random=np.random.default_rng(0)).tolist() == [0, 1]


@pytest.fixture
def samples():
    random = np.random.default_rng(0)
    values = np.sort(random.random(30).astype(np.float32) + 1)[::-1].copy()
    codes = random.integers(0, 4, (30, 11)).astype(np.uint8)
    return Samples("conv3", 12, codes, values, "evolve", 40, False, 0.25)


def test_what_is_saved_is_loaded(samples, tmp_path):
    path = tmp_path / "samples" / "conv3" / "12.npz"
    samples.save(path)
    loaded = Samples.load(path)
    np.testing.assert_array_equal(loaded.codes, samples.codes)
    np.testing.assert_array_equal(loaded.activations, samples.activations)
    assert (loaded.codes.dtype, loaded.activations.dtype) == (np.uint8, np.float32)
    for name in ("layer", "neuron", "method", "generations", "converged", "background"):
        assert getattr(loaded, name) == getattr(samples, name)
        assert type(getattr(loaded, name)) is type(getattr(samples, name))
    assert [p.name for p in path.parent.iterdir()] == ["12.npz"]


def test_files_are_the_same_bytes(samples, tmp_path):
    samples.save(tmp_path / "a.npz")
    Samples.load(tmp_path / "a.npz").save(tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_excitation_is_above_the_background(samples):
    np.testing.assert_allclose(samples.excitation, samples.activations - 0.25)
    assert samples.maximum == samples.activations.max()
    none = Samples("conv3", 1, np.zeros((0, 11), np.uint8), np.zeros(0, np.float32), "evolve", background=0.5)
    assert (len(none), none.maximum, none.excitation.shape) == (0, 0.5, (0,))


def test_tracks_are_saved_with_their_windows(samples, tmp_path):
    tracks = np.random.default_rng(3).random((30, 2, 11)).astype(np.float32)
    dataclasses.replace(samples, tracks=tracks).save(tmp_path / "1.npz")
    np.testing.assert_array_equal(Samples.load(tmp_path / "1.npz").tracks, tracks)
    samples.save(tmp_path / "2.npz")
    assert Samples.load(tmp_path / "2.npz").tracks is None


def test_diversity():
    codes = np.array([[0, 0, 1], [0, 1, 1], [0, 2, 1], [0, 3, 2]], np.uint8)
    values = np.float32([2.0, 1.98, 1.5, 1.01])
    some = Samples("conv1", 0, codes, values, "enumerate", background=1.0)
    assert some.counts.tolist() == [1] + [0] * 9 + [1] + [0] * 8 + [2]
    np.testing.assert_allclose(some.entropy, [0, 2, 0.811278], atol=1e-6)
    none = Samples("conv1", 0, codes[:0], values[:0], "enumerate", background=1.0)
    assert (none.counts.sum(), none.entropy.tolist()) == (0, [0, 0, 0])
