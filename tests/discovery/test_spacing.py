"""Distances at which a pair acts."""

from dataclasses import replace

import numpy as np
import pytest

from combmotif.discovery.choose import Candidate
from combmotif.discovery.drafts import Draft
from combmotif.discovery.spacing import measure_spacing
from combmotif.sampling.samples import Samples

WORDS = ["TGTACG", "CCAGAT"]


def deviation(word: str) -> np.ndarray:
    result = np.zeros((len(word), 4))
    for row, letter in zip(result, word, strict=True):
        if letter != "N":
            row[:] = -0.25
            row["ACGT".index(letter)] = 0.75
    return result


def candidate(*parts: str, step: int = 0) -> Candidate:
    pfms = tuple(100 * (deviation(part) + 0.25) for part in parts)
    steps = ({step: 5.0},) if len(parts) == 2 else ()
    gap = "N" * (step - len(parts[0]))
    return Candidate(Draft(pfms, {0: 3.0}, steps), deviation(gap.join(parts)), 3.0, 1.0, 50.0, 3.0)


def measured(probe, found: Candidate) -> Candidate:
    codes = np.random.default_rng(1).integers(0, 4, (50, probe.receptive_field)).astype(np.uint8)
    samples = Samples("conv2", 0, codes, probe.activations(codes)[:, 0], "evolve")
    return measure_spacing(probe, samples, found, np.random.default_rng(0))


@pytest.mark.parametrize("found", [candidate(*WORDS, step=9), candidate("TGTACGNNNNCCAGAT")])
def test_a_pair_has_the_distances_that_pools_allow(planted, found):
    probe = planted(WORDS, [{0: 1.0}, {5: 1.0}], width=6)  # pools of 2, the fifth after the first
    best = measured(probe, found)
    assert set(best.draft.steps[0]) == {9, 10, 11}
    assert max(best.draft.steps[0], key=best.draft.steps[0].get) == 10
    assert best.columns == pytest.approx(deviation("TGTACGNNNNCCAGAT"))


def test_what_is_no_pair_or_keeps_its_distance_stays(planted):
    fixed = planted(WORDS, [{0: 1.0}, {10: 1.0}], pool=1, width=11)
    rigid = candidate("TGTACGNNNNCCAGAT")
    assert measured(fixed, rigid) is rigid
    assert set(measured(fixed, candidate(*WORDS, step=9)).draft.steps[0]) == {10}
    single = candidate("TGTACG")
    assert measured(fixed, single) is single


def test_parts_seen_the_other_way_round_are_not_tried_so(planted):
    probe = planted(WORDS, [{0: 1.0}, {5: 1.0}], width=6)
    found = candidate(*WORDS, step=9)
    draft = replace(found.draft, steps=({9: 5.0, -7: 1.0},))
    assert set(measured(probe, replace(found, draft=draft)).draft.steps[0]) == {9, 10, 11}


def test_parts_that_do_not_need_each_other_keep_what_was_seen(planted):
    probe = planted(["TGTACG"], [{0: 1.0}], width=8)
    pair = candidate("TGTACG", "CCAGAT", step=8)
    assert measured(probe, pair).draft.steps == ({8: 5.0},)
