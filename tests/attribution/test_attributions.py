import numpy as np
import pytest

from combmotif.attribution import Attributions
from combmotif.attribution.attributions import completeness_warning, join_attributions, own_scores


def made(*lengths, rows=None, starts=None, errors=None, target="output:0", tolerance=0.05):
    count, random = len(lengths), np.random.default_rng(sum(lengths))
    rows = list(range(count)) if rows is None else rows
    return Attributions(
        target,
        "integrated_gradients",
        tuple(f"s{row}" for row in rows),
        np.array(rows),
        np.array([0] * count if starts is None else starts),
        tuple(random.integers(0, 5, length).astype(np.uint8) for length in lengths),
        tuple(random.random((4, length)).astype(np.float32) for length in lengths),
        np.arange(count) + 1.0,
        np.zeros(count),
        np.zeros(count) if errors is None else np.array(errors),
        np.full(count, 16),
        tolerance,
    )


def test_contributions_are_the_scores_at_the_sequences_own_bases():
    result = made(7, 4)
    for own, scores, codes in zip(result.contributions, result.scores, result.codes, strict=True):
        expected = [scores[base, place] if base < 4 else 0 for place, base in enumerate(codes)]
        np.testing.assert_array_equal(own, np.array(expected, np.float32))
    assert own_scores(np.ones((4, 3), np.float32), np.array([4, 0, 4], np.uint8)).tolist() == [0, 1, 0]


def test_the_table_has_a_row_per_sequence_with_its_place():
    table = made(7, 4, starts=[3, 0], errors=[0.01, 0.2]).table()
    assert table["start"].tolist() == [3, 0]
    assert table["end"].tolist() == [10, 4]
    assert table["completeness_error"].tolist() == [0.01, 0.2]
    assert made().table().empty


def test_parts_are_joined_in_the_order_of_their_rows():
    whole = join_attributions([made(5, 5, rows=[1, 4]), made(9, rows=[2])])
    assert whole.rows.tolist() == [1, 2, 4]
    assert whole.names == ("s1", "s2", "s4")
    assert [len(codes) for codes in whole.codes] == [5, 9, 5]
    with pytest.raises(ValueError, match="one target and method"):
        join_attributions([made(5), made(5, target="output:1")])


def test_the_warning_has_the_number_above_the_tolerance_and_the_largest():
    assert not made(5, 5, errors=[0.05, 0.01]).warning
    warning = made(5, 5, 5, errors=[0.06, 0.01, 0.31]).warning
    assert "2 of 3 sequences" in warning
    assert "31.00%" in warning
    assert not completeness_warning("output:0", np.array([3.0]), None, np.array([0]))
