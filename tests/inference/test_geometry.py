import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from combmotif.inference import WindowProbe, convolution_layers, layer_geometry
from combmotif.inference.layers import changing
from combmotif.models.architectures.cnn_gru import CnnGru
from combmotif.models.architectures.framepool import FramePool
from combmotif.models.architectures.optimus import Optimus5Prime
from combmotif.models.model import InputSpec, SequenceModel


def shape(model, layer):
    geometry = layer_geometry(model, layer)
    return geometry.receptive_field, geometry.stride, geometry.offset


def test_the_saluki_net_without_padding(wrap):
    model = wrap(CnnGru(channels=6, blocks=6, padding=0, width=4), channels=6)
    found = [shape(model, f"conv{i}") for i in range(1, 8)]
    assert [f[0] for f in found] == [5, 9, 18, 36, 72, 144, 288]
    assert [f[1] for f in found] == [1, 1, 2, 4, 8, 16, 32]
    assert [f[2] for f in found] == [0] * 7
    assert layer_geometry(model, "conv3").neurons == 4


def test_the_mrl_net_is_padded(wrap):
    model = wrap(CnnGru(width=4), length=50)
    found = [layer_geometry(model, f"conv{i}") for i in range(1, 5)]
    assert [(g.receptive_field, g.stride, g.offset, g.right_padding) for g in found] == [
        (5, 1, -2, 2),
        (9, 1, -4, 4),
        (18, 2, -8, 8),
        (36, 4, -16, 16),
    ]
    # conv3 has 25 positions, at -8, -6, ... 40; those at 0 ... 32 lie inside
    assert found[2].edge_positions(50) == (25, 25 - 17)
    assert found[0].edge_positions(50) == (50, 4)


def test_even_kernels_are_padded_asymmetrically(wrap):
    model = wrap(Optimus5Prime(), length=50)
    found = [layer_geometry(model, f"conv{i}") for i in (1, 2, 3)]
    assert [(g.receptive_field, g.offset, g.right_padding) for g in found] == [(8, -3, 4), (15, -6, 8), (22, -9, 12)]
    assert found[2].edge_positions(50) == (50, 50 - 29)


@pytest.mark.slow
@pytest.mark.parametrize("residual", [False, True])
def test_framepool(wrap, residual):
    model = wrap(FramePool(residual=residual))
    assert [shape(model, f"conv{i}") for i in (1, 2, 3)] == [(7, 1, -3), (13, 1, -6), (19, 1, -9)]


def test_dilation_stride_same_average_and_batch_norm(wrap):
    module = nn.Sequential(
        nn.Conv1d(4, 3, 4, padding="same", dilation=2),  # 7 wide, offset -3
        nn.BatchNorm1d(3),
        nn.ELU(),
        nn.AvgPool1d(3, stride=2),  # 9 wide, stride 2
        nn.Conv1d(3, 2, 3, stride=3, padding=1),  # 13 wide, stride 6, one step of 2 more padding
        nn.MaxPool1d(2, 2, padding=1),  # 19 wide, stride 12
        nn.Conv1d(2, 2, 2),  # 31 wide
    )
    model = wrap(module)
    module[1].running_mean.fill_(0.3)
    assert shape(model, "0") == (7, 1, -3)
    assert shape(model, "4") == (13, 6, -5)
    assert shape(model, "6") == (31, 12, -11)
    assert convolution_layers(model) == ["0", "4", "6"]


class Branches(nn.Module):
    """Inception: kernels of 1, 4 and 9 with their own numbers of channels, then a residual block."""

    def __init__(self, widths=(2, 3, 5)):
        super().__init__()
        kernels = (1, 4, 9)
        self.branches = nn.ModuleList(nn.Conv1d(4, w, k, padding="same") for w, k in zip(widths, kernels, strict=True))
        self.inner = nn.Conv1d(sum(widths), sum(widths), 3, padding=1)
        self.last = nn.Conv1d(sum(widths), 2, 2)

    def forward(self, x):
        h = torch.cat([branch(x) for branch in self.branches], 1)
        h = h + torch.relu(self.inner(h))
        return self.last(F.max_pool1d(h, 2)).mean(2)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
def test_branches_take_the_widest_window(wrap):
    model = wrap(Branches())
    assert shape(model, "branches.1") == (4, 1, -1)
    assert shape(model, "inner") == (11, 1, -5)
    assert shape(model, "last") == (14, 2, -5)


class Twin(nn.Module):
    """Two branches alike but for their channels, joined in either layout."""

    def __init__(self, *, transposed):
        super().__init__()
        self.a, self.b = nn.Conv1d(4, 2, 3, padding=1), nn.Conv1d(4, 5, 3, padding=1)
        self.c = nn.Conv1d(11, 3, 3)
        self.transposed = transposed

    def forward(self, x):
        parts = [self.a(x), self.b(x), x]
        if self.transposed:
            return self.c(torch.cat([p.transpose(1, 2) for p in parts], -1).transpose(1, 2)).mean(2)
        return self.c(torch.cat(parts, dim=1)).mean(2)


@pytest.mark.parametrize("transposed", [False, True])
def test_joined_branches_differ_in_channels(wrap, transposed):
    assert shape(wrap(Twin(transposed=transposed)), "c") == (5, 1, -1)


class Functional(nn.Module):
    def __init__(self):
        super().__init__()
        self.kernel = nn.Parameter(torch.zeros(3, 4, 4))
        self.mark = nn.Identity()
        self.pad = nn.ConstantPad1d((0, 3), 0.0)

    def forward(self, x):
        h = F.conv1d(F.pad(x, (3, 0)), self.kernel)  # causal
        h = F.conv1d(self.pad(h), self.kernel.new_ones(2, 3, 4), stride=2)
        return self.mark(h).amax(2)


def test_functional_convolutions_and_pads(wrap):
    geometry = layer_geometry(wrap(Functional()), "mark")
    assert (geometry.receptive_field, geometry.stride, geometry.offset, geometry.right_padding) == (7, 2, -3, 3)


class Shared(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv1d(4, 4, 3)
        self.last = nn.Conv1d(4, 2, 3)

    def forward(self, x):
        return self.last(self.first(torch.relu(self.first(x)))).mean(2)


def test_a_module_called_twice_means_its_first_call(wrap):
    model = wrap(Shared())
    assert shape(model, "first") == (3, 1, 0)
    assert shape(model, "last") == (7, 1, 0)


def test_ceil_mode_and_layers_that_are_no_convolutions(wrap):
    model = wrap(nn.Sequential(nn.Conv1d(4, 2, 3), nn.MaxPool1d(4, ceil_mode=True), nn.Conv1d(2, 1, 2)))
    assert shape(model, "1") == (6, 4, 0)
    assert shape(model, "2") == (10, 4, 0)


def test_a_receptive_field_beyond_a_thousand(wrap):
    layers = [nn.Conv1d(4, 2, 3)] + [nn.Conv1d(2, 2, 3, dilation=2**i) for i in range(1, 10)]
    assert shape(wrap(nn.Sequential(*layers)), "9") == (2047, 1, 0)


@pytest.mark.parametrize("mode", ["circular", "reflect", "replicate"])
def test_padding_modes(wrap, mode):
    model = wrap(nn.Sequential(nn.Conv1d(4, 3, 5, padding=2, padding_mode=mode), nn.Conv1d(3, 2, 3)))
    assert shape(model, "1") == (7, 1, -2)


def test_a_missing_layer_names_those_there_are(wrap):
    model = wrap(CnnGru(width=4))
    with pytest.raises(ValueError, match="no layer 'conv9'; its convolutions are conv1, conv2, conv3, conv4"):
        layer_geometry(model, "conv9")
    with pytest.raises(ValueError, match="no layer ''"):
        layer_geometry(model, "")


def test_extra_tracks_count_as_input():
    torch.manual_seed(0)
    model = SequenceModel("six", nn.Sequential(nn.Conv1d(6, 2, 3), nn.Conv1d(2, 2, 3)), InputSpec(channels=6))
    assert shape(model, "1") == (5, 1, 0)


def test_edge_positions_by_counting(wrap):
    model = wrap(nn.Sequential(nn.Conv1d(4, 2, 5, padding=2), nn.MaxPool1d(3, stride=2, padding=1)))
    geometry = layer_geometry(model, "1")
    for length in range(1, 30):
        positions = model.module(model.tensor(np.zeros((1, length), np.uint8))).shape[2]
        starts = geometry.offset + geometry.stride * np.arange(positions)
        edges = sum(start < 0 or start + geometry.receptive_field > length for start in starts)
        assert geometry.edge_positions(length) == (positions, edges)


@pytest.mark.parametrize(("layer", "size", "offset"), [("padded", 7, -3), ("shifted", 7, -4)])
def test_what_wraps_around_the_ends_has_the_windows_of_its_middle(wrap, layer, size, offset):
    class Circular(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Conv1d(4, 4, 5, padding=2)
            self.padded = nn.Conv1d(4, 3, 3, padding=1, padding_mode="circular")
            self.shifted = nn.Conv1d(4, 3, 3, padding=1)

        def forward(self, x):
            h = self.first(x)
            return (self.padded(h) + self.shifted(h.roll(1, 2))).amax(2)

    torch.manual_seed(0)
    model = wrap(Circular())
    geometry = layer_geometry(model, layer)
    assert (geometry.receptive_field, geometry.stride, geometry.offset) == (size, 1, offset)
    codes = np.random.default_rng(0).integers(0, 4, (1, 40)).astype(np.uint8)
    found: list[torch.Tensor] = []
    with torch.no_grad(), changing(model, layer, found.append):
        model(model.tensor(codes))
    window = codes[:, 20 + offset : 20 + offset + size]
    np.testing.assert_allclose(WindowProbe(model, layer).activations(window)[0], found[0][0, :, 20], atol=1e-5)
