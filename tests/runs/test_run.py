import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from click.testing import CliRunner

from combmotif.cli import app
from combmotif.core.tables import table_at
from combmotif.inference import WindowProbe
from combmotif.models.model import InputSpec, SequenceModel
from combmotif.models.python_model import load_python
from combmotif.motifs.formats.meme import read_meme
from combmotif.runs import run
from combmotif.runs.context import source_checksum
from combmotif.runs.store import RunStore
from combmotif.sampling import Samples
from combmotif.sequence import encode

STAGES = ["samples", "motifs", "matches", "activations", "contribution", "effects", "interaction", "report"]


def test_a_users_net_goes_through_every_stage(undisturbed):
    result, files = undisturbed
    assert list(result.stages) == STAGES
    assert result.failed == {}
    assert {s: status for s, status in result.stages.items() if status != "done"} == {}
    assert {name for name in files if not name.startswith("tasks/")} == {
        *(f"samples/conv2/{neuron}.npz" for neuron in range(10)),
        *(f"motifs/neuronmotif.{kind}" for kind in ("h5", "meme", "tsv")),
        *("motifs/syntax.tsv", "motifs/tree.tsv"),
        "motifs/targets.meme",
        "matches.tsv",
        "match_control.tsv",
        "neurons.tsv",
        "samples.tsv",
        "activations.tsv",
        "sites.tsv.gz",
        "sites.bed.gz",
        "contribution.tsv",
        *("motif_effects.tsv", "motif_positions.tsv"),
        "interactions.tsv",
        "interaction_instances.tsv.gz",
        *("interaction_controls.tsv.gz", "interaction_map.svg", "interaction_map.tsv", "interaction_spacing.tsv"),
        "report.html",
        ".combmotif",
    }
    record = json.loads((result.folder / "run.json").read_text())
    assert list(record["stages"]) == STAGES
    assert record["sequences"]["count"] == 3600
    (method, edits), *others = record["stages"]["contribution"]["edits"].items()
    assert (method, others) == ("plain", [])  # on 30 nt, full forward passes are faster
    assert 0 < edits["calls"] <= 10
    assert "of the work of a forward pass" in edits["reason"]
    assert record["stages"]["interaction"]["edits"]["plain"]["calls"] > 0
    assert record["model"]["parameters"] == 4 * 4 * 6 + 6 + 6 * 4 * 10 + 10 + 11


@pytest.fixture(scope="module")
def model(home):
    return load_python(str(home / "net.py") + ":build")


def test_tables_hold_what_the_net_computes(undisturbed, model):
    folder = undisturbed[0].folder
    probe = WindowProbe(model, "conv2")
    assert probe.receptive_field == 11
    neurons = pd.read_csv(folder / "neurons.tsv", sep="\t")
    assert neurons.neuron.tolist() == [f"conv2:{n}" for n in range(10)]
    table = pd.read_csv(folder / "activations.tsv", sep="\t")
    assert len(table) == 3600
    np.testing.assert_allclose(table[neurons.neuron].max(), neurons.dataset_max, rtol=1e-4)

    sites = pd.read_csv(folder / "sites.tsv.gz", sep="\t")
    assert set(sites.neuron) <= set(neurons.neuron)
    assert (sites.end - sites.start == 11).all()
    some = sites.iloc[:: max(1, len(sites) // 50)]
    values = probe.activations(np.stack([encode(site) for site in some.site]))
    channels = some.neuron.str.split(":").str[1].astype(int)
    np.testing.assert_allclose(values[np.arange(len(some)), channels], some.activation, rtol=1e-4)
    best = sites.groupby("neuron").activation.max()
    np.testing.assert_allclose(best, neurons.set_index("neuron").dataset_max[best.index], rtol=1e-4)
    rest = neurons.set_index("neuron").background[sites.neuron].to_numpy()
    assert (sites.activation - rest >= 0.7 * (best[sites.neuron].to_numpy() - rest) - 1e-4).all()
    names = ["sequence", "start", "end", "neuron", "score", "strand"]
    bed = pd.read_csv(folder / "sites.bed.gz", sep="\t", names=names)
    assert bed.equals(bed.sort_values(["sequence", "start", "end", "neuron"], ignore_index=True))
    both = sites.merge(bed, on=["sequence", "start", "end", "neuron"], validate="1:1")
    assert len(both) == len(sites) == len(bed)
    rest = neurons.set_index("neuron").background[both.neuron].to_numpy()
    share = (both.activation - rest) / (best[both.neuron].to_numpy() - rest)
    np.testing.assert_allclose(both.score, 1000 * share, atol=0.51)

    for neuron, row in neurons.iterrows():
        samples = Samples.load(folder / "samples" / "conv2" / f"{neuron}.npz")
        assert len(samples) == row.samples
        assert samples.maximum == pytest.approx(row.max_activation, rel=1e-4)


def test_every_table_is_as_the_schema_says(undisturbed):
    folder = undisturbed[0].folder
    read = {"text": str, "whole": "Int64", "number": float, "flag": bool}
    files = [path for path in folder.rglob("*.tsv*") if "tasks" not in path.parts]
    assert {"neurons.tsv", "tree.tsv", "matches.tsv", "interactions.tsv"} <= {path.name for path in files}
    for path in files:
        table = table_at(path.relative_to(folder).as_posix())
        assert table is not None, path
        there = list(pd.read_csv(path, sep="\t", nrows=0))
        ours = [name for name in there if name in table.names]
        assert ours == [name for name in table.names if name in there], path
        assert there[: len(ours)] == ours if table.more else there == ours, path
        rows = pd.read_csv(path, sep="\t", keep_default_na=False, na_values=[""])
        assert set(table.required) <= set(there), path
        assert not len(rows) or not rows[[n for n in ours if n not in table.required]].isna().all().any(), path
        types = {column.name: read[column.dtype] for column in table.columns if column.dtype != "flag"}
        pd.read_csv(path, sep="\t", dtype=types, keep_default_na=False, na_values=[""])  # an error where one is wrong


def test_motif_files_agree(undisturbed):
    folder = undisturbed[0].folder / "motifs"
    table = pd.read_csv(folder / "neuronmotif.tsv", sep="\t")
    table = table[table.reproduced]
    assert len(table) > 0
    assert [entry[0] for entry in read_meme(folder / "neuronmotif.meme")] == table.motif.tolist()
    matches = pd.read_csv(undisturbed[0].folder / "matches.tsv", sep="\t")
    assert set(matches.motif) <= set(table.motif)
    assert len(matches) > 0
    assert set(matches.database) == {"builtin"}
    targets = [entry[0] for entry in read_meme(folder / "targets.meme")]
    assert set(targets) == set(matches.target)


def test_a_stage_that_fails_is_recorded_and_the_others_go_on(config, copy, monkeypatch):
    def broken(*args, **kwargs):
        raise ZeroDivisionError("no variance")

    monkeypatch.setattr("combmotif.runs.stages.contribution.contribution", broken)
    monkeypatch.setattr("combmotif.runs.stages.matches.match", broken)
    result = run(config(), copy, workers=1)
    expected = "failed: ZeroDivisionError: no variance"
    assert result.failed == {"matches": expected, "contribution": expected}
    assert result.stages["interaction"] == result.stages["report"] == "done"
    assert json.loads((copy / "run.json").read_text())["stages"]["matches"]["status"] == expected
    assert not (copy / "contribution.tsv").exists()
    assert "no variance" in (copy / "report.html").read_text()


@pytest.mark.slow
def test_layers_of_one_run_are_those_of_runs_of_their_own(config, undisturbed, tmp_path):
    both = ["neurons.layer=all", "neurons.select=0-1", "sequences.count=400", "interaction=null"]
    result = run(config(*both), tmp_path / "both", workers=1)
    assert result.failed == {}
    tables = {}
    for layer in ("conv1", "conv2"):
        run(config(*both[1:], f"neurons.layer={layer}"), tmp_path / layer, workers=1)
        for name in ("neurons.tsv", "sites.tsv.gz", "motifs/neuronmotif.tsv", "activations.tsv", "contribution.tsv"):
            tables.setdefault(name, []).append(pd.read_csv(tmp_path / layer / name, sep="\t", dtype={"offsets": str}))
    together = {name: pd.read_csv(tmp_path / "both" / name, sep="\t", dtype={"offsets": str}) for name in tables}
    names = ["conv1:0", "conv1:1", "conv2:0", "conv2:1"]
    assert together["neurons.tsv"].neuron.tolist() == names
    for name in ("neurons.tsv", "sites.tsv.gz", "motifs/neuronmotif.tsv", "contribution.tsv"):
        apart = pd.concat(tables[name], ignore_index=True)
        # q-values, classes and families depend on what else is in the run
        shared = [c for c in apart if "q" not in c.split("_") and c not in ("family", "class", "reason")]
        pd.testing.assert_frame_equal(together[name][shared], apart[shared])
    for part, own in zip(tables["activations.tsv"], (names[:2], names[2:]), strict=True):
        pd.testing.assert_frame_equal(together["activations.tsv"][own], part[own])


@pytest.mark.slow
def test_dead_neurons_leave_empty_stages(config, home, tmp_path):
    dead = "net = Net(neurons)\n    net.conv2.weight.data.zero_()\n    return net"
    (home / "dead.py").write_text((home / "net.py").read_text().replace("return Net(neurons)", dead))
    result = run(
        config(f"model.factory={home / 'dead.py'}:build", "interaction.pairs=from_motifs"), tmp_path, workers=1
    )
    assert result.failed == {}
    said = "no window excites any of the neurons; their activation is the same on all"
    assert result.stages["samples"] == f"empty: {said}"
    assert result.stages["motifs"].startswith("empty: ")
    assert result.stages["matches"] == "empty: there is no motif to match"
    assert result.stages["interaction"] == "empty: there is no motif to pair"
    neurons = pd.read_csv(tmp_path / "neurons.tsv", sep="\t")
    assert set(neurons.status) == {"dead: no window excites it"}
    assert sorted(path.name for path in (tmp_path / "motifs").iterdir()) == [
        "neuronmotif.tsv",
        "syntax.tsv",
        "tree.tsv",
    ]


@pytest.mark.slow
def test_fasta_with_n_and_short_sequences(config, home, tmp_path):
    random = np.random.default_rng(0)
    lines = []
    for row in range(40):
        letters = list("".join(random.choice(list("ACGU"), 25 if row else 8)))
        if row in (3, 4):
            letters[10] = "N"
        lines += [f">s{row}", "".join(letters)]
    (home / "some.fa").write_text("\n".join(lines) + "\n")
    result = run(config("sequences={kind: fasta, path: some.fa}", "neurons.select=[0, 1]"), tmp_path, workers=1)
    assert result.failed == {}
    record = json.loads((tmp_path / "run.json").read_text())
    assert record["sequences"]["ambiguous"] == 2
    assert any(w.startswith("22 of 585 windows of conv2 hold an N") for w in record["warnings"])
    short = "1 of 40 sequences are shorter than the receptive field of conv2, 11 nt"
    assert any(w.startswith(short) for w in record["warnings"])
    sites = pd.read_csv(tmp_path / "sites.tsv.gz", sep="\t")
    assert not sites.site.str.contains("N").any()
    touched = sites[sites.sequence.isin(["s3", "s4"])]
    assert ((touched.end <= 10) | (touched.start > 10)).all()
    table = pd.read_csv(tmp_path / "activations.tsv", sep="\t")
    assert table.loc[table.sequence == "s0", ["conv2:0", "conv2:1"]].isna().all(axis=None)


@pytest.mark.slow
def test_sequences_of_n_alone_leave_no_numbers(config, home, tmp_path):
    (home / "n.fa").write_text(">n\n" + "N" * 25 + "\n")
    asked = config("sequences={kind: fasta, path: n.fa}", "neurons.select=0", "match=null", "interaction=null")
    assert run(asked, tmp_path, workers=1).failed == {}
    assert pd.read_csv(tmp_path / "neurons.tsv", sep="\t").dataset_max.isna().all()
    contribution = pd.read_csv(tmp_path / "contribution.tsv", sep="\t")
    assert contribution["class"].tolist() == ["untestable"]


def test_a_sequence_the_net_cannot_read_is_refused(config, home, tmp_path):
    (home / "short.fa").write_text(">long\n" + "ACGU" * 5 + "\n>stub\nACG\n")
    with pytest.raises(ValueError, match=r"sequences: stub: model 'net:build' cannot read a sequence of 3 nt \("):
        run(config("sequences={kind: fasta, path: short.fa}"), tmp_path / "out", workers=1)
    assert not (tmp_path / "out").exists()


def test_a_scripted_net_is_refused(config, tmp_path):
    module = torch.jit.trace(torch.nn.Sequential(torch.nn.Conv1d(4, 2, 3), torch.nn.Flatten()), torch.zeros(1, 4, 9))
    model = SequenceModel("traced", module, InputSpec("rna", 30), tuple(map(str, range(56))))
    with pytest.raises(ValueError, match="neurons: model 'traced' has no layers: it is scripted"):
        run(config("neurons.layer='0'"), tmp_path / "out", workers=1, model=model)
    flipped = torch.jit.trace(torch.nn.Sequential(torch.nn.ReLU(), torch.nn.Flatten()), torch.zeros(1, 4, 9))
    assert source_checksum(module) != source_checksum(flipped)


def cli(*arguments):
    return CliRunner().invoke(app, ["run", *map(str, arguments)])


def test_the_command_gives_the_same_files(home, undisturbed, contents, tmp_path):
    result = cli(home / "run.yaml", "--out", tmp_path / "out", "--workers", 1)
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[-1] == f"Report: {tmp_path / 'out' / 'report.html'}"
    assert contents(tmp_path / "out") == undisturbed[1]


def refused(result):
    assert result.exit_code == 2, result.output
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1
    return result.stderr


def test_one_process_per_folder(home, tmp_path):
    fcntl = pytest.importorskip("fcntl")
    RunStore(tmp_path).close()
    with (tmp_path / "tasks" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "another combmotif run is at work there" in refused(cli(home / "run.yaml", "--out", tmp_path))
    assert sorted(p.name for p in tmp_path.rglob("*") if p.is_file()) == [".combmotif", "lock"]


def test_a_folder_that_cannot_be_written(home, tmp_path, monkeypatch):
    def denied(self, *args, **kwargs):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "mkdir", denied)  # file modes do not stop the superuser
    message = refused(cli(home / "run.yaml", "--out", tmp_path / "closed"))
    assert "closed: cannot write there (Permission denied); choose another folder" in message


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("neurons.layer=conv3", "has no layer 'conv3'; its convolutions are conv1, conv2"),
        ("neurons.layer=head", "layer 'head' of model"),
        ("neurons.select=[0, 10]", "neurons.select: layer 'conv2' has 10 neurons, 0 to 9, found 10"),
        ("model.length=40", "reads 40 nt, found 30 nt"),
        ("sequences.length=10", "receptive field of 11 nt, the longest sequence has 10 nt"),
        ("contribution.output=3", "contribution.output"),
        ("interaction.pairs=[[AXG, UAA]]", "interaction.pairs"),
        ("match.databases=[nowhere.meme]", "nowhere.meme"),
        ("sample.method=enumerate", "sample.method: enumerate: layer 'conv2' has a receptive field of 11 nt"),
    ],
)
def test_mistakes_are_one_sentence_before_any_work(home, tmp_path, override, message):
    out = tmp_path / "out"
    assert message in refused(cli(home / "run.yaml", "--out", out, "--set", override))
    assert not out.exists()
