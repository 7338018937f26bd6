"""Coding regions of tracks that were written by hand."""

from __future__ import annotations

import numpy as np

from combmotif.effect.frame import AMINO_ACIDS, coding_region, codon_phase, region_lengths, translate
from combmotif.sequence.alphabet import encode


def track(text: str) -> np.ndarray:
    return np.array([int(letter) for letter in text], dtype=np.uint8)


def test_coding_region_is_from_the_first_mark_to_the_end_of_the_last_codon():
    assert coding_region(track("001001000")) == (2, 8)
    assert coding_region(track("00100100")) == (2, 8)
    assert coding_region(track("0010010")) == (2, 5)  # the last codon is cut off
    assert coding_region(track("0000")) is None


def test_marks_that_are_no_frame_are_refused():
    assert coding_region(track("0010100")) is None
    assert coding_region(np.array([0, 0.5, 0, 0])) is None


def test_phase_counts_within_codons_only():
    assert codon_phase(track("01001000")).tolist() == [-1, 0, 1, 2, 0, 1, 2, -1]


def test_region_lengths_sum_to_the_length_and_are_empty_without_a_frame():
    tracks = [np.stack([track("00100100"), track("00000001")]), np.zeros((2, 5))]
    found = region_lengths(tracks)
    assert {name: values.tolist() for name, values in found.items()} == {
        "utr5_length": [2, 0], "cds_length": [6, 0], "utr3_length": [0, 0],
    }  # fmt: skip
    assert region_lengths(None) == {}
    assert region_lengths([np.zeros((1, 4))]) == {}


def test_translation_follows_the_standard_code():
    known = {"AUG": "M", "UAA": "*", "UGA": "*", "UGG": "W", "AGC": "S", "AGA": "R", "CUA": "L", "UUA": "L", "GAC": "D"}
    letters = sorted(set(AMINO_ACIDS))
    found = translate(np.stack([encode(codon) for codon in known]))
    assert [letters[index] for index in found] == list(known.values())
    assert translate(encode("ANG")) == -1
    assert sum(letter == "*" for letter in AMINO_ACIDS) == 3
