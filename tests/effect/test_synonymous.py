"""Codons for the same protein."""

from __future__ import annotations

import numpy as np

from combmotif.effect.synonymous import permute_free, replace_codons
from combmotif.sequence import decode, encode

KEYS = np.linspace(0, 1, 600, endpoint=False)[None]


def drawn(codon, places):
    words, counts = np.unique(
        [decode(row) for row in replace_codons(encode(codon)[None], places, KEYS)[0]], return_counts=True
    )
    return dict(zip(words.tolist(), counts.tolist(), strict=True))


def test_allowed_codons_are_drawn_alike():
    assert drawn("GCU", [2]) == dict.fromkeys(("GCA", "GCC", "GCG", "GCU"), 150)
    assert drawn("CUA", [0, 1, 2]) == dict.fromkeys(("CUA", "CUC", "CUG", "CUU", "UUA", "UUG"), 100)
    assert drawn("CUA", [0]) == {"CUA": 300, "UUA": 300}
    assert drawn("AUG", [0, 1, 2]) == {"AUG": 600}
    assert drawn("UAA", [0, 1, 2]) == dict.fromkeys(("UAA", "UAG", "UGA"), 200)
    assert drawn("UAA", [2]) == {"UAA": 300, "UAG": 300}
    assert drawn("GCU", []) == {"GCU": 600}


def test_a_codon_with_an_n_stays():
    assert drawn("GNU", [0, 1, 2]) == {"GNU": 600}


def test_only_free_bases_are_permuted():
    codes = encode("ACGUAC")
    held = np.array([True, False, False, True, False, False])
    shuffled = permute_free(codes, np.array([0.0, 0.9, 0.1, 0.0, 0.5, 0.3]), held)
    assert decode(shuffled) == "AGCUAC"  # free C G A C in the order of their keys: G, C (the last), A, C
    many = permute_free(np.tile(codes, (50, 1)), np.random.default_rng(0).random((50, 6)), np.tile(held, (50, 1)))
    assert (many[:, held] == codes[held]).all()
    assert (np.sort(many, axis=1) == np.sort(codes)).all()
    assert len(np.unique(many, axis=0)) == 12  # orders of C, G, A, C
