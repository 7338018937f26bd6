"""Effects of hexamers fitted to counts: planted effects, the plain loss, sparsity, HAL's regions."""

from __future__ import annotations

import numpy as np
import pytest

from combmotif.models.architectures import hal
from combmotif.training.hexamer_fit import (
    HexamerFit,
    Outcome,
    count_hexamers,
    donor_outcome,
    fit_hexamers,
    predict_shares,
    simulate_counts,
)

TWO = [Outcome("spliced", {"exon": (0, 20)}), Outcome("unspliced")]


def planted(count, *, seed=0, reads=30):
    random = np.random.default_rng(seed)
    codes = random.integers(0, 4, (count, 25)).astype(np.uint8)
    truth = HexamerFit(("exon",), random.normal(0, 0.3, (4096, 1)), np.array([0.5, -0.5]), 0.0, 0, converged=True)
    return codes, truth, simulate_counts(codes, TWO, truth, reads=reads, generator=random)


@pytest.mark.slow
def test_planted_effects_are_recovered():
    codes, truth, counts = planted(40_000)
    fit = fit_hexamers(codes, counts, TWO)
    assert fit.converged
    assert np.corrcoef(fit.effects[:, 0], truth.effects[:, 0])[0, 1] >= 0.95
    assert abs(fit.bias.sum()) < 1e-9
    assert np.polyfit(truth.effects[:, 0], fit.effects[:, 0], 1)[0] == pytest.approx(1, abs=0.05)


def test_the_penalty_makes_effects_zero_and_the_optimum_satisfies_its_conditions():
    codes, _, counts = planted(3000)
    l1 = 1e-4
    fit = fit_hexamers(codes, counts, TWO, l1=l1)
    effects = fit.effects[:, 0]
    design = count_hexamers(codes, TWO)[0]
    shares = counts / counts.sum(1, keepdims=True)
    slope = design.T @ ((predict_shares(codes, TWO, fit) - shares)[:, 0] / len(codes))
    zero = np.abs(effects) < 1e-9
    assert 500 < zero.sum() < 4000
    assert np.abs(slope[zero]).max() <= l1 * 1.02  # of a convex loss with an absolute penalty
    np.testing.assert_allclose(slope[~zero], -l1 * np.sign(effects[~zero]), atol=l1 * 0.05)
    strong = fit_hexamers(codes, counts, TWO, l1=1.0)
    np.testing.assert_array_equal(strong.effects, 0)
    np.testing.assert_allclose(predict_shares(codes[:1], TWO, strong)[0], shares.mean(0), atol=1e-4)


def test_counting_is_the_plain_loop():
    codes = np.random.default_rng(1).integers(0, 4, (3, 60)).astype(np.uint8)
    codes[1, 10] = 4
    outcomes = [Outcome("a", {"x": (0, 20), "y": (30, 40)}), Outcome("b", {"y": (2, 9)})]
    designs = count_hexamers(codes, outcomes)
    for design, outcome in zip(designs, outcomes, strict=True):
        expected = np.zeros((3, 2 * 4096))
        for row in range(3):
            for region, (first, stop) in outcome.regions.items():
                for start in range(first, stop):
                    word = "".join("ACGTN"[c] for c in codes[row, start : start + 6])
                    if "N" not in word:
                        expected[row, "xy".index(region) * 4096 + hal.word_number(word)] += 1
        np.testing.assert_array_equal(design.toarray(), expected)


def test_a_whole_window_around_a_donor_has_the_donor_score():
    outcome = donor_outcome("sd", 80, 160)
    assert tuple(outcome.regions.values()) == hal.SPANS
    assert donor_outcome("sd", 0, 101).regions == {
        "donor 0": (0, 1),
        "near intron": (6, 35),
        "far intron": (35, 75),
    }
    random = np.random.default_rng(2)
    codes = random.integers(0, 4, (4, 160)).astype(np.uint8)
    table = hal.HexamerTable(random.normal(0, 0.1, (4096, 8)))
    fit = HexamerFit(hal.REGIONS, table.weights, np.zeros(2), 0.0, 0, converged=True)
    shares = predict_shares(codes, [outcome, Outcome("none")], fit)
    np.testing.assert_allclose(np.log(shares[:, 0] / shares[:, 1]), hal.donor_score(codes, table), atol=1e-10)


def test_sequences_without_reads_do_not_count():
    codes, _, counts = planted(500)
    more = np.concatenate([codes, codes[:50]])
    padded = np.concatenate([counts, np.zeros((50, 2))])
    one, other = (fit_hexamers(*rows, TWO, iterations=3) for rows in ((more, padded), (codes, counts)))
    np.testing.assert_array_equal(one.effects, other.effects)


def test_refusals():
    codes, _, counts = planted(20)
    for bad, message in (
        ((codes, counts[:, :1], TWO), r"counts: expected shape \(20, 2\)"),
        ((codes, -counts, TWO), "found negative"),
        ((codes, counts * 0, TWO), "sequences with reads"),
        ((codes, counts, [Outcome("a"), Outcome("b")]), "at least one with regions"),
        ((codes, counts, [Outcome("a", {"x": (0, 21)}), Outcome("b")]), "region 'x' has hexamer starts 0-20, .* 0-19"),
    ):
        with pytest.raises(ValueError, match=message):
            fit_hexamers(*bad)
