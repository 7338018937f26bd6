"""What a neuron wants of a motif, in random windows."""

import numpy as np
import pytest

from combmotif.discovery.polish import FLANK, polish
from combmotif.sampling.samples import Samples


def letters(word: str) -> dict[int, int]:
    return {column: "ACGT".index(letter) for column, letter in enumerate(word) if letter != "N"}


def samples_of(probe) -> Samples:
    codes = np.random.default_rng(1).integers(0, 4, (50, probe.receptive_field)).astype(np.uint8)
    return Samples("conv2", 0, codes, probe.activations(codes)[:, 0], "evolve")


def consensus(ppm: np.ndarray) -> str:
    return "".join("ACGT"[row.argmax()] if row.max() > 0.5 else "N" for row in ppm)


@pytest.mark.parametrize("word", ["TGTACG", "GTACG", "TGTACGAC"])
def test_a_word_is_cut_or_grown_to_what_the_neuron_reads(planted, word):
    probe = planted(["TGTACG"], [{0: 1.0, 1: 1.0}], width=2)
    shift = "TGTACGAC".index(word)
    places = [place + shift for place in (0, 1) if place + shift + len(word) <= probe.receptive_field]
    found = polish(probe, samples_of(probe), letters(word), places or [0], np.random.default_rng(0))
    assert consensus(found.ppm).strip("N") == "TGTACG"
    assert found.low == -FLANK
    assert found.ppm.sum(1) == pytest.approx(1)
    assert found.strength > 0


def test_an_alternative_beside_it_leaves_no_trace(planted):
    probe = planted(["TGTACG", "CCAGAT"], [{0: 1.0, 1: 1.0}, {0: 1.0, 1: 1.0}], width=2)
    for word in ("TGTACG", "CCAGAT"):
        found = polish(probe, samples_of(probe), letters(word), [0, 1], np.random.default_rng(0))
        assert consensus(found.ppm).strip("N") == word


def test_a_neuron_that_saturates_is_asked_where_it_doubts(planted):
    class Saturated:
        """As active with one letter wrong as with none."""

        def __init__(self, probe):
            self.probe, self.receptive_field = probe, probe.receptive_field

        def activations(self, codes, tracks=None):
            return np.minimum(self.probe.activations(codes, tracks), 0.4)

    probe = Saturated(planted(["TGTACG"], [{0: 1.0}]))
    found = polish(probe, samples_of(probe), letters("TGTACG"), [0], np.random.default_rng(0))
    assert consensus(found.ppm).strip("N") == "TGTACG"


@pytest.mark.parametrize(("weak", "worth", "most"), [("TTTACTCTG", 0.22, np.inf), ("NNNNTTTACTC", 0.35, 7.15)])
def test_a_part_that_matters_less_is_not_lost(weak, worth, most):
    strong = "TCTAG"

    class Additive:
        """Adds 1 per letter of a word and less per letter of another, both at their place, up to a limit."""

        receptive_field = 20

        def activations(self, codes, tracks=None):
            wanted = ["ACGT".find(letter) for letter in strong + weak]
            value = np.array([1.0] * len(strong) + [worth * (letter != "N") for letter in weak])
            return np.minimum((codes[:, 2 : 2 + len(wanted)] == wanted) @ value, most)[:, None]

    probe = Additive()
    found = polish(probe, samples_of(probe), letters(strong + weak), [2], np.random.default_rng(0))
    assert consensus(found.ppm).strip("N") == strong + weak
    alone = polish(probe, samples_of(probe), letters(strong), [2], np.random.default_rng(0))
    assert consensus(alone.ppm).strip("N") == strong


def test_a_word_the_neuron_does_not_read_has_no_strength(planted):
    probe = planted(["TGTACG"], [{0: 1.0}])
    found = polish(probe, samples_of(probe), letters("AAAAAA"), [0], np.random.default_rng(0))
    assert found.excitation <= 0.05


def test_a_word_that_leaves_the_neuron_cold_is_given_up(planted):
    probe = planted(["TGTACG"], [{0: 1.0}])
    assert polish(probe, samples_of(probe), letters("AAAAAA"), [0], np.random.default_rng(0), least=1.0) is None


def test_the_same_seed_gives_the_same(planted):
    probe = planted(["TGTACG"], [{0: 1.0, 1: 1.0}], width=2)
    first, second = (
        polish(probe, samples_of(probe), letters("TGTACG"), [0, 1], np.random.default_rng(3)) for _ in range(2)
    )
    assert np.array_equal(first.ppm, second.ppm)


def test_contexts_have_the_tracks_of_the_samples(planted):
    class Recorder:
        """A probe that wants to see tracks."""

        def __init__(self, probe):
            self.probe, self.receptive_field, self.seen = probe, probe.receptive_field, []

        def activations(self, codes, tracks=None):
            self.seen.append(tracks)
            return self.probe.activations(codes)

    probe = Recorder(planted(["TGTACG"], [{0: 1.0}]))
    samples = samples_of(probe.probe)
    tracks = np.arange(50, dtype=np.float32)[:, None, None] * np.ones((1, 2, probe.receptive_field), np.float32)
    with_tracks = Samples("conv2", 0, samples.codes, samples.activations, "evolve", tracks=tracks)
    polish(probe, with_tracks, letters("TGTACG"), [0], np.random.default_rng(0))
    assert all(seen is not None and seen.shape[1:] == (2, probe.receptive_field) for seen in probe.seen)
    polish(probe, samples, letters("TGTACG"), [0], np.random.default_rng(0))
    assert probe.seen[-1] is None
