import numpy as np
import pytest

from combmotif.models.evaluation import agreement


def test_known_numbers():
    # r of (1, 2, 3, 4) and (1, 3, 2, 4) is 0.8, also of the ranks; NaN was not measured
    found = agreement(np.array([1, 2, 3, 4, 9.0]), np.array([1, 3, 2, 4, np.nan]))
    assert found.pearson == pytest.approx(0.8)
    assert found.squared_correlation == pytest.approx(0.64)
    assert found.spearman == pytest.approx(0.8)
    assert found.n == 4
    curved = agreement(np.array([1.0, 2, 3]), np.array([1.0, 10, 1000]))
    assert curved.spearman == pytest.approx(1)
    assert curved.pearson < 0.9


def test_nothing_to_compare():
    assert np.isnan(agreement(np.zeros(4), np.arange(4.0)).pearson)
    with pytest.raises(ValueError, match="values: expected at least 3 both measured and predicted, found 1"):
        agreement(np.zeros(2), np.array([1, np.nan]))
