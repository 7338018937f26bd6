import numpy as np
import pytest

from combmotif.sampling.reservoir import Reservoir, distinct, pack, unpack


@pytest.mark.parametrize("length", [1, 3, 4, 5, 36])
def test_packed_windows_are_unpacked(length):
    codes = np.random.default_rng(0).integers(0, 4, (50, length)).astype(np.uint8)
    packed = pack(codes)
    assert packed.shape == (50, -(-length // 4))
    np.testing.assert_array_equal(unpack(packed, length), codes)
    assert unpack(packed[:0], length).shape == (0, length)


def test_packed_windows_sort_as_windows_do():
    codes = np.random.default_rng(0).integers(0, 4, (200, 6)).astype(np.uint8)
    by_bytes = sorted(range(200), key=lambda row: pack(codes)[row].tobytes())
    by_letters = sorted(range(200), key=lambda row: codes[row].tobytes())
    assert codes[by_bytes].tolist() == codes[by_letters].tolist()


def test_distinct_keeps_the_first_of_each():
    assert distinct(np.array([[1, 2], [3, 3], [1, 2], [0, 2], [3, 3]], np.uint8)).tolist() == [0, 1, 3]


def windows(count, length=7, seed=0):
    random = np.random.default_rng(seed)
    return random.integers(0, 4, (count, length)).astype(np.uint8)


def test_every_window_is_held_once_whatever_the_batches():
    codes = windows(3000, 5)  # of 1,024 that there are
    values = (codes @ 4 ** np.arange(5)).astype(np.float32)
    pools = [Reservoir(5, keep=2000, random=np.random.default_rng(0), background=100) for _ in range(2)]
    pools[0].add(codes, values)
    for part in np.split(np.arange(3000), 30):
        pools[1].add(codes[part], values[part])
    expected = {tuple(code) for code, value in zip(codes, values, strict=True) if value > 100}
    for pool in pools:
        assert len(pool) == len(expected)
        assert pool.maximum == values.max()
        samples = pool.samples("conv", 3, "evolve", generations=2, converged=True)
        assert {tuple(code) for code in samples.codes} == expected
        assert (samples.activations > 100).all()
        assert (samples.codes @ 4 ** np.arange(5) == samples.activations).all()


def test_memory_is_bounded_and_every_level_stays():
    random = np.random.default_rng(1)
    pool = Reservoir(12, keep=400, random=np.random.default_rng(0))
    for step in range(200):
        codes = random.integers(0, 4, (256, 12)).astype(np.uint8)
        values = (random.random(256) * (1 + step / 50)).astype(np.float32)  # the maximum rises on and on
        pool.add(codes, values)
        assert len(pool) <= 4 * 400
    samples = pool.samples("conv", 0, "evolve", generations=1, converged=True)
    assert samples.counts.tolist() == [20] * 20
    assert samples.maximum == pool.maximum


def test_spare_windows_only_fill_what_others_leave():
    codes = windows(400, 9)
    values = np.repeat(np.float32([1.0, 0.5]), 200)
    pool = Reservoir(9, keep=2000, random=np.random.default_rng(0))  # 100 in a bin
    pool.add(codes[:250], values[:250], spare=True)
    assert pool.bins()[1].sum() == 0
    pool.add(codes[50:350], values[50:350])
    assert pool.bins()[1][[10, 19]].tolist() == [150, 150]
    samples = pool.samples("conv", 0, "evolve", generations=1, converged=True)
    first = {tuple(code) for code in codes[50:350]}
    assert len(samples) == 200
    assert {tuple(code) for code in samples.codes} <= first
    wide = Reservoir(9, keep=4000, random=np.random.default_rng(0))  # 200 in a bin
    wide.add(codes[:250], values[:250], spare=True)
    wide.add(codes[50:350], values[50:350])
    kept = {tuple(code) for code in wide.samples("conv", 0, "evolve", generations=1, converged=True).codes}
    assert kept == {tuple(code) for code in codes[:350]}


def test_the_number_of_a_window_stays_with_it():
    codes = windows(100, 8)
    values = np.random.default_rng(2).random(100).astype(np.float32)
    bank = np.arange(100, dtype=np.float32)[:, None, None] * np.ones((1, 2, 8), np.float32)
    pool = Reservoir(8, keep=1000, random=np.random.default_rng(0))
    pool.add(codes, values, np.arange(100))
    samples = pool.samples("conv", 0, "evolve", generations=1, converged=True, bank=bank)
    number = {tuple(code): row for row, code in enumerate(codes)}
    assert samples.tracks.shape == (len(samples), 2, 8)
    assert [number[tuple(code)] for code in samples.codes] == samples.tracks[:, 1, 3].astype(int).tolist()
