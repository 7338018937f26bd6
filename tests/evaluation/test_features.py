import numpy as np
import pytest

from combmotif.evaluation.features import features_of, kmer_counts, minimal
from combmotif.sequence.alphabet import encode


def test_kmers_are_counted_in_order_and_without_n():
    counts = kmer_counts([encode("ACGUACN"), encode("A")], 2)
    assert counts.shape == (2, 16)
    assert counts[0, 0 * 4 + 1] == 2  # AC
    assert counts[0].sum() == 5
    assert counts[1].sum() == 0


def test_the_minimal_features_are_58_with_the_runs_that_are_there():
    found = minimal([encode("AAAACACACAGGU")])
    assert found.shape == (1, 58)
    homopolymers, repeats, same = found[0, 36:41], found[0, 41:57], found[0, 57]
    assert homopolymers.tolist() == [4, 1, 2, 1, 4]
    assert repeats[1] == 3  # ACACAC
    assert repeats[4] == 3  # CACACA
    assert same == 4


def test_u_and_t_are_one_base():
    assert np.array_equal(features_of("kmer:3", [encode("ACGTTT")]), features_of("kmer:3", [encode("ACGUUU")]))


@pytest.mark.parametrize("kind", ["kmer", "kmer:x", "kmer:12", "words", "length:3"])
def test_an_unknown_feature_names_those_that_are_there(kind):
    with pytest.raises(ValueError, match="expected|needs"):
        features_of(kind, [encode("ACGU")])
