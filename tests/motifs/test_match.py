from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from combmotif.motifs import (
    MATCH_COLUMNS,
    Database,
    DatabaseEntry,
    Motif,
    MotifSet,
    load_database,
    match,
    word_ppm,
)


def motif_set(*words: str, sites: int = 200, alphabet: str = "rna", seed: int = 0) -> MotifSet:
    """Sites drawn from softened words with four flat columns on each side; A:U etc. become m0, m1, ..."""
    rng = np.random.default_rng(seed)
    motifs = []
    for number, word in enumerate(words):
        ppm = word_ppm("NNNN" + word + "NNNN")
        pfm = np.stack([rng.multinomial(sites, column / column.sum()) for column in ppm]).astype(float)
        motifs.append(Motif(f"conv1.{number}.m1", pfm, sites, "conv1", number))
    return MotifSet(tuple(motifs), "neuronmotif", alphabet)


def random_set(n: int, length: int, seed: int) -> MotifSet:
    rng = np.random.default_rng(seed)
    return motif_set(*("".join(rng.choice(list("ACGU"), length)) for _ in range(n)), seed=seed)


@pytest.fixture(scope="module")
def builtin() -> Database:
    return load_database("builtin")


@pytest.fixture(scope="module")
def matrices() -> Database:
    """150 random 7-mers as measured matrices, PUM1 among them."""
    rng = np.random.default_rng(8)
    entries = [
        DatabaseEntry(f"M{i:03d}", f"P{i}", 0.9 * word_ppm("".join(rng.choice(list("ACGU"), 7))) + 0.025, "rbp")
        for i in range(150)
    ]
    entries[40] = DatabaseEntry("M040", "PUM1", 0.9 * word_ppm("UGUAHAU") + 0.025, "rbp", "PUM", "a paper")
    return Database("matrices", tuple(entries), "rna")


@pytest.mark.parametrize(
    ("query", "target"),
    [
        ("AUG", "start_codon"), ("UAA", "stop_UAA"), ("AUUUA", "are_pentamer"), ("UGUAAAUA", "pum"),
        ("UGUANAUA", "pum"), ("CACACA", "hnrnpl"), ("AAUAAA", "pas_AAUAAA"), ("CUACCUC", "let-7"),
        ("GCACUUU", "miR-17"), ("UGCAUG", "rbfox"), ("GCCRCCAUGG", "kozak_strong"), ("UUAUUUAUU", "are_nonamer"),
    ],
)  # fmt: skip
def test_planted_elements_are_named_first(builtin, matrices, query, target):
    table = match(motif_set(query), [builtin, matrices])
    assert table.iloc[0]["target"] == target
    assert table.iloc[0]["identical"]
    assert table.iloc[0]["method"] == "word"
    assert table.iloc[0]["offset"] == 4


def test_the_start_codon_has_an_honest_p_value(builtin):
    row = match(motif_set("AUG"), [builtin]).iloc[0]
    assert row["p_value"] == pytest.approx(1 / 64)
    assert row["e_value"] == pytest.approx(len(builtin) / 64)
    assert row["q_value"] > 0.05
    assert (row["start"], row["end"], row["query_consensus"], row["target_consensus"]) == (4, 7, "AUG", "AUG")


def test_columns(builtin):
    table = match(motif_set("AUG", "UGUAAAUA"), [builtin])
    assert tuple(table.columns) == MATCH_COLUMNS
    contract = (
        "motif target name kind family database offset overlap strand p_value e_value q_value "
        "query_consensus target_consensus citation"
    )
    assert tuple(table.columns[:15]) == tuple(contract.split())


def test_a_matrix_is_found_at_its_offset(matrices):
    table = match(motif_set("UGUAAAUA", "GGGGGGGG"), [matrices])
    row = table.iloc[0]
    assert (row["motif"], row["target"], row["name"], row["database"]) == ("conv1.0.m1", "M040", "PUM1", "matrices")
    assert (row["offset"], row["overlap"], row["strand"], row["method"]) == (4, 7, "+", "tomtom")
    assert row["q_value"] <= 0.05
    assert (row["kind"], row["family"], row["citation"]) == ("rbp", "PUM", "a paper")
    assert row["target_consensus"] == "UGUANAU"  # H of three equal bases has under 0.3 bits


@pytest.mark.parametrize("length", [3, 4, 6, 8, 12])
def test_random_motifs_are_not_matched(builtin, matrices, length):
    table = match(random_set(60, length, seed=length), [builtin, matrices])
    assert table[table["q_value"] <= 0.05]["motif"].nunique() <= 2
    short = {3: 10, 4: 10, 6: 5, 8: 2, 12: 0}  # a random word of 3 letters is a codon of the list in 1 of 16
    assert table[table["identical"].astype(bool)]["motif"].nunique() <= short[length]


def test_flat_and_weak_motifs_are_not_matched(builtin, matrices):
    rng = np.random.default_rng(0)
    for concentration, length in ((1000, 20), (30, 20), (2, 20), (1, 20)):
        motifs = [Motif(f"m{i}", 200 * rng.dirichlet([concentration] * 4, size=length), 200) for i in range(20)]
        table = match(MotifSet(tuple(motifs)), [builtin, matrices])
        assert (table["q_value"] > 0.05).all()
        assert table["motif"].nunique() <= (3 if concentration <= 2 else 0)  # words of 3 or 4 letters
    assert tuple(match(MotifSet((Motif("m", np.full((20, 4), 50.0), 200),)), [builtin]).columns) == MATCH_COLUMNS


def test_two_elements_in_one_receptive_field_are_both_named(builtin):
    table = match(motif_set("AUG" + "N" * 12 + "UGUAAAUA"), [builtin])
    first = table.groupby(["start", "end"], sort=False).first()
    assert first["target"].tolist() == ["start_codon", "pum"]
    assert first["offset"].tolist() == [4, 19]


def test_q_is_over_all_pairs(builtin, matrices):
    from scipy.stats import false_discovery_control

    table = match(motif_set("UGUAAAUA"), [matrices], q=1.0, top=1000)
    assert len(table) == len(matrices)
    np.testing.assert_allclose(table["q_value"], false_discovery_control(table["p_value"]))
    np.testing.assert_allclose(table["e_value"], table["p_value"] * len(matrices))
    assert table["p_value"].between(0, 1, inclusive="right").all()
    assert table["p_value"].is_monotonic_increasing


def test_another_database_does_not_change_p_values(builtin, matrices):
    alone = match(motif_set("UGUAAAUA"), [matrices])
    together = match(motif_set("UGUAAAUA"), [builtin, matrices])
    rows = together[together["database"] == "matrices"].reset_index(drop=True)
    pd.testing.assert_series_equal(alone["p_value"], rows["p_value"])


def test_top_and_determinism(builtin, matrices):
    motifs = motif_set("UUUUUU", "UGUAAAUA", "AUG")
    one, many = match(motifs, [builtin, matrices], q=0.5, top=1), match(motifs, [builtin, matrices], q=0.5, top=20)
    assert one.groupby("motif").size().max() <= 2
    assert len(many) > len(one)
    pd.testing.assert_frame_equal(many, match(motifs, [builtin, matrices], q=0.5, top=20))
    assert many["motif"].drop_duplicates().tolist() == [m.id for m in motifs if m.id in set(many["motif"])]


@pytest.mark.parametrize("word", ["UGUAAAUA", "AUG"])
def test_the_other_strand_only_when_asked_for(builtin, matrices, word):
    back = "".join("UGCA"["ACGU".index(letter)] for letter in word[::-1])
    motifs = motif_set(back, alphabet="dna")
    names = {"pum", "start_codon", "M040"}
    assert not names & set(match(motifs, [builtin, matrices])["target"])
    table = match(motifs, [builtin, matrices], strands="both")
    row = table.iloc[0]
    assert row["target"] in names
    assert row["strand"] == "-"
    assert "U" not in row["query_consensus"] + row["target_consensus"]
    if row["method"] == "word":
        assert row["offset"] == 4
    assert row["p_value"] <= 2 / 64 + 1e-9


def test_a_receptive_field_conserved_throughout(builtin, matrices):
    rng = np.random.default_rng(4)
    word = "".join(rng.choice(list("ACGU"), 120))
    word = word[:100] + "UGUAAAUAUCA" + word[111:]
    table = match(MotifSet((Motif("m", 200 * word_ppm(word), 200),)), [matrices], q=0.2, top=3)
    hits = table[table["target"] == "M040"]
    assert hits["offset"].tolist() in ([100], [])
    assert table["end"].sub(table["start"]).max() <= 40 if len(table) else True


def test_a_small_database_is_warned_of(matrices):
    few = Database("few", matrices.entries[38:43])
    with pytest.warns(UserWarning, match="database few has 5 matrices"):
        table = match(motif_set("UGUAAAUA"), [few])
    assert table.iloc[0]["target"] == "M040"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"strands": "double"}, "strands: expected 'single' or 'both', got 'double'"),
        ({"q": 0}, "q: expected a number above 0"),
        ({"top": 0}, "top and min_overlap: expected at least 1"),
        ({"databases": []}, "databases: expected at least one"),
    ],
)
def test_wrong_arguments(builtin, arguments, message):
    with pytest.raises(ValueError, match=message):
        match(motif_set("AUG"), arguments.pop("databases", [builtin]), **arguments)


def test_real_databases_name_their_own_motifs_and_no_random_ones(builtin, data_dir):
    ray = load_database(data_dir / "motifs" / "ray2013" / "Ray2013_rbp_Homo_sapiens.meme")
    attract = load_database(data_dir / "motifs" / "attract" / "ATtRACT_2017_12.meme")
    rng = np.random.default_rng(6)
    own = []
    for entry in ray.entries[::4]:
        pfm = np.stack([rng.multinomial(100, column / column.sum()) for column in entry.ppm]).astype(float)
        own.append(Motif(entry.id, pfm, 100))
    table = match(MotifSet(tuple(own)), [ray])
    best = table.groupby("motif").first()
    assert len(best) == len(own)
    assert (best.index == best["target"]).mean() > 0.7  # proteins of one family share matrices
    for length in (3, 4, 8):
        table = match(random_set(60, length, seed=20 + length), [ray, attract])
        assert table["motif"].nunique() <= 1
