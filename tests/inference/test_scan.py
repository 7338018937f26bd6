import sys

import numpy as np
import pytest
import torch

from combmotif.inference import SiteFinder, WindowProbe, dense, scan, scan_layers
from combmotif.models.architectures.cnn_gru import CnnGru
from combmotif.models.architectures.optimus import Optimus5Prime


@pytest.fixture
def model(wrap):
    return wrap(CnnGru(width=5))


def sequences(*lengths, seed=0):
    random = np.random.default_rng(seed)
    return [random.integers(0, 4, length).astype(np.uint8) for length in lengths]


def collect(*arguments, **options):
    """Scan, and sort into one (values, valid) per sequence."""
    found = {}
    for rows, values, valid in scan(*arguments, **options):
        for row, value, mask in zip(rows, values, valid, strict=True):
            assert row not in found
            found[int(row)] = value, mask
    return [found[row] for row in range(len(found))]


@pytest.mark.parametrize("layer", ["conv1", "conv2", "conv3", "conv4"])
def test_every_window_of_every_neuron(model, layer):
    probe = WindowProbe(model, layer)
    codes = sequences(60, 41, 60, 50, 36)
    for sequence, (values, valid) in zip(codes, collect(model, layer, codes), strict=True):
        windows = np.lib.stride_tricks.sliding_window_view(sequence, probe.receptive_field).copy()
        assert values.dtype == np.float32
        np.testing.assert_allclose(values.T, probe.activations(windows), atol=1e-5)
        assert valid.shape == (len(windows),)
        assert valid.all()


def test_equal_to_the_plain_net_where_it_sees_no_padding(wrap, plain_output):
    model = wrap(Optimus5Prime(), length=50)
    codes = sequences(50, 50)
    with torch.no_grad():
        plain = plain_output(model, "conv3", model.tensor(np.stack(codes))).numpy()
    found = np.stack([values for values, _ in collect(model, "conv3", codes)])
    np.testing.assert_allclose(found, plain[:, :, 9:-12], rtol=1e-5, atol=1e-4 * np.abs(plain).max() / 100)


def test_windows_with_n_are_invalid(model):
    (sequence,) = sequences(40)
    whole = collect(model, "conv2", [sequence])[0][0]
    sequence[[0, 20, 21]] = 4
    ((values, valid),) = collect(model, "conv2", [sequence])
    touched = np.array([bool({0, 20, 21} & set(range(w, w + 9))) for w in range(32)])
    np.testing.assert_array_equal(valid, ~touched)
    np.testing.assert_allclose(values[:, valid], whole[:, valid], atol=1e-6)
    ((_, valid),) = collect(model, "conv2", [np.full(12, 4, np.uint8)])
    assert not valid.any()


@pytest.mark.parametrize("limit", [36, 37, 50, 100, 1000])
def test_pieces_make_the_whole(model, limit):
    codes = sequences(137, 36)
    codes[0][90] = 4
    whole, pieces = collect(model, "conv4", codes), collect(model, "conv4", codes, length_limit=limit)
    for (values, valid), (other, mask) in zip(whole, pieces, strict=True):
        np.testing.assert_allclose(other, values, atol=1e-5)
        np.testing.assert_array_equal(mask, valid)


def test_pieces_shorter_than_the_receptive_field_are_widened(model):
    codes = sequences(60)
    ((values, _),), ((other, _),) = collect(model, "conv4", codes), collect(model, "conv4", codes, length_limit=10)
    np.testing.assert_allclose(other, values, atol=1e-5)


def test_short_and_empty_sequences_have_no_windows(model):
    found = collect(model, "conv3", [*sequences(5, 17, 18), np.zeros(0, np.uint8)])
    assert [values.shape for values, _ in found] == [(5, 0), (5, 0), (5, 1), (5, 0)]
    assert [valid.shape for _, valid in found] == [(0,), (0,), (1,), (0,)]
    assert list(scan(model, "conv3", [])) == []


def test_the_order_is_by_length_then_row(monkeypatch, model):
    monkeypatch.setattr(sys.modules[scan.__module__], "POSITIONS", 30)
    codes = sequences(30, 20, 30, 20, 10)
    rows = [part.tolist() for part, _, _ in scan(model, "conv2", codes)]
    assert rows == [[4], [1], [3], [0], [2]]


def test_an_interrupted_scan_leaves_nothing_behind(model):
    stream = scan(model, "conv2", sequences(30, 40))
    next(stream)
    assert torch.is_grad_enabled()
    assert not torch.is_inference_mode_enabled()
    stream.close()
    assert not any(m._forward_hooks for m in model.module.modules())


LAYERS = {"conv1": (0, 3), "conv3": (4, 1, 0), "conv4": (2,)}


@pytest.mark.parametrize("limit", [36, 50, 90, 1000])
def test_layers_in_one_pass(model, limit):
    codes = sequences(137, 36, 137, 20, 3)
    codes[0][90] = 4
    alone = {layer: collect(model, layer, codes) for layer in LAYERS}
    seen = {layer: [np.zeros((5, 0), np.float32) for _ in codes] for layer in LAYERS}
    for block in scan_layers(model, list(LAYERS), codes, length_limit=limit):
        for layer in LAYERS:
            inner = block.inner[layer]
            for row, values, valid in zip(block.rows, block.values[layer], block.valid[layer], strict=True):
                value, mask = alone[layer][row]
                here = slice(block.start, block.start + values.shape[1])
                np.testing.assert_allclose(values, value[:, here], atol=1e-5)  # also those around the inner ones
                np.testing.assert_array_equal(valid, mask[here])
                assert block.start + inner.start == seen[layer][row].shape[1] or inner.start == inner.stop
                seen[layer][row] = np.concatenate([seen[layer][row], values[:, inner]], 1)
    for layer in LAYERS:
        for found, (value, _) in zip(seen[layer], alone[layer], strict=True):
            np.testing.assert_allclose(found, value, atol=1e-5)


@pytest.mark.parametrize("limit", [37, 60, 1000])
@pytest.mark.parametrize("threshold", [0.2, 0.9])
def test_maxima_and_sites(model, limit, threshold):
    codes = sequences(137, 60, 137, 20, 3, 61, seed=4)
    codes[0][90], codes[2][:] = 4, 4
    finder = SiteFinder(len(codes), LAYERS, threshold)
    for block in scan_layers(model, list(LAYERS), codes, length_limit=limit):
        finder.add(block)
    found = {tuple(place): strength for place, strength in zip(*finder.sites(), strict=True)}
    column, expected = 0, set()
    for number, (layer, channels) in enumerate(LAYERS.items()):
        every = collect(model, layer, codes)
        assert finder.windows[number].tolist() == [
            sum(mask.size for _, mask in every), sum(int((~mask).sum()) for _, mask in every)
        ]  # fmt: skip
        for channel in channels:
            tracks = [np.where(mask, value[channel], -np.inf) for value, mask in every]
            top = [track.max(initial=-np.inf) for track in tracks]
            np.testing.assert_allclose(finder.best[:, column], np.where(np.isfinite(top), top, np.nan), rtol=1e-5)
            for row, track in enumerate(tracks):
                if np.isfinite(top[row]):
                    assert finder.where[row, column] == track.argmax()
                for start, value in enumerate(track):
                    before, after = ([-np.inf, *track][start], [*track, -np.inf][start + 1])
                    if value > 0 and value >= threshold * max(top) and before < value >= after:
                        expected.add((row, column, start))
                        assert found[row, column, start] == pytest.approx(value, rel=1e-5)
            column += 1
    assert set(found) == expected
    assert len(expected) > 3


def test_fewer_sequences_at_once_where_the_memory_of_a_device_is_full(model, monkeypatch):
    codes = sequences(60, 60, 60, 60, 60, 41, 60)
    expected = collect(model, "conv3", codes)
    whole, sizes = dense._dense, []

    def small(model, layers, block, tracks):
        sizes.append(len(block))
        if len(block) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return whole(model, layers, block, tracks)

    monkeypatch.setattr(dense, "_dense", small)
    found = collect(model, "conv3", codes)
    assert sizes.count(max(sizes)) == 1  # what did not fit is not tried again
    assert max(sizes) > 2
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one[0], other[0], atol=1e-6)
        np.testing.assert_array_equal(one[1], other[1])
