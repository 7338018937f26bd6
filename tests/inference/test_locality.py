"""Random stacks of convolutions, pools and residual blocks: the derived geometry against brute force."""

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from combmotif.inference import WindowProbe, layer_geometry, scan
from combmotif.inference.locality import LocalityMode
from combmotif.inference.marks import Window
from combmotif.inference.rows import MaxPool, input_gradient
from combmotif.models.model import SequenceModel

LENGTH = 90
WIDTH = 3


class Residual(nn.Module):
    def __init__(self, kernel, dilation):
        super().__init__()
        self.conv = nn.Conv1d(WIDTH, WIDTH, kernel, padding="same", dilation=dilation)

    def forward(self, x):
        return x + torch.tanh(self.conv(x))


class Join(nn.Module):
    def __init__(self, left, right):
        super().__init__()
        self.left = nn.Conv1d(WIDTH, 1, left, padding=(left - 1) // 2)
        self.right = nn.Conv1d(WIDTH, WIDTH - 1, right, padding=(right - 1) // 2)

    def forward(self, x):
        return torch.cat([self.left(x), self.right(x)], 1)


class Causal(nn.Module):
    def __init__(self, kernel):
        super().__init__()
        self.conv = nn.Conv1d(WIDTH, WIDTH, kernel)
        self.reach = kernel - 1

    def forward(self, x):
        return self.conv(F.pad(x, (self.reach, 0)))


def convolution(kernel, stride, dilation, padding):
    return nn.Conv1d(WIDTH, WIDTH, kernel, stride=stride, dilation=dilation, padding=padding)


small = st.integers(1, 3)
blocks = st.one_of(
    st.builds(convolution, st.integers(1, 5), small, st.integers(1, 2), st.integers(0, 2)),
    st.builds(lambda k, s, p: nn.MaxPool1d(k, s, min(p, k // 2)), small, small, st.integers(0, 1)),
    st.builds(lambda k, s, p: nn.AvgPool1d(k, s, min(p, k // 2)), small, small, st.integers(0, 1)),
    st.builds(nn.MaxPool1d, st.just(2), st.just(1), dilation=st.integers(1, 3)),
    st.builds(Residual, st.sampled_from([2, 3, 5]), st.integers(1, 2)),
    st.builds(Join, st.sampled_from([1, 3]), st.sampled_from([3, 7])),
    st.builds(Causal, st.integers(2, 4)),
    st.builds(nn.ReLU, inplace=st.booleans()),
    st.builds(lambda: nn.BatchNorm1d(WIDTH)),
)
stacks = st.lists(blocks, min_size=1, max_size=5)


def build(middle, seed):
    torch.manual_seed(seed)
    layers = [nn.Conv1d(4, WIDTH, 3, padding=seed % 3), *middle, nn.Conv1d(WIDTH, 2, 2)]
    model = SequenceModel("random", nn.Sequential(*layers))
    for module in model.module.modules():
        if isinstance(module, nn.Conv1d):
            nn.init.normal_(module.weight)
        if isinstance(module, nn.BatchNorm1d):
            module.running_mean.normal_()
    return model, str(len(layers) - 1)


def reached(module, length):
    """Which input positions reach which outputs: bool (outputs, length), one NaN at a time on the plain module."""
    x = torch.zeros(length, 4, length)
    x[torch.arange(length), :, torch.arange(length)] = float("nan")
    with torch.no_grad():
        return module(x).isnan().any(1).T.numpy()


@pytest.mark.slow
@settings(max_examples=60, deadline=None, derandomize=True)
@given(stacks, st.integers(0, 5))
@example([nn.Conv1d(WIDTH, WIDTH, 1, padding=2)], 1)  # padding wider than its kernel reaches
def test_random_stacks(middle, seed):
    model, layer = build(middle, seed)
    try:
        model.module(torch.zeros(1, 4, LENGTH))
    except RuntimeError:
        return  # strides left no position
    geometry = layer_geometry(model, layer)
    reach = reached(model.module, LENGTH)
    size, count = geometry.receptive_field, len(reach)
    starts = geometry.offset + geometry.stride * np.arange(count)
    inside = (starts >= 0) & (starts + size <= LENGTH)
    assert geometry.edge_positions(LENGTH) == (count, int((~inside).sum()))
    for row, start in zip(reach[inside], starts[inside], strict=True):
        places = np.flatnonzero(row)
        assert (places[0], places[-1]) == (start, start + size - 1)
    for row, start in zip(reach, starts, strict=True):
        places = np.flatnonzero(row)
        assert places.size == 0 or (places[0] >= start and places[-1] < start + size)

    # every window: the scan, the probe, and the plain module where it has an interior position there
    random = np.random.default_rng(seed)
    codes = random.integers(0, 4, (2, LENGTH)).astype(np.uint8)
    if size > LENGTH:
        return
    ((rows, values, valid),) = scan(model, layer, codes)
    assert rows.tolist() == [0, 1]
    assert valid.all()
    windows = np.lib.stride_tricks.sliding_window_view(codes, size, axis=1)
    alone = WindowProbe(model, layer).activations(windows.reshape(-1, size)).reshape(2, -1, 2)
    scale = max(1, np.abs(alone).max())
    np.testing.assert_allclose(values.transpose(0, 2, 1), alone, atol=1e-5 * scale, rtol=0)
    with torch.no_grad():
        plain = model.module(model.tensor(codes)).numpy()
    np.testing.assert_allclose(values[:, :, starts[inside]], plain[:, :, inside], atol=1e-5 * scale, rtol=0)


def test_windows_by_hand():
    window = Window().then(5, padding=2, right=2).then(2, stride=2).then(3, dilation=2, padding=1)
    assert window == Window(size=6 + 4 * 2, stride=2, padding=4, right=2)


def test_the_mode_ends_with_its_block():
    conv = nn.Conv1d(4, 2, 3, padding=1)
    x = torch.zeros(1, 4, 10)
    with LocalityMode(unpadded=True):
        assert conv(x).shape[2] == 8
    with pytest.raises(ZeroDivisionError), LocalityMode(unpadded=True):
        raise ZeroDivisionError
    assert conv(x).shape[2] == 10


@pytest.mark.parametrize(("width", "jump", "step"), [(2, 2, 1), (3, 3, 1), (3, 1, 1), (2, 1, 4), (1, 2, 1)])
@pytest.mark.parametrize("rows", [False, True])
def test_the_gradient_of_a_pool(width, jump, step, rows):
    values = torch.randn(3, 13, 5, generator=torch.Generator().manual_seed(0))
    x = (values.transpose(1, 2) if rows else values.transpose(1, 2).contiguous()).requires_grad_()
    length = (13 - (width - 1) * step - 1) // jump + 1
    pooled = MaxPool.apply(x, width, step, jump, length)
    expected = torch.nn.functional.max_pool1d(x, width, jump, 0, step)
    torch.testing.assert_close(pooled, expected)
    weights = torch.randn(pooled.shape, generator=torch.Generator().manual_seed(1))
    found, plain = (torch.autograd.grad((y * weights).sum(), x)[0] for y in (pooled, expected))
    torch.testing.assert_close(found, plain)


@pytest.mark.parametrize(("stride", "dilation", "groups"), [(1, 1, 1), (2, 1, 1), (1, 3, 2)])
def test_a_gradient_goes_back_through_a_convolution(stride, dilation, groups):
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(3, 4, 21, generator=generator, requires_grad=True)
    weight = torch.randn(6, 4 // groups, 3, generator=generator)
    output = torch.nn.functional.conv1d(x, weight, None, stride, 0, dilation, groups)
    outward = torch.randn(output.shape, generator=generator)
    (expected,) = torch.autograd.grad(output, x, outward)
    found = input_gradient(x.shape, weight, outward, (stride,), (dilation,), groups)
    torch.testing.assert_close(found, expected)
