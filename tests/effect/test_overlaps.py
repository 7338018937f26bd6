"""Sites that cannot be scrambled on their own, against hand-marked ones."""

from __future__ import annotations

import numpy as np
import pytest

from combmotif.config.effects import InteractionOptions
from combmotif.effect import interaction
from combmotif.effect.overlaps import confounded, held_by_chance, stop_codons, straddled
from combmotif.effect.pattern import as_pattern
from combmotif.sequence.alphabet import encode


def marks(a: str, b: str, words: list[str], avoid=(), stops=None):
    codes = [encode(word) for word in words]
    first, second = as_pattern(a), as_pattern(b)
    sites = first.find(codes)
    bad = confounded(sites, first, second, second.find(codes), [as_pattern(w) for w in avoid], codes, stops)
    return list(zip(*(x.tolist() for x in sites), bad.tolist(), strict=True))


def test_copies_of_the_partner_that_reach_beyond_the_site_are_marked():
    assert marks("GGAC", "ACC", ["GGACCUU", "GGACUACC"]) == [(0, 0, True), (1, 0, False)]
    assert marks("ACC", "GGAC", ["GGACCUU"]) == [(0, 2, True)]
    assert marks("AUUUA", "AUUUA", ["AUUUAUUUA", "AUUUAAUUUA"]) == [
        (0, 0, True), (0, 4, True), (1, 0, False), (1, 5, False),
    ]  # fmt: skip


def test_a_copy_inside_the_site_is_part_of_it_and_the_inner_site_is_marked():
    assert marks("UAUUUAU", "AUUUA", ["CUAUUUAUC"]) == [(0, 1, False)]
    assert marks("AUUUA", "UAUUUAU", ["CUAUUUAUC"]) == [(0, 2, True)]


def test_words_to_avoid_count_at_the_border_only():
    assert marks("CCAU", "GGG", ["CCAUG", "CCAUC"], avoid=["AUG"]) == [(0, 0, True), (1, 0, False)]
    assert marks("CAUGC", "GGG", ["CAUGC"], avoid=["AUG"]) == [(0, 0, False)]
    assert marks("AUG", "GGG", ["AUGC"], avoid=["AUG"]) == [(0, 0, False)]


def test_stop_codons_count_in_frame_only():
    codes = [encode("CCUAAUAAC"), encode("CCUAAUAAC")]
    tracks = [np.array([[0, 0, 1, 0, 0, 1, 0, 0, 0]]), np.array([[0, 1, 0, 0, 1, 0, 0, 0, 0]])]
    rows, starts = stop_codons(codes, tracks)
    assert (rows.tolist(), starts.tolist()) == ([0, 0], [2, 5])
    assert straddled((np.array([0, 1]), np.array([1, 1])), 3, (rows, starts), 3, longest=9).tolist() == [True, False]


def test_all_marks_equal_a_plain_search():
    rng = np.random.default_rng(0)
    words = ["".join(rng.choice(list("AU"), size)) for size in rng.integers(3, 30, 40)]
    for a, b in (("AUU", "UAUA"), ("AUAU", "AUA"), ("UU", "UU"), ("AAUA", "AUAAU")):
        for row, start, bad in marks(a, b, words):
            word, expected = words[row], False
            for at in range(len(word) - len(b) + 1):
                shares = at < start + len(a) and at + len(b) > start
                inside = start <= at and at + len(b) <= start + len(a)
                expected |= word[at : at + len(b)] == b and shares and not inside
            assert bad == expected, (word, start, a, b)


@pytest.mark.slow
def test_pairs_keep_their_additivity_where_copies_overlap(word_model, planted):
    words = ("GGACU", "UGUAA")
    sequences = planted(words, 80)
    kept, skipped = (
        interaction(
            word_model("additive"), sequences, [words], InteractionOptions(overlaps=rule, controls=0, backgrounds=0)
        ).instances
        for rule in ("keep", "skip")
    )
    assert (kept.e != 0).any()
    assert (skipped.e == 0).all()


def test_words_inside_a_site_count_where_the_motif_does_not_ask_for_them():
    codes = [encode(text) for text in ("CGCAUGGC", "CGCCUGGC", "GCAUGGAUG")]
    pattern, start = as_pattern("GCNUGG"), as_pattern("AUG")
    sites = pattern.find(codes)
    assert held_by_chance(sites, pattern, start, start.find(codes)).tolist() == [True, False, True]
    part = as_pattern("GCAUGG")
    assert not held_by_chance(part.find(codes), part, start, start.find(codes)).any()
    assert confounded(sites, pattern, pattern, (sites[0][:0], sites[1][:0]), [start], codes).tolist() == [
        True, False, True,
    ]  # fmt: skip
