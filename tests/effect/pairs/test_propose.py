"""Pairs chosen from motifs whose places are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from combmotif.effect.pairs.propose import choose_pairs
from combmotif.motifs.motif import Motif, MotifSet
from combmotif.sequence.alphabet import encode
from combmotif.sequence.sets import random_sequences


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


def test_families_take_turns_whatever_stands_together_by_chance():
    motifs = MotifSet((motif("m1", "NNN" + A), motif("m2", B + "NN"), motif("m3", C)))
    codes = sequences({(A, B): 10, (A, C): 20, (C, C): 15})
    pairs = choose_pairs(motifs, [0, 1, 2], codes)
    # A x A uses A twice; then the two others that are new; then those that are least used
    assert consensus(pairs) == [(A, A), (B, B), (C, C), (A, B), (A, C), (B, C)]
    assert pairs[0].a.name == "m1[3:8]"
    assert consensus(choose_pairs(motifs, [0, 1, 2], codes[::-1][:3])) == consensus(pairs)
    assert consensus(choose_pairs(motifs, [0, 1, 2], codes, max_pairs=1)) == [(A, A)]


def test_large_families_are_paired_first():
    motifs = MotifSet((motif("m1", A), motif("m2", B), motif("m3", B + "G"), motif("m4", C)))
    codes = sequences({(A, C): 50})
    assert consensus(choose_pairs(motifs, [0, 1, 1, 2], codes))[0] == (B + "G", B + "G")


def test_pairs_that_no_sequence_is_long_enough_for_are_left_out():
    motifs = MotifSet((motif("m1", A), motif("m2", B)))
    assert choose_pairs(motifs, [0, 1], [encode("ACGUACGU")]) == []


def test_vague_segments_are_passed_over():
    motifs = MotifSet((motif("m1", A), motif("m2", "G")))
    codes = sequences({(A, "G"): 20})
    assert consensus(choose_pairs(motifs, [0, 1], codes)) == [(A, A)]


def test_two_segments_of_one_motif_come_first_in_its_order_and_at_its_distance():
    motifs = MotifSet((motif("m1", C), motif("m2", A + "NNNNNNNN" + B)))
    common = np.tile(encode("C" * 40), (150, 1))
    common[:, 5:10], common[:, 18:23] = encode(A), encode(B)
    first = choose_pairs(motifs, [0, 1], list(common))[0]
    assert (first.a.name, first.b.name) == ("m2[0:5]", "m2[13:18]")
    assert (first.order, first.spacing, first.distance) == ("ab", (8, 8), 8)
    common[:100, 18:23], common[:100, 19:24] = encode("CCCCC"), encode(B)  # 50 at 8 nt, 100 at 9 nt
    assert choose_pairs(motifs, [0, 1], list(common))[0].spacing == (7, 9)
    rare = choose_pairs(motifs, [0, 1], sequences({(A, B): 8, (C, C): 30}))
    assert (rare[0].spacing, rare[0].distance) == ((0, None), 8)
    assert consensus(rare) == [(A, B), (C, C), (A, A), (C, A)]


def test_two_motifs_of_one_neuron_are_paired_before_families():
    named = [replace(motif(f"m{i}", word, 3.0 - i), layer="c", neuron=i // 2) for i, word in enumerate((A, B, C))]
    pairs = choose_pairs(MotifSet(tuple(named)), [0, 1, 2], sequences({(C,): 1}))
    assert consensus(pairs)[0] == (A, B)
    assert pairs[0].family_a == ""
    whole = [replace(one, neuron=-1) for one in named]  # motifs of the whole net are read by no neuron together
    assert consensus(choose_pairs(MotifSet(tuple(whole)), [0, 1, 2], sequences({(C,): 1})))[0] == (A, A)


def test_a_start_codon_is_paired_with_the_stop_codons_in_frame_behind_it():
    motifs = MotifSet((motif("m1", "GCCAUGG"), motif("m2", "CUGACC"), motif("m3", C)))
    pairs = choose_pairs(motifs, [0, 1, 2], sequences({(C,): 1}))
    assert [pair.name for pair in pairs if pair.frame == 0] == ["AUG x UGA (A first, in frame)"]
    assert pairs[0].frame == 0
    dna = MotifSet(motifs.motifs, alphabet="dna")
    assert not any(pair.frame == 0 for pair in choose_pairs(dna, [0, 1, 2], sequences({(C,): 1})))


def test_pairs_of_neurons_leave_room_for_families():
    named = []
    for neuron in range(8):
        for k, word in enumerate((A, C)):
            extra = "ACGU"[neuron // 2] * (1 + neuron % 2)
            named.append(replace(motif(f"m{neuron}.{k}", word + extra), layer="c", neuron=neuron))
    labels = [k % 2 for k in range(16)]
    pairs = choose_pairs(MotifSet(tuple(named)), labels, sequences({(C,): 1}), max_pairs=8)
    assert sum(pair.family_a != "" for pair in pairs) == 2
    assert len(pairs) == 8


def test_a_family_is_represented_by_its_strongest_member():
    motifs = MotifSet((motif("weak", A, 1.0), motif("strong", A + "G", 2.0), motif("other", C)))
    pairs = choose_pairs(motifs, [0, 0, 1], sequences({(A + "G", C): 10}))
    first = [pair for pair in pairs if pair.a.name != pair.b.name]
    assert [(p.a.name, p.b.name) for p in first] == [("strong[0:6]", "other[0:5]")]
    assert [(p.family_a, p.family_b) for p in first] == [(A + "G", C)]


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
