"""Edited sequences predicted from what changes, against full forward passes of nets of many kinds."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from combmotif.inference import Edits, predict_edits
from combmotif.inference.incremental import perturb
from combmotif.models.architectures.cnn_gru import CnnGru
from combmotif.models.architectures.framepool import FramePool
from combmotif.models.architectures.optimus import Optimus5Prime
from combmotif.models.model import InputSpec, SequenceModel


def net(kind, **options):
    torch.manual_seed(3)
    outputs = tuple(f"y{i}" for i in range(options.get("outputs", 1)))
    return SequenceModel("toy", kind(**options), InputSpec(channels=options.get("channels", 4)), outputs)


def sequences(*lengths, seed=0):
    random = np.random.default_rng(seed)
    return [random.integers(0, 4, length).astype(np.uint8) for length in lengths]


def random_edits(codes, count, seed=0, sizes=(6, 5, 3)):
    """Edits of one, two and three segments anywhere in the sequences, often close to each other."""
    random = np.random.default_rng(seed)
    rows, members, owners, starts, widths, letters = [], [], [], [], [], []
    for _ in range(count):
        row = int(random.integers(len(codes)))
        chosen = [size for size in sizes if random.random() < 0.7]
        rest = len(codes[row]) - sum(chosen)
        spread = rest if random.random() < 0.5 else min(rest, 60)
        first = random.integers(0, rest - spread + 1)
        gaps = np.sort(random.integers(0, spread + 1, len(chosen)))
        own = [-1, -1, -1]
        for i, (size, gap) in enumerate(zip(chosen, gaps, strict=True)):
            own[i] = len(owners)
            owners.append(row)
            starts.append(int(first + gap + sum(chosen[:i])))
            widths.append(size)
            letters.append(np.pad(random.integers(0, 5, size), (0, max(sizes) - size)))
        rows.append(row)
        members.append(own)
    whole = (np.array(part, dtype=np.int64) for part in (rows, members, owners, starts, widths))
    return Edits(*whole, np.array(letters, dtype=np.uint8))


def both_ways(model, codes, edits, tracks=None):
    found = predict_edits(model, codes, edits, tracks=tracks, method="incremental")
    plain = predict_edits(model, codes, edits, tracks=tracks, method="plain")
    assert plain.method == "plain"
    written = [edits.select(np.array([i])).apply(codes)[0] for i in range(len(edits))]
    beside = None if tracks is None else [tracks[row] for row in edits.rows]
    np.testing.assert_allclose(plain.values, model.predict(written, tracks=beside), atol=2e-6)
    np.testing.assert_allclose(found.values, plain.values, atol=1e-5)
    np.testing.assert_allclose(found.base, plain.base, atol=1e-5)
    assert np.abs(plain.values - plain.base[edits.rows]).max() > 1e-3  # the edits do something
    return found


@pytest.mark.parametrize(
    ("options", "lengths"),
    [
        ({}, (300, 301, 300)),
        ({"blocks": 4, "padding": 0}, (400, 400)),
        ({"reverse": True, "channels": 6}, (256, 300)),
        ({"readout": "mean", "pooled": 1}, (90, 90)),
        ({"readout": "max", "reverse": True, "outputs": 3}, (160, 161)),
        ({}, (50,)),
    ],
)
def test_the_nets_of_this_package(options, lengths):
    model = net(CnnGru, width=8, **options)
    codes = sequences(*lengths)
    codes[0][[7, 40]] = 4
    extra = options.get("channels", 4) - 4
    tracks = [np.random.default_rng(i).random((extra, len(c))) for i, c in enumerate(codes)] if extra else None
    assert both_ways(model, codes, random_edits(codes, 60), tracks).method == "incremental"


@pytest.mark.parametrize(
    ("kind", "options"), [(FramePool, {}), (FramePool, {"residual": True}), (Optimus5Prime, {"outputs": 1})]
)
def test_published_nets(kind, options):
    codes = sequences(50, 50)
    assert both_ways(net(kind, **options), codes, random_edits(codes, 30)).method == "incremental"


class Residual(nn.Module):
    """Branches, strides, dilation, all kinds of pools and norms, in-place operations, a positional encoding."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv1d(4, 6, 7, stride=2, padding=3)
        self.norm = nn.BatchNorm1d(6)
        self.wide = nn.Conv1d(6, 6, 3, padding="same", dilation=4)
        self.short = nn.Conv1d(6, 6, 1)
        self.depth = nn.Conv1d(6, 6, 4, groups=3)
        self.slope = nn.PReLU(6)
        self.place = nn.Parameter(torch.zeros(1, 6, 300))
        self.lstm = nn.LSTM(12, 5)
        self.head = nn.Linear(5, 1)

    def forward(self, x):
        x = F.relu(self.norm(self.first(x)), inplace=True)
        y = self.slope(self.wide(x)) + self.short(x) * 0.5
        y += x
        y = y + self.place[:, :, : y.shape[2]]
        y = F.avg_pool1d(F.max_pool1d(y, 3, 2, padding=1), 2, padding=1)
        y = torch.cat([F.gelu(self.depth(y)), y[:, :, 2:-1]], 1)
        y = F.glu(torch.cat([y, 1 - y], 1), 1) * y.sum(1, keepdim=True).sigmoid()
        steps, (h, _) = self.lstm(y.permute(2, 0, 1))
        return self.head(h[-1] + steps.mean(0) + steps[-1])


class Attention(nn.Module):
    """Two-dimensional kernels, then what sees the whole sequence."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(1, 8, (4, 5), padding=(0, 2))
        self.norm = nn.LayerNorm(8)
        self.mix = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
        self.gru = nn.GRU(8, 4, num_layers=2, bidirectional=True, batch_first=True)
        self.head = nn.Linear(16, 1)

    def forward(self, x):
        h = F.max_pool2d(self.first(x.unsqueeze(1)), (1, 4)).squeeze(2)
        h = self.mix(self.norm(h.transpose(1, 2)))
        steps, _ = self.gru(h)
        return self.head(torch.cat([steps.mean(1), steps.amax(1)], 1))


class Elman(nn.Module):
    def __init__(self, kind="tanh"):
        super().__init__()
        self.first = nn.Conv1d(4, 5, 5)
        self.rnn = nn.RNN(5, 4, batch_first=True, nonlinearity=kind, bias=False)
        self.head = nn.Linear(4, 1)

    def forward(self, x):
        if x.shape[2] > 60:
            x = x[..., 2:]
        h = torch.tanh(self.first(x)).flip(dims=[2]).transpose(1, 2).contiguous()
        return self.head(self.rnn(h)[1].squeeze(0)).squeeze(-1)


class Cropped(nn.Module):
    """Negative padding, and a class per position of which the mean counts."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv1d(4, 5, 5, padding=2), nn.Conv1d(5, 1, 3)

    def forward(self, x):
        return self.second(F.pad(torch.relu(self.first(x)), (-30, -25))).mean(2)


@pytest.mark.parametrize("module", [Residual, Attention, Elman, Cropped])
def test_nets_of_users(module):
    model = net(module)
    codes = sequences(120, 200, 120)
    assert both_ways(model, codes, random_edits(codes, 60)).method == "incremental"


class Unfollowed(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.kind, self.conv, self.calls = kind, nn.Conv1d(4, 3, 3), 0

    def forward(self, x):
        h = self.conv(x)
        if self.kind == "assigned":
            h[:, :, 0] = 0
        elif self.kind == "view":
            seen = h.transpose(1, 2)
            h.mul_(2)
            h = seen.transpose(1, 2)
        return h.amax((1, 2))[:, None]


@pytest.mark.parametrize(("kind", "reason"), [("assigned", "in place"), ("view", "differed by")])
def test_what_cannot_be_followed_is_predicted_in_full_and_said(kind, reason):
    model, codes = net(lambda: Unfollowed(kind)), sequences(40)
    found = predict_edits(model, codes, random_edits(codes, 20), method="incremental")
    assert found.method == "plain"
    assert reason in found.reason
    np.testing.assert_array_equal(
        found.values, predict_edits(model, codes, random_edits(codes, 20), method="plain").values
    )


def test_auto_takes_the_cheaper_way():
    model = net(CnnGru, width=8)
    for length, expected in ((50, "plain"), (900, "incremental")):
        codes = sequences(length)
        found = predict_edits(model, codes, random_edits(codes, 9))
        assert found.method == expected
        assert "of the work of a forward pass" in found.reason
    mixed = sequences(50, 900)
    found = predict_edits(model, mixed, random_edits(mixed, 20))
    assert found.method == "mixed"
    assert found.checked >= 8
    assert found.difference < 1e-5


def test_batches_do_not_matter(monkeypatch):
    model, codes = net(CnnGru, width=8), sequences(300, 300, 300)
    edits = random_edits(codes, 50)
    whole = predict_edits(model, codes, edits, method="incremental")
    monkeypatch.setattr(perturb, "_EDITS_AT_ONCE", 7)
    parts = predict_edits(model, codes, edits, method="incremental")
    np.testing.assert_allclose(parts.values, whole.values, atol=2e-6)
    np.testing.assert_allclose(parts.base, whole.base, atol=2e-6)


def test_sequences_are_fitted_to_the_model_first():
    module = net(CnnGru, width=8, blocks=2).module
    model = SequenceModel("fixed", module, InputSpec(length=200, rule="pad_right"))
    codes = sequences(150, 230)
    rows = np.array([0, 0, 1, 1, 1])
    starts = np.array([0, 145, 10, 28, 220])  # of the longer one the first 30 nt are cut
    letters = np.random.default_rng(1).integers(0, 4, (5, 5)).astype(np.uint8)
    edits = Edits.of(rows, [(starts, letters)])
    found = predict_edits(model, codes, edits, method="incremental")
    written = [edits.select(np.array([i])).apply(codes)[0] for i in range(5)]
    np.testing.assert_allclose(found.values, model.predict(written), atol=1e-5)
    assert found.method == "incremental"
    assert found.values[2] == pytest.approx(found.base[1])


def test_every_substitution_of_a_window():
    model, codes = net(CnnGru, width=8), sequences(80)
    codes[0][12] = 4
    edits = Edits.substitutions(codes, start=10, stop=20)
    assert len(edits) == 31
    written = edits.apply(codes)
    assert (written != codes[0]).sum(1).tolist() == [1] * 31
    assert len(np.unique(written, axis=0)) == 31
    both_ways(model, codes, edits)


def test_mistakes_are_named():
    codes = sequences(20)
    model = SequenceModel("toy", CnnGru(width=4))
    one = np.zeros((1, 4), np.uint8)
    with pytest.raises(ValueError, match=r"\[18, 22\) leaves its sequence of 20 nt"):
        predict_edits(model, codes, Edits.of([0], [([18], one)]))
    with pytest.raises(ValueError, match="overlap"):
        predict_edits(model, codes, Edits.of([0], [([5], one), ([8], one)]))
    with pytest.raises(ValueError, match="expected rows 0-0"):
        predict_edits(model, codes, Edits.of([1], [([5], one)]))
    with pytest.raises(ValueError, match="method: expected one of auto"):
        predict_edits(model, codes, Edits.of([0], [([5], one)]), method="fast")


class Pooled(nn.Module):
    """A pool over all positions: what is behind it sees whole tensors."""

    def __init__(self):
        super().__init__()
        self.conv, self.head = nn.Conv1d(4, 16, 7, padding=3), nn.Linear(16, 1)

    def forward(self, x):
        self.rows = max(getattr(self, "rows", 0), len(x))
        return self.head(torch.relu(self.conv(x)).amax(2))


def test_memory_bounds_the_edits_of_a_batch(monkeypatch):
    monkeypatch.setattr(perturb, "_VALUES_AT_ONCE", 20 * 16 * 400)
    model, codes = net(Pooled), sequences(400)
    edits = Edits.substitutions(codes, start=100, stop=200)
    both_ways(model, codes, edits)
    model.module.rows = 0
    predict_edits(model, codes, edits, method="incremental")
    assert model.module.rows <= 33  # the sample; batches have fewer
