import numpy as np
import pytest
import torch

from combmotif.models.architectures.cnn_gru import CnnGru
from combmotif.sequence.labelled import MemoryRows
from combmotif.training.supervised import SupervisedOptions, predict_rows, train_supervised


def _net():
    torch.manual_seed(0)
    return CnnGru(blocks=1, width=4, padding=0, dropout=0.0, outputs=2)


@pytest.fixture
def rows():
    rng = np.random.default_rng(1)
    codes = list(rng.integers(0, 4, (12, 20)).astype(np.uint8))
    return MemoryRows(codes, None, rng.normal(size=12), channels=4, length=20)


def test_one_step_is_adam_on_the_error_and_the_kernels(rows):
    """One batch of all rows, by hand: mean squared error of head 1, plus 0.01 x the squared kernels, clipped."""
    net, plain = _net(), _net()
    options = SupervisedOptions(epochs=1, batch=12, learning_rate=0.01, beta2=0.9, kernel_l2=0.01, clip=0.5, seed=4)
    order = np.random.default_rng([4, 0]).permutation(12)
    plain.train()
    optimizer = torch.optim.Adam(plain.parameters(), lr=0.01, betas=(0.9, 0.9))
    x, y = torch.from_numpy(rows.batch(order)), torch.from_numpy(rows.labels[order])
    loss = ((plain(x)[:, 0] - y) ** 2).mean()
    kernels = [plain.conv1.weight, plain.conv2.weight, plain.gru.weight_ih_l0, plain.dense.weight]
    loss = loss + 0.01 * sum((k**2).sum() for k in kernels)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(plain.parameters(), 0.5)
    optimizer.step()
    result = train_supervised(net, [rows], [rows], names=["a"], options=options)
    for (name, found), expected in zip(net.state_dict().items(), plain.state_dict().values(), strict=True):
        assert torch.allclose(found, expected, atol=1e-6), name
    assert result.best_epochs == [1]
    assert set(result.history[0]) == {"epoch", "train_loss", "validation_loss", "validation_r"}


def test_every_head_keeps_its_own_best_epoch(rows):
    other = MemoryRows(rows.codes, None, -rows.labels, channels=4, length=20)
    options = SupervisedOptions(epochs=5, batch=6, learning_rate=0.02, stop="pearson", shift=2)
    net = _net()
    result = train_supervised(net, [rows, other], [rows, other], names=["a", "b"], options=options)
    for head, (name, own) in enumerate((("a", rows), ("b", other))):
        best = max(result.history, key=lambda row: row[f"validation_r_{name}"])
        assert result.best_epochs[head] == best["epoch"]
        net.load_state_dict(result.states[head])
        predicted = predict_rows(net, own, head=head)
        assert np.corrcoef(predicted, own.labels)[0, 1] == pytest.approx(best[f"validation_r_{name}"], abs=1e-5)


def test_the_rows_of_both_heads_are_all_seen_once(rows):
    seen = []

    class Spy(MemoryRows):
        def batch(self, wanted):
            seen.append((self.labels[0], sorted(wanted)))
            return super().batch(wanted)

    spies = [Spy(rows.codes, None, rows.labels + shift, channels=4, length=20) for shift in (0, 10)]
    train_supervised(
        _net(), spies, [rows, rows], names=["a", "b"], options=SupervisedOptions(epochs=1, batch=5)
    )  # fmt: skip
    for spy in spies:
        parts = [part for first, part in seen if first == spy.labels[0]]
        assert sorted(len(part) for part in parts) == [2, 5, 5]
        assert sorted(row for part in parts for row in part) == list(range(12))
