import numpy as np
import pandas as pd
import pytest
import torch

from combmotif.discovery import Demixed, demix_halves, demix_neuron, explained_excitation
from combmotif.discovery.halves import _halves
from combmotif.inference import WindowProbe
from combmotif.models.model import SequenceModel
from combmotif.motifs import Motif, word_ppm
from combmotif.sampling import Samples, evolve


def motif(word, start, **given):
    return Motif("conv2:0.m1", 500 * word_ppm(word), 500, "conv2", 0, start=start, **given)


def samples_of(probe, seed=0):
    return evolve(probe, [0], seeds=[np.random.default_rng(seed)])[0]


def demix_with(probe):
    return lambda samples, seed: demix_neuron(probe, samples, method="layers", seed=seed)


@pytest.mark.parametrize("count", [40, 41])
def test_halves_share_out_all_windows_and_cover_the_range(count):
    halves = _halves(count, np.random.default_rng(0))
    assert sorted(np.concatenate(halves)) == list(range(count))
    assert [len(half) for half in halves] == [(count + 1) // 2, count // 2]
    for half in halves:
        assert (np.diff(half) > 0).all()
        assert abs(half.mean() - (count - 1) / 2) < 1
    np.testing.assert_array_equal(_halves(count, np.random.default_rng(0))[0], halves[0])
    assert not np.array_equal(_halves(count, np.random.default_rng(1))[0], halves[0])


@pytest.mark.slow
def test_planted_motifs_come_again_and_explain(planted):
    probe = planted(["TGTACGT", "CCAGATA"], [{0: 1, 1: 1, 2: 1}, {0: 1, 1: 1, 2: 1}], width=3)
    samples = samples_of(probe)
    found = demix_halves(probe, samples, demix_with(probe), seed=3)
    words = {m.consensus("dna").strip("N") for m in found.motifs}
    assert words
    for one in found.motifs:
        assert one.reproducibility > 0.9
    assert max(one.explained for one in found.motifs) > 0.4
    first = samples.activations[_halves(len(samples), np.random.default_rng([3, 2]))[0]]
    for rows in found.rows:  # of the samples given, and of the first half alone
        assert np.isin(samples.activations[rows], first).all()
    again = demix_halves(probe, samples, demix_with(probe), seed=3)
    assert [m.reproducibility for m in again.motifs] == [m.reproducibility for m in found.motifs]
    assert [m.explained for m in again.motifs] == [m.explained for m in found.motifs]


def test_motifs_of_noise_do_not_come_again():
    """What is found differs in both halves, as a way of demixing does that finds accidents."""

    class Noise(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.conv2 = torch.nn.Conv1d(4, 1, 12)
            with torch.no_grad():
                self.conv2.weight.copy_(0.02 * torch.randn(1, 4, 12, generator=torch.Generator().manual_seed(0)))

        def forward(self, x):
            return self.conv2(x).amax(2)

    probe = WindowProbe(SequenceModel("noise", Noise()), "conv2")
    random = np.random.default_rng(0)
    codes = random.integers(0, 4, (2000, 12)).astype(np.uint8)
    values = random.random(2000).astype(np.float32)
    order = np.argsort(-values)
    samples = Samples("conv2", 0, codes[order], values[order] + 1, "evolve", background=0.5)

    def accidents(part, seed):
        words = ["".join(np.random.default_rng([seed, k]).choice(list("ACGU"), 8)) for k in range(10)]
        motifs = tuple(motif(word, 2) for word in words)
        return Demixed(motifs, tuple(np.arange(5) for _ in words), pd.DataFrame(), pd.DataFrame())

    found = demix_halves(probe, samples, accidents)
    assert np.median([m.reproducibility for m in found.motifs]) < 0.6
    assert max(m.reproducibility for m in found.motifs) < 0.8


def test_few_windows_are_demixed_once_and_nothing_is_measured(planted):
    probe = planted(["TGTACGT"], [{0: 1}])
    samples = samples_of(probe)
    few = Samples(**{**vars(samples), "codes": samples.codes[:30], "activations": samples.activations[:30]})
    seen = []

    def demix(part, seed):
        seen.append(len(part))
        return demix_neuron(probe, part, method="layers", seed=seed)

    found = demix_halves(probe, few, demix)
    assert seen == [30]
    assert all(np.isnan(m.reproducibility) and np.isnan(m.explained) for m in found.motifs)
    demix_halves(probe, few, demix, fewest=30)
    assert seen[1:] == [15, 15]
    demix_halves(probe, few, demix, fewest=30, whole=True)
    assert sorted(seen[3:]) == [15, 15, 30]


def test_of_all_windows_the_worse_half_counts(planted):
    probe = planted(["TGTACGT"], [{0: 1}])
    samples = samples_of(probe)
    answers = {len(samples): "UGUACGU", 0: "UGUACGU", 1: "UGUA"}

    def demix(part, seed):
        number = len(seen) if len(part) < len(samples) else len(samples)
        seen.append(number)
        return Demixed((motif(answers[number], 0),), (np.arange(3),), pd.DataFrame(), pd.DataFrame())

    seen: list[int] = []
    found = demix_halves(probe, samples, demix, whole=True)
    assert found.motifs[0].reproducibility == pytest.approx(np.sqrt(4 / 7), abs=0.01)
    assert found.rows[0].tolist() == [0, 1, 2]


def test_what_a_motif_explains_is_what_is_lost_without_it(planted):
    """Two words that add up, one worth twice the other: where both stand, a third and two thirds are lost."""
    probe = planted(["TGTACG", "CCAGAT"], [{0: 2}, {3: 1}], pool=2, width=4)
    size = probe.receptive_field
    random = np.random.default_rng(0)
    codes = random.integers(0, 4, (400, size)).astype(np.uint8)
    codes[:, :6] = [3, 2, 3, 0, 1, 2]
    codes[:, 6:12] = [1, 1, 0, 2, 0, 3]
    values = probe.activations(codes)[:, 0]
    order = np.argsort(-values)
    samples = Samples("conv2", 0, codes[order], values[order], "planted")
    motifs = [motif("UGUACG", 0), motif("CCAGAU", 6), motif("AAAAAAAA", 2)]
    shares = explained_excitation(probe, motifs, samples, random)
    # a net that takes 1.5 off the sum of 2 x 3 and 3 keeps 1.5 of 7.5, and 4.5 of 7.5
    assert shares[0] == pytest.approx(1 - 1.5 / 7.5, abs=0.1)
    assert shares[1] == pytest.approx(1 - 4.5 / 7.5, abs=0.1)
    assert shares[2] < 0.02
    assert explained_excitation(probe, [], samples, random).shape == (0,)
    nothing = Samples("conv2", 0, codes[:0], values[:0], "planted")
    assert np.isnan(explained_excitation(probe, motifs, nothing, random)).all()
