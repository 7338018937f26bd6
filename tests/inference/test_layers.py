"""Where a network convolves, and how the windows of its layers are evaluated."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from combmotif.effect.neurons.clamp import clamp
from combmotif.inference import Edits, WindowProbe, convolution_layers, layer_geometry, predict_edits
from combmotif.inference.geometry import placed
from combmotif.models.model import InputSpec, SequenceModel


class Block(nn.Module):
    """Two convolutions by weights of its own."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Parameter(torch.randn(5, 4, 4)), nn.Parameter(torch.randn(6, 5, 3))

    def forward(self, x):
        return F.conv1d(torch.relu(F.conv1d(x, self.a)), self.b)


class Heads(nn.Module):
    def __init__(self):
        super().__init__()
        self.block, self.human, self.mouse = Block(), nn.Conv1d(6, 2, 1), nn.Conv1d(6, 3, 1)

    def forward(self, x):
        return self.human(torch.relu(self.block(x))).mean(2)


def model(module, **spec):
    torch.manual_seed(0)
    return SequenceModel("net", module, InputSpec(**spec))


def test_a_convolution_is_where_the_net_convolves():
    net = model(Heads())
    assert convolution_layers(net) == ["block.conv", "block.conv_2", "human"]
    first, second = (layer_geometry(net, name) for name in convolution_layers(net)[:2])
    assert (first.neurons, first.receptive_field, second.neurons, second.receptive_field) == (5, 4, 6, 6)
    with pytest.raises(ValueError, match=r"it does not run when the model predicts .*; choose one of block\.conv, "):
        layer_geometry(net, "mouse")


def test_a_function_is_held_as_a_module_is():
    net = replace(model(Heads()), outputs=("a", "b"))
    codes = np.random.default_rng(0).integers(0, 4, (2, 30)).astype(np.uint8)
    with torch.no_grad():
        h = F.conv1d(net.tensor(codes), net.module.block.a)
        h[:, 3] = 0.5
        held = net.module.human(torch.relu(F.conv1d(torch.relu(h), net.module.block.b))).mean(2).numpy()
    change = clamp(net, "block.conv", [3], list(codes), np.array([0.5]), output=[0, 1])
    np.testing.assert_allclose(change[:, 0], net.predict(codes) - held, atol=1e-6)


class Checked(nn.Module):
    """Nets that look at their input."""

    def __init__(self, check):
        super().__init__()
        self.check, self.conv, self.conv2 = check, nn.Conv1d(4, 3, 5, padding=2), nn.Conv1d(3, 2, 3, padding=1)

    def forward(self, x):
        return self.conv2(torch.relu(self.conv(self.check(x)))).amax(2)


def length(x):
    assert x.shape[1:] == (4, 60)
    return x


def letters(x):
    assert ((x == 0) | (x == 1)).all()
    assert (x.sum(1) == 1).all()
    return x


def no_nan(x):
    if x.isnan().any():
        raise ValueError("NaN in the input")
    return x


CHECKS = {
    "length": (length, "inside"),
    "letters": (letters, "alone"),
    "no NaN": (no_nan, "alone"),
    "NaN replaced": (torch.nan_to_num, "alone"),
    "letters again": (lambda x: F.one_hot(x.argmax(1), 4).float().transpose(1, 2), "alone"),
}


@pytest.mark.parametrize("kind", CHECKS)
def test_nets_that_look_at_their_input(kind):
    check, way = CHECKS[kind]
    net = model(Checked(check), length=60)
    codes = np.random.default_rng(0).integers(0, 4, (3, 60)).astype(np.uint8)
    with torch.no_grad():
        first = net.module.conv(net.tensor(codes))
        expected = {"conv": first.numpy(), "conv2": net.module.conv2(torch.relu(first)).numpy()}
    for layer, size in (("conv", 5), ("conv2", 7)):
        geometry = layer_geometry(net, layer)
        assert (geometry.receptive_field, geometry.offset, geometry.way) == (size, -(size // 2), way)
        windows = np.stack([row[9 : 9 + size] for row in codes])
        found = WindowProbe(net, layer).activations(windows)
        np.testing.assert_allclose(found, expected[layer][:, :, 9 + size // 2], atol=1e-5)


def test_windows_that_change_with_the_length_are_refused_until_it_is_given():
    class Bins(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.conv2 = nn.Conv1d(4, 3, 5), nn.Conv1d(3, 2, 2)

        def forward(self, x):
            return self.conv2(F.adaptive_max_pool1d(torch.relu(self.conv(x)), 8)).mean(2)

    with pytest.raises(ValueError, match=r"layer 'conv2' .*have one length, give it as model\.length"):
        layer_geometry(model(Bins()), "conv2")
    geometry = layer_geometry(model(Bins(), length=68), "conv2")  # 64 positions in 8 bins
    assert (geometry.receptive_field, geometry.stride, geometry.way) == (20, 8, "inside")


@pytest.mark.parametrize(
    ("between", "message"),
    [
        (
            lambda h: F.adaptive_max_pool1d(h, 20),
            "its windows change with the length of the input; where all sequences",
        ),
        (lambda h: F.max_pool1d(h, 2).repeat_interleave(2, 2), "more than its window of .* nt, or on where that lies"),
    ],
)
def test_the_sentence_that_refuses_a_layer_is_true_of_it(between, message):
    class Between(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.conv2 = nn.Conv1d(4, 3, 9), nn.Conv1d(3, 2, 3)

        def forward(self, x):
            return self.conv2(between(torch.relu(self.conv(x)))).mean(2)

    torch.manual_seed(0)
    with pytest.raises(ValueError, match=f"layer 'conv2' of model .* cannot carry motifs: .*{message}"):
        layer_geometry(model(Between()), "conv2")


def test_outputs_of_several_kinds_behind_upsampling_are_refused():
    class Up(nn.Module):
        def __init__(self):
            super().__init__()
            self.down, self.mid, self.up = (
                nn.Conv1d(4, 3, 7, padding=3),
                nn.Conv1d(3, 3, 7, padding=3),
                nn.Conv1d(6, 2, 7),
            )
            self.twice = nn.ConvTranspose1d(3, 3, 2, 2)

        def forward(self, x):
            skip = F.max_pool1d(torch.relu(self.down(x)), 2)
            middle = torch.relu(self.mid(F.max_pool1d(skip, 2)))
            return self.up(torch.cat([self.twice(middle), skip], 1)).mean(2)

    torch.manual_seed(0)
    net = model(Up())
    assert layer_geometry(net, "mid").receptive_field == 34
    with pytest.raises(ValueError, match="layer 'up' of model 'net' cannot carry motifs: "):
        layer_geometry(net, "up")


@pytest.mark.parametrize(
    ("crop", "first"), [(lambda x: x[:, :, 5:-7], 5), (lambda x: x[..., 10:], 10), (lambda x: x[..., :-12], 0)]
)
def test_a_window_may_be_shorter_than_what_is_cut_off(crop, first):
    net = model(Checked(crop), length=60)
    for layer, size, offset in (("conv", 5, first - 2), ("conv2", 7, first - 3)):
        geometry = layer_geometry(net, layer)
        assert (geometry.receptive_field, geometry.offset, geometry.way) == (size, offset, "alone")
        assert geometry.edge_positions(60)[1] == 2 * -(offset - first)  # zeros stand beside what was cut out


@pytest.mark.parametrize(
    ("noise", "said"),
    [
        (lambda h: F.dropout(h, 0.5), r"it gives other values each time \(noise, or a dropout that stays on\)"),
        (lambda h: h - h.mean((0, 2), keepdim=True), r"it gives other values beside other sequences \(a norm\)"),
    ],
)
def test_what_is_unsteady_is_said(noise, said):
    class Unsteady(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.conv2 = nn.Conv1d(4, 3, 5), nn.Conv1d(3, 2, 3)

        def forward(self, x):
            return self.conv2(noise(self.conv(x))).mean(2)

    with pytest.raises(ValueError, match=said):
        layer_geometry(model(Unsteady()), "conv2")


def test_a_crop_by_the_length_lies_where_it_does():
    class Halves(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv1d(4, 2, 5, padding=2)

        def forward(self, x):
            half = x.shape[2] // 2
            return (self.conv(x[:, :, half:]).amax(2) - self.conv(x[:, :, :half]).amax(2)).sum(1)

    net = model(Halves())
    geometry = layer_geometry(net, "conv")
    for length in (60, 101):
        here = placed(net, geometry, length)
        assert (here.receptive_field, here.offset) == (5, length // 2 - 2)
        assert here.edge_positions(length) == (length - length // 2, 4)
    assert placed(net, geometry, 2).receptive_field == 5  # a length of which it says nothing


def test_a_convolution_within_a_transformation_is_refused():
    class Ensemble(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.randn(3, 2, 4, 5))

        def forward(self, x):
            return torch.func.vmap(lambda weight: F.conv1d(x, weight).mean((1, 2)))(self.weight).mean(0)

    with pytest.raises(ValueError, match="layer 'conv' of model 'net' cannot carry motifs: its values cannot be read"):
        layer_geometry(model(Ensemble()), "conv")


def test_what_sees_as_much_is_not_proposed_instead():
    class Mixed(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.mixed, self.last = nn.Conv1d(4, 3, 5), nn.Conv1d(3, 2, 3), nn.Conv1d(2, 2, 3)

        def forward(self, x):
            h = self.conv(x)
            return self.last(self.mixed(h - h.mean(2, keepdim=True))).mean(2)

    with pytest.raises(ValueError, match="layer 'mixed' .*mixes the whole sequence.*; choose one of conv$"):
        layer_geometry(model(Mixed()), "mixed")


@pytest.mark.parametrize("first", ["order of letters", "dense"])
def test_edits_of_a_net_whose_first_operation_is_not_followed(first):
    if first == "dense":
        module = nn.Sequential(nn.Flatten(), nn.Linear(160, 4), nn.ReLU(), nn.Linear(4, 1))
    else:

        class Order(nn.Sequential):
            def forward(self, x):
                return super().forward(x[:, [0, 2, 1, 3]])

        module = Order(nn.Conv1d(4, 3, 5), nn.ReLU(), nn.AdaptiveMaxPool1d(1), nn.Flatten(), nn.Linear(3, 1))
    net = model(module, length=40)
    codes = list(np.random.default_rng(0).integers(0, 4, (2, 40)).astype(np.uint8))
    edits = Edits.substitutions(codes, start=10, stop=14)
    found = predict_edits(net, codes, edits)
    assert found.method == "plain"
    np.testing.assert_allclose(found.values, net.predict(edits.apply(codes)), atol=1e-6)
