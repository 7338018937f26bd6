import gzip
import os

import numpy as np
import pandas as pd
import pytest

from combmotif.files import atomic, write_table
from combmotif.motifs.formats.h5 import save_motifs
from combmotif.motifs.motif import Motif, MotifSet
from combmotif.pipeline.store import RunStore, content_key, is_whole, load_arrays, save_arrays


def test_keys_depend_on_content_not_on_order():
    assert content_key("a", {"x": 1, "y": [2, 3]}) == content_key("a", {"y": [2, 3], "x": 1})
    keys = {content_key(*parts) for parts in [("a",), ("a", "b"), ("ab",), (["a"],), (1,), (1.5,), ("1",), (None,)]}
    assert len(keys) == 8
    assert all(len(key) == 32 for key in keys)


def test_a_file_is_whole_or_not_there(tmp_path):
    path = tmp_path / "deep" / "file"

    def interrupted():
        with atomic(path) as temporary:
            temporary.write_text("half")
            assert not path.exists()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        interrupted()
    assert list(path.parent.iterdir()) == []
    with atomic(path) as temporary:
        temporary.write_text("whole")
    assert [p.read_text() for p in path.parent.iterdir()] == ["whole"]


def test_tables_are_the_same_bytes(tmp_path):
    table = pd.DataFrame({"a": [1.23456789, np.nan], "b": ["x", "y"]})
    for name in ("t.tsv", "t.tsv.gz"):
        write_table(tmp_path / name, table)
        first = (tmp_path / name).read_bytes()
        os.utime(tmp_path / name, (0, 0))
        write_table(tmp_path / name, table)
        assert (tmp_path / name).read_bytes() == first
    assert (tmp_path / "t.tsv").read_bytes() == b"a\tb\n1.23457\tx\n\ty\n"
    assert gzip.decompress((tmp_path / "t.tsv.gz").read_bytes()) == (tmp_path / "t.tsv").read_bytes()


def test_arrays_come_back(tmp_path):
    arrays = {"x": np.arange(6, dtype=np.uint8).reshape(2, 3), "y": np.array(np.nan, np.float32)}
    save_arrays(tmp_path / "a.npz", arrays)
    loaded = load_arrays(tmp_path / "a.npz")
    assert {name: (v.dtype, v.shape) for name, v in loaded.items()} == {
        "x": (np.dtype("uint8"), (2, 3)),
        "y": (np.dtype("float32"), ()),
    }
    np.testing.assert_array_equal(loaded["x"], arrays["x"])


def test_one_store_per_folder(tmp_path):
    pytest.importorskip("fcntl")
    store = RunStore(tmp_path)
    with pytest.raises(ValueError, match=r"another combmotif run is at work there; wait for it, or choose another"):
        RunStore(tmp_path)
    store.close()
    RunStore(tmp_path).close()


def test_leftovers_are_removed_and_wanted_files_kept(tmp_path):
    (tmp_path / "tasks").mkdir()
    (tmp_path / "tasks" / "x.npz.77.tmp").touch()
    store = RunStore(tmp_path)
    wanted, other = store.task("scan", "k1", ".npz"), store.task("scan", "k2", ".npz")
    wanted.touch()
    other.touch()
    store.clean({wanted})
    assert sorted(p.name for p in store.tasks.iterdir()) == ["lock", "scan-k1.npz"]
    store.remove("matches.tsv")
    store.close()


def test_a_file_in_the_way(tmp_path):
    (tmp_path / "taken").touch()
    with pytest.raises(ValueError, match=r"taken: cannot write there"):
        RunStore(tmp_path / "taken")


def test_a_file_cut_short_is_not_whole(tmp_path):
    arrays, motifs = tmp_path / "a.npz", tmp_path / "m.h5"
    save_arrays(arrays, {"x": np.arange(1000.0)})
    save_motifs(MotifSet((Motif("m", np.ones((4, 4)), 4),)), motifs)
    for path in (arrays, motifs):
        assert is_whole(path)
        path.write_bytes(path.read_bytes()[:500])
        assert not is_whole(path)
    assert not is_whole(tmp_path / "none.npz")
