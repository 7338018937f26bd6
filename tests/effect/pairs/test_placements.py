"""Placements against hand-counted ones."""

from __future__ import annotations

import numpy as np

from combmotif.effect.pairs.pair import Pair
from combmotif.effect.pairs.placements import Windows, find_placements
from combmotif.effect.pattern import as_pattern
from combmotif.sequence.alphabet import encode


def places(a: str, b: str, words: list[str], names=None, **options):
    names = names or [f"s{i}" for i in range(len(words))]
    rules = {key: options.pop(key) for key in ("order", "spacing", "frame", "end_frame") if key in options}
    options = {"seed": 0, "max_sequences": 200, "max_placements": 100} | options
    pair = Pair(as_pattern(a), as_pattern(b), **rules)
    return find_placements(pair, [encode(w) for w in words], names, **options)


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


def test_rules_choose_among_the_placements():
    words = ["AUGCCCUAACCAUG"]  # AUG at 0 and 11, UAA at 6
    assert as_set(places("AUG", "UAA", words)) == {(0, 0, 6), (0, 11, 6)}
    assert as_set(places("AUG", "UAA", words, order="ab")) == {(0, 0, 6)}
    assert as_set(places("AUG", "UAA", words, order="ba")) == {(0, 11, 6)}
    assert as_set(places("AUG", "UAA", words, frame=0)) == {(0, 0, 6)}
    assert as_set(places("AUG", "UAA", words, frame=2)) == {(0, 11, 6)}
    assert as_set(places("AUG", "UAA", words, spacing=(3, 10))) == {(0, 0, 6)}
    assert as_set(places("AUG", "UAA", words, spacing=(0, 2))) == {(0, 11, 6)}
    assert as_set(places("AUG", "UAA", words, end_frame=2)) == {(0, 0, 6)}  # 14 nt to the end
    assert as_set(places("AUG", "UAA", words, end_frame=0)) == {(0, 11, 6)}  # 3 nt to the end
    far = places("AUG", "UAA", words, spacing=(4, None))
    assert (len(far), far.sequences_with_pair) == (0, 0)


def test_both_sites_lie_in_one_window():
    words = ["AUGCCCUAACCAUG"] * 2
    windows = Windows(np.array([1, 1]), np.array([0, 6]), 8)  # 0-8 and 6-14 of the second
    assert as_set(places("AUG", "UAA", words, windows=windows)) == {(1, 11, 6)}


def test_the_same_test_has_the_same_key_whichever_motif_is_called_a():
    a, b = as_pattern("AUG"), as_pattern("UAA")
    assert Pair(a, b, order="ab").key() == Pair(b, a, order="ba").key()
    assert Pair(a, b, order="ab").key() != Pair(b, a, order="ab").key()
    assert Pair(a, b, frame=0).key() != Pair(a, b).key()
    assert Pair(a, b, end_frame=0).key() != Pair(b, a, end_frame=0).key()
    assert Pair(a, b, end_frame=0).name == "AUG x UAA (A in frame to the 3' end)"
    assert Pair(a, b, order="ab", frame=0, spacing=(0, 30)).name == "AUG x UAA (A first, in frame, 0-30 nt apart)"
