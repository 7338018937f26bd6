import numpy as np
import torch
from torch import nn

from combmotif.discovery.composition import composition
from combmotif.inference import WindowProbe
from combmotif.models.model import SequenceModel


def test_a_neuron_that_counts_a_nucleotide_is_said_to():
    net = nn.Sequential(nn.Conv1d(4, 1, 12))
    with torch.no_grad():
        net[0].weight.zero_()
        net[0].weight[0, 0] = 1.0  # counts A
    text = composition(WindowProbe(SequenceModel("counts", net), "0"), 0, np.random.default_rng(0))
    assert text.startswith("composition explains 100% of its activation (A +")
    assert "strongest 3-mers AAA +" in text


def test_a_narrow_neuron_has_no_3_mers():
    net = nn.Sequential(nn.Conv1d(4, 1, 2))
    text = composition(WindowProbe(SequenceModel("narrow", net), "0"), 0, np.random.default_rng(0), alphabet="dna")
    assert "3-mers" not in text
    assert "T " in text
