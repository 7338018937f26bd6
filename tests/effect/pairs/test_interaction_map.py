"""Families of motifs, and the map that sums up their pairs."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pandas as pd

from combmotif.core.tables import FAMILY_MAP
from combmotif.effect.pairs.interaction_map import interaction_map, name_families
from combmotif.effect.pairs.pair import Pair
from combmotif.effect.pattern import as_pattern
from combmotif.motifs.motif import Motif
from combmotif.report import wording
from combmotif.report.drawing.map_drawing import draw_interaction_map

WORDS = {side: as_pattern(side) for side in ("AUG", "UAA", "GG")}


def matrix(name: str, word: str, sharp: float = 100.0):
    return as_pattern(Motif(name, np.eye(4)[["ACGU".index(x) for x in word]] * sharp + 1, 100))


def row(kind: str, e: float, joint: float = 1.0, q: float = 0.01, sequences: int = 10) -> dict:
    return {"class": kind, "epistasis": e, "joint": joint, "q_value": q, "sequences": sequences}


def test_matrices_that_are_alike_are_one_family_and_words_are_their_own():
    pairs = [
        Pair(matrix("weak", "UGUAAAUA", 30), WORDS["AUG"]),
        Pair(matrix("sharp", "UGUAAAUA"), matrix("other", "GGACGGAC")),
    ]
    first, second = name_families(pairs)
    assert (first.family_a, first.family_b) == ("UGUAAAUA", "AUG")
    assert (second.family_a, second.family_b) == ("UGUAAAUA", "GGACGGAC")


def test_names_that_pairs_have_already_stay():
    pair = Pair(matrix("m1[0:3]", "AUG"), matrix("m2", "AUGGGGUAA"), family_a="AUG", family_b="AUGGGGUAA")
    found = name_families([pair, Pair(matrix("m3", "AUGG"), WORDS["AUG"])])
    assert [(one.family_a, one.family_b) for one in found] == [("AUG", "AUGGGGUAA"), ("AUGG", "AUG")]


def test_cells_sum_up_their_pairs_whichever_motif_comes_first():
    a, b, g = WORDS["AUG"], WORDS["UAA"], WORDS["GG"]
    pairs = [Pair(a, b), Pair(b, a, frame=0), Pair(a, a), Pair(a, g), Pair(g, a, frame=1), Pair(g, g)]
    table = pd.DataFrame([
        row("super-additive", 0.2, sequences=10), row("super-additive", 0.5, 4.0, 0.002, sequences=30),
        row("additive", 0.0), row("undetermined", 0.1), row("opposing", 0.3),
        row("too few sequences", np.nan, np.nan, np.nan, 3),
    ])  # fmt: skip
    found = interaction_map(table, pairs)
    assert list(found.columns) == FAMILY_MAP.names
    assert list(zip(found.family_a, found.family_b, found["class"], strict=True)) == [
        ("AUG", "UAA", "super-additive"), ("AUG", "AUG", "additive"), ("AUG", "GG", "opposing"),
        ("GG", "GG", "too few sequences"),
    ]  # fmt: skip
    first = found.iloc[0]
    assert (first.pairs, first.sequences, first.q) == (2, 40, 0.002)
    assert np.isclose(first.e, (0.2 * 10 + 0.5 * 30) / 40)
    assert np.isclose(first.joint, (1 * 10 + 4 * 30) / 40)


def test_classes_that_differ_are_mixed():
    a, b = WORDS["AUG"], WORDS["UAA"]
    table = pd.DataFrame([row("super-additive", 0.2), row("sub-additive", -0.2)])
    assert interaction_map(table, [Pair(a, b), Pair(a, b, frame=0)])["class"].tolist() == ["mixed"]


def test_drawing_is_valid_names_every_cell_and_needs_nothing_else():
    pairs = [Pair(WORDS["AUG"], WORDS["UAA"]), Pair(WORDS["GG"], WORDS["GG"])]
    table = interaction_map(
        pd.DataFrame([row("super-additive", -0.25), row("negative_antagonistic", 0.1, q=0.3)]), pairs
    )
    text = draw_interaction_map(table, unit="a < b")
    root = ElementTree.fromstring(text)
    titles = [element.text for element in root.iter("{http://www.w3.org/2000/svg}title")]
    assert titles[0] == "Interactions between 3 motif families"
    assert sum("AUG and UAA: super-additive" in t for t in titles) == 2  # both halves of the matrix
    assert sum("GG and GG: negative_antagonistic" in t for t in titles) == 1
    assert root.get("role") == "img"
    assert "−0.25*" in text
    assert text.count("http") == 1  # the name space
    assert ElementTree.fromstring(draw_interaction_map(table.iloc[:0])) is not None


def test_colours_and_symbols_tell_the_classes_apart():
    told = [*wording.INTERACTION_CLASSES, "mixed"]
    assert len({wording.MAP_CLASSES[kind][0] for kind in told}) == len(told)
    table = interaction_map(pd.DataFrame([row(kind, 0.2) for kind in told[:3]]), [
        Pair(WORDS["AUG"], WORDS["UAA"]), Pair(WORDS["GG"], WORDS["UAA"]), Pair(WORDS["GG"], WORDS["GG"]),
    ])  # fmt: skip
    fills = re.findall(r'width="46" height="46" fill="(#[0-9a-f]{6})"', draw_interaction_map(table))
    assert len(set(fills)) == 3


def test_a_pair_that_the_sequences_tell_nothing_of_counts_by_insertion():
    pairs = [Pair(WORDS["AUG"], WORDS["UAA"]), Pair(WORDS["GG"], WORDS["UAA"]), Pair(WORDS["GG"], WORDS["GG"])]
    by = {"inserted_backgrounds": 500, "inserted_epistasis": 0.8, "inserted_joint": 2.0, "inserted_q_value": 0.001}
    table = pd.DataFrame([
        row("too few sequences", np.nan, np.nan, np.nan, 3) | by | {"inserted_class": "super-additive"},
        row("additive", 0.1) | by | {"inserted_class": "super-additive"},
        row("no effect detected", 0.3) | by | {"inserted_class": "too few sequences"},
    ])  # fmt: skip
    found = interaction_map(table, pairs)
    assert found["class"].tolist() == ["super-additive", "additive", "no effect detected"]
    assert found.e.tolist() == [0.8, 0.1, 0.3]
    assert found.sequences.tolist() == [500, 10, 10]
