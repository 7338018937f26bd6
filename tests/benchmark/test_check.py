import pandas as pd
import pytest

from combmotif.benchmark import METHODS, Sampling, benchmark, summary, verdict
from combmotif.core.tables import BENCHMARK

FEW = Sampling(population=64, generations=60, keep=600)


@pytest.fixture(scope="module")
def scores():
    return benchmark("acf", [1], 3, methods=["none", "sufficiency"], sampling=FEW)


@pytest.mark.slow
def test_a_row_per_neuron_and_method(scores):
    assert list(scores) == BENCHMARK.names
    assert len(scores) == 3 * 2
    assert scores["method"].tolist()[:2] == ["none", "sufficiency"]
    assert scores["neuron"].unique().tolist() == ["a1", "c1", "f1"]
    dead = scores[scores["neuron"] == "f1"]
    assert dead["recall"].isna().all()
    assert (dead["precision"] == 1).all()


@pytest.mark.slow
def test_demixing_beats_no_demixing(scores):
    recall = scores.groupby("method")["recall"].mean()
    assert recall["sufficiency"] >= 0.75
    assert recall["sufficiency"] >= recall["none"]


@pytest.mark.slow
def test_the_summary_counts_families_alike(scores):
    table = summary(scores)
    assert table["family"].tolist() == ["a", "a", "c", "c", "f", "f", "all", "all"]
    own = table[table["method"] == "sufficiency"].set_index("family")
    assert own.loc["all", "precision"] == pytest.approx(own.loc[["a", "c", "f"], "precision"].mean())


def test_the_verdict_names_what_is_missed():
    table = pd.DataFrame({"family": ["all"], "method": ["sufficiency"], "recall": [0.8], "precision": [0.95]})
    assert verdict(table) == ["recall of sufficiency over all families: expected at least 0.95, found 0.80"]
    assert verdict(table.assign(recall=0.97)) == []


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match="families: expected some of a, b"):
        benchmark("z", range(1), 0)
    with pytest.raises(ValueError, match="methods: expected some of none"):
        benchmark("a", range(1), 0, methods=["magic"])


@pytest.mark.slow
def test_every_method_runs_on_a_dead_neuron():
    table = benchmark("f", [1], 3, sampling=FEW)
    assert table["method"].tolist() == list(METHODS)
    assert (table["motifs"] == 0).all()
