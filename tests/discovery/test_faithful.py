import numpy as np
import pytest
import torch
from torch import nn
from toy_models import detect, kmer_conv

from combmotif.discovery import (
    ActivationModel,
    Occurrences,
    Windows,
    called_nucleotides,
    measure_faithfulness,
    shuffled_motif,
)
from combmotif.inference import WindowProbe
from combmotif.models.model import InputSpec, SequenceModel
from combmotif.motifs import Motif, word_ppm

SIZE = 12


def motif(word, start=0, offsets=(0,)):
    return Motif("conv:0.m1", 1000 * word_ppm(word), 1000, "conv", 0, start=start, offsets=offsets)


class Reader(nn.Module):
    """One neuron that answers 1 to a word at one place of 12 nt and 0 to all else; with tracks it multiplies by one."""

    def __init__(self, word, start, tracks=0):
        super().__init__()
        self.conv = kmer_conv([word], bias=detect, channels=4 + tracks, width=SIZE, start=start)
        self.read = nn.Conv1d(1, 1, 1)
        with torch.no_grad():
            self.read.weight.fill_(1)
            self.read.bias.zero_()
            if tracks:
                self.conv.weight[0, 4, 0] = 1
                self.conv.bias.sub_(1)

    def forward(self, x):
        return self.read(torch.relu(self.conv(x)))[:, :, 0]


def windows(count=6000, seed=0):
    random = np.random.default_rng(seed)
    codes, plain = (random.integers(0, 4, (n, SIZE)).astype(np.uint8) for n in (count, 3000))
    return Windows(codes, plain, count // 2)


def test_a_motif_is_scored_at_its_places_and_marks_the_letters_that_agree():
    one = Occurrences(motif("ACGU", 2, (0, 4)), SIZE)
    assert one.starts.tolist() == [2, 6]
    codes = np.full((3, SIZE), 0, np.uint8)
    codes[0, 2:6] = codes[1, 6:10] = codes[2, 8:12] = [0, 1, 2, 3]  # the last is at no place where it is read
    scores = one.scores(codes)
    assert scores.shape == (3, 2)
    assert scores.argmax(1)[:2].tolist() == [0, 1]
    assert scores[0, 0] == pytest.approx(scores[1, 1]) == pytest.approx(8, abs=0.2)
    assert one.best(codes)[2] < 0
    marked = one.letters(codes, 7.0)
    assert [np.flatnonzero(row).tolist() for row in marked] == [[2, 3, 4, 5], [6, 7, 8, 9], []]
    both = codes[:1].copy()
    both[0, 6:10] = [0, 1, 2, 3]
    assert one.letters(both, 7.0).sum() == 8
    assert one.letters(both, 7.0, best_only=True).sum() == 4


def test_columns_outside_the_field_are_left_out_and_everywhere_means_half():
    over = Occurrences(motif("ACGUAC", -2), SIZE)
    assert np.abs(over.table[0]).sum(1).nonzero()[0].tolist() == [0, 1, 2, 3]
    assert Occurrences(motif("ACGUAC", 0), SIZE, everywhere=True).starts.tolist() == list(range(-3, 10))
    nowhere = Occurrences(motif("ACGU", 40), SIZE)
    codes = windows(5).codes
    assert nowhere.best(codes).tolist() == [0] * 5
    assert not nowhere.letters(codes, -1).any()


def test_the_threshold_is_exceeded_by_two_per_cent_of_background_windows():
    plain = windows(20_000).codes
    one = Occurrences(motif("ACGUNAC", 1, (0, 1, 2)), SIZE)
    level = one.threshold(plain)
    assert (one.best(plain) > level).mean() <= 0.02
    assert (one.best(plain) >= level).mean() >= 0.02
    called = called_nucleotides([motif("ACGU", 0), motif("GGGG", 8)], plain[:500], plain)
    assert not called[:, 4:8].any()
    assert called_nucleotides([], plain[:5], plain).sum() == 0


@pytest.mark.slow
def test_the_true_motif_is_faithful_and_a_shuffled_one_is_not():
    probe = WindowProbe(SequenceModel("reader", Reader("ACG", 3)), "read")
    given = windows()
    score = measure_faithfulness(probe, 0, [motif("ACG", 3)], given, np.random.default_rng(1))
    assert score.auroc > 0.99
    assert score.r2 > 0.95
    assert score.r2_windows > 0.9
    assert score.r2_shuffled < 0.5
    assert score.kept > 0.95
    assert score.kept_random < 0.3
    assert score.nucleotides == pytest.approx(3 / SIZE, abs=0.03)
    again = measure_faithfulness(probe, 0, [motif("ACG", 3)], given, np.random.default_rng(1))
    assert again == score
    wrong = measure_faithfulness(probe, 0, [motif("GUGG", 6)], given, np.random.default_rng(1))
    assert wrong.auroc < 0.7
    assert wrong.r2 < 0.3
    assert wrong.kept < 0.5
    part = measure_faithfulness(probe, 0, [motif("AC", 3)], given, np.random.default_rng(1))
    assert wrong.r2 < part.r2 < score.r2 - 0.1


def test_position_and_several_motifs_count():
    """The same word twice as strong at one place, and the sum of two words at a distance."""
    random = np.random.default_rng(0)
    codes = random.integers(0, 4, (8000, SIZE)).astype(np.uint8)
    holds = [(codes[:, place : place + 2] == [0, 1]).all(1).astype(float) for place in range(SIZE - 1)]
    values = 2 * holds[1] + holds[7] + 3 * holds[1] * holds[7]
    model = ActivationModel([motif("AC", 1)], codes[:4000], values[:4000])
    assert np.corrcoef(model.predict(codes[4000:]), values[4000:])[0, 1] > 0.95
    alone = Occurrences(motif("AC", 1), SIZE).best(codes[4000:])
    assert np.corrcoef(alone, values[4000:])[0, 1] < 0.9


def test_without_motifs_nothing_is_explained_and_a_constant_neuron_is_not_measured():
    probe = WindowProbe(SequenceModel("reader", Reader("ACG", 3)), "read")
    given = windows(4000)
    none = measure_faithfulness(probe, 0, [], given, np.random.default_rng(1))
    assert (none.auroc, none.r2, none.r2_shuffled, none.nucleotides) == (0.5, 0, 0, 0)
    assert none.r2_windows > 0.9
    assert none.kept < 0.05
    dead = np.zeros(len(given.codes), np.float32)
    silent = measure_faithfulness(probe, 0, [motif("ACGU")], given, np.random.default_rng(1), activations=dead)
    assert all(np.isnan(value) for value in vars(silent).values())
    few = Windows(given.codes[:60], given.background, 30)
    assert np.isnan(measure_faithfulness(probe, 0, [motif("ACG", 3)], few, np.random.default_rng(1)).r2)


@pytest.mark.slow
def test_of_a_neuron_that_seldom_answers_the_answers_are_the_top():
    probe = WindowProbe(SequenceModel("reader", Reader("ACGUA", 3)), "read")  # 1 of 1,024 windows
    score = measure_faithfulness(probe, 0, [motif("ACGUA", 3)], windows(12_000), np.random.default_rng(1))
    assert score.auroc > 0.99
    assert score.kept > 0.95


def test_what_windows_have_beside_their_bases_stays():
    net = SequenceModel("tracks", Reader("AC", 3, tracks=1), InputSpec(channels=5))
    probe = WindowProbe(net, "read")
    given = windows()
    tracks = np.ones((len(given.codes), 1, SIZE), np.float32)
    known = Windows(given.codes, given.background, given.fitted, tracks)
    score = measure_faithfulness(probe, 0, [motif("AC", 3)], known, np.random.default_rng(1))
    assert score.r2 > 0.95
    assert score.kept > 0.95
    silent = measure_faithfulness(probe, 0, [motif("AC", 3)], given, np.random.default_rng(1))
    assert np.isnan(silent.r2)  # without the track the neuron never answers


def test_a_shuffled_motif_is_as_sharp_and_long():
    one = motif("ACGUUUGG", 2)
    other = shuffled_motif(one, np.random.default_rng(0))
    assert not np.array_equal(one.pfm, other.pfm)
    assert sorted(other.information) == pytest.approx(sorted(one.information))
    assert (other.start, len(other)) == (2, 8)
