import numpy as np

from combmotif.sampling.chains import LEVELS, Chains
from combmotif.sampling.climb import Climb, _together
from combmotif.sampling.reservoir import Reservoir


def climb(probe, neuron=0):
    random = np.random.default_rng(0)
    pool = Reservoir(probe.receptive_field, keep=100, random=random)
    return Climb(probe, neuron, pool, random, None)


def test_changes_that_helped_are_made_together_the_best_first():
    codes = np.zeros((1, 6), np.uint8)
    changes = np.array([[4 * 2 + 1, 4 * 5 + 3, 4 * 2 + 2, 4 * 0 + 1]])  # two of them at position 2
    gains = np.array([[0.5, 0.2, 0.9, -1.0]])
    joint = _together(codes, changes, gains)[0]
    np.testing.assert_array_equal(joint[0], [0, 0, 2, 0, 0, 0])  # the better letter stays
    np.testing.assert_array_equal(joint[1:], [[0, 0, 2, 0, 0, 3]] * 5)


def test_no_change_is_tried_twice_before_all_were(random_net):
    probe = random_net("conv2", kernel=5)
    search, size = climb(probe), probe.receptive_field
    codes = np.random.default_rng(1).integers(0, 4, (1, size)).astype(np.uint8)
    gradients = np.random.default_rng(2).normal(size=(1, size, 4)).astype(np.float32)
    failed = np.zeros((1, 4 * size), np.float32)
    promise = (gradients - np.take_along_axis(gradients, codes[:, :, None].astype(int), 2)).ravel()
    seen = []
    for _ in range(-(-3 * size // 24)):
        changes = search._changes(codes, gradients, failed.copy())[0]
        assert (codes[0, changes // 4] != changes % 4).all()
        if not seen:
            own = 4 * np.arange(size) + codes[0]
            promise[own] = -np.inf
            assert set(changes[:12]) == set(np.argsort(-promise)[:12])
        fresh = [change for change in changes if change not in seen]
        assert len(fresh) == min(24, 3 * size - len(seen))
        seen += fresh
        failed[0, changes] += 1


def test_an_ascent_never_goes_down_and_tells_the_values(random_net):
    probe = random_net("conv2", kernel=5)
    codes = np.random.default_rng(1).integers(0, 4, (12, probe.receptive_field)).astype(np.uint8)
    found, values, places = climb(probe)._ascend(codes, np.arange(12))
    before, after = probe.activations(codes)[:, 0], probe.activations(found)[:, 0]
    np.testing.assert_allclose(values, after, rtol=1e-5, atol=1e-6)
    assert (after >= before).all()
    assert (after > before + 0.1 * np.abs(before)).any()
    np.testing.assert_array_equal(places, np.arange(12))


def test_moves_that_are_accepted_become_frequent():
    random = np.random.default_rng(0)
    codes = random.integers(0, 4, (320, 40)).astype(np.uint8)
    chains = Chains(codes, np.zeros(320, np.float32), np.zeros(320, np.int64), random)
    chains.beta[:] = 1.0
    kinds = []
    for _ in range(60):
        proposal, _ = chains.propose()
        kinds.append(np.bincount(chains.kind, minlength=5) / 320)
        changed = (proposal != chains.codes).sum(1)
        chains.accept(np.where(changed == 1, 0.0, -50.0).astype(np.float32))  # only single changes
        assert chains.level.max() == LEVELS - 1
    assert kinds[-1][0] > 0.6 > 0.3 > kinds[0][0]
    assert min(np.mean(kinds[-20:], 0)) > 0.02
