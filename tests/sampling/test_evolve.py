import numpy as np
import pytest

from combmotif.sampling import EvolveOptions, enumerate_windows, evolve

QUICK = EvolveOptions(population=256, generations=200, keep=1000)


@pytest.mark.slow
@pytest.mark.parametrize(("kernel", "size"), [(5, 9), (4, 7)])
def test_the_enumerated_maximum_is_reached(random_net, generators, kernel, size):
    probe = random_net("conv2", kernel=kernel)
    assert probe.receptive_field == size
    neurons = range(probe.neurons)
    exact = enumerate_windows(probe, neurons, seeds=generators(*neurons), keep=200)
    found = evolve(probe, neurons, seeds=generators(*neurons), options=QUICK)
    np.testing.assert_allclose([f.maximum for f in found], [e.maximum for e in exact], rtol=1e-5)
    assert all(f.converged for f in found)


@pytest.mark.slow
@pytest.mark.parametrize("width", [8, 12, 17])  # receptive fields of 21, 29 and 39
def test_the_planted_maximum_is_reached(words, generators, letters, width):
    places = [
        {(0, 1): 2.0, (1, width - 1): 1.0},  # TGTATA at 2 or 3, GCATGC at the 3' end: 2 x 3 + 3
        {(2, 0): 1.0, (0, 5): -4.0},  # CCCGGG at the 5' end and not TGTATA at 10 or 11
        {(1, 0): 1.0, (2, 3): 1.0, (0, width - 1): 1.0},  # three words, the first two abutting
    ]
    probe = words(["TGTATA", "GCATGC", "CCCGGG"], places, width)
    assert probe.receptive_field == 5 + 2 * width
    found = evolve(probe, [0, 1, 2], seeds=generators(0, 1, 2), options=QUICK)
    np.testing.assert_allclose([f.maximum for f in found], [9, 3, 9], rtol=1e-5)
    best = letters(found[0].codes[0])
    assert "TGTATA" in (best[2:8], best[3:9])
    assert "GCATGC" in (best[-7:-1], best[-6:])
    top = found[2].codes[found[2].activations > 8.99]
    assert {letters(c[:6]) for c in top} | {letters(c[1:7]) for c in top} >= {"GCATGC"}


@pytest.mark.slow
def test_the_planted_maximum_of_six_blocks_is_reached(deep, generators):
    assert deep.receptive_field == 288
    options = EvolveOptions(population=64, generations=40, keep=200)
    found = evolve(deep, [0, 1], seeds=generators(0, 1), options=options)
    np.testing.assert_allclose([f.maximum for f in found], [12, 20], rtol=1e-5)
    np.testing.assert_allclose(deep.activations(found[0].codes[:1])[0, 0], 12, rtol=1e-5)


def genetic(probe, neuron, random, *, population=512, generations=40):
    """Mutate, cross and keep the best: the usual genetic sampler."""
    codes = random.integers(0, 4, (population, probe.receptive_field)).astype(np.uint8)
    values = probe.activations(codes)[:, neuron]
    for _ in range(generations):
        order = np.argsort(-values)[: population // 2]
        parents = codes[random.choice(order, (population, 2))]
        cut = random.integers(0, codes.shape[1], (population, 1))
        children = np.where(np.arange(codes.shape[1]) < cut, parents[:, 0], parents[:, 1])
        mutate = random.random(children.shape) < 0.05
        children = np.where(mutate, random.integers(0, 4, children.shape), children).astype(np.uint8)
        codes = np.concatenate([codes[order], children])
        values = probe.activations(codes)[:, neuron]
    return values.max()


@pytest.mark.slow
def test_no_worse_than_chance_or_a_genetic_sampler(random_net, generators):
    probe = random_net("conv3", seed=3)  # receptive field 18
    neurons = [0, 1, 2]
    found = evolve(probe, neurons, seeds=generators(*neurons), options=QUICK)
    random = np.random.default_rng(1)
    chance = probe.activations(random.integers(0, 4, (100_000, 18)).astype(np.uint8)).max(0)
    for samples in found:
        assert samples.maximum > chance[samples.neuron]
        assert samples.maximum >= 0.98 * genetic(probe, samples.neuron, random)


@pytest.mark.slow
def test_the_maximum_is_a_local_one(random_net, generators):
    probe = random_net("conv3", seed=2)
    (samples,) = evolve(probe, [1], seeds=generators(1), options=EvolveOptions(population=64, generations=30))
    best = np.repeat(samples.codes[:1], 4 * 18, 0)
    best[np.arange(72), np.repeat(np.arange(18), 4)] = np.tile(np.arange(4), 18)
    assert probe.activations(best)[:, 1].max() == pytest.approx(samples.maximum, rel=1e-5)


@pytest.mark.slow
def test_the_range_of_activation_is_covered_once_each(random_net, generators):
    probe = random_net("conv3", seed=1)
    (samples,) = evolve(probe, [0], seeds=generators(0), options=QUICK)
    share = samples.excitation / samples.excitation.max()
    filled = np.unique(np.minimum(share * 20, 19).astype(int))
    assert len(filled) >= 18
    assert 300 < len(samples) <= 1000
    assert len(np.unique(samples.codes, axis=0)) == len(samples)
    assert (np.diff(samples.activations) <= 0).all()
    assert (samples.activations > samples.background).all()
    np.testing.assert_allclose(probe.activations(samples.codes)[:, 0], samples.activations, atol=1e-5)


def test_weak_windows_are_as_random_as_the_neuron_allows(words, generators):
    # columns the neuron does not look at stay uniform at every level of activation
    probe = words(["TGTATA"], [{(0, 0): 1.0}], 10)  # sees columns 0 to 6 of 25
    (samples,) = evolve(probe, [0], seeds=generators(0), options=EvolveOptions(population=512, keep=3000))
    blind = samples.codes[:, 7:]
    frequencies = np.stack([(blind == base).mean(0) for base in range(4)])
    assert np.abs(frequencies - 0.25).max() < 0.1


@pytest.mark.slow
def test_seeds_decide_everything(random_net, generators):
    probe = random_net("conv3")
    options = EvolveOptions(population=64, generations=20, keep=200)
    first, again = (evolve(probe, [0, 5], seeds=generators(0, 5), options=options) for _ in range(2))
    other = evolve(probe, [0, 5], seeds=generators(1, 2), options=options)
    for a, b, c in zip(first, again, other, strict=True):
        np.testing.assert_array_equal(a.codes, b.codes)
        np.testing.assert_array_equal(a.activations, b.activations)
        assert not np.array_equal(a.codes, c.codes)


@pytest.mark.parametrize("value", [-1.0, 0.0, 0.3, 1234.567])
def test_a_constant_neuron_has_no_samples(constant, generators, value):
    (samples,) = evolve(constant(value), [0], seeds=generators(0), options=EvolveOptions(population=300))
    assert len(samples) == 0
    assert samples.codes.shape == (0, 12)
    assert samples.maximum == pytest.approx(value)


def test_a_neuron_that_stays_below_zero_has_no_samples(words, generators):
    probe = words(["TGTATA"], [{(0, 0): -1.0}], 8)
    (samples,) = evolve(probe, [0], seeds=generators(0), options=QUICK)
    assert len(samples) == 0
    assert samples.converged


@pytest.mark.slow
def test_a_neuron_does_not_depend_on_those_beside_it(random_net, generators):
    probe = random_net("conv3")
    options = EvolveOptions(population=64, generations=25, keep=200)
    both = evolve(probe, [0, 5, 3], seeds=generators(0, 5, 3), options=options)
    (alone,) = evolve(probe, [5], seeds=generators(5), options=options)
    np.testing.assert_array_equal(both[1].codes, alone.codes)
    np.testing.assert_array_equal(both[1].activations, alone.activations)


@pytest.mark.slow
def test_the_limit_of_generations_is_told(random_net, generators):
    (samples,) = evolve(
        random_net("conv3"),
        [0],
        seeds=generators(0),
        options=EvolveOptions(population=32, generations=3),
    )
    assert not samples.converged
    assert samples.generations == 3


def test_no_neurons(random_net):
    assert evolve(random_net("conv3"), [], seeds=[]) == []
