import numpy as np
import pytest

from combmotif.sequence import decode, encode
from combmotif.sequence.alphabet import iupac_sets


def test_u_and_t_and_case_are_one_letter():
    assert encode("ACGUacgtNn").tolist() == [0, 1, 2, 3, 0, 1, 2, 3, 4, 4]


def test_ambiguity_letters_become_n():
    assert encode("RYSWKMBDHV").tolist() == [4] * 10


def test_decode_follows_the_alphabet():
    codes = np.array([0, 1, 2, 3, 4], dtype=np.uint8)
    assert decode(codes) == "ACGUN"
    assert decode(codes, alphabet="dna") == "ACGTN"


def test_protein_letter_is_named_with_its_place():
    with pytest.raises(
        ValueError, match=r"record 'p': expected nucleotides .* found 'L' at position 3 \(is this a protein"
    ):
        encode("ACLG", name="record 'p'")


def test_letter_beyond_ascii():
    with pytest.raises(ValueError, match="found 'é' at position 2"):
        encode("AéG")


def test_iupac_sets():
    sets = iupac_sets("uRn")
    assert sets.tolist() == [[False, False, False, True], [True, False, True, False], [True] * 4]
    with pytest.raises(ValueError, match="'X' is not an IUPAC"):
        iupac_sets("AXG")
