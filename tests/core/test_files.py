import contextlib
import gzip
import os
import resource
import threading
import time

import h5py
import numpy as np
import pandas as pd
import pytest

from combmotif.core.files import atomic, read_sealed, reading, require_file, write_sealed, write_table, writing_h5
from combmotif.core.packed import open_packed, open_text, unpack
from combmotif.sequence.fasta import iterate_fasta

RECORDS = [f">s{i}\n{'ACGU' * 12}\n" for i in range(6)]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("piece", [1, 7, 10_000])
def test_a_pipe_loses_nothing(tmp_path, packed, piece):
    content = "".join(RECORDS).encode()
    content = gzip.compress(content) if packed else content
    os.mkfifo(tmp_path / "pipe")

    def write():
        with (tmp_path / "pipe").open("wb", buffering=0) as pipe:
            for start in range(0, len(content), piece):
                pipe.write(content[start : start + piece])
                if piece > 1:
                    time.sleep(0.01)

    writer = threading.Thread(target=write)
    writer.start()
    names = [name for name, _ in iterate_fasta(tmp_path / "pipe")]
    writer.join()
    assert names == [f"s{i}" for i in range(6)]


@pytest.mark.parametrize("text", ["", "A", "AC", "µ", "line\r\nother\n"])
def test_short_texts(tmp_path, text):
    for path, content in ((tmp_path / "t.txt", text.encode()), (tmp_path / "t.gz", gzip.compress(text.encode()))):
        path.write_bytes(content)
        with open_text(path) as stream:
            assert stream.read() == text.replace("\r\n", "\n")


@pytest.mark.slow
def test_a_file_made_to_fill_the_memory(tmp_path):
    bomb = gzip.compress(b"A" * (80 << 20), 9)  # 80 MB of one letter in 80 kB
    (tmp_path / "bomb.gz").write_bytes(bomb)
    with (
        open_text(tmp_path / "bomb.gz") as stream,
        pytest.raises(ValueError, match=r"bomb.gz: unfolds to more than 100"),
    ):
        stream.read()
    with pytest.raises(ValueError, match=r"motifs: unfolds to more than 100 times"):
        unpack(bomb, "motifs")
    assert unpack(gzip.compress(bytes(1 << 20)), "motifs") == bytes(1 << 20)
    with open_packed(tmp_path / "bomb.gz") as packed, pytest.raises(ValueError, match=r"bomb.gz: unfolds to more than"):
        pd.read_csv(packed)
    (tmp_path / "t.tsv.gz").write_bytes(gzip.compress(b"a\tb\n1\t2\n"))
    with open_packed(tmp_path / "t.tsv.gz") as packed:
        assert pd.read_csv(packed, sep="\t").to_dict("list") == {"a": [1], "b": [2]}


@pytest.mark.parametrize("damage", ["cut", "flipped"])
def test_damaged_gzip_names_the_file(tmp_path, damage):
    content = bytearray(gzip.compress("".join(RECORDS).encode()))
    if damage == "cut":
        del content[-10:]
    else:
        content[20] ^= 0xFF
    (tmp_path / "x.fa.gz").write_bytes(content)
    with pytest.raises(ValueError, match=r"x.fa.gz: the gzip file (ends early|is damaged)"):
        list(iterate_fasta(tmp_path / "x.fa.gz"))


def test_what_is_sealed_is_known_again(tmp_path):
    path = tmp_path / "state"
    assert read_sealed(path, instead="x") is None
    write_sealed(path, b"\x00\n\xff" * 100)
    assert read_sealed(path, instead="x") == b"\x00\n\xff" * 100
    whole = path.read_bytes()
    for changed in (whole[:-1], b"", whole[:200] + b"!" + whole[201:], whole[1:]):
        path.write_bytes(changed)
        with pytest.warns(UserWarning, match="state: was damaged since it was written; it begins anew"):
            assert read_sealed(path, instead="it begins anew") is None


def test_writing_replaces_a_link_and_not_what_it_points_to(tmp_path):
    (tmp_path / "thesis").write_text("mine")
    (tmp_path / "out.tsv").symlink_to(tmp_path / "thesis")
    (tmp_path / "out.tsv.tmp").write_text("mine")
    with atomic(tmp_path / "out.tsv") as temporary:
        temporary.write_text("ours")
    assert (tmp_path / "thesis").read_text() == (tmp_path / "out.tsv.tmp").read_text() == "mine"
    assert (tmp_path / "out.tsv").read_text() == "ours"


def test_cells_are_no_formulas(tmp_path):
    table = pd.DataFrame({"name": ["=HYPERLINK(1)", "-", "+3", "a=b", None], "x": [1.0, 2, 3, 4, 5]})
    before = table.copy()
    write_table(tmp_path / "t.tsv", table)
    assert (tmp_path / "t.tsv").read_text() == "name\tx\n'=HYPERLINK(1)\t1\n-\t2\n+3\t3\na=b\t4\n\t5\n"
    pd.testing.assert_frame_equal(table, before)


@pytest.mark.parametrize(
    "error", [KeyError("pfm"), TypeError("x"), IndexError(), AttributeError("a"), RuntimeError("r")]
)
def test_a_reader_of_a_damaged_file_names_it(error):
    with (
        pytest.raises(ValueError, match="motifs.h5: expected motifs, found a damaged file"),
        reading("some/motifs.h5", "motifs"),
    ):
        raise error


def test_a_message_without_its_file_gets_it():
    with pytest.raises(ValueError, match=r"^t.tsv: no rows$"), reading("t.tsv", "a table"):
        raise ValueError("no rows")
    with pytest.raises(ValueError, match=r"^t.tsv, line 3: no rows$"), reading("t.tsv", "a table"):
        raise ValueError("t.tsv, line 3: no rows")
    with pytest.raises(FileNotFoundError, match="gone"), reading("t.tsv", "a table"):
        raise FileNotFoundError("gone")


@contextlib.contextmanager
def no_file_larger_than(size):
    """Let writes beyond a size fail, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("size", [0, 10, 700, 5000, 60_000])
def test_an_hdf5_file_on_a_full_disk_is_told_by_the_system_s_error(tmp_path, size):
    values = np.random.default_rng(0).normal(size=(100, 100))

    def write(count):
        with writing_h5(tmp_path / "x.h5") as file:
            for number in range(count):
                file.create_dataset(f"x{number}", data=values, compression="gzip")

    with no_file_larger_than(size), pytest.raises(OSError, match="File too large") as caught:
        write(20)
    assert caught.value.filename == str(tmp_path / "x.h5")
    write(1)
    with h5py.File(tmp_path / "x.h5") as file:
        assert np.array_equal(file["x0"][()], values)


def test_an_error_while_an_hdf5_file_is_made_stays_itself(tmp_path):
    with pytest.raises(KeyError, match="mine"), writing_h5(tmp_path / "x.h5"):
        raise KeyError("mine")


def test_a_pipe_is_no_file_that_can_be_read_twice(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match="pipe: expected a file, which is read twice, found a pipe or device"):
        require_file(tmp_path / "pipe")
    for name in ("nothing", "."):  # whoever opens them says what is wrong
        require_file(tmp_path / name)


def test_a_pipe_or_device_is_not_replaced_by_a_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    for name in ("pipe", "link"):
        with pytest.raises(ValueError, match="expected a file to write, found a pipe or device"):
            write_table(tmp_path / name, pd.DataFrame({"a": [1]}))
    assert (tmp_path / "pipe").is_fifo()
    assert (tmp_path / "link").is_symlink()


def test_a_file_that_cannot_be_made_is_named_as_it_was_asked_for(tmp_path):
    with pytest.raises(OSError, match="too long") as told:
        write_table(tmp_path / ("x" * 250), pd.DataFrame({"a": [1]}))  # with its temporary ending it is too long
    assert told.value.filename == str(tmp_path / ("x" * 250))
