"""Calibration: the tests keep their level, the estimates hit the truth, the intervals cover it."""

from __future__ import annotations

import numpy as np
import pytest

from combmotif.core.tables import INSTANCES, INTERACTIONS
from combmotif.effect.pairs.control import Control
from combmotif.effect.pairs.measure import MeasuredPair
from combmotif.effect.pairs.pair import Pair
from combmotif.effect.pairs.states import States
from combmotif.effect.pairs.summary import contrasts, summarise, unit_effects
from combmotif.effect.pattern import as_pattern
from combmotif.effect.statistics import hodges_lehmann, signed_rank

PAIRS = 600


def simulated(seed: int, placements: int, e: float, *, sequences: int = 20) -> tuple[States, np.ndarray]:
    """A pair whose e varies around a true value, as much between sequences as between placements of one."""
    rng = np.random.default_rng(seed)
    rows = np.repeat(np.arange(sequences), placements)
    base, a, b = rng.normal(0, 3, len(rows)), rng.normal(1, 0.5, len(rows)), rng.normal(1, 0.5, len(rows))
    varying = rng.normal(0, 1, sequences)[rows] + rng.normal(0, 1, len(rows))
    return States(base + a + b + e + varying, (base + b)[:, None], (base + a)[:, None], base[:, None]), rows


@pytest.mark.slow
@pytest.mark.parametrize(("placements", "per_row"), [(1, 0.05), (3, 0.17), (10, 0.40)])
def test_false_positive_rate_does_not_grow_with_the_placements(placements, per_row):
    per_sequence, naive = [], []
    for seed in range(PAIRS):
        states, rows = simulated(seed, placements, 0.0)
        per_sequence.append(signed_rank(unit_effects(states, rows)["epistasis"]))
        if seed < 300:  # the contrast: the same test with every placement as its own row
            naive.append(signed_rank(unit_effects(states, np.arange(len(rows)))["epistasis"]))
    assert 0.03 < np.mean(np.array(per_sequence) < 0.05) < 0.07
    assert np.mean(np.array(naive) < 0.05) == pytest.approx(per_row, abs=0.06)


def test_estimate_is_unbiased_and_its_interval_covers():
    e, found = 0.8, []
    for seed in range(PAIRS):
        states, rows = simulated(seed, 3, e)
        found.append(hodges_lehmann(unit_effects(states, rows)["epistasis"]))
    estimate, low, high = np.array(found).T
    assert estimate.mean() == pytest.approx(e, rel=0.05)
    assert 0.93 < np.mean((low <= e) & (e <= high)) < 0.97


def measured(name: str, states: States, rows: np.ndarray) -> MeasuredPair:
    at = np.arange(len(rows))
    spec = Pair(as_pattern("AUG"), as_pattern("UAAC"), neuron=name)
    return MeasuredPair(
        spec, rows, at, at + 10, states, len(np.unique(rows)), "shuffle",
        np.zeros((len(rows), 2), bool), 0.1, 0, Control(0.5, 0.0, 3),
    )  # fmt: skip


def test_averages_are_over_draws_then_placements_then_sequences_of_a_unit():
    states = States(np.array([1.0, 2.0, 6.0]), np.array([[0.0, 1], [1, 1], [2, 4]]), np.zeros((3, 2)), np.zeros((3, 2)))
    e = unit_effects(states, np.array([0, 0, 5]))["epistasis"]
    np.testing.assert_allclose(e, [(1 - 0.5 + 2 - 1) / 2, 3])


def test_six_effects_have_the_stated_signs():
    effects = contrasts(*(np.array([x]) for x in (7.0, 4.0, 2.0, 1.0)))
    assert {k: v.item() for k, v in effects.items()} == {
        "joint": 6, "a_alone": 1, "b_alone": 3, "a_in_context": 3, "b_in_context": 5, "epistasis": 2,
    }  # fmt: skip


def test_tables_have_the_documented_columns_and_numbers():
    states, rows = simulated(1, 2, 5.0)
    result = summarise([measured("one", states, rows)], [f"s{i}" for i in range(20)])
    assert list(result.table.columns) == INTERACTIONS.names
    assert list(result.instances.columns) == INSTANCES.names
    row = result.table.iloc[0]
    e = unit_effects(states, rows)
    assert row.epistasis == hodges_lehmann(e["epistasis"]).estimate
    assert row.epistasis_fraction == pytest.approx(row.epistasis / (row.a_alone + row.b_alone))
    assert row.margin == pytest.approx(0.1 * abs(row.joint))
    assert (row.sequences, row.placements, row["class"]) == (20, 40, "super-additive")
    first = result.instances.iloc[0]
    assert (first.start_a, first.end_a, first.start_b, first.end_b, first.spacing) == (0, 3, 10, 14, 7)
    assert first.e == pytest.approx(first.o - first.a - first.b + first.n)


def test_units_replace_sequences_where_given():
    states, rows = simulated(2, 1, 5.0)
    pair = measured("one", states, rows)
    names = [f"s{i}" for i in range(20)]
    by_gene = summarise([pair], names, units=[f"gene{i // 2}" for i in range(20)]).table.iloc[0]
    assert by_gene.sequences == 10
    assert summarise([pair], names, units=["gene"] * 20).table.iloc[0]["class"] == "too few sequences"


def test_q_values_are_over_the_tested_pairs():
    pairs = [measured(str(seed), *simulated(seed, 1, 0.5)) for seed in range(5)]
    pairs.append(measured("few", *simulated(9, 1, 0.5, sequences=3)))
    table = summarise(pairs, [f"s{i}" for i in range(20)]).table
    p = np.sort(table.p_value.dropna())
    expected = np.minimum.accumulate((p * 5 / np.arange(1, 6))[::-1])[::-1]
    np.testing.assert_allclose(np.sort(table.q_value.dropna()), expected)
    assert np.isnan(table.p_value[5])
    assert table["class"][5] == "too few sequences"


def test_no_pairs_give_empty_tables_with_columns():
    result = summarise([], [])
    assert list(result.table.columns) == INTERACTIONS.names
    assert list(result.instances.columns) == INSTANCES.names
    assert len(result.table) == 0
