import json
import re

import pytest

from combmotif.config import load_config
from combmotif.config.starter import LayerFacts, propose_layer, starter_config


def uncommented(text):
    """Every commented alternative of a starter config, put in."""
    return re.sub(r"^# (interaction:|  (?:pairs|scrambles|output):)", r"\1", text, flags=re.MULTILINE)


def test_a_shipped_model(cli, tmp_path):
    result = cli("init")
    assert result.exit_code == 0, result.output
    assert result.stdout == "Config: question.yaml (layer conv3, 18 nt; schema for editors beside it)\n"
    assert result.stderr == "Next: combmotif plan question.yaml\n"
    text = (tmp_path / "question.yaml").read_text()
    assert text.startswith("# yaml-language-server: $schema=combmotif.schema.json\n")
    assert "#   conv3: 64 neurons, each sees 18 nt\n" in text
    config = load_config(tmp_path / "question.yaml")
    assert config.neurons.layer == "conv3"
    assert config.sequences.length == 50
    assert config.interaction is None
    schema = json.loads((tmp_path / "combmotif.schema.json").read_text())
    assert schema["properties"]["seed"]["default"] == 0
    (tmp_path / "more.yaml").write_text(uncommented(text))
    assert load_config(tmp_path / "more.yaml").interaction.pairs == "from_motifs"


@pytest.mark.slow
def test_ones_own_net_runs_at_once(cli, own_net, tmp_path):
    result = cli("init", "q.yaml", "--python", "net.py:build")
    assert result.exit_code == 0, result.output
    config = load_config(tmp_path / "q.yaml")
    assert config.neurons.layer == "3"  # nn.Sequential names its layers by number
    assert config.model.outputs == ["output"]
    small = [
        f"--set={key}"
        for key in ("neurons.select=0", "sample.population=16", "sample.generations=2", "sequences.count=100")
    ]
    assert cli("run", "q.yaml", "--workers", 1, *small).exit_code == 0


def test_a_net_with_tracks_and_a_scripted_one(cli, refused, tmp_path):
    (tmp_path / "more.py").write_text(
        "import torch\nfrom torch import nn\n\n\n"
        "def build(channels=6):\n"
        "    return nn.Sequential(\n"
        "        nn.Conv1d(channels, 3, 5), nn.AdaptiveMaxPool1d(1), nn.Flatten(), nn.Linear(3, 1)\n    )\n\n\n"
        "def scripted():\n    return torch.jit.trace(build(4), torch.zeros(1, 4, 9))\n"
    )
    assert "set 'channels'" in refused("init", "q.yaml", "--python", "more.py:build")
    assert cli("init", "q.yaml", "--python", "more.py:build", "--channels", 6).exit_code == 0
    config = load_config(tmp_path / "q.yaml")
    assert (config.model.channels, config.neurons.layer) == (6, "0")
    assert refused("init", "s.yaml", "--python", "more.py:scripted").endswith("with the weights of its state_dict()")
    assert cli("init", "m.yaml", "--model", "mrl", "--channels", 6).exit_code == 2


def test_nothing_is_overwritten(cli, refused, tmp_path):
    (tmp_path / "question.yaml").write_text("mine")
    assert "question.yaml: is there already and is not overwritten" in refused("init")
    (tmp_path / "combmotif.schema.json").write_text("{}")
    assert "expected the schema that this command writes, found another file" in refused("init", "other.yaml")
    assert not (tmp_path / "other.yaml").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model", "mlr"], "did you mean 'mrl'"),
        (["--python", "nope.py:build"], "--python: found no 'nope.py'"),
        (["--python", "net.py:biuld"], "has no function 'biuld'"),
    ],
)
def test_mistakes(refused, own_net, arguments, message):
    assert message in refused("init", *arguments)


def test_which_layer_is_proposed():
    layers = [LayerFacts("a", 4, 5), LayerFacts("b", 4, 20), LayerFacts("c", 4, 60)]
    assert propose_layer(layers, None).name == "b"
    assert propose_layer(layers, 12).name == "a"
    assert propose_layer(layers[2:], None).name == "c"
    text = starter_config(["card: x"], layers[:1], name="x", length=None, outputs=["half life"], tracks=2)
    assert "It reads 2 tracks beside the bases" in text
    assert "output: 'half life'" in text
    assert "annotation: genes.gtf.gz" in text
