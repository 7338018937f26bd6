"""combmotif.interpret and the object it gives."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import combmotif
from combmotif import interpret, open_run
from combmotif.config import load_config
from combmotif.runs import run
from combmotif.sequence import decode
from combmotif.sequence.sets import random_sequences

NET = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(1)
        self.conv1 = nn.Conv1d(4, 6, 4)
        self.conv2 = nn.Conv1d(6, 2, 3)
        self.head = nn.Linear(2, 1)

    def forward(self, x):
        return self.head(torch.relu(self.conv2(torch.max_pool1d(torch.relu(self.conv1(x)), 2))).amax(2))
"""
CONFIG = """
model: {kind: python, factory: the_net.py:Net}
sequences: {kind: fasta, path: s.fa}
neurons: {layer: conv2, select: all}
sample: {population: 48, generations: 10, keep: 300}
match: {q: 1}
contribution: {}
effects: {backgrounds: 20}
interaction: {pairs: [[AC, UU]], scrambles: 3, backgrounds: 20}
seed: 3
device: cpu
"""
SETTINGS = {
    "layer": "conv2", "sample": {"population": 48, "generations": 10, "keep": 300}, "match": {"q": 1},
    "effects": {"backgrounds": 20}, "interaction": {"pairs": [["AC", "UU"]], "scrambles": 3, "backgrounds": 20},
    "seed": 3,
}  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with a net, sequences, and a YAML file that asks the same as SETTINGS."""
    folder = tmp_path_factory.mktemp("interpret")
    (folder / "the_net.py").write_text(NET)
    codes = random_sequences(300, 30, seed=4).codes
    (folder / "s.fa").write_text("".join(f">sequence{i + 1}\n{decode(c)}\n" for i, c in enumerate(codes)))
    (folder / "run.yaml").write_text(CONFIG)
    run(load_config(folder / "run.yaml"), folder / "yaml", workers=1)
    return folder


@pytest.fixture(scope="module")
def letters(home):
    return (home / "s.fa").read_text().split("\n")[1::2]


@pytest.fixture(scope="module")
def net(home):
    names: dict = {}
    exec(NET, names)
    return names["Net"]().train()


@pytest.fixture(scope="module")
def found(net, letters):
    return interpret(net, letters, **SETTINGS)


@pytest.mark.slow
def test_the_same_tables_as_from_yaml(found, home, net):
    yaml = open_run(home / "yaml")
    assert found.stages == yaml.stages
    assert set(found.tables) == set(yaml.tables)
    for name in found.tables:
        pd.testing.assert_frame_equal(found.tables[name], yaml.tables[name])
    assert net.training  # left as it was
    from_file = interpret(net, home / "s.fa", **SETTINGS)
    pd.testing.assert_frame_equal(from_file.contribution, yaml.contribution)


@pytest.mark.slow
def test_what_the_result_holds(found):
    assert found.neurons["neuron"].tolist() == ["conv2:0", "conv2:1"]
    motifs = found.tables["motifs/neuronmotif"]
    assert [m.id for m in found.motifs] == motifs[motifs["reproduced"]]["motif"].tolist()
    assert {len(found.matches) > 0, len(found.contribution) == 2, len(found.interactions) == 1} == {True}
    assert found.motif_effects["motif"].unique().tolist() == [m.id for m in found.motifs]
    assert found.record["config"]["model"] == {"kind": "module", "name": "Net"}
    assert {"what", "value", "sentence"} == set(found.summary().table)
    with pytest.raises(KeyError, match="nope; the run has activations, contribution"):
        found.tables["nope"]


@pytest.mark.slow
def test_in_a_notebook_it_shows_logos(found):
    page = found._repr_html_()
    assert page.count("<svg") == min(24, len(found.motifs))
    assert found.motifs[0].id in page
    assert "What Net has learned" in page


@pytest.mark.slow
def test_save_and_open_again(found, tmp_path):
    report = found.save(tmp_path / "kept")
    assert report.is_file()
    assert not (tmp_path / "kept" / "tasks").exists()
    pd.testing.assert_frame_equal(open_run(tmp_path / "kept").neurons, found.neurons)
    with pytest.raises(FileExistsError, match="expected a new or empty folder"):
        found.save(tmp_path / "kept")
    with pytest.raises(FileNotFoundError, match="expected a run folder"):
        open_run(tmp_path)


QUICK = {"sample": {"population": 16, "generations": 2}, "match": False, "contribution": False}


def test_a_net_of_one_length_and_measured_values():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv1d(4, 2, 4), nn.ReLU(), nn.Flatten(), nn.Linear(2 * 17, 2))
    random = np.random.default_rng(0)
    letters = ["".join(random.choice(list("ACGT"), 20)) for _ in range(60)]
    values = {"y": random.normal(size=60)}
    settings = {**QUICK, "contribution": {"outcome": "label"}, "sample": {"population": 64, "generations": 8}}
    found = interpret(net, letters, layer=0, labels=values, alphabet="dna", outputs=["a", "b"], **settings)
    np.testing.assert_allclose(found.tables["activations"]["label:y"], values["y"], rtol=1e-5)
    assert "prediction:b" in found.tables["activations"]
    assert found.neurons["neuron"].tolist() == ["0:0", "0:1"]
    assert found.motifs.alphabet == "dna"


def test_a_folder_of_another_question_is_left_alone(net, letters, tmp_path):
    interpret(net, letters, layer="conv1", neurons=0, out=tmp_path, **QUICK)
    with pytest.raises(ValueError, match="neurons.select: 0 there, 1 here"):
        interpret(net, letters, layer="conv1", neurons=1, out=tmp_path, **QUICK)
    assert interpret(net, letters, layer="conv1", neurons=1, out=tmp_path, replace=True, **QUICK).folder == tmp_path


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"model": nn.Conv1d}, "model: expected a torch.nn.Module.*found type; give the module, not its class"),
        ({"sequences": ["ACGU", "MKLV"]}, "sequences: number 1: expected nucleotides"),
        ({"sequences": []}, "sequences: expected at least one, found none"),
        ({"sequences": "ACGUACGU"}, "expected a list of sequences, or a file that ends in .fa"),
        ({"sequences": "none.fa"}, "sequences: there is no file 'none.fa'"),
        ({"labels": {"y": [1.0]}}, "labels: expected 300 values, found 1 of 'y'"),
        ({"layer": "conv9"}, "no layer 'conv9'"),
        ({"samples": {"keep": 3}}, "samples: unknown key; did you mean 'sample'?"),
        ({"model": "mlr"}, "did you mean 'mrl'"),
        ({"workers": 2}, "workers: the model cannot be sent to other processes"),
    ],
)
def test_mistakes(net, letters, arguments, message):
    chosen = {"model": net, "sequences": letters, "layer": "conv1", **arguments}
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        interpret(**chosen)


def test_it_is_where_it_should_be():
    assert combmotif.interpret is interpret
    with pytest.raises(AttributeError, match="has no attribute 'interpet'"):
        combmotif.interpet  # noqa: B018
