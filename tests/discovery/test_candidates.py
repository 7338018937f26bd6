"""From what was found in windows to motifs tried in random ones."""

from dataclasses import replace

import numpy as np

from combmotif.discovery.candidates import _left, _rests, make_candidates
from combmotif.discovery.choose import Candidate
from combmotif.discovery.drafts import Choice, Draft, Found
from combmotif.discovery.trial_words import Word, letter_word, mode_words, paired_word, template_word
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
    plain = random.integers(0, 4, (500, probe.receptive_field)).astype(np.uint8)
    level = replace(samples, activations=np.full(len(samples), samples.background + 1))
    return make_candidates(probe, level, words, np.arange(len(samples)), plain, random, strongest=1.5)


def test_a_word_tried_before_is_not_tried_again_but_its_places_count(planted, enumerated):
    probe = Counting(planted(["TGTACG"], [{0: 1.0, 1: 1.0}], width=2))
    samples = enumerated(probe.probe)
    once, *_ = made(probe, samples, [word("TGTACG", 1, 30)])
    asked, probe.asked = probe.asked, 0
    first, again, *_ = made(probe, samples, [word("TGTACG", 1, 30), word("TGTAC", 2)])
    assert probe.asked == asked
    assert consensus(once.columns) == consensus(first.columns) == consensus(again.columns) == "TGTACG"
    assert (first.draft.starts, again.draft.starts) == ({1: 30.0}, {2: 20.0})
    assert (first.mass, again.mass) == (30, 20)


def test_words_without_letters_places_or_effect_are_left_out(planted, enumerated):
    probe = planted(["TGTACG"], [{0: 1.0}])
    nothing = Word(({},), np.zeros(3, int), np.arange(3))
    found = made(probe, enumerated(probe), [nothing, word("TGTACG", 0, 0), word("AAAAAA", 0)])
    assert {consensus(candidate.columns) for candidate in found} == {"TGTACG"}  # read in the windows


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


def test_modes_are_read_in_the_windows_that_have_them(planted, enumerated):
    probe = planted(["TGTACG", "CCAGAT"], [{0: 1.0}, {0: 1.0}])
    samples = enumerated(probe)
    found = {consensus_of(word): word for word in mode_words(probe, samples, samples.codes)}
    assert set(found) == {"TGTACG", "CCAGAT"}
    some = found["TGTACG"]
    columns = min(some.letters[0]) + some.places[:, None] + np.arange(6)
    there = np.take_along_axis(samples.codes[some.windows], columns, 1)
    assert ((there == np.array([3, 2, 3, 0, 1, 2])).sum(1) >= 5).all()


def consensus_of(word: Word) -> str:
    return "".join("ACGT"[word.letters[0][column]] for column in sorted(word.letters[0]))


def single(text: str, strength: float, starts: dict[int, float]) -> Candidate:
    deviation = np.zeros((len(text), 4))
    for column, base in enumerate("ACGT".find(letter) for letter in text):
        if base >= 0:
            deviation[column] = np.where(np.arange(4) == base, 0.75, -0.25)
    return Candidate(Draft((100 * (deviation + 0.25),), starts), deviation, strength, strength, 50.0, strength)


def test_what_is_left_of_a_sum_is_a_word():
    known, whole = single("TGTACG", 1.0, {0: 5.0}), single("TGTACGNNCCAGAT", 2.0, {3: 2.0, 4: 1.0})
    ((rest, mass),) = _rests(whole, [known, whole])
    assert rest.letters == ({8: 1, 9: 1, 10: 0, 11: 2, 12: 0, 13: 3},)
    assert (rest.places.tolist(), mass) == ([3, 3, 4], 50.0)
    assert _rests(known, [known, whole]) == []
    assert _rests(whole, [single("TGTACG", 1.9, {0: 5.0}), whole]) == []  # as strong as the whole


def test_weak_motifs_are_tried_together_at_the_distances_of_windows():
    parts = (letters("TGTACG"), dict(enumerate([1, 1, 0, 2, 0, 3])))
    random = np.random.default_rng(0)
    codes = random.integers(0, 4, (300, 30)).astype(np.uint8)
    for row, apart in zip(codes, np.repeat([9, 12, 15], 100), strict=True):
        row[3:9] = [3, 2, 3, 0, 1, 2]
        row[3 + apart : 9 + apart] = [1, 1, 0, 2, 0, 3]
    found = paired_word(parts, codes)
    usual = min(found.letters[1])
    assert {step + usual for step in found.steps[0]} == {9, 12, 15}
    assert paired_word(parts, codes[:100]) is None  # always at one distance


def test_letters_of_what_is_known_are_not_left():
    window = np.array(["ACGT".find(letter) for letter in "NTGNACGNNNCAGATN"])
    assert _left(window, []) == 10
    assert _left(window, [single("TGTACG", 1.0, {0: 5.0})]) == 5
    assert _left(window, [single("TGTACG", 1.0, {0: 5.0}), single("CCAGAT", 1.0, {0: 5.0})]) == 0


def test_windows_show_what_a_motif_leaves_unexplained(planted, drawn):
    probe = planted(["TGTACG", "CCAGAT"], [{0: 1.0}, {5: 1.0}], width=6)

    def write(row, random):
        row[0:6] = [3, 2, 3, 0, 1, 2]
        row[10:16] = [1, 1, 0, 2, 0, 3]

    samples = drawn(probe, 60, write)
    random = np.random.default_rng(0)
    plain = random.integers(0, 4, (500, probe.receptive_field)).astype(np.uint8)
    known = word("TGTACG", 0, len(samples))
    found = make_candidates(probe, samples, [known], np.arange(len(samples)), plain, random, strongest=samples.maximum)
    assert any("CCAGAT" in consensus(candidate.columns) for candidate in found)


def test_the_reverse_complement_is_tried_too(planted, enumerated):
    probe = planted(["TGGAAG", "CTTCCA"], [{0: 1.0}, {0: 1.0}])
    found = made(probe, enumerated(probe), [word("TGGAAG", 0)])
    assert {"TGGAAG", "CTTCCA"} <= {consensus(candidate.columns) for candidate in found}
