"""The short form of scripts/benchmarks/robustness.py: no accident ends in a traceback, a hang or a wrong table."""

import importlib.util

import pytest
from click.testing import CliRunner


@pytest.mark.slow
def test_accidents_in_short(repository):
    path = repository / "scripts" / "benchmarks" / "robustness.py"
    spec = importlib.util.spec_from_file_location("robustness", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    result = CliRunner().invoke(module.main, ["--inputs", "90", "--kills", "5", "--disks", "3", "--runs", "3"])
    assert result.exit_code == 0, result.output
    last = [cell.strip() for cell in result.stdout.splitlines()[-1].split("|")]
    assert last[1] == "all"
    assert last[5:9] == ["0", "0", "0", "0"]
