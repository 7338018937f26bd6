import pandas as pd
import pytest

import combmotif.benchmark


@pytest.fixture
def scored(monkeypatch):
    """Let the benchmark return given scores, and keep what it was asked."""
    asked = {}

    def scored(recall):
        def benchmark(families, numbers, seed, *, methods, workers, on_done):
            asked.update(families=families, count=len(numbers), methods=methods)
            rows = [
                {
                    "family": family, "neuron": f"{family}0", "method": method, "recall": recall, "precision": 0.95,
                    "motifs": 1.0, "spacing": float("nan"), "explained": 1.0, "stability": 1.0, "seconds": 0.1,
                }
                for family in families
                for method in methods
            ]  # fmt: skip
            return pd.DataFrame(rows)

        monkeypatch.setattr(combmotif.benchmark, "benchmark", benchmark)
        return asked

    return scored


def test_passes_with_a_readable_verdict(scored, cli):
    asked = scored(0.97)
    result = cli("selfcheck")
    assert result.exit_code == 0, result.output
    assert "(c) a pair at a fixed spacing (AND)" in result.output
    assert result.output.strip().endswith("passed: the motifs of nets whose answer is known are found")
    assert asked == {"families": "abcdefg", "count": 3, "methods": ["none", "CombMotif", "sufficiency"]}


def test_fails_with_what_is_missed(scored, cli):
    scored(0.5)
    result = cli("selfcheck")
    assert result.exit_code == 1
    assert "recall of sufficiency over all families: expected at least 0.95, found 0.50" in result.output


def test_full_compares_all_methods(scored, cli):
    asked = scored(0.97)
    cli("selfcheck", "--full")
    assert asked["count"] == 24
    assert "max-activation seqlets" in asked["methods"]
