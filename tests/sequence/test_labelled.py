import h5py
import numpy as np
import pytest

from combmotif.sequence.labelled import Hdf5Rows, MemoryRows, split_rows


def _rows():
    rng = np.random.default_rng(0)
    codes = [rng.integers(0, 5, size).astype(np.uint8) for size in (7, 10, 14)]
    tracks = [rng.integers(0, 2, (2, len(c))).astype(np.uint8) for c in codes]
    return codes, tracks


def test_memory_and_file_give_the_same_batches(tmp_path):
    codes, tracks = _rows()
    hot = np.zeros((3, 6, 10), bool)
    for row, (code, track) in enumerate(zip(codes, tracks, strict=True)):
        code, track = code[-10:], track[:, -10:]  # the last 10 nt of a longer one
        hot[row, :4, : len(code)] = code == np.arange(4)[:, None]
        hot[row, 4:, : len(code)] = track
    with h5py.File(tmp_path / "d.h5", "w") as file:
        file["train_sequence"], file["train_label"] = hot, np.array([1, 2, 3], np.float16)
        file["valid_sequence"], file["valid_label"] = hot.transpose(0, 2, 1), np.array([[1], [2], [3.0]])
    memory = MemoryRows(codes, tracks, np.array([1, 2, 3]), channels=6, length=10)
    order = np.array([2, 0, 1, 0])
    for split in ("train", "valid"):
        rows = Hdf5Rows(tmp_path / "d.h5", split, channels=6, length=10)
        assert rows.labels.tolist() == memory.labels.tolist() == [1, 2, 3]
        assert np.array_equal(rows.batch(order), memory.batch(order))
        assert np.array_equal(rows.batch(order), hot[order])
        assert rows.batch(order).dtype == np.float32


def test_data_that_do_not_fit(tmp_path):
    with h5py.File(tmp_path / "d.h5", "w") as file:
        file["train_sequence"] = np.zeros((3, 6, 10))
        file["train_label"] = np.array([1, np.nan, 3])
    with pytest.raises(ValueError, match="expected datasets test_sequence and test_label .*, found train_l"):
        Hdf5Rows(tmp_path / "d.h5", "test", channels=6, length=10)
    with pytest.raises(ValueError, match="expected 4 channels and 10 nt .*found 6 channels and 10 nt"):
        Hdf5Rows(tmp_path / "d.h5", "train", channels=4, length=10)
    with pytest.raises(ValueError, match="train_label: expected 2 or more finite values, found 3 of which 1"):
        Hdf5Rows(tmp_path / "d.h5", "train", channels=6, length=10)


def test_splits_by_a_column():
    parts = split_rows(["0", "1", "2", "1", "5"], valid=["1"], test=["0"])
    assert {name: rows.tolist() for name, rows in parts.items()} == {"train": [2, 4], "valid": [1, 3], "test": [0]}


def test_what_is_no_one_hot_is_not_trained_on(tmp_path):
    hot = np.zeros((3, 6, 10), np.float32)
    hot[:, 0] = 1
    hot[1, :4, 2] = 0.25
    hot[2, :4, 4] = [0.5, 0.5, 0, 0]
    with h5py.File(tmp_path / "d.h5", "w") as file:
        file["train_sequence"], file["train_label"] = hot, [1.0, 2.0, 3.0]
    rows = Hdf5Rows(tmp_path / "d.h5", "train", channels=6, length=10)
    batch = rows.batch(np.array([1, 0]))
    assert batch[0, :4, 2].tolist() == [0, 0, 0, 0]
    assert batch[0, 0].sum() == 9
    with pytest.raises(ValueError, match="d.h5: 'train_sequence': row 3 position 5: .* found 0.5 0.5 0 0"):
        rows.batch(np.array([0, 2]))


@pytest.mark.parametrize("labels", [np.zeros((4, 2)), np.zeros(3), np.array([b"1"] * 4)])
def test_labels_that_are_no_number_for_each_row(tmp_path, labels):
    with h5py.File(tmp_path / "d.h5", "w") as file:
        file["train_sequence"] = np.stack([np.eye(4)[[0, 1, 2, 3, 0]]] * 4)
        file["train_label"] = labels
    with pytest.raises(ValueError, match=r"d.h5: train_label: expected one number for each of 4 rows, found shape"):
        Hdf5Rows(tmp_path / "d.h5", "train", channels=4, length=5)


def test_damage_met_in_a_batch_names_the_file(tmp_path):
    hot = np.eye(4)[np.random.default_rng(0).integers(0, 4, (4, 500))]
    with h5py.File(tmp_path / "d.h5", "w") as file:
        packed = file.create_dataset("train_sequence", data=hot, chunks=(1, 500, 4), compression="gzip")
        file["train_label"] = np.zeros(4)
        place = packed.id.get_chunk_info(2)
    content = bytearray((tmp_path / "d.h5").read_bytes())
    content[place.byte_offset : place.byte_offset + 40] = bytes(40)
    (tmp_path / "d.h5").write_bytes(content)
    rows = Hdf5Rows(tmp_path / "d.h5", "train", channels=4, length=500)
    assert rows.batch(np.array([0, 1])).sum() == 1000
    with pytest.raises(ValueError, match="d.h5: 'train_sequence': the HDF5 file is damaged"):
        rows.batch(np.array([1, 2]))
