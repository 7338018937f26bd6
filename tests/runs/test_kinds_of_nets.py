"""Runs of nets of which not every layer carries motifs, and of nets without neurons to interpret."""

import json

import numpy as np
import pytest
import torch
from torch import nn

from combmotif import interpret
from combmotif.config.run import RunConfig
from combmotif.core.typed_yaml import validate

WORD = (3, 2, 0, 1, 3)  # UGACU


class Mixed(nn.Module):
    """A convolution that reads UGACU and nothing else, and another behind a recurrent layer."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.conv1, self.gru, self.conv2 = nn.Conv1d(4, 2, 5), nn.GRU(2, 4, batch_first=True), nn.Conv1d(4, 2, 3)
        with torch.no_grad():
            self.conv1.weight[0] = -1
            self.conv1.weight[0, list(WORD), range(5)] = 1
            self.conv1.bias[0] = -3

    def forward(self, x):
        h = torch.relu(self.conv1(x))
        return self.conv2(self.gru(h.transpose(1, 2))[0].transpose(1, 2)).mean(2)


@pytest.fixture(scope="module")
def sequences():
    codes = np.random.default_rng(0).integers(0, 4, (60, 40))
    codes[::2, 7:12] = WORD
    return ["".join("ACGU"[base] for base in row) for row in codes]


@pytest.mark.slow
def test_layers_that_are_left_out_are_named(sequences):
    found = interpret(
        Mixed(), sequences, layer="all", neurons="0", match=False, contribution=False, effects=False, seed=1
    )
    # a neuron that reads exactly one k-mer as wide as its window has a motif
    assert [motif.consensus() for motif in found.motifs] == ["UGACU"]
    assert [layer["layer"] for layer in found.record["model"]["layers"]] == ["conv1"]
    assert list(found.record["model"]["refused"]) == ["conv2"]
    (said,) = (warning for warning in found.warnings if warning.startswith("Left out: "))
    assert "layer 'conv2' of model 'Mixed' cannot carry motifs: it mixes the whole sequence" in said
    assert set(found.neurons.neuron) == {"conv1:0"}


@pytest.mark.slow
def test_without_neurons_what_needs_none_is_done(sequences):
    found = interpret(Mixed(), sequences, match=False, effects=False, interaction={"pairs": [["UGACU", "GGA"]]}, seed=1)
    assert found.stages["samples"] == "empty: not asked for: the configuration has no 'neurons' section"
    assert found.stages["interaction"] == "done"
    assert list(found.interactions.motif_a) == ["UGACU"]
    assert found.neurons.empty
    assert json.loads((found.folder / "run.json").read_text())["model"]["layers"] == []


def test_what_measures_neurons_needs_them():
    data = {"model": {"card": "mrl"}, "sequences": {"kind": "random"}, "contribution": {}}
    with pytest.raises(ValueError, match="contribution: measures neurons, and there is no 'neurons' section"):
        validate(RunConfig, data, name="c.yaml")
