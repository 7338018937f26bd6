import numpy as np
import pytest
import torch

from combmotif.attribution import gradients, parse_target
from combmotif.attribution.gradients import gradient, gradient_shap, hypothetical, values
from combmotif.attribution.targets import TargetFunction


def points(count, length=20):
    return torch.rand(count, 4, length, generator=torch.Generator().manual_seed(0))


@pytest.mark.slow
def test_a_gradient_is_what_a_small_step_changes(small):
    model = small()
    for target in ("output:1", "conv2:2"):
        function = TargetFunction(model, parse_target(target, model))
        x = points(3, function.width or 20)
        slope = gradient(function, x)
        step = torch.zeros_like(x)
        base, place = np.unravel_index(int(slope[1].abs().argmax()), slope[1].shape)
        step[1, base, place] = 1e-2
        with torch.inference_mode():
            change = (function(x + step) - function(x - step)) / 2e-2
        expected = torch.tensor([0, float(slope[1, base, place]), 0])
        torch.testing.assert_close(change, expected, atol=2e-3, rtol=0.02)
        assert expected[1].abs() > 5e-3


@pytest.mark.slow
def test_passes_of_any_size_give_the_same(small, monkeypatch):
    model = small()
    function, x = TargetFunction(model, parse_target("output:0", model)), points(7)
    whole, slope = values(function, x), gradient(function, x)
    monkeypatch.setattr(gradients, "NUCLEOTIDES", 60)
    np.testing.assert_allclose(values(function, x), whole, atol=1e-6)
    torch.testing.assert_close(gradient(function, x), slope, atol=1e-6, rtol=1e-5)


def test_hypothetical_contributions_of_the_baseline_itself_are_zero():
    slope, base = torch.randn(2, 4, 6, generator=torch.Generator().manual_seed(1)), torch.zeros(2, 4, 6)
    base[:, 2] = 1
    assert not hypothetical(slope, base)[:, 2].any()
    torch.testing.assert_close(hypothetical(slope, base)[:, 0], slope[:, 0] - slope[:, 2])


def test_expected_gradients_draw_every_baseline_alike(linear):
    model = linear()
    function, x, baselines = TargetFunction(model, parse_target("output:0", model)), points(2), points(6)
    scores = gradient_shap(function, x, baselines.reshape(2, 3, 4, 20), draws=9, random=np.random.default_rng(0))
    weight = model.module.weight.detach()
    expected = weight - (baselines.reshape(2, 3, 4, 20).mean(1) * weight).sum(1, keepdim=True)
    torch.testing.assert_close(scores, expected, atol=1e-5, rtol=1e-5)
