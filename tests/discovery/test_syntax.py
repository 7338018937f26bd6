import numpy as np
import pytest

from combmotif.core.tables import SYNTAX
from combmotif.discovery import syntax_table
from combmotif.motifs import Motif
from combmotif.sampling import Samples

LETTERS = "ACGT"


def windows(words, gaps, *, length=24, count=300, seed=0):
    """Random windows with the words in order, the first at 0 to 2, each next one a drawn gap further on."""
    random = np.random.default_rng(seed)
    codes = random.integers(0, 4, (count, length)).astype(np.uint8)
    drawn = []
    for row in codes:
        start = int(random.integers(3))
        for number, text in enumerate(words):
            row[start : start + len(text)] = [LETTERS.index(letter) for letter in text]
            if number + 1 < len(words):
                drawn.append(int(random.choice(gaps)))
                start += len(text) + drawn[-1]
    values = np.linspace(2, 1, count).astype(np.float32)
    return Samples("conv3", 7, codes, values, "evolve"), np.array(drawn)


def motif(text):
    pfm = np.array([np.full(4, 25.0) if x == "n" else 97.0 * np.eye(4)[LETTERS.index(x)] + 1 for x in text])
    return Motif("conv3:7.m1", pfm, 100, layer="conv3", neuron=7)


def test_a_fixed_spacing():
    samples, _ = windows(["TGTAAA", "CCGGAC"], [5])
    table = syntax_table([(motif("TGTAAAnnnnnCCGGAC"), np.arange(300))], samples)
    (row,) = table.to_dict("records")
    assert list(table) == SYNTAX.names
    assert (row["part_a"], row["part_b"], row["kind"]) == ("UGUAAA", "CCGGAC", "fixed")
    assert (row["spacing_min"], row["spacing_max"], row["spacing_mode"]) == (5, 5, 5)
    assert (row["start_a"], row["start_b"], row["layer"], row["neuron"]) == (0, 11, "conv3", "conv3:7")
    assert row["sequences"] >= 295


def test_a_range_of_spacings_is_counted():
    samples, gaps = windows(["TGTAAA", "CCGGAC"], [3, 4, 4, 6])
    table = syntax_table([(motif("TGTAAAnnnnCCGGAC"), np.arange(300))], samples, alphabet="dna")
    (row,) = table.to_dict("records")
    assert (row["part_a"], row["kind"], row["spacing_mode"]) == ("TGTAAA", "range", 4)
    assert (row["spacing_min"], row["spacing_max"]) == (3, 6)
    counted = {int(k): int(v) for k, v in (pair.split(":") for pair in row["distribution"].split(";"))}
    for gap in (3, 4, 6):
        assert counted[gap] == pytest.approx((gaps == gap).sum(), abs=5)


def test_only_the_rows_of_the_motif_count():
    near, _ = windows(["TGTAAA", "CCGGAC"], [3], seed=1)
    far, _ = windows(["TGTAAA", "CCGGAC"], [7], seed=2)
    samples = Samples("conv3", 7, np.concatenate([near.codes, far.codes]), np.ones(600, np.float32), "evolve")
    table = syntax_table([(motif("TGTAAAnnnnnnnCCGGAC"), np.arange(300, 600))], samples)
    assert table["spacing_mode"].tolist() == [7]
    assert table["kind"].tolist() == ["fixed"]


def test_three_parts_are_two_pairs():
    samples, _ = windows(["TGTAA", "CCGGC", "AGATC"], [3])
    table = syntax_table([(motif("TGTAAnnnCCGGCnnnAGATC"), np.arange(300))], samples)
    assert table["part_a"].tolist() == ["UGUAA", "CCGGC"]
    assert table["part_b"].tolist() == ["CCGGC", "AGAUC"]
    assert table["spacing_mode"].tolist() == [3, 3]


def test_one_part_has_no_syntax():
    samples, _ = windows(["TGTAAA"], [0])
    assert not len(syntax_table([(motif("TGTAAA"), np.arange(300))], samples))


def test_parts_that_no_sequence_carries_keep_the_gap_of_the_matrix():
    samples = Samples("conv3", 7, np.zeros((50, 20), np.uint8), np.ones(50, np.float32), "evolve")
    table = syntax_table([(motif("TGTAAAnnnnCCGGAC"), np.arange(50))], samples)
    (row,) = table.to_dict("records")
    assert (row["sequences"], row["spacing_mode"], row["distribution"]) == (0, 4, "")
