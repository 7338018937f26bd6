"""Third-order contrasts of networks whose logic is known."""

from __future__ import annotations

import numpy as np
import pytest

from combmotif.config.effects import InteractionOptions
from combmotif.core.tables import TRIPLES
from combmotif.effect.pairs.pair import Pair
from combmotif.effect.pairs.triples import choose_triples, measure_triple, summarise_triples
from combmotif.effect.pattern import as_pattern
from combmotif.models.model import SequenceModel

WORDS = ("GGACU", "UGUAA", "CACAC")
LOGIC = {
    "and": (lambda h: h[:, 0] * h[:, 1] * h[:, 2], 1.0, "more-than-pairs"),
    "or": (lambda h: h.amax(1), 1.0, "more-than-pairs"),
    "pairs": (lambda h: h[:, 0] * h[:, 1] + h[:, 1] * h[:, 2] + h[:, 0], 0.0, "pairwise"),
    "less": (lambda h: h.sum(1) - 0.5 * h[:, 0] * h[:, 1] * h[:, 2], -0.5, "less-than-pairs"),
}


def few(scrambles):
    return InteractionOptions(scrambles=scrambles, avoid=[])


@pytest.mark.parametrize("kind", LOGIC)
def test_contrast_of_known_logic(word_model, planted, kind):
    combine, e, label = LOGIC[kind]
    net = word_model("and", WORDS).module
    net.combine = combine
    sequences = planted(WORDS, 30)
    found = measure_triple(
        SequenceModel(kind, net), sequences, tuple(map(as_pattern, WORDS)), few(4), frequencies=np.full(4, 0.25)
    )
    assert (np.diff(np.sort(found.starts, axis=1), axis=1) >= 5).all()
    row = summarise_triples([found], sequences.names).iloc[0]
    assert row.epistasis3 == pytest.approx(e, abs=0.06)
    assert row["class"] == label
    assert row.sequences >= 20


def test_rare_triples_are_untestable_and_columns_are_documented(word_model, planted):
    sequences = planted(WORDS, 4)
    found = measure_triple(
        word_model("and", WORDS), sequences, tuple(map(as_pattern, WORDS)), few(2), frequencies=np.full(4, 0.25)
    )
    table = summarise_triples([found], sequences.names)
    assert list(table.columns) == TRIPLES.names
    assert table["class"][0] == "too few sequences"
    assert list(summarise_triples([], []).columns) == TRIPLES.names


def test_triples_are_of_two_pairs_that_were_found():
    a, b, c = map(as_pattern, WORDS)
    pairs = [Pair(a, b), Pair(b, c), Pair(a, c), Pair(c, c)]

    def names(classes):
        return [tuple(m.name for m in triple) for triple in choose_triples(pairs, classes)]

    assert names(["super-additive", "sub-additive", "additive", "additive"]) == [WORDS]
    assert names(["super-additive", "additive", "undetermined", "additive"]) == []
    both = names(["additive", "super-additive", "additive", "super-additive"])
    assert both == [("UGUAA", "CACAC", "CACAC"), ("CACAC",) * 3]


def test_equal_motifs_stand_from_5_to_3(word_model, planted):
    three = (as_pattern("GGACU"),) * 3
    found = measure_triple(word_model("and"), planted(("GGACU",) * 3, 12), three, few(2), frequencies=np.full(4, 0.25))
    assert len(found.rows) >= 10
    assert (np.diff(found.starts, axis=1) >= 5).all()
