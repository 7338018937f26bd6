"""Keras files on the command line and in configs."""

from __future__ import annotations

import importlib.util
import json
import re

import numpy as np
import pandas as pd
import pytest

import combmotif
from combmotif.config import load_config, open_model_from

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("keras") is None, reason="keras is not installed (pip install 'combmotif[keras]')"
)

LAYERS = """
import keras

class Scaled(keras.layers.Layer):
    def call(self, x):
        return 2 * x

CUSTOM = {"Scaled": Scaled}
"""


@pytest.fixture
def net(cli, tmp_path):
    """A net.h5 with a known word in its first neuron, and predictions per position in far.keras."""
    from combmotif.models.keras.backend import import_keras

    keras = import_keras()
    word = np.zeros((6, 4, 2), np.float32)
    word[np.arange(6), [2, 3, 0, 0, 2, 3], 0] = 1  # GUAAGU
    x = keras.Input((None, 4))
    y = keras.layers.Conv1D(2, 6, activation="relu", name="words")(x)
    layer = keras.Model(x, y).get_layer("words")
    layer.set_weights([word, np.array([-4, 0], np.float32)])
    network = keras.Model(x, keras.layers.Dense(1)(keras.layers.GlobalMaxPooling1D()(y)))
    network.save(tmp_path / "net.h5")
    keras.Model(x, keras.layers.Conv1D(3, 1, activation="softmax")(y)).save(tmp_path / "far.keras")
    return network


@pytest.mark.slow
def test_init_inspect_predict_and_run(cli, net, tmp_path):
    result = cli("init", "q.yaml", "--keras", "net.h5")
    assert result.exit_code == 0, result.output
    config = load_config(tmp_path / "q.yaml")
    assert config.model.kind == "keras"
    assert config.neurons.layer == "words"
    for target in ("q.yaml", "net.h5"):
        shown = cli("inspect", target)
        assert shown.exit_code == 0, shown.output
        assert re.search(r"words +│ 2 +│ 6 ", shown.output)
    (tmp_path / "s.fa").write_text(">a\nACGUACGUACGUACGU\n>b\nCCGUAAGUCCCCCCCC\n")
    assert cli("predict", "--model", "net.h5", "--fasta", "s.fa", "--out", "p.tsv").exit_code == 0
    found = pd.read_csv(tmp_path / "p.tsv", sep="\t")["output"]
    codes = np.array([[0, 1, 2, 3] * 4, [1, 1, 2, 3, 0, 0, 2, 3] + [1] * 8])
    np.testing.assert_allclose(found, net.predict(np.eye(4)[codes], verbose=0)[:, 0], rtol=1e-4)
    small = ("--set=sequences.count=60", "--set=sample.keep=200", "--set=neurons.select=0", "--workers", 1)
    done = cli("run", "q.yaml", "--out", "run", *small)
    assert done.exit_code == 0, done.output
    run = combmotif.open_run(tmp_path / "run")
    assert "GUAAGU" in run.motifs[0].consensus()
    assert json.loads((tmp_path / "run" / "run.json").read_text())["model"]["description"]["kind"] == "keras"


def test_predictions_per_position_are_read_in_the_middle(cli, net, refused, tmp_path):
    shown = cli("inspect", "far.keras").stdout  # only the layers matter
    assert re.search(r"words +│ 2 +│ 6 ", shown)
    assert "outputs: output1, output2, output3 (per position)" in shown
    (tmp_path / "s.fa").write_text(">a\nACGUACGUACGUACGU\n")
    said = refused("predict", "--model", "far.keras", "--fasta", "s.fa", "--out", "p.tsv")
    assert "model: expected predictions of shape" in said
    result = cli("init", "q.yaml", "--keras", "far.keras", "--length", 41)
    assert result.exit_code == 0, result.output
    section = load_config(tmp_path / "q.yaml").model
    assert section.output == {"position": "center"}
    assert section.input.length == 41
    assert section.outputs == ["output1", "output2", "output3"]


def test_layers_of_ones_own_run_code_that_the_config_names(cli, net, refused, tmp_path):
    from combmotif.models.keras.backend import import_keras

    keras = import_keras()
    (tmp_path / "own.py").write_text(LAYERS)
    space = {"__name__": "own"}
    exec(LAYERS, space)
    keras.Model(net.inputs, space["Scaled"](name="twice")(net.output)).save(tmp_path / "own.keras")
    assert "its layers Scaled are not Keras' own" in refused("init", "q.yaml", "--keras", "own.keras")
    arguments = ("--keras", "own.keras", "--custom-objects", "own.py:CUSTOM")
    assert cli("init", "q.yaml", *arguments).exit_code == 0
    assert "custom_objects: own.py:CUSTOM" in (tmp_path / "q.yaml").read_text()
    codes = [np.arange(20).astype(np.uint8) % 4]
    twice, once = open_model_from("q.yaml"), open_model_from("net.h5")
    np.testing.assert_allclose(twice.predict(codes), 2 * once.predict(codes), rtol=1e-5)
    (tmp_path / "own.py").unlink()
    missing = refused("inspect", "q.yaml")
    assert missing.startswith("model.custom_objects: found no 'own.py'")


def test_what_does_not_go_together_is_refused(cli, net):
    for arguments, said in (
        (("--keras", "net.h5", "--model", "mrl"), "give one of --model, --python and --keras"),
        (("--keras", "net.h5", "--weights", "w.pth"), "--weights, --length and --channels go with --python"),
        (("--custom-objects", "own.py:CUSTOM"), "--custom-objects goes with --keras"),
    ):
        result = cli("init", "q.yaml", *arguments)
        assert result.exit_code == 2
        assert said in result.output


@pytest.mark.slow
def test_interpret_takes_a_file_or_a_section(cli, net, tmp_path):
    options = {"layer": "words", "neurons": 0, "contribution": False, "effects": False, "sample": {"keep": 200}}
    sequences = {"kind": "random", "count": 30, "length": 30}
    one = combmotif.interpret("net.h5", sequences, **options)
    other = combmotif.interpret({"kind": "keras", "weights": "net.h5", "output": 0}, sequences, **options)
    assert one.motifs[0].consensus() == other.motifs[0].consensus()
    assert "GUAAGU" in one.motifs[0].consensus()


@pytest.mark.slow
def test_a_folder_names_code_that_is_run_only_with_leave(cli, net, refused, tmp_path):
    options = {"layer": "words", "neurons": 0, "contribution": False, "effects": False, "sample": {"keep": 200}}
    sequences = {"kind": "random", "count": 30, "length": 30}
    combmotif.interpret("net.h5", sequences, out=tmp_path / "run", **options)
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    (tmp_path / "own.py").write_text("open('PWNED', 'w')\nCUSTOM = {}\n")
    record["config"]["model"]["custom_objects"] = str(tmp_path / "own.py") + ":CUSTOM"
    (tmp_path / "run" / "run.json").write_text(json.dumps(record))
    said = refused("compare", "a=run", "b=run", "--out", "cmp", "--sequences", 20, "--draws", 2)
    assert "Python code that its run.json names would have to run" in said
    assert not (tmp_path / "PWNED").exists()
