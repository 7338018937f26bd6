"""Half-life nets trained from small files in the original formats."""

import io
import json
import re

import h5py
import numpy as np
import pytest
import torch

from combmotif.config import open_model_from
from combmotif.config.training.half_life import PRESETS
from combmotif.core.files import read_sealed
from combmotif.models.architectures.cnn_gru import CnnGru
from combmotif.training import loop

LENGTH = 60
SIZES = {"train": 96, "valid": 24, "test": 24}


def _rows(rng, count):
    """One-hot (count, 6, LENGTH) with tracks; the label is 0.5 x codons - 2 (in the frame track alone)."""
    x = np.zeros((count, 6, LENGTH), np.float32)
    for row in x:
        used = rng.integers(45, LENGTH)
        row[rng.integers(0, 4, used), np.arange(used)] = 1
        row[4, 3 : 3 + 3 * rng.integers(1, 12) : 3] = 1
        row[5, used - 1] = 1
    return x, (0.5 * x[:, 4].sum(1) - 3).astype(np.float16)


def _write(path, seed):
    rng = np.random.default_rng(seed)
    with h5py.File(path, "w") as file:
        for split, count in SIZES.items():
            file[f"{split}_sequence"], file[f"{split}_label"] = _rows(rng, count)


CONFIG = """
kind: half_life
preset: PRESET
species: [{kind: hdf5, name: human, path: human.h5}SECOND]
length: 60
net: {blocks: 2, width: 12, dropout: 0.0}
fit: {epochs: 6, min_epochs: 0, batch: 16, learning_rate: 0.01, shift: 1}
card: {name: small, description: codons, unit: z, data: synthetic, licence: none, limits: a test}
device: cpu
seed: 3
"""


@pytest.fixture
def config(tmp_path):
    _write(tmp_path / "human.h5", 0)
    _write(tmp_path / "mouse.h5", 1)
    path = tmp_path / "half.yaml"
    path.write_text(CONFIG.replace("PRESET", "combmotif").replace("SECOND", ""))
    return path


@pytest.mark.slow
def test_combmotif_layout_in_a_card_out(cli, config, tmp_path):
    result = cli("train", config, "--out", "t", "--set", "fit.epochs=20")
    assert result.exit_code == 0, result.output
    metrics = json.loads((tmp_path / "t" / "metrics.json").read_text())
    assert metrics["half_life"]["human"]["pearson"] > 0.8
    assert metrics["rows"] == {"human": SIZES}
    assert "of human on 24 test mRNAs" in result.stdout
    model = open_model_from(str(tmp_path / "t" / "model"))
    assert (model.input_spec.length, model.input_spec.rule, model.input_spec.channels) == (LENGTH, "pad_right", 6)
    assert model.module.bn1.momentum == 0.9
    again = cli(
        "evaluate-model", "t/model", "--table", "human.h5", "--sequence", "test_sequence", "--label", "test_label"
    )  # fmt: skip
    assert f"pearson {metrics['half_life']['human']['pearson']:.4f}" in again.stdout
    assert f"the card says: pearson {metrics['half_life']['human']['pearson']:.4g}" in again.stdout


@pytest.mark.slow
def test_saluki_recipe_with_two_species(cli, config, tmp_path):
    config.write_text(
        CONFIG.replace("PRESET", "saluki").replace("SECOND", ", {kind: hdf5, name: mouse, path: mouse.h5}")
    )
    result = cli("train", config, "--out", "t", "--set", "fit.epochs=2")
    assert result.exit_code == 0, result.output
    metrics = json.loads((tmp_path / "t" / "metrics.json").read_text())
    assert set(metrics["history"][0]) > {"validation_r_human", "validation_loss_mouse"}
    for name in ("human", "mouse"):
        model = open_model_from(str(tmp_path / "t" / f"model_{name}"))
        assert model.outputs == ("human", "mouse")
        assert model.module.reverse
        assert model.module.bn1.eps == 1e-3
    kept = [max(row[f"validation_r_{name}"] for row in metrics["history"]) for name in ("human", "mouse")]
    for name, best in zip(("human", "mouse"), kept, strict=True):
        assert metrics["history"][metrics["best_epochs"][name] - 1][f"validation_r_{name}"] == best


@pytest.mark.slow
def test_an_interrupted_training_ends_like_an_undisturbed_one(cli, config, tmp_path, monkeypatch):
    override = ("--set", "fit.epochs=3", "--set", "net.dropout=0.2")
    cli("train", config, "--out", "whole", *override)
    save = loop.save_state

    def save_and_stop(state, path):
        save(state, path)
        raise KeyboardInterrupt

    monkeypatch.setattr(loop, "save_state", save_and_stop)
    for epochs in (1, 2):
        assert cli("train", config, "--out", "half", *override).exit_code == 130
        content = read_sealed(tmp_path / "half" / "checkpoint.pt", instead="")
        state = torch.load(io.BytesIO(content), weights_only=True)
        assert len(state["history"]) == epochs
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    assert cli("train", config, "--out", "half", *override).exit_code == 0
    for name in ("model/weights.safetensors", "model/model.yaml", "metrics.json"):
        assert (tmp_path / "half" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name


def test_it_stops_when_validation_no_longer_improves(cli, config, tmp_path):
    arguments = ("--set", "fit.patience=2", "--set", "fit.learning_rate=1e-12", "--set", "fit.epochs=50")
    cli("train", config, "--out", "t", *arguments, "--set", "net.norm_momentum=0.0")
    metrics = json.loads((tmp_path / "t" / "metrics.json").read_text())
    assert len(metrics["history"]) == metrics["best_epochs"]["human"] + 2 < 50


def test_transcripts_with_annotation_and_table(cli, config, tmp_path):
    rng = np.random.default_rng(5)
    fasta, bed, table = [], [], ["transcript\tPC1\tfold"]
    for i in range(60):
        size = int(rng.integers(50, 80))
        codons = int(rng.integers(1, 10))
        text = "".join(rng.choice(list("ACGU"), size))
        fasta.append(f">t{i}.1\n{text}\n")
        bed.append(f"t{i}\t0\t{size}\tt{i}\t0\t+\t10\t{10 + 3 * codons}\t0\t1\t{size},\t0,\n")
        table.append(f"t{i}\t{codons - 4}\t{i % 6}")
    table += ["t99\t1\t2", "t98\t0\t3"]
    (tmp_path / "m.fa").write_text("".join(fasta))
    (tmp_path / "m.bed").write_text("".join(bed).replace("\t10\t13\t", "\t10\t14\t", 1))
    (tmp_path / "m.tsv").write_text("\n".join(table) + "\n")
    species = (
        "species: [{kind: transcripts, name: human, fasta: m.fa, annotation: m.bed, table: m.tsv, id: transcript, "
        "label: PC1, split: fold, valid: [1], test: [0]}]"
    )
    lines = [species if line.startswith("species") else line for line in config.read_text().splitlines()]
    config.write_text("\n".join(lines))
    result = cli("train", config, "--out", "t", "--set", "fit.epochs=1")
    assert result.exit_code == 0, result.output
    metrics = json.loads((tmp_path / "t" / "metrics.json").read_text())
    broken = "\t10\t13\t" in "".join(bed)
    assert sum(metrics["rows"]["human"].values()) == 60 - broken
    assert metrics["left_out"] == 2 + broken
    told = (tmp_path / "t" / "left_out.tsv").read_text().splitlines()
    assert told[0] == "name\treason"
    assert len(told) == 1 + metrics["left_out"]
    assert "t99\tno sequence of this name and version in" in "\n".join(told)
    assert f"Warning: left out {metrics['left_out']} rows" in result.stderr


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("length=50", "human.h5: train_sequence: expected 6 channels and 50 nt .* found 6 channels and 60 nt"),
        ("species.0.path=no.h5", "species.0.path: found no 'no.h5'"),
        ("net.widht=3", "net.arguments: .*widht"),
        ("fit.lr=1", "fit.lr: unknown key"),
        ("preset=salukki", "preset: expected one of combmotif, saluki, found 'salukki'"),
        ("species.0.kind=transcripts", "path: unknown key; known are kind, name, fasta"),
    ],
)
def test_mistakes(refused, config, override, message):
    found = refused("train", config, "--out", "t", "--set", override)
    assert re.search(message, found), found


def test_the_presets_are_the_published_architecture():
    for preset in PRESETS.values():
        assert sum(p.numel() for p in CnnGru(**preset["net"]).parameters()) == 155_521
    assert PRESETS["saluki"]["fit"]["beta2"] == 0.998
    assert PRESETS["combmotif"]["fit"]["weight_decay"] == 1e-5
