"""The latent scale removes what a read-out makes, and keeps what a pair makes."""

from __future__ import annotations

import numpy as np
import pytest

from combmotif.effect.pairs.latent import KNOTS, fit_latent_scale
from combmotif.effect.pairs.states import States


def pairs(read_out, count: int = 8, *, synergy: float = 0.0, seed: int = 0) -> list[States]:
    """Additive on the hidden scale; the first pair has an epistasis of `synergy` there."""
    rng = np.random.default_rng(seed)
    result = []
    for index in range(count):
        base = rng.normal(0, 1, (40, 1)).repeat(8, 1)
        a, b = rng.uniform(0.5, 1.5, 2) * rng.choice([-1, 1], 2)
        extra = synergy if index == 0 else 0.0
        result.append(States(read_out(base + a + b + extra)[:, 0], *(read_out(base + h) for h in (b, a, 0))))
    return result


def epistasis(states: States, scale) -> np.ndarray:
    return scale(states.o) - scale(states.a).mean(1) - scale(states.b).mean(1) + scale(states.n).mean(1)


def joint(states: States, scale) -> float:
    return float(np.abs(scale(states.o) - scale(states.n).mean(1)).mean())


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


@pytest.mark.parametrize("read_out", [sigmoid, np.exp, np.tanh, lambda x: 3 * x - 1])
def test_a_read_out_common_to_all_pairs_is_removed(read_out):
    measured = pairs(read_out)
    scale = fit_latent_scale(measured)
    for states in measured:
        assert np.abs(epistasis(states, scale)).mean() < 0.05 * np.mean([joint(s, scale) for s in measured])


def test_the_curve_is_the_link_function():
    scale = fit_latent_scale(pairs(sigmoid))
    x = np.linspace(0.1, 0.9, 30)
    assert np.corrcoef(scale(x), np.log(x / (1 - x)))[0, 1] > 0.999


def test_the_curve_rises_everywhere_with_mean_slope_one():
    scale = fit_latent_scale(pairs(sigmoid))
    x = np.linspace(-0.5, 1.5, 500)
    assert (np.diff(scale(x)) > 0).all()
    assert len(scale.knots) == KNOTS
    states = np.concatenate([np.ravel(x) for s in pairs(sigmoid) for x in (s.o.repeat(8), s.a, s.b, s.n)])
    low, high = np.quantile(states, [0.1, 0.9])
    assert scale(high) - scale(low) == pytest.approx(high - low)


def test_one_synergistic_pair_among_additive_ones_keeps_its_epistasis():
    measured = pairs(lambda x: x, synergy=1.0)
    scale = fit_latent_scale(measured)
    assert np.median(epistasis(measured[0], scale)) == pytest.approx(1.0, rel=0.1)
    assert np.mean([np.abs(epistasis(s, scale)).mean() for s in measured[1:]]) < 0.05


def test_few_pairs_and_constant_models_have_no_latent_scale():
    assert fit_latent_scale(pairs(sigmoid, 4)) is None
    flat = States(np.zeros(5), *np.zeros((3, 5, 2)))
    assert fit_latent_scale([flat] * 10) is None
