import numpy as np
import pytest
from torch import nn

from combmotif.models import InputSpec, SequenceModel
from combmotif.training.distillation import teacher_labels, training_data


class CountBase(nn.Module):
    """Predicts the counts of A, C, G, U; remembers how many rows it saw."""

    def __init__(self):
        super().__init__()
        self.rows = 0

    def forward(self, x):
        self.rows += len(x)
        return x.sum(2)


def _teacher():
    return SequenceModel("count", CountBase(), InputSpec("rna", 6), ("a", "c", "g", "u"))


@pytest.fixture
def codes():
    return np.random.default_rng(0).integers(0, 4, (20_000, 6)).astype(np.uint8)


def test_labels_are_the_mean_of_the_chosen_outputs(codes):
    labels = teacher_labels([(_teacher(), 0), (_teacher(), 3)], codes)
    assert labels.shape == (20_000, 1)
    assert np.array_equal(labels[:, 0], ((codes == 0).sum(1) + (codes == 3).sum(1)) / 2)


def test_cache_is_gone_on_with_after_a_kill(codes, tmp_path):
    cache = tmp_path / "labels.npz"

    def kill(done: int, total: int) -> None:
        assert total == len(codes)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        teacher_labels([(_teacher(), 0)], codes, cache=cache, on_rows=kill)
    teacher = _teacher()
    labels = teacher_labels([(teacher, 0)], codes, cache=cache)
    assert teacher.module.rows == len(codes) - 8192
    assert np.array_equal(labels[:, 0], (codes == 0).sum(1))
    again = _teacher()
    teacher_labels([(again, 0)], codes, cache=cache)
    assert again.module.rows == 0
    # another output, or other sequences, are another question
    assert np.array_equal(teacher_labels([(again, 1)], codes, cache=cache)[:, 0], (codes == 1).sum(1))
    assert not list(tmp_path.glob("*.tmp"))


def test_training_data_is_scaled_and_holds_out_the_last_rows(codes):
    labels = teacher_labels([(_teacher(), 0)], codes)
    extra = (codes[:50], np.full((50, 1), 9.0, np.float32))
    data = training_data(codes, labels, validation=1000, measured=extra, weight=3.0)
    assert data.codes.shape == (19_050, 6)
    assert np.array_equal(data.validation[0], codes[-1000:])
    assert data.labels.mean() == pytest.approx(0, abs=1e-5)
    assert data.labels.std() == pytest.approx(1, abs=1e-5)
    assert np.allclose(data.validation[1] * data.std + data.mean, labels[-1000:], atol=1e-5)
    assert data.weights[:19_000].tolist() == [1.0] * 19_000
    assert data.weights[19_000:].tolist() == [3.0] * 50
    with pytest.raises(ValueError, match="validation: expected between 1 and 19999 rows, found 20000"):
        training_data(codes, labels, validation=20_000)
    with pytest.raises(ValueError, match="all are equal"):
        training_data(codes, np.ones((20_000, 1)), validation=5)
