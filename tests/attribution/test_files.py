import resource

import h5py
import numpy as np
import pytest

from combmotif.attribution import (
    AttributionOptions,
    attribute,
    attribute_parts,
    load_attributions,
    write_attributions,
)
from combmotif.attribution.files import pack, unpack
from combmotif.sequence.onehot import one_hot

CHEAP = AttributionOptions(steps=2, max_steps=2, baselines=2, tolerance=50)


def save(result, path):
    names = np.full(result.rows.max() + 1, "", object)
    names[result.rows] = result.names
    return write_attributions([result], path, names=names, width=max(map(len, result.codes)))


def same(one, other):
    assert (one.target, one.method, one.names, one.tolerance) == (
        other.target,
        other.method,
        other.names,
        other.tolerance,
    )
    for name in ("rows", "starts", "values", "references", "errors", "steps"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    for name in ("codes", "scores"):
        for first, second in zip(getattr(one, name), getattr(other, name), strict=True):
            np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("target", ["output:0", "conv2:1"])
def test_what_is_saved_is_read_back(small, codes, tmp_path, target):
    rows = codes(30, 9, 24, 30)
    rows[0][5] = 4
    result = attribute(small(), rows, target, options=CHEAP, names=["a", "b", "c", "d"])
    paths = save(result, tmp_path / "output-0")
    assert [path.name for path in paths] == ["output-0.h5", "output-0.npz", "output-0.ohe.npz"]
    same(load_attributions(paths[0]), result)
    same(unpack(pack(result)), result)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(path.name for path in paths)


@pytest.mark.slow
def test_layout_that_tf_modisco_reads(small, codes, tmp_path):
    rows = codes(30, 24)
    result = attribute(small(), rows, "output:0", options=CHEAP)
    h5, scores, sequences = save(result, tmp_path / "x")
    ohe, shap = np.load(sequences)["arr_0"], np.load(scores)["arr_0"]
    assert ohe.shape == shap.shape == (2, 4, 30)
    np.testing.assert_array_equal(ohe[0], one_hot(rows[0][None])[0])
    np.testing.assert_array_equal(shap[1, :, :24], result.scores[1])
    assert not shap[1, :, 24:].any()
    with h5py.File(h5) as file:
        np.testing.assert_array_equal(file["raw/seq"], ohe)
        np.testing.assert_array_equal(file["shap/seq"], shap)
        np.testing.assert_array_equal(file["projected_shap/seq"], shap * ohe)
    cli = pytest.importorskip("modiscolite.cli")
    np.testing.assert_array_equal(cli._load_input(scores), shap)


def test_parts_in_any_order_give_the_same_bytes(small, codes, tmp_path):
    model, rows = small(), codes(30, 18, 30, 24)
    parts = list(attribute_parts(model, rows, "output:0", options=CHEAP))
    names = [str(i) for i in range(4)]
    one = write_attributions(parts, tmp_path / "one", names=names, width=30)
    other = write_attributions(parts[::-1], tmp_path / "other", names=names, width=30)
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in other]


def test_files_of_others_are_refused(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["raw"] = 1
    with pytest.raises(ValueError, match="expected the attribute combmotif_attributions = 1"):
        load_attributions(tmp_path / "x.h5")
    (tmp_path / "y.h5").write_text("no")
    with pytest.raises(ValueError, match=r"attributions .*y.h5: expected an HDF5 file"):
        load_attributions(tmp_path / "y.h5")
    with pytest.raises(FileNotFoundError, match="no such file"):
        load_attributions(tmp_path / "z.h5")


@pytest.mark.parametrize("size", [100, 2000, 9000])
def test_a_full_disk_is_told_and_leaves_nothing(small, codes, tmp_path, size):
    result = attribute(small(), codes(30, 9, 24, 30) * 8, "output:0", options=CHEAP)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        with pytest.raises(OSError, match="File too large") as caught:
            save(result, tmp_path / "output-0")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert caught.value.filename
    assert not list(tmp_path.iterdir())
    save(result, tmp_path / "output-0")
    same(load_attributions(tmp_path / "output-0.h5"), result)


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda file: file.__delitem__("values"), "expected a dataset 'values', found"),
        (lambda file: file.__delitem__("shap"), "expected a dataset 'shap/seq', found"),
        (lambda file: file.__setitem__("more", file.pop("names")[:2]) or file.move("more", "names"),
         r"expected 4 rows in 'names', found shape \(2,\)"),
    ],
)  # fmt: skip
def test_a_damaged_file_of_ours_is_named(small, codes, tmp_path, harm, message):
    save(attribute(small(), codes(30, 9, 24, 30), "output:0", options=CHEAP), tmp_path / "a")
    with h5py.File(tmp_path / "a.h5", "r+") as file:
        harm(file)
    with pytest.raises(ValueError, match=f"attributions .*a.h5: {message}"):
        load_attributions(tmp_path / "a.h5")
