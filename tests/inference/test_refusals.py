"""Layers that are no function of a window, and what is left behind after they are refused."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from combmotif.inference import WindowProbe, convolution_layers, layer_geometry
from combmotif.inference.geometry import known_geometry
from combmotif.models.model import ForwardError


class Mean(nn.Module):
    def forward(self, x):
        return x.mean(2)


class Mixing(nn.Module):
    """A convolution, something that sees all positions, and another convolution."""

    def __init__(self, kind):
        super().__init__()
        self.kind = kind
        self.conv1 = nn.Conv1d(4, 4, 3, padding=1)
        self.conv2 = nn.Conv1d(4, 4, 3)
        self.gru = nn.GRU(4, 4, batch_first=True)
        self.attention = nn.MultiheadAttention(4, 2, batch_first=True)
        self.group = nn.GroupNorm(1, 4)
        self.length = nn.LayerNorm((4, 60))
        self.position = nn.Parameter(torch.zeros(1, 4, 60))

    def forward(self, x):
        h = self.conv1(x)
        if self.kind == "gru":
            h = self.gru(h.transpose(1, 2))[0].transpose(1, 2)
        elif self.kind == "attention":
            h = h.transpose(1, 2)
            h = self.attention(h, h, h)[0].transpose(1, 2)
        elif self.kind == "group norm":
            h = self.group(h)
        elif self.kind == "length norm":
            h = self.length(h)
        elif self.kind == "squeeze and excite":
            h = h * torch.sigmoid(h.mean(2, keepdim=True))
        elif self.kind == "softmax":
            h = torch.softmax(h, 2)
        elif self.kind == "reverse":
            h = h + h.flip(2)
        elif self.kind == "fourier":
            h = torch.fft.irfft(torch.fft.rfft(h), n=h.shape[2])
        elif self.kind == "slice":
            h = h[:, :, ::2]
        elif self.kind == "upsample":
            h = F.interpolate(h, scale_factor=2)
        elif self.kind == "positions":
            h = h + self.position
        elif self.kind == "length":
            h = h * h.shape[2]
        return self.conv2(h).mean(2)


KINDS = (
    "gru", "attention", "group norm", "length norm", "squeeze and excite", "softmax", "reverse", "upsample", "fourier",
    "positions",
)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_what_sees_more_than_a_window_is_refused(wrap, kind):
    model = wrap(Mixing(kind), length=60)
    assert layer_geometry(model, "conv1").receptive_field == 3
    with pytest.raises(ValueError, match="layer 'conv2' of model 'toy' cannot carry motifs: "):
        layer_geometry(model, "conv2")


@pytest.mark.parametrize(
    ("kind", "size", "stride", "way"),
    [("slice", 7, 2, "alone"), ("length", 5, 1, "inside")],
)
def test_what_only_looks_as_if_it_saw_more_is_not_refused(wrap, kind, size, stride, way):
    """Every second position; a factor that is one number at the length the net reads."""
    geometry = layer_geometry(wrap(Mixing(kind), length=60), "conv2")
    assert (geometry.receptive_field, geometry.stride, geometry.way) == (size, stride, way)


@pytest.mark.parametrize("layer", ["gru", "attention", "head"])
def test_layers_without_positions_are_refused(wrap, layer):
    class Ending(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = nn.Conv1d(4, 4, 3)
            self.gru = nn.GRU(4, 4, batch_first=True)
            self.attention = nn.MultiheadAttention(4, 1, batch_first=True)
            self.head = nn.Linear(4, 1)

        def forward(self, x):
            h = self.gru(self.conv1(x).transpose(1, 2))[0]
            return self.head(self.attention(h, h, h)[0].mean(1))

    with pytest.raises(ValueError, match=f"layer '{layer}' of model 'toy' cannot carry motifs.*choose one of conv1"):
        layer_geometry(wrap(Ending()), layer)


def test_branches_of_different_stride_are_refused(wrap):
    class Uneven(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Conv1d(4, 2, 2, stride=2), nn.Conv1d(4, 2, 31)
            self.mark = nn.Identity()

        def forward(self, x):
            return self.mark(self.a(x) + self.b(x)).mean(2)

    with pytest.raises(ValueError, match="layer 'mark' .*different stride"):
        layer_geometry(wrap(Uneven(), length=60), "mark")


def test_a_recurrent_layer_that_forgets_within_rounding_is_refused(wrap):
    model = wrap(Mixing("gru"), length=60)
    with torch.no_grad():
        for name, parameter in model.module.gru.named_parameters():
            parameter.mul_(1e-2 if "_hh_" in name else 1.0)  # the state hardly matters
    with pytest.raises(ValueError, match="it mixes the whole sequence"):
        layer_geometry(model, "conv2")


def hooks(module):
    return sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in module.modules())


def test_nothing_borrowed_is_kept(wrap):
    model = wrap(Mixing("gru"), length=60)
    before = [p.requires_grad for p in model.module.parameters()]
    layer_geometry(model, "conv1")
    with pytest.raises(ValueError, match="conv2"):
        layer_geometry(model, "conv2")
    assert hooks(model.module) == 0
    assert not any(m.training for m in model.module.modules())
    assert [p.requires_grad for p in model.module.parameters()] == before
    assert all(p.grad is None for p in model.module.parameters())
    assert torch.is_grad_enabled()
    assert not torch.is_inference_mode_enabled()


def test_an_error_of_the_net_passes_and_hooks_go(wrap):
    class Broken(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1, self.conv2 = nn.Conv1d(4, 4, 3), nn.Conv1d(4, 4, 3)

        def forward(self, x):
            raise KeyError("frame")

    model = wrap(Broken())
    with pytest.raises(ForwardError, match="KeyError: 'frame'"):
        layer_geometry(model, "conv2")
    assert hooks(model.module) == 0
    assert torch.is_grad_enabled()


def test_layers_that_were_refused_are_not_proposed(wrap):
    """A squeeze and its excitation have one position, and what follows mixes the whole sequence."""

    class Squeezed(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.squeeze, self.last = nn.Conv1d(4, 4, 3), nn.Conv1d(4, 4, 1), nn.Conv1d(4, 1, 3)

        def forward(self, x):
            h = self.first(x)
            return self.last(h * torch.sigmoid(self.squeeze(h.mean(2, keepdim=True)))).amax(2)

    model = wrap(Squeezed())
    with pytest.raises(ValueError, match="it has 1 position for 128 nt, as behind a pool over the whole sequence$"):
        known_geometry(model, "squeeze")
    with pytest.raises(ValueError, match="mixes the whole sequence .*; choose one of first$"):
        known_geometry(model, "last")


def test_complex_values_are_refused(wrap):
    class Complex(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.randn(3, 4, 5, dtype=torch.complex64))

        def forward(self, x):
            return F.conv1d(x.to(self.weight.dtype), self.weight).abs().amax(2)

    with pytest.raises(ValueError, match="layer 'conv' .* its values are complex numbers"):
        layer_geometry(wrap(Complex()), "conv")


def test_a_scripted_part_is_named_as_one_that_hides_its_convolutions(wrap):
    scripted = torch.jit.script(nn.Sequential(nn.Conv1d(4, 4, 5), nn.ReLU()))
    model = wrap(nn.Sequential(nn.Conv1d(4, 4, 3), torch.jit.script(nn.ReLU()), scripted, nn.Conv1d(4, 2, 3), Mean()))
    assert convolution_layers(model) == ["0", "2", "3"]
    with pytest.raises(ValueError, match=r"layer '2' .* it is scripted \(TorchScript\), which hides the convolutions"):
        layer_geometry(model, "2")
    assert WindowProbe(model, "3").lower == ()  # evaluated inside a longer sequence
    assert layer_geometry(model, "3").receptive_field == 9
