import numpy as np
import pandas as pd
import pytest

from combmotif.inference import WindowProbe
from combmotif.runs import run
from combmotif.runs.context import load_context
from combmotif.sampling import Samples


@pytest.fixture(scope="module")
def windows(config):
    """Every window of the run's sequences, as bytes."""
    codes = np.stack(load_context(config()).sequences.codes)
    views = np.lib.stride_tricks.sliding_window_view(codes, 11, axis=1)
    return {view.tobytes() for row in views for view in row}


def quick(config, *overrides):
    return config("neurons.select=0-2", "match={databases: [builtin], q: 0.001}", "sequences.count=300", *overrides)


def without_effects(config):
    return config.model_copy(update={"contribution": None, "interaction": None, "match": None})


@pytest.mark.slow
@pytest.mark.usefixtures("quick_workers")
def test_windows_of_the_dataset(config, windows, tmp_path):
    chosen = without_effects(quick(config, "sample={from: dataset, keep: 200}"))
    run(chosen, tmp_path / "out", workers=1)
    run(chosen, tmp_path / "again", workers=2)
    for neuron in range(3):
        path = f"samples/conv2/{neuron}.npz"
        samples = Samples.load(tmp_path / "out" / path)
        assert 50 < len(samples) <= 200
        assert samples.method == "dataset"
        assert {code.tobytes() for code in samples.codes} <= windows
        assert (tmp_path / "again" / path).read_bytes() == (tmp_path / "out" / path).read_bytes()
    table = pd.read_csv(tmp_path / "out" / "neurons.tsv", sep="\t")
    np.testing.assert_allclose(table["max_activation"], table["dataset_max"], rtol=1e-5)


@pytest.mark.slow
def test_how_widely_neurons_were_sampled(config, tmp_path):
    chosen = without_effects(quick(config, "sample={preset: combmotif, generations: 4, population: 64}"))
    run(chosen, tmp_path, workers=1)
    table = pd.read_csv(tmp_path / "samples.tsv", sep="\t")
    assert table["neuron"].tolist() == ["conv2:0", "conv2:1", "conv2:2"]
    for row in table.itertuples():
        samples = Samples.load(tmp_path / "samples" / "conv2" / f"{row.channel}.npz")
        counts = [int(count) for count in row.per_bin.split(",")]
        assert sum(counts) == row.samples == len(samples) > 20
        assert row.filled == sum(count > 0 for count in counts)
        assert row.method == samples.method == "combmotif"
        bits = [float(value) for value in row.per_column.split(",")]
        assert len(bits) == 11
        assert np.mean(bits) == pytest.approx(row.entropy, abs=1e-3)
        assert 0 <= row.entropy_top < row.entropy <= 2


@pytest.mark.parametrize("tracks", ["data", "[[1, 0, 0]]"])
def test_tracks_of_a_model_without_any_are_refused(config, tmp_path, tracks):
    with pytest.raises(ValueError, match=r"sample.tracks: model 'net:build' reads the bases alone, expected zero"):
        run(quick(config, f"sample.tracks={tracks}"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.fixture(scope="module")
def six(home):
    """Overrides for a net that reads two tracks."""
    text = (home / "net.py").read_text()
    assert "nn.Conv1d(4, 6, 4)" in text
    (home / "six.py").write_text(text.replace("nn.Conv1d(4, 6, 4)", "nn.Conv1d(6, 6, 4)"))
    return ["model.factory=six.py:build", "model.channels=6"]


def test_tracks_that_do_not_fit_are_refused(config, six, tmp_path):
    with pytest.raises(ValueError, match=r"sample.tracks: data: the sequences have no tracks beside the bases"):
        run(quick(config, *six, "sample.tracks=data"), tmp_path / "out")
    with pytest.raises(ValueError, match="reads 2 tracks beside the bases, expected a row .* for each, found 1"):
        run(quick(config, *six, "sample.tracks=[[1, 0]]"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_fixed_tracks_reach_samples_and_motifs(config, six, tmp_path):
    chosen = without_effects(quick(config, *six, "sample.tracks=[[1, 0, 0], [2]]"))
    run(chosen, tmp_path, workers=1)
    model = load_context(chosen).model
    tracks = np.stack([np.resize([1, 0, 0], 11), np.full(11, 2)])
    probe = WindowProbe(model, "conv2")
    found = [Samples.load(tmp_path / "samples" / "conv2" / f"{neuron}.npz") for neuron in range(3)]
    assert any(map(len, found))
    for neuron, samples in enumerate(found):
        if not len(samples):
            continue
        beside = np.broadcast_to(tracks, (len(samples), 2, 11))
        np.testing.assert_allclose(probe.activations(samples.codes, beside)[:, neuron], samples.activations, atol=1e-5)
        assert np.abs(probe.activations(samples.codes)[:, neuron] - samples.activations).max() > 0.01
