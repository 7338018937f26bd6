"""The configs of trainings by kind, and of comparisons: right ones load, and one mistake is told by its key."""

from __future__ import annotations

import copy

import pytest
import yaml

from combmotif.config import load_train_config
from combmotif.config.comparing import CompareConfig, load_compare_config
from combmotif.config.reference import reference_text

RIGHT = {
    "hexamers": {
        "sequences": {"kind": "table", "path": "t.tsv"},
        "outcomes": [{"name": "a", "regions": {"exon": [0, 3]}}, {"name": "b"}],
    },
    "measured": {
        "length": 50, "tables": [{"path": "t.tsv", "labels": ["y"]}], "card": {"name": "m", "output": "y"},
    },
    "half_life": {"species": [{"kind": "hdf5", "path": "t.tsv"}], "card": {"name": "m"}},
}  # fmt: skip
TRANSCRIPTS = {"kind": "transcripts", "fasta": "t.tsv", "table": "t.tsv", "id": "a"}


@pytest.fixture
def load(tmp_path):
    """Load the right config of a kind, with changes."""
    (tmp_path / "t.tsv").write_text("sequence\ty\n")

    def load(kind, **changes):
        path = tmp_path / "c.yaml"
        path.write_text(yaml.safe_dump({"kind": kind, **copy.deepcopy(RIGHT[kind]), **changes}))
        return load_train_config(path)

    return load


@pytest.mark.parametrize(
    ("kind", "change", "message"),
    [
        ("hexamers", {"outcomes": [{"name": "a", "regions": {"exon": [3, 0]}}, {"name": "b"}]},
         "outcomes.0: regions.exon: expected .first, last. with 0 <= first <= last, found 3, 0"),
        ("hexamers", {"outcomes": [{"name": "a", "regions": {"exon": [0, 3]}, "donor": 3}, {"name": "b"}]},
         "outcomes.0: donor: expected either regions or donor, found both"),
        ("hexamers", {"outcomes": [{"name": "a"}, {"name": "b"}]}, "expected regions or a donor for at least one"),
        ("hexamers", {"sequences": {"path": "t.tsv"}}, "sequences.kind: expected one of planted, table, found nothing"),
        ("hexamers", {"sequences": {"kind": "table", "path": "u.tsv"}}, "^sequences.path: found no 'u.tsv'"),
        ("measured", {"tables": [{"path": "t.tsv", "labels": ["y"], "logarithm": ["z"]}]},
         r"tables.0: logarithm: expected names of labels \(y\), found 'z'"),
        ("measured", {"tables": [{"path": "t.tsv", "labels": ["y"]}] * 2}, "names for all labels, found y, y"),
        ("measured", {"tables": [{"path": "u.tsv", "labels": ["y"]}]}, "^tables.0.path: found no 'u.tsv'"),
        ("measured", {"context": {"five": "ACG"}}, "context: expected a student too"),
        ("measured", {"net": {"arguments": {"outputs": 2}}}, "net.arguments.outputs: expected none"),
        ("half_life", {"species": [{"kind": "hdf5", "path": "t.tsv"}] * 2}, "different name for every head"),
        ("half_life", {"species": [{"kind": "hdf5", "path": "t.tsv"}, TRANSCRIPTS | {"name": "b"}]},
         "species.1.label: expected a value .*found nothing; add the line 'label: ...'"),
        ("half_life", {"species": [TRANSCRIPTS | {"labell": "y"}]}, "species.0.labell: unknown key; did you mean"),
        ("half_life", {"species": [{"kind": "hdf5", "path": "u.h5"}]}, "^species.0.path: found no 'u.h5'"),
    ],
)  # fmt: skip
def test_mistakes_are_told_by_their_key(load, kind, change, message):
    load(kind)
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        load(kind, **change)


def test_presets_give_way_to_what_is_said(load):
    config = load("half_life", preset="saluki", net={"dropout": 0.1}, fit={"epochs": 3})
    assert config.net_arguments()["dropout"] == 0.1
    assert (config.net_arguments()["reverse"], config.net_arguments()["outputs"]) == (True, 1)
    assert (config.fit_arguments()["epochs"], config.fit_arguments()["patience"]) == (3, 25)
    assert load("half_life").fit_arguments()["weight_decay"] == 1e-5


def test_runs_of_a_comparison_are_found_beside_the_config(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "deep" / "run").mkdir(parents=True)
    (tmp_path / "other.yaml").write_text("")
    path = tmp_path / "deep" / "c.yaml"
    path.write_text("runs: {a: run, b: other.yaml}\n")
    assert load_compare_config(path).runs == {"a": str(tmp_path / "deep" / "run"), "b": str(tmp_path / "other.yaml")}
    for text, message in (
        ("runs: {a: run}", "runs: expected at least 2 entries"),
        ("runs: {a: run, b: rnu}", "^runs.b: found no 'rnu'"),
        ("runs: {a: run, b: run}\ndatabase: x", "database: unknown key; did you mean 'databases'"),
    ):
        path.write_text(text)
        with pytest.raises((ValueError, FileNotFoundError), match=message):
            load_compare_config(path)


def test_the_reference_says_what_a_key_takes():
    lines = reference_text({"compare": CompareConfig}).splitlines()
    assert (
        "| `runs` | keys and values | name of each run: its folder, or the config of a run, which is done "
        "first (in OUT/runs/NAME); two or more, or a suite |" in lines
    )
    assert any(line.startswith("| `q` | number (above 0, at most 1) |") for line in lines)
    assert any(line.startswith("| `strands` | `single`, `both` |") for line in lines)
