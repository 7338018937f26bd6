import h5py
import numpy as np
import pytest

from combmotif.sequence import decode, encode, read_hdf5


def test_combmotif_half_life_layout_keeps_its_tracks(tmp_path):
    codes = [encode("ACGUA"), encode("GGNCUUA")]
    tracks = [np.array([[0, 1, 0, 0, 1], [0, 0, 1, 0, 1]]), np.array([[0] * 7, [0, 0, 0, 0, 0, 0, 1]])]
    hot = np.zeros((2, 6, 12), np.float32)
    for row in range(2):
        size = len(codes[row])
        hot[row, :4, :size] = codes[row] == np.arange(4)[:, None]
        hot[row, 4:, :size] = tracks[row]
    with h5py.File(tmp_path / "f0_c0_data0_wholeseq.h5", "w") as file:
        file["train_sequence"] = hot
        file["bases_last"] = hot.transpose(0, 2, 1).astype(bool)
        file["train_label"] = np.array([0.5, -1], np.float16)
    for name in ("train_sequence", "bases_last"):
        found = read_hdf5(tmp_path / "f0_c0_data0_wholeseq.h5", sequence=name, label="train_label")
        assert [decode(c) for c in found.codes] == ["ACGUA", "GGNCUUA"]
        assert found.tracks is not None
        assert found.tracks[0].dtype == np.uint8
        assert all(np.array_equal(a, b) for a, b in zip(found.tracks, tracks, strict=True))
        assert found.labels is not None
        assert found.labels.tolist() == [[0.5], [-1.0]]


def test_a_file_that_is_no_hdf5(tmp_path):
    (tmp_path / "x.h5").write_text("no")
    with pytest.raises(ValueError, match="x.h5: expected an HDF5 file"):
        read_hdf5(tmp_path / "x.h5")
