import numpy as np
import pytest
import torch
from torch import nn

from combmotif.models import InputSpec, SequenceModel
from combmotif.models.architectures.cnn_gru import CnnGru
from combmotif.sequence import encode


class Sums(nn.Module):
    """Sums of the first two channels, and of the last."""

    def forward(self, x):
        return torch.stack([x[:, :2].sum((1, 2)), x[:, -1].sum(1)], 1)


def test_predict_keeps_the_order_of_sequences_of_different_lengths():
    model = SequenceModel("sums", Sums(), InputSpec("rna", None, 6), ("ac", "track"))
    codes = [encode(s) for s in ("ACGU", "CC", "ggca", "", "AAAANNNN")[:3]] + [encode("AAAANNNN")]
    assert model.predict(codes, batch=1).tolist() == [[2, 0], [2, 0], [2, 0], [4, 0]]


def test_number_of_outputs_is_checked():
    model = SequenceModel("sums", Sums())
    with pytest.raises(ValueError, match=r"expected predictions of shape \(1, 1\), found \(1, 2\)"):
        model.predict([encode("AC")])


def test_fixed_length_is_checked():
    model = SequenceModel("sums", Sums(), InputSpec("rna", 5), ("a", "b"))
    with pytest.raises(ValueError, match="seq1: model 'sums' reads 5 nt, found 4 nt"):
        model.check(encode("ACGU"), name="seq1")


def test_fingerprint_follows_weights_and_structure():
    torch.manual_seed(0)
    net = CnnGru(blocks=1, width=4)
    first = SequenceModel("a", net).fingerprint()
    assert SequenceModel("b", net).fingerprint() == first
    assert SequenceModel("a", net, InputSpec("dna")).fingerprint() != first
    with torch.no_grad():
        net.head.bias += 1e-6
    assert SequenceModel("a", net).fingerprint() != first


def test_evaluation_mode():
    net = CnnGru(blocks=1, width=4, dropout=0.9).train()
    model = SequenceModel("a", net)
    codes = np.zeros((2, 20), np.uint8)
    assert np.array_equal(model.predict(codes), model.predict(codes))
