"""Positions keep their tracks: a net that counts A in the coding frame, whose answers are known."""

import numpy as np
import pytest
import torch
from torch import nn

from combmotif.effect import clamp
from combmotif.effect.neurons.clamp import channel_means
from combmotif.effect.neurons.sites import scramble_sites
from combmotif.effect.pairs.states import States, evaluate_every
from combmotif.effect.pattern import as_pattern
from combmotif.inference import WindowProbe, scan
from combmotif.models import InputSpec, SequenceModel
from combmotif.sequence import encode
from combmotif.sequence.sets import SequenceSet


class FramedA(nn.Module):
    """conv: [A + frame] of each position and [G]; prediction: the sum of relu(A + frame - 1), times 1."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(6, 2, 1, bias=False)
        weight = torch.zeros(2, 6, 1)
        weight[0, 0], weight[0, 4], weight[1, 2] = 1, 1, 1
        self.conv.weight = nn.Parameter(weight)

    def forward(self, x):
        return torch.relu(self.conv(x)[:, 0] - 1).sum(1)


@pytest.fixture(params=["exact", "pad_right"])
def model(request):
    length = None if request.param == "exact" else 12
    return SequenceModel("framed", FramedA(), InputSpec(length=length, channels=6, rule=request.param))


CODES = [encode("AAACCAGG"), encode("CAACAAGA")]
TRACKS = [np.array([[1, 0, 0, 1, 0, 1, 0, 0], [0] * 8]), np.array([[0, 1, 0, 1, 0, 0, 0, 1], [0] * 8])]


def test_predict_and_scan(model):
    assert model.predict(CODES, tracks=TRACKS).ravel().tolist() == [2.0, 2.0]
    assert model.predict(CODES).ravel().tolist() == [0.0, 0.0]
    ((rows, values, _),) = scan(model, "conv", CODES, tracks=TRACKS)
    expected = [(c == 0) + t[0] for c, t in zip(CODES, TRACKS, strict=True)]
    assert values[:, 0].tolist() == [expected[i].tolist() for i in rows]
    pieces = [v for _, v, _ in scan(model, "conv", CODES, tracks=TRACKS, length_limit=3)]
    assert np.array_equal(pieces[0], values)


def test_clamp_and_means(model):
    means = channel_means(model, "conv", CODES, tracks=TRACKS)
    assert means[0] == pytest.approx((9 + 6) / 16)  # 9 A and 6 codons on 16 positions; padding does not count
    change = clamp(model, "conv", (0,), CODES, np.zeros(1), tracks=TRACKS)
    assert change.ravel().tolist() == [2.0, 2.0]


def test_states_keep_the_tracks_of_their_own_placement(model):
    same = [encode("AAACCAGG")] * 2  # equal bases, other tracks
    tracks = [TRACKS[0], np.array([[0, 1, 1, 0, 0, 0, 0, 0], [0] * 8])]
    starts = np.array([0, 0])
    cc, uu = (np.full((2, 1, 2), letter, np.uint8) for letter in (1, 3))
    states = States.of(evaluate_every(model, same, [(starts, cc), (starts + 5, uu)], tracks=tracks))
    assert states.o.tolist() == [2.0, 2.0]
    assert states.a.ravel().tolist() == [1.0, 1.0]  # AA at 0-1 gone: the first loses codon 0, the second codon 1
    assert states.b.ravel().tolist() == [1.0, 2.0]  # AG at 5-6 gone
    assert states.n.ravel().tolist() == [0.0, 1.0]
    assert len(as_pattern("AA")) == 2


def test_scrambled_sites_keep_their_tracks():
    class Pair(nn.Module):
        """conv sees AC with the frame on A; the prediction is its maximum."""

        def __init__(self):
            super().__init__()
            self.conv = nn.Conv1d(6, 1, 2, bias=False)
            weight = torch.zeros(1, 6, 2)
            weight[0, 0, 0] = weight[0, 1, 1] = weight[0, 4, 0] = 1
            self.conv.weight = nn.Parameter(weight)

        def forward(self, x):
            return self.conv(x).amax(2)

    model = SequenceModel("pair", Pair(), InputSpec(channels=6))
    tracks = [np.array([[0, 0, 1, 0, 0, 0], [0] * 6])]
    sequences = SequenceSet(("s",), (encode("GGACGG"),), tracks=tuple(tracks))
    change = scramble_sites(WindowProbe(model, "conv"), 0, sequences, np.array([2]), silent=2.0)
    # AC in frame gives 3; CA keeps the frame at its first position and gives 1
    assert change.tolist() == [2.0]
