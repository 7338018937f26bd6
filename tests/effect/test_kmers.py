"""Effects of k-mers on nets whose answer is written down."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn
from toy_models import detect, kmer_conv

from combmotif.config.effects import MarginalOptions
from combmotif.core.tables import KMER_PAIRS, MOTIF_EFFECTS
from combmotif.effect.kmers import kmer_effects
from combmotif.models.model import SequenceModel
from combmotif.sequence.sets import random_sequences


class Syntax(nn.Module):
    """2 for a GGAC anywhere, and 3 more where a CUUC begins exactly 2 nt behind it."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.both = kmer_conv(["GGAC"], bias=detect), kmer_conv(["GGACNNCUUC"], bias=detect)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        single, pair = (torch.relu(conv(x)).amax(2) for conv in (self.one, self.both))
        return 2 * single + 3 * pair


OPTIONS = MarginalOptions(backgrounds=40, without=[], avoid=[])


@pytest.fixture(scope="module")
def found():
    calls: list[tuple[int, int]] = []
    sequences = random_sequences(120, 40, seed=3)
    model = SequenceModel("syntax", Syntax())
    result = kmer_effects(model, sequences, ["GGAC", "CTTC"], OPTIONS, longest=4, on_pairs=lambda *c: calls.append(c))
    assert calls[-1] == (36, 36)
    return result


def test_alone(found):
    assert list(found.table) == MOTIF_EFFECTS.names
    plain = found.table.query("background == 'all' and inserted == 'best k-mer'").set_index("motif")
    assert plain.index.tolist() == ["GGAC", "CUUC"]
    assert plain.loc["GGAC", "effect"] == pytest.approx(2, abs=0.3)
    assert plain.loc["CUUC", "effect"] == pytest.approx(0, abs=1e-6)
    assert plain.loc["GGAC", "class"] == "positive"
    assert (plain["n"] == 40).all()
    assert found.positions["kind"].unique().tolist() == ["position", "frame"]


def test_a_pair_acts_in_its_order_and_at_its_distance_only(found):
    assert list(found.pairs) == KMER_PAIRS.names
    pairs = found.pairs.set_index(["first", "second", "placed", "distance_min"]).sort_index()
    assert len(pairs) == 4 * (1 + 3 + 5)
    curve = pairs.loc[("GGAC", "CUUC", "distance")]
    assert curve.index.tolist() == [0, 1, 2, 3, 4]
    assert curve["epistasis"].tolist() == pytest.approx([0, 0, 3, 0, 0], abs=1e-6)
    assert curve.loc[2, "class"] == "super-additive", curve.loc[2, "reason"]
    assert curve.loc[2, "q_value"] < 1e-4
    assert curve.loc[2, ["joint", "a_alone", "b_alone"]].tolist() == pytest.approx([5, 2, 0], abs=0.3)
    backwards = pairs.loc[("CUUC", "GGAC", "distance")]
    assert backwards["epistasis"].abs().max() < 1e-6
    frames = found.pairs.query("first == 'GGAC' and second == 'CUUC' and placed == 'frame'").set_index("frame")
    assert frames["distance_min"].to_dict() == {0: 2, 1: 0, 2: 1}
    assert frames.loc[0, "epistasis"] > 2.5, "in frame 0 is the distance of 2 nt alone"
    assert frames.loc[[1, 2], "epistasis"].abs().max() < 1e-6
    order = found.pairs.query("first == 'GGAC' and second == 'CUUC' and placed == 'order'").iloc[0]
    assert pd.isna(order["frame"])
    assert (order["distance_min"], order["distance_max"], order["backgrounds"]) == (0, 4, 40)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_tables():
    model, few = SequenceModel("syntax", Syntax()), MarginalOptions(backgrounds=12, without=[])
    first, again, other = (
        kmer_effects(model, random_sequences(30, 30, seed=3), ["GGAC"], few, longest=1, seed=seed) for seed in (1, 1, 2)
    )
    pd.testing.assert_frame_equal(first.pairs, again.pairs)
    pd.testing.assert_frame_equal(first.table, again.table)
    assert not first.table.equals(other.table)


def test_two_copies_of_one_word_in_a_maximum_are_worth_one(found):
    own = found.pairs.query("first == 'GGAC' and second == 'GGAC' and placed == 'order'").iloc[0]
    assert own["epistasis"] == pytest.approx(-2, abs=1e-6)
    assert own["class"] == "sub-additive"


@pytest.mark.slow
def test_a_saturating_output_has_a_scale_on_which_it_adds_up():
    """p = sigmoid(2 GGAC + 2 CUUC - 1): epistasis of p, none of its logit."""
    conv = kmer_conv(["GGAC", "CUUC"], bias=detect)
    last = nn.Linear(2, 1)
    with torch.no_grad():
        last.weight.fill_(2.0)
        last.bias.fill_(-1.0)
    net = nn.Sequential(conv, nn.ReLU(), nn.AdaptiveMaxPool1d(1), nn.Flatten(), last, nn.Sigmoid())
    model = SequenceModel("p", net, description={"outputs": [{"link": "logit"}]})
    found = kmer_effects(model, random_sequences(60, 40, seed=1), ["GGAC", "CUUC"], OPTIONS, longest=0)
    row = found.pairs.query("first == 'GGAC' and second == 'CUUC' and placed == 'order'").iloc[0]
    states = [1 / (1 + np.exp(-x)) for x in (3, 1, 1, -1)]
    assert row["epistasis"] == pytest.approx(states[0] - states[1] - states[2] + states[3], abs=0.02)
    assert row["epistasis_latent"] == pytest.approx(0, abs=1e-3)
    assert np.isfinite(row["q_latent"])


@pytest.mark.parametrize(
    ("words", "message"),
    [(["GGAC", "ggac"], "words: expected one IUPAC word or more, each once"), ([], "words: expected"), (["G!"], "!")],
)
def test_wrong_words(words, message):
    with pytest.raises(ValueError, match=message):
        kmer_effects(SequenceModel("syntax", Syntax()), random_sequences(20, 40, seed=1), words, OPTIONS)


@pytest.mark.slow
def test_distances_end_where_the_sequences_do():
    model, sequences = SequenceModel("syntax", Syntax()), random_sequences(20, 14, seed=3)
    few = MarginalOptions(backgrounds=6, without=[], avoid=[])
    pairs = kmer_effects(model, sequences, ["GGAC"], few, longest=10**9).pairs
    assert pairs["distance_max"].max() == 14 - 2 * 4
