import numpy as np
import pytest
import torch

from combmotif.models.architectures.cnn_gru import CnnGru
from combmotif.training.loop import Journal, TrainingOptions
from combmotif.training.regressor import predict_codes, squared_correlation, train


def _net():
    torch.manual_seed(5)
    return CnnGru(blocks=2, width=8, dropout=0.2)


def _count_aug(codes):
    aug = (codes[:, :-2] == 0) & (codes[:, 1:-1] == 3) & (codes[:, 2:] == 2)
    return aug.sum(1, keepdims=True).astype(np.float32)


@pytest.fixture(scope="module")
def planted():
    """The label counts AUG; 20 nt."""
    codes = np.random.default_rng(0).integers(0, 4, (600, 20)).astype(np.uint8)
    return codes, _count_aug(codes)


OPTIONS = TrainingOptions(epochs=4, batch=50, learning_rate=5e-3, shift=2, seed=3)


class Killed(Exception):
    pass


def test_resumed_run_ends_with_the_weights_of_an_undisturbed_one(planted, tmp_path):
    codes, labels = planted
    held_out = (codes[500:], labels[500:])
    whole = train(_net(), codes[:500], labels[:500], held_out, options=OPTIONS, journal=Journal(tmp_path / "whole.pt"))

    def kill(step: int, steps: int) -> None:
        assert steps == 40
        if step == 27:
            raise Killed

    checkpoint = tmp_path / "resumed.pt"
    with pytest.raises(Killed):
        train(_net(), codes[:500], labels[:500], held_out, options=OPTIONS, journal=Journal(checkpoint, on_step=kill))
    rows: list[dict] = []
    resumed = train(
        _net(), codes[:500], labels[:500], held_out, options=OPTIONS, journal=Journal(checkpoint, on_epoch=rows.append)
    )
    assert [row["epoch"] for row in rows] == [3, 4]
    assert resumed.history == whole.history
    assert resumed.best_epoch == whole.best_epoch
    for name, value in whole.module.state_dict().items():
        assert torch.equal(value, resumed.module.state_dict()[name]), name


def test_checkpoint_of_other_options_is_refused(planted, tmp_path):
    codes, labels = planted
    held_out = (codes[500:], labels[500:])
    short = TrainingOptions(epochs=1, batch=100)
    train(_net(), codes[:200], labels[:200], held_out, options=short, journal=Journal(tmp_path / "c.pt"))
    with pytest.raises(ValueError, match="written with other training options"):
        train(_net(), codes[:200], labels[:200], held_out, options=OPTIONS, journal=Journal(tmp_path / "c.pt"))


@pytest.mark.slow
def test_training_leaves_the_global_generator_alone_and_learns():
    codes = np.random.default_rng(1).integers(0, 4, (1300, 20)).astype(np.uint8)
    labels = _count_aug(codes)
    torch.manual_seed(9)
    before = torch.get_rng_state()
    options = TrainingOptions(epochs=12, batch=50, learning_rate=1e-2, averaging=0.95, seed=1)
    net = CnnGru(blocks=2, width=16, dropout=0.0)
    torch.set_rng_state(before)
    result = train(net, codes[:1200], labels[:1200], (codes[1200:], labels[1200:]), options=options)
    assert torch.equal(torch.get_rng_state(), before)
    assert not result.module.training
    assert squared_correlation(predict_codes(result.module, codes[1200:]), labels[1200:]) > 0.8
    assert result.history[-1]["train_loss"] < 0.3 * result.history[0]["train_loss"]


def test_weights_of_zero_are_not_trained_on(planted):
    codes, labels = planted
    weights = np.r_[np.ones(250), np.zeros(250)]
    options = TrainingOptions(epochs=2, batch=500, seed=1, averaging=0.0)
    spoiled = labels[:500].copy()
    spoiled[250:] = 1e6
    held_out = (codes[500:], labels[500:])
    clean = train(_net(), codes[:500], labels[:500], held_out, options=options, weights=weights)
    same = train(_net(), codes[:500], spoiled, held_out, options=options, weights=weights)
    assert clean.history == same.history


def test_loss_that_is_not_finite_ends_the_training(planted):
    codes, labels = planted
    wrong = labels[:500].copy()
    wrong[3] = np.nan
    with pytest.raises(FloatingPointError, match="loss is nan in epoch 1"):
        train(_net(), codes[:500], wrong, (codes[500:], labels[500:]), options=OPTIONS)


def test_predict_codes_restores_the_mode():
    net = _net().train()
    predict_codes(net, np.zeros((3, 20), np.uint8))
    assert net.training
