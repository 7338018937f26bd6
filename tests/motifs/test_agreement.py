from dataclasses import replace

import numpy as np
import pytest

from combmotif.motifs import Motif, best_similarity, word_ppm
from combmotif.motifs.concordance import (
    agreement,
    arranged,
    chance_agreement,
    corrected,
    motif_similarity,
    strict_agreement,
)


def motif(word, share=1.0):
    return Motif(word, 1000 * word_ppm(word), 1000, share=share)


def blurred(one, amount):
    return replace(one, pfm=(1 - amount) * one.pfm + amount * 250)


def test_a_motif_is_itself_at_any_shift_and_however_sharp():
    assert motif_similarity(motif("UGUANAUA"), motif("UGUANAUA")) == pytest.approx(1)
    assert motif_similarity(motif("UGUANAUA"), motif("NNNUGUANAUANN")) == pytest.approx(1, abs=0.01)
    assert motif_similarity(motif("UGUANAUA"), blurred(motif("UGUANAUA"), 0.4)) == pytest.approx(1, abs=0.01)


def test_a_part_reaches_the_root_of_its_share():
    assert motif_similarity(motif("UGUANAUA"), motif("UGU")) == pytest.approx(np.sqrt(3 / 7), abs=0.01)
    assert motif_similarity(motif("UGU"), motif("UGUANAUA")) == pytest.approx(np.sqrt(3 / 7), abs=0.01)


def test_it_is_the_plain_cosine_at_the_best_shift():
    random = np.random.default_rng(0)
    for _ in range(20):
        # no column is weak enough to part the matrix into segments, so there is one way to lay them
        a, b = (1000 * random.dirichlet(np.full(4, 0.15), int(random.integers(3, 9))) for _ in range(2))
        first, second = Motif("a", a, 1000), Motif("b", b, 1000)
        x, y = first.ppm - 0.25, second.ppm - 0.25
        best = 0.0
        for shift in range(1 - len(y), len(x)):
            inner = sum(float(x[i] @ y[i - shift]) for i in range(len(x)) if 0 <= i - shift < len(y))
            best = max(best, inner / float(np.sqrt((x**2).sum() * (y**2).sum())))
        assert motif_similarity(first, second) >= best - 1e-6  # two copies of a shorter one may fit better
        assert motif_similarity(first, second) == pytest.approx(motif_similarity(second, first))


def test_a_gapped_motif_is_the_same_at_another_distance_but_not_in_another_order():
    near, far = motif("UGUACGNNNNCCAGAUA"), motif("UGUACGNNNNNNNCCAGAUA")
    assert motif_similarity(near, far) == pytest.approx(1, abs=0.01)
    assert motif_similarity(near, motif("CCAGAUANNNNNUGUACG")) < 0.8


def test_two_motifs_make_up_a_gapped_one_but_each_alone_does_not():
    whole, parts = motif("UGUACGNNNNCCAGAUA"), [motif("UGUACG"), motif("CCAGAUA")]
    assert arranged(whole, parts) == pytest.approx(1, abs=0.01)
    assert best_similarity(whole, parts) == pytest.approx(1, abs=0.01)
    assert best_similarity(parts[0], [whole]) == pytest.approx(np.sqrt(6 / 13), abs=0.01)
    assert arranged(whole, []) == 0
    assert best_similarity(whole, []) == 0


def test_a_motif_without_information_is_like_nothing():
    flat = Motif("flat", np.full((6, 4), 25.0), 100)
    assert motif_similarity(flat, motif("UGUA")) == 0
    assert motif_similarity(flat, flat) == 0


def test_identical_sets_agree_and_shares_weigh():
    found = [motif("UGUACG", 0.9), motif("CCAGAUA", 0.1)]
    assert agreement(found, found[::-1]) == pytest.approx(1)
    same, lost = motif("UGUACG"), best_similarity(found[1], [motif("UGUACG")])
    assert agreement(found, [same]) == pytest.approx((0.9 + 0.1 * lost + 1) / 2, abs=0.01)
    assert strict_agreement(found, [same]) == pytest.approx(2 / 3)


def test_where_a_share_is_not_known_motifs_count_alike():
    unknown = [motif("UGUACG", float("nan")), motif("CCAGAUA", 0.1)]
    lost = best_similarity(unknown[1], [motif("UGUACG")])
    assert agreement(unknown, [motif("UGUACG")]) == pytest.approx((1 + lost + 1) / 3, abs=0.01)


@pytest.mark.parametrize("measure", [agreement, strict_agreement])
def test_nothing_against_nothing_counts_nothing_and_one_empty_counts_zero(measure):
    assert np.isnan(measure([], []))
    assert measure([motif("UGUA")], []) == measure([], [motif("UGUA")]) == 0


def test_neurons_that_share_all_agree_by_chance_and_unrelated_sets_are_corrected_to_zero():
    random = np.random.default_rng(1)
    words = ["".join(random.choice(list("ACGU"), 7)) for _ in range(80)]
    first, second = ([[motif(word)] for word in words[side::2]] for side in (0, 1))
    chance = chance_agreement(first, second)
    raw = float(np.mean([agreement(a, b) for a, b in zip(first, second, strict=True)]))
    assert corrected(raw, chance) == pytest.approx(0, abs=0.1)
    assert 0.2 < chance < 0.6
    own = [agreement(a, a) for a in first]
    assert corrected(float(np.mean(own)), chance) == pytest.approx(1)
    shared = [[motif("GCCAUGG")]] * 5
    assert chance_agreement(shared, shared) == pytest.approx(1)
    assert np.isnan(corrected(1.0, 1.0))


def test_chance_needs_other_neurons_with_motifs():
    assert np.isnan(chance_agreement([[motif("UGUA")]], [[motif("UGUA")]]))
    assert corrected(0.5, float("nan")) == 0.5
    found = chance_agreement([[motif("UGUACG")], []], [[motif("UGUACG")], []])
    assert np.isnan(found)
    with pytest.raises(ValueError, match="second: expected the motifs of the same 2 neurons"):
        chance_agreement([[], []], [[]])
