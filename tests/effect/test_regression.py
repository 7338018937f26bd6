"""HC3 errors against the textbook formula."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from combmotif.effect.statistics import adjusted_difference, varying


def test_matches_the_sandwich_formula():
    rng = np.random.default_rng(0)
    active, x = rng.random(60) < 0.4, rng.normal(size=60)
    y = active * 1.0 + 2 * x + rng.normal(size=60) * (1 + active)
    design = np.column_stack([np.ones(60), active, x])
    bread = np.linalg.inv(design.T @ design)
    beta = bread @ design.T @ y
    leverage = np.diag(design @ bread @ design.T)
    meat = design.T @ np.diag(((y - design @ beta) / (1 - leverage)) ** 2) @ design
    error = np.sqrt((bread @ meat @ bread)[1, 1])
    result = adjusted_difference(active, y, {"x": x, "constant": np.ones(60)})
    half = stats.t.isf(0.025, 57) * error
    np.testing.assert_allclose(result[:3], [beta[1], beta[1] - half, beta[1] + half])
    assert result.p_value == pytest.approx(2 * stats.t.sf(abs(beta[1]) / error, 57))


def test_covariates_may_depend_on_each_other_but_not_determine_activity():
    rng = np.random.default_rng(1)
    active, x, y = rng.random(40) < 0.5, rng.normal(size=40), rng.normal(size=40)
    np.testing.assert_allclose(
        adjusted_difference(active, y, {"x": x}), adjusted_difference(active, y, {"x": x, "twice": 2 * x})
    )
    assert np.isnan(adjusted_difference(active, y, {"same": active.astype(float)})).all()


def test_constant_covariates_are_dropped():
    assert list(varying({"gc": np.full(5, 0.5), "length": np.arange(5)})) == ["length"]
