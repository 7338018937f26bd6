import numpy as np
import pytest
import torch
from torch import nn

from combmotif.inference import WindowProbe, layer_geometry
from combmotif.models.architectures.cnn_gru import CnnGru
from combmotif.models.architectures.framepool import FramePool
from combmotif.models.architectures.optimus import Optimus5Prime
from combmotif.models.model import ForwardError

MODELS = {
    "saluki": (CnnGru(width=6), ("conv1", "conv3", "conv4")),
    "optimus": (Optimus5Prime(length=70), ("conv1", "conv3")),
    "framepool": (FramePool(residual=True), ("conv2", "conv3")),
    "inplace": (
        nn.Sequential(
            nn.Conv1d(4, 5, 4, padding=1), nn.ReLU(inplace=True), nn.MaxPool1d(2), nn.Conv1d(5, 3, 3, dilation=2)
        ),
        ("0", "3"),
    ),
}
PLACES = [(name, layer) for name, (_, layers) in MODELS.items() for layer in layers]


@pytest.fixture
def probed(wrap, request):
    name, layer = request.param
    model = wrap(MODELS[name][0], length=70 if name == "optimus" else None)
    return model, WindowProbe(model, layer, batch=16)


def windows(size, count=40, seed=0):
    return np.random.default_rng(seed).integers(0, 4, (count, size)).astype(np.uint8)


@pytest.mark.parametrize("probed", PLACES, indirect=True, ids="-".join)
def test_activations_are_those_of_an_interior_position(probed, plain_windows):
    model, probe = probed
    codes = windows(probe.receptive_field)
    expected = plain_windows(model, probe.geometry, codes)
    found = probe.activations(codes)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-5 * max(1, np.abs(expected).max()))


@pytest.mark.parametrize("probed", PLACES, indirect=True, ids="-".join)
def test_gradients_are_those_of_autograd_on_the_plain_module(probed, plain_output):
    model, probe = probed
    geometry = probe.geometry
    codes = windows(probe.receptive_field, 6)
    neurons = np.array([0, 1, 2, 2, 1, 0])
    values, gradients = probe.gradient(codes, neurons)
    first = max(0, -(geometry.offset // geometry.stride))
    left = geometry.offset + first * geometry.stride
    around = np.pad(codes, ((0, 0), (left, 2 * geometry.receptive_field)))
    x = model.tensor(around).requires_grad_()
    output = plain_output(model, probe.layer, x)[torch.arange(6), torch.as_tensor(neurons), first]
    (expected,) = torch.autograd.grad(output.sum(), x)
    np.testing.assert_allclose(values, output.detach().numpy(), rtol=1e-4, atol=1e-5)
    inside = expected.numpy()[:, :, left : left + geometry.receptive_field]
    np.testing.assert_allclose(gradients, inside, rtol=1e-4, atol=1e-4 * np.abs(inside).max())
    outside = np.delete(expected.numpy(), np.s_[left : left + geometry.receptive_field], axis=2)
    assert not outside.any()
    assert all(p.grad is None for p in model.module.parameters())


def test_maps_are_raw_outputs_within_the_window(wrap, plain_output):
    model = wrap(CnnGru(width=6))
    probe = WindowProbe(model, "conv3", batch=16)
    assert probe.lower == ("conv1", "conv2")
    codes = windows(18)
    maps = probe.maps(codes)
    assert {name: m.shape for name, m in maps.items()} == {"conv1": (40, 6, 14), "conv2": (40, 6, 10)}
    with torch.no_grad():
        for name, edge in (("conv1", 2), ("conv2", 4)):
            plain = plain_output(model, name, model.tensor(codes)).numpy()
            np.testing.assert_allclose(maps[name], plain[:, :, edge:-edge], atol=1e-5)
    assert list(probe.maps(codes, ("conv2",))) == ["conv2"]


def test_maps_are_not_changed_by_what_runs_after_them(wrap, plain_output):
    net = nn.Sequential(nn.Conv1d(4, 5, 3), nn.ReLU(inplace=True), nn.Conv1d(5, 5, 3), nn.ReLU(), nn.Conv1d(5, 2, 2))
    model = wrap(net)
    maps = WindowProbe(model, "4").maps(windows(6))
    expected = nn.functional.conv1d(model.tensor(windows(6)), net[0].weight, net[0].bias).detach().numpy()
    assert (expected < 0).any()
    np.testing.assert_allclose(maps["0"], expected, atol=1e-5)


def test_lower_is_in_the_order_of_execution(wrap):
    class Backwards(nn.Module):
        def __init__(self):
            super().__init__()
            self.last, self.unused, self.middle, self.first = (nn.Conv1d(4, 4, 3) for _ in range(4))

        def forward(self, x):
            return self.last(self.middle(self.first(self.first(x)))).mean(2)

    model = wrap(Backwards())
    assert WindowProbe(model, "last").lower == ("first", "middle")
    assert WindowProbe(model, "first").lower == ()


def test_gradients_do_not_depend_on_the_callers_mode(wrap):
    probe = WindowProbe(wrap(CnnGru(width=4)), "conv2")
    codes, neurons = windows(9, 3), np.zeros(3, int)
    expected = probe.gradient(codes, neurons)[1]
    with torch.no_grad():
        np.testing.assert_array_equal(probe.gradient(codes, neurons)[1], expected)


def test_no_windows(wrap):
    probe = WindowProbe(wrap(CnnGru(width=4)), "conv2")
    none = np.zeros((0, 9), np.uint8)
    assert probe.activations(none).shape == (0, 4)
    values, gradients = probe.gradient(none, np.zeros(0, int))
    assert values.shape == (0,)
    assert gradients.shape == (0, 4, 9)


def test_windows_of_another_length_are_refused(wrap):
    probe = WindowProbe(wrap(CnnGru(width=4)), "conv2")
    for wrong in (windows(8), windows(9)[0]):
        with pytest.raises(ValueError, match=r"codes: expected windows of shape \(n, 9\) for layer 'conv2'"):
            probe.activations(wrong)


def test_hooks_and_gradient_state_after_an_exception(wrap):
    class Moody(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Conv1d(4, 4, 3), nn.Conv1d(4, 2, 3)
            self.broken = False

        def forward(self, x):
            if self.broken:
                raise ArithmeticError("overflow")
            return self.b(self.a(x)).mean(2)

    model = wrap(Moody())
    probe = WindowProbe(model, "b")
    model.module.broken = True
    calls = (
        lambda: probe.activations(windows(5)),
        lambda: probe.maps(windows(5)),
        lambda: probe.gradient(windows(5), np.zeros(40, int)),
        lambda: layer_geometry(model, "b"),
        lambda: WindowProbe(model, "b"),
    )
    for call in calls:
        with pytest.raises(ForwardError, match="ArithmeticError: overflow"):
            call()
    assert not any(m._forward_hooks for m in model.module.modules())
    assert torch.is_grad_enabled()
    assert not torch.is_inference_mode_enabled()
    assert all(p.requires_grad and p.grad is None for p in model.module.parameters())
    model.module.broken = False
    assert model.module(torch.zeros(1, 4, 9)).shape == (1, 2)


class Blind(nn.Module):
    """Two convolutions; no gradient passes the first, or what lies between them."""

    def __init__(self, kind):
        super().__init__()
        torch.manual_seed(0)
        self.kind, self.first, self.last = kind, nn.Conv1d(4, 3, 3), nn.Conv1d(3, 2, 2)

    def forward(self, x):
        if self.kind == "tokens":
            x = nn.functional.one_hot(x.argmax(1), 4).float().mT
        h = torch.relu(self.first(x))
        if self.kind == "in place":
            h.mul_(2)
        return self.last(h.detach() if self.kind == "detached" else h).amax(2)


@pytest.mark.parametrize("kind", ["tokens", "detached", "in place"])
def test_differences_stand_in_for_a_gradient_that_the_net_does_not_pass(wrap, kind):
    probe = WindowProbe(wrap(Blind(kind)), "last")
    codes = np.array([[0, 1, 2, 3], [3, 3, 0, 1]], np.uint8)
    values, gradients = probe.gradient(codes, np.array([0, 1]))
    for row, neuron in enumerate((0, 1)):
        assert values[row] == probe.activations(codes)[row, neuron]
        for letter, place in np.ndindex(4, 4):
            changed = codes.copy()
            changed[row, place] = letter
            expected = probe.activations(changed)[row, neuron] - values[row]
            np.testing.assert_allclose(gradients[row, letter, place], expected, atol=1e-6)
    assert np.abs(gradients).max() > 0.01
