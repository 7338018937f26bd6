import pytest
import torch
from torch import nn

from combmotif.attribution import AttributionOptions, attribute
from combmotif.attribution.recurrence import recurrent_gradients


def test_mode_and_dropout_are_restored_after_an_exception(small):
    module = small().module
    inside = []

    def work():
        with recurrent_gradients(module):
            inside.append((module.gru.training, module.gru.dropout, module.training))
            raise RuntimeError("inside")

    with pytest.raises(RuntimeError, match="inside"):
        work()
    assert inside == [(True, 0, False)]
    assert not module.gru.training
    assert module.gru.dropout == 0.5


def test_values_inside_are_those_of_evaluation(small):
    model = small()
    x = torch.randn(3, 4, 20, generator=torch.Generator().manual_seed(0))
    outside = model(x)
    with recurrent_gradients(model.module):
        torch.testing.assert_close(model(x), outside)


def test_attribution_leaves_the_net_as_it_was(small, codes):
    model = small()
    attribute(model, codes(20), "output:0", options=AttributionOptions(steps=2, max_steps=2, baselines=2, tolerance=9))
    assert not any(part.training for part in model.module.modules())
    assert all(parameter.grad is None for parameter in model.module.parameters())


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_gru_is_attributed_on_a_gpu_as_on_a_cpu(small, codes):
    model, rows = small(), codes(20, 20)
    options = AttributionOptions(steps=8, max_steps=8, baselines=2, tolerance=9)
    before = attribute(model, rows, "output:0", options=options)
    model.module.cuda()
    after = attribute(model, rows, "output:0", options=options)
    for one, other in zip(before.scores, after.scores, strict=True):
        torch.testing.assert_close(torch.as_tensor(one), torch.as_tensor(other), atol=1e-4, rtol=1e-3)
    assert isinstance(model.module.gru, nn.GRU)
    assert not model.module.gru.training
