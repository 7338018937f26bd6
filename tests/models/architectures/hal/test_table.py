"""Reading HAL's tables: the order of rows, the checksum, and what is said where a file is missing."""

import hashlib

import numpy as np
import pytest

from combmotif.models.architectures.hal import table as hal_table
from combmotif.models.architectures.hal.table import HexamerTable, load_exon_scores, load_table


@pytest.fixture
def own_table():
    return HexamerTable(np.random.default_rng(0).normal(size=(4096, 8)))


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    monkeypatch.delenv("COMBMOTIF_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


def test_rows_of_the_file_count_in_the_order_a_t_c_g(own_table, tmp_path):
    path = own_table.save(tmp_path / "t.npz")
    with np.load(path) as file:
        rows = file["weights"]
    np.testing.assert_array_equal(rows[1], own_table.effect("AAAAAT"))
    np.testing.assert_array_equal(rows[2], own_table.effect("AAAAAC"))
    np.testing.assert_array_equal(rows[4 * 3], own_table.effect("AAAAGA"))
    np.testing.assert_array_equal(load_table(path, md5=None).weights, own_table.weights)


def test_another_table_is_refused(own_table, tmp_path):
    path = own_table.save(tmp_path / "t.npz")
    with pytest.raises(ValueError, match="expected the hexamer table of HAL .md5 4db7.*, found md5 .*combmotif fetch"):
        load_table(path)
    digest = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
    assert load_table(path, md5=digest).source == str(path)


def test_broken_files(tmp_path):
    (tmp_path / "text.npz").write_text("no")
    np.savez(tmp_path / "key.npz", w=np.zeros(3))
    np.savez(tmp_path / "shape.npz", weights=np.zeros((4096, 7)))
    for name, message in (
        ("text", "expected an .npz with the key"),
        ("key", "expected an .npz with the key"),
        ("shape", r"expected shape \(4096, 8\), found \(4096, 7\)"),
    ):
        with pytest.raises(ValueError, match=message):
            load_table(tmp_path / f"{name}.npz", md5=None)
    with pytest.raises(FileNotFoundError, match="run 'combmotif fetch hal'"):
        load_table(tmp_path / "none.npz")


def test_where_it_is_looked_for(own_table, nowhere, monkeypatch):
    with pytest.raises(FileNotFoundError, match="found no HAL_mer_scores.npz; .*cache/combmotif/hal.*; run 'combmotif"):
        load_table()
    cached = nowhere / "cache" / "combmotif" / "hal" / hal_table.TABLE_FILE
    cached.parent.mkdir(parents=True)
    own_table.save(cached)
    assert load_table(md5=None).source == str(cached)
    mine = nowhere / "data" / "hal" / hal_table.TABLE_FILE
    mine.parent.mkdir(parents=True)
    own_table.save(mine)
    monkeypatch.setenv("COMBMOTIF_DATA", str(nowhere / "data"))
    assert load_table(md5=None).source == str(mine)


def test_exon_scores(nowhere):
    with pytest.raises(FileNotFoundError, match="found no exonic_mer6_scores.csv.*docs/hal.md"):
        load_exon_scores()
    for name in hal_table.EXON_FILES:
        (nowhere / name).write_text("kmer,score\nAAA,1\n")
    with pytest.raises(ValueError, match="all 4096 words of 6 letters"):
        load_exon_scores(nowhere)


def test_shapes_are_checked():
    with pytest.raises(ValueError, match=r"weights: expected shape \(4096, 8\)"):
        HexamerTable(np.zeros((4096, 3)))
    with pytest.raises(ValueError, match=r"acceptor: expected shape \(64,\)"):
        hal_table.ExonScores(np.zeros(4096), np.zeros(63))
