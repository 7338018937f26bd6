"""Runs on nets whose motifs are known: one motif is in both, one in each alone."""

from __future__ import annotations

import pytest

from combmotif.comparison import compare_runs, read_runs
from combmotif.config import load_config
from combmotif.config.opening import open_model
from combmotif.motifs import load_database
from combmotif.runs import run
from combmotif.sequence.sets import random_sequences

pytestmark = pytest.mark.slow

NETS = """
import numpy as np

from combmotif.motifs import word_ppm
from combmotif.benchmark.nets import StackNet, Wire, connect, fill_with_noise, plant
from combmotif.benchmark.truth import weights_of


def build(words, seed):
    random = np.random.default_rng(seed)
    net = StackNet([8, 3], [2], [8, 2], "none", padding=False)
    fill_with_noise(net, random)
    for channel, word in enumerate(words):
        plant(net, channel, weights_of(0.94 * word_ppm(word) + 0.015), 0.5)
    for channel, word in enumerate(words):
        codes = random.integers(0, 4, (96, 30))
        codes[:, 11:19] = ["ACGU".index(letter) for letter in word]
        connect(net, 2, channel, [Wire(channel, 1, 1.0, codes)], 0.1, random)
    return net
"""
CONFIG = """
model: {kind: python, factory: nets.py:build, kwargs: {words: [%s], seed: %d}, outputs: [shared, own]}
sequences: {kind: random, count: 50, length: 30}
neurons: {layer: conv2, select: all}
sample: {population: 128, keep: 600}
contribution: {outcome: prediction, output: own}
"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    home = tmp_path_factory.mktemp("planted")
    (home / "nets.py").write_text(NETS)
    for name, words, seed in (("one", "UGUAAAUA, GGACUUCC", 1), ("two", "UGUAAAUA, CACGACGU", 2)):
        (home / f"{name}.yaml").write_text(CONFIG % (words, seed))
        assert run(load_config(home / f"{name}.yaml"), home / name, workers=1).failed == {}
    return read_runs([home / "one", home / "two"])


def test_what_both_nets_read_is_shared_and_what_one_reads_is_its_own(runs):
    found = compare_runs(runs, [load_database("builtin")])
    kinds = found.overlaps.set_index(["kind", "runs"])["members"].to_dict()
    assert kinds == {
        ("family", "one & two"): "PUM", ("family", "one"): "", ("family", "two"): "",
        ("cluster", "one & two"): "UGUAAAUA", ("cluster", "one"): "GGACUUCC", ("cluster", "two"): "CACGACGU",
    }  # fmt: skip
    assert found.summary["own_clusters"].tolist() == [1, 1]


def test_motifs_move_the_output_that_the_run_asked_about(runs):
    def opened(one):
        return open_model(load_config(one.path.parent / f"{one.label}.yaml").model), random_sequences(50, 30, seed=1)

    found = compare_runs(runs, [load_database("builtin")], open_run=opened, draws=32).motifs.set_index("consensus")
    assert (found["auc"] > 0.8).all()
    assert found.loc[["GGACUUCC", "CACGACGU"], "moves"].min() > 10 * found.loc["UGUAAAUA", "moves"].abs().max()
