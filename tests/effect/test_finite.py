from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from combmotif.config.effects import InteractionOptions, MarginalOptions
from combmotif.effect.marginal.effects import marginal_effects
from combmotif.effect.pairs.classify import classify
from combmotif.effect.pairs.control import Control
from combmotif.effect.pairs.measure import MeasuredPair, only_finite
from combmotif.effect.pairs.pair import Pair
from combmotif.effect.pairs.states import States
from combmotif.effect.pairs.summary import summarise
from combmotif.effect.pattern import as_pattern
from combmotif.models.model import SequenceModel
from combmotif.sequence.sets import random_sequences


def measured(o, a, b, n):
    count = len(o)
    return MeasuredPair(
        Pair(as_pattern("AUG"), as_pattern("UAA")),
        np.arange(count),
        np.zeros(count, int),
        np.full(count, 10),
        States(o, a, b, n),
        count,
        "shuffle",
        np.zeros((count, 2), bool),
        0.0,
        0,
        Control(np.nan, np.nan, 0),
    )


@pytest.fixture
def states():
    """Predictions of twelve placements and five draws: o 3, a 2, b 1, n 1 plus noise that differs by placement."""
    noise = np.random.default_rng(0).normal(0, 0.01, 12)
    draws = np.ones((12, 5)) * noise[:, None]
    return 3 + noise, 2 + draws, 1 + 2 * draws, 1 - draws


def test_finite_predictions_stay_as_they_are(states):
    pair = measured(*states)
    assert only_finite(pair) is pair


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_left_out_and_counted(states, value):
    o, a, b, n = (x.copy() for x in states)
    o[0] = value  # a sequence without a prediction
    a[1] = value  # every draw of a placement
    b[2, 1] = n[2, 3] = value  # two draws of five
    b[2, [0, 2, 4]] = [1.0, 2.0, 3.0]
    kept = only_finite(measured(o, a, b, n))
    assert kept.not_finite == 2
    assert kept.rows.tolist() == list(range(2, 12))
    assert len(kept.fallback) == len(kept.start_a) == len(kept.start_b) == 10
    assert all(np.isfinite(x).all() for x in vars(kept.states).values())
    assert kept.states.b[0].tolist() == [1.0, 1.0, 2.0, 2.0, 3.0]  # the next that counts, in order, stands in
    np.testing.assert_array_equal(kept.states.a[1:], a[3:])


def test_the_estimate_is_that_of_the_others(states):
    o, a, b, n = (x.copy() for x in states)
    names = [f"s{i}" for i in range(12)]
    rest = summarise([measured(o[2:], a[2:], b[2:], n[2:])], names[2:], InteractionOptions(latent="none")).table
    o[0], n[1] = np.nan, np.inf
    found = summarise([measured(o, a, b, n)], names, InteractionOptions(latent="none")).table
    for column in ("sequences", "placements", "joint", "epistasis", "p_value", "class", "reason"):
        assert found[column].tolist() == rest[column].tolist(), column
    assert found["class"][0] != "neutral"


def test_too_few_numbers_are_untestable_and_say_why(states):
    o, a, b, n = (x.copy() for x in states)
    o[:9] = np.nan
    found = summarise([measured(o, a, b, n)], [f"s{i}" for i in range(12)], InteractionOptions(latent="none")).table
    assert found["class"][0] == "too few sequences"
    assert found["reason"][0] == "found together in 3 sequences, 6 needed (9 placements have no finite prediction)"
    nothing = summarise(
        [measured(o * np.nan, a, b, n)], [f"s{i}" for i in range(12)], InteractionOptions(latent="none")
    ).table
    assert nothing["class"][0] == "too few sequences"


def test_a_class_needs_numbers():
    names = ("joint", "a_alone", "b_alone", "a_in_context", "b_in_context", "epistasis")
    row = dict.fromkeys(names, np.nan) | {f"{name}_q": np.nan for name in names}
    row |= {
        "sequences": 100,
        "q_value": np.nan,
        "margin": np.nan,
        "epistasis_ci_low": np.nan,
        "epistasis_ci_high": np.nan,
    }
    assert classify(row, alpha=0.05, n_min=6) == ("too few sequences", "the effects are no finite numbers")


def test_inserted_copies_are_left_out_in_the_same_way(states):
    o, a, b, n = (x.copy() for x in states)
    names = [f"s{i}" for i in range(12)]
    rest = replace(measured(*states), inserted=States(o[2:], a[2:], b[2:], n[2:]))
    o[0], n[1] = np.nan, np.inf
    pair = replace(measured(*states), inserted=States(o, a, b, n))
    found, expected = (summarise([one], names, InteractionOptions(latent="none")).table for one in (pair, rest))
    columns = [name for name in found if name.startswith("inserted_")]
    assert found["inserted_backgrounds"].tolist() == [10]
    pd.testing.assert_frame_equal(found[columns], expected[columns])
    assert found["placements"].tolist() == [12]  # where the pair stands by itself all is finite


class Breaks(torch.nn.Module):
    """Counts G, twice that as a second output, which is a number only where a sequence does not begin with A."""

    def forward(self, x):
        g = x[:, 2].sum(1)
        return torch.stack([g, 2 * g / (1 - x[:, 0, 0])], 1)


def test_effects_of_motifs_leave_out_what_is_not_finite():
    sequences = random_sequences(200, 20, seed=1)
    model = SequenceModel("breaks", Breaks(), outputs=("good", "bad"))
    options = MarginalOptions(backgrounds=200, places=2, without=[], avoid=[])
    table = marginal_effects(model, sequences, ["GGGG"], options=options).table
    good, bad = (table[(table.output == output) & (table.background == "all")] for output in ("good", "bad"))
    assert set(good["n"]) == {200}
    assert bad["n"].between(100, 199).all()  # a quarter of the sequences begins with A
    assert (bad["places"] < good["places"].to_numpy()).all()
    assert np.isfinite(bad[["effect", "ci_low", "ci_high", "margin", "p_value"]].to_numpy(float)).all()
    assert set(bad["class"]) == set(good["class"]) == {"positive"}
