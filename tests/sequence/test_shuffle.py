"""Shuffles against exhaustive enumeration."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from scipy.stats import chisquare

from combmotif.sequence.alphabet import decode, encode
from combmotif.sequence.shuffle import dinucleotide_shuffle, shuffle


def pairs(word: str) -> tuple[str, ...]:
    return tuple(sorted(word[i : i + 2] for i in range(len(word) - 1)))


def test_shuffle_draws_every_arrangement_equally_often():
    draws = shuffle(encode("AACGU"), 12_000, np.random.default_rng(0))
    words, counts = np.unique([decode(d) for d in draws], return_counts=True)
    assert set(words) == {"".join(p) for p in permutations("AACGU")}
    assert chisquare(counts).pvalue > 0.001


@pytest.mark.parametrize("word", ["ACGACAUC", "AACCAACA", "ACACACGA", "AAAAACAG", "GAUUACAU"])
def test_dinucleotide_shuffle_is_uniform_over_all_sequences_with_these_dinucleotides(word):
    expected = {"".join(p) for p in permutations(word) if pairs("".join(p)) == pairs(word)}
    expected = {w for w in expected if w[0] == word[0] and w[-1] == word[-1]}
    draws = dinucleotide_shuffle(encode(word), 200 * len(expected), np.random.default_rng(1))
    words, counts = np.unique([decode(d) for d in draws], return_counts=True)
    assert set(words) == expected
    assert len(expected) == 1 or chisquare(counts).pvalue > 0.001


def test_dinucleotide_shuffle_keeps_counts_of_a_long_sequence_and_moves_it():
    codes = np.random.default_rng(2).integers(0, 4, 500).astype(np.uint8)
    draws = dinucleotide_shuffle(codes, 5, np.random.default_rng(3))
    for draw in draws:
        assert pairs(decode(draw)) == pairs(decode(codes))
    assert (draws != codes).mean() > 0.5
    assert len(np.unique(draws, axis=0)) == 5


def test_heavy_two_letter_repeat_with_a_single_way_out_needs_no_luck():
    word = "AC" * 2000 + "GU"
    draws = dinucleotide_shuffle(encode(word), 3, np.random.default_rng(0))
    assert all(pairs(decode(d)) == pairs(word) for d in draws)


@pytest.mark.parametrize("function", [shuffle, dinucleotide_shuffle])
def test_unknown_letters_stay_in_place(function):
    word = "NACGACGUANNGGAUCAUGAN"
    draws = function(encode(word), 50, np.random.default_rng(4))
    assert ((draws == 4) == (encode(word) == 4)).all()
    assert len(np.unique(draws, axis=0)) > 1
    if function is dinucleotide_shuffle:
        assert all(pairs(decode(d)) == pairs(word) for d in draws)


@pytest.mark.parametrize("function", [shuffle, dinucleotide_shuffle])
@pytest.mark.parametrize("word", ["", "A", "NN", "AC", "UUUUUU"])
def test_sequences_without_freedom_come_back_unchanged(function, word):
    draws = function(encode(word), 3, np.random.default_rng(0))
    assert draws.shape == (3, len(word))
    if function is dinucleotide_shuffle or len(set(word)) < 2:
        assert (draws == encode(word)).all()


def test_same_generator_state_gives_the_same_draws():
    codes = encode("ACGGAUUCAGACGAU")
    one, two = (dinucleotide_shuffle(codes, 4, np.random.default_rng(7)) for _ in range(2))
    assert (one == two).all()


def test_one_hot_instead_of_codes_is_refused_with_the_shape():
    with pytest.raises(ValueError, match=r"codes: expected integers 0-4 of shape \(length,\), found float64"):
        shuffle(np.eye(4), 1, np.random.default_rng(0))
