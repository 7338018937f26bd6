"""The sites of a run: the strongest of each neuron, however the scan was cut, as text or as Parquet."""

import numpy as np
import pandas as pd
import pytest

from combmotif.config import load_config
from combmotif.core import files
from combmotif.runs import run
from combmotif.runs.stages import sites as module
from combmotif.runs.stages.sites import Sites, gather

CONFIG = """
model: {kind: python, factory: net.py:build, alphabet: rna}
sequences: {kind: random, count: 150, length: 60}
neurons: {layer: '0', select: all}
sample: {keep: 40}
device: cpu
"""


def drawn(count, neurons, sequences):
    """Sites at places of their own, with many equal activations."""
    random = np.random.default_rng(1)
    places = np.unique(random.integers(0, [sequences, neurons, 500], (count, 3)), axis=0).astype(np.int32)
    return Sites(places, random.integers(0, 40, len(places)).astype(np.float32))


@pytest.mark.parametrize("most", [5, 60, 10_000])
@pytest.mark.parametrize("cuts", [[], [7], [3, 4, 20, 39]])
def test_the_strongest_sites_do_not_depend_on_how_the_scan_was_cut(most, cuts, monkeypatch):
    monkeypatch.setattr(module, "PENDING", 50)  # sorts often
    found, levels = drawn(3000, 8, 40), np.array([0, 0, 0, 35, 0, 41, 0, 0.5])
    rows = found.places[:, 0]
    parts = [found[(rows >= low) & (rows < high)] for low, high in zip([0, *cuts], [*cuts, 40], strict=True)]
    kept, capped = gather(parts, levels, most)

    table = pd.DataFrame(found.places, columns=["row", "neuron", "start"]).assign(value=found.strengths)
    table = table[table.value >= levels[table.neuron]]
    wanted = table.sort_values(["neuron", "value", "row", "start"], ascending=[True, False, True, True])
    wanted = wanted.groupby("neuron", sort=False).head(most)
    np.testing.assert_array_equal(kept.places, wanted[["row", "neuron", "start"]])
    np.testing.assert_array_equal(kept.strengths, wanted.value)
    counts = table.neuron.value_counts().reindex(range(8), fill_value=0)
    np.testing.assert_array_equal(capped, counts > most)
    np.testing.assert_array_equal(kept.of(3).places, kept.places[kept.places[:, 1] == 3])


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    """A run with some hundred sites of each of six neurons."""
    folder = tmp_path_factory.mktemp("sites")
    net = "import torch\nfrom torch import nn\n\n\ndef build():\n    torch.manual_seed(0)\n    return nn.Sequential("
    (folder / "net.py").write_text(
        net + "nn.Conv1d(4, 6, 4), nn.ReLU(), nn.AdaptiveMaxPool1d(1), nn.Flatten(), nn.Linear(6, 1))\n"
    )
    (folder / "run.yaml").write_text(CONFIG)
    return folder / "run.yaml"


@pytest.fixture(scope="module")
def texts(config, tmp_path_factory):
    """The run with sites as text: (sites.tsv.gz, sites.bed.gz, the folder)."""
    out = tmp_path_factory.mktemp("text")
    run(load_config(config), out, workers=1)
    return pd.read_csv(out / "sites.tsv.gz", sep="\t"), (out / "sites.bed.gz").read_bytes(), out


@pytest.mark.slow
def test_parquet_holds_what_the_text_does_and_the_text_the_strongest(config, texts, tmp_path, monkeypatch):
    pytest.importorskip("pyarrow")
    table, _, folder = texts
    monkeypatch.setattr(module, "STRONGEST", 7)
    monkeypatch.setattr(module, "ROWS", 50)
    for name, change in (("asked", {"format": "parquet"}), ("large", {})):
        if name == "large":
            monkeypatch.setattr(module, "MANY", len(table) - 1)
        out = tmp_path / name
        run(load_config(config, overrides=[f"sites.{k}={v}" for k, v in change.items()]), out, workers=1)
        pd.testing.assert_frame_equal(
            pd.read_parquet(out / "sites.parquet").astype({"neuron": str, "sequence": str}),
            table.drop(columns="site"),
            check_dtype=False,
            rtol=1e-5,
        )
        some = pd.read_csv(out / "sites.tsv.gz", sep="\t")
        pd.testing.assert_frame_equal(some, table.groupby("neuron", sort=False).head(7).reset_index(drop=True))
    # the same folder again as text: the file of the other form is gone, and the text is whole, in parts
    run(load_config(config, overrides=["sites.format=tsv"]), out, workers=1)
    assert not (out / "sites.parquet").exists()
    assert (out / "sites.tsv.gz").read_bytes() == (folder / "sites.tsv.gz").read_bytes()
    assert (out / "sites.bed.gz").read_bytes() == texts[1]


@pytest.mark.slow
def test_without_pyarrow_parquet_is_refused_and_auto_writes_text(config, texts, tmp_path, monkeypatch):
    for at in (files, module):
        monkeypatch.setattr(at, "has_parquet", lambda: False)
    monkeypatch.setattr(module, "MANY", 10)
    with pytest.raises(ImportError, match=r"sites.format: parquet: .*pyarrow.* pip install 'combmotif\[parquet\]'"):
        run(load_config(config, overrides=["sites.format=parquet"]), tmp_path / "refused", workers=1)
    assert not (tmp_path / "refused").exists()
    result = run(load_config(config), tmp_path / "auto", workers=1)
    assert (tmp_path / "auto" / "sites.tsv.gz").read_bytes() == (texts[2] / "sites.tsv.gz").read_bytes()
    assert "pyarrow is not installed" in (result.folder / "run.json").read_text()


@pytest.mark.slow
def test_a_neuron_with_more_sites_than_are_kept_is_told_of(config, texts, tmp_path):
    table = texts[0]
    run(load_config(config, overrides=["sites.most=100"]), tmp_path, workers=1)
    kept = pd.read_csv(tmp_path / "sites.tsv.gz", sep="\t")
    pd.testing.assert_frame_equal(kept, table.groupby("neuron", sort=False).head(100).reset_index(drop=True))
    more = (table.neuron.value_counts() > 100).sum()
    assert more > 0
    said = f"{more} of 6 neurons have more than 100 sites; the strongest 100 of each were kept (sites.most)."
    assert said in (tmp_path / "run.json").read_text()
