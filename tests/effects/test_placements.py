"""Placements against hand-counted ones."""

from __future__ import annotations

import numpy as np

from combmotif.effects.pattern import as_pattern
from combmotif.effects.placements import find_placements
from combmotif.sequence.alphabet import encode


def places(a: str, b: str, words: list[str], names=None, **options):
    names = names or [f"s{i}" for i in range(len(words))]
    options = {"pair": "p", "seed": 0, "max_placements": 100} | options
    return find_placements(as_pattern(a), as_pattern(b), [encode(w) for w in words], names, **options)


def as_set(result):
    return set(zip(result.rows.tolist(), result.start_a.tolist(), result.start_b.tolist(), strict=True))


def test_both_orders_count_and_overlaps_do_not():
    result = places("AUGA", "GACC", ["AUGACC", "AUGAGACC", "GACCCAUGA", "AUGAUUGACCAUGA"])
    assert as_set(result) == {(1, 0, 4), (2, 5, 0), (3, 0, 6), (3, 10, 6)}
    assert result.sequences_with_pair == 3


def test_homotypic_pairs_count_once_and_never_overlap():
    result = places("UUU", "UUU", ["UUUUACUUU", "UUUU", "UUUUUU"])
    assert as_set(result) == {(0, 0, 6), (0, 1, 6), (2, 0, 3)}


def test_caps_hold_and_say_how_many_there_were():
    words = ["AUGCCCUAA" * 3] * 30
    result = places("AUG", "UAA", words, max_sequences=10, max_placements=2)
    assert result.sequences_with_pair == 30
    assert len(np.unique(result.rows)) == 10
    assert np.bincount(result.rows).max() == 2
    assert len(as_set(result)) == 20


def test_choice_does_not_depend_on_the_order_of_the_sequences():
    words = ["AUGCCCUAA" * 3] * 30
    names = [f"s{i}" for i in range(30)]
    one = places("AUG", "UAA", words, names, max_sequences=10, max_placements=2)
    two = places("AUG", "UAA", words, names[::-1], max_sequences=10, max_placements=2)
    assert as_set(one) == {(29 - row, a, b) for row, a, b in as_set(two)}


def test_nothing_found_is_an_empty_result():
    result = places("AUG", "UAA", ["CCCCCC", "AUGCC"])
    assert (len(result), result.sequences_with_pair) == (0, 0)


def test_many_sites_stay_bounded():
    result = places("AA", "AA", ["A" * 5000], max_placements=50)
    assert len(as_set(result)) == 50
    assert (result.start_a + 2 <= result.start_b).all()
