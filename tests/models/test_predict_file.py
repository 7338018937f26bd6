import gzip
import os
import threading

import numpy as np
import pytest
import torch
from torch import nn

from combmotif.models import InputSpec, SequenceModel
from combmotif.models.predict_file import predict_file as predict
from combmotif.sequence import encode


class Count(nn.Module):
    """Counts of A and of C; refuses fewer than 2 nt."""

    def forward(self, x):
        if x.shape[2] < 2:
            raise RuntimeError("kernel larger than input\nand more")
        return x[:, :2].sum(2)


MODEL = SequenceModel("count", Count(), InputSpec(), ("a", "c"))


def _records(count):
    return ((f"s{i}", encode("AC" + "A" * (i % 3))) for i in range(count))


def test_rows_keep_their_order_over_chunks(tmp_path):
    assert predict(MODEL, _records(9000), tmp_path / "new" / "p.tsv") == 9000
    lines = (tmp_path / "new" / "p.tsv").read_text().splitlines()
    assert lines[0] == "name\tlength\ta\tc"
    assert lines[1:4] == ["s0\t2\t1\t1", "s1\t3\t2\t1", "s2\t4\t3\t1"]
    assert lines[9000] == "s8999\t4\t3\t1"
    assert len(lines) == 9001


def test_failure_leaves_the_old_file_and_no_other(tmp_path):
    out = tmp_path / "p.tsv"
    out.write_text("old")

    def records():
        yield from _records(5000)
        raise ValueError("bad letter")

    with pytest.raises(ValueError, match="bad letter"):
        predict(MODEL, records(), out)
    assert out.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["p.tsv"]


def test_what_does_not_fit_is_named(tmp_path):
    with pytest.raises(ValueError, match="f.fa: expected sequences, the file has none"):
        predict(MODEL, [], tmp_path / "p", source="f.fa")
    fixed = SequenceModel("count", Count(), InputSpec("rna", 4), ("a", "c"))
    with pytest.raises(ValueError, match="f.fa: 's0': model 'count' reads 4 nt, found 2 nt"):
        predict(fixed, _records(1), tmp_path / "p", source="f.fa")
    with pytest.raises(ValueError, match=r"shortest is 'short' with 1 nt \(kernel larger than input\)"):
        predict(MODEL, [("x", encode("ACG")), ("short", encode("A"))], tmp_path / "p")
    with pytest.raises(ValueError, match="expected a file to write, found a folder"):
        predict(MODEL, _records(1), tmp_path)


def test_a_device_is_written_to_and_not_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    predict(MODEL, _records(2), pipe)
    reader.join()
    assert read[0].splitlines()[1] == "s0\t2\t1\t1"
    assert pipe.is_fifo()


def test_predictions_equal_the_models(tmp_path):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv1d(4, 3, 2), nn.AdaptiveAvgPool1d(1), nn.Flatten())
    model = SequenceModel("m", net, InputSpec(), ("x", "y", "z"))
    predict(model, _records(50), tmp_path / "p.tsv")
    table = np.loadtxt(tmp_path / "p.tsv", delimiter="\t", skiprows=1, usecols=(2, 3, 4))
    assert np.allclose(table, model.predict([codes for _, codes in _records(50)]), rtol=1e-5, atol=1e-6)


def test_a_name_that_ends_in_gz_is_packed(tmp_path):
    for name in ("p.tsv", "p.tsv.gz"):
        predict(MODEL, _records(3), tmp_path / name)
    packed = (tmp_path / "p.tsv.gz").read_bytes()
    assert gzip.decompress(packed) == (tmp_path / "p.tsv").read_bytes()
    predict(MODEL, _records(3), tmp_path / "p.tsv.gz")
    assert (tmp_path / "p.tsv.gz").read_bytes() == packed
