import gzip
import os
import subprocess
import sys

import pytest

from combmotif.core.encoding import not_text
from combmotif.core.packed import open_text
from combmotif.sequence import decode, read_fasta, read_table


def _read(path):
    with open_text(path) as stream:
        return stream.read()


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("café µ".encode(), "café µ"),
        (b"\xef\xbb\xbfcaf\xc3\xa9", "café"),
        ("café µ".encode("latin-1"), "café µ"),
        ("é".encode("latin-1") + "é".encode(), "éé"),  # two files of two encodings, put together
        (b"a\r\nb\rc\n", "a\nb\nc\n"),
    ],
)
def test_text_in_the_encodings_that_files_have(tmp_path, raw, text, packed):
    (tmp_path / "t").write_bytes(gzip.compress(raw) if packed else raw)
    assert _read(tmp_path / "t") == text


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ("sequence\nACGU\n".encode("utf-16"), "UTF-16 .*save it as UTF-8"),
        ("sequence\nACGU\n".encode("utf-16-le"), "zero bytes: .*UTF-16"),
        (b"PAR1\x15\x80\xff", "a Parquet file; write the table as CSV or TSV"),
        (b"PK\x03\x04rest", "Excel workbook; unpack it, or save the sheet"),
        (b"\xd0\xcf\x11\xe0\xa1", "an old Excel workbook"),
        (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
        (b"BZh91AY", "bzip2; unpack it"),
        (b"\xfd7zXZ\x00", "xz; unpack it"),
    ],
)
def test_what_is_no_text_is_named_with_what_to_do(tmp_path, raw, message, packed):
    path = tmp_path / "table.csv"
    path.write_bytes(gzip.compress(raw) if packed else raw)
    for read in (read_fasta, read_table):
        with pytest.raises(ValueError, match=f"table.csv: expected text, found .*{message}"):
            read(path)


def test_gzip_counts_by_its_content(tmp_path):
    (tmp_path / "packed.csv").write_bytes(gzip.compress(b"id,sequence\n007,ACGU\n"))
    found = read_table(tmp_path / "packed.csv", name="id")
    assert found.names == ("007",)
    assert decode(found.codes[0]) == "ACGU"


def test_text_begins_like_no_other_file():
    assert not_text(b">a\nACGU\n") is None
    assert not_text(b"") is None


@pytest.mark.slow
def test_the_locale_does_not_matter(tmp_path):
    (tmp_path / "a.fa").write_bytes(">café\nACGU\n".encode())
    code = "import sys; from combmotif.sequence import read_fasta; print(ascii(read_fasta(sys.argv[1]).names[0]))"
    told = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "a.fa")],
        env={**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == ascii("café")
