"""HAL through the whole pipeline: its regions, its hexamers, and pairs that cannot interact unless they are close."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from combmotif.config import load_config
from combmotif.models.architectures import hal
from combmotif.runs import run

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(repository, data_dir, tmp_path_factory):
    pairs = "interaction.pairs=[[GGGG, GGGG], [GG, TA], [GTAA, GGG]]"
    out = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COMBMOTIF_DATA", str(data_dir))
        config = load_config(
            repository / "configs" / "hal.yaml",
            overrides=[
                "sequences.count=300",
                "interaction.scrambles=4",
                "interaction.backgrounds=30",
                "effects.backgrounds=30",
                "device=cpu",
                pairs,
            ],
        )
        result = run(config, out, workers=1)
    assert not result.failed
    return out


def test_neurons_are_the_regions(folder, data_dir):
    neurons = pd.read_csv(folder / "neurons.tsv", sep="\t")
    table = hal.load_table(data_dir / "hal" / "HAL_mer_scores.npz")
    assert len(neurons) == 8
    np.testing.assert_allclose(neurons.max_activation, table.weights.max(0), rtol=1e-5)
    assert (neurons.receptive_field == 6).all()


def test_motifs_are_the_strongest_hexamers(folder):
    motifs = pd.read_csv(folder / "motifs" / "neuronmotif.tsv", sep="\t").groupby("channel").first()
    assert "GGGA" in motifs.consensus[1]
    assert motifs.consensus[5].startswith("GT")
    assert motifs.consensus[6].startswith("GGGG")


def test_elements_are_of_the_kinds_that_the_card_says(folder):
    matches = pd.read_csv(folder / "matches.tsv", sep="\t")
    assert set(matches["kind"]) <= {"splicing", "structure", "rbp"}
    intron = matches[matches["motif"].str.startswith("regions:6")]
    assert "g_quadruplex" in set(intron["target"]), "the G runs of the intron"
    record = json.loads((folder / "run.json").read_text())
    assert record["stages"]["matches"]["notes"] == [
        "Elements of these kinds were matched: splicing, structure, rbp (match_kinds of the card of model 'hal')."
    ]


def test_contributions(folder):
    table = pd.read_csv(folder / "contribution.tsv", sep="\t")
    assert list(table.neuron) == [f"regions:{i}" for i in range(8)]
    causal = [column for column in table if column.startswith("clamp")]
    assert causal


def test_pairs_interact_only_where_a_hexamer_holds_both(folder):
    instances = pd.read_csv(folder / "interaction_instances.tsv.gz", sep="\t")
    first = np.minimum(instances.end_a, instances.end_b)
    second = np.maximum(instances.start_a, instances.start_b)
    apart = second - first + 1 >= 6  # from the last base of one to the first of the other
    assert apart.sum() > 100
    assert (instances.e[apart] == 0).all()
    assert (~apart).sum() > 20
    assert (instances.e[~apart] != 0).mean() > 0.5
    assert json.loads((folder / "run.json").read_text())["stages"]["interaction"]["status"] == "done"
