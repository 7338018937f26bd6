import itertools

import numpy as np
import pytest
import torch
from torch import nn

from combmotif.inference import WindowProbe
from combmotif.models import InputSpec, SequenceModel
from combmotif.sampling import dataset_samples, enumerate_windows, track_windows
from combmotif.sampling.dataset import window_keys


def all_of(codes, size):
    return np.concatenate([np.lib.stride_tricks.sliding_window_view(c, size) for c in codes if len(c) >= size])


@pytest.fixture
def sequences():
    """Sequences of several lengths, one too short, two with an N, some twice."""
    random = np.random.default_rng(0)
    codes = [random.integers(0, 4, length).astype(np.uint8) for length in (40, 25, 3, 40, 60, 25)]
    codes[1][7] = codes[4][30] = 4
    return [*codes, codes[0].copy(), codes[5][:20].copy()]


def test_equal_windows_have_equal_keys_and_others_have_not():
    codes = np.random.default_rng(0).integers(0, 4, (30, 200)).astype(np.uint8)
    keys = window_keys(codes, 4)
    letters = np.lib.stride_tricks.sliding_window_view(codes, 4, axis=1) @ 4 ** np.arange(4)
    assert keys.shape == letters.shape == (30, 197)
    pairs = {(int(key), int(word)) for key, word in zip(keys.ravel(), letters.ravel(), strict=True)}
    assert len(pairs) == len({key for key, _ in pairs}) == len({word for _, word in pairs}) == 256
    assert abs(np.median([key for key, _ in pairs]) / 2.0**64 - 0.5) < 0.1


def test_every_exciting_window_is_found(random_net, sequences):
    probe = random_net("conv2", kernel=3)  # receptive field 5
    windows = all_of(sequences, 5)
    windows = windows[(windows < 4).all(1)]
    values = probe.activations(windows)
    for samples in dataset_samples(probe, [3, 0], sequences, keep=10_000):
        mine = values[:, samples.neuron]
        assert samples.background == pytest.approx(mine.mean(dtype=np.float64), rel=1e-5)
        expected = {tuple(c) for c, v in zip(windows, mine, strict=True) if v > samples.background}
        assert len(samples) == len(expected) > 20
        assert {tuple(c) for c in samples.codes} == expected
        assert samples.maximum == pytest.approx(mine.max(), rel=1e-5)
        assert (np.diff(samples.activations) <= 0).all()
        np.testing.assert_allclose(probe.activations(samples.codes)[:, samples.neuron], samples.activations, atol=1e-5)
        assert samples.method == "dataset"


def test_the_choice_is_even_and_does_not_depend_on_order_or_neighbours(random_net):
    probe = random_net("conv2", kernel=4)  # receptive field 7
    random = np.random.default_rng(3)
    codes = [random.integers(0, 4, 300).astype(np.uint8) for _ in range(80)]
    (whole,) = dataset_samples(probe, [2], codes, keep=10**6)
    (some,) = dataset_samples(probe, [2], codes, keep=400)
    (again,) = [s for s in dataset_samples(probe, [0, 2], codes[::-1], keep=400) if s.neuron == 2]
    np.testing.assert_array_equal(some.codes, again.codes)
    assert len(whole) > 4000
    assert some.maximum == whole.maximum
    assert some.counts.tolist() == np.minimum(whole.counts, 20).tolist()
    assert {tuple(c) for c in some.codes} <= {tuple(c) for c in whole.codes}
    low = some.excitation < 0.5 * some.excitation.max()
    frequencies = np.stack([(some.codes[low] == base).mean(0) for base in range(4)])
    assert np.abs(frequencies - 0.25).max() < 0.3  # no letter is preferred for its key


def test_all_windows_there_are_give_the_enumeration(random_net, generators):
    probe = random_net("conv2", kernel=3)
    codes = [np.array(word, np.uint8) for word in itertools.product(range(4), repeat=5)]
    (mine,) = dataset_samples(probe, [1], codes, keep=10**5)
    (exact,) = enumerate_windows(probe, [1], seeds=generators(1))
    assert {tuple(c) for c in mine.codes} == {tuple(c) for c in exact.codes}
    assert mine.background == pytest.approx(exact.background, rel=1e-5)


def test_a_silent_neuron_has_no_samples(constant, sequences):
    (samples,) = dataset_samples(constant(-1.0), [0], sequences)
    assert (len(samples), samples.codes.shape, samples.maximum) == (0, (0, 12), -1)


def test_no_window_is_an_error(random_net):
    with pytest.raises(ValueError, match=r"sample.from: dataset: expected sequences with windows of 18 nt"):
        dataset_samples(random_net("conv3"), [0], [np.full(50, 4, np.uint8), np.zeros(10, np.uint8)])


class FrameReader(nn.Module):
    """Sums the A's in the window that stand on a 1 of the first track, and 10 for a 1 of the second."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv1d(6, 2, 1)
        self.conv2 = nn.Conv1d(2, 1, 6)
        with torch.no_grad():
            self.conv1.weight.zero_()
            self.conv1.bias[:] = torch.tensor([-1.0, 0.0])
            self.conv1.weight[0, 0] = self.conv1.weight[0, 4] = 1
            self.conv1.weight[1, 5] = 10
            self.conv2.weight.fill_(1)
            self.conv2.bias.zero_()

    def forward(self, x):
        return self.conv2(torch.relu(self.conv1(x))).amax(2)


@pytest.fixture
def reader():
    """Model of FrameReader."""
    return SequenceModel("reader", FrameReader(), InputSpec(channels=6))


def test_windows_keep_their_tracks(reader):
    codes = [np.array([0, 0, 1, 0, 0, 2, 0, 3], np.uint8)]
    tracks = [np.array([[1, 0, 0, 1, 0, 0, 1, 0], [0, 0, 0, 0, 0, 0, 0, 1]], np.uint8)]
    probe = WindowProbe(reader, "conv2")
    (samples,) = dataset_samples(probe, [0], codes, tracks=tracks)
    assert samples.activations.tolist() == [12.0]  # the other two windows, of 2, are below the mean
    np.testing.assert_array_equal(samples.tracks, tracks[0][None, :, 2:])
    np.testing.assert_array_equal(probe.activations(samples.codes, samples.tracks)[:, 0], samples.activations)
    fixed = WindowProbe(reader, "conv2", tracks=[[1, 0, 0], [0]])
    (samples,) = dataset_samples(fixed, [0], codes)
    assert samples.tracks is None
    np.testing.assert_array_equal(fixed.activations(samples.codes)[:, 0], samples.activations)


def test_track_windows_are_pieces_of_the_tracks_and_reach_all_of_them():
    tracks = [np.arange(length)[None] + 100 * row for row, length in enumerate((5, 9, 2))]
    bank = track_windows(tracks, 4, count=500, random=np.random.default_rng(0))
    assert bank.shape == (500, 1, 4)
    assert (np.diff(bank[:, 0], axis=1) == 1).all()
    starts, counts = np.unique(bank[:, 0, 0], return_counts=True)
    assert starts.tolist() == [0, 1, *range(100, 106)]
    assert counts.min() > 35
    with pytest.raises(ValueError, match="sample.tracks: data: expected sequences of at least 10 nt"):
        track_windows(tracks, 10, random=np.random.default_rng(0))
