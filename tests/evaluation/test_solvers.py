import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from combmotif.evaluation.ridge import leave_group_out_ridge, nested_ridge
from combmotif.evaluation.solvers import deal_folds, nested_classifier, nested_regression
from combmotif.evaluation.statistics import MEASURES


def _data(n=120, d=12, seed=0):
    random = np.random.default_rng(seed)
    x = random.normal(size=(n, d)) @ random.normal(size=(d, d)) + 3
    return x, x @ random.normal(size=d) + random.normal(size=n) * 4 + 7


@pytest.mark.parametrize("sizes", [[1] * 120, [1, 2, 3, 4, 5, 5] * 6, [60, 20, 20, 20]], ids=["one", "small", "large"])
def test_leaving_a_group_out_equals_a_refit(sizes):
    x, y = _data()
    groups = np.random.default_rng(1).permutation(np.repeat(np.arange(len(sizes)), sizes))
    targets = np.stack([y, y**2], 1)
    found = leave_group_out_ridge(x, targets, groups, penalties=(1.0, 100.0))
    scaled = (x - x.mean(0)) / x.std(0)
    for row, penalty in enumerate((1.0, 100.0)):
        for group in np.unique(groups)[:20]:
            test = groups == group
            refit = Ridge(alpha=penalty).fit(scaled[~test], targets[~test])
            np.testing.assert_allclose(found[row, test], refit.predict(scaled[test]), rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(leave_group_out_ridge(x, y, groups, penalties=(1.0,)), found[:1, :, 0])


def test_nested_ridge_equals_a_pipeline_of_scikit_learn_at_the_penalty_it_chose():
    x, y = _data()
    x[:, 3] = 5.0  # a feature without spread counts for nothing
    folds = deal_folds(np.arange(120) // 3, folds=6)
    found = nested_ridge(x, y, folds, penalties=(1.0, 10.0, 100.0))
    for fold in range(6):
        test = folds == fold
        model = make_pipeline(StandardScaler(), Ridge(alpha=found.chosen[fold]["penalty"])).fit(x[~test], y[~test])
        np.testing.assert_allclose(found.predicted[test], model.predict(x[test]), rtol=1e-7)


def test_the_penalty_is_chosen_without_the_fold():
    x, y = _data()
    folds = deal_folds(np.arange(120), folds=5)
    first = nested_ridge(x, y, folds)
    changed = y.copy()
    changed[folds == 2] += 1000
    assert nested_ridge(x, changed, folds).chosen[2] == first.chosen[2]
    np.testing.assert_allclose(nested_ridge(x, changed, folds).predicted[folds == 2], first.predicted[folds == 2])


def test_groups_are_never_parted():
    groups = np.random.default_rng(0).integers(0, 30, 200)
    folds = deal_folds(groups, folds=7)
    assert all(len(np.unique(folds[groups == group])) == 1 for group in range(30))
    assert len(np.unique(folds)) == 7


@pytest.mark.parametrize("regressor", ["ridge", "svr", "lasso", "gbm", "mlp"])
def test_every_regressor_learns_a_line(regressor):
    random = np.random.default_rng(0)
    x = random.normal(size=(240, 3))
    line = nested_regression(x, 100 + 5 * x[:, 0], deal_folds(np.arange(240), folds=3), regressor=regressor)
    assert np.corrcoef(line.predicted, x[:, 0])[0, 1] > 0.8
    assert abs(line.predicted.mean() - 100) < 2
    assert len(line.chosen) == 3


def test_a_classifier_of_unrelated_groups():
    random = np.random.default_rng(0)
    x = random.normal(size=(200, 4))
    label = (x[:, 1] + 0.5 * random.normal(size=200) > 0).astype(float)
    found = nested_classifier(x, label, deal_folds(np.arange(200) // 2, folds=5))
    assert MEASURES["auc"](label, found.predicted, np.ones(200)) > 0.85


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda x, y: leave_group_out_ridge(x, y, np.zeros(120)), "at least two groups"),
        (lambda x, y: nested_ridge(x, y, np.arange(120) % 2), "at least 3 folds"),
        (lambda x, y: nested_ridge(x[:5], y, np.arange(120) % 3), "a row for each"),
        (lambda x, y: nested_ridge(np.where(x > 0, x, np.nan), y, np.arange(120) % 3), "finite"),
        (lambda x, y: nested_regression(x, y, np.arange(120) % 3, regressor="rigde"), "expected ridge, svr"),
        (lambda x, y: nested_classifier(x, np.ones(120), np.arange(120) % 3), "one class"),
    ],
)
def test_bad_input_is_one_sentence(call, said):
    with pytest.raises(ValueError, match=said):
        call(*_data())
