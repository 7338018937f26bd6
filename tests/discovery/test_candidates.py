"""From what was found in windows to motifs tried in random ones."""

import numpy as np

from combmotif.discovery.candidates import Word, letter_word, make_candidates, template_word
from combmotif.discovery.drafts import Choice, Draft, Found
from combmotif.discovery.units import Copies, Unit


class Counting:
    """A probe that counts the windows it is asked for."""

    def __init__(self, probe):
        self.probe, self.receptive_field, self.asked = probe, probe.receptive_field, 0

    def activations(self, codes, tracks=None):
        self.asked += len(codes)
        return self.probe.activations(codes, tracks)


def letters(word: str) -> dict[int, int]:
    return {column: "ACGT".index(letter) for column, letter in enumerate(word)}


def word(text: str, place: int, count: int = 20) -> Word:
    return Word((letters(text),), np.full(count, place), np.arange(count))


def consensus(columns: np.ndarray) -> str:
    return "".join("ACGT"[row.argmax()] if row.max() > 0.25 else "N" for row in columns)


def made(probe, samples, words):
    random = np.random.default_rng(0)
    return make_candidates(probe, samples, words, np.ones(len(samples)), random, strongest=1.5)


def test_a_word_tried_before_is_not_tried_again_but_its_places_count(planted, enumerated):
    probe = Counting(planted(["TGTACG"], [{0: 1.0, 1: 1.0}], width=2))
    samples = enumerated(probe.probe)
    (once,) = made(probe, samples, [word("TGTACG", 1, 30)])
    asked, probe.asked = probe.asked, 0
    first, again = made(probe, samples, [word("TGTACG", 1, 30), word("TGTAC", 2)])
    assert probe.asked == asked
    assert consensus(once.columns) == consensus(first.columns) == consensus(again.columns) == "TGTACG"
    assert (first.draft.starts, again.draft.starts) == ({1: 30.0}, {2: 20.0})
    assert (first.mass, again.mass) == (30, 20)


def test_words_without_letters_places_or_effect_are_left_out(planted, enumerated):
    probe = planted(["TGTACG"], [{0: 1.0}])
    nothing = Word(({},), np.zeros(3, int), np.arange(3))
    assert made(probe, enumerated(probe), [nothing, word("TGTACG", 0, 0), word("AAAAAA", 0)]) == []


def test_the_gradient_and_the_letters_are_read_as_words():
    template = np.zeros((1, 6, 4))
    for column, base in {1: 3, 2: 2, 4: 0}.items():
        template[0, column, base] = 1
    copies = Copies(np.array([0, 2]), np.array([0, 0]), np.array([5, 7]))
    found = template_word(copies, Unit((0,), (0,), True), template, 3)
    assert found.letters == ({1: 3, 2: 2, 4: 0},)
    assert (found.windows.tolist(), found.places.tolist()) == ([0, 2], [5, 7])

    pair = (np.array([[90.0, 5, 3, 2], [25, 25, 25, 25]]), np.array([[2.0, 3, 5, 90]]))
    draft = Draft(pair, {4: 3.0}, ({6: 1.0, 7: 5.0},))
    places = np.array([[4, 11], [0, 0], [4, 10]])
    read = letter_word(Choice(draft, Found(np.array([9.0, -np.inf, 9.0]), places), np.array([True, False, True])))
    assert read.letters == ({0: 0}, {7: 3})
    assert read.steps == ({-1: 1.0, 0: 5.0},)
    assert (read.windows.tolist(), read.places.tolist()) == ([0, 2], [4, 4])
