"""``combmotif calibrate`` prints a table and tells by its exit code whether all holds."""

from __future__ import annotations

import pandas as pd
import pytest
from click.testing import CliRunner

from combmotif.cli import app
from combmotif.core.tables import CALIBRATION


@pytest.mark.parametrize(("value", "holds", "code"), [(0.05, True, 0), (0.4, False, 1)])
def test_table_file_and_exit_code(monkeypatch, tmp_path, value, holds, code):
    row = {
        "check": "false-positive rate", "predictor": "additive", "sequences": 20, "placements": 3, "e": 0.0,
        "pairs": 100, "value": value, "by_row": 0.19, "low": 0.03, "high": 0.07, "holds": holds,
    }  # fmt: skip
    asked = []

    def simulated(plan, **options):
        asked.append((plan.pairs, options["seed"]))
        return CALIBRATION.frame([row])

    monkeypatch.setattr("combmotif.benchmark.calibration.calibrate", simulated)
    result = CliRunner().invoke(app, ["calibrate", "--seed", "4", "--out", str(tmp_path / "c")])
    assert result.exit_code == code, result.output
    assert asked == [(2000, 4)]
    assert "0.03 to 0.07" in result.output
    assert ("NO" in result.output) == (not holds)
    assert pd.read_csv(tmp_path / "c" / "calibration.tsv", sep="\t").value[0] == value
