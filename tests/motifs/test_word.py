from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest

from combmotif.motifs import word_ppm
from combmotif.motifs.word import word_test
from combmotif.sequence.alphabet import iupac_sets


def p_of(query: str | np.ndarray, word: str) -> float:
    return float(word_test([word_ppm(query) if isinstance(query, str) else query], [word]).p_value[0, 0])


@pytest.mark.parametrize(
    ("query", "word", "expected"),
    [
        ("AUG", "AUG", 4**-3),
        ("NNAUGNN", "AUG", 4**-3),  # flat flanks cost nothing
        ("AUGC", "AUG", 2 * 4**-3),  # two places
        ("UGUANAUA", "UGUANAUA", 4**-7),
        ("UGUAAAUA", "UGUANAUA", 4**-7),  # more information, still one place that can hold the word
        ("CACACA", "CACACA", 4**-6),
        ("GGAC", "DRAC", (3 / 4) * (1 / 2) / 16),
        ("AUG", "CCC", 1.0),
    ],
)
def test_known_chances(query, word, expected):
    assert p_of(query, word) == pytest.approx(expected)


def test_chance_equals_enumeration_of_all_shuffles():
    rng = np.random.default_rng(0)
    for word in ("AUG", "RUG", "YNY"):
        allowed = iupac_sets(word)
        for _ in range(5):
            query = rng.dirichlet([0.3] * 4, size=3)
            test = word_test([query], [word], min_information=0)
            if test.p_value[0, 0] == 1:
                continue
            shares = [np.array([column[list(o)] for o in permutations(range(4))]) @ a for column, a in
                      zip(query, allowed, strict=True)]  # fmt: skip
            every = np.array([np.prod(x) for x in product(*shares)])
            steps = np.array([sum(np.rint(-np.log2(np.maximum(x, 1e-9)) / 0.1)) for x in product(*shares)])
            observed = np.prod((query * allowed).sum(1))
            assert test.share[0, 0] == pytest.approx(observed)
            near = sum(np.rint(-np.log2((query * allowed).sum(1)) / 0.1))
            assert test.p_value[0, 0] == pytest.approx((steps <= near + 1e-9).mean())
            assert abs((every >= observed - 1e-12).mean() - test.p_value[0, 0]) < 0.05  # the grid is fine enough


def test_p_values_are_not_too_small_for_random_motifs():
    rng = np.random.default_rng(1)
    queries = [rng.dirichlet([0.2] * 4, size=8) for _ in range(1500)]
    p = word_test(queries, ["AUG", "AUUUA", "UGUANAUA", "YGCY", "GCACUUU"]).p_value
    for alpha in (0.05, 0.01, 0.001):
        assert (p <= alpha).mean() <= 1.3 * alpha


def test_flat_columns_spell_nothing():
    barely = 0.25 + 0.02 * (word_ppm("UGUAAAUA") - 0.25)
    assert p_of(barely, "UGUAAAUA") == 1


def test_a_quarter_of_a_word_may_stick_out():
    result = word_test([word_ppm("AAUAA")], ["AAUAAA", "AUUAAA", "AUG"])
    assert (result.offset[0, 0], result.overlap[0, 0]) == (0, 5)
    assert result.p_value[0, 0] < 0.01
    assert p_of("UG", "AUG") == 1  # never for three letters
    assert p_of("GUAAAUA", "UGUAAAUA") == pytest.approx(2 * 4**-7, rel=1.01)


def test_offset_is_the_column_of_the_query():
    result = word_test([word_ppm("CCGAUGAC")], ["AUG"])
    assert (result.offset[0, 0], result.overlap[0, 0]) == (3, 3)
