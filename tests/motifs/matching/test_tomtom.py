from __future__ import annotations

from itertools import permutations, product

import memelite
import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import false_discovery_control

from combmotif.motifs import guarded_tomtom, pseudocounted, tomtom, word_ppm
from combmotif.motifs.formats.meme import read_meme
from combmotif.motifs.matching.chance import letter_p_values
from combmotif.motifs.motif import information


@pytest.fixture(scope="module")
def targets() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.dirichlet([0.3] * 4, size=rng.integers(5, 10)) for _ in range(150)]


def test_threads_that_numba_starts_are_not_left_to_torch(targets, monkeypatch):
    compare = memelite.tomtom

    def starting(*matrices, **options):
        torch.set_num_threads(2)  # what the first call in a process comes to
        return compare(*matrices, **options)

    monkeypatch.setattr(memelite, "tomtom", starting)
    tomtom(targets[:1], targets)
    assert torch.get_num_threads() == 1


def test_agrees_with_what_meme_printed(data_dir):
    folder = data_dir / "tomtom_reference"
    queries = read_meme(folder / "queries.meme")
    known = read_meme(folder / "targets_jaspar2020_vertebrates.meme.gz")
    printed = pd.read_csv(folder / "tomtom.tsv", sep="\t")
    result = tomtom(*([pseudocounted(m.ppm, m.nsites) for m in motifs] for motifs in (queries, known)), strands="both")
    rows = printed["Query_ID"].map({m.id: i for i, m in enumerate(queries)})
    columns = printed["Target_ID"].map({m.id: i for i, m in enumerate(known)})
    p, reference = result.p_value[rows, columns], printed["p-value"].to_numpy()
    np.testing.assert_allclose(p, reference, rtol=2e-4)  # six digits are printed
    assert (-result.offset[rows, columns] != printed["Optimal_offset"]).sum() == 1  # one of two equal offsets
    np.testing.assert_array_equal(result.overlap[rows, columns], printed["Overlap"])
    np.testing.assert_array_equal(result.reverse[rows, columns], printed["Orientation"] == "-")
    best = printed.loc[printed.groupby("Query_ID")["p-value"].idxmin()]
    clear = best[best["p-value"] < 1e-3]
    ours = {queries[i].id: known[int(np.argmin(result.p_value[i]))].id for i in range(len(queries))}
    assert len(clear) == 49
    assert clear["Query_ID"].map(ours).tolist() == clear["Target_ID"].tolist()


def test_finds_the_target_its_offset_and_strand(targets):
    padded = np.concatenate([np.full((2, 4), 0.25), targets[7], np.full((3, 4), 0.25)])
    result = tomtom([padded, targets[7][1:]], targets)
    assert (result.p_value.argmin(1) == 7).all()
    assert result.offset[:, 7].tolist() == [2, -1]
    assert result.overlap[:, 7].tolist() == [len(targets[7]), len(targets[7]) - 1]
    back = tomtom([targets[7][::-1, ::-1]], targets, strands="both")
    assert int(back.p_value[0].argmin()) == 7
    assert back.reverse[0, 7]
    assert not tomtom([targets[7]], targets, strands="both").reverse[0, 7]
    assert not tomtom([targets[7]], targets).reverse.any()


def test_of_equal_strands_the_forward_one_is_given(targets):
    palindrome = word_ppm("CACGTG")
    found = tomtom([palindrome, targets[3]], [*targets, palindrome], strands="both")
    assert not found.reverse[:, -1].any()
    assert found.offset[0, -1] == 0


def test_pseudocounts_are_of_the_sites():
    column = np.array([[1.0, 0, 0, 0]])
    np.testing.assert_allclose(pseudocounted(column, 10), [[10.025 / 10.1, *[0.025 / 10.1] * 3]])
    np.testing.assert_allclose(pseudocounted(column), pseudocounted(column, 20))
    np.testing.assert_allclose(pseudocounted(column, 0), pseudocounted(column, 20))
    np.testing.assert_allclose(pseudocounted(column, 5, pseudocount=0), column)


def test_p_values_of_random_motifs_are_uniform(targets):
    rng = np.random.default_rng(3)
    queries = [rng.dirichlet([0.3] * 4, size=8) for _ in range(200)]
    p = tomtom(queries, targets).p_value
    assert p.min() > 0
    assert p.max() <= 1
    for alpha in (0.1, 0.01):
        assert 0.5 * alpha < (p <= alpha).mean() < 1.5 * alpha


def test_the_guard_leaves_good_matches_and_raises_the_others(targets):
    result, plain = guarded_tomtom(targets[:20], targets), tomtom(targets[:20], targets)
    assert (result.p_value >= plain.p_value).all()
    sharp = [i for i in range(20) if len(targets[i]) >= 6 and information(targets[i]).mean() >= 1]
    assert len(sharp) >= 3
    np.testing.assert_array_equal(result.p_value[sharp, sharp], plain.p_value[sharp, sharp])


def test_the_flat_query_trap():
    rng = np.random.default_rng(1)
    known = [rng.dirichlet([0.2] * 4, size=7) for _ in range(100)]
    known[3] = np.full((20, 4), 0.25) + rng.uniform(-0.02, 0.02, (20, 4))
    flat = np.full((20, 4), 0.25)
    assert tomtom([flat], known).p_value[0, 3] < 1e-4
    assert guarded_tomtom([flat], known).p_value.min() > 0.05


def test_three_sharp_columns_are_no_match_however_sharp():
    known = [word_ppm(word) for word in ("ACGUACG", "GGCAUGC", "UUAGGGA", "CCAAUCA", "GUGUGUC") for _ in range(20)]
    known[5] = 0.93 * (word_ppm("GGCAUGC") > 0.5) + 0.07 / 4
    query = 0.92 * (word_ppm("AUG") > 0.5) + 0.08 / 4
    assert guarded_tomtom([query], known).p_value.min() >= 1 / 64


def equally_sharp(words: list[str], sites: float) -> list[np.ndarray]:
    """K-mers as matrices of 0.97 and 0.01, of so many sites."""
    return [pseudocounted(np.where(word_ppm(word) > 0.5, 0.97, 0.01), sites) for word in words]


@pytest.mark.parametrize("letters", ["ACGU", "AC"])
@pytest.mark.parametrize("strands", ["single", "both"])
def test_equally_sharp_databases(letters, strands):
    rng = np.random.default_rng(5)
    words = sorted({"".join(rng.choice(list(letters), 6)) for _ in range(100)})
    absent = sorted({"".join(rng.choice(list("ACGU"), 6)) for _ in range(60)} - set(words))
    found = {}
    for queried, known in ((50, 50), (50, 100), (100, 50), (20, 1000)):
        targets = equally_sharp(words, known)
        own = guarded_tomtom(equally_sharp(words, queried), targets, strands=strands).p_value.diagonal()
        found[queried, known] = own
        assert own.min() >= 4**-6 * (1 - 1e-9), "no rarer than a random k-mer that is the same"
        assert letters == "AC" or np.median(own) <= 2 * 4**-6 * (2 if strands == "both" else 1)
        missed = guarded_tomtom(equally_sharp(absent, queried), targets, strands=strands).p_value
        assert false_discovery_control(missed.ravel()).min() > 0.05
    for other in found.values():
        np.testing.assert_allclose(other, found[50, 50], rtol=0.02)


def test_letters_that_a_database_hardly_has_are_no_evidence():
    rng = np.random.default_rng(2)
    known = [word_ppm("".join(rng.choice(list("AU"), 7))) for _ in range(60)] + [word_ppm("GCGCGGC")]
    assert tomtom([known[-1]], known).p_value[0, -1] < 4**-7
    assert guarded_tomtom([known[-1]], known).p_value[0, -1] >= 4**-7 * (1 - 1e-9)


def test_overlap_below_the_minimum_is_no_match():
    known = [word_ppm("CCCCCAUG")] * 30
    query = word_ppm("AUGUUUUU")
    assert tomtom([query], known).overlap.tolist() == [[3] * 30]
    assert guarded_tomtom([query], known).p_value.min() == 1


def test_letters_by_enumeration():
    rng = np.random.default_rng(0)
    for _ in range(5):
        query, target = rng.dirichlet([0.3] * 4, size=3), rng.dirichlet([0.3] * 4, size=3)
        per_column = [
            [np.rint(((q[list(o)] - 0.25) @ (t - 0.25)) / 0.03) for o in permutations(range(4))]
            for q, t in zip(query, target, strict=True)
        ]
        observed = sum(column[0] for column in per_column)
        expected = np.mean([sum(choice) >= observed for choice in product(*per_column)])
        assert letter_p_values([query], [target])[0] == pytest.approx(expected)


def test_letters_of_known_words():
    p = letter_p_values(
        [word_ppm("AUG"), word_ppm("UGUAAAUA"), np.full((9, 4), 0.25), np.zeros((0, 4))],
        [word_ppm("AUG"), word_ppm("UGUAAAUA"), word_ppm("UGUAAAUAC"), np.zeros((0, 4))],
    )
    np.testing.assert_allclose(p, [4**-3, 4**-8, 1, 1])
    assert letter_p_values([], []).shape == (0,)


def test_nothing_to_compare():
    with pytest.raises(ValueError, match="at least one query and target, got 0 and 1"):
        tomtom([], [word_ppm("AUG")])
