"""A constant moved between a convolution's bias and the norm behind it changes no result but the activations."""

import numpy as np
import pytest
import torch
from torch import nn

from combmotif.inference import SiteFinder, WindowProbe, scan_layers
from combmotif.inference.background import above_background, active_level, background_activations
from combmotif.models.model import SequenceModel
from combmotif.sampling import EvolveOptions, dataset_samples, enumerate_windows, evolve

SHIFTS = (-30.0, 3.0, 30.0)


def net(shift=0.0):
    """UGA within 5 nt, then a norm that makes the convolution's constant free; whole numbers, which add exactly."""
    torch.manual_seed(0)
    layers = nn.Sequential(nn.Conv1d(4, 2, 5), nn.BatchNorm1d(2), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten())
    with torch.no_grad():
        layers[0].weight.zero_()
        for place, base in enumerate((3, 2, 0), 1):
            layers[0].weight[0, base, place] = 2.0
        layers[0].bias.copy_(torch.tensor([-shift, -7.0]))
        layers[1].running_mean.copy_(torch.tensor([-shift, -7.0]))
    return SequenceModel("shifted", layers.eval())


@pytest.fixture(scope="module")
def codes():
    return list(np.random.default_rng(0).integers(0, 4, (40, 60)).astype(np.uint8))


def sites(model, codes):
    finder = SiteFinder(len(codes), {"0": [0, 1]}, 0.7, backgrounds=background_activations(model, "0"))
    for block in scan_layers(model, ["0"], codes):
        finder.add(block)
    places, _ = finder.sites()
    return places, finder.where


@pytest.mark.parametrize("shift", SHIFTS)
def test_sites_are_the_same(shift, codes):
    (places, where), (expected, known) = sites(net(shift), codes), sites(net(), codes)
    np.testing.assert_array_equal(places, expected)
    np.testing.assert_array_equal(where, known)
    assert len(places)
    assert set(places[:, 1]) == {0}  # the other neuron is constant: nothing excites it


@pytest.mark.parametrize("shift", SHIFTS)
def test_samples_are_the_same(shift, codes):
    probes = [WindowProbe(net(s), "0") for s in (0.0, shift)]

    def seeds():
        return [np.random.default_rng(1)]

    for sample in (
        lambda probe: dataset_samples(probe, [0], codes, keep=100),
        lambda probe: enumerate_windows(probe, [0], seeds=seeds(), keep=100),
        lambda probe: evolve(probe, [0], seeds=seeds(), options=EvolveOptions(population=32, generations=6, keep=100)),
    ):
        (expected,), (found,) = map(sample, probes)
        np.testing.assert_array_equal(found.codes, expected.codes)
        np.testing.assert_allclose(found.excitation, expected.excitation, atol=1e-4)
        assert len(found) >= 11


def test_the_background_is_the_mean_of_random_windows():
    model = net(30.0)
    rest = background_activations(model, "0")
    assert rest[0] == pytest.approx(3 * 2 / 4 - 30, abs=0.1)  # each of three bases is there once in four
    assert rest[1] == -7
    assert above_background(rest, np.array([rest[0] + 1, -7.0])).tolist() == [True, False]
    assert active_level(np.array([-2.0]), np.array([8.0]), 0.7).tolist() == [5.0]
    with torch.no_grad():
        model.module[0].bias += 1  # other weights, another background
    np.testing.assert_allclose(background_activations(model, "0"), rest + 1, atol=1e-5)
