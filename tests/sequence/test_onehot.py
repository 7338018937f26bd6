import numpy as np
import torch

from combmotif.sequence import one_hot


def test_channels_are_acgu_and_n_is_zero():
    x = one_hot(np.array([[0, 1, 2, 3, 4], [3, 3, 4, 0, 0]], dtype=np.uint8))
    assert x.shape == (2, 4, 5)
    assert x.dtype == torch.float32
    assert x.is_contiguous()
    assert x[0].argmax(0)[:4].tolist() == [0, 1, 2, 3]
    assert x.sum(1).tolist() == [[1, 1, 1, 1, 0], [1, 1, 0, 1, 1]]


def test_tensor_in_equals_array_in():
    codes = np.random.default_rng(0).integers(0, 5, (3, 7)).astype(np.uint8)
    assert torch.equal(one_hot(codes), one_hot(torch.from_numpy(codes)))
