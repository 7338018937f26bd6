import h5py
import numpy as np
import pytest

from combmotif.sequence import decode, encode
from combmotif.sequence.hdf5 import read_hdf5


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


def _write(path, **datasets):
    with h5py.File(path, "w") as file:
        for name, data in datasets.items():
            file[name] = data


def _hot(text, unknown=0.0):
    codes = encode(text)
    hot = (codes[:, None] == np.arange(4)).astype(np.float32)
    hot[codes == 4] = unknown
    return hot


@pytest.mark.parametrize("unknown", [0.0, 0.25, 1.0])
@pytest.mark.parametrize("layout", ["last", "first"])
def test_n_is_four_equal_shares(tmp_path, unknown, layout):
    hot = np.stack([_hot("NACGUNNA", unknown), _hot("GGCUANAC", unknown)])
    _write(tmp_path / "s.h5", sequence=hot if layout == "last" else hot.transpose(0, 2, 1))
    assert [decode(codes) for codes in read_hdf5(tmp_path / "s.h5").codes] == ["NACGUNNA", "GGCUANAC"]


def test_an_n_at_the_end_is_no_padding_where_it_is_written(tmp_path):
    _write(tmp_path / "s.h5", sequence=np.concatenate([_hot("ACGUN", 0.25), np.zeros((3, 4))])[None])
    assert decode(read_hdf5(tmp_path / "s.h5").codes[0]) == "ACGUN"


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ([0.2, 0.9, -1, 0.3], "0.2 0.9 -1 0.3"),
        ([0.5, 0, 0.5, 0], "0.5 0 0.5 0"),
        ([1, 0, 1, 0], "1 0 1 0"),
        ([2, 0, 0, 0], "2 0 0 0"),
        ([0, 0, 0, 255], "0 0 0 255"),
        ([np.nan] * 4, "nan nan nan nan"),
        ([0, np.nan, 0, 1], "0 nan 0 1"),
        ([-1, -1, -1, -1], "-1 -1 -1 -1"),
        ([0.9999, 0, 0, 0], "0.9999 0 0 0"),
        ([0.9999999, 0, 0, 0], "0.9999999 0 0 0"),
    ],
)
def test_what_is_no_one_hot_is_refused_with_its_position(tmp_path, row, found):
    hot = np.stack([_hot("ACGUAC"), _hot("GGCUAC"), _hot("ACGUAC")])
    hot[1, 3] = row
    message = f"s.h5: 'sequence': row 2 position 4: expected one 1 and three 0 .* found {found};"
    for data in (hot, hot.transpose(0, 2, 1), hot.astype(np.float64)):
        _write(tmp_path / "s.h5", sequence=data)
        with pytest.raises(ValueError, match=message):
            read_hdf5(tmp_path / "s.h5")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (np.array([[0, 1, 5], [0, 0, 0]]), "row 1 position 3: expected a code, 0 to 4 .* found 5"),
        (np.array([[0, 1, 4], [0, -1, 0]]), "row 2 position 2: .* found -1"),
        (np.array([[0, 1.5, 3.0]]), "row 1 position 2: .* found 1.5"),
        (np.array([[0, 1, np.nan]]), "row 1 position 3: .* found nan"),
        (np.array([b"ACGU", b"AXGU"]), "row 2: expected nucleotides .* found 'X' at position 2"),
        (np.array([b"ACGU", b""]), "row 2 has no sequence"),
        (np.array([b"ACGU", b"NA"]), "row 2 has no sequence"),
        (np.array([[b"A", b"C"]]), r"expected one-hot .* or strings \(n,\), found shape \(1, 2\)"),
        (_hot("ACGUAC"), r"looks like one-hot of shape \(6, 4\)"),
        (_hot("ACGUAC").T, r"looks like one-hot of shape \(4, 6\)"),
        (_hot("ACGUAC").reshape(1, -1), r"looks like one-hot of shape \(1, 24\)"),
        (np.zeros(3), r"expected one-hot .*found shape \(3,\)"),
        (np.zeros((2, 6, 4)), "row 1 is all zeros"),
        (
            np.concatenate([_hot("ACGUAC"), np.full((6, 1), np.inf)], axis=1)[None],
            "position 1: .* channel 5, found inf",
        ),
    ],
)
def test_other_datasets_are_refused(tmp_path, data, message):
    _write(tmp_path / "s.h5", sequence=data)
    with pytest.raises(ValueError, match=f"s.h5: 'sequence'.*{message}"):
        read_hdf5(tmp_path / "s.h5")


def test_strings_of_one_length_are_padded(tmp_path):
    _write(tmp_path / "s.h5", sequence=np.array([b"ACGU", b"AC\0\0", b"GG  "]), group=0)
    assert [decode(codes) for codes in read_hdf5(tmp_path / "s.h5").codes] == ["ACGU", "AC", "GG"]
    with h5py.File(tmp_path / "s.h5", "a") as file:
        file.create_group("folder")
    with pytest.raises(ValueError, match="expected a dataset 'folder', found a group of this name"):
        read_hdf5(tmp_path / "s.h5", sequence="folder")


def test_labels_that_are_not_finite_are_refused_or_left_out(tmp_path):
    _write(tmp_path / "s.h5", sequence=[b"AC", b"GG", b"CC"], y=[1.0, -np.inf, 3.0], text=[b"1", b"2", b"3"])
    with pytest.raises(ValueError, match=r"'y': row 2: expected a finite number, found \[-inf\]"):
        read_hdf5(tmp_path / "s.h5", label="y")
    found = read_hdf5(tmp_path / "s.h5", label="y", skip_missing=True)
    assert (found.names, found.labels.tolist()) == (("row1", "row3"), [[1], [3]])
    assert "1 of 3 rows have no measurement (first: row 2" in found.notes[0]
    assert [name for name, _ in found.left_out] == ["row2"]
    with pytest.raises(ValueError, match="'text': expected numbers"):
        read_hdf5(tmp_path / "s.h5", label="text")


@pytest.mark.parametrize(
    ("shape", "chunks", "dtype"),
    [((10**9, 1000), (1000, 1000), "u1"), ((10**9, 1000, 4), (100, 1000, 4), "f4"), ((2, 10**11), (1, 10**6), "u1"),
     ((10**9,), (10**4,), "S100"), ((3, 20), None, "u1")],
)  # fmt: skip
def test_what_was_never_written_is_no_sequence(tmp_path, shape, chunks, dtype):
    with h5py.File(tmp_path / "s.h5", "w") as file:
        file.create_dataset("sequence", shape, dtype, chunks=chunks)
        file["hot"] = np.stack([_hot("ACGUA")] * 3)
        file.create_dataset("y", (3,), "f8")
    for call in (
        lambda: read_hdf5(tmp_path / "s.h5"),
        lambda: read_hdf5(tmp_path / "s.h5", sequence="hot", label="y"),
    ):
        with pytest.raises(ValueError, match=r"s.h5: '(sequence|y)': nothing was ever written to it"):
            call()


def test_a_file_made_to_fill_the_memory(tmp_path):
    with h5py.File(tmp_path / "s.h5", "w") as file:
        raw = file.create_dataset("codes", (10**6, 1000), "u1", chunks=(10**4, 1000), compression="gzip")
        raw[: 10**4] = 1
        good = file.create_dataset("good", (2000, 200, 4), "f4", chunks=True, compression="gzip")
        good[:] = np.stack([_hot("ACGU" * 50)] * 2000)
    with pytest.raises(ValueError, match=r"s.h5: 'codes': its shape .* is more than 100 times what is stored of it"):
        read_hdf5(tmp_path / "s.h5", sequence="codes")
    assert len(read_hdf5(tmp_path / "s.h5", sequence="good")) == 2000


def test_virtual_and_outside_data_count_as_what_they_hold(tmp_path):
    with h5py.File(tmp_path / "part.h5", "w") as file:
        file["x"] = np.stack([_hot("ACGUA")] * 2)
    layout = h5py.VirtualLayout((2, 5, 4), "f4")
    layout[:] = h5py.VirtualSource("part.h5", "x", (2, 5, 4))
    hollow = h5py.VirtualLayout((10**9, 1000), "u1")
    hollow[:5] = h5py.VirtualSource("gone.h5", "x", (5, 1000))
    with h5py.File(tmp_path / "s.h5", "w") as file:
        file.create_virtual_dataset("sequence", layout)
        file.create_virtual_dataset("hollow", hollow)
        codes = encode("ACGUN" * 2)[None]
        file.create_dataset("outside", (1, 10), "u1", external=[(str(tmp_path / "raw"), 0, 10)])[:] = codes
    assert [decode(c) for c in read_hdf5(tmp_path / "s.h5").codes] == ["ACGUA"] * 2
    assert decode(read_hdf5(tmp_path / "s.h5", sequence="outside").codes[0]) == "ACGUNACGUN"
    with pytest.raises(ValueError, match="nothing was ever written"):
        read_hdf5(tmp_path / "s.h5", sequence="hollow")


def test_codes_that_count_from_one(tmp_path):
    codes = np.arange(400).reshape(4, 100) % 4
    _write(tmp_path / "s.h5", sequence=codes + 1, right=codes)
    with pytest.raises(ValueError, match="'sequence': expected the codes A 0, .* found 1 to 4 and not a single 0"):
        read_hdf5(tmp_path / "s.h5")
    assert decode(read_hdf5(tmp_path / "s.h5", sequence="right").codes[0][:4]) == "ACGU"


def test_codes_have_our_numbers(tmp_path):
    own, other = ({letter: at for at, letter in enumerate(order)} for order in ("ACGT", "TGCA"))
    with h5py.File(tmp_path / "s.h5", "w") as file:
        for name, letters in (("own", own), ("other", other)):
            file.create_dataset(name, data=np.array([[0, 1, 2, 3]]), dtype=h5py.enum_dtype(letters, "i1"))
        file["truth"] = np.array([[True, False, True]])
    assert decode(read_hdf5(tmp_path / "s.h5", sequence="own").codes[0]) == "ACGU"
    with pytest.raises(ValueError, match="'other': expected the codes A 0, C 1"):
        read_hdf5(tmp_path / "s.h5", sequence="other")
    with pytest.raises(ValueError, match="'truth': expected one-hot .* found shape .* of bool"):
        read_hdf5(tmp_path / "s.h5", sequence="truth")
