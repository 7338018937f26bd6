"""Whole matrices: MEME's printed results, and p-values by a plain, slow implementation of Tomtom."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from combmotif.motifs import Database, Motif, MotifSet, match, match_whole, pseudocounted
from combmotif.motifs.formats.meme import read_meme
from combmotif.motifs.matching.database import DatabaseEntry
from combmotif.motifs.matching.whole import null_share


def motif_of(record) -> Motif:
    return Motif(record.id, record.ppm * record.nsites, record.nsites)


def test_agrees_with_what_meme_printed(data_dir):
    folder = data_dir / "tomtom_reference"
    queries = read_meme(folder / "queries.meme")
    known = read_meme(folder / "targets_jaspar2020_vertebrates.meme.gz")
    printed = pd.read_csv(folder / "tomtom.tsv", sep="\t").set_index(["Query_ID", "Target_ID"])
    asked = [record for record in queries if record.id in printed.index.get_level_values(0)][::3]
    database = Database("jaspar", tuple(DatabaseEntry(r.id, r.name, r.ppm, sites=r.nsites) for r in known), "dna")
    found = match_whole(MotifSet(tuple(map(motif_of, asked)), "", "dna"), [database], strands="both", q=0.5)
    found = found.set_index(["motif", "target"])
    expected = printed.loc[[record.id for record in asked]]
    both = found.loc[expected.index]
    assert len(expected) > 150
    np.testing.assert_allclose(both["p_value"], expected["p-value"], rtol=2e-4)
    np.testing.assert_allclose(both["e_value"], expected["E-value"], rtol=2e-4)
    np.testing.assert_allclose(both["q_value"], expected["q-value"], rtol=5e-3)  # MEME draws bootstrap samples
    np.testing.assert_array_equal(both["overlap"], expected["Overlap"])
    np.testing.assert_array_equal(both["strand"], expected["Orientation"])
    assert (-both["offset"] != expected["Optimal_offset"]).sum() <= 1  # one of two equal offsets
    assert (both["start"] == 0).all()
    for motif, rows in expected.groupby(level=0):
        assert found.loc[motif].index[: len(rows)].tolist()[0] == rows.index[0][1], "best first"


def plain_tomtom(query: np.ndarray, targets: list[np.ndarray]) -> list[tuple[int, int, float, float]]:
    """Best offset, overlap and bounds of the p-value of one query with each target (Gupta et al. 2007).

    Every sum that columns drawn from all targets can give is counted; the bounds are those of scores in whole steps.
    """
    columns = np.concatenate(targets)
    scores = -np.sqrt(((query[:, None] - columns[None]) ** 2).sum(2))
    scores -= np.median(scores, axis=1, keepdims=True)  # a column that is not compared counts as the median: 0
    null = {}
    for first in range(len(query)):
        sums = np.zeros(1)
        for last in range(first, len(query)):
            sums = (sums[:, None] + scores[last]).ravel()
            null[first, last + 1] = sums
    found, begin = [], 0
    for target in targets:
        tried = []
        for offset in range(1 - len(target), len(query)):
            shared = range(max(0, offset), min(len(query), offset + len(target)))
            total = sum(scores[i, begin + i - offset] for i in shared)
            tried.append((total, len(shared), offset, null[shared[0], shared[-1] + 1]))
        total, overlap, offset, _ = max(tried, key=lambda one: one[:3])
        step = len(query) * np.ptp(scores) / 100  # each column's score is rounded to a hundredth
        bounds = [1 - np.prod([(sums < total + side).mean() for *_, sums in tried]) for side in (step, -step)]
        found.append((offset, overlap, *bounds))
        begin += len(target)
    return found


@pytest.mark.parametrize(("strands", "pseudocount"), [("single", 0.0), ("single", 2.0), ("both", 0.1)])
def test_a_narrow_query_is_compared_as_by_a_plain_implementation(strands, pseudocount):
    rng = np.random.default_rng(3)
    entries = tuple(
        DatabaseEntry(f"t{i}", f"t{i}", rng.dirichlet([0.4] * 4, int(rng.integers(5, 8))), sites=30) for i in range(12)
    )
    query = 0.9 * entries[7].ppm[1:4] + 0.025
    motifs = MotifSet((Motif("m", query * 20, 20),))
    found = match_whole(motifs, [Database("d", entries)], q=1.0, pseudocount=pseudocount, strands=strands)
    found = found.set_index("target")
    targets = [pseudocounted(entry.ppm, 30, pseudocount=pseudocount) for entry in entries]
    count, both = len(targets), strands == "both"
    plain = plain_tomtom(
        pseudocounted(query, 20, pseudocount=pseudocount),
        [*targets, *(target[::-1, ::-1] for target in targets)] if both else targets,
    )
    assert found.index[0] == "t7"
    assert found.loc["t7", ["offset", "overlap", "strand"]].tolist() == [-1, 3, "+"]
    same = 0
    for place, entry in enumerate(entries):
        offset, overlap, low, high = min(plain[place::count], key=lambda one: one[3])
        row = found.loc[entry.id]
        p = 1 - np.sqrt(1 - row["p_value"]) if both else row["p_value"]  # of the better strand
        same += (row["offset"], row["overlap"]) == (offset, overlap)
        assert low * 0.99 <= p <= high * 1.01
        assert row["e_value"] == pytest.approx(row["p_value"] * count)
    assert same >= 11, "equal scores within a step may go either way"


def test_pseudocounts_change_what_zeros_say():
    rng = np.random.default_rng(0)
    ppms = [rng.dirichlet([0.2] * 4, 6) for _ in range(60)]
    entries = tuple(DatabaseEntry(f"t{i}", f"t{i}", ppm, sites=(5, 500)[i % 2]) for i, ppm in enumerate(ppms))
    motifs = MotifSet((Motif("m", 5 * (0.9 * entries[4].ppm + 0.025), 5),))
    by_count = [
        match_whole(motifs, [Database("d", entries)], pseudocount=count, q=1.0).set_index("target")["p_value"]
        for count in (0, 0.1, 20)
    ]
    assert all(p.idxmin() == "t4" for p in by_count)
    assert not np.allclose(by_count[0], by_count[2][by_count[0].index])
    with pytest.raises(ValueError, match="pseudocount: expected 0 to 1,000,000 counts, got -1"):
        match_whole(motifs, [Database("d", entries)], pseudocount=-1)
    for count in (float("nan"), float("inf"), 1e300):  # flat columns, or none
        with pytest.raises(ValueError, match="pseudocount: expected 0 to 1,000,000 counts"):
            match_whole(motifs, [Database("d", entries)], pseudocount=count)


def test_a_wide_motif_with_a_flat_middle_is_compared_whole():
    rng = np.random.default_rng(6)
    entries = tuple(DatabaseEntry(f"t{i}", f"t{i}", rng.dirichlet([0.3] * 4, 7)) for i in range(60))
    weak = 0.35 * rng.dirichlet([0.3] * 4, 24) + 0.65 * 0.25
    entries += (DatabaseEntry("wide", "wide", weak),)
    motifs = MotifSet((Motif("m", 200 * weak, 200),))
    assert match(motifs, [Database("d", entries)]).empty
    row = match_whole(motifs, [Database("d", entries)]).iloc[0]
    assert (row["target"], row["offset"], row["overlap"], row["end"]) == ("wide", 0, 24, 24)
    assert row["p_value"] * len(entries) == pytest.approx(row["e_value"])


def test_the_share_of_true_nulls():
    rng = np.random.default_rng(1)
    assert null_share(np.linspace(0.001, 1, 1000)) == pytest.approx(1, abs=0.02)
    mixed = np.concatenate([rng.uniform(0, 1e-3, 500), rng.uniform(0, 1, 500)])
    assert null_share(mixed) == pytest.approx(0.5, abs=0.05)
    assert null_share(np.full(5, 1e-9)) == 1, "where nothing is above, no share can be told"
