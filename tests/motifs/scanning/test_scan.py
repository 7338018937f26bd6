from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from combmotif.motifs import find_sites, word_ppm
from combmotif.motifs.scanning.scan import score_threshold
from combmotif.sequence import encode

BACKGROUND = [0.3, 0.2, 0.15, 0.35]
COLUMNS = ["sequence", "start", "end", "score", "p_value"]


@pytest.fixture(scope="module")
def words() -> list[np.ndarray]:
    return [np.array(word, dtype=np.uint8) for word in product(range(4), repeat=6)]


@pytest.mark.parametrize("background", [None, BACKGROUND])
def test_p_values_equal_enumeration_of_all_words(words, background):
    ppm = np.random.default_rng(0).dirichlet([0.5] * 4, size=6)
    table = find_sites(words, ppm, p_value=1.0, background=background)
    assert table["sequence"].tolist() == list(range(4**6))
    base = np.array(background or [0.25] * 4)
    chance = np.array([base[word].prod() for word in words])
    score = table["score"].to_numpy().round(6)
    expected = np.array([chance[score >= s].sum() for s in score])
    np.testing.assert_allclose(table["p_value"], expected, rtol=1e-9)
    mixed = 0.999 * ppm + 0.001 * base
    exact = np.array([np.log2(mixed[range(6), word] / base[word]).sum() for word in words])
    np.testing.assert_allclose(score, exact, atol=6 * 0.005)


@pytest.mark.parametrize("p_value", [0.5, 0.05, 1e-2, 1e-3])
def test_threshold_equals_enumeration(words, p_value):
    ppm = np.random.default_rng(1).dirichlet([0.5] * 4, size=6)
    threshold = score_threshold(ppm, p_value, background=BACKGROUND)
    everything = find_sites(words, ppm, p_value=1.0, background=BACKGROUND)
    passing = everything[everything["score"] >= threshold - 1e-9]
    chance = np.array([np.array(BACKGROUND)[word].prod() for word in words])
    assert chance[passing["sequence"]].sum() <= p_value
    below = everything[everything["score"] < threshold - 1e-9]
    one_more = everything[everything["score"] >= below["score"].max() - 1e-9]
    assert chance[one_more["sequence"]].sum() > p_value
    found = find_sites(words, ppm, p_value=p_value, background=BACKGROUND)
    assert found["sequence"].tolist() == passing["sequence"].tolist()
    assert found["p_value"].max() <= p_value


def test_a_motif_too_short_for_the_p_value_has_no_site():
    assert score_threshold(word_ppm("AUG"), 1e-4) == float("inf")
    assert find_sites([encode("AUGAUG")], word_ppm("AUG"), p_value=1e-4).empty
    assert len(find_sites([encode("AUGAUG")], word_ppm("AUG"), p_value=1 / 64)) == 2


@pytest.mark.parametrize("motif", ["UGUANAUA", word_ppm("UGUANAUA")])
def test_sites_are_where_they_were_planted(motif):
    codes = [
        encode("CCUGUAAAUACC"),
        encode("GG"),
        encode("UGUACAUA"),
        encode(""),
        encode("UGUANAUA"),
        encode("CUGUACAU"),
    ]
    table = find_sites(codes, motif, p_value=1e-3)
    assert list(table.columns) == COLUMNS
    assert table[["sequence", "start", "end"]].to_numpy().tolist() == [[0, 2, 10], [2, 0, 8]]


def test_words_match_exactly_and_overlapping():
    table = find_sites([encode("AUUUAUUUAUUUG"), encode("AUUNA")], "AUUUA")
    assert table["start"].tolist() == [0, 4]
    assert table["p_value"].tolist() == [4**-5] * 2
    assert table["score"].tolist() == [10.0] * 2
    table = find_sites([encode("GGACU"), encode("GGACG")], "DRACH", background=BACKGROUND)
    assert table["sequence"].tolist() == [0]
    expected = (1 - 0.2) * (0.3 + 0.15) * 0.3 * 0.2 * (1 - 0.15)
    assert table["p_value"][0] == pytest.approx(expected)
    assert table["score"][0] == pytest.approx(-np.log2(expected))


def test_no_site_spans_two_sequences():
    codes = [encode("CCAU"), encode("GCC"), encode("AU"), encode("G")]
    assert find_sites(codes, "AUG").empty


def test_blocks_give_the_same_sites(monkeypatch):
    rng = np.random.default_rng(0)
    codes = [rng.integers(0, 5, size=rng.integers(0, 60)).astype(np.uint8) for _ in range(200)]
    whole = find_sites(codes, "NUGN")
    monkeypatch.setattr("combmotif.motifs.scanning.scan._CHUNK", 50)
    assert find_sites(codes, "NUGN").equals(whole)
    plain = [
        (row, start)
        for row, code in enumerate(codes)
        for start in range(len(code) - 3)
        if code[start + 1] == 3 and code[start + 2] == 2 and 4 not in code[start : start + 4]
    ]
    assert list(zip(whole["sequence"], whole["start"], strict=True)) == plain


def test_number_of_chance_sites_is_the_p_value():
    rng = np.random.default_rng(0)
    codes = [rng.integers(0, 4, size=200_000).astype(np.uint8)]
    ppm = rng.dirichlet([0.3] * 4, size=10)
    assert len(find_sites(codes, ppm, p_value=1e-3)) == pytest.approx(200, rel=0.35)


def test_nothing_to_scan():
    assert find_sites([], "AUG").empty
    assert list(find_sites([], word_ppm("AUG")).columns) == COLUMNS


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"motif": ""}, "motif: expected an IUPAC word"),
        ({"motif": "AXG"}, "'X' is not an IUPAC"),
        ({"motif": np.zeros((0, 4))}, "motif: expected at least one column"),
        ({"motif": np.zeros((4, 7))}, "ppm: expected shape"),
        ({"motif": "AUG", "p_value": 0}, "p_value: expected a number above 0"),
        ({"motif": "AUG", "background": [1, 0, 0, 0]}, "background: expected 4 frequencies"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        find_sites([encode("AUG")], **arguments)
