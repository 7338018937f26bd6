"""One pair measured: what is kept and what is recorded."""

from __future__ import annotations

import numpy as np

from combmotif.config.effects import InteractionOptions
from combmotif.effect.pairs.measure import measure_pair, snap
from combmotif.effect.pairs.pair import Pair
from combmotif.effect.pattern import as_pattern


def test_placements_states_and_counts_belong_together(word_model, planted):
    sequences = planted(("GGACU", "UGUAA"), 30)
    model = word_model("and")
    pair = measure_pair(
        model,
        sequences,
        Pair(as_pattern("GGACU"), as_pattern("UGUAA")),
        InteractionOptions(scrambles=5, avoid=[], overlaps="keep", backgrounds=0),
        frequencies=np.full(4, 0.25),
    )
    assert pair.pair == "GGACU x UGUAA"
    assert pair.states.a.shape == (len(pair.rows), 5)
    assert pair.sequences_with_pair == 30
    assert len(np.unique(pair.rows)) == 30
    np.testing.assert_array_equal(pair.states.o, model.predict([sequences.codes[r] for r in pair.rows])[:, 0])
    assert (pair.states.o == 1).all()
    assert pair.control.p_value == 0.001


def test_placements_that_cannot_be_scrambled_are_left_out_and_counted(word_model, planted):
    sequences = planted(("GGACU", "UGUAA"), 10)
    pair = measure_pair(
        word_model("and"),
        sequences,
        Pair(as_pattern("NN"), as_pattern("UGUAA")),
        InteractionOptions(scrambles=32, avoid=[], overlaps="keep", controls=0, backgrounds=0),
        frequencies=np.full(4, 0.25),
    )
    assert len(pair.rows) == 0
    assert pair.unscrambled == 30


def test_differences_below_float32_resolution_are_zero():
    values = np.array([1e-7, 1e-4, -1e-7])
    assert snap(values, np.array([1.0, 1.0, -5.0]), np.zeros(3)).tolist() == [0, 1e-4, 0]
