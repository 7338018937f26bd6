from __future__ import annotations

import numpy as np
import pytest

from combmotif.motifs import Motif, MotifSet, families, word_ppm
from combmotif.motifs.cluster import merge_shifted, similarity


def pfm_with(word: str, start: int, length: int = 18, sites: int = 100, seed: int | None = None) -> np.ndarray:
    ppm = np.full((length, 4), 0.25)
    low, high = max(0, start), min(length, start + len(word))
    ppm[low:high] = word_ppm(word)[low - start : high - start]
    if seed is None:
        return ppm * sites
    rng = np.random.default_rng(seed)
    return np.stack([rng.multinomial(sites, column) for column in ppm]).astype(float)


def test_a_matrix_is_itself():
    score, offset = similarity(word_ppm("UGUANAUA"), word_ppm("UGUANAUA"))
    assert score == pytest.approx(1)
    assert offset == 0


@pytest.mark.parametrize("shift", [-3, -1, 2, 5])
def test_offset_is_the_column_of_a_where_b_starts(shift):
    a, b = word_ppm("GCAUGACCU"), word_ppm("NNNNN" + "GCAUGACCU" + "NNNNN")
    score, offset = similarity(a, b[5 + min(shift, 0) if shift < 0 else 5 :])
    assert score == pytest.approx(1)
    assert offset == (shift if shift < 0 else 0)


def test_reverse_complement_is_not_similar():
    assert similarity(word_ppm("UGUAAAUA"), word_ppm("UAUUUACA"))[0] < 0.75
    assert similarity(word_ppm("GGACGGAC"), word_ppm("GUCCGUCC"))[0] < 0.4


def test_flat_flanks_change_nothing_and_flat_overlap_earns_nothing():
    a, b = word_ppm("ACUAAC"), word_ppm("GGGCGG")
    padded = word_ppm("NNNNNNNN" + "GGGCGG" + "NNNNNNNN")
    assert similarity(a, b)[0] == pytest.approx(similarity(a, padded)[0], abs=0.05)
    assert similarity(a, np.full((20, 4), 0.25)) == (0.0, 0)
    assert similarity(np.full((9, 4), 0.25), np.full((9, 4), 0.25))[0] == 0


def test_a_part_scores_the_root_of_its_share_of_the_information():
    assert similarity(word_ppm("GCCACCAUGG"), word_ppm("AUG"))[0] == pytest.approx(np.sqrt(0.3), abs=0.01)


def test_sharing_one_column_is_not_similar():
    assert similarity(word_ppm("AAAAAAAC"), word_ppm("CGGGGGGG"))[0] < 0.2


def test_symmetric():
    rng = np.random.default_rng(0)
    for _ in range(20):
        a, b = (rng.dirichlet([0.4] * 4, size=rng.integers(4, 12)) for _ in range(2))
        forward, backward = similarity(a, b), similarity(b, a)
        assert forward[0] == pytest.approx(backward[0])


def test_agrees_with_the_plain_loop():
    rng = np.random.default_rng(1)
    from combmotif.motifs.motif import information

    def plain(a, b, needed):
        a, b = ((m - 0.25) * np.sqrt(information(m))[:, None] for m in (a, b))
        scores = {}
        for offset in range(1 - len(b), len(a)):
            columns = [i for i in range(len(a)) if 0 <= i - offset < len(b)]
            if len(columns) >= needed:
                scores[offset] = sum(a[i] @ b[i - offset] for i in columns) / np.sqrt((a**2).sum() * (b**2).sum())
        return max(scores.values())

    for _ in range(20):
        a, b = (rng.dirichlet([0.5] * 4, size=rng.integers(3, 15)) for _ in range(2))
        assert similarity(a, b)[0] == pytest.approx(plain(a, b, 3))


def test_merge_finds_shifted_copies_and_their_offsets():
    starts = [5, 6, 4, 7]
    pfms = [pfm_with("UGUAAAUA", s, seed=s) for s in starts] + [pfm_with("GGACCGCC", 5, seed=99)]
    groups = merge_shifted(pfms, np.array([3.0, 2.0, 2.5, 1.0, 4.0]))
    assert groups == [[(4, 0)], [(0, 0), (2, -1), (1, 1), (3, 2)]]


def test_merge_accepts_a_copy_cut_by_the_end_of_the_receptive_field():
    pfms = [pfm_with("UGUAAAUA", 5, 12), pfm_with("UGUAAAUA", 6, 12)]
    assert merge_shifted(pfms, np.array([2.0, 1.0])) == [[(0, 0), (1, 1)]]


def test_merge_keeps_different_motifs_of_noisy_flat_surroundings_apart():
    pfms = [pfm_with(w, 30, 72, sites=40, seed=i) for i, w in enumerate(["ACUAAC", "GGGUGG", "UUUUUU"])]
    assert [len(g) for g in merge_shifted(pfms, np.ones(3))] == [1, 1, 1]
    copies = [pfm_with("ACUAACGG", 30 + i, 72, sites=40, seed=10 + i) for i in range(4)]
    assert len(merge_shifted(copies, np.ones(4))) == 1


def test_merge_of_nothing_and_wrong_activations():
    assert merge_shifted([], np.zeros(0)) == []
    with pytest.raises(ValueError, match="activations: expected one number per matrix"):
        merge_shifted([np.ones((4, 4))], np.zeros(2))


def noisy(words: list[str], copies: int, seed: int = 0) -> tuple[MotifSet, list[int]]:
    rng = np.random.default_rng(seed)
    motifs, truth = [], []
    for copy in range(copies):
        for label, word in enumerate(words):
            motifs.append(Motif(f"{label}.{copy}", pfm_with(word, int(rng.integers(0, 10)), seed=len(motifs)), 100))
            truth.append(label)
    return MotifSet(tuple(motifs)), truth


def test_families_of_planted_words():
    words = ["UGUANAUA", "ACUAAC", "GGACGG", "UUAUUUAUU", "GCAUG", "CCUCCC", "CACACA"]
    motifs, truth = noisy(words, 5)
    assert families(motifs) == truth
    assert families(motifs) == families(motifs)


def test_families_small_sets_and_flat_motifs():
    flat = Motif("flat", np.full((9, 4), 25.0), 100)
    assert families(MotifSet(())) == []
    assert families(MotifSet((flat,))) == [0]
    assert families(MotifSet((flat, flat))) == [0, 1]


def test_random_motifs_are_not_one_family():
    rng = np.random.default_rng(5)
    motifs = MotifSet(
        tuple(Motif(str(i), 100 * word_ppm("".join(rng.choice(list("ACGU"), 8))), 100) for i in range(1000))
    )
    assert len(set(families(motifs))) > 800
