import numpy as np
import pytest
import torch
import yaml

from combmotif.models import list_cards, load_card, save_card
from combmotif.models.architectures.cnn_gru import CnnGru
from combmotif.models.card import card_file, read_card

SEQUENCES = ["ACGUACGUACGUACGUACGU", "GGGGGCCCCCAAAAAUUUUU"]


@pytest.fixture
def folder(tmp_path):
    torch.manual_seed(0)
    net = CnnGru(blocks=1, width=8).eval()
    card = {
        "name": "small",
        "kind": "cnn_gru",
        "arguments": {"blocks": 1, "width": 8},
        "input": {"alphabet": "rna", "length": 20},
        "outputs": [{"name": "load", "unit": "ribosomes", "meaning": "more is more"}],
        "limits": "1e-3 is text here: no",
    }
    save_card(tmp_path / "small", net, card, sequences=SEQUENCES)
    return tmp_path / "small"


def _edit(folder, **changes):
    path = folder / "model.yaml"
    card = yaml.safe_load(path.read_text())
    card.update(changes)
    path.write_text(yaml.safe_dump({k: v for k, v in card.items() if v is not None}))


def test_saved_card_opens_as_the_same_model(folder):
    model = load_card(folder)
    assert model.name == "small"
    assert model.outputs == ("load",)
    assert model.input_spec.length == 20
    assert model.description["limits"] == "1e-3 is text here: no"
    card = read_card(folder / "model.yaml")
    assert card.expected is not None
    torch.manual_seed(0)
    net = CnnGru(blocks=1, width=8).eval()
    assert all(
        torch.equal(a, b) for a, b in zip(net.state_dict().values(), model.module.state_dict().values(), strict=True)
    )
    assert sorted(path.name for path in folder.iterdir()) == ["model.yaml", "weights.safetensors"]


def test_wrong_expected_prediction_names_both_numbers(folder):
    card = read_card(folder)
    assert card.expected is not None
    found = card.expected.predictions[1][0]
    predictions = [card.expected.predictions[0], [found + 0.5]]
    _edit(folder, expected={"sequences": SEQUENCES, "predictions": predictions, "tolerance": 0.001})
    message = f"GGGGGCCCCCAAAAAUUUUU .load.: expected {found + 0.5:.6g}, found {found:.6g} .tolerance 0.001"
    with pytest.raises(ValueError, match=message):
        load_card(folder)
    _edit(folder, expected={"sequences": SEQUENCES, "predictions": predictions, "tolerance": 0.6})
    load_card(folder)


def test_weights_with_another_checksum(folder):
    path = folder / "weights.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(ValueError, match="expected the weights of .* found sha256"):
        load_card(folder)


def test_missing_weights_say_where_they_belong(folder, monkeypatch, tmp_path):
    monkeypatch.delenv("COMBMOTIF_DATA", raising=False)
    moved = tmp_path / "data" / "weights"
    moved.mkdir(parents=True)
    (folder / "weights.safetensors").rename(moved / "weights.safetensors")
    _edit(folder, training={"source": "https://example.org/weights"})
    with pytest.raises(
        FileNotFoundError, match=r"published at https://example.org/weights; put them at .*small/weights"
    ):
        load_card(folder)
    monkeypatch.setenv("COMBMOTIF_DATA", str(tmp_path / "data"))
    assert load_card(folder).name == "small"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"kind": "cnn_gruu"},
            "kind: expected one of cnn_gru, optimus5p, framepool, hal, language, python, found 'cnn_gruu'; did you",
        ),
        ({"wieghts": "x"}, "wieghts: unknown key; did you mean 'weights'"),
        ({"weights": None}, "weights: expected the weights file of a cnn_gru model"),
        ({"arguments": {"widht": 8}}, "arguments: .*widht"),
        ({"arguments": {"blocks": 2, "width": 8}}, "do not fit CnnGru; missing: norm2.weight"),
        ({"sha256": "abc"}, "sha256: expected"),
        ({"outputs": [{"name": "a"}, {"name": "b"}]}, "outputs: expected 1 names"),
        ({"input": {"length": 30}}, "expected.sequences: model 'small' reads 30 nt, found 20 nt"),
        ({"expected": {"sequences": ["ACG"], "predictions": []}}, "expected 1 rows of predictions, found 0"),
        ({"factory": "x.py:f"}, "factory: expected none for kind: cnn_gru, found 'x.py:f'"),
    ],
)
def test_mistakes_in_a_card(folder, changes, message):
    _edit(folder, **changes)
    with pytest.raises(ValueError, match=message):
        load_card(folder)


def test_python_card_finds_its_factory_beside_it(tmp_path):
    (tmp_path / "net.py").write_text(
        "from torch import nn\n\n"
        "def build(width):\n"
        "    return nn.Sequential(nn.Conv1d(4, width, 3), nn.AdaptiveMaxPool1d(1), nn.Flatten())\n"
    )
    (tmp_path / "model.yaml").write_text("kind: python\nfactory: net.py:build\narguments: {width: 2}\n")
    with pytest.raises(ValueError, match=r"Python code that would have to run \(factory: net.py:build\).*--trust"):
        load_card(tmp_path)
    model = load_card(tmp_path, trust=True)
    assert model.outputs == ("output1", "output2")
    assert model.name == tmp_path.name


def test_unknown_name_lists_the_nearest():
    with pytest.raises(FileNotFoundError, match="no model card 'framepol' by name or path; did you mean 'framepool'"):
        card_file("framepol")


@pytest.mark.parametrize("name", list_cards())
def test_shipped_cards_are_complete(name, monkeypatch, data_dir):
    monkeypatch.setenv("COMBMOTIF_DATA", str(data_dir))
    card = read_card(name)
    assert card.name == name
    assert card.description
    assert card.limits
    assert card.training.data
    assert card.training.licence
    model = load_card(name)
    length = model.input_spec.length or 50
    assert np.isfinite(model.predict(np.zeros((1, length), np.uint8))).all()
