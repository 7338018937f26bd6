import pytest
import torch
from torch import nn

from combmotif.core.download import sha256_of
from combmotif.models.weights import load_weights, read_weights, replace_file, save_weights


@pytest.fixture
def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv1d(4, 3, 5), nn.BatchNorm1d(3))


def test_safetensors_and_torch_files_load_alike(net, tmp_path):
    save_weights(net, tmp_path / "w.safetensors")
    torch.save(net.state_dict(), tmp_path / "w.pt")
    torch.save({"state_dict": net.state_dict(), "epoch": 3}, tmp_path / "nested.pth")
    for name in ("w.safetensors", "w.pt", "nested.pth"):
        other = nn.Sequential(nn.Conv1d(4, 3, 5), nn.BatchNorm1d(3))
        load_weights(other, tmp_path / name)
        assert all(
            torch.equal(a, b) for a, b in zip(net.state_dict().values(), other.state_dict().values(), strict=True)
        )
    assert [path.name for path in tmp_path.glob("*.tmp")] == []
    first = sha256_of(tmp_path / "w.safetensors")
    save_weights(net, tmp_path / "again.safetensors")
    assert sha256_of(tmp_path / "again.safetensors") == first


def test_what_does_not_fit_is_named(net, tmp_path):
    save_weights(net, tmp_path / "w.safetensors")
    other = nn.Sequential(nn.Conv1d(4, 3, 7), nn.ReLU(), nn.Linear(2, 2))
    with pytest.raises(ValueError, match="do not fit Sequential") as error:
        load_weights(other, tmp_path / "w.safetensors")
    assert "missing: 2.weight, 2.bias" in str(error.value)
    assert "unexpected: 1.bias, 1.num_batches_tracked, 1.running_mean" in str(error.value)
    assert "0.weight (expected (3, 4, 7), found (3, 4, 5))" in str(error.value)


class Payload:
    def __reduce__(self):
        return (print, ("this must not run",))


def test_a_file_that_holds_code_is_refused(tmp_path, capsys):
    torch.save({"w": Payload()}, tmp_path / "evil.pt")
    with pytest.raises(ValueError, match=r"found a Python object \((builtins.)?print\), which could run code"):
        read_weights(tmp_path / "evil.pt")
    assert "this must not run" not in capsys.readouterr().out


@pytest.mark.filterwarnings("error:.*TorchScript archive")
def test_files_that_say_what_they_are(tmp_path):
    torch.save(nn.Linear(2, 2).state_dict(), tmp_path / "whole.pt")
    content = (tmp_path / "whole.pt").read_bytes()
    (tmp_path / "cut.pt").write_bytes(content[: len(content) // 2])
    (tmp_path / "empty.pt").write_bytes(b"")
    torch.save(nn.Linear(2, 2), tmp_path / "module.pt")
    torch.jit.trace(nn.Linear(2, 2), torch.zeros(1, 2)).save(tmp_path / "scripted.pt")
    for name, found in (
        ("cut.pt", "found a damaged or incomplete file; copy or download it again"),
        ("empty.pt", "found an empty file"),
        ("module.pt", r"found a Python object \(torch.nn.modules.linear.Linear\)"),
        ("scripted.pt", r"found a TorchScript file; write its weights alone: torch.save\(torch.jit.load\(path\)"),
    ):
        with pytest.raises(ValueError, match=found):
            read_weights(tmp_path / name)


@pytest.mark.parametrize("name", ["w.safetensors", "w.pt"])
def test_a_file_that_is_no_weights_file(tmp_path, name):
    (tmp_path / name).write_text("hello")
    with pytest.raises(ValueError, match="expected"):
        read_weights(tmp_path / name)
    with pytest.raises(FileNotFoundError, match="there is no such weights file"):
        read_weights(tmp_path / f"no-{name}")


def test_a_whole_module_is_refused(tmp_path):
    torch.save([torch.ones(2)], tmp_path / "list.pt")
    with pytest.raises(ValueError, match="expected a dictionary of tensors"):
        read_weights(tmp_path / "list.pt")


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "f"
    replace_file(path, b"old")

    def full(self, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(path), "write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        replace_file(path, b"new")
    monkeypatch.undo()
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["f"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda v: v.to_sparse(), "0.weight: expected a plain tensor, found a sparse one"),
        (lambda v: v.to("meta"), "0.weight: expected a plain tensor, found a meta"),
        (
            lambda v: torch.quantize_per_tensor(v, 0.1, 0, torch.qint8),
            "0.weight: expected a plain tensor, found a quan",
        ),
        (lambda v: v.to(torch.complex64), "0.weight: expected a plain tensor, found a complex one"),
        (lambda v: v.to(torch.int32), r"of another type: 0.weight \(expected float32, found int32\)"),
        (lambda v: v > 0, r"of another type: 0.weight \(expected float32, found bool\)"),
    ],
)
def test_weights_that_are_no_fractions_are_refused(net, tmp_path, change, said):
    state = net.state_dict()
    torch.save({**state, "0.weight": change(state["0.weight"])}, tmp_path / "w.pt")
    with pytest.raises(ValueError, match=said):
        load_weights(net, tmp_path / "w.pt")


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float64])
def test_weights_of_another_precision_are_read(net, tmp_path, kind):
    state = {key: value.to(kind) if value.is_floating_point() else value for key, value in net.state_dict().items()}
    torch.save(state, tmp_path / "w.pt")
    load_weights(net, tmp_path / "w.pt")
    assert net.state_dict()["0.weight"].dtype == torch.float32


def test_keys_that_are_numbers_are_refused(net, tmp_path):
    torch.save(dict(enumerate(net.state_dict().values())), tmp_path / "w.pt")
    with pytest.raises(ValueError, match="expected names of tensors as keys"):
        load_weights(net, tmp_path / "w.pt")


def test_a_pointer_of_git_lfs_is_named(tmp_path):
    (tmp_path / "w.pth").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")
    with pytest.raises(ValueError, match="found a pointer of Git LFS; .*git lfs pull"):
        read_weights(tmp_path / "w.pth")
