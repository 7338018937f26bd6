import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import average_precision_score, roc_auc_score

from combmotif.evaluation.statistics import MEASURES, by_part, compare, estimate, number_groups


def _rows(n=300, seed=0):
    random = np.random.default_rng(seed)
    truth = (random.random(n) < 0.3).astype(float)
    score = np.round(truth + random.normal(size=n), 1)  # rounded, so that there are ties
    return truth, score


@pytest.mark.parametrize(
    ("measure", "other"), [("auc", roc_auc_score), ("auprc", average_precision_score)], ids=["auc", "auprc"]
)
def test_ranking_measures_equal_scikit_learn_with_ties_and_weights(measure, other):
    truth, score = _rows()
    weights = np.random.default_rng(1).integers(0, 4, len(truth)).astype(float)
    assert MEASURES[measure](truth, score, np.ones(len(truth))) == pytest.approx(other(truth, score))
    assert MEASURES[measure](truth, score, weights) == pytest.approx(other(truth, score, sample_weight=weights))


def test_correlations_equal_scipy_and_weights_count_rows():
    random = np.random.default_rng(0)
    a = random.normal(size=80)
    b = a + random.normal(size=80)
    ones = np.ones(80)
    assert MEASURES["pearson"](a, b, ones) == pytest.approx(stats.pearsonr(a, b)[0])
    assert MEASURES["pearson"](1e-9 * a, 5 + 1e-6 * b, ones) == pytest.approx(stats.pearsonr(a, b)[0])
    assert np.isnan(MEASURES["pearson"](a, np.full(80, 0.1), ones))
    assert MEASURES["spearman"](a, b, ones) == pytest.approx(stats.spearmanr(a, b)[0])
    weights = random.integers(0, 3, 80)
    repeated = np.repeat(np.arange(80), weights)
    for measure in ("pearson", "r2", "mae", "sign_accuracy"):
        function = MEASURES[measure]
        assert function(a, b, weights.astype(float)) == pytest.approx(
            function(a[repeated], b[repeated], np.ones(len(repeated)))
        )


def test_undefined_measures_are_nan_not_a_number_that_looks_like_a_result():
    ones, score = np.ones(5), np.arange(5.0)
    assert np.isnan(MEASURES["auc"](np.ones(5), score, ones))
    assert np.isnan(MEASURES["auprc"](np.zeros(5), score, ones))
    assert np.isnan(MEASURES["pearson"](score, np.ones(5), ones))


def test_interval_of_copies_is_that_of_the_groups_not_of_the_rows():
    truth, score = _rows(200)
    groups = np.arange(200)
    single = estimate("auc", truth, score, groups, draws=400)
    copies = estimate("auc", np.repeat(truth, 5), np.repeat(score, 5), np.repeat(groups, 5), draws=400)
    fooled = estimate("auc", np.repeat(truth, 5), np.repeat(score, 5), np.arange(1000), draws=400)
    assert copies.value == pytest.approx(single.value)
    assert (copies.n, copies.n_groups) == (1000, 200)
    assert copies.high - copies.low == pytest.approx(single.high - single.low)
    assert fooled.high - fooled.low < 0.6 * (single.high - single.low)


def test_interval_covers_the_truth_as_often_as_it_says():
    inside = 0
    for seed in range(40):
        random = np.random.default_rng(seed)
        truth = np.repeat([0.0, 1.0], 100)
        found = estimate("auc", truth, random.normal(size=200) + truth, np.arange(200), draws=100, seed=seed)
        inside += found.low <= stats.norm.cdf(1 / np.sqrt(2)) <= found.high
    assert inside >= 34


def test_paired_bootstrap_sees_a_difference_that_intervals_hide():
    random = np.random.default_rng(0)
    truth = random.normal(size=400)
    shared = truth + random.normal(size=400)
    better, worse = shared, shared + 0.5 * random.normal(size=400)
    worse[:50] = np.nan  # rows that one model does not score count for neither
    one = estimate("pearson", truth, better, np.arange(400), draws=300)
    other = estimate("pearson", truth, worse, np.arange(400), draws=300)
    found = compare("pearson", truth, better, worse, np.arange(400), draws=300)
    assert one.low < other.high  # the two intervals overlap
    assert found.n == 350
    assert found.low > 0
    assert found.p < 0.05
    same = compare("pearson", truth, better, better, np.arange(400), draws=100)
    assert (same.value, same.p) == (0.0, 1.0)


def test_parts_are_averaged_by_their_rows():
    truth = np.array([1, 0, 1, 0, 0, 1, 1.0])
    score = np.array([2, 1, 1, 2, 3, 9, 5.0])
    parts = np.array(["chr1", "chr1", "chr2", "chr2", "chr2", "chr3", "chr3"])
    average = by_part("auc", truth, score, parts, draws=200)
    assert average.value == pytest.approx(2 / 5)  # chr1 has 1, chr2 0, chr3 one class only
    assert (average.n, average.n_groups) == (5, 2)
    assert (average.low, average.high) == (0, 1)  # a draw of two parts may be twice the same
    alike = by_part("auc", truth, score, parts, weighted=False, draws=0)
    assert alike.value == pytest.approx(1 / 2)
    named = by_part("auc", truth, score, np.where(parts == "chr2", "", parts), draws=10)
    assert (named.value, named.n_groups) == (1, 1)  # rows without a part are of none


def test_rows_without_a_group_stand_alone():
    assert number_groups(["a", "", "a", None, "b", ""]).tolist() == [0, 1, 0, 2, 3, 4]
