"""Statistics against slow references and published values."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import stats

from combmotif.effect import statistics
from combmotif.effect.statistics import (
    benjamini_hochberg,
    detectable_size,
    hodges_lehmann,
    mann_whitney,
    signed_rank,
    welch,
)

# Hollander and Wolfe, Nonparametric Statistical Methods, table 3.1: depression scale before and after (9 patients).
DEPRESSION = np.array([0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29]) - np.array(
    [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30]
)


def test_benjamini_hochberg_matches_the_step_up_rule_and_skips_nan():
    p = np.array([0.01, np.nan, 0.04, 0.03, 0.005, np.nan])
    q = benjamini_hochberg(p)
    np.testing.assert_allclose(q[[0, 2, 3, 4]], [0.02, 0.04, 0.04, 0.02])
    assert np.isnan(q[[1, 5]]).all()
    assert np.isnan(benjamini_hochberg(np.full(3, np.nan))).all()


def test_welch_matches_the_formula():
    rng = np.random.default_rng(0)
    a, b = rng.normal(1, 1, 12), rng.normal(0, 3, 30)
    va, vb = a.var(ddof=1) / 12, b.var(ddof=1) / 30
    df = (va + vb) ** 2 / (va**2 / 11 + vb**2 / 29)
    half = stats.t.isf(0.025, df) * np.sqrt(va + vb)
    result = welch(a, b)
    np.testing.assert_allclose(
        result,
        [a.mean() - b.mean(), a.mean() - b.mean() - half, a.mean() - b.mean() + half,
         2 * stats.t.sf(abs(a.mean() - b.mean()) / np.sqrt(va + vb), df)],
    )  # fmt: skip


def test_welch_of_constant_groups_has_an_estimate_but_no_p():
    result = welch(np.ones(5), np.zeros(5))
    assert result.estimate == 1
    assert np.isnan(result[1:]).all()


def test_auc_counts_pairs_with_ties_as_half():
    a, b = np.array([3.0, 2, 5]), np.array([1.0, 2, 4, 0])
    expected = np.mean([(x > y) + 0.5 * (x == y) for x in a for y in b])
    assert mann_whitney(a, b).auc == pytest.approx(expected)
    assert np.isnan(mann_whitney(a, b[:0])).all()


def test_signed_rank_matches_the_textbook_example():
    assert signed_rank(DEPRESSION) == pytest.approx(0.0390625, abs=1e-12)


def test_exact_signed_rank_matches_all_sign_flips():
    values = np.array([0.3, -0.1, 0.7, 1.1, -0.4, 0.9, 0.2])
    ranks = stats.rankdata(np.abs(values))
    observed = abs(np.sum(ranks * np.sign(values)))
    flips = [abs(np.dot(ranks, signs)) for signs in product([-1, 1], repeat=7)]
    assert signed_rank(values) == pytest.approx(np.mean(np.array(flips) >= observed - 1e-9))


def test_smallest_possible_p_of_six_sequences_is_one_in_32():
    assert signed_rank(np.array([1.0, 2, 3, 4, 5, 6])) == 0.03125


def test_zeros_are_ranked_then_dropped_as_pratt_says():
    values = np.array([0, 0, 1.0, -2, 3, 4, 5, 6, 7, 8])
    ranks = stats.rankdata(np.abs(values))[2:]
    plus = ranks[values[2:] > 0].sum()
    mean, variance = ranks.sum() / 2, (ranks**2).sum() / 4
    assert signed_rank(values) == pytest.approx(2 * stats.norm.sf(abs(plus - mean) / np.sqrt(variance)))


def test_no_difference_at_all_is_p_one_and_no_data_is_nan():
    assert signed_rank(np.zeros(10)) == 1.0
    assert np.isnan(signed_rank(np.zeros(0)))


def test_hodges_lehmann_matches_the_textbook_example():
    result = hodges_lehmann(-DEPRESSION, confidence=1 - 0.0390625)
    assert result.estimate == pytest.approx(0.46)
    assert (result.ci_low, result.ci_high) == (pytest.approx(0.01), pytest.approx(0.786))


@pytest.mark.parametrize("n", [1, 2, 5, 6, 7, 30, 51, 80])
def test_hodges_lehmann_matches_a_slow_reference(n):
    values = np.random.default_rng(n).normal(size=n)
    walsh = np.sort([(values[i] + values[j]) / 2 for i in range(n) for j in range(i, n)])
    result = hodges_lehmann(values)
    assert result.estimate == pytest.approx(np.median(walsh), abs=1e-12)
    if n < 6:
        assert result.ci_low == -np.inf
        assert result.ci_high == np.inf
        return
    # The interval is the set of shifts that the test accepts: just inside both ends p > 0.05, just outside p <= 0.05.
    for end, inward in ((result.ci_low, 1), (result.ci_high, -1)):
        assert signed_rank(values - end - inward * 1e-9) > 0.05
        assert signed_rank(values - end + inward * 1e-9) <= 0.05 + 1e-12


@pytest.mark.parametrize("rounding", [None, 1])
def test_selection_without_listing_gives_the_same_result(monkeypatch, rounding):
    values = np.random.default_rng(3).normal(0.2, 1, 700)
    values = values if rounding is None else values.round(rounding)
    listed = hodges_lehmann(values)
    monkeypatch.setattr(statistics, "WALSH_LIMIT", 10)
    np.testing.assert_allclose(hodges_lehmann(values), listed, rtol=0, atol=1e-14)


def test_large_samples_stay_in_bounded_memory():
    values = np.random.default_rng(4).normal(1, 1, 20_000)
    result = hodges_lehmann(values)
    assert result.ci_low < 1.0 < result.ci_high
    assert result.ci_high - result.ci_low == pytest.approx(2 * 1.96 * np.sqrt(np.pi / 3) / np.sqrt(20_000), rel=0.05)


def test_all_zero_values_have_a_zero_interval():
    assert hodges_lehmann(np.zeros(20)) == (0, 0, 0)


def test_the_detectable_size_is_found_in_four_of_five_samples():
    random = np.random.default_rng(0)
    spread = random.normal(0, 2, 40)
    size = detectable_size(spread / spread.std(ddof=1) * 2, alpha=0.05)
    found = np.mean([signed_rank(random.normal(size, 2, 40)) < 0.05 for _ in range(600)])
    assert found == pytest.approx(0.8, abs=0.06)
    assert detectable_size(np.zeros(20), alpha=0.05) == 0
    assert detectable_size(np.ones(1), alpha=0.05) == np.inf
