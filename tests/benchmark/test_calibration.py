"""The calibration in its quick form: what must hold holds, and what must fail does."""

from __future__ import annotations

import numpy as np
import pytest

from combmotif.benchmark import calibration
from combmotif.benchmark.calibration import QUICK, Plan, calibrate
from combmotif.benchmark.simulation import Simulation, hal_epistasis, simulate_pair
from combmotif.core.tables import CALIBRATION

pytestmark = pytest.mark.slow

SMALL = Plan(pairs=8, power_pairs=4, effects=(1.0,), sizes=(6,), saturating_runs=1)


@pytest.fixture(scope="module")
def table():
    return calibrate(QUICK)


def test_everything_that_is_demanded_holds(table):
    assert list(table.columns) == CALIBRATION.names
    assert table.holds.all(), table[~table.holds].to_string()
    assert table.low.notna().sum() == 9


def test_placements_taken_for_independent_give_false_positives(table):
    rates = table[table.check == "false-positive rate"].set_index("placements")
    assert rates.by_row[1] == rates.value[1]  # one placement is one row
    assert rates.by_row[3] > 0.11
    assert rates.by_row[10] > 0.3


def test_power_grows_with_the_sequences(table):
    power = table[table.check == "power"].set_index("sequences").value
    assert 0.2 < power[10] < power[20] < 1


def test_what_does_not_hold_is_said(monkeypatch):
    monkeypatch.setattr(calibration, "signed_rank", lambda values: 0.5)
    monkeypatch.setattr("combmotif.effect.pairs.summary.signed_rank", lambda values: 0.001)
    found = calibrate(SMALL)
    rates = found[found.check == "false-positive rate"]
    assert (rates.value == 1).all()
    assert not rates.holds.any()


def test_a_pair_depends_neither_on_its_company_nor_on_the_process_it_is_simulated_in():
    setting = Simulation(0.5, 8, 2, 6)
    together = calibration._simulate(None, (setting, range(6), 3))
    apart = calibration._simulate(None, (setting, range(4, 6), 3))
    assert np.array_equal(together[4:], apart)
    assert not np.array_equal(together[:2], apart)
    assert not np.array_equal(calibration._simulate(None, (setting, range(4, 6), 4)), apart)


def test_simulated_pairs_have_the_e_they_were_given():
    setting = Simulation(0.7, 200, 2, 1)
    pair = simulate_pair(setting, 0)
    assert len(pair.rows) == 400
    assert len(np.unique(pair.rows)) == 200
    e = pair.states.o[:, None] - pair.states.a - pair.states.b + pair.states.n
    assert np.ptp(e, axis=1).max() < 1e-5  # no draw touches anything but the site
    assert e.mean() == pytest.approx(0.7, abs=0.25)
    assert e.std() == pytest.approx(2**0.5, abs=0.15)


def test_hal_edits_interact_within_a_hexamer_only():
    distances = np.repeat(np.arange(1, 12), 20)
    e = np.abs(hal_epistasis(distances)).reshape(11, 20)
    assert e[5:].max() < 1e-12
    assert e[:5].min() > 1e-6
