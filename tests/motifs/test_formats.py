from __future__ import annotations

import gzip
from dataclasses import fields

import h5py
import numpy as np
import pytest

from combmotif.motifs import Motif, MotifSet, save_motifs, write_meme
from combmotif.motifs.formats.h5 import load_motifs
from combmotif.motifs.formats.meme import read_meme

HEAD = "MEME version 4\n\nALPHABET= ACGU\n\n"


@pytest.fixture
def motifs() -> MotifSet:
    rng = np.random.default_rng(0)
    first = Motif(
        "conv3:12.m1", rng.multinomial(333, [0.1, 0.2, 0.3, 0.4], size=7).astype(float), 333, "conv3", 12,
        "neuronmotif", 4, 3.5, 2.25, 3.4, 0.6, (0, 1, -2),
    )  # fmt: skip
    second = Motif("model.m1", np.array([[3, 0, 0, 0], [0, 0, 0, 0], [1, 1, 1, 0]]), 3)
    return MotifSet((first, second), "neuronmotif", "rna")


def same(a: MotifSet, b: MotifSet) -> None:
    assert (a.method, a.alphabet, len(a)) == (b.method, b.alphabet, len(b))
    for one, other in zip(a, b, strict=True):
        for field in fields(Motif):
            x, y = getattr(one, field.name), getattr(other, field.name)
            np.testing.assert_array_equal(x, y)
            assert type(x) is type(y)
        assert one.pfm.dtype == other.pfm.dtype


def test_meme_round_trip(motifs, tmp_path):
    write_meme(motifs, tmp_path / "m.meme")
    back = read_meme(tmp_path / "m.meme")
    assert [m.id for m in back] == ["conv3:12.m1", "model.m1"]
    assert [m.name for m in back] == [m.consensus() for m in motifs]
    assert [m.nsites for m in back] == [333, 3]
    np.testing.assert_allclose(back[0].ppm, motifs[0].pfm / 333, atol=1e-6)
    np.testing.assert_allclose(back[1].ppm[1], 0.25)


@pytest.mark.parametrize(("alphabet", "letters"), [("rna", "ACGU"), ("dna", "ACGT")])
def test_meme_is_valid_minimal_meme(motifs, tmp_path, alphabet, letters):
    write_meme(MotifSet(motifs.motifs, "x", alphabet), tmp_path / "m.meme")
    lines = (tmp_path / "m.meme").read_text().splitlines()
    assert lines[0] == "MEME version 4"
    assert f"ALPHABET= {letters}" in lines
    assert "strands: +" in lines
    assert " ".join(f"{x} 0.25" for x in letters) == lines[lines.index("Background letter frequencies") + 1]
    assert "letter-probability matrix: alength= 4 w= 7 nsites= 333" in lines
    rows = [[float(x) for x in line.split()] for line in lines if line[:2] in (" 0", " 1")]
    assert len(rows) == 10
    np.testing.assert_allclose(np.sum(rows, axis=1), 1, atol=1e-12)


def test_meme_reads_odd_but_valid_files(tmp_path):
    text = """\
********
MEME version 5.4.1 (Release date: today)
ALPHABET= ACGT
strands: + -
Background letter frequencies (from file):
A 0.3 C 0.2 G 0.2 T 0.3
MOTIF   first   the other name here
log-odds matrix: alength= 4 w= 2 E= 0
 1 2 3 4
 1 2 3 4
letter-probability matrix:alength=4 w=2
\t1.0\t0 0 0

MOTIF never\tmind
"""
    (tmp_path / "bad.meme").write_text(text)
    with pytest.raises(ValueError, match=r"line 11: motif first: expected 2 rows of 4 numbers, got 1"):
        read_meme(tmp_path / "bad.meme")
    good = text.replace("\t1.0\t0 0 0\n", "\t1.0\t0 0 0\n .25 2.5e-1 0.2500 0.25\nURL http://x/y\n").replace(
        "MOTIF never\tmind\n", "MOTIF b\n\nletter-probability matrix: nsites= 7 E= 1e-3\n\n0 0 0.5 0.5\r\n"
    )
    (tmp_path / "good.meme").write_text(good)
    first, second = read_meme(tmp_path / "good.meme")
    assert (first.id, first.name, first.nsites) == ("first", "the", None)
    np.testing.assert_allclose(first.ppm, [[1, 0, 0, 0], [0.25] * 4])
    assert (second.id, second.name, second.nsites) == ("b", "b", 7)
    np.testing.assert_allclose(second.ppm, [[0, 0, 0.5, 0.5]])
    with gzip.open(tmp_path / "good.meme.gz", "wt") as handle:
        handle.write(good)
    assert len(read_meme(tmp_path / "good.meme.gz")) == 2


def test_meme_reads_a_custom_alphabet_block(tmp_path):
    block = 'ALPHABET "RNA" RNA-LIKE\nA "Adenine" CC0000\nC "Cytosine" 0000CC\nG "Guanine" FFB300\nU "Uracil" 008000\n'
    body = "N = ACGU\nEND ALPHABET\nMOTIF a\nletter-probability matrix: w= 1\n0 0 0 1\n"
    (tmp_path / "m.meme").write_text("MEME version 5\n" + block + body)
    assert read_meme(tmp_path / "m.meme")[0].ppm.tolist() == [[0, 0, 0, 1]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (">a\nACGT\n", "line 1: expected a 'MEME version 4' line"),
        (HEAD, "no letter-probability matrix"),
        (HEAD + "letter-probability matrix: w= 1\n1 0 0 0\n", "line 5: letter-probability matrix before any MOTIF"),
        (HEAD + "MOTIF a\nletter-probability matrix: w= 1\n1 0 0\n", "line 7: motif a: expected 4 probabilities"),
        (HEAD + "MOTIF a\nletter-probability matrix: w= 1\n9 1 0 0\n", "line 7: .*counts"),
        (HEAD + "MOTIF a\nletter-probability matrix: w= x\n1 0 0 0\n", "line 6: motif a: expected numbers for w"),
        (HEAD + "MOTIF a\nletter-probability matrix: alength= 20 w= 1\n", "line 6: .*alength= 4"),
        (HEAD + "MOTIF\n", "line 5: MOTIF without an identifier"),
        (HEAD.replace("ACGU", "ACDEFGHIKLMNPQRSTVWY"), "line 3: expected ALPHABET= ACGT or ACGU"),
        (HEAD + "MOTIF a\nletter-probability matrix: w= 1\n1 0 0 0\n0 1 0 0\n", "line 6: .* expected 1 rows .*, got 2"),
        (HEAD + "MOTIF  width = 6\nletter-probability matrix: w= 1\n1 0 0 0\n", "line 5: MOTIF without an identifier"),
    ],
)
def test_meme_errors_name_the_line(tmp_path, text, message):
    (tmp_path / "m.meme").write_text(text)
    with pytest.raises(ValueError, match=message):
        read_meme(tmp_path / "m.meme")


def test_meme_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="no such file"):
        read_meme(tmp_path / "none.meme")


def test_meme_reads_every_database(data_dir):
    counts = {
        "ray2013/Ray2013_rbp_Homo_sapiens.dna_encoded.meme": 102,
        "ray2013/Ray2013_rbp_Homo_sapiens.meme": 102,
        "cisbp-rna_human/CISBP-RNA_Homo_sapiens.meme": 193,
        "attract/ATtRACT_2017_12.meme": 1322,
        "featurereachr/RBNS_Dominguez2018.meme": 131,
        "rbpdb/RBPDB_2017_12.meme": 71,
        "transite/transite_174.meme": 174,
        "mirna/hsa_seed_targets.meme": 1553,
    }
    for path, count in counts.items():
        motifs = read_meme(data_dir / "motifs" / path)
        assert len(motifs) == count
        np.testing.assert_allclose(np.concatenate([m.ppm for m in motifs]).sum(1), 1)


def test_h5_round_trip_is_lossless_and_deterministic(motifs, tmp_path):
    many = MotifSet(motifs.motifs[:1] * 12 + motifs.motifs[1:], "seqlets", "dna")
    for motif_set in (motifs, many, MotifSet((), "modisco", "rna")):
        save_motifs(motif_set, tmp_path / "a.h5")
        save_motifs(motif_set, tmp_path / "b.h5")
        same(motif_set, load_motifs(tmp_path / "a.h5"))
        assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


def test_h5_reads_as_modisco_results(motifs, tmp_path):
    save_motifs(motifs, tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5") as file:  # as modisco-lite's report and finemo walk it
        for name in ("sequence", "contrib_scores", "hypothetical_contribs"):
            assert file["pos_patterns"]["pattern_0"][name].shape == (7, 4)
        assert file["pos_patterns"]["pattern_0"]["seqlets"]["n_seqlets"][:][0] == 333
        np.testing.assert_allclose(file["pos_patterns/pattern_0/sequence"][:].sum(1), 1)
        scores = file["pos_patterns/pattern_0/contrib_scores"][:].sum(1)
        np.testing.assert_allclose(scores, motifs[0].information)


def test_h5_refuses_other_files(tmp_path):
    with pytest.raises(FileNotFoundError, match="no such file"):
        load_motifs(tmp_path / "none.h5")
    (tmp_path / "text.h5").write_text("hello")
    with pytest.raises(ValueError, match="expected an HDF5 file"):
        load_motifs(tmp_path / "text.h5")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file.create_group("pos_patterns")
    with pytest.raises(ValueError, match="combmotif_format"):
        load_motifs(tmp_path / "other.h5")
