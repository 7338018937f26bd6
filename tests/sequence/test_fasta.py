from __future__ import annotations

import pytest

from combmotif.sequence import decode
from combmotif.sequence.fasta import count_fasta, iterate_fasta


@pytest.mark.parametrize(
    ("raw", "records"),
    [
        (b">a first\r\nAC\r\nGU\r\n>b\r\nGG\r\n", [("a", "ACGU"), ("b", "GG")]),
        (b"\xef\xbb\xbf>a\nAC\n\xef\xbb\xbf>b\nGG\n", [("a", "AC"), ("b", "GG")]),
        (">Neotyphodium_×s\nAC\n".encode("latin-1"), [("Neotyphodium_×s", "AC")]),
        (b">ENST1.2|ENSG1.1|-|name|\nAC\n", [("ENST1.2|ENSG1.1|-|name|", "AC")]),
        (b">gi|1|ref|NM_1.2| words\nAC\n", [("gi|1|ref|NM_1.2|", "AC")]),
        (b">a\nACGU ACGU\n  GG\tGG\n\n\nCC", [("a", "ACGUACGUGGGGCC")]),
        (b">0001\nac\n>1\nGG\n>NA\nCC\n", [("0001", "AC"), ("1", "GG"), ("NA", "CC")]),
        (b">\nAC\n> x\nGG\n", [("sequence_1", "AC"), ("x", "GG")]),
        (b">a\rAC\r>b\rGG\r", [("a", "AC"), ("b", "GG")]),
        (b">a\nAC\n>a\nGG\n", [("a", "AC"), ("a", "GG")]),
    ],
)
def test_records(tmp_path, raw, records):
    (tmp_path / "a.fa").write_bytes(raw)
    assert [(name, decode(codes)) for name, codes in iterate_fasta(tmp_path / "a.fa")] == records
    assert count_fasta(tmp_path / "a.fa") == len(records)
