from __future__ import annotations

import numpy as np
import pytest

from combmotif.core.tables import MATCH_CONTROL
from combmotif.motifs import Database, Motif, MotifSet, load_database, word_ppm
from combmotif.motifs.matching.control import match_control, shuffled_database
from combmotif.motifs.matching.database import DatabaseEntry
from combmotif.motifs.matching.family import family_of_genes, gene_names, leading_stem, with_families
from combmotif.motifs.matching.match import match


def entry(identifier, name, word):
    return DatabaseEntry(identifier, name, word_ppm(word), family=name)


def by_id(database):
    return {entry.id: entry for entry in database.entries}


@pytest.fixture
def redundant():
    return [
        Database(
            "a", (entry("a1", "RBFOX1", "UGCAUG"), entry("a2", "RBFOX2", "NUGCAUGN"), entry("a3", "QKI", "ACUAAY"))
        ),
        Database(
            "b", (entry("b1", "RBFOX1_B", "UGCAUGU"), entry("b2", "X1", "GGGCCC"), entry("b3", "(QKI)", "ACUAAC"))
        ),
    ]


def test_one_name_for_what_is_the_same_across_databases(redundant):
    first, second = with_families(redundant)
    assert [e.family for e in first.entries] == ["RBFOX1/2", "RBFOX1/2", "QKI"]
    assert [e.family for e in second.entries] == ["RBFOX1/2", "X1", "QKI"]
    assert [e.name for e in second.entries] == ["RBFOX1_B", "X1", "(QKI)"]


def test_a_family_called_like_a_known_word_that_it_resembles_is_that_family(redundant):
    builtin, first, second = with_families([load_database("builtin"), *redundant])
    assert by_id(builtin)["rbfox"].family == "RBFOX"
    assert [(e.family, e.kind) for e in first.entries] == [("RBFOX", "rbp"), ("RBFOX", "rbp"), ("QKI", "rbp")]
    assert (second.entries[1].family, second.entries[1].kind) == ("X1", "")
    fake = Database("f", (entry("f", "RBFOX1", "GGGCCC"),))
    assert with_families([load_database("builtin"), fake])[1].entries[0].family == "RBFOX1"


def test_names_of_genes():
    assert gene_names("(MEX3B,MEX3C)") == ["MEX3B", "MEX3C"]
    assert gene_names("ELAVL4_G") == ["ELAVL4"]
    assert gene_names("A1CF_m1") == ["A1CF"]
    assert gene_names("TBP_HUMAN") == ["TBP"]
    assert gene_names("M060_0.6") == []
    assert family_of_genes(["SRSF10", "SRSF1", "SRSF2", "SRSF4", "SRSF5", "SRSF6", "TRA2B"]) == "SRSF1/2/4/5/6/... +1"
    assert family_of_genes(["A", "B", "C", "D"]) == "A, B, C +1"
    assert leading_stem(["PUM1", "PUM2", "X"]) == "PUM"
    assert leading_stem(["A", "B", "C"]) == ""


def test_shuffling_keeps_sharpness_and_loses_the_word():
    builtin = load_database("builtin")
    shuffled = shuffled_database(builtin, np.random.default_rng(0))
    same = 0
    for old, new in zip(builtin.entries, shuffled.entries, strict=True):
        assert old.id == new.id
        np.testing.assert_allclose(np.sort(old.ppm.max(1)), np.sort(new.ppm.max(1)))
        np.testing.assert_allclose(new.ppm, word_ppm(new.word))
        same += old.word == new.word
    assert same < 12
    matrices = Database("m", tuple(DatabaseEntry(e.id, e.name, e.ppm) for e in builtin.entries))
    for old, new in zip(matrices.entries, shuffled_database(matrices, np.random.default_rng(0)).entries, strict=True):
        assert new.word == ""
        np.testing.assert_allclose(np.sort(old.ppm.ravel()), np.sort(new.ppm.ravel()))


def queries(words):
    return MotifSet(tuple(Motif(f"m{i}", 200 * word_ppm(word), 200) for i, word in enumerate(words)))


@pytest.mark.slow
def test_true_motifs_match_and_their_control_does_not():
    builtin = [load_database("builtin")]
    motifs = queries(["UGUAAAUA", "UUAUUUAUU", "AUG", "GCCACCAUGG", "NNNNN"])
    table = match(motifs, builtin)
    found = match_control(motifs, builtin, table, np.random.default_rng(0), copies=20)
    assert list(found.table.columns) == MATCH_CONTROL.names
    together = found.table[found.table["database"] == "all"].set_index("relation")
    assert together["queries"].tolist() == [4, 4]
    assert together.loc["is", "matched"] == 3
    assert together.loc["is", "matched_shuffled"] < 0.2
    row = together.loc["contains"]
    assert row["matched"] == table[table["relation"] == "contains"]["motif"].nunique()
    assert 0.5 < row["matched_shuffled"] < 3
    assert row["false_match_rate"] == pytest.approx(row["matched_shuffled"] / row["matched"])
    chance = dict(zip(zip(table["motif"], table["target"], strict=True), found.chance, strict=True))
    assert chance["m0", "pum"] < 0.1
    assert 0 < chance["m2", "start_codon"] < 0.4  # three letters are soon said
    assert chance["m3", "start_codon"] > chance["m2", "start_codon"]  # sooner still in a longer motif


@pytest.mark.slow
def test_random_motifs_match_shuffled_databases_as_often_as_true_ones():
    rng = np.random.default_rng(3)
    motifs = queries(["".join(rng.choice(list("ACGU"), 4)) for _ in range(60)])
    builtin = [load_database("builtin")]
    table = match(motifs, builtin)
    found = match_control(motifs, builtin, table, np.random.default_rng(0), copies=5)
    assert found.table.iloc[-1]["false_match_rate"] > 0.4
    again = match_control(motifs, builtin, table, np.random.default_rng(0), copies=5)
    np.testing.assert_array_equal(found.chance, again.chance)
    with pytest.raises(ValueError, match="copies: expected at least 1, got 0"):
        match_control(motifs, builtin, table, np.random.default_rng(0), copies=0)


def test_nothing_to_match():
    builtin = [load_database("builtin")]
    motifs = queries(["NNNN"])
    found = match_control(motifs, builtin, match(motifs, builtin), np.random.default_rng(0), copies=2)
    assert found.table.iloc[-1]["matched"] == 0
    assert len(found.chance) == 0
