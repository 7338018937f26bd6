import pytest

from combmotif.config import load_config, open_model, open_model_from, output_index

NET = """
from torch import nn


def build():
    return nn.Sequential(nn.Conv1d(4, 2, 3), nn.AdaptiveMaxPool1d(1), nn.Flatten())
"""


@pytest.fixture
def python(right, tmp_path):
    (tmp_path / "net.py").write_text(NET)
    return right | {"model": {"kind": "python", "factory": "net.py:build", "outputs": ["up", "down"]}}


def test_config_card_and_name_open_the_same_way(python, write, tmp_path):
    path = write(python)
    assert open_model(load_config(path).model).outputs == ("up", "down")
    assert open_model_from(str(path)).outputs == ("up", "down")
    (tmp_path / "model.yaml").write_text("kind: python\nfactory: net.py:build\n")
    for target in (tmp_path / "model.yaml", tmp_path):
        with pytest.raises(ValueError, match="would have to run"):
            open_model_from(str(target))
        assert open_model_from(str(target), trust=True).outputs == ("output1", "output2")
    with pytest.raises(FileNotFoundError, match="no model card 'nowhere'"):
        open_model_from("nowhere")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"outputs": ["one"]}, "^model.outputs: expected 2 names"),
        ({"factory": "net.py:bild"}, "^model.factory: .* has no function 'bild'"),
        ({"weights": "net.py"}, r"^model.weights: .*net\.py: expected weights"),
        ({"channels": 5}, "^model: could not predict"),
    ],
)
def test_errors_name_the_key(python, write, change, message):
    python["model"] |= change
    with pytest.raises(ValueError, match=message):
        open_model(load_config(write(python)).model)


def test_a_card_that_is_wrong_names_the_key(right, write, tmp_path):
    (tmp_path / "model.yaml").write_text("kind: pythn\n")
    config = load_config(write(right | {"model": {"card": "model.yaml"}}))
    with pytest.raises(ValueError, match=r"^model.card: .*model\.yaml: kind: expected one of"):
        open_model(config.model)


def test_output_by_name_or_number():
    outputs = ("hek", "t_cell")
    assert output_index("t_cell", outputs, key="k") == 1
    assert output_index(0, outputs, key="k") == 0
    with pytest.raises(ValueError, match="interaction.output: the model has no output 'tcell'; did you mean 't_cell'?"):
        output_index("tcell", outputs, key="interaction.output")
    with pytest.raises(ValueError, match=r"k: the model has 2 outputs \(hek, t_cell\), found 2"):
        output_index(2, outputs, key="k")
