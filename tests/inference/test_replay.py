import numpy as np
import pytest
import torch
from torch import nn

from combmotif.inference import WindowProbe
from combmotif.inference.shortcuts.replay import Replay, recorded
from combmotif.models.model import SequenceModel


class Net(nn.Module):
    """Convolutions, a pool, changes in place, a join and an output of several tensors."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2, self.conv3 = nn.Conv1d(4, 6, 5), nn.Conv1d(6, 6, 3), nn.Conv1d(12, 3, 2)
        self.act = nn.ReLU(inplace=True)

    def forward(self, x):
        x = self.act(self.conv1(x))
        best, _ = torch.stack([x[..., 0:8:2], x[..., 1:8:2]]).max(0)
        x = self.conv2(best)
        x += 1
        first, second = torch.cat([x, x.relu()], 1).split(6, 1)
        return self.conv3(torch.cat([second, first], 1))


@pytest.fixture
def windows():
    torch.manual_seed(0)
    return torch.rand(20, 4, 12)


def test_the_replay_gives_the_same_of_other_windows(windows):
    net = Net().eval()
    replay = recorded(net, windows[:8])
    assert isinstance(replay, Replay)
    for count in (1, 3, 20):
        with torch.no_grad():
            torch.testing.assert_close(replay(windows[:count].clone()), net(windows[:count]), rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    "run",
    [
        lambda x: x * 2 if x[0, 0, 0] > 0.5 else x * 3,  # goes by what the windows hold
        lambda x: x.sum((1, 2)) * x.sum().item(),
        lambda x: x.reshape(2 * len(x), 2, 12)[::2],  # knows the number of windows
        lambda x: torch.from_numpy(x.numpy() * 2),  # leaves torch
        lambda x: x + torch.from_numpy(x.mean((1, 2), keepdim=True).numpy()),
        lambda x: x + torch.rand(()),
        lambda x: torch.ones(len(x)),
    ],
)
def test_what_is_not_the_same_for_all_windows_is_run_as_it_is(run, windows):
    assert recorded(run, windows[:8]) is run


def test_a_probe_of_one_neuron_replays_with_and_without_a_table():
    torch.manual_seed(0)
    table = nn.Sequential(nn.Conv1d(4, 6, 3), nn.ReLU(inplace=True), nn.MaxPool1d(2), nn.Conv1d(6, 5, 4))
    wide = nn.Sequential(nn.Conv1d(4, 6, 40), nn.ReLU(), nn.Conv1d(6, 5, 4))
    for module, layer in ((table, "3"), (wide, "2")):
        probe = WindowProbe(SequenceModel("net", module), layer)
        codes = np.random.default_rng(1).integers(0, 4, (9, probe.receptive_field)).astype(np.uint8)
        values = probe.activations(codes)
        for neuron in (4, 1):
            with probe.only(neuron):
                assert isinstance(probe._replay, Replay)
                np.testing.assert_allclose(probe.activations(codes)[:, 0], values[:, neuron], atol=1e-5)
                np.testing.assert_allclose(probe.activations(codes[:1])[:, 0], values[:1, neuron], atol=1e-5)
                codes[0, 2] = 4  # an unknown base is in no table
                unknown = probe.activations(codes)[:, 0]
                codes[0, 2] = 0
            assert probe._replay is None
            codes[0, 2] = 4
            np.testing.assert_allclose(probe.activations(codes)[:, neuron], unknown, atol=1e-5)
            codes[0, 2] = 0
            values = probe.activations(codes)
