import pytest

from combmotif.models import load_card
from combmotif.models.architectures.optimus import Optimus5Prime
from combmotif.sequence import encode
from combmotif.training.regressor import predict_codes, squared_correlation


def test_optimus_reaches_its_published_accuracy(data_dir, measured):
    net = Optimus5Prime.from_keras(data_dir / "weights" / "model_optimus5p_multioutput.h5")
    codes, values = measured
    # 0.9353 on all 10,000 rows; the standard error of r squared on these 2,000 is about 0.003
    assert squared_correlation(predict_codes(net, codes)[:, 0], values) == pytest.approx(0.935, abs=0.01)


def test_cards_of_published_nets(data_dir, monkeypatch):
    monkeypatch.setenv("COMBMOTIF_DATA", str(data_dir))
    optimus, framepool = load_card("optimus5p"), load_card("framepool")
    assert optimus.outputs == ("mrl_hek293t", "mrl_t_cell", "mrl_hepg2")
    assert (optimus.input_spec.length, framepool.input_spec.length) == (50, None)
    utr = encode("CAACCAACAC" * 5)
    # an upstream AUG out of frame (29 nt before the start codon) lowers the load in both
    with_aug = utr.copy()
    with_aug[21:24] = encode("AUG")
    for model in (optimus, framepool):
        assert model.predict([with_aug])[0, 0] < model.predict([utr])[0, 0] - 0.5
