import errno
import gzip
import json
import os
import threading
import time

import numpy as np
import pandas as pd
import pytest

from combmotif.core.files import HOST, atomic, temporary_name, write_table
from combmotif.runs.lock import holder
from combmotif.runs.store import CHECKSUMS, LOCK, RunStore, content_key, in_tasks, load_arrays, save_arrays

GONE = 99_999_999  # no system has a process of this number


def test_keys_depend_on_content_not_on_order():
    assert content_key("a", {"x": 1, "y": [2, 3]}) == content_key("a", {"y": [2, 3], "x": 1})
    keys = {content_key(*parts) for parts in [("a",), ("a", "b"), ("ab",), (["a"],), (1,), (1.5,), ("1",), (None,)]}
    assert len(keys) == 8
    assert all(len(key) == 32 for key in keys)


def test_cores_find_work_and_files_stay_few():
    counts = {total: len(in_tasks(range(total))) for total in (0, 1, 16, 255, 256, 448, 10_000)}
    assert counts == {0: 0, 1: 1, 16: 16, 255: 255, 256: 128, 448: 150, 10_000: 1250}
    of_a_layer = in_tasks(range(64), 448)
    assert [thing for task in of_a_layer for thing in task] == list(range(64))
    assert max(map(len, of_a_layer)) == 3


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


def test_results_are_known_by_their_checksums(tmp_path):
    store = RunStore(tmp_path)
    first, second = (store.file(store.task("scan", name, ".npz")) for name in ("k1", "k2"))
    for path in (first, second):
        assert not store.is_whole(path)
        save_arrays(path, {"x": np.arange(1000.0)})
        assert not store.is_whole(path)  # nobody has said that it is done
    store.seal(first, second)
    store.close()
    store = RunStore(tmp_path)
    assert store.is_whole(first)
    assert store.is_whole(second)
    flipped = bytearray(second.read_bytes())
    flipped[len(flipped) // 3] ^= 0x55
    second.write_bytes(flipped)
    assert not store.is_whole(second)
    assert store.redone == [second.name]
    first.unlink()
    assert not store.is_whole(first)
    assert store.redone == [second.name]  # what is not there was not damaged
    store.close()


@pytest.mark.parametrize("damage", [b"", b"\xff\x00 no checksums", b"0" * 64 + b"  scan-k1.npz\n"])
def test_damaged_checksums_only_cost_time(tmp_path, damage):
    store = RunStore(tmp_path)
    path = store.file(store.task("scan", "k1", ".npz"))
    save_arrays(path, {"x": np.arange(3)})
    store.seal(path)
    store.close()
    (tmp_path / CHECKSUMS).write_bytes(damage)
    store = RunStore(tmp_path)
    assert not store.is_whole(path)
    store.close()


def test_leftovers_are_removed_and_wanted_files_kept(tmp_path):
    store = RunStore(tmp_path)
    wanted, other = (store.file(store.task("scan", name, ".npz")) for name in ("k1", "k2"))
    for path in (wanted, other):
        path.touch()
    store.seal(wanted, other)
    store.close()
    half, ours = (wanted.with_name(temporary_name(wanted.name)) for _ in range(2))
    half = half.with_name(half.name.replace(f".{os.getpid()}.", f".{GONE}."))
    elsewhere = [wanted.with_name(f"{wanted.name}.node{n}.{GONE}.0123abcd.tmp") for n in range(2)]
    foreign = [tmp_path / "thesis.tmp", tmp_path / "tasks" / "todo.txt", tmp_path / "tasks" / "x.npz.7.0123abcd.tmp"]
    for path in (half, ours, *elsewhere, *foreign):
        path.touch()
    os.utime(elsewhere[1], (0, 0))
    store = RunStore(tmp_path)
    assert not half.exists()
    assert not elsewhere[1].exists()
    for path in (ours, elsewhere[0]):  # a process of this host, or of another, may be at work on it
        path.unlink()
    store.clean({wanted})
    assert sorted(p.name for p in store.tasks.iterdir()) == [
        "checksums", "lock", "scan-k1.npz", "todo.txt", "x.npz.7.0123abcd.tmp",
    ]  # fmt: skip
    assert all(path.exists() for path in foreign)
    store.remove("thesis.tmp")
    assert foreign[0].exists()
    store.close()


def test_what_a_worker_that_died_meanwhile_left_is_removed_at_the_end(tmp_path):
    store = RunStore(tmp_path)
    wanted = store.file(store.task("scan", "k1", ".npz"))
    wanted.touch()
    left = wanted.with_name(f"{wanted.name}.{HOST}.{GONE}.0123abcd.tmp")
    left.touch()
    store.clean({wanted})
    store.close()
    assert wanted.exists()
    assert not left.exists()


def test_status_does_not_keep_a_run_from_starting(tmp_path):
    fcntl = pytest.importorskip("fcntl")
    RunStore(tmp_path).close()
    with (tmp_path / "tasks" / "lock").open() as stream:
        fcntl.flock(stream, fcntl.LOCK_SH)  # what 'combmotif status' holds for an instant
        waiting = threading.Timer(0.2, lambda: fcntl.flock(stream, fcntl.LOCK_UN))
        waiting.start()
        RunStore(tmp_path).close()
        waiting.join()


def test_a_lock_that_is_a_link_is_not_followed(tmp_path):
    (tmp_path / "thesis").write_text("mine")
    RunStore(tmp_path / "run").close()
    (tmp_path / "run" / "tasks" / "lock").unlink()
    (tmp_path / "run" / "tasks" / "lock").symlink_to(tmp_path / "thesis")
    with pytest.raises(ValueError, match="cannot write there"):
        RunStore(tmp_path / "run")
    assert (tmp_path / "thesis").read_text() == "mine"


def test_a_file_in_the_way(tmp_path):
    (tmp_path / "taken").touch()
    with pytest.raises(ValueError, match=r"taken: cannot write there"):
        RunStore(tmp_path / "taken")


def write_lock(path, **content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


@pytest.fixture
def no_flock(monkeypatch):
    fcntl = pytest.importorskip("fcntl")

    def flock(_file, _how):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", flock)
    monkeypatch.setattr("combmotif.runs.lock.PATIENCE", 0.05)


@pytest.mark.usefixtures("no_flock")
def test_one_store_per_folder_also_where_the_file_system_has_no_locks(tmp_path):
    store = RunStore(tmp_path)
    assert holder(tmp_path / LOCK)["pid"] == os.getpid()
    with pytest.raises(ValueError, match=rf"at work there; .* \(process {os.getpid()} on {HOST}\)$"):
        RunStore(tmp_path)
    store.close()
    assert holder(tmp_path / LOCK) is None
    write_lock(tmp_path / LOCK, host=HOST, pid=GONE, token="x")  # killed
    assert holder(tmp_path / LOCK) is None
    RunStore(tmp_path).close()


def test_a_run_of_another_host_holds_the_folder_as_long_as_it_gives_signs_of_life(tmp_path):
    RunStore(tmp_path).close()
    write_lock(tmp_path / LOCK, host="node7", pid=os.getpid(), token="x")
    assert holder(tmp_path / LOCK)["host"] == "node7"
    with pytest.raises(
        ValueError, match=r"process \d+ on node7\); a run that was killed on another host counts as dead"
    ):
        RunStore(tmp_path)
    os.utime(tmp_path / LOCK, (0, 0))
    assert holder(tmp_path / LOCK) is None
    RunStore(tmp_path).close()


def test_signs_of_life_count_by_the_clock_of_the_file_system(tmp_path, monkeypatch):
    RunStore(tmp_path).close()
    write_lock(tmp_path / LOCK, host="node7", pid=os.getpid(), token="x")
    now = time.time()
    monkeypatch.setattr("time.time", lambda: now + 3600)  # this host's clock is an hour fast
    assert holder(tmp_path / LOCK)["host"] == "node7"
    with pytest.raises(ValueError, match="another combmotif run is at work there"):
        RunStore(tmp_path)


def test_a_run_gives_signs_of_life(tmp_path, monkeypatch):
    monkeypatch.setattr("combmotif.runs.lock.BEAT", 0.05)
    store = RunStore(tmp_path)
    os.utime(tmp_path / LOCK, (0, 0))
    store.lock.tell(workers=3)
    for _ in range(1200):
        if holder(tmp_path / LOCK).get("workers") == 3:
            break
        time.sleep(0.05)
    assert (tmp_path / LOCK).stat().st_mtime > 0
    store.close()
