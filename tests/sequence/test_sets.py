import numpy as np

from combmotif.sequence import SequenceSet, decode, encode
from combmotif.sequence.sets import random_sequences


def test_random_sequences_follow_seed_and_frequencies():
    first = random_sequences(200, 50, seed=3, frequencies=(0.7, 0.1, 0.1, 0.1))
    again = random_sequences(200, 50, seed=3, frequencies=(0.7, 0.1, 0.1, 0.1))
    other = random_sequences(200, 50, seed=4, frequencies=(0.7, 0.1, 0.1, 0.1))
    codes = np.stack(first.codes)
    assert np.array_equal(codes, np.stack(again.codes))
    assert not np.array_equal(codes, np.stack(other.codes))
    assert abs((codes == 0).mean() - 0.7) < 4 * np.sqrt(0.21 / codes.size)


def test_the_last_nt_of_sequences():
    whole = SequenceSet(("a", "b", "c"), tuple(map(encode, ("AUGCC", "AU", "GGG"))), np.array([[1.0], [2], [3]]))
    found = whole.last(3)
    assert found.names == ("a", "c")
    assert [decode(codes) for codes in found.codes] == ["GCC", "GGG"]
    assert found.labels.ravel().tolist() == [1, 3]
