"""The model and the settings in words."""

from __future__ import annotations

from pathlib import Path

from combmotif.report.folder import RunFolder
from combmotif.report.overview import as_lines, model_facts, model_name


def run(**record):
    return RunFolder(Path("run"), record)


def test_what_the_card_tells_is_told_and_nothing_else():
    card = {
        "description": "predicts load", "limits": " 50 nt only ",
        "outputs": [{"name": "mrl", "unit": "ribosomes", "meaning": "mean ribosome load"}],
        "training": {"data": "a library"},
        "metrics": [{"name": "R2", "value": 0.93, "data": "held-out"}, {"name": "n", "value": 3}],
    }  # fmt: skip
    model = {"name": "mrl", "outputs": ["mrl", "other"], "description": card, "parameters": 12345, "fingerprint": "ab"}
    assert dict(model_facts(run(model=model))) == {
        "Name": "mrl", "What it is": "predicts load", "Predicts": "mrl (ribosomes): mean ribosome load; other",
        "Trained on": "a library", "How good": "R2 0.930 on held-out; n 3.00", "Limits": "50 nt only",
        "Parameters": "12\u202f345", "Fingerprint": "ab",
    }  # fmt: skip
    assert model_facts(run()) == [("Name", "a network")]
    assert model_facts(run(model={"outputs": None, "description": "text", "parameters": "many"})) == [
        ("Name", "a network")
    ]
    assert model_name(run(model="text")) == "a network"


def test_settings_are_written_as_indented_lines():
    settings = {
        "model": {"card": "mrl"},
        "select": [0, 1],
        "pairs": [["AUG", "UAA"]],
        "seed": 7,
        "match": {},
        "x": None,
    }
    assert as_lines(settings) == (
        'model:\n  card: mrl\nselect: [0, 1]\npairs:\n  - ["AUG", "UAA"]\nseed: 7\nmatch: {}\nx: null'
    )
