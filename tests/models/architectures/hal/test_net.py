"""HAL as a torch module: equal to the functions, geometry, gradients."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from combmotif.effect.neurons.clamp import clamp
from combmotif.inference import WindowProbe, convolution_layers, layer_geometry, scan
from combmotif.models.architectures import hal
from combmotif.models.model import InputSpec, SequenceModel
from combmotif.sequence import one_hot


@pytest.fixture(scope="module")
def table():
    return hal.HexamerTable(np.random.default_rng(0).normal(size=(4096, 8)))


@pytest.fixture(scope="module")
def exon_scores():
    random = np.random.default_rng(1)
    return hal.ExonScores(random.normal(size=4096), random.normal(size=64))


@pytest.fixture(scope="module")
def codes():
    return np.random.default_rng(2).integers(0, 4, (6, 160)).astype(np.uint8)


def model(table, **options):
    return SequenceModel("hal", hal.build_net(table, **options), InputSpec("dna", 160), ("score",))


@pytest.mark.parametrize("form", ["multilinear", "convolution"])
def test_every_function_in_every_form(table, exon_scores, codes, form):
    x = one_hot(codes).double()
    expected = {
        "donor_score": hal.donor_score(codes, table),
        "mean_effect": hal.mean_effect(codes, table),
        "exon_skipping": hal.exon_skipping(codes, table, exon_scores),
    }
    for function, values in expected.items():
        net = hal.build_net(table, function, form=form, exon_scores=exon_scores).double()
        with torch.no_grad():
            np.testing.assert_allclose(net(x)[:, 0].numpy(), values, atol=1e-12)
        np.testing.assert_allclose(net(x.clone().requires_grad_())[:, 0].detach().numpy(), values, atol=1e-12)
    four = hal.build_net(table, "exon_skipping", exon_scores=exon_scores, donor_columns=4)
    expected_four = hal.exon_skipping(codes[:, :50], table, exon_scores, donor_columns=4)
    np.testing.assert_allclose(four(x[:, :, :50])[:, 0].numpy(), expected_four, atol=1e-12)


def test_n_is_left_out(table, codes):
    broken = codes.copy()
    broken[:, ::11] = 4
    x = one_hot(broken).double()
    net, mean = hal.build_net(table), hal.build_net(table, "mean_effect")
    for follow in (False, True):
        leaf = x.clone().requires_grad_(follow)
        scores = net(leaf).detach()[:, 0].numpy()
        np.testing.assert_allclose(scores, hal.donor_score(broken, table, on_n="skip"), atol=1e-12)
        np.testing.assert_allclose(mean(leaf).detach()[:, 0].numpy(), hal.mean_effect(broken, table), atol=1e-12)
    assert mean(one_hot(np.full((1, 160), 4))).item() == 0


def _mutagenesis(function, codes):
    """Effect of all 480 substitutions by brute force: (n, 4, 160)."""
    effects = np.zeros((len(codes), 4, codes.shape[1]))
    for base in range(4):
        edits = np.repeat(codes[:, None], codes.shape[1], 1)
        edits[:, np.arange(codes.shape[1]), np.arange(codes.shape[1])] = base
        scores = function(edits.reshape(-1, codes.shape[1])).reshape(len(codes), -1)
        effects[:, base] = scores - function(codes)[:, None]
    return effects


def test_the_gradient_is_the_effect_of_all_480_substitutions(table, exon_scores, codes):
    functions = {
        "donor_score": lambda c: hal.donor_score(c, table),
        "mean_effect": lambda c: hal.mean_effect(c, table),
        "exon_skipping": lambda c: hal.exon_skipping(c, table, exon_scores),
    }
    for name, function in functions.items():
        net = hal.build_net(table, name, exon_scores=exon_scores)
        for dtype, tolerance in ((torch.float64, 1e-12), (torch.float32, 2e-5)):
            x = one_hot(codes[:2]).to(dtype).requires_grad_()
            (gradient,) = torch.autograd.grad(net(x).sum(), x)
            centred = gradient - (gradient * x).sum(1, keepdim=True)
            np.testing.assert_allclose(centred.detach().numpy(), _mutagenesis(function, codes[:2]), atol=tolerance)


def test_the_gradient_of_the_convolution_is_the_papers_profile(table, codes):
    x = one_hot(codes).double().requires_grad_()
    net = hal.build_net(table, form="convolution").double()
    (gradient,) = torch.autograd.grad(net(x).sum(), x)
    np.testing.assert_allclose((gradient * x).sum(1).detach() / 6, hal.donor_profile(codes, table), atol=1e-12)


def test_distant_substitutions_do_not_interact_and_close_ones_do(table, codes):
    net = hal.build_net(table)

    def epistasis(first, second):
        states = np.repeat(codes[:1], 4, 0)
        states[[0, 1], first] = (states[0, first] + 1) % 4
        states[[0, 2], second] = (states[2, second] + 2) % 4
        with torch.no_grad():
            both, one, other, none = net(one_hot(states).double())[:, 0].tolist()
        return both - one - other + none

    distant = [epistasis(i, j) for i in range(60, 100, 3) for j in range(i + 6, 110, 5)]
    assert np.abs(distant).max() < 1e-12
    close = [epistasis(i, i + d) for i in (20, 50, 90, 130) for d in range(1, 6)]
    assert np.abs(close).min() > 1e-3


@pytest.mark.slow
def test_layers_are_found_and_verified(table, codes):
    fast, full = model(table), model(table, form="convolution")
    assert convolution_layers(fast) == ["regions"]
    assert convolution_layers(full) == ["regions", "hexamers"]
    for net, layer, neurons in ((fast, "regions", 8), (full, "regions", 8), (full, "hexamers", 4096)):
        geometry = layer_geometry(net, layer)
        assert (geometry.neurons, geometry.receptive_field, geometry.stride, geometry.offset) == (neurons, 6, 1, 0)
        assert geometry.edge_positions(160) == (155, 0)
    words = codes[:, :6].copy()
    numbers = hal.hexamer_numbers(words)[:, 0]
    for net in (fast, full):
        probe = WindowProbe(net, "regions")
        np.testing.assert_allclose(probe.activations(words), table.weights[numbers], rtol=1e-6)
        values, gradients = probe.gradient(words, np.full(6, 5))
        np.testing.assert_allclose(values, table.weights[numbers, 5], rtol=1e-6)
        assert gradients.shape == (6, 4, 6)
    assert (WindowProbe(full, "hexamers").activations(words).argmax(1) == numbers).all()
    assert WindowProbe(fast, "regions").lower == ()
    _, values, valid = next(scan(fast, "regions", list(codes)))
    np.testing.assert_allclose(values, table.weights[hal.hexamer_numbers(codes)].transpose(0, 2, 1), rtol=1e-6)
    assert valid.all()


def test_predictions_and_clamping(table, codes):
    net = model(table)
    np.testing.assert_allclose(net.predict(codes)[:, 0], hal.donor_score(codes, table), rtol=1e-5, atol=1e-5)
    held = np.zeros(8)
    changes = clamp(net, "regions", range(8), list(codes), held)
    numbers = hal.hexamer_numbers(codes)
    regions = [table.weights[numbers[:, first:last], c].sum(1) for c, (first, last) in enumerate(hal.SPANS)]
    np.testing.assert_allclose(changes, np.stack(regions, axis=1), atol=1e-4)


def test_soft_sequences_are_expectations(table):
    x = torch.full((1, 4, 160), 0.25, dtype=torch.float64)
    expected = sum((stop - start) * table.weights[:, c].mean() for c, (start, stop) in enumerate(hal.SPANS))
    assert hal.build_net(table)(x).item() == pytest.approx(expected, abs=1e-12)


def test_refusals(table, exon_scores):
    net = hal.build_net(table)
    with pytest.raises(ValueError, match="expected sequences of 160 nt, found 150 nt"):
        net(torch.zeros(1, 4, 150))
    with pytest.raises(ValueError, match="expected sequences of at least 15 nt, found 14 nt"):
        hal.build_net(table, "exon_skipping", exon_scores=exon_scores)(torch.zeros(1, 4, 14))
    for options, message in (
        ({"function": "hal"}, "function: expected one of donor_score, mean_effect, exon_skipping, found 'hal'"),
        ({"form": "x"}, "form: expected one of multilinear, convolution, found 'x'"),
        ({"function": "exon_skipping"}, "exon_scores: expected the tables of load_exon_scores"),
        ({"function": "exon_skipping", "exon_scores": exon_scores, "donor_columns": 2}, "donor_columns: expected 3 or"),
    ):
        with pytest.raises(ValueError, match=message):
            hal.build_net(table, **options)
