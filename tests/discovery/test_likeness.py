"""How alike matrices are."""

import numpy as np
import pytest

from combmotif.discovery.likeness import REPEAT, alike, composed, contained, inside


def columns(word: str) -> np.ndarray:
    """Deviation from uniform of a word; N is free."""
    result = np.zeros((len(word), 4))
    for row, letter in zip(result, word, strict=True):
        if letter != "N":
            row[:] = -0.25
            row["ACGT".index(letter)] = 0.75
    return result


def test_measures_of_likeness():
    assert alike(columns("TGTACG"), columns("NNTGTACG")) == (pytest.approx(1.0), -2)
    assert contained(columns("GTAC"), columns("TGTACG")) == pytest.approx(1.0)
    assert contained(columns("GTAC"), columns("CCCCCC")) < 0.5
    whole = columns("TGTACGCCAGAT")
    assert sorted(composed(whole, [columns("AAAAAA"), columns("CCAGAT"), columns("TGTACG")])) == [1, 2]
    assert composed(whole, [columns("TGTACG")]) == []
    assert composed(whole, []) == []
    assert inside(columns("CCAG"), whole) == (pytest.approx(1.0), 6)


def test_a_motif_may_be_made_of_one_that_overlaps_itself():
    assert composed(columns("GATTGATTGA"), [columns("GATTGA")], REPEAT) == [0, 0]
    assert composed(columns("GATTGATTGA"), [columns("CCAGCA")], REPEAT) == []
