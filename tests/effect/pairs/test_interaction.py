"""Motif pairs of known logic, through a real torch module and the whole code path."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
import torch
from toy_models import detect, kmer_conv

from combmotif.config.effects import InteractionOptions
from combmotif.effect.pairs.interaction import base_frequencies, interaction
from combmotif.models.model import SequenceModel
from combmotif.sequence.alphabet import encode
from combmotif.sequence.sets import SequenceSet

WORDS = ("GGACU", "UGUAA")


@pytest.mark.parametrize(
    ("kind", "label", "e"),
    [
        ("additive", "additive", 0.0),
        ("and", "super-additive", 1.0),
        ("negative and", "super-additive", -1.0),
        ("or", "sub-additive", -1.0),
        ("known", "super-additive", 0.5),
        ("opposing", "opposing", 0.0),
        ("one motif only", "one motif only", 0.0),
        ("neutral", "neutral", 0.0),
    ],
)
@pytest.mark.parametrize("mode", ["shuffle", "background"])
def test_class_and_size_of_known_logic(word_model, planted, kind, label, e, mode):
    options = InteractionOptions(mode=mode, controls=0, backgrounds=0)
    row = interaction(word_model(kind), planted(WORDS, 60), [WORDS], options).table.iloc[0]
    assert row["class"] == label
    assert row.epistasis == pytest.approx(e, rel=0.05, abs=1e-6)
    assert row.epistasis_ci_low <= row.epistasis <= row.epistasis_ci_high
    assert row.mode_used == mode
    assert 0 <= row.rejected < 1


def test_an_additive_network_has_no_epistasis_at_all_even_where_composition_counts(word_model, planted):
    options = InteractionOptions(mode="uniform", controls=0, backgrounds=0)
    result = interaction(word_model("additive", composition=0.7), planted(WORDS, 60), [WORDS], options)
    # Where a further copy of B overlaps the A site, the two are lost together; nothing else is not additive.
    assert (result.instances.e == 0).mean() > 0.95
    assert result.table.epistasis[0] == result.table.epistasis_ci_low[0] == result.table.epistasis_ci_high[0] == 0
    assert result.table.p_value[0] > 0.3
    assert result.instances.a.std() > 0


def test_controls_separate_the_pair_from_random_segments(word_model, planted):
    options = InteractionOptions(backgrounds=0)
    pair = interaction(word_model("and"), planted(WORDS, 60), [WORDS], options).table.iloc[0]
    assert pair.p_control == 0.001
    assert pair.control_epistasis == 0
    assert pair.controls > 100
    none = interaction(word_model("neutral"), planted(WORDS, 60), [WORDS], options).table.iloc[0]
    assert none.p_control == 1


def test_a_saturating_read_out_is_flagged_on_the_raw_scale_only():
    words = ["GGACU", "UGUAA", "CACAC", "UUAUU"]
    weights = torch.tensor([1.5, 1.0, 1.2, 2.0])

    class Sigmoid(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = kmer_conv(words, bias=detect)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.sigmoid(torch.relu(self.conv(x)).sum(2) @ weights - 1.5 + 3 * x[:, 0].mean(1))

    rng = np.random.default_rng(0)
    rows = []
    for _ in range(300):
        codes = rng.integers(0, 4, 50).astype(np.uint8)
        for slot, word in zip((8, 30), rng.choice(words, 2, replace=False), strict=True):
            codes[slot : slot + 5] = encode(word)
        rows.append(codes)
    sequences = SequenceSet(tuple(f"s{i}" for i in range(300)), tuple(rows))
    model = SequenceModel("sigmoid", Sigmoid())
    options = InteractionOptions(controls=0, backgrounds=0)
    table = interaction(model, sequences, list(combinations(words, 2)), options).table
    assert (table["class"] == "sub-additive").sum() >= 5
    assert (table["class_latent"] == "additive").all()
    assert table.scale_dependent[table["class"] == "sub-additive"].all()


@pytest.mark.slow
def test_result_depends_neither_on_the_order_nor_on_the_company_of_pairs_and_sequences(word_model, planted):
    model, sequences = word_model("known", composition=0.5), planted((*WORDS, "CACC"), 40)
    pairs = [WORDS, ("CACC", "UGUAA"), ("GGACU", "GGACU")]
    options = {"options": InteractionOptions(max_sequences=20, max_placements=2, backgrounds=40), "seed": 3}
    forward = interaction(model, sequences, pairs, **options)
    backward = interaction(model, sequences, pairs[::-1], **options)
    pd.testing.assert_frame_equal(forward.table, backward.table.iloc[::-1].reset_index(drop=True))
    alone = interaction(model, sequences, pairs[:1], **options)
    pd.testing.assert_frame_equal(alone.instances, forward.instances[forward.instances.pair == "GGACU x UGUAA"])
    turned = interaction(model, sequences.subset(range(39, -1, -1)), pairs[:1], **options)
    key = ["sequence", "start_a", "start_b"]
    pd.testing.assert_frame_equal(
        turned.instances.sort_values(key, ignore_index=True), alone.instances.sort_values(key, ignore_index=True)
    )
    other = interaction(model, sequences, pairs[:1], **(options | {"seed": 4}))
    assert not other.instances.equals(alone.instances)


def test_homotypic_pair_counts_each_two_sites_once(word_model, planted):
    sequences = planted(("GGACU", "GGACU"), 20)
    options = InteractionOptions(controls=0, backgrounds=0)
    result = interaction(word_model("one motif only"), sequences, [("GGACU", "GGACU")], options)
    assert (result.instances.start_a < result.instances.start_b).all()
    row = result.table.iloc[0]
    assert row["class"] == "sub-additive"  # one site is enough for a maximum: two are redundant
    assert row.epistasis == -1


@pytest.mark.slow
def test_homopolymers_fall_back_and_the_table_says_so(word_model, planted):
    row = interaction(word_model("neutral"), planted(("UUUUUU", "GGACU"), 20), [("UUUUUU", "GGACU")]).table.iloc[0]
    assert row.mode_used == "shuffle+background"
    assert row.fallback == 0.5


@pytest.mark.slow
def test_rare_pairs_are_untestable_not_dropped(word_model, planted):
    sequences = planted(WORDS, 4)
    table = interaction(word_model("and"), sequences, [WORDS, ("GGGGGGGG", "CCCCCCCC")]).table
    assert list(table["class"]) == ["too few sequences", "too few sequences"]
    assert table.reason[0].startswith("found together in 4 sequences, 6 needed")
    assert table.p_value.isna().all()


def test_outputs_are_chosen_by_name(word_model, planted):
    net = word_model("known").module
    both = SequenceModel("two", TwoOutputs(net), outputs=("up", "down"))
    options = {"controls": 0, "backgrounds": 0, "scrambles": 4}
    up = interaction(both, planted(WORDS, 20), [WORDS], InteractionOptions(output="up", **options)).table.iloc[0]
    down = interaction(both, planted(WORDS, 20), [WORDS], InteractionOptions(output="down", **options)).table.iloc[0]
    assert up.joint == -down.joint == pytest.approx(2.5, rel=0.01)
    assert up["class"] == down["class"] == "super-additive"
    with pytest.raises(ValueError, match="output: the model has no output 'left'"):
        interaction(both, planted(WORDS, 20), [WORDS], InteractionOptions(output="left"))


class TwoOutputs(torch.nn.Module):
    def __init__(self, net: torch.nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.net(x)
        return torch.cat([y, -y], 1)


def test_a_pair_given_twice_is_refused(word_model, planted):
    with pytest.raises(ValueError, match="pairs: 'UGUAA x GGACU' is given twice"):
        interaction(word_model("and"), planted(WORDS, 4), [WORDS, WORDS[::-1]])


def test_frequencies_leave_n_out():
    np.testing.assert_allclose(base_frequencies([encode("AACGNN"), encode("U")]), [3 / 9, 2 / 9, 2 / 9, 2 / 9])
