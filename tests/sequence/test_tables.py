import gzip

import h5py
import numpy as np
import pytest

from combmotif.runs.training.measured_rows import read_measured
from combmotif.sequence import decode, encode, read_fasta, read_table
from combmotif.sequence.delimited import stream_table
from combmotif.sequence.hdf5 import read_hdf5


def test_fasta_wraps_names_and_gzip(tmp_path):
    path = tmp_path / "a.fa.gz"
    with gzip.open(path, "wt") as file:
        file.write(">x first\nACG\nuuN\n\n>x\nggg\n")
    found = read_fasta(path)
    assert found.names == ("x", "x_2")
    assert [decode(c) for c in found.codes] == ["ACGUUN", "GGG"]
    assert found.lengths.tolist() == [6, 3]
    assert found.gc.tolist() == [0.4, 1.0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        ("ACGT\n", "expected a FASTA header .* on line 1, found 'ACGT'"),
        (">a\n>b\nAC\n", "record 'a' has no sequence"),
        (">a\nMKLV\n", "record 'a': expected nucleotides .* found 'L' at position 3 .*protein"),
    ],
)
def test_fasta_mistakes(tmp_path, text, message):
    path = tmp_path / "a.fa"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        read_fasta(path)


def test_table_columns_and_labels(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("id,utr,rl\na,ACGU,1.5\na,gg,2\n")
    found = read_table(path, name="id", labels=["rl"])
    assert found.names == ("a", "a_2")
    assert found.labels is not None
    assert found.labels.tolist() == [[1.5], [2.0]]
    assert found.label_names == ("rl",)
    kept = found.subset([1])
    assert kept.names == ("a_2",)
    assert kept.labels is not None
    assert kept.labels.tolist() == [[2.0]]


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("", {}, "the file is empty"),
        ("utr\trl\n", {}, "header but no rows"),
        ("utr\trl\nACG\t1\n", {"sequence": "seq"}, "expected a column 'seq', found utr, rl"),
        ("utr\trl\nACG\tx\n", {"labels": ["rl"]}, "row 1 column 'rl': expected a number, found 'x'"),
        ("utr\trl\nACG\t1\n\t2\n", {}, "row 2 has no sequence"),
        ("utr\trl\nACE\t1\n", {}, "row 1: expected nucleotides"),
    ],
)
def test_table_mistakes(tmp_path, text, options, message):
    path = tmp_path / "t.tsv"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        read_table(path, **options)


def test_names_that_stand_twice_are_numbered_and_told(tmp_path):
    (tmp_path / "s.fa").write_text(">a\nAC\n>a_2\nAG\n>a\nAU\n>a\nCC\n>b\nCG\n")
    found = read_fasta(tmp_path / "s.fa")
    assert found.names == ("a", "a_2", "a_3", "a_4", "b")
    note = "s.fa: 2 records have a name that stood before, and another one here: the second 'a' is 'a_3'."
    assert found.notes == (f"{tmp_path}/{note}",)
    assert found.subset([4]).notes == found.notes
    (tmp_path / "s.fa").write_text(">a\nAC\n>b\nAG\n")
    assert read_fasta(tmp_path / "s.fa").notes == ()


def test_rows_without_a_measurement(tmp_path):
    path = tmp_path / "t.tsv"
    path.write_text("seq\ty\tz\nAC\t1\t2\nAG\tNA\t2\nAU\t3\t\nCC\t4\t5\n")
    with pytest.raises(ValueError, match="row 2 column 'y': expected a number, found nothing"):
        read_table(path, labels=["y"])
    found = read_table(path, labels=["y", "z"], skip_missing=True)
    assert found.names == ("row1", "row4")
    assert found.labels.tolist() == [[1, 2], [4, 5]]
    assert [decode(codes) for codes in found.codes] == ["AC", "CC"]
    assert found.notes == (
        f"{path}: 2 of 4 rows have no measurement in y or z (first: row 2) and were left out.",
    )  # fmt: skip
    path.write_text("seq\ty\nAC\tnan\nAG\tfast\n")
    with pytest.raises(ValueError, match="row 2 column 'y': expected a number, found 'fast'"):
        read_table(path, labels=["y"], skip_missing=True)
    path.write_text("seq\ty\nAC\tNA\n")
    with pytest.raises(ValueError, match="expected numbers in y, found no row that has them"):
        read_table(path, labels=["y"], skip_missing=True)


def test_hdf5_layouts_agree(tmp_path):
    codes = np.stack([encode("ACGUA"), encode("GGCUN")])
    hot = (codes[:, :, None] == np.arange(4)).astype(np.float32)
    with h5py.File(tmp_path / "s.h5", "w") as file:
        file["last"] = np.pad(hot, ((0, 0), (0, 3), (0, 0)))
        file["first"] = np.pad(hot, ((0, 0), (0, 3), (0, 0))).transpose(0, 2, 1)
        file["codes"] = codes
        file["text"] = [b"ACGUA", b"GGCUN"]
        file["y"] = np.array([1.0, 2.0])
        file["short"] = np.array([1.0])
    # a trailing N is the same as padding in one-hot, and is cut
    for name, length in (("last", 4), ("first", 4), ("codes", 5), ("text", 5)):
        found = read_hdf5(tmp_path / "s.h5", sequence=name, label="y")
        assert decode(found.codes[0]) == "ACGUA"
        assert decode(found.codes[1]) == "GGCUN"[:length]
        assert found.labels is not None
        assert found.labels.ravel().tolist() == [1.0, 2.0]
    with pytest.raises(ValueError, match="2 sequences but 1 labels"):
        read_hdf5(tmp_path / "s.h5", sequence="codes", label="short")
    with pytest.raises(ValueError, match="expected a dataset 'nope', found codes"):
        read_hdf5(tmp_path / "s.h5", sequence="nope")


def test_damaged_text_is_named(tmp_path):
    whole = gzip.compress(b">a\n" + b"ACGU" * 5000 + bytes(range(65, 67)) + b"\n")
    for name, content, message in (
        ("short.fa.gz", whole[:40], "ends early"),
        ("plain.fa.gz", b">a\nACGU\n", "expected gzipped text"),
        ("bytes.fa", b">a\n\xff\xfe\x00", "expected text"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match=f"{name}.*{message}"):
            read_fasta(tmp_path / name)
    (tmp_path / "packed.fa").write_bytes(gzip.compress(b">a\nACGU\n"))
    assert decode(read_fasta(tmp_path / "packed.fa").codes[0]) == "ACGU"


def test_names_groups_and_filters_are_text(tmp_path):
    path = tmp_path / "t.tsv"
    rows = [
        ("0012", "007", "TRUE"), ("0013", "07", "true"), ("NA", "NA", "01"), ("nan", "null", "1"), ("null", "7", "1.0"),
        ("9007199254740993", "7.0", ""), ("9007199254740992", "x", "NA"), ("", "y", " "),
    ]  # fmt: skip
    path.write_text("id\tsequence\tgene\tsplit\n" + "".join(f"{a}\tACGU\t{b}\t{c}\n" for a, b, c in rows))
    found = read_table(path, name="id", cluster="gene")
    assert found.names == (*(name for name, _, _ in rows[:7]), "row8")
    assert found.clusters == tuple(group for _, group, _ in rows)
    assert found.notes == (
        f"{path}: 1 of 8 rows have no name in column 'id' and are called by their number (first: row 8).",
    )
    assert [name for name, _ in stream_table(path, name="id")] == list(found.names)
    for name, _, split in rows[:7]:
        assert read_table(path, name="id", where=f"split={split}").names == (name,)
    assert read_table(path, where="gene=07").names == ("row2",)
    with pytest.raises(
        ValueError, match="no row has 'True' in column 'split'; it has 'TRUE', 'true', '01', '1', '1.0', ..."
    ):
        read_table(path, where="split=True")
    with pytest.raises(ValueError, match="expected COLUMN=VALUE with a column among id, sequence, gene, split"):
        read_table(path, where="fold=1")


def test_a_group_spelled_like_a_missing_value_is_one_group_and_told(tmp_path):
    (tmp_path / "t.tsv").write_text("sequence\tgene\nACGU\tNA\nACGA\tHA\nACGC\tNA\nACGG\tnone\n")
    found = read_table(tmp_path / "t.tsv", cluster="gene")
    assert found.clusters == ("NA", "HA", "NA", "none")
    (note,) = found.notes
    assert "2 of 4 rows have 'NA' in column 'gene' and count as one group" in note


def test_a_filter_on_a_column_with_an_equals_sign(tmp_path):
    (tmp_path / "t.csv").write_text("a,a=b,sequence\n1,c,AC\nb=c,2,GG\n")
    assert read_table(tmp_path / "t.csv", where="a=b=c").names == ("row1",)


def test_a_blank_group_and_a_missing_sequence_are_named(tmp_path):
    path = tmp_path / "t.tsv"
    path.write_text("sequence\tgene\nAC\tg\nGG\t \n")
    with pytest.raises(ValueError, match="t.tsv: row 2: cluster: nothing stands in column 'gene'"):
        read_table(path, cluster="gene")
    for missing in ("", "NA", "nan", "null"):
        path.write_text(f"id\tsequence\na\tAC\nb\t{missing}\n")
        with pytest.raises(ValueError, match="row 2 has no sequence in column 'sequence'"):
            read_table(path)
        with pytest.raises(ValueError, match="row 2 has no sequence in column 'sequence'"):
            list(stream_table(path))


@pytest.mark.parametrize("infinite", ["-Inf", "inf", "Infinity", "1e999"])
def test_infinite_labels_are_refused_or_left_out_with_their_row(tmp_path, infinite):
    path = tmp_path / "t.tsv"
    path.write_text(f"id\tseq\ty\na\tAC\t1\nb\tAG\t{infinite}\nc\tAU\t\nd\tCC\t4\n")
    with pytest.raises(ValueError, match=f"row 2 column 'y': expected a finite number, found '{infinite}'"):
        read_table(path, labels=["y"])
    with pytest.raises(ValueError, match=f"row 2 column 'y': expected a finite number or NA, found '{infinite}'"):
        read_measured(path, labels=["y"], sequence="seq")
    found = read_table(path, name="id", labels=["y"], skip_missing=True)
    assert (found.names, found.labels.tolist()) == (("a", "d"), [[1], [4]])
    assert found.notes == (
        f"{path}: 1 of 4 rows have no measurement in y (first: row 3) and were left out.",
        f"{path}: 1 of 4 rows have an infinite value in y (first: row 2, '{infinite}') and were left out.",
    )
    assert found.left_out == (
        ("b", f"row 2 column 'y': expected a finite number, found '{infinite}'"),
        ("c", "row 3 column 'y': expected a number, found nothing"),
    )


def test_numbers_are_asked_of_labels_only(tmp_path):
    path = tmp_path / "t.tsv"
    for text in ("TRUE", "1_000", "1,5", "x"):
        path.write_text(f"seq\ty\nAC\t{text}\n")
        with pytest.raises(ValueError, match=f"row 1 column 'y': expected a number, found '{text}'"):
            read_table(path, labels=["y"], skip_missing=True)
