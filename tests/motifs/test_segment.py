from __future__ import annotations

import numpy as np
import pytest

from combmotif.motifs import Motif, segments

FLAT = [0.25] * 4


def planted(length: int, *runs: tuple[int, int], counts: int = 100) -> np.ndarray:
    pfm = np.full((length, 4), counts / 4)
    for start, end in runs:
        pfm[start:end] = [counts, 0, 0, 0]
    return Motif("m", pfm, counts).ppm


@pytest.mark.parametrize(
    ("length", "run"),
    [(18, (10, 18)), (9, (3, 9)), (72, (62, 72)), (72, (0, 6)), (72, (0, 72)), (3, (0, 3)), (30, (12, 15))],
)
def test_a_run_is_found_wherever_it_lies(length, run):
    assert segments(planted(length, run)) == [run]


@pytest.mark.parametrize("length", [1, 2, 5, 18, 288])
def test_uniform_has_no_segment(length):
    assert segments(np.full((length, 4), 0.25)) == []


def test_every_run_of_every_position_is_found():
    for start in range(0, 20):
        for end in range(start + 3, 21):
            assert segments(planted(20, (start, end))) == [(start, end)]


def test_short_gap_stays_inside_and_long_gap_separates():
    assert segments(planted(20, (2, 6), (8, 12))) == [(2, 12)]
    assert segments(planted(20, (2, 6), (9, 13))) == [(2, 6), (9, 13)]


def test_single_informative_columns_are_not_motifs():
    assert segments(planted(20, (5, 6), (15, 17))) == []
    assert segments(planted(20, (5, 6)), min_length=1) == [(5, 6)]


def test_weak_column_beside_strong_ones_stays():
    ppm = planted(12, (4, 8))
    ppm[8] = [0.6, 0.2, 0.1, 0.1]  # 0.43 bits
    assert segments(ppm) == [(4, 9)]
    ppm = planted(12, (4, 8))
    ppm[10] = [0.6, 0.2, 0.1, 0.1]  # alone in flat surroundings
    assert segments(ppm) == [(4, 8)]


def test_zero_column_counts_as_uniform_and_counts_are_accepted():
    pfm = np.zeros((10, 4))
    pfm[3:7, 1] = 50
    assert segments(pfm) == [(3, 7)]


def test_empty_matrix_has_no_segment():
    assert segments(np.zeros((0, 4))) == []


@pytest.mark.parametrize("wrong", [np.zeros((4, 9)), np.full((5, 4), np.nan), np.full((5, 4), -0.1), np.zeros(4)])
def test_a_wrong_matrix_is_refused(wrong):
    with pytest.raises(ValueError, match="ppm: expected"):
        segments(wrong)
