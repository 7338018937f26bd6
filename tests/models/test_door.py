"""What networks return, read and are made of: each opens, or one sentence says what to write."""

from collections import namedtuple
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from combmotif.models.device import in_batches
from combmotif.models.door import Pick
from combmotif.models.model import InputSpec
from combmotif.models.opening import open_module
from combmotif.models.weights import fill, load_weights

Two = namedtuple("Two", "profile counts")


@dataclass(slots=True)
class Slotted:
    counts: torch.Tensor
    loss: None = None


class Net(nn.Module):
    """A convolution over the sequence, and what is made of it."""

    def __init__(self, end=lambda h: h.amax(2)):
        super().__init__()
        torch.manual_seed(0)
        self.conv, self.end = nn.Conv1d(4, 3, 5, padding=2), end

    def forward(self, x):
        return self.end(self.conv(x))


def opened(module, **options):
    spec = InputSpec(length=options.pop("length", None))
    return open_module(module, spec, name="net", **options)


def codes(count=3, length=40):
    return np.random.default_rng(0).integers(0, 4, (count, length)).astype(np.uint8)


def raw(model, x=None):
    """Plain values of the convolution, (n, 3, length)."""
    with torch.no_grad():
        return model.module.conv.float()(model.tensor(codes() if x is None else x)).numpy()


ENDS = {
    "several outputs": (lambda h: h.amax(2), None, lambda h: h.max(2)),
    "a column": (lambda h: h.amax(2), 1, lambda h: h.max(2)[:, 1:2]),
    "no axis of outputs": (lambda h: h.amax((1, 2)), None, lambda h: h.max((1, 2))[:, None]),
    "an axis too many": (lambda h: h.amax(2, keepdim=True), None, lambda h: h.max(2)),
    "a tuple of one": (lambda h: (h.amax(2),), None, lambda h: h.max(2)),
    "a tuple": (lambda h: (h, h.mean(2)), 1, lambda h: h.mean(2)),
    "a named tuple": (lambda h: Two(h, h.mean(2)), "counts", lambda h: h.mean(2)),
    "a named tuple by number": (lambda h: Two(h, h.mean(2)), 1, lambda h: h.mean(2)),
    "a dictionary": (lambda h: {"a": h.mean(2), "b": h.amax(2)}, "b", lambda h: h.max(2)),
    "a tuple from its end": (lambda h: (h, h.mean(2)), -1, lambda h: h.mean(2)),
    "a tuple with nothing": (lambda h: (h.mean(2), None), None, lambda h: h.mean(2)),
    "a dictionary in a dictionary": (
        lambda h: {"human": {"rna": h.mean(2), "atac": h}, "mouse": h}, "human.rna", lambda h: h.mean(2),
    ),
    "slots": (lambda h: Slotted(h.mean(2)), None, lambda h: h.mean(2)),
    "the last column": (lambda h: h.amax(2), -1, lambda h: h.max(2)[:, 2:]),
    "strands beside the positions": (
        lambda h: torch.stack([h, -h], 1), {"mean": "positions"}, lambda h: np.concatenate([h, -h], 1).mean(2),
    ),
    "one number per position": (lambda h: h[:, 0], {"mean": "positions"}, lambda h: h[:, 0].mean(1)[:, None]),
    "the centre": (lambda h: h[:, 0], {"position": "center"}, lambda h: h[:, 0, 20:21]),
    "classes per position": (lambda h: h.softmax(1).log(), {"position": 7}, None),
    "positions before classes": (lambda h: h.transpose(1, 2), {"mean": "positions"}, lambda h: h.mean(2)),
    "positions of one of several": (
        lambda h: {"human": h.transpose(1, 2), "mouse": h}, {"item": "human", "position": 3}, lambda h: h[:, :, 3],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ENDS)
def test_an_output_is_picked(name):
    end, output, expected = ENDS[name]
    model = opened(Net(end), output=output)
    found = model.predict(codes())
    values = raw(model)
    if expected is None:
        values = values[:, :, 7]
        values = values - np.log(np.exp(values).sum(1, keepdims=True))
    else:
        values = expected(values)
    np.testing.assert_allclose(found, values, atol=1e-6)
    # one sequence alone gives the same, also where the net drops its axis
    np.testing.assert_allclose(model.predict(codes()[:1]), found[:1], atol=1e-6)


def test_one_sequence_without_an_axis_of_its_own():
    for end, count in ((lambda h: h.amax((1, 2)).squeeze(), 1), (lambda h: h.amax(2).squeeze(), 3)):
        model = opened(Net(end))
        assert len(model.outputs) == count
        np.testing.assert_allclose(model.predict(codes()[:1]), model.predict(codes())[:1], atol=1e-6)


@pytest.mark.parametrize(
    ("end", "output", "message"),
    [
        (lambda h: (h.mean(2), h), None, r"found tuple of 2 \(0 \(2, 3\), 1 \(2, 3, 100\)\); pick one"),
        (lambda h: {"a": h.mean(2)}, "b", r"output: expected one of those the network returns, a \(2, 3\), found 'b'"),
        (lambda h: h.mean(2), 3, "output: expected one of 0 to 2, found 3"),
        (lambda h: h[:, 0], None, r"one per position \(100 for 100 nt\); write 'output: \{mean: positions\}'"),
        (lambda h: h, None, r"with an axis of positions; write 'output: \{mean: positions\}'"),
        (lambda h: h[:, 0], {"position": 500}, "output: position: expected 0 to 99, found 500"),
        (lambda h: "no", None, "expected a tensor of predictions, found str"),
        (lambda h: {"a": {"b": h, "c": h}}, "b", r"the network returns, a\.b \(2, 3, 100\), a\.c .*found 'b'"),
        (lambda h: h.mean(2) + 1j, None, "expected predictions that are real numbers, found complex ones"),
        (lambda h: h.mean(2) / torch.tensor([1, 0, 1.0]), None, r"not finite in 1 of 3 outputs \(first 1, from 0\)"),
        (lambda h: F.pad(h, (0, -1)).sqrt(), {"mean": "positions"}, "is not finite"),
        (lambda h: h.cumsum(2)[..., :1] / (torch.arange(h.shape[2]) > 3), {"mean": "positions"}, "not finite at every"),
    ],
)
def test_what_has_to_be_picked_is_said(end, output, message):
    with pytest.raises(ValueError, match=message):
        opened(Net(end), output=output)


@pytest.mark.parametrize(
    "output",
    [{"mean": "letters"}, {"position": 1.5}, {"axis": 1}, {"axis": 0, "mean": "positions"}, {"first": 1}, {}, True],
)
def test_an_output_that_is_none_is_refused(output):
    with pytest.raises(ValueError, match="output: expected a number, a name,"):
        Pick.of(output)


@pytest.mark.parametrize("tasks", [3, 500])
@pytest.mark.parametrize("last", [False, True])
def test_the_axis_of_the_positions_is_the_one_that_grows(tasks, last):
    class Tasks(Net):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv1d(4, tasks, 5, stride=4)

        def forward(self, x):
            h = self.conv(x)
            return h.transpose(1, 2) if last else h

    for length, name in ((None, "any"), (40, "fixed")):
        model = opened(Tasks(), output={"mean": "positions"}, length=length)
        np.testing.assert_allclose(model.predict(codes()), raw(model).mean(2), atol=1e-5, err_msg=name)
    first = opened(Tasks(), output={"position": -1})
    np.testing.assert_allclose(first.predict(codes()), raw(first)[:, :, -1], atol=1e-6)


def test_an_axis_that_does_not_show_is_asked_for():
    class Fixed(Net):
        def forward(self, x):
            assert x.shape[2] == 40
            return self.conv(x)[:, :, ::4]

    with pytest.raises(ValueError, match=r"output: .*positions of 40 nt, found \(2, 3, 10\); .*'axis: 1' \(3\) or"):
        opened(Fixed(), output={"mean": "positions"}, length=40)
    model = opened(Fixed(), output={"mean": "positions", "axis": 2}, length=40)
    np.testing.assert_allclose(model.predict(codes()), raw(model)[:, :, ::4].mean(2), atol=1e-6)


def test_constant_inputs_by_name():
    class Told(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.cell = nn.Conv1d(4, 3, 5), nn.Embedding(4, 3)

        def forward(self, x, cell, features, head="a"):
            return self.conv(x).amax(2) * self.cell(cell) + features * (1 if head == "a" else 10)

    torch.manual_seed(0)
    net = Told()
    model = opened(net, inputs={"cell": 2, "features": [0.5, 1.0, 2.0], "head": "b"})
    with torch.no_grad():
        expected = net.conv(model.tensor(codes())).amax(2) * net.cell.weight[2] + torch.tensor([5.0, 10.0, 20.0])
    np.testing.assert_allclose(model.predict(codes()), expected.numpy(), atol=1e-6)
    other = opened(net, inputs={"cell": 1, "features": [0.5, 1.0, 2.0], "head": "b"})
    assert other.fingerprint() != model.fingerprint()
    with pytest.raises(ValueError, match="give constant further inputs by name as 'inputs'"):
        opened(net)


@pytest.mark.parametrize("kind", [torch.float64, torch.float16, torch.bfloat16])
def test_weights_of_other_widths_run_in_32_bits(kind):
    net = Net().to(kind)
    model = opened(net)
    assert next(net.parameters()).dtype == kind  # the user's own is left as it was
    np.testing.assert_allclose(model.predict(codes()), raw(model).max(2), atol=1e-6)


def test_a_net_that_casts_by_itself():
    class Cast(Net):
        def forward(self, x):
            with torch.autocast("cpu", dtype=torch.bfloat16):
                return super().forward(x)

    assert opened(Cast()).predict(codes()).dtype == np.float32


def test_a_length_that_is_tried_is_not_taken_for_any():
    torch.manual_seed(0)
    fixed = nn.Sequential(nn.Conv1d(4, 2, 5), nn.Flatten(), nn.Linear(192, 1))
    assert opened(fixed).input_spec.length == 100
    assert opened(Net()).input_spec.length is None

    class Steps(Net):  # reads multiples of 4
        def forward(self, x):
            assert x.shape[2] % 4 == 0
            return super().forward(x)

    assert opened(Steps()).input_spec.length is None
    with pytest.raises(ValueError, match="give the input length as 'length'"):
        opened(nn.Sequential(nn.Flatten(), nn.Linear(4 * 333, 1)))


class Says(Net):
    """Does something to its input before anything else."""

    def __init__(self, first):
        super().__init__()
        self.first = first

    def forward(self, x):
        self.first(x)
        return super().forward(x)


def one_alone(x):
    assert len(x) == 1


def names(x):
    return x.tokens


def multiples(x):
    if x.shape[2] != 333:
        raise RuntimeError("of another length")


@pytest.mark.parametrize(
    ("first", "said"),
    [
        (one_alone, "the net reads one sequence at a time: .* on each, as torch.cat"),
        (names, "AttributeError: .*it is given a tensor of 32-bit numbers: let the factory return"),
        (multiples, "give the input length as 'length'; where the net reads something else"),
    ],
)
def test_what_a_net_wants_is_said(first, said):
    with pytest.raises(ValueError, match=said):
        opened(Says(first))


def test_as_many_outputs_as_positions_are_asked_about_unless_these_are_told_apart():
    assert len(opened(Net(lambda h: h), output={"mean": "positions"}, length=3).outputs) == 3
    with pytest.raises(ValueError, match="where they are none, name them: 'outputs'"):
        opened(Net(lambda h: h.amax(2)), length=3)


@pytest.mark.parametrize("name", ["eval", "train"])
def test_a_net_without_an_evaluation_mode_is_refused(name):
    net = Net()
    setattr(net, name, lambda: 1 / 0)
    with pytest.raises(ValueError, match=r"could not be put into evaluation mode by module\.eval\(\)"):
        opened(net)


def test_parts_of_16_bits_run_in_32():
    net = Net(lambda h: h.amax(2))
    net.norm = nn.BatchNorm1d(3)
    net.conv.half()
    np.testing.assert_allclose(opened(net).predict(codes()), raw(opened(net)).max(2), atol=1e-6)


class Keeps(nn.Module):
    """Makes its weights, and a table of positions, when it first runs."""

    def __init__(self):
        super().__init__()
        self.conv, self.table = nn.LazyConv1d(3, 5), None

    def forward(self, x):
        if self.table is None:
            self.table = torch.linspace(1, 2, 1000)
        h = self.conv(x)
        return (h * self.table[: h.shape[2]]).mean(2)


def test_what_a_net_makes_when_it_first_runs_lets_gradients_through():
    torch.manual_seed(0)
    model = opened(Keeps())
    x = model.tensor(codes()).requires_grad_()
    (slope,) = torch.autograd.grad(model(x).sum(), x)
    assert slope.abs().max() > 0


def test_parts_that_are_compiled_run_as_they_were_written():
    net = Net()
    net.conv = torch.compile(net.conv, backend=lambda *_: 1 / 0)  # fails where it is used
    model = opened(net)
    np.testing.assert_allclose(model.predict(codes()), raw(opened(Net())).max(2), atol=1e-6)
    assert "_orig_mod" in dict(net.conv.named_children())  # the user's own is left as it was
    net = Net()
    net.compile(backend=lambda *_: 1 / 0)
    assert opened(net).predict(codes()).shape == (3, 3)


def test_wrapped_nets_are_unwrapped():
    for wrap in (nn.DataParallel, torch.optim.swa_utils.AveragedModel, lambda n: torch.compile(n, backend="eager")):
        model = opened(wrap(Net()))
        assert isinstance(model.module, Net)


@pytest.mark.parametrize("prefix", ["", "model.", "module.", "_orig_mod.", "trainer.net."])
@pytest.mark.parametrize("beside", [{}, {"criterion.weight": torch.ones(2)}, {"n_averaged": torch.tensor(3)}])
def test_weights_under_a_prefix_or_beside_others(prefix, beside):
    torch.manual_seed(1)
    made, net = (nn.Sequential(nn.Conv1d(4, 2, 3), nn.BatchNorm1d(2)) for _ in range(2))
    state = {prefix + key: value for key, value in made.state_dict().items() if "num_batches" not in key}
    fill(net, state | beside, path="w.pt")
    assert all(torch.equal(a, b) for a, b in zip(net.parameters(), made.parameters(), strict=True))


@pytest.mark.parametrize(
    "around",
    [
        lambda state: {"ema_model": state, "optimizer": {"state": {}, "param_groups": []}, "step": 7},
        lambda state: {"network_state": {"module." + key: value for key, value in state.items()}},
        lambda state: state | {"epoch": 3, "name": "net"},
        lambda state: state | {"total_ops": torch.zeros(1), "0.total_params": torch.zeros(1)},
    ],
)
def test_checkpoints_name_the_weights_as_they_like(tmp_path, around):
    torch.manual_seed(1)
    made, net = (nn.Sequential(nn.Conv1d(4, 2, 3), nn.BatchNorm1d(2)) for _ in range(2))
    torch.save(around(made.state_dict()), tmp_path / "w.pt")
    load_weights(net, tmp_path / "w.pt")
    assert all(torch.equal(a, b) for a, b in zip(net.parameters(), made.parameters(), strict=True))


def test_two_sets_of_weights_are_refused_unless_they_are_equal():
    student, teacher, net = (nn.Conv1d(4, 2, 3) for _ in range(3))
    state = {f"student.{key}": value for key, value in student.state_dict().items()}
    with pytest.raises(ValueError, match=r"w\.pt: expected the weights once, found two sets, under 'student\.' and"):
        fill(net, state | {f"teacher.{key}": value for key, value in teacher.state_dict().items()}, path="w.pt")
    fill(net, state | {f"teacher.{key}": value for key, value in student.state_dict().items()}, path="w.pt")
    assert torch.equal(net.weight, student.weight)


def test_constants_may_be_missing_and_whole_numbers_left_over():
    class Counted(nn.Conv1d):
        def __init__(self):
            super().__init__(4, 2, 3)
            self.register_buffer("place", torch.arange(3.0))

    net, made = Counted(), Counted()
    state = made.state_dict()
    with pytest.warns(UserWarning, match=r"w\.pt: without place; the values that the net was made with stay"):
        fill(net, {"model." + key: value for key, value in state.items() if key != "place"}, path="w.pt")
    assert torch.equal(net.weight, made.weight)
    fill(net, state | {"position_ids": torch.arange(9)}, path="w.pt")
    with pytest.raises(ValueError, match=r"unexpected: scale; write what it has: \{key: state\[key\]"):
        fill(net, state | {"scale": torch.ones(1)}, path="w.pt")


@pytest.mark.filterwarnings("ignore:.*weight_norm.*deprecated")
def test_names_of_weight_normalised_weights_of_older_torch():
    torch.manual_seed(1)
    made = nn.Sequential(nn.utils.weight_norm(nn.Conv1d(4, 2, 3)))
    net = nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Conv1d(4, 2, 3)))
    for prefix in ("", "model."):
        fill(net, {prefix + key: value for key, value in made.state_dict().items()}, path="w.pt")
        assert torch.equal(net(torch.ones(1, 4, 9)), made(torch.ones(1, 4, 9)))


def test_numbers_and_paths_beside_the_weights(tmp_path):
    torch.manual_seed(1)
    made, net = nn.Conv1d(4, 2, 3), nn.Conv1d(4, 2, 3)
    beside = {"loss": np.float64(0.3), "hyper_parameters": {"data": tmp_path}, "seen": np.arange(3)}
    torch.save({"state_dict": made.state_dict()} | beside, tmp_path / "w.pt")
    load_weights(net, tmp_path / "w.pt")
    assert torch.equal(net.weight, made.weight)
    torch.save({key: value.numpy() for key, value in made.state_dict().items()}, tmp_path / "arrays.pt")
    load_weights(nn.Conv1d(4, 2, 3), tmp_path / "arrays.pt")
    torch.save({"w": np.array([made], dtype=object)}, tmp_path / "objects.pt")
    with pytest.raises(ValueError, match="expected weights that torch.save"):
        load_weights(net, tmp_path / "objects.pt")


def test_weights_of_a_deeper_net_are_refused():
    deeper, net = nn.Sequential(nn.Conv1d(4, 2, 3), nn.Conv1d(2, 2, 3)), nn.Sequential(nn.Conv1d(4, 2, 3))
    for prefix in ("", "model."):
        state = {prefix + key: value for key, value in deeper.state_dict().items()}
        with pytest.raises(ValueError, match=r"unexpected: 1\.bias, 1\.weight"):
            fill(net, state, path="w.pt")


def test_batches_shrink_where_memory_is_full():
    done = []

    def run(part):
        if part.stop - part.start > 3:
            raise torch.OutOfMemoryError("CUDA out of memory")
        done.extend(range(part.start, part.stop))

    assert in_batches(run, 20, 16) == 2
    assert done == list(range(20))
    with pytest.raises(torch.OutOfMemoryError):
        in_batches(run, 20, 16, least=4)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_predictions_on_a_gpu():
    model = opened(Net())
    expected = model.predict(codes(50))
    model.module.to("cuda")
    np.testing.assert_allclose(model.predict(codes(50)), expected, atol=1e-4)


def test_a_forward_pass_that_is_compiled_runs_as_it_was_written():
    net = Net()
    net.forward = torch.compile(net.forward, backend=lambda *_: 1 / 0)  # fails where it is used
    model = opened(net)
    np.testing.assert_allclose(model.predict(codes()), raw(opened(Net())).max(2), atol=1e-6)


def test_the_mean_of_whole_numbers_is_one():
    model = opened(Net(lambda h: h.argmax(1)), output={"mean": "positions"})
    np.testing.assert_allclose(model.predict(codes())[:, 0], raw(model).argmax(1).mean(1), rtol=1e-6)


class ByName(nn.Module):
    def forward(self, *, x):
        return x.mean((1, 2))


@pytest.mark.parametrize(
    ("module", "said"),
    [
        (ByName(), r"let the factory return a module that calls net\(name=x\)$"),
        (Net(lambda h: h.detach().amax(2).numpy()), "found ndarray; let the factory return a module that returns one$"),
        (Net(lambda h: nn.functional.adaptive_max_pool1d(torch.quantize_per_tensor(h, 0.1, 0, torch.quint8), 1)),
         r"^.{100,400}\.\.\.; this is a quantized net, which lacks operations: give the net it was made of$"),
    ],
)  # fmt: skip
def test_what_cannot_predict_is_told_with_what_to_do(module, said):
    with pytest.raises(ValueError, match=said):
        opened(module)
