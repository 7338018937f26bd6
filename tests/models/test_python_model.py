import sys

import numpy as np
import pytest
import torch

from combmotif.models.model import InputSpec
from combmotif.models.python_model import build_module, load_python

NET = """
import torch
from torch import nn
from neighbour import WIDTH


def build(kernel=3, outputs=1):
    torch.manual_seed(1)
    return nn.Sequential(
        nn.Conv1d(4, WIDTH, kernel), nn.ReLU(), nn.AdaptiveMaxPool1d(1), nn.Flatten(), nn.Linear(WIDTH, outputs)
    )


def flat():
    return nn.Sequential(nn.Flatten(), nn.Linear(4 * 30, 1))


class Odd(nn.Module):
    def forward(self, x):
        return x


class Broken(nn.Module):
    def forward(self, x):
        return x.sum((1, 2)) / 0


class Pair(nn.Module):
    def forward(self, x):
        return x.sum((1, 2)), x


class TwoInputs(nn.Module):
    def forward(self, x, region):
        return x.sum((1, 2)) + region


def odd():
    return Odd()


def as_class():
    return Odd


def fails():
    raise KeyError("no such thing")
"""


@pytest.fixture
def net(tmp_path):
    (tmp_path / "neighbour.py").write_text("WIDTH = 5\n")
    path = tmp_path / "net.py"
    path.write_text(NET)
    yield path
    sys.modules.pop("neighbour", None)


def test_a_net_from_a_file_with_weights(net, tmp_path):
    trained = build_module(f"{net}:build", {"outputs": 2})
    with torch.no_grad():
        trained[4].bias.copy_(torch.tensor([10.0, -10.0]))
    torch.save(trained.state_dict(), tmp_path / "w.pt")
    before = list(sys.path)
    model = load_python(
        f"{net}:build",
        kwargs={"outputs": 2},
        weights=tmp_path / "w.pt",
        input_spec=InputSpec("dna"),
        outputs=["x", "y"],
    )
    assert sys.path == before
    assert model.outputs == ("x", "y")
    assert model.input_spec.alphabet == "dna"
    prediction = model.predict(np.zeros((3, 40), np.uint8))
    assert prediction.shape == (3, 2)
    assert (prediction[:, 0] > 5).all()
    assert (prediction[:, 1] < -5).all()


def test_outputs_are_named_by_their_number(net):
    assert load_python(f"{net}:build").outputs == ("output",)
    assert load_python(f"{net}:build", kwargs={"outputs": 3}).outputs == ("output1", "output2", "output3")


def test_a_module_by_its_import_name():
    model = load_python(
        "combmotif.models.architectures.cnn_gru:CnnGru",
        kwargs={"blocks": 1, "width": 4},
        input_spec=InputSpec("rna", 20),
    )
    assert model.name == "combmotif.models.architectures.cnn_gru:CnnGru"
    assert model.predict(np.zeros((2, 20), np.uint8)).shape == (2, 1)


SIX = InputSpec(channels=6)


@pytest.mark.parametrize(
    ("function", "options", "message"),
    [
        ("biuld", {}, r"has no function 'biuld'; it has .*build"),
        ("build", {"kwargs": {"kernle": 3}}, r"failed: TypeError: .*kernle"),
        ("build", {"outputs": ["a", "b"]}, "outputs: expected 1 names, one per column the model returns, found a, b"),
        (
            "build",
            {"input_spec": InputSpec(channels=6)},
            r"could not predict random sequences .*input \(2, 6, length\): RuntimeError",
        ),
        ("flat", {}, r"random sequences of 100, 1000, 12288 nt.*give the input length as 'length'"),
        ("odd", {}, r"expected predictions of shape \(2,\) or \(2, outputs\) for 2 sequences, found \(2, 4, 100\)"),
        ("as_class", {}, "expected .* to return a torch.nn.Module, found type; return the module, not its class"),
        ("Broken", {}, "is not finite"),
        ("Pair", {}, "expected a tensor of predictions, found tuple of 2"),
        ("TwoInputs", {}, r"missing 1 required positional argument: 'region'; a net is called with one tensor"),
        ("fails", {}, "failed: KeyError: 'no such thing'"),
    ],
)
def test_mistakes_in_the_factory(net, function, options, message):
    with pytest.raises(ValueError, match=message):
        load_python(f"{net}:{function}", **options)


def test_a_fixed_length_is_used(net):
    assert load_python(f"{net}:flat", input_spec=InputSpec("rna", 30)).input_spec.length == 30


def test_a_file_that_cannot_be_imported(tmp_path):
    path = tmp_path / "bad.py"
    path.write_text("x = 1\nimport a_package_nobody_has\n")
    before = list(sys.path)
    with pytest.raises(ValueError, match="could not be imported on line 2: ModuleNotFoundError"):
        load_python(f"{path}:build")
    assert sys.path == before
    with pytest.raises(FileNotFoundError, match=r"there is no file .*nowhere\.py"):
        load_python(f"{tmp_path}/nowhere.py:build")
    with pytest.raises(ValueError, match="the module 'no_such_module' could not be imported"):
        load_python("no_such_module:build")
    with pytest.raises(ValueError, match="expected path/to/file.py:function"):
        load_python("net.py")


def test_weights_that_do_not_fit(net, tmp_path):
    torch.save(build_module(f"{net}:build", {"kernel": 7}).state_dict(), tmp_path / "w.pt")
    with pytest.raises(ValueError, match=r"0\.weight \(expected \(5, 4, 3\), found \(5, 4, 7\)\)"):
        load_python(f"{net}:build", weights=tmp_path / "w.pt")
