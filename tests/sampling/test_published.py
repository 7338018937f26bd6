import numpy as np
import pytest

from combmotif.sampling import combmotif_quota, combmotif_samples, enumerate_windows, neuronmotif_samples


def test_quota_per_bin():
    # the sizes CombMotif uses for its seven layers
    assert [combmotif_quota(size) for size in (5, 9, 18, 36, 72, 144, 288)] == [200, 200, 400, 800, 1500, 2900, 5800]


@pytest.mark.slow
@pytest.mark.parametrize(("sampler", "name"), [(combmotif_samples, "combmotif"), (neuronmotif_samples, "neuronmotif")])
def test_a_short_window_is_solved(random_net, generators, sampler, name):
    probe = random_net("conv2", kernel=4)  # receptive field 7
    (exact,) = enumerate_windows(probe, [1], seeds=generators(1))
    (found,) = sampler(probe, [1], seeds=generators(1))
    assert found.maximum == pytest.approx(exact.maximum, rel=1e-5)
    assert (found.method, found.layer, found.neuron) == (name, "conv2", 1)
    assert len(np.unique(found.codes, axis=0)) == len(found)
    np.testing.assert_allclose(probe.activations(found.codes)[:, 1], found.activations, rtol=1e-5, atol=1e-6)
    height = exact.maximum - exact.background
    assert found.background == pytest.approx(exact.background, abs=0.1 * height)


@pytest.mark.slow
@pytest.mark.parametrize("sampler", [combmotif_samples, neuronmotif_samples])
def test_better_than_chance(random_net, generators, sampler):
    probe = random_net("conv3", seed=3)  # receptive field 18
    (found,) = sampler(probe, [0], seeds=generators(0), population=300, generations=30)
    chance = probe.activations(np.random.default_rng(1).integers(0, 4, (50_000, 18)).astype(np.uint8))[:, 0].max()
    assert found.maximum > chance
    assert found.generations <= 30


@pytest.mark.parametrize("sampler", [combmotif_samples, neuronmotif_samples])
def test_a_silent_neuron_has_no_samples(constant, generators, sampler):
    (found,) = sampler(constant(-1.0), [0], seeds=generators(0), population=100, generations=50)
    assert len(found) == 0
    assert found.codes.shape == (0, 12)
    assert found.maximum == found.background == -1
    assert found.converged


@pytest.mark.parametrize("sampler", [combmotif_samples, neuronmotif_samples])
def test_each_neuron_by_its_own_seed(random_net, generators, sampler):
    probe = random_net("conv3")
    options = {"population": 64, "generations": 5}
    both = sampler(probe, [0, 5], seeds=generators(0, 5), **options)
    (alone,) = sampler(probe, [5], seeds=generators(5), **options)
    np.testing.assert_array_equal(both[1].codes, alone.codes)
    np.testing.assert_array_equal(both[1].activations, alone.activations)
