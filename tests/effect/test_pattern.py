"""Occurrences of words and matrices."""

from __future__ import annotations

import numpy as np
import pytest

from combmotif.effect.pattern import as_pattern, letter_chances, own_places
from combmotif.motifs.motif import Motif
from combmotif.sequence.alphabet import encode
from combmotif.sequence.sets import random_sequences


def motif(word: str, count: float = 100.0) -> Motif:
    pfm = np.full((len(word), 4), 1.0)
    pfm[np.arange(len(word)), encode(word)] = count
    return Motif("conv1:0.m1", pfm, 100)


def test_a_word_matches_where_its_letters_allow_and_never_on_n():
    pattern = as_pattern("ugtn")
    assert (pattern.name, len(pattern), pattern.p_value) == ("UGUN", 4, 1 / 64)
    assert pattern.matches(encode("AUGUAUGUNUGU")).tolist() == [c == "1" for c in "010000000"]
    assert as_pattern("AUG", alphabet="dna").name == "ATG"


def test_sites_and_matches_agree_for_a_matrix():
    pattern = as_pattern(motif("UGUANAUA".replace("N", "A"), 8), p_value=1e-3, background=(0.3, 0.2, 0.2, 0.3))
    sequences = random_sequences(200, 80, seed=1, frequencies=(0.3, 0.2, 0.2, 0.3)).codes
    rows, starts = pattern.find(sequences)
    expected = [(row, start) for row, codes in enumerate(sequences) for start in np.flatnonzero(pattern.matches(codes))]
    assert list(zip(rows, starts, strict=True)) == expected
    assert len(rows) == pytest.approx(200 * 73 * 1e-3, rel=0.5)


def test_a_motif_too_short_for_the_p_value_matches_its_best_word_only():
    pattern = as_pattern(motif("AUG"), p_value=1e-3)
    assert pattern.matches(encode("CAUGAUC")).tolist() == [False, True, False, False, False]
    rows, starts = pattern.find([encode("CAUGAUC"), encode("AAA"), encode("AUGAUG")])
    assert (rows.tolist(), starts.tolist()) == ([0, 2, 2], [1, 0, 3])


def test_kept_columns_are_named():
    pattern = as_pattern(motif("AUGGCA"), columns=(1, 5))
    assert (pattern.name, pattern.consensus, len(pattern)) == ("conv1:0.m1[1:5]", "UGGC", 4)
    assert pattern.described("a") == {"motif_a": "conv1:0.m1", "columns_a": "1-5", "name_a": "UGGC"}
    assert as_pattern("UGG").described("b") == {"motif_b": "UGG", "columns_b": "", "name_b": "UGG"}


def test_a_sequence_shorter_than_the_motif_has_no_window():
    assert as_pattern("AUGGCA").matches(encode("AUG")).shape == (0,)


def test_bad_words_are_refused():
    with pytest.raises(ValueError, match="'X' is not an IUPAC"):
        as_pattern("AUX")
    with pytest.raises(ValueError, match="empty word"):
        as_pattern("")


@pytest.mark.parametrize(
    ("word", "own"),
    [("GCCAUGG", [3]), ("GCNUGGA", []), ("AUGNNAUG", [0, 5]), ("AU", []), ("ANG", [])],
)
def test_a_word_is_a_part_of_a_motif_where_its_bases_are_asked_for(word, own):
    assert np.flatnonzero(own_places(as_pattern(word), as_pattern("AUG"))).tolist() == own


def test_a_word_is_a_part_of_itself_with_an_n_as_well():
    assert own_places(as_pattern("UGUANAUA"), as_pattern("UGUANAUA")).tolist() == [True]
    assert own_places(as_pattern("CUGUANAUAG"), as_pattern("UGUANAUA")).tolist() == [False, True, False]
    assert not own_places(as_pattern("UGUANAUA"), as_pattern("UGUAGAUA")).any()


def test_a_column_without_information_asks_for_nothing():
    pfm = np.full((3, 4), 10.0)
    pfm[[0, 2], [0, 2]] = 1000
    pfm[1] = [20, 20, 20, 24]  # U is the most frequent, by little
    assert not own_places(as_pattern(Motif("m", pfm, 84)), as_pattern("AUG")).any()
    pfm[1] = [5, 5, 5, 85]
    assert own_places(as_pattern(Motif("m", pfm, 84)), as_pattern("AUG")).tolist() == [True]


def test_chances_of_letters_are_those_of_the_matrix_or_equal_ones():
    assert letter_chances(as_pattern("RN")).tolist() == [[0.5, 0, 0.5, 0], [0.25] * 4]
    matrix = motif("AC")
    np.testing.assert_array_equal(letter_chances(as_pattern(matrix)), matrix.ppm)
