"""Choosing among motifs that were tried in random windows."""

from dataclasses import replace

import numpy as np
import pytest

from combmotif.discovery.choose import Candidate, choose
from combmotif.discovery.drafts import Draft


def columns(word: str) -> np.ndarray:
    """Deviation from uniform of a word; N is free."""
    result = np.zeros((len(word), 4))
    for row, letter in zip(result, word, strict=True):
        if letter != "N":
            row[:] = -0.25
            row["ACGT".index(letter)] = 0.75
    return result


def candidate(word: str, strength: float = 1.0, excitation: float | None = None, mass: float = 100.0) -> Candidate:
    deviation = columns(word)
    draft = Draft((100 * (deviation + 0.25),), {0: 1.0})
    return Candidate(draft, deviation, strength, strength if excitation is None else excitation, mass, strength)


def words(candidates: list[Candidate]) -> list[str]:
    return ["".join("ACGT"[row.argmax()] if row.any() else "N" for row in c.columns) for c in candidates]


def test_weak_motifs_are_left_out():
    assert words(choose([candidate("TGTACG"), candidate("CCAGAT", 0.2)], 1.0)) == ["TGTACG"]


def test_doubles_are_joined_with_their_places():
    (kept,) = choose([candidate("TGTACGAA"), candidate("NTGTACGAA", 1.05)], 1.0)
    assert words([kept]) == ["TGTACGAA"]
    assert kept.draft.starts == {0: 1.0, 1: 1.0}


def test_a_rare_shorter_form_does_not_stand_for_both():
    for mass, left in ((60.0, "CGTACAG"), (20.0, "CGTACAGT")):
        assert words(choose([candidate("CGTACAGT"), candidate("CGTACAG", 0.95, mass=mass)], 1.0)) == [left]


@pytest.mark.parametrize(
    ("strength", "mass", "left"), [(1.5, 50, "TGTACGAA"), (0.5, 50, "TGTACG"), (1.5, 10, "TGTACG")]
)
def test_a_longer_motif_takes_the_place_of_its_piece_unless_it_is_weak_or_rare(strength, mass, left):
    found = choose([candidate("TGTACG"), candidate("TGTACGAA", strength, mass=mass)], 2.0)
    assert words(found) == [left]


def test_a_pair_is_the_sum_of_its_parts_unless_the_neuron_needs_both():
    parts = [candidate("TGTACG", 1.0), candidate("CCAGAT", 1.0)]
    assert set(words(choose([*parts, candidate("TGTACGNNCCAGAT", 2.0)], 2.0))) == {"TGTACG", "CCAGAT"}
    needy = [candidate("TGTACG", 1.0, 0.0), candidate("CCAGAT", 1.0, 0.1)]
    assert words(choose([*needy, candidate("TGTACGNNCCAGAT", 2.0)], 2.0)) == ["TGTACGNNCCAGAT"]


def test_copies_of_one_motif_are_not_another_motif():
    found = choose([candidate("TGTACG", 1.0, 0.0), candidate("TGTACGNTGTACG", 2.0)], 2.0)
    assert words(found) == ["TGTACG"]


def test_a_motif_that_overlaps_itself_is_not_another_motif():
    found = choose([candidate("GATTGA", 1.0), candidate("GATTGATTGA", 1.5)], 2.0)
    assert words(found) == ["GATTGA"]


def test_parts_that_excite_the_neuron_by_themselves_stay():
    parts = [candidate("TGTACG", 1.0, 0.3), candidate("CCAGAT", 1.0, 0.3)]
    assert set(words(choose([*parts, candidate("TGTACGNNCCAGAT", 2.0, 1.1)], 2.0))) == {"TGTACG", "CCAGAT"}
    assert words(choose([*parts, candidate("TGTACGNNCCAGAT", 2.0, 1.3)], 2.0)) == ["TGTACGNNCCAGAT"]


def test_halves_of_one_motif_that_act_by_themselves_go():
    halves = [candidate("TGTACG", 1.0, 0.5), candidate("CCAGAT", 1.0, 0.3)]
    whole = candidate("TGTACGCCAGAT", 2.4, 1.1, 90)
    assert words(choose([*halves, whole], 2.4)) == ["TGTACGCCAGAT"]
    for other in (replace(whole, excitation=0.9), replace(whole, mass=30.0), replace(whole, strength=2.1)):
        assert set(words(choose([*halves, other], 2.4))) == {"TGTACG", "CCAGAT"}


def test_halves_that_overlap_are_one_motif_where_the_whole_is_as_frequent():
    halves = [candidate("TGTACGAT", 1.5), candidate("GATTCCAG", 1.2)]
    whole = candidate("TGTACGATTCCAG", 2.1)
    assert words(choose([*halves, whole], 2.4)) == ["TGTACGATTCCAG"]
    for other in (replace(whole, mass=80.0), replace(whole, strength=2.5)):
        assert set(words(choose([*halves, other], 2.4))) == {"TGTACGAT", "GATTCCAG"}


def test_parts_have_the_letters_of_the_whole_where_they_lie_apart():
    alone = [candidate("TGTACCAT", 1.2), candidate("CCAGATGA", 1.0)]
    for whole, left in (
        ("TGTACGATNNCCAGATGA", ["CCAGATGA", "TGTACGAT"]),
        ("TGTACGATCCAGATGA", ["CCAGATGA", "TGTACGAT"]),
    ):
        found = choose([*alone, candidate(whole, 2.0)], 2.0)
        assert sorted(words(found)) == left
        assert all(part.in_sum for part in found)
    rare = candidate("TGTACGATNNCCAGATGA", 2.0, mass=30.0)
    assert sorted(words(choose([*alone, rare], 2.0))) == ["CCAGATGA", "TGTACCAT"]
    overlapping = [candidate("TGTACCAT", 1.2), candidate("ATCCAGAA", 1.0)]
    assert set(words(choose([*overlapping, candidate("TGTACGATCCAGAA", 2.0)], 2.0))) == {"TGTACCAT", "ATCCAGAA"}


def test_pairs_are_cut_where_their_parts_are_apart():
    near, far = pair("TGTACGC", "CAGATG", {7: 5.0}), pair("TGTACG", "CCAGATG", {8: 4.0})
    (kept,) = choose([replace(near, mass=200.0), far], 2.0)
    assert [len(part) for part in kept.draft.parts] == [6, 7]


def test_a_piece_that_explains_most_of_a_sum_does_not_hide_another():
    parts = [candidate("CGCGATTA", 1.0), candidate("TAGCG", 0.9)]
    assert sorted(words(choose([*parts, candidate("CGCGATTAGC", 1.7)], 2.0))) == ["CGCGATTA", "TAGCG"]


def test_a_sum_is_made_of_parts_and_not_of_other_sums():
    parts = [candidate("TGTACG", 1.0, 0.3), candidate("CCAGATGA", 1.0, 0.3)]
    whole, lesser = candidate("TGTACGNNCCAGATGA", 2.0, 1.1), candidate("TGTACGNNCCA", 1.2, 0.1, mass=5.0)
    assert set(words(choose([*parts, whole, lesser], 2.0))) == {"TGTACG", "CCAGATGA"}


def test_a_longer_form_that_is_stronger_stands_unless_it_is_rare():
    for mass, left in ((90, "TGTACGAAC"), (10, "TGTACGAA")):
        found = choose([candidate("TGTACGAA", 1.0), candidate("TGTACGAAC", 1.3, mass=mass)], 2.0)
        assert words(found) == [left]


def test_of_two_readings_that_whose_words_excite_the_neuron_more_stands():
    vague, clear = candidate("TGTACGAACCAG", 1.1), candidate("TGTACGATCCAG", 1.0, mass=60.0)
    assert words(choose([replace(vague, drawn=0.5), replace(clear, drawn=0.9)], 2.0)) == ["TGTACGATCCAG"]
    assert words(choose([replace(vague, drawn=0.8), replace(clear, drawn=0.9)], 2.0)) == ["TGTACGAACCAG"]
    rare = replace(clear, drawn=0.9, mass=10.0)
    assert words(choose([replace(vague, drawn=0.5), rare], 2.0)) == ["TGTACGAACCAG"]
    assert words(choose([replace(vague, drawn=0.5), replace(rare, spread=60.0)], 2.0)) == ["TGTACGATCCAG"]


def test_a_stronger_longer_form_with_frequent_letters_stays_beside_its_piece():
    piece, longer = candidate("TGTACG", 1.0), replace(candidate("TGTACGNCCAGA", 1.3, mass=10.0), spread=50.0)
    assert set(words(choose([piece, longer], 2.0))) == {"TGTACG", "TGTACGNCCAGA"}
    for other in (replace(longer, spread=20.0), replace(longer, strength=1.1)):
        assert words(choose([piece, other], 2.0)) == ["TGTACG"]
    assert set(words(choose([piece, candidate("CCAGA", 1.25), longer], 2.0))) == {"TGTACG", "CCAGA"}


def test_two_that_overlap_and_hardly_add_up_are_no_motif():
    parts = [candidate("TGTACGAT", 0.9), candidate("GATTCCAG", 0.95)]
    assert set(words(choose([*parts, candidate("TGTACGATTCCAG", 1.0)], 2.0))) == {"TGTACGAT", "GATTCCAG"}


def test_a_motif_may_drop_several_longer_ones():
    found = choose([candidate("TGTACG"), candidate("TGTACGAA", 0.5), candidate("CCTGTACG", 0.5)], 1.0)
    assert words(found) == ["TGTACG"]


def test_alternatives_with_a_common_core_both_stay():
    found = choose([candidate("ATCTGAGTTC", 1.0), candidate("ATCTGCTTG", 0.9)], 1.0)
    assert sorted(words(found)) == ["ATCTGAGTTC", "ATCTGCTTG"]


def pair(first: str, second: str, steps: dict[int, float]) -> Candidate:
    """Two parts at several distances of their starts."""
    usual = max(steps, key=lambda step: steps[step])
    gap = "N" * (usual - len(first))
    parts = tuple(100 * (columns(word) + 0.25) for word in (first, second))
    return Candidate(Draft(parts, {0: 10.0}, (steps,)), columns(first + gap + second), 2.0, 1.0, 100.0, 2.0)


@pytest.mark.parametrize(
    "other",
    [candidate("TGTACGNNNNCCAGAT", 1.9), pair("TGTACG", "CCAGAT", {10: 4.0}), pair("GTACG", "CCAGAT", {9: 4.0})],
)
def test_pairs_of_the_same_parts_become_one_with_all_distances(other):
    (kept,) = choose([pair("TGTACG", "CCAGAT", {8: 5.0}), other], 2.0)
    assert set(kept.draft.steps[0]) == {8, 10}


def test_a_pair_that_is_rare_at_each_distance_takes_the_place_of_its_part():
    single = candidate("TGTACG", 1.0, 0.5, mass=500.0)
    near, far = (pair("TGTACG", "CCAGAT", {step: 5.0}) for step in (8, 11))
    (kept,) = choose([single, near, far], 2.0)  # each is in a fifth of the windows of the part
    assert set(kept.draft.steps[0]) == {8, 11}
    assert kept.mass == 200.0


def test_a_pair_stays_beside_parts_that_excite_the_neuron_by_themselves():
    parts = [candidate("TGTACG", 1.0, 0.3), candidate("CCAGAT", 1.0, 0.3)]
    found = choose([*parts, pair("TGTACG", "CCAGAT", {8: 5.0})], 2.0)  # 1.0 together
    assert set(words(found)) == {"TGTACG", "CCAGAT", "TGTACGNNCCAGAT"}
    added = choose([candidate("TGTACG", 1.0, 0.6), parts[1], pair("TGTACG", "CCAGAT", {8: 5.0})], 2.0)
    assert set(words(added)) == {"TGTACG", "CCAGAT"}


def test_pairs_of_other_parts_stay_apart():
    found = choose([pair("TGTACG", "CCAGAT", {8: 5.0}), pair("TGTACG", "GAATTA", {8: 5.0})], 2.0)
    assert len(found) == 2


def test_the_stronger_form_of_a_pair_stands():
    weaker = replace(pair("GTACG", "CCAGAT", {8: 5.0}), strength=1.5, mass=200.0)
    (kept,) = choose([weaker, pair("TGTACG", "CCAGAT", {8: 5.0})], 2.0)
    assert words([kept]) == ["TGTACGNNCCAGAT"]
