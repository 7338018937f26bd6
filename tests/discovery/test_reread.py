"""Letters read again, the others drawn from the matrix."""

import numpy as np
import pytest

from combmotif.discovery.choose import Candidate
from combmotif.discovery.drafts import Draft
from combmotif.discovery.reread import reread
from combmotif.motifs.motif import Motif
from combmotif.sampling.samples import Samples


def deviation(word: str, sure: float = 0.94) -> np.ndarray:
    result = np.zeros((len(word), 4))
    for row, letter in zip(result, word, strict=True):
        if letter != "N":
            row[:] = (1 - sure) / 3 - 0.25
            row["ACGT".index(letter)] = sure - 0.25
    return result


def candidate(*parts: str, steps: dict[int, float] | None = None, sure: float = 0.94) -> Candidate:
    pfms = tuple(100 * (deviation(part, sure) + 0.25) for part in parts)
    word = parts[0] if steps is None else parts[0].ljust(max(steps, key=steps.get), "N") + parts[1]
    found = () if steps is None else (steps,)
    return Candidate(Draft(pfms, {0: 3.0, 1: 1.0}, found), deviation(word, sure), 3.0, 1.0, 50.0, 1.0, spread=40.0)


def read(probe, found: Candidate, seed: int = 0) -> Candidate:
    codes = np.random.default_rng(1).integers(0, 4, (50, probe.receptive_field)).astype(np.uint8)
    samples = Samples("conv2", 0, codes, probe.activations(codes)[:, 0], "evolve")
    return reread(probe, samples, found, np.random.default_rng(seed))


def consensus(found: Candidate) -> str:
    return "".join("ACGT"[row.argmax()] if row.max() > 0.2 else "N" for row in found.columns)


@pytest.mark.parametrize("word", ["TGTACGAC", "GTACGAC", "TGTACGNC"])
def test_faint_and_missing_letters_are_mended(planted, word):
    probe = planted(["TGTACGAC"], [{0: 1.0, 1: 1.0}], width=2)
    before = candidate(word, sure=0.75)
    after = read(probe, before)
    assert consensus(after) == "TGTACGAC"
    assert after.columns.max(1).min() > 0.6
    assert set(after.draft.starts) == ({-1, 0} if word == "GTACGAC" else {0, 1})
    assert (after.mass, after.spread) == (before.mass, before.spread)


def test_a_column_that_takes_two_bases_has_both(planted):
    probe = planted(["TGTACGAC", "TGTAGGAC"], [{0: 1.0}, {0: 1.0}])
    after = read(probe, candidate("TGTANGAC", sure=0.75))
    assert Motif("m", after.draft.parts[0], 100).consensus("dna") == "TGTASGAC"


def test_a_pair_keeps_its_parts_and_distances(planted):
    probe = planted(["TGTACG", "CCAGAT"], [{0: 1.0}, {5: 1.0}], width=6)
    before = candidate("TGTACN", "CCAGAT", steps={10: 5.0, 11: 2.0}, sure=0.75)
    after = read(probe, before)
    assert consensus(after) == "TGTACGNNNNCCAGAT"
    assert [len(part) for part in after.draft.parts] == [6, 6]
    assert after.draft.steps == ({10: 5.0, 11: 2.0},)


def test_what_would_lose_a_part_or_excites_no_more_stays(planted):
    probe = planted(["CCAGAT"], [{5: 1.0}], width=6)
    for word in ("TGTACGNNNNCCAGAT", "TGTACG"):
        before = candidate(word, sure=0.75)
        assert read(probe, before) is before


def test_the_same_seed_reads_the_same(planted):
    probe = planted(["TGTACGAC"], [{0: 1.0, 1: 1.0}], width=2)
    first, second = (read(probe, candidate("TGTACGNC", sure=0.75), seed=4) for _ in range(2))
    assert first.columns == pytest.approx(second.columns, abs=0)


def test_a_motif_that_lacks_nothing_stays(planted):
    before = candidate("TGTACGAC", sure=0.99)
    assert read(planted(["TGTACGAC"], [{0: 1.0, 1: 1.0}], width=2), before) is before
