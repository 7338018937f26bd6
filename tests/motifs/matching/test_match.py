from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from combmotif.core.tables import MATCHES
from combmotif.motifs import Database, Motif, MotifSet, load_database, match, word_ppm
from combmotif.motifs.matching.control import match_control
from combmotif.motifs.matching.database import DatabaseEntry, of_kinds


def motif_set(*words: str, sites: int = 200, alphabet: str = "rna", seed: int = 0) -> MotifSet:
    """Sites drawn from softened words with four flat columns on each side; A:U etc. become m0, m1, ..."""
    rng = np.random.default_rng(seed)
    motifs = []
    for number, word in enumerate(words):
        ppm = word_ppm("NNNN" + word + "NNNN")
        pfm = np.stack([rng.multinomial(sites, column / column.sum()) for column in ppm]).astype(float)
        motifs.append(Motif(f"conv1:{number}.m1", pfm, sites, "conv1", number))
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
def test_planted_elements_come_first(builtin, query, target):
    row = match(motif_set(query), [builtin]).iloc[0]
    assert (row["target"], row["method"], row["offset"]) == (target, "word", 4)
    assert row["relation"] == ("is" if row["q_value"] <= 0.05 else "contains")
    assert (row["start"], row["end"]) == (4, 4 + len(query))


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ("YUNHY", "branch_point_short"), ("WKUUUWUUWY", "u2af2"), ("YRNYWNKRWURA", "stop_UAA"), ("NUG", "start_codon"),
        ("RUG", "start_codon"), ("UAR", "stop_UAA"), ("GGAH", "ggac"),
    ],
)  # fmt: skip
def test_a_column_that_shows_another_base_spells_no_word(builtin, query, wrong):
    table = match(motif_set(query), [builtin])
    assert wrong not in set(table["target"])
    spelled = match(motif_set(*(entry.word for entry in builtin.entries if entry.id == wrong)), [builtin])
    assert wrong in set(spelled["target"])


@pytest.mark.parametrize(
    ("query", "place"), [("CCAUGCC", 6), ("GCCACCAUGG", 10), ("AUGNNNNNNGCACUUU", 4), ("UGCAUG", 7)]
)
def test_a_word_is_contained_wherever_it_stands(builtin, query, place):
    rows = match(motif_set(query), [builtin]).query("target == 'start_codon'")
    assert rows["relation"].tolist() == ["contains"]
    assert rows[["start", "end", "offset"]].to_numpy().tolist() == [[place, place + 3, place]]
    assert rows["query_consensus"].tolist() == ["AUG"]


def test_a_word_that_stands_twice_is_given_twice_and_of_one_family_the_rarer(builtin):
    table = match(motif_set("AUGAUG", "CACACACACA"), [builtin])
    rows = table.query("target == 'start_codon'")
    assert sorted(rows["start"]) == [4, 7]
    repeats = table[table["family"] == "HNRNPL"]
    assert repeats[["target", "start"]].to_numpy().tolist() == [["hnrnpl", 4], ["hnrnpl_CACA", 10]]


def test_a_signal_of_the_very_5_end_is_not_read_from_a_motif(builtin):
    assert "top" not in set(match(motif_set("CCCCC", "CUUUCU"), [builtin])["target"])


def test_a_short_word_is_contained_even_where_its_q_is_small():
    few = Database("few", (DatabaseEntry("start", "AUG", word_ppm("AUG"), word="AUG", family="start codon"),))
    row = match(motif_set("AUG"), [few]).iloc[0]
    assert row["q_value"] <= 0.05
    assert row["relation"] == "contains"


def test_nothing_is_contained_in_a_motif_that_is_not_reproduced(builtin):
    motif = motif_set("AUG").motifs[0]
    for reproducibility, rows in ((float("nan"), 1), (0.8, 1), (0.3, 0)):
        one = replace(motif, reproducibility=reproducibility)
        assert len(match(MotifSet((one,)), [builtin])) == rows


@pytest.mark.parametrize(
    ("query", "partner", "distance", "frame"),
    [
        ("AUGNNNNNNUAR", "UAR", 6, 0), ("AUGNNNNNNURA", "URA", 6, 0), ("AUGCUAA", "UAA", 1, 1),
        ("AUGCCUGA", "UGA", 2, 2), ("AUGCUAACCUAG", "UAG", 6, 0), ("AUGUAA", "UAA", 0, 0),
        ("AUGNNNURR", "", None, None), ("UAACAUG", "", None, None), ("AUGA", "", None, None),
    ],
)  # fmt: skip
def test_the_stop_codon_of_a_start_codon(builtin, query, partner, distance, frame):
    table = match(motif_set(query, sites=2000), [builtin])
    row = table.query("target == 'start_codon'").iloc[0]
    assert row["partner"] == partner
    assert [row["distance"], row["frame"]] == [distance, frame] if partner else np.isnan(row["distance"])
    stops = table[table["family"] == "stop codon"]
    if partner in set(stops["query_consensus"]):
        stop = stops[stops["query_consensus"] == partner].iloc[0]
        assert [stop["partner"], stop["distance"], stop["frame"]] == ["AUG", distance, frame]


@pytest.mark.parametrize(
    ("kind", "spacings", "distance", "frame"),
    [
        ("fixed", "6:120", 6, 0), ("fixed", "7:120", 7, 1), ("range", "3:40;6:90;9:30", 6, 0),
        ("range", "5:40;6:90", 6, None), ("fixed", "5:5;6:120", 6, 0),
    ],
)  # fmt: skip
def test_the_frame_of_parts_whose_distance_varies(builtin, kind, spacings, distance, frame):
    motifs = motif_set("AUGNNNNNNUAA")
    syntax = pd.DataFrame(
        [{"motif": motifs[0].id, "part_a": "AUG", "start_a": "4", "start_b": "13", "kind": kind,
          "spacing_mode": str(distance), "distribution": spacings}]
    )  # fmt: skip
    row = match(motifs, [builtin], syntax=syntax).query("target == 'start_codon'").iloc[0]
    assert (row["partner"], row["distance"]) == ("UAA", distance)
    assert np.isnan(row["frame"]) if frame is None else row["frame"] == frame


def test_codons_of_the_other_strand_have_no_frame(builtin):
    table = match(motif_set("CATNNNNNNTTA", alphabet="dna"), [builtin], strands="both")
    rows = table.query("target == 'start_codon'")
    assert rows[["strand", "partner", "start"]].to_numpy().tolist() == [["-", "", 4]]


def test_the_start_codon_has_an_honest_p_value(builtin):
    row = match(motif_set("AUG"), [builtin]).iloc[0]
    assert row["p_value"] == pytest.approx(1 / 64)
    assert row["e_value"] == pytest.approx(len(builtin) / 64)
    assert row["q_value"] > 0.05
    assert row["relation"] == "contains"
    assert (row["start"], row["end"], row["query_consensus"], row["target_consensus"]) == (4, 7, "AUG", "AUG")


def test_columns(builtin):
    table = match(motif_set("AUG", "UGUAAAUA"), [builtin])
    assert [*table.columns, "chance"] == MATCHES.names
    contract = (
        "motif target name kind family database offset overlap strand p_value e_value q_value "
        "query_consensus target_consensus citation"
    )
    assert tuple(table.columns[:15]) == tuple(contract.split())


def test_a_matrix_is_found_at_its_offset(matrices):
    table = match(motif_set("UGUAAAUA", "GGGGGGGG"), [matrices])
    row = table.iloc[0]
    assert (row["motif"], row["target"], row["name"], row["database"]) == ("conv1:0.m1", "M040", "PUM1", "matrices")
    assert (row["offset"], row["overlap"], row["strand"], row["method"]) == (4, 7, "+", "tomtom")
    assert row["q_value"] <= 0.05
    assert (row["kind"], row["family"], row["citation"]) == ("rbp", "PUM", "a paper")
    assert row["target_consensus"] == "UGUANAU"  # H of three equal bases has under 0.3 bits


@pytest.mark.slow
@pytest.mark.parametrize("length", [3, 4, 6, 8, 12])
def test_random_motifs_are_not_matched(builtin, matrices, length):
    table = match(random_set(60, length, seed=length), [builtin, matrices])
    assert table[table["relation"] == "is"]["motif"].nunique() <= 2
    motifs = random_set(60, length, seed=length)
    control = match_control(motifs, [builtin], table, np.random.default_rng(0), copies=1).table
    by_chance = control[(control["database"] == "builtin") & (control["relation"] == "contains")].iloc[0]
    assert abs(by_chance["matched"] - by_chance["matched_shuffled"]) <= 3 * np.sqrt(60) / 2  # as often as chance


def test_flat_and_weak_motifs_are_not_matched(builtin, matrices):
    rng = np.random.default_rng(0)
    for concentration, length in ((1000, 20), (30, 20), (2, 20), (1, 20)):
        motifs = [Motif(f"m{i}", 200 * rng.dirichlet([concentration] * 4, size=length), 200) for i in range(20)]
        table = match(MotifSet(tuple(motifs)), [builtin, matrices])
        assert table.empty
    nothing = match(MotifSet((Motif("m", np.full((20, 4), 50.0), 200),)), [builtin])
    assert [*nothing.columns, "chance"] == MATCHES.names


def test_two_elements_in_one_receptive_field_are_both_named(builtin):
    table = match(motif_set("AUG" + "N" * 12 + "UGUAAAUA"), [builtin])
    assert table[["target", "relation", "offset"]].to_numpy().tolist() == [
        ["start_codon", "contains", 4], ["pum", "is", 19], ["stop_UAA", "contains", 21],
    ]  # fmt: skip


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
    assert one[one["relation"] == "is"].groupby("motif").size().max() == 1
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
        ({"top": 0}, "top: expected at least 1"),
        ({"databases": []}, "databases: expected at least one"),
    ],
)
def test_wrong_arguments(builtin, arguments, message):
    with pytest.raises(ValueError, match=message):
        match(motif_set("AUG"), arguments.pop("databases", [builtin]), **arguments)


@pytest.mark.slow
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


def test_only_elements_of_some_kinds(builtin):
    """A neuron of a 5'UTR assay is never called a branch point, a poly(A) signal or a microRNA site."""
    motifs = motif_set("YUNAY", "AAUAAA", "GCACUUU", "UGUAAAUA", "AUG")
    kept = of_kinds([builtin], ["translation", "rbp"])
    assert {entry.kind for entry in kept[0].entries} == {"translation", "rbp"}
    found, every = match(motifs, kept), match(motifs, [builtin])
    assert {"branch_point_short", "pas_AAUAAA", "miR-17"} <= set(every["target"])
    assert set(found["kind"]) == {"translation", "rbp"}
    unknown = Database("own", (DatabaseEntry("x", "x", word_ppm("GGAC"), word="GGAC"),))
    assert len(of_kinds([unknown], ["rbp"])[0]) == 1, "what a database says nothing of may be of any kind"


def test_unknown_kinds_are_refused_with_the_known_ones(builtin):
    known = "decay, mirna, modification, processing, rbp, splicing, structure, tf, translation"
    with pytest.raises(ValueError, match=rf"match.kinds: expected kinds of element among {known}, found branch_point"):
        of_kinds([builtin], ["rbp", "branch_point"], name="match.kinds")
    own = Database("own", (DatabaseEntry("x", "x", word_ppm("GGAC"), "riboswitch", word="GGAC"),))
    assert len(of_kinds([own], ["riboswitch"])[0]) == 1


@pytest.mark.slow
def test_the_control_counts_what_is_named_and_what_is_contained(builtin, matrices):
    motifs = motif_set("UGUAAAUA", "GCACUUU", "AUG", "CCCGCGCCC", "AUGCUAAGUGA")
    table = match(motifs, [builtin, matrices])
    found = match_control(motifs, [builtin, matrices], table, np.random.default_rng(0), copies=4)
    again = match_control(motifs, [builtin, matrices], table, np.random.default_rng(0), copies=4)
    pd.testing.assert_frame_equal(found.table, again.table)
    sorts = found.table.set_index(["database", "method", "relation"])
    assert sorts.index.tolist() == [
        ("builtin", "word", "is"), ("builtin", "word", "contains"), ("matrices", "tomtom", "is"), ("all", "", "is"),
        ("all", "", "contains"),
    ]  # fmt: skip
    for relation in ("is", "contains"):
        named = table[table["relation"] == relation]["motif"].nunique()
        assert sorts.loc[("all", "", relation), "matched"] == named
    assert sorts.loc[("all", "", "is"), "matched_shuffled"] <= 0.5
    assert sorts.loc[("all", "", "contains"), "matched_shuffled"] > 0
    assert (sorts["queries"] == 5).all()
    assert len(found.chance) == len(table)
    assert np.isfinite(found.chance).all()
    assert found.chance[(table["relation"] == "is").to_numpy()].max() <= 0.1
