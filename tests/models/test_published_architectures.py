"""Published architectures, each with a planted k-mer: they open as they are and agree with the plain net."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from combmotif.attribution import AttributionOptions, attribute
from combmotif.inference import Edits, WindowProbe, layer_geometry, predict_edits, scan
from combmotif.inference.background import background_activations
from combmotif.inference.layers import changing
from combmotif.models.model import InputSpec
from combmotif.models.opening import open_module
from combmotif.sequence import decode

sys.path.insert(0, str(Path(__file__).parent))
from zoo import WORD, ZOO, table


@pytest.fixture(scope="module", params=ZOO, ids=lambda one: one.name)
def opened(request):
    torch.manual_seed(0)
    options = dict(request.param.options)
    spec = InputSpec(length=options.pop("length", None))
    return request.param, open_module(request.param.build(), spec, name=request.param.name, **options)


def sequences(model, count=3, *, seed=0):
    return np.random.default_rng(seed).integers(0, 4, (count, model.input_spec.length or 120)).astype(np.uint8)


def plain(model, layer, x):
    """What the layer gives in an ordinary forward pass, as (n, neurons, positions)."""
    found = []
    with changing(model, layer, lambda output: found.append(output.clone())):
        model(x)
    values = found[-1 if model.name == "DeepBind" else 0][: len(x)]
    if len(found[0]) > len(x):
        values = found[0][::2] if "side by side" in model.name else values
    if values.ndim == 4:
        values = values.squeeze(3) if values.shape[3] == 1 else values.squeeze(2)
    return values


def climbed(probe, neuron):
    """Best window by changing base after base."""
    codes = np.random.default_rng(1).integers(0, 4, probe.receptive_field).astype(np.uint8)
    for place in list(range(probe.receptive_field)) * 2:
        tried = np.repeat(codes[None], 4, 0)
        tried[:, place] = range(4)
        codes = tried[probe.activations(tried)[:, neuron].argmax()]
    return decode(codes)


def test_the_planted_word_excites_the_neuron_most(opened):
    one, model = opened
    probe = WindowProbe(model, one.layer)
    assert probe.geometry.way == one.way
    assert WORD in climbed(probe, 0)
    assert background_activations(model, one.layer)[0] < -3


def test_a_window_is_the_support_of_the_gradient(opened):
    one, model = opened
    for layer in filter(None, (one.layer, one.deep)):
        geometry = layer_geometry(model, layer)
        x = model.tensor(sequences(model, 16)).requires_grad_()
        output = plain(model, layer, x)
        at = output.shape[2] // 2
        if not one.gradient:  # tokens pass none
            assert not output.requires_grad or torch.autograd.grad(output.sum(), x, allow_unused=True)[0] is None
            continue
        (gradient,) = torch.autograd.grad(output[:, :, at].square().sum(), x)
        places = np.flatnonzero(gradient.abs().amax((0, 1)).numpy())
        start = geometry.offset + geometry.stride * at
        assert (places[0], places[-1] + 1) == (start, start + geometry.receptive_field)


def test_a_scan_says_what_the_plain_net_says(opened):
    one, model = opened
    codes = sequences(model)
    for layer in filter(None, (one.layer, one.deep)):
        geometry = layer_geometry(model, layer)
        ((_, values, _),) = scan(model, layer, list(codes))
        with torch.inference_mode():
            expected = plain(model, layer, model.tensor(codes)).numpy()
        starts = geometry.offset + geometry.stride * np.arange(expected.shape[2])
        inner = geometry.whole(expected.shape[2], codes.shape[1])
        assert inner.any()
        np.testing.assert_allclose(values[:, :, starts[inner]], expected[:, :, inner], atol=1e-4)
        windows = np.stack([row[start : start + geometry.receptive_field] for row in codes for start in (0, 7)])
        alone = WindowProbe(model, layer).activations(windows).reshape(3, 2, -1)
        np.testing.assert_allclose(alone, values[:, :, [0, 7]].transpose(0, 2, 1), atol=1e-4)


def test_edits_and_attributions_are_those_of_the_plain_net(opened):
    one, model = opened
    codes = list(sequences(model, 2))
    edits = Edits.substitutions(codes, start=20, stop=26)
    predicted = predict_edits(model, codes, edits)
    np.testing.assert_allclose(predicted.values, model.predict(edits.apply(codes)), atol=1e-5)
    np.testing.assert_allclose(predicted.base, model.predict(codes), atol=1e-5)
    if not one.gradient:
        with pytest.raises(ValueError, match="passes no gradient from output:0 .*'mutagenesis' needs none"):
            attribute(model, codes, "output:0", options=AttributionOptions(method="gradient_input", baselines=2))
        return
    found = attribute(model, codes, "output:0", options=AttributionOptions(method="gradient_input", baselines=2))
    x = model.tensor(np.stack(codes)).requires_grad_()
    (gradient,) = torch.autograd.grad(model.pick(model.call(x), 2, x.shape[2])[:, 0].sum(), x)
    gradient = gradient - gradient.mean(1, keepdim=True)
    scores = np.stack(found.scores)
    np.testing.assert_allclose(scores - scores.mean(1, keepdims=True), gradient.numpy(), atol=1e-5)


def test_the_table_of_the_docs_is_this_one():
    assert table() in (Path(__file__).parents[2] / "docs" / "models.md").read_text(encoding="utf-8")
