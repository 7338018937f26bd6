"""What the layers below read is where a search begins, and every way up is among its windows."""

import numpy as np
import pytest

from combmotif.sampling import EvolveOptions, evolve
from combmotif.sampling.modes import modes
from combmotif.sampling.seeds import planted_windows

LONG = ["TGTATAACGC", "GCATGCTTAC", "CCCAGGGATA"]
"""Random windows of 30 nt hold 8 letters or more of such a word in 1 of 130."""


def shown(word: np.ndarray) -> str:
    return "".join("ACGT"[letter] for letter in word if letter >= 0)


def carried(codes: np.ndarray, word: str, letters: int) -> np.ndarray:
    wanted = np.array(["ACGT".index(letter) for letter in word])
    views = np.lib.stride_tricks.sliding_window_view(codes, len(wanted), axis=1)
    return (views == wanted).sum(2).max(1) >= letters


@pytest.fixture
def alternatives(words):
    """A neuron that any of three words excites, the first twice as much as the last."""
    return words(LONG, [{(row, place): worth for row, worth in enumerate((1.0, 0.8, 0.5)) for place in range(9)}], 9)


def test_planted_windows_hold_the_words_of_kernels(alternatives):
    planted = planted_windows(alternatives)
    assert planted is planted_windows(alternatives)
    best = planted.pure(0)
    assert sorted(planted.kernels[best]) == [0, 1, 2]
    for row in best:
        assert carried(planted.codes[[row]], LONG[planted.kernels[row]], 10)[0]
    np.testing.assert_allclose(planted.values, alternatives.activations(planted.codes), rtol=1e-5)


def test_each_way_up_is_found_with_the_letters_it_needs(alternatives):
    found = [shown(read) for read, _ in modes(alternatives, 0, 0.0, 3.0)]
    assert len(found) == 3
    assert all(any(part in word for word in LONG) and len(part) >= 8 for part in found)


def test_a_net_without_lower_layers_has_no_modes(random_net):
    probe = random_net("conv1", kernel=5)
    assert planted_windows(probe) is None
    assert modes(probe, 0, 0.0, 1.0) == []


@pytest.mark.slow
def test_samples_show_every_alternative(alternatives, generators):
    (samples,) = evolve(alternatives, [0], seeds=generators(0), options=EvolveOptions(keep=1000))
    shares = [carried(samples.codes, word, 8).mean() for word in LONG]
    assert min(shares) > 0.05
    alone = (
        carried(samples.codes, LONG[2], 8) & ~carried(samples.codes, LONG[0], 7) & ~carried(samples.codes, LONG[1], 7)
    )
    assert alone.sum() >= 10
    frequencies = np.stack([(samples.codes[alone] == base).mean() for base in range(4)])
    assert frequencies.max() < 0.5


@pytest.mark.slow
def test_a_neuron_that_needs_two_words_is_excited(words, generators):
    probe = words(LONG[:2], [{(0, 0): 1.0, (1, 8): 1.0}], 9)
    probe.model.module.conv2.bias.data.fill_(-4.0)  # both words are worth 6, either alone leaves it silent
    (samples,) = evolve(probe, [0], seeds=generators(0), options=EvolveOptions(keep=500, generations=60))
    assert samples.maximum == pytest.approx(2.0)
    top = samples.codes[samples.activations > 1.9]
    assert carried(top, LONG[0], 10).all()
    assert carried(top, LONG[1], 10).all()
