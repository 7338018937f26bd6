"""Matched controls and the exchange test."""

from __future__ import annotations

import numpy as np

from combmotif.effect.pairs.control import compare_with_controls, control_starts
from combmotif.effect.pattern import as_pattern
from combmotif.sequence.alphabet import encode


def test_control_segments_touch_no_motif_and_no_n_and_keep_the_distance():
    codes = encode("ACACAAUGACACNACACACACUAAACACACAC")
    patterns = [as_pattern("AUG"), as_pattern("UAA")]
    starts = control_starts(codes, 7, 3, 3, patterns, 100, np.random.default_rng(0))
    taken = {5, 6, 7, 12, 21, 22, 23}
    expected = [
        p for p in range(len(codes) - 9) if not taken & {*range(p, p + 3), *range(p + 7, p + 10)}
    ]  # fmt: skip
    assert sorted(starts) == expected
    upstream = control_starts(codes, -7, 3, 3, patterns, 100, np.random.default_rng(0))
    assert sorted(upstream) == [p + 7 for p in expected]
    assert len(control_starts(codes, 7, 3, 3, patterns, 2, np.random.default_rng(0))) == 2


def test_no_room_gives_no_control():
    assert len(control_starts(encode("AUGUAA"), 3, 3, 3, [as_pattern("AUG")], 5, np.random.default_rng(0))) == 0


def test_exchange_test_holds_its_level_and_finds_a_difference():
    rng = np.random.default_rng(0)
    null, shifted = [], []
    for _ in range(300):
        base = rng.exponential(1, 30)
        controls = list(base[:, None] + rng.normal(0, 1, (30, 3)))
        pair = base + rng.normal(0, 1, 30)
        null.append(compare_with_controls(pair, controls, n_min=6, generator=rng).p_value)
        shifted.append(compare_with_controls(pair + 1, controls, n_min=6, generator=rng).p_value)
    assert 0.02 < np.mean(np.array(null) <= 0.05) < 0.085
    assert np.mean(np.array(shifted) <= 0.05) > 0.9


def test_sequences_without_controls_are_left_out_and_too_few_give_no_p():
    controls = [np.zeros(0)] * 5 + [np.ones(2)] * 5
    result = compare_with_controls(np.ones(10), controls, n_min=6, generator=np.random.default_rng(0))
    assert np.isnan(result.p_value)
    assert result.segments == 10 == len(result.values)
    assert result.epistasis == 1
