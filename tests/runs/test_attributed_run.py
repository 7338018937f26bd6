import json

import h5py
import numpy as np
import pandas as pd
import pytest

from combmotif.attribution import load_attributions
from combmotif.config import load_config
from combmotif.motifs.formats.h5 import load_motifs
from combmotif.runs import run
from combmotif.runs.stages.methods import modisco

pytestmark = pytest.mark.slow

NET = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv1d(4, 2, 6)
        self.head = nn.Linear(2, 1)
        with torch.no_grad():
            self.conv1.weight.zero_()
            self.conv1.bias.fill_(-4.0)
            for row, word in enumerate(("TGTACA", "CCGCGG")):
                for place, letter in enumerate(word):
                    self.conv1.weight[row, "ACGT".index(letter), place] = 1
            self.head.weight.copy_(torch.tensor([[3.0, -2.0]]))
            self.head.bias.zero_()

    def forward(self, x):
        return self.head(torch.relu(self.conv1(x)).sum(2))


def build():
    return Net()
"""
CONFIG = """
model: {kind: python, factory: net.py:build, alphabet: rna}
sequences: {kind: table, path: planted.tsv, sequence: sequence, name: name}
neurons: {layer: conv1, select: all}
discover: {method: seqlets, min_sites: 3}
contribution: {outcome: prediction}
device: cpu
seed: 1
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("planted")
    (folder / "net.py").write_text(NET)
    random = np.random.default_rng(0)
    rows = ["name\tsequence"]
    for row in range(200):
        letters = ["ACGU"[base] for base in random.integers(0, 4, 40)]
        start = int(random.integers(0, 35))
        letters[start : start + 6] = ("UGUACA", "CCGCGG")[row % 2]
        rows.append(f"s{row}\t{''.join(letters)}")
    (folder / "planted.tsv").write_text("\n".join(rows) + "\n")
    (folder / "run.yaml").write_text(CONFIG)
    return folder


def ask(home, *overrides):
    return load_config(home / "run.yaml", overrides=overrides)


MODISCO = (
    "discover={method: modisco, min_seqlets: 30, min_sites: 15}",
    "attribution={method: gradient_shap, draws: 10, baselines: 5}",
)


@pytest.fixture(scope="module")
def found(home, tmp_path_factory):
    pytest.importorskip("modiscolite", reason="needs modisco-lite: pip install 'combmotif[modisco]'")
    folder = tmp_path_factory.mktemp("modisco")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(modisco, "NUCLEOTIDES_PER_TASK", 2000)
        return folder, run(ask(home, *MODISCO), folder, workers=1)


@pytest.fixture
def several_tasks(monkeypatch):
    monkeypatch.setattr(modisco, "NUCLEOTIDES_PER_TASK", 2000)


def test_modisco_of_an_output_finds_what_was_planted(found):
    folder, result = found
    assert result.stages["motifs"] == "done"
    assert result.stages["samples"].startswith("empty: not needed")
    assert not result.failed
    table = pd.read_csv(folder / "motifs" / "modisco.tsv", sep="\t")
    words = dict(zip(table["consensus"], table["contribution"], strict=True))
    assert any("GUAC" in word and value > 0 for word, value in words.items())
    assert any("CGCG" in word and value < 0 for word, value in words.items())
    motifs = load_motifs(folder / "motifs" / "modisco.h5")
    assert motifs.method == "modisco"
    assert [motif.id for motif in motifs] == table["motif"].tolist()
    assert {motif.neuron for motif in motifs} == {-1}


def test_what_was_found_is_said_once_where_all_is_well(found):
    folder, _ = found
    record = json.loads((folder / "run.json").read_text())
    said, error = record["stages"]["motifs"]["notes"]
    assert said.startswith("TF-MoDISco, output:0: ")
    assert "positive and" in said
    assert "of 200 sequences" in error
    assert not any("TF-MoDISco" in warning for warning in record["warnings"])
    assert (folder / "report.html").read_text().count("seqlets of one sign are clustered") == 1


@pytest.mark.usefixtures("several_tasks", "quick_workers")
def test_one_and_two_workers_write_the_same_files(home, found, tmp_path):
    folder, _ = found
    run(ask(home, *MODISCO), tmp_path, workers=2)
    assert json.loads((tmp_path / "run.json").read_text())["stages"]["motifs"]["tasks"] == 6
    written = [path.relative_to(folder) for part in ("motifs", "attributions") for path in (folder / part).iterdir()]
    assert len(written) >= 8
    for name in [*written, "matches.tsv", "contribution.tsv"]:
        assert not (folder / name).exists() or (folder / name).read_bytes() == (tmp_path / name).read_bytes(), name


@pytest.mark.usefixtures("several_tasks", "quick_workers")
@pytest.mark.parametrize(("value", "begun"), [("torch.seed() % 99991", False), ("__import__('os').getpid()", True)])
def test_a_net_of_other_weights_each_time_is_refused_before_any_work(home, tmp_path, value, begun):
    untrained = NET.replace("self.head.bias.zero_()", f"self.head.bias.fill_({value})")
    (home / f"untrained{begun}.py").write_text(untrained)
    asked = ask(home, *MODISCO, f"model.factory=untrained{begun}.py:build")
    with pytest.raises(ValueError, match="expected the same weights each time|found other weights.*set the seed"):
        run(asked, tmp_path / "out", workers=2)
    assert (tmp_path / "out").exists() == begun  # one process cannot see that the next has other weights


def test_its_seqlets_and_attributions_are_kept(found):
    folder, _ = found
    seqlets = pd.read_csv(folder / "motifs" / "modisco_seqlets.tsv.gz", sep="\t")
    assert seqlets.columns.tolist() == ["motif", "sequence", "start", "end", "strand", "contribution", "site"]
    assert (seqlets["strand"] == "+").all()
    kept = load_attributions(folder / "attributions" / "output-0.h5")
    assert len(kept) == 200
    with h5py.File(folder / "attributions" / "output-0.h5") as file:
        assert file["shap/seq"].shape == (200, 4, 40)
    row = seqlets.iloc[0]
    place = kept.names.index(str(row["sequence"]))
    first = max(0, row["start"])
    own = kept.contributions[place][first : row["end"]]
    assert own.sum() == pytest.approx(row["contribution"], abs=1e-4)


def test_the_same_again_and_other_methods_leave_no_file(home, found, tmp_path):
    folder, _ = found
    again = run(ask(home, *MODISCO), tmp_path, workers=1)
    for name in ("motifs/modisco.h5", "motifs/modisco.tsv", "attributions/output-0.npz"):
        assert (again.folder / name).read_bytes() == (folder / name).read_bytes()
    run(ask(home), tmp_path, workers=1)
    assert sorted(path.name for path in (tmp_path / "motifs").glob("*.h5")) == ["seqlets.h5"]
    assert not (tmp_path / "motifs" / "modisco_seqlets.tsv.gz").exists()
    assert not (tmp_path / "attributions").exists() or not list((tmp_path / "attributions").iterdir())


def test_no_motif_is_an_end_with_its_numbers(home, tmp_path):
    pytest.importorskip("modiscolite", reason="needs modisco-lite: pip install 'combmotif[modisco]'")
    asked = ask(home, MODISCO[1], "discover={method: modisco, min_seqlets: 5000}", "sequences.limit=60")
    result = run(asked, tmp_path, workers=1)
    status = result.stages["motifs"]
    assert status.startswith("empty: output:0: 0 patterns in ")
    assert "at least 5000 seqlets of one sign are clustered" in status


def test_modisco_of_neurons_explains_their_own_windows(home, tmp_path):
    pytest.importorskip("modiscolite", reason="needs modisco-lite: pip install 'combmotif[modisco]'")
    overrides = ("discover={method: modisco, from: samples, min_seqlets: 10, min_sites: 5}",)
    asked = ask(home, *overrides, "attribution={method: gradient_input}", "sequences.limit=60")
    result = run(asked, tmp_path, workers=1)
    assert {"conv1-0.h5", "conv1-1.h5"} <= {path.name for path in (tmp_path / "attributions").iterdir()}
    status = result.stages["motifs"]
    assert status == "done" or status.startswith("empty: conv1:0: ")
    if status == "done":
        assert {motif.layer for motif in load_motifs(tmp_path / "motifs" / "modisco.h5")} == {"conv1"}


@pytest.mark.parametrize("source", ["samples", "dataset"])
def test_seqlets_of_both_origins(home, tmp_path, source):
    asked = ask(home, "discover={method: seqlets, from: %s, top: 30, min_sites: 3}" % source)  # noqa: UP031 - braces are YAML's
    result = run(asked, tmp_path, workers=1)
    assert result.stages["motifs"] == "done"
    motifs = load_motifs(tmp_path / "motifs" / "seqlets.h5")
    assert [motif.consensus() for motif in motifs][0].count("N") <= 2
    assert [motif.neuron for motif in motifs] == [0, 1]
    assert all(motif.sites <= 30 for motif in motifs)
    assert json.loads((tmp_path / "run.json").read_text())["config"]["discover"]["from"] == source


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("discover={method: neuronmotif, from: dataset}", "dataset needs discover.method: modisco or seqlets"),
        ("attribution={}", "is read by discover.method: modisco alone"),
        ("discover={method: modisco, source: samples}", "unknown key"),
    ],
)
def test_configs_that_do_not_fit_are_refused(home, override, message):
    with pytest.raises(ValueError, match=message):
        ask(home, override)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (("attribution={target: 'conv1:0'}", "discover={method: modisco}"), "expected an output"),
        (("attribution={target: 'output:3'}", "discover={method: modisco}"), "has 1 outputs"),
        (
            ("attribution={target: 'output:0'}", "discover={method: modisco, from: samples}"),
            "is read with discover.from: dataset alone",
        ),
    ],
)
def test_targets_that_do_not_fit_are_refused_before_any_work(home, tmp_path, overrides, message):
    pytest.importorskip("modiscolite", reason="needs modisco-lite: pip install 'combmotif[modisco]'")
    with pytest.raises(ValueError, match=message):
        run(ask(home, *overrides), tmp_path / "never", workers=1)
    assert not (tmp_path / "never").exists()
