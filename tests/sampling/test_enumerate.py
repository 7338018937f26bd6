import itertools

import numpy as np
import pytest

from combmotif.sampling import all_windows, enumerate_windows


def test_all_windows_in_lexicographic_order():
    expected = np.array(list(itertools.product(range(4), repeat=3)))
    np.testing.assert_array_equal(all_windows(3), expected)
    np.testing.assert_array_equal(all_windows(3, 10, 13), expected[10:13])
    assert all_windows(3).dtype == np.uint8


def test_every_exciting_window_is_found(random_net, generators):
    probe = random_net("conv2", kernel=3)  # receptive field 5
    codes = np.array(list(itertools.product(range(4), repeat=5)), np.uint8)
    values = probe.activations(codes)
    for samples in enumerate_windows(probe, [3, 0], seeds=generators(3, 0)):
        mine = values[:, samples.neuron]
        background = mine.astype(np.float64).mean()
        assert samples.background == pytest.approx(background, rel=1e-6)
        expected = {tuple(c) for c, v in zip(codes, mine, strict=True) if v > background}
        assert {tuple(c) for c in samples.codes} == expected
        assert len(samples) == len(expected) > 0
        assert samples.maximum == mine.max()
        assert samples.converged
        assert (np.diff(samples.activations) <= 0).all()
        np.testing.assert_allclose(probe.activations(samples.codes)[:, samples.neuron], samples.activations, atol=1e-6)


def test_the_number_kept_is_bounded_and_the_best_stays(random_net, generators):
    probe = random_net("conv2", kernel=4)  # receptive field 7
    (whole,) = enumerate_windows(probe, [2], seeds=generators(2))
    (some,) = enumerate_windows(probe, [2], seeds=generators(2), keep=400)
    assert len(whole) > 2000
    assert 200 <= len(some) <= 400
    assert some.maximum == whole.maximum
    assert {tuple(c) for c in some.codes} < {tuple(c) for c in whole.codes}


@pytest.mark.parametrize("value", [-0.3, 0.0, 0.3, 1234.567])
def test_a_constant_neuron_has_no_samples(constant, generators, value):
    (samples,) = enumerate_windows(constant(value, 5), [0], seeds=generators(0))
    assert len(samples) == 0
    assert samples.codes.shape == (0, 5)
    assert samples.maximum == pytest.approx(value)


def test_a_long_receptive_field_is_refused(random_net, generators):
    with pytest.raises(ValueError, match=r"sample.method: enumerate: layer 'conv3' .* 18 nt, expected at most 10"):
        enumerate_windows(random_net("conv3"), [0], seeds=generators(0))
