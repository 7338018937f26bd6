"""What a run does not take is counted, named and listed; names keep their spelling in its tables."""

from __future__ import annotations

import json

import pytest

from combmotif import open_run
from combmotif.config import load_config
from combmotif.runs import run

NET = """
import torch
from torch import nn


def build():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv1d(6, 1, 4), nn.ReLU(), nn.AdaptiveMaxPool1d(1), nn.Flatten(), nn.Linear(1, 1))
    with torch.no_grad():
        net[0].weight.zero_()
        net[0].bias.fill_(-2.5)
        for place, base in enumerate((3, 2, 3, 0)):  # UGUA
            net[0].weight[0, base, place] = 1
    return net
"""


@pytest.fixture
def config(tmp_path):
    """A config of a table of transcripts, of which one has no strand and one no measurement."""
    (tmp_path / "net.py").write_text(NET)
    names = ["0001", "1", "NA", "nan", "T5", "T6"]
    rows = [
        f"{name}\tCC{'ACGU'[i % 4]}UGUACCGG{'CAGU'[i % 4]}\t{'' if i == 4 else i}\n" for i, name in enumerate(names)
    ]
    (tmp_path / "t.tsv").write_text("id\tsequence\ty\n" + "".join(rows))
    lines = [f'{n}\tx\texon\t1\t12\t.\t{"." if n == "T6" else "+"}\t.\ttranscript_id "{n}";\n' for n in names]
    (tmp_path / "a.gtf").write_text("".join(lines))
    path = tmp_path / "c.yaml"
    path.write_text(
        "model: {kind: python, factory: net.py:build, channels: 6}\n"
        "sequences: {kind: table, path: t.tsv, name: id, label: y, annotation: a.gtf}\n"
        "neurons: {layer: '0'}\nsample: {population: 16, generations: 4, keep: 50}\n"
    )
    return path


def test_a_run_goes_on_without_what_it_cannot_use(config, tmp_path):
    with pytest.raises(ValueError, match=r"a.gtf: transcript 'T6': its strand is not given .*skip_invalid"):
        run(load_config(config), tmp_path / "r", workers=1)
    found = run(load_config(config, overrides=["sequences.skip_invalid=true"]), tmp_path / "r", workers=1)
    assert not found.failed
    record = json.loads((tmp_path / "r" / "run.json").read_text())
    assert (record["sequences"]["count"], record["sequences"]["left_out"]) == (4, 2)
    assert any("1 of 6 rows have no measurement in y (first: row 5)" in warning for warning in record["warnings"])
    assert any("left out 'T6' (transcript 'T6': its strand is not given" in warning for warning in record["warnings"])
    assert (tmp_path / "r" / "left_out.tsv").read_text() == (
        "name\treason\n"
        "T5\trow 5 column 'y': expected a number, found nothing\n"
        "T6\ttranscript 'T6': its strand is not given ('.')\n"
    )
    assert (tmp_path / "r" / "sites.tsv.gz").is_file()
    tables = open_run(tmp_path / "r").tables
    assert set(tables["sites"]["sequence"]) == {"0001", "1", "NA", "nan"}
    assert list(tables["left_out"]["name"]) == ["T5", "T6"]
