"""A stream of sequences scanned into tables, against the scan of all of them at once."""

from __future__ import annotations

import h5py
import numpy as np
import pandas as pd
import pytest
import torch

from combmotif.inference import WindowProbe, background_activations
from combmotif.models.architectures.cnn_gru import CnnGru
from combmotif.models.model import InputSpec, SequenceModel
from combmotif.runs import scan_file
from combmotif.sequence import decode, iterate_fasta, stream_hdf5

NEURONS = {"conv1": (0, 4), "conv3": (2,)}


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(1)
    return SequenceModel("net", CnnGru(width=5))


@pytest.fixture(scope="module")
def codes():
    random = np.random.default_rng(0)
    codes = [random.integers(0, 4, n).astype(np.uint8) for n in (80, 60, 12, 80, 41)]
    codes[1][30] = 4
    return codes


def test_tables_of_a_fasta_file(monkeypatch, model, codes, tmp_path):
    monkeypatch.setattr("combmotif.runs.stream_scan._BASES", 100)
    fasta = tmp_path / "some.fa"
    fasta.write_text("".join(f">t{i} about\n{decode(c)}\n" for i, c in enumerate(codes)))
    found = scan_file(model, iterate_fasta(fasta), tmp_path / "out", NEURONS, threshold=0.5)
    assert found.sequences == 5
    assert found.windows == {"conv1": 253, "conv3": 63 + 43 + 63 + 24}
    assert found.excluded == {"conv1": 5, "conv3": 18}
    activations = pd.read_csv(tmp_path / "out" / "activations.tsv", sep="\t")
    assert activations.columns.tolist() == ["sequence", "length", "conv1:0", "conv1:4", "conv3:2"]
    sites = pd.read_csv(tmp_path / "out" / "sites.tsv.gz", sep="\t")
    assert len(sites) == found.sites > 10
    for layer, channels in NEURONS.items():
        probe = WindowProbe(model, layer)
        size = probe.receptive_field
        rest = background_activations(model, layer)
        for channel in channels:
            own, expected = sites[sites.neuron == f"{layer}:{channel}"], {}
            for row, sequence in enumerate(codes):
                values = np.full(max(0, len(sequence) - size + 1), -np.inf)
                for start in range(len(values)):
                    window = sequence[start : start + size]
                    if (window < 4).all():
                        values[start] = probe.activations(window[None])[0, channel]
                best = values.max(initial=-np.inf)
                told = activations[f"{layer}:{channel}"][row]
                assert told == pytest.approx(best, rel=1e-4) if np.isfinite(best) else np.isnan(told)
                for start, value in enumerate(values):
                    if value > max([-np.inf, *values][start], rest[channel]) and value >= [*values, -np.inf][start + 1]:
                        expected[f"t{row}", start, start + size] = value
            least = (rest[channel] + max(expected.values())) / 2  # half the way to the maximum
            expected = {key: value for key, value in expected.items() if value >= least}
            assert set(zip(own.sequence, own.start, own.end, strict=True)) == set(expected)
            assert own.activation.is_monotonic_decreasing
    bed = pd.read_csv(tmp_path / "out" / "sites.bed.gz", sep="\t", header=None)
    assert len(bed) == len(sites)


def test_the_size_of_the_pieces_does_not_matter(monkeypatch, model, codes, tmp_path):
    records = [(f"t{i}", c) for i, c in enumerate(codes)]
    for folder, bases in (("one", 1), ("all", 10_000)):
        monkeypatch.setattr("combmotif.runs.stream_scan._BASES", bases)
        scan_file(model, iter(records), tmp_path / folder, NEURONS)
    one, other = (pd.read_csv(tmp_path / folder / "sites.tsv.gz", sep="\t") for folder in ("one", "all"))
    pd.testing.assert_frame_equal(one, other, rtol=1e-4)


def test_hdf5_with_tracks(tmp_path):
    torch.manual_seed(0)
    model = SequenceModel("net", CnnGru(channels=6, width=4), InputSpec(channels=6))
    random = np.random.default_rng(0)
    codes = random.integers(0, 4, (3, 70)).astype(np.uint8)
    tracks = random.integers(0, 2, (3, 2, 70))
    tracks[:, :, -1] = 1
    hot = np.concatenate([np.eye(4)[codes].transpose(0, 2, 1), tracks], 1).astype(np.int8)
    with h5py.File(tmp_path / "some.h5", "w") as file:
        file["x"] = hot
        file["words"] = [decode(row) for row in codes]
    rows = list(stream_hdf5(tmp_path / "some.h5", sequence="x"))
    assert [name for name, _, _ in rows] == ["row1", "row2", "row3"]
    np.testing.assert_array_equal([own for _, own, _ in rows], codes)
    np.testing.assert_array_equal([beside for _, _, beside in rows], tracks)
    scan_file(model, rows, tmp_path / "out", {"conv2": (1,)})
    probe = WindowProbe(model, "conv2")
    windows = np.lib.stride_tricks.sliding_window_view(codes[1], 9).copy()
    beside = np.lib.stride_tricks.sliding_window_view(tracks[1], 9, axis=1).transpose(1, 0, 2).copy()
    best = pd.read_csv(tmp_path / "out" / "activations.tsv", sep="\t")["conv2:1"][1]
    assert best == pytest.approx(probe.activations(windows, beside)[:, 1].max(), rel=1e-4)
    words = list(stream_hdf5(tmp_path / "some.h5", sequence="words"))
    np.testing.assert_array_equal([own for _, own, _ in words], codes)
    scan_file(model, words, tmp_path / "zeros", {"conv2": (1,)})  # tracks that are not there are zero


def test_mistakes_are_named(model, tmp_path):
    with pytest.raises(ValueError, match="threshold: expected a share"):
        scan_file(model, [], tmp_path, NEURONS, threshold=0)
    with pytest.raises(ValueError, match=r"neurons: expected channels"):
        scan_file(model, [], tmp_path, {"conv1": ()})
    with pytest.raises(ValueError, match="some.fa: expected sequences, the file has none"):
        scan_file(model, [], tmp_path, NEURONS, source="some.fa")
    assert {path.name for path in tmp_path.iterdir()} <= {".combmotif"}  # the mark of its own folder
