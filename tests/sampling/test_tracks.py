import numpy as np
import pytest
import torch
from torch import nn

from combmotif.discovery import demix_neuron
from combmotif.inference import WindowProbe
from combmotif.models import InputSpec, SequenceModel
from combmotif.sampling import EvolveOptions, combmotif_samples, evolve, neuronmotif_samples

SIZE = 14
FRAME = np.arange(SIZE) % 3 == 0


class InFrame(nn.Module):
    """Counts G's on a 1 of the track, and C's elsewhere: without the track it sees another motif."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv1d(5, 2, 1)
        self.conv2 = nn.Conv1d(2, 1, SIZE)
        with torch.no_grad():
            self.conv1.weight.zero_()
            self.conv1.bias[:] = torch.tensor([-1.0, 0.0])
            self.conv1.weight[0, [2, 4]] = 1
            self.conv1.weight[1, 1] = 1
            self.conv1.weight[1, 4] = -1
            self.conv2.weight.fill_(1)
            self.conv2.bias.zero_()

    def forward(self, x):
        return self.conv2(torch.relu(self.conv1(x))).amax(2)


@pytest.fixture
def model():
    """The net above; it reads one track."""
    return SequenceModel("frame", InFrame(), InputSpec(channels=5))


def best(samples):
    return "".join("ACGU"[code] for code in samples.codes[0])


@pytest.mark.slow
def test_fixed_tracks_are_seen_by_the_search_and_by_motifs(model, generators):
    expected = "".join("G" if one else "C" for one in FRAME)
    probe = WindowProbe(model, "conv2", tracks=[[1, 0, 0]])
    (samples,) = evolve(probe, [0], seeds=generators(0), options=EvolveOptions(keep=1000))
    assert best(samples) == expected
    assert samples.maximum == SIZE
    strongest = demix_neuron(probe, samples).motifs[0]
    assert strongest.consensus_activation == SIZE
    (bare,) = evolve(WindowProbe(model, "conv2"), [0], seeds=generators(0), options=EvolveOptions(keep=1000))
    assert best(bare) == "C" * SIZE


@pytest.mark.slow
@pytest.mark.parametrize("sampler", [evolve, combmotif_samples, neuronmotif_samples])
def test_drawn_tracks_stay_with_their_windows(model, generators, sampler):
    bank = np.stack([np.roll(FRAME, shift) for shift in range(3)])[:, None].astype(np.float32)
    probe = WindowProbe(model, "conv2")
    wanted = {"options": EvolveOptions(keep=1000)} if sampler is evolve else {"keep": 1000}
    (samples,) = sampler(probe, [0], seeds=generators(0), bank=bank, **wanted)
    np.testing.assert_allclose(probe.activations(samples.codes, samples.tracks)[:, 0], samples.activations, atol=1e-5)
    assert {tuple(track) for track in samples.tracks[:, 0]} == {tuple(track) for track in bank[:, 0]}
    assert samples.maximum == SIZE
    frame = samples.tracks[0, 0] > 0
    assert best(samples) == "".join("G" if one else "C" for one in frame)


@pytest.mark.slow
def test_motifs_of_drawn_tracks_are_weighed_with_them(model, generators):
    bank = np.stack([np.roll(FRAME, shift) for shift in range(3)])[:, None].astype(np.float32)
    probe = WindowProbe(model, "conv2")
    (samples,) = evolve(probe, [0], seeds=generators(0), options=EvolveOptions(keep=2000), bank=bank)
    assert max(motif.purity for motif in demix_neuron(probe, samples).motifs) > 0.9


def test_rows_that_do_not_fit_are_refused(model):
    with pytest.raises(ValueError, match="model 'frame' reads 1 tracks beside the bases, expected a row"):
        WindowProbe(model, "conv2", tracks=[[1, 0, 0], [0]])
