import numpy as np
import pytest

from combmotif.models.architectures.framepool import FramePool
from combmotif.sequence import encode
from combmotif.training.regressor import predict_codes, squared_correlation


def test_framepool_reaches_its_published_accuracy(data_dir, measured):
    net = FramePool.from_keras(data_dir / "weights" / "utr_model_50.h5")
    codes, values = measured
    assert squared_correlation(predict_codes(net, codes)[:, 0], values) == pytest.approx(0.927, abs=0.01)


def test_framepool_counts_the_frame_from_the_3_end_and_ignores_padding(data_dir):
    net = FramePool.from_keras(data_dir / "weights" / "utr_model_50.h5").eval()
    utr = "GGGACAUCCAUGGCAACUUCCAGCAAUCCAGGACU"
    alone = predict_codes(net, encode(utr)[None])
    padded = predict_codes(net, encode("N" * 15 + utr)[None])
    assert np.abs(alone - padded).max() < 1e-5


def test_library_scaling_of_the_combined_weights(data_dir):
    net = FramePool.from_keras(data_dir / "weights" / "utr_model_combined_residual.h5")
    assert net.residual
    assert float(net.slope) == pytest.approx(0.914, abs=0.002)
    assert float(net.intercept) == pytest.approx(1.948, abs=0.002)
