import sys

import numpy as np
import pytest
import torch
from torch import nn

from combmotif.attribution import METHODS, AttributionOptions, attribute, attribute_parts
from combmotif.attribution.attributions import join_attributions, own_scores
from combmotif.attribution.methods import CompletenessWarning
from combmotif.core.seeding import named_generator, stable_hash
from combmotif.models.model import SequenceModel
from combmotif.sequence.onehot import one_hot
from combmotif.sequence.shuffle import dinucleotide_shuffle

CHEAP = AttributionOptions(steps=4, max_steps=4, baselines=3, draws=6, tolerance=100)


def shuffles(row, count, seed=0):
    return dinucleotide_shuffle(row, count, named_generator(seed, "baselines", stable_hash(row.tobytes().hex())))


@pytest.mark.parametrize("method", ["integrated_gradients", "gradient_shap"])
def test_a_linear_model_is_explained_exactly(linear, codes, method):
    model, rows = linear(), codes(20, 20, 20)
    options = AttributionOptions(method=method, baselines=5, draws=20, steps=2, max_steps=2)
    result = attribute(model, rows, "output:0", options=options, seed=3)
    weight = model.module.weight.detach().numpy()
    for row, scores in zip(rows, result.scores, strict=True):
        base = one_hot(shuffles(row, 5, seed=3)).numpy().mean(0)
        np.testing.assert_allclose(scores, weight - (base * weight).sum(0), atol=1e-5)
    assert result.errors.max() < 1e-4
    np.testing.assert_allclose(result.values, model.predict(rows)[:, 0], atol=1e-5)


def test_gradient_times_input_is_the_weights_of_a_linear_model(linear, codes):
    model, rows = linear(), codes(20)
    scores = attribute(model, rows, "output:0", options=AttributionOptions(method="gradient_input")).scores[0]
    np.testing.assert_allclose(scores, model.module.weight.detach().numpy(), atol=1e-6)


def test_integrated_gradients_equal_a_plain_integral(small, codes):
    model, (row,) = small(), codes(18)
    options = AttributionOptions(baselines=2, steps=64, max_steps=64)
    result = attribute(model, [row], "output:1", options=options)
    x, total = one_hot(row[None]), torch.zeros(4, 18)
    for base in one_hot(shuffles(row, 2)):
        for share in (torch.arange(2000) + 0.5).split(500):
            points = (base + share[:, None, None] / 2000 * (x - base)).requires_grad_()
            (slope,) = torch.autograd.grad(model(points)[:, 1].sum(), points)
            total += (slope - (base * slope).sum(1, keepdim=True)).sum(0) / 4000
    np.testing.assert_allclose(result.scores[0], total.numpy(), atol=0.02 * np.abs(total.numpy()).max())
    assert result.errors[0] < 0.02


@pytest.mark.slow
def test_gradient_shap_approaches_captum(small, codes):
    captum = pytest.importorskip("captum.attr")
    model, (row,) = small(recurrent=False), codes(18)
    own = attribute(
        model, [row], "output:0", options=AttributionOptions(method="gradient_shap", baselines=4, draws=4000)
    )
    torch.manual_seed(0)
    np.random.seed(0)  # noqa: NPY002 - captum draws from the global generator
    theirs = captum.GradientShap(lambda x: model(x)[:, 0]).attribute(
        one_hot(row[None]), baselines=one_hot(shuffles(row, 4)), n_samples=4000, stdevs=0.0
    )
    theirs = theirs.sum(1)[0].detach().numpy()
    np.testing.assert_allclose(own.contributions[0], theirs, atol=0.05 * np.abs(theirs).max())


def test_above_the_tolerance_steps_are_refined_then_a_warning_names_the_number(codes):
    class Steep(nn.Module):
        def forward(self, x):
            return torch.sigmoid(25 * (x[:, 0].mean(1) - x[:, 1].mean(1) + 0.1 * x[:, 2, :8].sum(1) - 0.21))

    model, rows = SequenceModel("steep", Steep()), codes(16, 16, 16, 16)
    coarse = AttributionOptions(baselines=4, steps=1, max_steps=2, tolerance=1e-3)
    with pytest.warns(CompletenessWarning, match=r"of 4 sequences .* more than 0\.10% .* after 2 steps") as caught:
        first = attribute(model, rows, "output:0", options=coarse)
    assert f"{first.errors.max():.2%}" in str(caught[0].message)
    fine = AttributionOptions(baselines=4, steps=1, max_steps=256, tolerance=1e-3)
    second = attribute(model, rows, "output:0", options=fine)
    assert second.errors.max() <= 1e-3
    assert second.steps.max() > 2
    assert not second.warning


@pytest.mark.parametrize("method", METHODS)
def test_a_sequence_has_the_same_result_whatever_stands_beside_it(small, codes, method):
    model, rows = small(), codes(30, 18, 30, 24)
    options = AttributionOptions(method=method, baselines=3, draws=6, steps=4, max_steps=4, tolerance=100)
    together = attribute(model, rows, "output:0", options=options)
    assert [len(scores[0]) for scores in together.scores] == [30, 18, 30, 24]
    for row, scores in zip(rows, together.scores, strict=True):
        alone = attribute(model, [row], "output:0", options=options)
        np.testing.assert_allclose(scores, alone.scores[0], atol=1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_tracks_stay_as_they_are(codes, method):
    seen = []

    class Watched(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv1d(6, 1, 3)

        def forward(self, x):
            seen.append(x[:, 4:].detach().clone())
            return self.conv(x).tanh().sum((1, 2))

    from combmotif.models.model import InputSpec

    model = SequenceModel("watched", Watched(), InputSpec(channels=6))
    tracks = [np.stack([np.arange(12) % 3 == 0, np.arange(12) == 5]).astype(np.float32)]
    options = AttributionOptions(method=method, baselines=2, draws=4, steps=2, max_steps=2, tolerance=100)
    result = attribute(model, codes(12), "output:0", options=options, tracks=tracks)
    assert result.scores[0].shape == (4, 12)
    assert all(np.allclose(x, tracks[0], atol=1e-6) for batch in seen for x in batch.numpy())


def test_padding_and_cut_ends_are_not_scored(small, codes):
    model = small(length=24, rule="pad_right")
    short, long = codes(17, 31)
    result = attribute(model, [short, long], "output:0", options=CHEAP)
    assert [scores.shape for scores in result.scores] == [(4, 17), (4, 24)]
    assert result.starts.tolist() == [0, 7]
    np.testing.assert_array_equal(result.codes[1], long[7:])
    np.testing.assert_allclose(result.values, model.predict([short, long])[:, 0], atol=1e-5)


def test_a_neuron_is_followed_at_its_strongest_window(small, codes):
    from combmotif.inference import WindowProbe, scan

    model, rows = small(), codes(40, 9, 40)
    probe = WindowProbe(model, "conv2")
    result = attribute(model, rows, "conv2:3", options=CHEAP)
    width = probe.receptive_field
    assert result.rows.tolist() == [row for row, own in enumerate(rows) if len(own) >= width]
    for place, row in enumerate(result.rows):
        ((_, values, _),) = scan(model, "conv2", [rows[row]])
        assert result.starts[place] == values[0, 3].argmax()
        assert result.values[place] == pytest.approx(values[0, 3].max(), abs=1e-5)
        np.testing.assert_array_equal(result.codes[place], rows[row][result.starts[place] :][:width])


def test_the_window_of_a_neuron_is_explained_as_if_it_were_alone(small, codes):
    from combmotif.inference import WindowProbe

    model, rows = small(), codes(40)
    probe = WindowProbe(model, "conv2")
    options = AttributionOptions(method="mutagenesis")
    result = attribute(model, rows, "conv2:0", options=options)
    window = rows[0][result.starts[0] :][: probe.receptive_field]
    mutant = window.copy()
    mutant[4] = (mutant[4] + 1) % 4
    change = np.diff(probe.activations(np.stack([window, mutant]))[:, 0])[0]
    scores = result.scores[0]
    assert scores[mutant[4], 4] - scores[window[4], 4] == pytest.approx(change, abs=1e-5)


def test_no_sequence_has_a_window(small, codes):
    result = attribute(small(), codes(5, 4), "conv2:0", options=CHEAP)
    assert len(result) == 0
    assert result.contributions == []


def test_n_is_neither_shuffled_nor_scored(small, codes):
    (row,) = codes(30)
    row[[4, 20]] = 4
    result = attribute(small(), [row], "output:0", options=AttributionOptions(method="mutagenesis"))
    assert not result.scores[0][:, [4, 20]].any()
    assert not result.contributions[0][[4, 20]].any()
    assert own_scores(result.scores[0], row)[0] == result.contributions[0][0]


def test_parts_join_to_the_whole(small, codes):
    model, rows = small(), codes(30, 18, 30)
    seen = []
    parts = list(attribute_parts(model, rows, "output:0", options=CHEAP, progress=lambda *n: seen.append(n)))
    assert len(parts) == 2
    assert seen == [(1, 3), (3, 3)]
    whole = join_attributions(parts)
    assert whole.rows.tolist() == [0, 1, 2]
    assert whole.table().columns.tolist()[:3] == ["sequence", "start", "end"]
    with pytest.raises(ValueError, match="one target and method"):
        join_attributions([])


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("conv9:1", "no layer 'conv9', found 'conv9:1'; choose output:0, or a neuron of conv1, conv2"),
        ("conv2:5", "layer 'conv2' has 5 neurons, 0 to 4"),
        ("output:third", r"2 outputs, 0 to 1 or by name \(first, second\)"),
        ("first", "expected output:0, output:NAME or a neuron"),
        ("gru:0", "cannot carry motifs"),
    ],
)
def test_a_target_that_does_not_exist_is_named(small, codes, target, message):
    with pytest.raises(ValueError, match=message):
        attribute(small(), codes(30), target)


def test_outputs_by_name_and_number_are_one(small):
    from combmotif.attribution import parse_target

    assert parse_target("output:second", small()) == parse_target("output:1", small())
    assert parse_target("output:second", small()).file_name == "output-1"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"method": "deeplift"}, "should be 'integrated_gradients'"),
        ({"baselines": 0}, "greater than or equal to 1"),
        ({"steps": 300}, "max_steps: expected at least steps"),
        ({"tolerance": 0}, "greater than 0"),
    ],
)
def test_options_out_of_range(given, message):
    with pytest.raises(ValueError, match=message):
        AttributionOptions(**given)


def test_integrated_gradients_are_captums_and_need_no_captum(small, codes, monkeypatch):
    captum = pytest.importorskip("captum.attr")
    model, (row,) = small(recurrent=False), codes(18)
    theirs = captum.IntegratedGradients(lambda x: model(x)[:, 0], multiply_by_inputs=False)
    base, x = one_hot(shuffles(row, 1)), one_hot(row[None])
    pieces = [(base + k / 8 * (x - base), base + (k + 1) / 8 * (x - base)) for k in range(8)]
    slope = sum(theirs.attribute(last, baselines=first, n_steps=2) for first, last in pieces).detach() / 8
    for name in ("captum", "captum.attr"):
        monkeypatch.setitem(sys.modules, name, None)
    options = AttributionOptions(baselines=1, steps=16, max_steps=16, tolerance=1)
    own = attribute(model, [row], "output:0", options=options)
    np.testing.assert_allclose(own.scores[0], (slope - (base * slope).sum(1, keepdim=True))[0].numpy(), atol=1e-6)
