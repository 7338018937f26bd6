"""The prototype's procedure: which rows it makes, and that its tables hold its own statistics."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from combmotif.core.tables import INSTANCES, INTERACTIONS
from combmotif.effect.pairs.pair import Pair
from combmotif.effect.pairs.placements import Windows
from combmotif.effect.pattern import as_pattern
from combmotif.effect.prototype import measure_prototype, prototype_interaction, summarise_prototype
from combmotif.sequence.alphabet import encode
from combmotif.sequence.sets import SequenceSet

WORDS = ("GGACU", "UGUAA")


def test_every_ordered_placement_is_a_row_and_starts_are_the_longer_motif_apart(word_model):
    codes = (encode("CCAUGCCAUGCCUAACC"),)
    sequences = SequenceSet(("s",), codes)
    homotypic = measure_prototype(word_model("and"), sequences, Pair(as_pattern("AUG"), as_pattern("AUG")))
    assert list(zip(homotypic.start_a, homotypic.start_b, strict=True)) == [(2, 7), (7, 2)]
    mixed = measure_prototype(word_model("and"), sequences, Pair(as_pattern("AUGCCNNNNN"), as_pattern("UAA")))
    assert list(zip(mixed.start_a, mixed.start_b, strict=True)) == [(2, 12)]  # 7 to 12 is less than 10


def test_only_the_first_window_of_a_sequence_counts(word_model):
    sequences = SequenceSet(("s", "t"), (encode("AUGCCUAACCAUGCCUAA"),) * 2)
    windows = Windows(np.array([0, 0]), np.array([10, 0]), 8)
    found = measure_prototype(word_model("and"), sequences, Pair(as_pattern("AUG"), as_pattern("UAA")), windows=windows)
    assert list(zip(found.rows, found.start_a, found.start_b, strict=True)) == [(0, 0, 5)]


@pytest.mark.parametrize(("kind", "label"), [
    ("and", "positive_synergistic"), ("or", "positive_antagonistic"), ("negative and", "negative_synergistic"),
    ("additive", "additive"),
])  # fmt: skip
def test_table_has_the_prototypes_class_and_p_values(word_model, planted, kind, label):
    sequences = planted(WORDS, 40)
    found = measure_prototype(word_model(kind), sequences, Pair(*map(as_pattern, WORDS)))
    table, instances = summarise_prototype([found], sequences.names, alpha=0.05)
    assert list(table.columns) == INTERACTIONS.names
    assert list(instances.columns) == INSTANCES.names
    row = table.iloc[0]
    assert row["class"] == label
    own = prototype_interaction(found.o, found.a, found.b, found.n, alpha=0.05)
    assert (row.p_value, row.a_in_context_p, row.joint_p) == (own.p_value, own.p_a_o, own.p_ab_o)
    if kind == "and":
        assert row.a_in_context_p == stats.wilcoxon(found.a, found.o).pvalue
        assert row.epistasis == pytest.approx(np.mean(found.o - found.a - found.b + found.n))
        assert np.isnan(row.q_value)


def test_double_edits_have_draws_of_their_own(word_model, planted):
    sequences = planted(WORDS, 40)
    found = measure_prototype(
        word_model("neutral", composition=1.0), sequences, Pair(*map(as_pattern, WORDS))
    )  # shared draws would make e exactly 0
    assert np.abs(found.o - found.a - found.b + found.n).max() > 1e-3


def test_few_rows_are_untestable(word_model, planted):
    sequences = planted(WORDS, 3)
    found = measure_prototype(word_model("and"), sequences, Pair(*map(as_pattern, WORDS)))
    assert summarise_prototype([found], sequences.names, alpha=0.05)[0]["class"].tolist() == ["too few sequences"]
