"""Faithfulness and repeatability in a run: a net that reads one word, and one whose motifs are not reproduced."""

import json
import shutil

import h5py
import numpy as np
import pandas as pd
import pytest

from combmotif.api.interpretation import Interpretation
from combmotif.config import load_config
from combmotif.motifs.formats.h5 import load_motifs
from combmotif.motifs.formats.meme import read_meme
from combmotif.report.html import render
from combmotif.report.summary import main_findings
from combmotif.runs import run
from combmotif.runs.stages.faithful import FAITH_COLUMNS, draw_windows
from combmotif.sequence import SequenceSet, encode

pytestmark = pytest.mark.slow

NET = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv1d(4, 2, 5)
        self.conv2 = nn.Conv1d(2, 2, 3)
        with torch.no_grad():
            for layer in (self.conv1, self.conv2):
                layer.weight.zero_()
                layer.bias.zero_()
            for row, word in enumerate(("TGTAC", "CCAGA")):
                for place, letter in enumerate(word):
                    self.conv1.weight[row, "ACGT".index(letter), place] = 1
                self.conv1.bias[row] = -3
                self.conv2.weight[row, row, row] = 1

    def forward(self, x):
        h = torch.max_pool1d(torch.relu(self.conv1(x)), 2)
        return torch.relu(self.conv2(h)).amax(2).sum(1, keepdim=True)


def build():
    return Net()
"""
CONFIG = """
model: {kind: python, factory: net.py:build, alphabet: rna}
sequences: {kind: random, count: 1500, length: 30}
neurons: {layer: conv2, select: all}
sample: {population: 48, generations: 20, keep: 1000}
match: {databases: [builtin], q: 1, shuffles: 0}
interaction: {pairs: from_motifs, scrambles: 4, n_min: 6}
device: cpu
seed: 3
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("faithful")
    (folder / "net.py").write_text(NET)
    (folder / "run.yaml").write_text(CONFIG)
    return folder


@pytest.fixture(scope="module")
def finished(home):
    return run(load_config(home / "run.yaml"), home / "out", workers=1).folder


def test_motifs_of_a_planted_net_come_again_and_are_faithful(finished):
    motifs = pd.read_csv(finished / "motifs" / "neuronmotif.tsv", sep="\t")
    assert motifs.reproduced.all()
    assert (motifs.groupby("channel").reproducibility.max() > 0.95).all()
    assert (motifs.groupby("channel").explained.max() > 0.5).all()
    saved = load_motifs(finished / "motifs" / "neuronmotif.h5")
    np.testing.assert_allclose([m.reproducibility for m in saved], motifs.reproducibility, rtol=1e-5)
    np.testing.assert_allclose([m.explained for m in saved], motifs.explained, rtol=1e-5)
    neurons = pd.read_csv(finished / "neurons.tsv", sep="\t")
    assert neurons.not_reproduced.tolist() == [0, 0]
    assert (neurons.auroc > 0.95).all()
    assert (neurons.r2 > 0.7).all()
    assert (neurons.r2 > neurons.r2_shuffled + 0.2).all()
    assert (neurons.kept > neurons.kept_random + 0.3).all()
    page = render(finished)
    assert "of the variance of its activation (shuffled motifs" in page
    assert (
        "are reproduced with a similarity of" in next(f for f in main_findings(finished) if f.key == "motifs").sentence
    )


def test_motifs_below_the_limit_are_listed_apart_without_demixing_again(home, finished):
    motifs = load_motifs(finished / "motifs" / "neuronmotif.h5")
    # halfway, so that the one comes again well enough and the other does not
    least = float(np.mean([motif.reproducibility for motif in motifs]))
    strict = load_config(home / "run.yaml", overrides=[f"discover.reproduced={least}"])
    folder = run(strict, shutil.copytree(finished, home / "strict"), workers=1).folder
    record = json.loads((folder / "run.json").read_text())
    assert record["stages"]["motifs"]["reused"] >= 1
    table = pd.read_csv(folder / "motifs" / "neuronmotif.tsv", sep="\t")
    apart = table[~table.reproduced]
    assert len(apart)
    assert (apart.reproducibility < least).all()
    assert (table[table.reproduced].reproducibility >= least).all()
    assert apart.family.isna().all()
    kept = set(table[table.reproduced].motif)
    assert {motif.id for motif in read_meme(folder / "motifs" / "neuronmotif.meme")} == kept
    assert {motif.id for motif in load_motifs(folder / "motifs" / "neuronmotif.h5")} == set(table.motif)
    assert {motif.id for motif in Interpretation(folder).motifs} == kept
    matches = pd.read_csv(folder / "matches.tsv", sep="\t")
    assert set(matches.motif) <= kept
    neurons = pd.read_csv(folder / "neurons.tsv", sep="\t")
    assert neurons.motifs.sum() == len(kept)
    assert neurons.not_reproduced.sum() == len(apart)
    said = next(f for f in main_findings(folder) if f.key == "motifs")
    assert said.value.startswith(f"{len(kept)} motif")
    assert "not reproduced in the other half of the samples" in said.sentence
    assert "not reproduced" in render(folder)


def test_where_no_motif_comes_again_the_stage_is_empty_and_says_so(home):
    config = load_config(home / "run.yaml", overrides=["discover.reproduced=1"])
    result = run(config, home / "none", workers=1)
    status = result.stages["motifs"]
    assert "is reproduced in the other with a similarity of 1 (discover.reproduced)" in status
    assert not (result.folder / "motifs" / "neuronmotif.meme").exists()
    assert len(load_motifs(result.folder / "motifs" / "neuronmotif.h5"))
    neurons = pd.read_csv(result.folder / "neurons.tsv", sep="\t")
    said = "no motif is reproduced in the other half of its samples; composition explains "
    assert neurons.status.str.startswith(said).all()
    assert not set(FAITH_COLUMNS) & set(neurons)  # columns without a value are left out
    assert render(result.folder)


def test_a_preset_reports_the_motifs_of_all_windows(home):
    config = load_config(
        home / "run.yaml", overrides=["discover={preset: combmotif, reproduced: 0}", "neurons.select=0"]
    )
    folder = run(config, home / "preset", workers=1).folder
    table = pd.read_csv(folder / "motifs" / "neuronmotif.tsv", sep="\t")
    assert table.reproducibility.between(0, 1).all()
    sampled = pd.read_csv(folder / "neurons.tsv", sep="\t").samples[0]
    assert table.sites.sum() > sampled / 2  # the leaves share out all windows, not a half


def test_words_and_seqlets_are_not_demixed_so_nothing_is_listed_apart(home):
    config = load_config(home / "run.yaml", overrides=["discover={method: seqlets}", "neurons.select=0"])
    folder = run(config, home / "seqlets", workers=1).folder
    table = pd.read_csv(folder / "motifs" / "seqlets.tsv", sep="\t")
    assert "reproducibility" not in table
    assert table.reproduced.all()
    assert pd.read_csv(folder / "neurons.tsv", sep="\t").r2.notna().all()


def _sequences(letters, clusters=None):
    codes = tuple(encode(row) for row in letters)
    return SequenceSet(tuple(f"s{i}" for i in range(len(codes))), codes, clusters=clusters)


def test_windows_to_fit_and_to_judge_come_from_different_sequences():
    letters = ["A" * 20] * 10 + ["C" * 20] * 10 + ["ACGUN" * 4] * 3 + ["ACG"]
    clusters = ("a",) * 10 + ("c",) * 10 + ("x",) * 4
    found = draw_windows(_sequences(letters, clusters), 8, np.random.default_rng(0))
    sides = found.codes[: found.fitted], found.codes[found.fitted :]
    assert found.codes.shape == (260, 8)  # 13 places in each of 20; all of the others hold an N or are too short
    assert {int(code) for side in sides for code in np.unique(side)} <= {0, 1}
    assert len(np.unique(sides[0])) + len(np.unique(sides[1])) == 2  # a cluster is on one side
    assert found.background.shape[1] == 8
    again = draw_windows(_sequences(letters, clusters), 8, np.random.default_rng(0))
    np.testing.assert_array_equal(again.codes, found.codes)


def test_sequences_that_are_too_short_give_no_windows():
    found = draw_windows(_sequences(["ACGU"] * 5), 8, np.random.default_rng(0))
    assert (found.codes.shape, found.fitted) == ((0, 8), 0)


def test_both_fields_are_kept_in_the_file(finished):
    with h5py.File(finished / "motifs" / "neuronmotif.h5") as file:
        attributes = file["pos_patterns/pattern_0"].attrs
        assert 0 <= attributes["reproducibility"] <= 1
        assert 0 <= attributes["explained"] <= 1
