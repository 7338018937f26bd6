"""Matrices under '>name' lines: what the rows are, and other forms that databases offer."""

from __future__ import annotations

import numpy as np
import pytest

from combmotif.motifs import read_motifs

COUNTS = [[1, 1, 1, 17], [1, 1, 16, 2], [2, 1, 1, 16], [17, 1, 1, 1]]  # UGUA, a row per position
TRANSPOSED = np.transpose(COUNTS).tolist()
BOTH = [[0, 0, 0, 9], [9, 0, 0, 0], [0, 9, 0, 0], [0, 0, 9, 0]]  # rows and columns sum to 9: TACG, or CGTA
NEITHER = [[1, 2, 3, 4], [9, 9, 9, 9], [0, 1, 0, 0], [5, 5, 1, 0]]
LONG = ">long\n1 1 1 17\n1 1 16 2\n2 1 1 16\n17 1 1 1\n17 1 1 1\n"
WIDE = ">wide\n1 1 2 17 17\n1 1 1 1 1\n1 16 1 1 1\n17 2 16 1 1\n"


def _rows(rows, labels=("", "", "", ""), *, brackets=False):
    return "".join(
        f"{label} {'[' if brackets else ''} {' '.join(map(str, row))} {']' if brackets else ''}".strip() + "\n"
        for label, row in zip(labels, rows, strict=True)
    )


def _read(tmp_path, text):
    (tmp_path / "m.txt").write_text(text)
    found = read_motifs(tmp_path / "m.txt")
    return found, ["".join("ACGT"[base] for base in record.ppm.argmax(1)) for record in found.records]


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        (">a\n" + _rows(COUNTS), "cluster-buster", ["TGTA"]),
        (">a\n" + _rows(np.array(COUNTS) / 20), "cluster-buster", ["TGTA"]),
        (">a\n" + _rows(TRANSPOSED), "jaspar", ["TGTA"]),
        (">a\n" + _rows(np.array(TRANSPOSED) / 20), "jaspar", ["TGTA"]),
        (">TGTA\tmine\n" + _rows(np.array(COUNTS) / 20), "cluster-buster", ["TGTA"]),
        (">a\n# WEIGHT 2.7\n" + _rows(COUNTS), "cluster-buster", ["TGTA"]),
        # labels
        (">a\n" + _rows(TRANSPOSED, "ACGT"), "jaspar", ["TGTA"]),
        (">a\n" + _rows(TRANSPOSED, "ACGU"), "jaspar", ["TGTA"]),
        (">a\n" + _rows(BOTH, "ACGT", brackets=True), "jaspar", ["CGTA"]),
        (">a\n" + _rows(COUNTS, "ACGT", brackets=True), "jaspar", ["TACA"]),
        (">a\n" + _rows(BOTH, "TACG"), "cluster-buster", ["TACG"]),  # ENCODE: each label is its row's consensus
        (">a\n" + _rows(COUNTS, "TGTA"), "cluster-buster", ["TGTA"]),
        (">a\nT 0 0 0 1\nR 0.5 0 0.5 0\n", "cluster-buster", ["TA"]),
        # other motifs of the file
        (LONG + ">four\n" + _rows(BOTH), "cluster-buster", ["TGTAA", "TACG"]),
        (WIDE + ">four\n" + _rows(BOTH), "jaspar", ["TGTAA", "CGTA"]),
        (LONG + ">four\n" + _rows(NEITHER), "cluster-buster", ["TGTAA", "TACA"]),
        (LONG + ">four\n" + _rows(COUNTS), "cluster-buster", ["TGTAA", "TGTA"]),
        (">a\n" + _rows(np.eye(4, dtype=int)), "cluster-buster", ["ACGT"]),  # either way the same
    ],
)
def test_what_the_rows_are(tmp_path, text, kind, words):
    found, read = _read(tmp_path, text)
    assert (found.format, read) == (kind, words)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (">a\n" + _rows(BOTH), "line 1: motif a: 4 rows of 4 numbers may be positions or bases"),
        (">a\n" + _rows(NEITHER), "line 1: motif a: 4 rows of 4 numbers may be positions or bases"),
        (
            LONG + ">four\n" + _rows(TRANSPOSED),
            "line 7: motif four: 4 rows of 4 numbers that sum as bases, in a file of positions",
        ),
        (WIDE + ">four\n" + _rows(COUNTS), "line 6: motif four: .* that sum as positions, in a file of bases"),
        (LONG + WIDE + ">four\n" + _rows(BOTH), "motif four: 4 rows of 4 numbers may be"),
        (
            ">a\n" + _rows(np.array(COUNTS) / 40),
            "motif a: expected counts, or 4 probabilities that sum to 1, .* of 0.5",
        ),
        (">a\n1 2 3\n1 2 3\n", "motif a: expected 4 rows of equal length, one per base, got 2"),
        (">a\nA 1 2 3\nA 1 2 3\nC 1 2 3\nG 1 2 3\n", "motif a: expected 4 numbers per position"),
        (">a\n1 2 3 4\n1 -2 3 4\n", "line 3: expected a row of counts"),
    ],
)
def test_what_cannot_be_told_is_refused(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        _read(tmp_path, text)


def test_transfac_without_slashes_and_with_further_tables(tmp_path):
    one = "AC  M1\nXX\nID  one\nXX\nP0 A C G T\n01 8 0 1 1 A\n02 0 0 10 0 G\nXX\n"
    two = "AC  M2\nXX\nNA  TWO\nP0 A C G U\n1 0 10 0 0\n2 0 0 0 10\n3 10 0 0 0\n"
    for text in (one + two, one + "//\n" + two + "//\n", one + "CC words\n" + two):
        found, words = _read(tmp_path, text)
        assert [(r.id, r.name) for r in found.records] == [("M1", "one"), ("M2", "TWO")]
        assert words == ["AG", "CTA"]
    crosslinks = (
        one + "IC\t1.2\t0.8\nXX\nXL\n01 9 9 9 9\n02 1 1 1 1\nXX\n//\n" + one.replace("M1", "M3") + "XL\n01\t0.2\n//\n"
    )
    found, words = _read(tmp_path, crosslinks)
    assert ([r.id for r in found.records], words) == (["M1", "M3"], ["AG", "AG"])
    found, words = _read(tmp_path, one + "XL\nP0 A C G T\n01 0.1 0.2 0.3 0.4\n//\n" + two)
    assert ([r.id for r in found.records], words) == (["M1", "M2"], ["AG", "CTA"])
    found, words = _read(tmp_path, one + "P0 A C G T\n01 0 0 0 9\n")
    assert [r.id for r in found.records] == ["M1", "motif2"]
    with pytest.raises(ValueError, match="line 7: expected position 2, got 01"):
        _read(tmp_path, one.replace("02 0", "01 0"))


MEME = (
    "MEME version 5\n\n{alphabet}\n\nstrands: +\n\n{motif}\nletter-probability matrix: alength= 4 w= 2 {sites}\n"
    "0 0 0 1\n0 0 1 0\n"
)
DREME = """\
ALPHABET "DNA" DNA-LIKE
A "Adenine" CC0000 ~ T "Thymine" 008000
C "Cytosine" 0000CC ~ G "Guanine" FFB300
N "Any base" = ACGT
X = ACGT
R "Purine = R" = AG
U = T
END ALPHABET"""
DREME_RNA = """\
ALPHABET "RNA" RNA-LIKE
A "Adenine" CC0000
C "Cytosine" 0000CC
G "Guanine" FFB300
U "Uracil" 008000
N "Any base" = ACGU
T = U
END ALPHABET"""
PLAIN = "ALPHABET= ACGT"


@pytest.mark.parametrize(
    ("alphabet", "motif", "sites", "expected"),
    [
        (DREME, "MOTIF TGTA DREME-1", "nsites= 90 E= 1e-9", ("dna", "TGTA", "DREME-1", 90)),
        (DREME_RNA, "MOTIF UG", "", ("rna", "UG", "UG", None)),
        ('ALPHABET "mine" DNA-LIKE\nT ~ A\nG ~ C\nEND ALPHABET', "MOTIF a", "", ("dna", "a", "a", None)),
        (PLAIN, "MOTIF  1\twidth =   2   sites =  12   llr = 70", "nsites= 12", ("dna", "1", "1", 12)),
        (PLAIN, "MOTIF GG MEME-1\twidth =  2  sites =  7", "nsites= 7", ("dna", "GG", "MEME-1", 7)),
        (PLAIN, "MOTIF width width", "nsites= NA", ("dna", "width", "width", None)),
        (PLAIN, "MOTIF a -", "nsites= 0", ("dna", "a", "a", 0)),
    ],
)  # fmt: skip
def test_meme_as_the_suite_writes_it(tmp_path, alphabet, motif, sites, expected):
    found, words = _read(tmp_path, MEME.format(alphabet=alphabet, motif=motif, sites=sites))
    record = found.records[0]
    assert (found.alphabet, record.id, record.name, record.nsites) == expected
    assert words == ["TG"]


@pytest.mark.parametrize("width", [1, 3])
def test_meme_counts_its_rows(tmp_path, width):
    text = MEME.format(alphabet=PLAIN, motif="MOTIF a", sites="").replace("w= 2", f"w= {width}")
    with pytest.raises(ValueError, match=f"line 8: motif a: expected {width} rows of 4 numbers, got 2"):
        _read(tmp_path, text)


@pytest.mark.parametrize(
    "text",
    [
        MEME.format(alphabet=PLAIN, motif="MOTIF a", sites="") + "MOTIF a\nletter-probability matrix: w= 1\n1 0 0 0\n",
        ">a\n" + _rows(COUNTS) + ">a\n1 0 0 0\n",
        "AC a\nP0 A C G T\n1 0 0 0 9\n2 0 0 9 0\n//\nAC a\nP0 A C G T\n1 9 0 0 0\n//\n",
        ">TG\ta\t5\n0 0 0 1\n0 0 1 0\n>A\ta\t5\n1 0 0 0\n",
        ">a\t2\n0 0 0 1\n0 0 1 0\n>a\t1\n1 0 0 0\n",
    ],
)
def test_an_identifier_that_stands_twice_gets_an_ending_and_a_word(tmp_path, text):
    with pytest.warns(UserWarning, match="m.txt: 1 record has a name that stood before.* the second 'a' is 'a_2'"):
        found, words = _read(tmp_path, text)
    assert [record.id for record in found.records] == ["a", "a_2"]
    assert (words[0][:2], words[1]) == ("TG", "A")
