import numpy as np
import pytest

from combmotif.config.evaluation import ModelEntry, parse_model
from combmotif.evaluation.adapters.make import make_adapter
from combmotif.evaluation.adapters.simple import NEGATIVES, context_counts, kmer_vectors
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


def test_contexts_are_counted_by_distance_and_within_a_sequence():
    counts = context_counts([encode("ACG"), encode("UNA")], 1, window=2)
    expected = np.zeros((4, 4))
    expected[0, 1] = expected[1, 2] = 1  # side by side
    expected[0, 2] = expected[3, 0] = 0.5  # two apart: A.G, U.A
    np.testing.assert_array_equal(counts, expected + expected.T)


def test_word2vec_reaches_the_optimum_of_its_objective():
    """With as many numbers as k-mers the best inner product is the shifted pointwise mutual information."""
    random = np.random.default_rng(0)
    codes = [random.choice(4, 200, p=[0.4, 0.1, 0.2, 0.3]).astype(np.uint8) for _ in range(20)]
    counts = context_counts(codes, 1).astype(float)
    contexts = counts.sum(1) ** 0.75
    best = np.log(counts / (NEGATIVES * counts.sum(1, keepdims=True) * contexts / contexts.sum()))
    first, second = kmer_vectors(codes, 1, width=8)
    np.testing.assert_allclose(first @ second.T, best, atol=0.02)


def test_word2vec_is_a_model_learned_from_a_fasta(tmp_path):
    random = np.random.default_rng(1)
    texts = ["".join(random.choice(list("ACGT"), 60)) for _ in range(30)]
    (tmp_path / "t.fa").write_text("".join(f">s{i}\n{text}\n" for i, text in enumerate(texts)))
    entry = parse_model(f"word2vec:{tmp_path / 't.fa'}").model_copy(update={"k": 2})
    one, again, other = (make_adapter(entry, name="w", seed=seed) for seed in (0, 0, 1))
    codes = [encode(text) for text in texts]
    vectors = one.embed(codes)
    assert vectors.shape == (30, 100)
    np.testing.assert_array_equal(vectors, again.embed(codes))
    assert not np.allclose(vectors, other.embed(codes))
    np.testing.assert_allclose(vectors[:1], one.embed([encode(texts[0].replace("T", "U"))]))
    (tmp_path / "n.fa").write_text(">n\nNNNNNN\n")
    with pytest.raises(ValueError, match="word2vec: expected sequences of more than 5 known bases, found none"):
        make_adapter(parse_model(f"word2vec:{tmp_path / 'n.fa'}"), name="w")
    with pytest.raises(ValueError, match="features: word2vec together with fasta"):
        ModelEntry(features="word2vec")
    with pytest.raises(ValueError, match="word2vec: expected k-mers of 1 to 6 nt, found 7"):
        kmer_vectors(codes, 7)
