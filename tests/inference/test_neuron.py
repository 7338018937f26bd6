import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from combmotif.inference import Edits, WindowProbe, predict_edits
from combmotif.inference.neuron import neuron_model
from combmotif.models.architectures.cnn_gru import CnnGru
from combmotif.models.model import InputSpec, SequenceModel


class Residual(nn.Module):
    """Branches of different width that meet, an average pool, a padded and strided convolution."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(3)
        self.conv1 = nn.Conv1d(6, 8, 7, padding=3)
        self.skip = nn.Conv1d(8, 8, 3, padding=1)
        self.conv2 = nn.Conv1d(8, 8, 5, padding=2)
        self.conv3 = nn.Conv1d(8, 6, 5, stride=2, padding="valid")
        self.conv4 = nn.Conv1d(6, 5, 3)
        self.head = nn.Linear(5, 1)

    def forward(self, x):
        h = F.avg_pool1d(F.relu(self.conv1(x)), 2)
        h = self.conv2(h) + self.skip(h)
        h = F.max_pool1d(F.relu(h, inplace=True), 2, padding=1)
        h = self.conv4(F.relu(self.conv3(F.pad(h, (4, 4)))))
        return self.head(h.mean(2))


def nets():
    torch.manual_seed(0)
    yield SequenceModel("pooled", CnnGru(width=16, blocks=5)), "conv6"
    yield SequenceModel("residual", Residual(), InputSpec(channels=6)), "conv4"


@pytest.mark.parametrize(("model", "layer"), list(nets()), ids=["pooled", "residual"])
@pytest.mark.parametrize("method", ["auto", "incremental"])
def test_a_neuron_alone_is_the_neuron_of_the_net_with_and_without_edits(model, layer, method):
    probe, random = WindowProbe(model, layer), np.random.default_rng(0)
    size, extra = probe.receptive_field, model.input_spec.channels - 4
    codes = list(random.integers(0, 4, (2, size)).astype(np.uint8))
    tracks = list(random.random((2, extra, size)).astype(np.float32)) if extra else None
    alone = neuron_model(model, layer, 3)
    assert alone.input_spec.length == size
    edits = Edits.substitutions(codes)
    found = predict_edits(alone, codes, edits, tracks=tracks, method=method)
    if method == "incremental":
        assert found.method == "incremental"
    beside = None if tracks is None else np.stack(tracks)
    np.testing.assert_allclose(found.base[:, 0], probe.activations(np.stack(codes), beside)[:, 3], atol=1e-5)
    beside = None if beside is None else beside[edits.rows]
    np.testing.assert_allclose(found.values[:, 0], probe.activations(edits.apply(codes), beside)[:, 3], atol=1e-5)


def test_the_net_is_shared_and_a_neuron_that_is_not_there_is_named():
    model = SequenceModel("net", CnnGru(width=8))
    alone = neuron_model(model, "conv3", 7)
    assert alone.outputs == ("conv3:7",)
    assert {p.data_ptr() for p in alone.module.parameters()} == {p.data_ptr() for p in model.module.parameters()}
    with pytest.raises(ValueError, match="layer 'conv3' has 8 neurons, 0 to 7, found 8"):
        neuron_model(model, "conv3", 8)
    with pytest.raises(ValueError, match="no layer 'conv9'"):
        neuron_model(model, "conv9", 0)
