import json
import re
import shutil

import pytest

from combmotif.config import open_model_from
from combmotif.training import loop as training

CONFIG = """
net: {arguments: {blocks: 1, width: 8, dropout: 0.0}}
teachers: [{card: ., output: output, trust: true}]
sequences: {kind: random, count: 400, length: 20}
validation: 50
measured: {path: real.csv, label: rl, weight: 2}
fit: {epochs: 2, batch: 50, learning_rate: 0.01}
tests: [{name: held out, path: real.csv, label: rl}]
card: {name: small, output: load, unit: ribosomes, command: combmotif train train.yaml}
seed: 3
"""


@pytest.fixture
def config(own_net, tmp_path):
    (tmp_path / "model.yaml").write_text("kind: python\nfactory: net.py:build\n")
    rows = [f"{'ACGU' * 4}{word},{index / 7}" for index, word in enumerate(("ACGU", "AAAA", "CCCC", "GGUU", "UUUA"))]
    (tmp_path / "real.csv").write_text("utr,rl\n" + "\n".join(rows) + "\n")
    path = tmp_path / "train.yaml"
    path.write_text(CONFIG)
    return path


@pytest.mark.slow
def test_training_writes_a_card_that_opens(cli, config, tmp_path):
    result = cli("train", config, "--out", "t")
    assert result.exit_code == 0, result.output
    assert "on held out, 5 rows (the teachers' mean has" in result.stdout
    assert "epoch 2: train loss" in result.stderr
    metrics = json.loads((tmp_path / "t" / "metrics.json").read_text())
    assert metrics["rows"] == 405
    assert len(metrics["history"]) == 2
    model = open_model_from(str(tmp_path / "t" / "model"))
    assert model.outputs == ("load",)
    assert model.description["metrics"][0]["value"] == round(metrics["tests"]["held out"]["squared_correlation"], 4)
    recipe = model.description["training"]["recipe"]
    assert "400 random sequences" in recipe
    assert "5 measured sequences with their measured values (weight 2)" in recipe

    # again: nothing is left to do, and the files stay the same
    weights = (tmp_path / "t" / "model" / "weights.safetensors").read_bytes()
    again = cli("train", config, "--out", "t", "--quiet")
    assert again.exit_code == 0, again.output
    assert again.stderr == ""
    assert (tmp_path / "t" / "model" / "weights.safetensors").read_bytes() == weights


@pytest.mark.slow
def test_an_interrupted_training_ends_like_an_undisturbed_one(cli, config, tmp_path, monkeypatch):
    cli("train", config, "--out", "whole")
    save_state = training.save_state

    def save_and_stop(state, path):
        save_state(state, path)
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "save_state", save_and_stop)
    stopped = cli("train", config, "--out", "half")
    assert stopped.exit_code == 130
    assert "finished work is kept" in stopped.stderr
    assert (tmp_path / "half" / "checkpoint.pt").exists()
    assert not (tmp_path / "half" / "model").exists()
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    done = cli("train", config, "--out", "half")
    assert done.exit_code == 0, done.output
    for name in ("model/weights.safetensors", "model/model.yaml", "metrics.json"):
        assert (tmp_path / "half" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name


@pytest.mark.parametrize("name", ["checkpoint.pt", "labels.npz"])
def test_a_damaged_state_is_made_again_and_said(cli, config, tmp_path, monkeypatch, name):
    cli("train", config, "--out", "whole")
    shutil.copytree(tmp_path / "whole", tmp_path / "half")
    damaged = bytearray((tmp_path / "half" / name).read_bytes())
    damaged[len(damaged) // 2] ^= 0x10
    (tmp_path / "half" / name).write_bytes(damaged)
    with pytest.warns(UserWarning, match=f"{name}: was damaged since it was written"):
        assert cli("train", config, "--out", "half").exit_code == 0
    for file in ("model/weights.safetensors", "metrics.json", name):
        assert (tmp_path / "half" / file).read_bytes() == (tmp_path / "whole" / file).read_bytes(), file


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("teachers.0.output=loda", "teachers.0.output: the model has no output 'loda'"),
        ("sequences.length=21", "tests.0.path: .*real.csv: expected sequences of 21 nt .*found 20 nt in 'row1'"),
        ("net.arguments.widht=3", "net.arguments: .*widht"),
        ("measured.path=$NO_SUCH_VARIABLE/x", "measured.path: the environment variable NO_SUCH_VARIABLE"),
        ("fit.epcohs=3", "fit.epcohs: unknown key; did you mean 'epochs'?"),
    ],
)
def test_mistakes(refused, config, override, message):
    assert re.search(message, refused("train", config, "--set", override))


def test_a_folder_of_another_training_is_refused(cli, refused, config):
    cli("train", config, "--out", "t", "--set", "fit.epochs=1")
    message = refused("train", config, "--out", "t", "--set", "sequences.count=300")
    assert message.startswith("t: holds a training with another 'sequences'")
