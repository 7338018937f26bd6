"""Masked multi-task training on planted words."""

import numpy as np
import pytest
import torch

from combmotif.models.architectures.cnn_gru import CnnGru
from combmotif.training.loop import Journal
from combmotif.training.multitask import MultitaskOptions, pearson, stack, train_multitask
from combmotif.training.regressor import predict_codes

OPTIONS = MultitaskOptions(epochs=2, batch=50, learning_rate=1e-2, averaging=0.9, shift=2, seed=1)


def _net(outputs=2, seed=0, **arguments):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return CnnGru(blocks=2, width=16, pooled=1, readout="mean", dropout=0.0, outputs=outputs, **arguments)


@pytest.fixture(scope="module")
def planted():
    """Counts of AU and of GC in 24 nt, z-scored; the second is known for a quarter of the rows."""
    codes = np.random.default_rng(0).integers(0, 4, (2000, 24)).astype(np.uint8)
    au = ((codes[:, :-1] == 0) & (codes[:, 1:] == 3)).sum(1)
    gc = ((codes[:, :-1] == 2) & (codes[:, 1:] == 1)).sum(1)
    labels = np.stack([au, gc], axis=1).astype(float)
    labels = (labels - labels.mean(0)) / labels.std(0)
    masked = labels.copy()
    masked[np.arange(2000) % 4 != 0, 1] = np.nan
    return codes, labels, masked


@pytest.mark.slow
def test_tasks_are_learned_from_the_rows_that_have_them(planted):
    codes, labels, masked = planted
    options = MultitaskOptions(epochs=10, batch=50, learning_rate=1e-2, averaging=0.95, precision="bfloat16")
    net = _net()
    history = train_multitask(net, codes[:1800], masked[:1800], options=options)
    assert [row["epoch"] for row in history] == list(range(1, 11))
    assert not net.training
    found = pearson(predict_codes(net, codes[1800:]), labels[1800:])
    assert found[0] > 0.95
    assert found[1] > 0.85


def test_a_task_of_weight_zero_and_unmeasured_rows_teach_nothing(planted):
    codes, labels, masked = planted
    spoiled = masked.copy()
    spoiled[:, 1] = np.random.default_rng(1).normal(size=2000) * 100
    one, other = _net(), _net()
    for net, values in ((one, masked), (other, spoiled)):
        train_multitask(net, codes[:300], values[:300], options=OPTIONS, task_weights=[1.0, 0.0])
    np.testing.assert_allclose(predict_codes(one, codes)[:, 0], predict_codes(other, codes)[:, 0], rtol=1e-5, atol=1e-6)


def test_a_resumed_run_ends_like_an_undisturbed_one(planted, tmp_path):
    codes, _, masked = planted
    whole, half = _net(), _net()
    train_multitask(whole, codes[:300], masked[:300], options=OPTIONS)

    def stop(row):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_multitask(
            half, codes[:300], masked[:300], options=OPTIONS, journal=Journal(tmp_path / "c.pt", on_epoch=stop)
        )
    resumed = _net(seed=5)
    history = train_multitask(resumed, codes[:300], masked[:300], options=OPTIONS, journal=Journal(tmp_path / "c.pt"))
    assert len(history) == 2
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name


def test_mistakes(planted, tmp_path):
    codes, _, masked = planted
    with pytest.raises(ValueError, match=r"labels: expected shape \(300, tasks\), found \(299, 2\)"):
        train_multitask(_net(), codes[:300], masked[:299], options=OPTIONS)
    with pytest.raises(ValueError, match="batch: expected at most the 40 training rows, found 50"):
        train_multitask(_net(), codes[:40], masked[:40], options=OPTIONS)
    train_multitask(_net(), codes[:100], masked[:100], options=OPTIONS, journal=Journal(tmp_path / "c.pt"))
    other = MultitaskOptions(epochs=3, batch=50)
    with pytest.raises(ValueError, match="written with other training options"):
        train_multitask(_net(), codes[:100], masked[:100], options=other, journal=Journal(tmp_path / "c.pt"))


def test_stack_fills_and_cuts_at_the_3_prime_end():
    rows = stack([np.array([0, 1]), np.array([3, 2, 1, 0])], 3)
    assert rows.tolist() == [[0, 1, 4], [3, 2, 1]]


def test_pearson_skips_unknown_rows():
    measured = np.array([[1.0, np.nan], [2.0, 5.0], [4.0, np.nan]])
    found = pearson(np.array([[2.0, 1], [4.0, 1], [8.0, 1]]), measured)
    assert found[0] == pytest.approx(1.0)
    assert np.isnan(found[1])
