"""The prototype's formulas, step by step, on a fixed table."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import wilcoxon

from combmotif.effect.prototype import prototype_interaction

RNG = np.random.default_rng(0)
N = RNG.normal(5, 1, 20)
NOISE = RNG.normal(0, 0.05, (3, 20))


@pytest.mark.parametrize(
    ("joint", "a_alone", "b_alone", "label"),
    [
        (3.0, 1.0, 1.0, "positive_synergistic"),
        (1.2, 1.0, 1.0, "positive_antagonistic"),
        (-3.0, -1.0, -1.0, "negative_synergistic"),
        (-1.2, -1.0, -1.0, "negative_antagonistic"),
        (0.0, 1.0, -1.0, "none"),
    ],
)
def test_class_and_p_values_follow_the_formulas(joint, a_alone, b_alone, label):
    o, b, a = N + joint + NOISE[0], N + a_alone + NOISE[1], N + b_alone + NOISE[2]
    result = prototype_interaction(o, a, b, N, alpha=0.05)
    assert result.label == label
    assert result.p_a_o == wilcoxon(a, o).pvalue
    assert result.p_ab_b == wilcoxon(N, b).pvalue
    if label == "none":
        assert np.isnan(result.p_value)
    else:
        assert result.p_value == wilcoxon(o - N, a + b - 2 * N).pvalue


def test_exactly_additive_rows_are_additive():
    result = prototype_interaction(N + 2.0, N + 1.0 + NOISE[1], N + 1.0 - NOISE[1], N, alpha=0.05)
    assert result.label == "additive"


def test_five_rows_are_too_few():
    assert prototype_interaction(N[:5], N[:5], N[:5], N[:5], alpha=0.05).label == "too few sequences"
