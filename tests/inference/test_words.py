import numpy as np
import pytest
import torch
from torch import nn

from combmotif.inference import WindowProbe
from combmotif.inference.shortcuts.words import all_words, word_numbers
from combmotif.models.architectures.cnn_gru import CnnGru
from combmotif.models.model import InputSpec, SequenceModel
from combmotif.sampling.seeds import planted_windows


@pytest.mark.parametrize("size", [1, 2, 5, 6])
def test_every_word_is_there_once(size):
    codes = all_words(size)
    assert len(codes) == 4**size + size - 1
    assert sorted(word_numbers(codes[None], size)[0]) == list(range(4**size))


def test_words_are_numbers_to_the_base_of_four():
    np.testing.assert_array_equal(word_numbers(np.array([[0, 1, 2, 3]], np.uint8), 2), [[1, 6, 11]])


class Block(nn.Module):
    """conv, norm, ReLU, conv, pool, conv; optionally with what runs before the second conv added to its output."""

    def __init__(self, *, around=False, twice=False):
        super().__init__()
        self.conv1, self.conv2, self.conv3 = nn.Conv1d(4, 6, 3), nn.Conv1d(6, 6, 3), nn.Conv1d(6, 5, 4)
        self.pool, self.around, self.twice = nn.MaxPool1d(2), around, twice

    def forward(self, x):
        x = torch.relu(self.conv1(x))
        h = self.conv2(x)
        if self.twice:
            h = self.conv2(torch.relu(h))
        if self.around:
            h = h + x[..., 1:-1]
        return self.conv3(self.pool(torch.relu(h))).amax(2)


def compare(probe, *, tabulated=True, skips=None):
    codes = np.random.default_rng(3).integers(0, 4, (40, probe.receptive_field)).astype(np.uint8)
    neurons = np.arange(40) % probe.neurons
    values, (followed, gradients) = probe.activations(codes), probe.gradient(codes, neurons)
    with probe.tabulated():
        assert (probe._words is not None) == tabulated
        if tabulated:
            # what the network would work out is not looked at: it could be anything
            module = probe.model.module.get_submodule(probe._words.layer)
            keep, module.bias.data = module.bias.data, module.bias.data + 100
            assert skips is None or probe._words.skips == skips
        np.testing.assert_allclose(probe.activations(codes), values, atol=1e-5)
        found = probe.gradient(codes, neurons)
        if tabulated:
            module.bias.data = keep
    np.testing.assert_allclose(found[0], followed, atol=1e-5)
    np.testing.assert_allclose(found[1], gradients, atol=1e-5)
    assert probe._words is None
    np.testing.assert_array_equal(probe.activations(codes), values)


def test_a_table_takes_the_place_of_the_first_convolutions():
    torch.manual_seed(0)
    compare(WindowProbe(SequenceModel("block", Block()), "conv3"), skips=True)
    torch.manual_seed(1)
    compare(WindowProbe(SequenceModel("net", CnnGru(width=8)), "conv3"), skips=True)


def test_a_table_behind_a_pool():
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Conv1d(4, 6, 3), nn.MaxPool1d(2), nn.Conv1d(6, 6, 2), nn.ReLU(), nn.AvgPool1d(2), nn.Conv1d(6, 3, 3)
    )
    probe = WindowProbe(SequenceModel("pools", module), "5")
    with probe.tabulated():
        assert (probe._words.layer, probe._words.window.size, probe._words.window.stride) == ("2", 6, 2)
    compare(probe, skips=True)


def test_what_goes_around_the_table_is_still_worked_out():
    torch.manual_seed(0)
    compare(WindowProbe(SequenceModel("around", Block(around=True)), "conv3"), skips=False)


def test_a_convolution_that_runs_twice_is_no_table():
    torch.manual_seed(0)
    probe = WindowProbe(SequenceModel("twice", Block(twice=True)), "conv3")
    with probe.tabulated():
        assert probe._words.layer == "conv1"
    compare(probe)


@pytest.mark.parametrize(("size", "options"), [(10, {}), (13, {"stride": 2}), (7, {"dilation": 3}), (30, {})])
def test_a_wide_convolution_is_the_sum_of_its_parts(size, options):
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv1d(4, 5, size, **options), nn.BatchNorm1d(5).eval(), nn.ReLU(), nn.Conv1d(5, 3, 4))
    probe = WindowProbe(SequenceModel("wide", module), "3")
    with probe.tabulated():
        parts = probe._words.parts
        assert len(parts) > 1
        assert sum(length for _, length in parts) == probe._words.window.size
    compare(probe, skips=True)


class Strict(nn.Module):
    """A wide convolution that reads no unknown letters."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv1d(4, 5, 12), nn.Conv1d(5, 3, 4)

    def forward(self, x):
        if not (x.sum(1) == 1).all():
            raise ValueError("expected one letter at every position")
        return self.conv2(torch.relu(self.conv1(x))).amax(2)


def test_no_table_in_parts_where_unknown_letters_are_refused():
    torch.manual_seed(0)
    probe = WindowProbe(SequenceModel("strict", Strict()), "conv2")
    assert probe.geometry.way == "alone"
    compare(probe, tabulated=False)


def test_no_table_for_long_words_or_given_tracks():
    torch.manual_seed(0)
    wide = nn.Sequential(nn.Conv1d(4, 3, 31), nn.ReLU(), nn.Conv1d(3, 2, 3))
    compare(WindowProbe(SequenceModel("wide", wide), "2"), tabulated=False)
    model = SequenceModel("tracks", CnnGru(channels=6, width=8), InputSpec(channels=6))
    compare(WindowProbe(model, "conv3", tracks=[[1.0, 0.0], [0.5]]), tabulated=False)
    probe = WindowProbe(model, "conv3")
    codes = np.random.default_rng(3).integers(0, 4, (9, 18)).astype(np.uint8)
    tracks = np.random.default_rng(4).random((9, 2, 18)).astype(np.float32)
    values = probe.activations(codes, tracks)
    with probe.tabulated():
        np.testing.assert_array_equal(probe.activations(codes, tracks), values)
        unknown = codes.copy()
        unknown[0, 3] = 4
        compared = probe.activations(unknown)
    np.testing.assert_array_equal(compared, probe.activations(unknown))


def test_other_weights_have_another_table():
    torch.manual_seed(0)
    probe = WindowProbe(SequenceModel("block", Block()), "conv3")
    compare(probe)
    with torch.no_grad():
        probe.model.module.conv1.weight.mul_(2)
    compare(probe)


class Branched(nn.Module):
    """A convolution of the bases, and one of a track that the network makes up, added before the next."""

    def __init__(self):
        super().__init__()
        self.conv1, self.track, self.conv2 = nn.Conv1d(4, 6, 3), nn.Conv1d(1, 6, 3), nn.Conv1d(6, 5, 4)

    def forward(self, x):
        return self.conv2(torch.relu(self.conv1(x) + self.track(torch.ones_like(x[:, :1])))).amax(2)


def test_a_branch_that_reads_no_bases_is_no_table():
    torch.manual_seed(0)
    probe = WindowProbe(SequenceModel("branched", Branched()), "conv2")
    assert "track" in probe.lower
    compare(probe)
    planted = planted_windows(probe)
    assert set(planted.kernels[planted.kernels >= 0]) == set(range(6))
