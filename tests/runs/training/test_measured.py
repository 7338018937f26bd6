"""Training in folds on planted words: what is measured, resumed, written."""

import json

import numpy as np
import pytest
import torch

from combmotif.config import load_train_config
from combmotif.config.training.measured import ContextSection
from combmotif.models import load_card
from combmotif.models.architectures.cnn_gru import CnnGru
from combmotif.runs.training.base import keep_outputs
from combmotif.runs.training.measured_rows import in_context, read_rows, recombined
from combmotif.runs.training.train import train
from combmotif.training.multitask import pearson

CONFIG = """
kind: measured
net: {arguments: {blocks: 2, width: 16, padding: 2, pooled: 1, readout: mean, dropout: 0.0}}
length: 40
tables:
  - {path: first.tsv, columns: [sequence, a, b], labels: [b, a]}
  - {path: second.csv, labels: [half_life], logarithm: [half_life], weight: 0.2}
folds: {count: 2, shared: 20}
members: 2
context: {five: ACG, three: GU}
fit: {epochs: 10, batch: 50, learning_rate: 0.01, averaging: 0.9, shift: 1}
student: {recombined: 0.5, fit: {epochs: 10, batch: 50, learning_rate: 0.01, averaging: 0.9}}
card: {name: planted, description: counts words, command: combmotif train fit.yaml}
seed: 3
"""


@pytest.fixture
def config(tmp_path):
    rng = np.random.default_rng(0)
    texts = ["".join("ACGU"[i] for i in row) for row in rng.integers(0, 4, (600, 40))]
    lines = []
    for index, text in enumerate(texts[:400]):
        count = text.count("AU")
        lines.append(f"{text}\t{10 + 2 * count}\t{count if index % 3 else 'NA'}")
        if index % 10 == 0:  # a variant: must stay with its original
            lines.append(f"{text[:-1]}{'A' if text[-1] != 'A' else 'C'}\t{10 + 2 * count}\tNA")
    (tmp_path / "first.tsv").write_text("\n".join(lines) + "\n")
    rows = [f"{text[:35]},{2 ** text[:35].count('AU')}" for text in texts[400:]]
    (tmp_path / "second.csv").write_text("sequence,half_life\n" + "\n".join(rows) + "\n")
    path = tmp_path / "fit.yaml"
    path.write_text(CONFIG)
    return path


def test_rows_of_all_tables_share_groups_and_folds(config):
    rows = read_rows(load_train_config(config))
    assert rows.tasks == ("b", "a", "half_life")
    assert rows.outputs == 2
    assert rows.codes.shape == (640, 40)
    assert np.isfinite(rows.labels).sum(0).tolist() == [266, 440, 200]
    assert (rows.codes[440:, 35:] == 4).all()
    assert rows.groups.max() + 1 == 600
    assert all(rows.folds[i] == rows.folds[i + 1] for i in range(0, 440, 11))
    assert rows.labels[440:, 2].max() == rows.labels[440:, 2].round().max() < 10


def test_a_sequence_of_two_tables_is_one_row_and_one_measured_twice_is_two(config):
    second = config.parent / "second.csv"
    lines = (config.parent / "first.tsv").read_text().splitlines()
    known, again = lines[0].split("\t")[0], second.read_text().splitlines()[1].split(",")[0]
    with second.open("a") as stream:
        stream.write(f"{known},8\n{again},16\n")
    rows = read_rows(load_train_config(config))
    assert rows.codes.shape == (641, 40)
    assert rows.labels[0, 2] == 3
    assert rows.labels[0, 1] == float(lines[0].split("\t")[1])
    assert rows.labels[640].tolist()[2] == 4
    assert rows.folds[440] == rows.folds[640]


@pytest.mark.slow
def test_training_in_folds_writes_a_net_that_predicts_in_the_labels_own_units(config, tmp_path):
    result = train(load_train_config(config), tmp_path / "t")
    found = json.loads((tmp_path / "t" / "metrics.json").read_text())["out_of_fold"]
    assert found["mean"]["a"]["rows"] == 440
    assert found["mean"]["a"]["r"] > 0.75
    assert found["student"]["b"]["r"] > 0.6
    with np.load(tmp_path / "t" / "out_of_fold.npz") as stored:
        assert pearson(stored["mean"], stored["measured"])[1] == pytest.approx(found["mean"]["a"]["r"], abs=1e-4)
    model = load_card(tmp_path / "t" / "model")
    assert model.outputs == ("b", "a")
    rows = read_rows(load_train_config(config))
    predicted = model.predict(rows.codes[:440])
    assert abs(predicted[:, 1].mean() - np.nanmean(rows.labels[:, 1])) < 0.5
    assert model.description["metrics"][1]["value"] == found["student"]["a"]["r"]
    assert "share no 20-mer" in model.description["training"]["recipe"]
    assert not list((tmp_path / "t" / "nets").glob("*.pt"))

    again = train(load_train_config(config), tmp_path / "t")
    assert again.metrics == result.metrics
    with pytest.raises(ValueError, match="holds a training with another 'members'"):
        train(load_train_config(config, overrides=["members=1"]), tmp_path / "t")


@pytest.mark.slow
def test_an_interrupted_training_ends_like_an_undisturbed_one(config, tmp_path):
    short = load_train_config(config, overrides=["fit.epochs=2", "members=1", "student=null", "context=null"])
    whole = train(short, tmp_path / "whole")
    seen = []

    def stop(row):
        seen.append(row)
        if len(seen) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(short, tmp_path / "half", on_epoch=stop)
    assert train(short, tmp_path / "half").metrics == whole.metrics
    weights = [(tmp_path / name / "model" / "weights.safetensors").read_bytes() for name in ("whole", "half")]
    assert weights[0] == weights[1]
    assert "student" not in whole.metrics["out_of_fold"]


def test_recombined_sequences_are_made_of_two_parts():
    codes = np.repeat(np.arange(4, dtype=np.uint8)[:, None], 40, axis=1)
    made = recombined(codes, 200, seed=0)
    assert made.shape == (200, 40)
    assert ((np.diff(made.astype(int), axis=1) != 0).sum(1) <= 1).all()
    assert (made[:, :10] == made[:, :1]).all()
    assert (made[:, 30:] == made[:, -1:]).all()
    assert 0.5 < (made[:, 0] != made[:, -1]).mean() < 0.95


def test_the_context_stands_directly_around_every_sequence():
    codes = np.array([[0, 1, 2, 3], [3, 3, 4, 4]], dtype=np.uint8)
    around = in_context(codes, ContextSection(five="AC", three="GU"))
    assert around.tolist() == [[0, 1, 0, 1, 2, 3, 2, 3], [0, 1, 3, 3, 2, 3, 4, 4]]
    assert in_context(codes, None) is codes


def test_keep_outputs_scales_and_cuts_the_head():
    torch.manual_seed(0)
    net = CnnGru(blocks=1, width=8, outputs=3).eval()
    x = torch.eye(4)[torch.randint(4, (5, 20))].transpose(1, 2)
    with torch.inference_mode():
        before = net(x).numpy()
        after = keep_outputs(net, np.array([10.0, -1.0]), np.array([2.0, 0.5]))(x).numpy()
    np.testing.assert_allclose(after, before[:, :2] * [2.0, 0.5] + [10.0, -1.0], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("tables.0.path=nothing.tsv", "tables.0.path: found no 'nothing.tsv'"),
        ("tables.1.labels=[a]", "logarithm: expected names of labels"),
        ("net.arguments.outputs=2", "net.arguments.outputs: expected none"),
        ("student=null", "context: expected a student too"),
        ("context.five=XY", "context.five: .*X"),
        ("folds.cuont=3", "folds.cuont: unknown key; did you mean 'count'?"),
    ],
)
def test_mistakes(config, override, message):
    with pytest.raises((ValueError, FileNotFoundError), match=message.replace("?", r"\?")):
        load_train_config(config, overrides=[override])
