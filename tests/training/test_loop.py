"""The training loop on a net of one weight, whose every step can be worked out by hand."""

import numpy as np
import pytest
import torch
from torch import nn

from combmotif.training.loop import Journal, TrainingOptions, fit, follow, save_state


def _net():
    net = nn.Linear(1, 1, bias=False)
    net.weight.data.fill_(1.0)
    return net


def _fit(net, options, *, batches=4, slope=1.0, **arguments):
    """Plain gradient descent on slope x weight, in ``batches`` steps an epoch."""
    optimizer = torch.optim.SGD(net.parameters(), lr=options.learning_rate)

    def loss(batch, random):
        value = slope * net.weight.sum()
        return value, value

    return fit(net, optimizer, options, batches=lambda random, epoch: range(batches), loss=loss, **arguments), optimizer


def test_constant_rate_and_no_average_are_plain_descent():
    options = TrainingOptions(epochs=2, learning_rate=0.01, schedule="constant", averaging=0.0)
    net = _net()
    fitted, _ = _fit(net, options)
    assert net.weight.item() == pytest.approx(1 - 8 * 0.01)
    assert fitted.states[0]["weight"].item() == net.weight.item()
    assert fitted.best_epochs == [2]
    assert fitted.history[0] == {"epoch": 1, "train_loss": pytest.approx(1 - 0.015)}


def _rates(schedule, last):
    """The rate of every step of nine epochs of ten steps and one of ``last``."""
    rates = []
    net = _net()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.5)

    def loss(batch, random):
        rates.append(optimizer.param_groups[0]["lr"])
        return net.weight.sum(), net.weight.sum()

    options = TrainingOptions(epochs=10, learning_rate=0.5, averaging=0.0, schedule=schedule)
    fit(net, optimizer, options, batches=lambda random, epoch: range(10 if epoch < 9 else last), loss=loss)
    return rates


def test_the_rate_rises_to_its_peak_after_15_percent_and_falls_to_nothing():
    rates = _rates("one_cycle", 10)
    assert rates[0] == pytest.approx(0.5 / 25)
    assert int(np.argmax(rates)) == 14
    assert max(rates) == pytest.approx(0.5)
    assert rates[-1] == pytest.approx(0.5 / 2000)
    assert (np.diff(rates[:15]) > 0).all()
    assert (np.diff(rates[14:]) < 0).all()


def test_a_cosine_rises_for_5_percent_of_the_steps():
    rates = _rates("cosine", 5)  # 95 steps: 4 of them rise
    falling = [0.25 * (1 + np.cos(np.pi * step / 91)) for step in range(91)]
    assert rates == pytest.approx([0.125, 0.25, 0.375, 0.5, *falling])


def test_the_average_lags_behind_and_forgets_its_start():
    """After the first step it is the weight; then it keeps (n + 1) / (n + 10) of itself, at most ``averaging``."""
    net = nn.BatchNorm1d(1)
    average = follow(net, 0.15)
    expected = 0.0
    for count, value in enumerate([1.0, 3.0, 2.0]):
        net.weight.data.fill_(value)
        net.num_batches_tracked.fill_(count + 1)
        average.update_parameters(net)
        keep = 0.0 if count == 0 else min(0.15, (count + 1) / (count + 10))
        expected = keep * expected + (1 - keep) * value
        assert average.module.weight.item() == pytest.approx(expected)
        assert average.module.num_batches_tracked.item() == count + 1


def test_the_best_epoch_of_every_score_is_kept_and_patience_counts_from_the_last():
    options = TrainingOptions(epochs=20, learning_rate=0.1, schedule="constant", averaging=0.0, clip=0.0, patience=3)
    scores = iter([[5.0, 1.0], [4.0, 2.0], [6.0, 0.5], [7.0, 3.0], [8.0, 3.0], [9.0, 3.0], [0.0, 0.0]])
    fitted, _ = _fit(_net(), options, batches=1, evaluate=lambda net: ({}, next(scores)))
    assert fitted.best_epochs == [2, 3]
    assert len(fitted.history) == 6
    assert [state["weight"].item() for state in fitted.states] == pytest.approx([0.8, 0.7])


def test_a_score_that_is_no_number_is_never_the_best():
    options = TrainingOptions(epochs=2, schedule="constant", averaging=0.0)
    fitted, _ = _fit(_net(), options, evaluate=lambda net: ({}, [float("nan")]))
    assert fitted.best_epochs == [0]
    assert set(fitted.states[0]) == {"weight"}


def test_a_finished_training_is_read_and_not_gone_on_with(tmp_path):
    options = TrainingOptions(epochs=3, averaging=0.9)
    first, _ = _fit(_net(), options, journal=Journal(tmp_path / "c.pt"))
    steps = []
    again, _ = _fit(_net(), options, journal=Journal(tmp_path / "c.pt", on_step=lambda *step: steps.append(step)))
    assert steps == []
    assert again.history == first.history
    assert torch.equal(again.states[0]["weight"], first.states[0]["weight"])


def test_a_resumed_schedule_goes_on_where_it_was(tmp_path):
    options = TrainingOptions(epochs=4, learning_rate=0.1, averaging=0.9, clip=0.0)
    whole = _net()
    _fit(whole, options)

    def stop(row):
        if row["epoch"] == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _fit(_net(), options, journal=Journal(tmp_path / "c.pt", on_epoch=stop))
    resumed = _net()
    _fit(resumed, options, journal=Journal(tmp_path / "c.pt"))
    assert torch.equal(resumed.weight, whole.weight)


def test_what_cannot_be_trained_is_told(tmp_path):
    with pytest.raises(ValueError, match="batch: expected at most as many sequences as there are .* found 256"):
        _fit(_net(), TrainingOptions(), batches=0)
    with pytest.raises(FloatingPointError, match="training loss is nan in epoch 1; lower learning_rate"):
        _fit(_net(), TrainingOptions(), slope=np.nan)
    options = TrainingOptions(epochs=2)
    _fit(_net(), options, journal=Journal(tmp_path / "c.pt"))
    save_state({"options": options.__dict__, "epoch": 1}, tmp_path / "c.pt")
    with pytest.raises(ValueError, match="written by an earlier version of combmotif; choose another --out"):
        _fit(_net(), options, journal=Journal(tmp_path / "c.pt"))
