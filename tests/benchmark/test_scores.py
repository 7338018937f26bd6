import numpy as np
import pandas as pd
import pytest

from combmotif.benchmark.check import precision_of
from combmotif.benchmark.scores import agreement, explained_activation, explained_by, found_gaps, jaccard, recalled
from combmotif.benchmark.truth import Truth
from combmotif.motifs import Motif

LETTERS = "ACGT"


def ppm(text):
    return np.array([np.full(4, 0.25) if x == "n" else 0.96 * np.eye(4)[LETTERS.index(x)] + 0.01 for x in text])


def motif(text):
    return Motif("m", 200 * ppm(text), 200)


A, B = ppm("TGTACG"), ppm("CCAGATA")


def test_a_motif_is_recalled_at_any_shift_but_not_in_part():
    assert recalled(A, [motif("nnTGTACGnn")]) > 0.99
    assert recalled(A, [motif("TGT")]) < 0.9
    assert recalled(A, [motif("CCAGATA"), motif("GTACG")]) == pytest.approx(np.sqrt(5 / 6), abs=0.02)
    assert recalled(A, []) == 0


def test_a_blur_without_information_recalls_nothing():
    blurred = Motif("m", 200 * (0.2 * A + 0.8 * 0.25), 200)  # perfectly correlated, and no segment
    assert recalled(A, [blurred]) == 0


def test_found_motifs_must_be_whole_and_nothing_else():
    assert explained_by(motif("nTGTACGn"), [A, B]) > 0.99
    assert explained_by(motif("TGTACGnnnnCCAGATA"), [A, B]) > 0.99
    assert explained_by(motif("TGTACGCCAGATA"), [A, B]) > 0.99  # side by side
    assert explained_by(motif("TGTACGnnnTGTACG"), [A, B]) > 0.99
    assert explained_by(motif("TGTA"), [A, B]) < 0.9
    assert explained_by(motif("TGTACGnnnGGGGG"), [A, B]) < 0.9
    assert explained_by(motif("nnnn"), [A]) == 0


def test_precision_of_living_and_dead_neurons():
    assert precision_of([motif("TGTACG"), motif("AAAAAA")], [A]) == 0.5
    assert precision_of([], []) == 1
    assert precision_of([motif("TGTACG")], []) == 0
    assert np.isnan(precision_of([], [A]))


def test_spacings_come_from_matrix_and_syntax():
    truth = Truth((A, B), (3, 5))
    columns = ["motif", "part_a", "start_a", "start_b", "distribution"]
    none = pd.DataFrame(columns=columns)
    assert found_gaps([motif("TGTACGnnnCCAGATA")], none, truth) == {3}
    assert found_gaps([motif("TGTACG")], none, truth) == frozenset()
    told = pd.DataFrame([["m", "TGTACG", 0, 9, "3:60;5:90;6:1"]], columns=columns)  # one in 151 is not counted
    assert found_gaps([motif("TGTACGnnnCCAGATA")], told, truth) == {3, 5}
    assert jaccard(frozenset({3, 5}), truth.gaps) == pytest.approx(2 / 3)


def test_explained_activation_is_the_share_of_windows_with_the_motif():
    random = np.random.default_rng(0)
    fresh, plain = (random.integers(0, 4, (2000, 30)).astype(np.uint8) for _ in range(2))
    fresh[:1000, 4:10] = A.argmax(1)
    fresh[:1000, 12:19] = B.argmax(1)
    excitation = np.where(np.arange(2000) < 1000, 3.0, 1.0)
    found = explained_activation([motif("TGTACGnnCCAGATA")], fresh, excitation, plain)
    assert found == pytest.approx(0.75 + 0.25 * 0.05, abs=0.01)  # 5 % of the others by chance
    assert explained_activation([], fresh, excitation, plain) == 0


def test_agreement():
    assert agreement([motif("TGTACG")], [motif("nTGTACG")]) == 1
    assert agreement([motif("TGTACG")], [motif("CCAGATA")]) == 0
    assert agreement([motif("TGTACG")], [motif("TGTACG"), motif("CCAGATA")]) == pytest.approx(2 / 3)
    assert agreement([], []) == 1
    assert agreement([], [motif("TGTACG")]) == 0
