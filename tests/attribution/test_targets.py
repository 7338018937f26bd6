import numpy as np
import pytest
import torch

from combmotif.attribution import METHODS, AttributionOptions, attribute, parse_target
from combmotif.attribution.targets import Target, TargetFunction
from combmotif.inference import WindowProbe
from combmotif.sequence import encode

OPTIONS = {
    method: AttributionOptions(method=method, baselines=3, steps=4, max_steps=4, draws=6, tolerance=100)
    for method in METHODS
}


def test_what_is_named_is_what_is_followed(small):
    model = small()
    assert parse_target("output:first", model) == Target(None, 0, "first")
    assert str(parse_target("conv2:3", model)) == "conv2:3"
    assert parse_target("conv2:3", model).file_name == "conv2-3"
    function = TargetFunction(model, parse_target("conv2:3", model))
    probe = WindowProbe(model, "conv2")
    codes = np.random.default_rng(0).integers(0, 4, (5, probe.receptive_field)).astype(np.uint8)
    with torch.inference_mode():
        found = function(function.tensor(codes, None)).numpy()
        alone, channel = function.alone
    np.testing.assert_allclose(found, probe.activations(codes)[:, 3], atol=1e-6)
    np.testing.assert_allclose(alone.predict(codes)[:, channel], found, atol=1e-6)


@pytest.mark.parametrize("target", ["output:0", "conv2:1"])
@pytest.mark.parametrize("method", METHODS)
def test_every_method_keeps_lengths_ends_tracks_and_n(small, codes, method, target):
    model, rows = small(channels=5), codes(31, 24, 40)
    rows[0][[2, 9]] = 4
    tracks = [np.arange(len(row), dtype=np.float32)[None] / 40 for row in rows]
    result = attribute(model, rows, target, options=OPTIONS[method], tracks=tracks, seed=5)
    width = WindowProbe(model, "conv2").receptive_field
    assert [own.shape for own in result.scores] == [(4, width if target != "output:0" else len(row)) for row in rows]
    for place, (own, start) in enumerate(zip(result.codes, result.starts, strict=True)):
        np.testing.assert_array_equal(own, rows[place][start : start + len(own)])
        assert not result.contributions[place][own > 3].any()
    if target == "output:0":
        expected = [model.predict([row], tracks=[track])[0, 0] for row, track in zip(rows, tracks, strict=True)]
        np.testing.assert_allclose(result.values, expected, atol=1e-6)
    other = [track + 1 for track in tracks]
    moved = attribute(model, rows, target, options=OPTIONS[method], tracks=other, seed=5)
    assert not np.allclose(moved.values, result.values)
    again = attribute(model, rows, target, options=OPTIONS[method], tracks=tracks, seed=5)
    for one, two in zip(result.scores, again.scores, strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("method", METHODS)
def test_u_and_t_are_one(small, method):
    word = "ACGUUGCAUGUAAAUACGGCUUAGG"
    rna, dna = encode(word), encode(word.replace("U", "T"))
    one, two = (attribute(small(), [row], "output:0", options=OPTIONS[method]) for row in (rna, dna))
    np.testing.assert_array_equal(one.scores[0], two.scores[0])


def test_a_neurons_window_leaves_out_the_ends_of_the_input(small, codes):
    """Padding of the net is not part of a neuron's window."""
    model = small()
    width = WindowProbe(model, "conv2").receptive_field
    (row,) = codes(width)
    result = attribute(model, [row], "conv2:0", options=OPTIONS["mutagenesis"])
    assert result.starts.tolist() == [0]
    assert result.values[0] == pytest.approx(WindowProbe(model, "conv2").activations(row[None])[0, 0], abs=1e-6)
