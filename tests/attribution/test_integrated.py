import numpy as np
import pytest
import torch
from torch import nn

from combmotif.attribution.attributions import typical_change
from combmotif.attribution.gradients import values
from combmotif.attribution.integrated import integrated_gradients
from combmotif.attribution.targets import Target, TargetFunction
from combmotif.models.model import SequenceModel


class Kink(nn.Module):
    """A ramp that starts close to the end of the line from zeros to ones, and a slope everywhere."""

    def __init__(self, place=0.97, steep=40.0):
        super().__init__()
        self.place, self.steep, self.passes = place, steep, 0

    def forward(self, x):
        self.passes += len(x)
        share = x[:, 0].mean(1)
        return share + self.steep * torch.relu(share - self.place)


def lines(module, count=1, each=3):
    function = TargetFunction(SequenceModel("kink", module), Target(None, 0))
    x = torch.zeros(count, 4, 10)
    x[:, 0] = 1
    baselines = torch.zeros(count, each, 4, 10)
    baselines[:, :, 1] = 1
    reached = values(function, x)
    other = values(function, baselines.reshape(-1, 4, 10)).reshape(count, each)
    return function, x, baselines, reached, other


def error(scores, x, reached, other):
    total = (scores * x).sum((1, 2)).numpy()
    return np.abs(total - (reached - other.mean(1))) / typical_change(reached, other)


def test_points_go_where_the_target_bends():
    function, x, baselines, reached, other = lines(Kink())
    given = function, x, baselines, reached, other
    coarse, used = integrated_gradients(*given, steps=8, max_steps=8, tolerance=1e-3)
    assert used.tolist() == [8]
    assert error(coarse, x, reached, other)[0] > 0.02
    fine, used = integrated_gradients(*given, steps=8, max_steps=128, tolerance=1e-3)
    assert error(fine, x, reached, other)[0] <= 1e-3
    equal, _ = integrated_gradients(*given, steps=int(used[0]), max_steps=int(used[0]), tolerance=1e-3)
    assert error(equal, x, reached, other)[0] > 1e-3
    np.testing.assert_allclose(fine[0, 0].numpy(), (1 + 40 * 0.03) / 10, atol=2e-3)


def test_an_easy_sequence_is_left_alone_beside_a_hard_one():
    class Two(Kink):
        def forward(self, x):
            return torch.where(x[:, 2, 0] > 0, x[:, 0].mean(1), super().forward(x))

    function, x, baselines, _, _ = lines(Two(), count=2)
    x[0, 2, 0] = baselines[0, :, 2, 0] = 1
    reached, other = values(function, x), values(function, baselines.reshape(-1, 4, 10)).reshape(2, 3)
    _, used = integrated_gradients(function, x, baselines, reached, other, steps=8, max_steps=64, tolerance=1e-3)
    assert used[0] == 8 < used[1]


def test_no_more_points_than_allowed():
    module = Kink(steep=4000)
    given = lines(module)
    begun = module.passes
    _, used = integrated_gradients(*given, steps=4, max_steps=10, tolerance=1e-9)
    assert used.tolist() == [10]
    slopes, cuts = 10 * 3, 3 * 3 + 3 * 3  # of the first two pieces' ends, and of every half
    assert module.passes - begun <= slopes + cuts


def test_a_smooth_target_needs_no_more_than_its_first_points():
    class Cubic(nn.Module):
        def forward(self, x):
            return x[:, 0].mean(1) ** 3

    function, x, baselines, reached, other = lines(Cubic())
    scores, used = integrated_gradients(function, x, baselines, reached, other, steps=2, max_steps=64, tolerance=1e-4)
    assert used.tolist() == [2]  # two Gauss points are exact for a quadratic gradient
    np.testing.assert_allclose(scores[0, 0].numpy(), 0.1, atol=1e-6)


def test_where_the_target_hardly_changes_errors_are_told_against_single_precision():
    assert typical_change(np.array([2.0]), np.array([[1.0, 2.5]]))[0] == pytest.approx(0.75)
    assert typical_change(np.array([2.0]), np.array([[2.0, 2.0]]))[0] == pytest.approx(2e-5)
    assert typical_change(np.array([0.0]), np.array([[0.0, 0.0]]))[0] > 0
