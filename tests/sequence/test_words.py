import numpy as np
import pytest

from combmotif.sequence import encode
from combmotif.sequence.alphabet import contains
from combmotif.sequence.sets import random_sequences


def rows(*texts):
    return np.stack([encode(text) for text in texts])


def test_words_are_found_where_they_stand():
    codes = rows("AUGCCC", "CCCAUG", "AUCGGG", "NUGAAN")
    assert contains(codes, "AUG").tolist() == [True, True, False, False]
    assert contains(codes, "aug").tolist() == contains(codes, "ATG").tolist()
    assert contains(codes, "GR").tolist() == [False, False, True, True]
    assert not contains(codes, "AUGCCCA").any()


def test_excluded_words_are_drawn_again():
    drawn = random_sequences(2000, 50, seed=3, exclude=["AUG"])
    codes = np.stack(drawn.codes)
    assert not contains(codes, "AUG").any()
    assert "without AUG" in drawn.source
    free = np.stack(random_sequences(2000, 50, seed=3).codes)
    kept = ~contains(free, "AUG")
    assert 0.4 < kept.mean() < 0.55  # 48 places, each AUG with 1/64
    assert (codes[kept] == free[kept]).all()
    again = random_sequences(2000, 50, seed=3, exclude=["AUG"])
    assert (np.stack(again.codes) == codes).all()


def test_a_word_that_cannot_be_avoided_is_an_error():
    with pytest.raises(ValueError, match="exclude"):
        random_sequences(10, 50, seed=0, exclude=["N"])
