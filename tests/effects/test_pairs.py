"""Pairs chosen from motifs whose places are known."""

from __future__ import annotations

import numpy as np
import pytest

from combmotif.effects.pairs import choose_pairs
from combmotif.motifs.motif import Motif, MotifSet
from combmotif.sequence.alphabet import encode
from combmotif.sequence.tables import random_sequences


def motif(name: str, word: str, activation: float = 1.0) -> Motif:
    """Columns of N are flat."""
    pfm = np.full((len(word), 4), 25.0)
    for position, letter in enumerate(word):
        if letter != "N":
            pfm[position] = 0
            pfm[position, "ACGU".index(letter)] = 100
    return Motif(name, pfm, 100, max_activation=activation)


def sequences(counts: dict[tuple[str, ...], int]) -> list[np.ndarray]:
    rows = []
    for words, count in counts.items():
        for row in range(count):
            codes = np.full(60, row % 2, dtype=np.uint8)  # all A or all C holds none of the motifs
            for slot, word in enumerate(words):
                codes[5 + 15 * slot : 5 + 15 * slot + len(word)] = encode(word)
            rows.append(codes)
    return rows


A, B, C = "GGAGG", "UGUGU", "GCGCG"


def consensus(pairs):
    return [(pair.a.consensus, pair.b.consensus) for pair in pairs]


def test_pairs_take_turns_and_the_commonest_comes_first():
    motifs = MotifSet((motif("m1", "NNN" + A), motif("m2", B + "NN"), motif("m3", C)))
    codes = sequences({(A, B): 10, (A, C): 20, (C, C): 15, (B, B): 5})
    pairs = choose_pairs(motifs, [0, 1, 2], codes)
    # A x C leads; then A x B, of two families used once in all, as C x C needs C twice more; B x B stands in too few
    assert consensus(pairs) == [(A, C), (A, B), (C, C)]
    assert pairs[0].a.name == "m1[3:8]"
    assert consensus(choose_pairs(motifs, [0, 1, 2], codes, max_pairs=1)) == [(A, C)]


def test_large_families_are_paired_before_common_words():
    motifs = MotifSet((motif("m1", A), motif("m2", B), motif("m3", B + "G"), motif("m4", C)))
    codes = sequences({(A, C): 50, (B + "G", B + "G"): 8, (A, B + "G"): 7})
    assert consensus(choose_pairs(motifs, [0, 1, 1, 2], codes))[0] == (B + "G", B + "G")


def test_vague_segments_are_passed_over():
    motifs = MotifSet((motif("m1", A), motif("m2", "G")))
    codes = sequences({(A, "G"): 20})
    assert consensus(choose_pairs(motifs, [0, 1], codes)) == []


def test_two_segments_of_one_motif_come_first():
    motifs = MotifSet((motif("m1", C), motif("m2", A + "NNNNNNNN" + B)))
    pairs = choose_pairs(motifs, [0, 1], sequences({(A, B): 8, (C, C): 30}))
    assert [(p.a.name, p.b.name) for p in pairs[:1]] == [("m2[0:5]", "m2[13:18]")]
    assert consensus(pairs) == [(A, B), (C, C)]


def test_a_family_is_represented_by_its_strongest_member():
    motifs = MotifSet((motif("weak", A, 1.0), motif("strong", A + "G", 2.0), motif("other", C)))
    pairs = choose_pairs(motifs, [0, 0, 1], sequences({(A + "G", C): 10}))
    assert [(p.a.name, p.b.name) for p in pairs] == [("strong[0:6]", "other[0:5]")]
    assert [(p.family_a, p.family_b) for p in pairs] == [(A + "G", C)]


def test_two_families_of_one_word_keep_two_names():
    motifs = MotifSet((motif("m1", A), motif("m2", A)))
    pairs = choose_pairs(motifs, [0, 1], sequences({(A, A): 10}))
    assert {(p.family_a, p.family_b) for p in pairs} <= {(A, A), (A, f"{A} (m2[0:5])")}
    assert pairs


def test_choice_is_repeatable_and_uses_no_random_numbers():
    motifs = MotifSet(tuple(motif(f"m{i}", w) for i, w in enumerate((A, B, C))))
    codes = random_sequences(20_000, 60, seed=0).codes
    one, two = (consensus(choose_pairs(motifs, [0, 1, 2], codes)) for _ in range(2))
    assert one == two
    assert len(one) == 6


def test_nothing_informative_means_no_pair():
    assert choose_pairs(MotifSet((motif("m1", "NNNNN"),)), [0], sequences({(A,): 3})) == []


def test_labels_must_fit_the_motifs():
    with pytest.raises(ValueError, match=r"family_labels: expected one per motif \(1\), found 2"):
        choose_pairs(MotifSet((motif("m1", A),)), [0, 1], [])
