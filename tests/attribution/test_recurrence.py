import pytest
import torch
from torch import nn

from combmotif.attribution import AttributionOptions, attribute
from combmotif.attribution.gradients import recurrent_gradients


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


@pytest.mark.parametrize("method", ["integrated_gradients", "gradient_shap", "gradient_input"])
def test_backward_passes_run_where_cudnn_demands_training_mode(small, codes, method, monkeypatch):
    """cuDNN refuses a backward pass through a recurrent layer in evaluation mode; here an autograd function does."""

    class Strict(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, layer):
            ctx.training = layer.training
            return x.view_as(x)

        @staticmethod
        def backward(ctx, slope):
            if not ctx.training:
                raise RuntimeError("cudnn RNN backward can only be called in training mode")
            return slope, None

    model, rows = small(), codes(20, 26)
    gru = model.module.gru
    plain = gru.forward
    monkeypatch.setattr(gru, "forward", lambda x: (Strict.apply(plain(x)[0], gru), None))
    with pytest.raises(RuntimeError, match="training mode"):
        model(torch.rand(1, 4, 20, requires_grad=True)).sum().backward()
    options = AttributionOptions(method=method, baselines=2, steps=2, max_steps=4, draws=4, tolerance=9)
    found = attribute(model, rows, "output:1", options=options)
    assert all(scores.any() for scores in found.scores)
    assert not any(part.training for part in model.module.modules())
    assert gru.dropout == 0.5

    def broken(x):
        raise ValueError("broken")

    monkeypatch.setattr(model.module.head, "forward", broken)
    with pytest.raises(ValueError, match="broken"):
        attribute(model, rows, "output:1", options=options)
    assert not gru.training
    assert gru.dropout == 0.5


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
