"""Pairs inserted into backgrounds: the same logic as where they stand, at the order, distance and frame asked for."""

from __future__ import annotations

import numpy as np
import pytest

from combmotif.config.effects import InteractionOptions
from combmotif.effect.pairs.inserted import draw_placement, draw_sites, measure_inserted
from combmotif.effect.pairs.interaction import interaction
from combmotif.effect.pairs.pair import Pair
from combmotif.effect.pairs.states import Scrambling
from combmotif.effect.pattern import as_pattern
from combmotif.motifs.motif import Motif
from combmotif.sequence.sets import random_sequences

WORDS = ("GGACU", "UGUAA")


@pytest.mark.parametrize(
    ("kind", "label", "e"),
    [
        ("additive", "additive", 0.0),
        ("and", "super-additive", 1.0),
        ("negative and", "super-additive", -1.0),
        ("or", "sub-additive", -1.0),
        ("opposing", "opposing", 0.0),
        ("one motif only", "one motif only", 0.0),
        ("neutral", "neutral", 0.0),
    ],
)
def test_class_and_size_of_known_logic_by_insertion(word_model, kind, label, e):
    """No sequence holds both words, so that insertion alone can tell."""
    sequences = random_sequences(120, 50, seed=1, exclude=["GGACU"])
    table = interaction(word_model(kind), sequences, [WORDS], InteractionOptions(backgrounds=80)).table.iloc[0]
    assert table["class"] == "too few sequences"
    assert table.inserted_class == label
    assert table.inserted_epistasis == pytest.approx(e, abs=1e-6)
    assert table.inserted_backgrounds == 80
    assert table.inserted_q_value == table.inserted_p_value
    if label == "additive":
        assert table.inserted_joint == pytest.approx(2)
        assert table.inserted_a_alone == pytest.approx(1)


def test_pairs_that_are_not_inserted_leave_the_columns_empty(word_model, planted):
    table = interaction(word_model("and"), planted(WORDS, 20), [WORDS], InteractionOptions(backgrounds=0)).table.iloc[0]
    assert table["class"] == "super-additive"
    assert np.isnan(table.inserted_epistasis)
    assert table["inserted_class"] != table["inserted_class"] or table["inserted_class"] == ""


@pytest.mark.parametrize(
    ("rules", "holds"),
    [
        ({"order": "ab", "frame": 0}, lambda a, b: b > a and (b - a) % 3 == 0),
        ({"order": "ba", "spacing": (3, 6)}, lambda a, b: 3 <= a - b - 5 <= 6),
        ({"spacing": (0, None), "distance": 4}, lambda a, b: abs(b - a) == 9),
        ({"end_frame": 1}, lambda a, b: (60 - a) % 3 == 1),
        ({}, lambda a, b: abs(a - b) >= 5),
    ],
)
def test_placements_obey_the_rules_of_the_pair(rules, holds):
    pair = Pair(as_pattern(WORDS[0]), as_pattern(WORDS[1]), **rules)
    random = np.random.default_rng(0)
    places = [draw_placement(pair, 60, random) for _ in range(100)]
    assert all(place is not None and holds(*place) for place in places)
    assert len(set(places)) > 20


def test_a_pair_that_does_not_fit_is_not_placed():
    pair = Pair(as_pattern("GGACU"), as_pattern("UGUAA"), spacing=(10, 20))
    assert draw_placement(pair, 19, np.random.default_rng(0)) is None
    assert draw_placement(pair, 20, np.random.default_rng(0)) is not None


def test_homotypic_pairs_stand_upstream_first():
    pair = Pair(as_pattern("GGACU"), as_pattern("GGACU"))
    random = np.random.default_rng(0)
    assert all(a < b for a, b in (draw_placement(pair, 40, random) for _ in range(50)))


def test_inserted_words_of_a_matrix_are_sites_of_it():
    motif = Motif("m", np.array([[60, 20, 20, 0]] * 6, dtype=float), 100)
    pattern = as_pattern(motif, p_value=1e-2)
    words = draw_sites(pattern, 200, np.random.default_rng(0))
    assert pattern.matches(words).mean() > 0.95
    assert len(np.unique(words, axis=0)) > 5


def test_a_net_that_asks_for_the_frame_shows_the_pair_in_frame_only(word_model):
    """Reading the two words at a distance of 9 (in frame) alone: AND in frame, nothing out of frame."""
    import torch

    from combmotif.models.model import SequenceModel

    class Framed(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.words = word_model("and").module.conv

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            a, b = torch.relu(self.words(x)).unbind(1)
            return sum((a[:, :-gap] * b[:, gap:]).sum(1, keepdim=True) for gap in (6, 9, 12))

    model, sequences = SequenceModel("framed", Framed()), random_sequences(100, 40, seed=2)
    a, b = map(as_pattern, WORDS)
    e = []
    for frame in range(3):
        pair = Pair(a, b, order="ab", spacing=(1, 9), frame=frame)
        options = InteractionOptions(backgrounds=60, avoid=[])
        scrambling = Scrambling(model, sequences, (a, b), options, np.full(4, 0.25))
        states = measure_inserted(scrambling, pair, seed=frame)
        e.append((states.o - states.a.mean(1) - states.b.mean(1) + states.n.mean(1)).mean())
    assert e == [1, 0, 0]
