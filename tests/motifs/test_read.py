"""Every format, written here as its source writes it, and told apart by its content."""

from __future__ import annotations

import gzip
import io
import os
import re
import tarfile
import threading
import zipfile

import h5py
import numpy as np
import pytest

from combmotif.motifs import Motif, MotifSet, load_database, read_motifs, save_motifs, write_meme
from combmotif.motifs.files import open_motifs
from combmotif.motifs.formats import write_motif_table

PFM = np.array([[8, 0, 1, 1], [0, 0, 10, 0], [0, 0, 0, 10], [2, 3, 3, 2]], dtype=float)
TRANSFAC = """\
VV  TRANSFAC MATRIX TABLE
XX
//
AC  M00001
XX
ID  V$PUM_01
XX
NA  PUM1
XX
BF  T00001; Pumilio; Species: Homo sapiens.
P0      A      C      G      U
01      8      0      1      1      A
02      0      0     10      0      G
03      0      0      0     10      U
04      2      3      3      2      N
XX
//
AC  M00002
P0 a c g u
1 1.5 1.5 0 0
XX
//
"""
JASPAR = """\
>MA0001.1\tPUM one
A  [ 8  0  0  2 ]
C  [ 0  0  0  3 ]
G  [ 1 10  0  3 ]
T  [ 1  0 10  2 ]
>MA0002.2 other
A [ 1 ]
C [ 0 ]
G [ 0 ]
T [ 3 ]
"""
BARE = ">MA0001.1 PUM\n8 0 0 2\n0 0 0 3\n1 10 0 3\n1 0 10 2\n"
HOMER = (
    ">AGTN\tPUM1(PUF)/K562-PUM1-CLIP(GSE1)/Homer\t4.2\t-1000\t0\n"
    "0.8\t0\t0.1\t0.1\n0\t0\t1\t0\n0\t0\t0\t1\n0.2\t0.3\t0.3\t0.2\n"
    ">AC\t1-AC,BestGuess:Other/Homer(0.7)\t5\n1 0 0 0\n0 1 0 0\n"
)
CISBP = "Pos\tA\tC\tG\tU\n1\t0.8\t0\t0.1\t0.1\n2\t0\t0\t1\t0\n3\t0\t0\t0\t1\n4\t0.2\t0.3\t0.3\t0.2\n"
INFORMATION = (
    "RBP_ID\tFamily_ID\tMotif_ID\tDBID\tRBP_Name\tRBP_Species\tRBP_Status\tFamily_Name\tDBID\n"
    "T1\tF1\tM001_0.6\tE1\tPUM1\tHomo_sapiens\tD\tPUF\t.\n"
    "T2\tF1\tM001_0.6\tE2\tPUM2\tHomo_sapiens\tI\tPUF\t.\n"
    "T3\tF1\tM002_0.6\tE3\tPum2\tMus_musculus\tI\tPUF\t.\n"
    "T4\tF1\t.\tE4\tNONE\tHomo_sapiens\tN\tPUF\t.\n"
)
ATTRACT = (
    "Gene_name\tGene_id\tMutated\tOrganism\tMotif\tLen\tExperiment_description\tDatabase\tPubmed\tExperiment\tFamily\t"
    "Matrix_id\tScore\n"
    "PUM1\tE1\tno\tHomo_sapiens\tAGUN\t4\tx\tR\t1\ty\tPUF\t12\t1.000000**\n"
    "PUM2\tE2\tno\tHomo_sapiens\tAGUN\t4\tx\tR\t1\ty\tPUF\t12\t1.000000**\n"
    "Pum\tE3\tno\tDrosophila_melanogaster\tAGUN\t4\tx\tR\t1\ty\tPUF\tM013_0.6\t1.0\n"
    "BAD\tE4\tyes\tHomo_sapiens\tA\t1\tx\tR\t1\ty\tPUF\tmut\t1.0\n"
)
PWM = (
    ">12\t4\n0.8\t0\t0.1\t0.1\n0\t0\t1\t0\n0\t0\t0\t1\n0.2\t0.3\t0.3\t0.2\n"
    ">M013_0.6\t1\n1\t0\t0\t0\n>mut\t1\n0\t0\t0\t1\n"
)
MEME = (
    "MEME version 4\nALPHABET= ACGU\nMOTIF a PUM1\n"
    "letter-probability matrix: nsites= 10\n0.8 0 0.1 0.1\n0 0 1 0\n0 0 0 1\n.2 .3 .3 .2\n"
)


def first(found):
    record = found.records[0]
    np.testing.assert_allclose(record.ppm, PFM / 10, atol=1e-9)
    return record


@pytest.mark.parametrize(
    ("text", "kind", "alphabet", "identifier", "name", "sites", "number"),
    [
        (TRANSFAC, "transfac", "rna", "M00001", "PUM1", 10, 2),
        (JASPAR, "jaspar", "dna", "MA0001.1", "PUM one", 10, 2),
        (JASPAR.replace("\nT ", "\nU "), "jaspar", "rna", "MA0001.1", "PUM one", 10, 2),
        (BARE, "jaspar", "dna", "MA0001.1", "PUM", 10, 1),
        (HOMER, "homer", "dna", "PUM1(PUF)/K562-PUM1-CLIP(GSE1)/Homer", "PUM1", None, 2),
        (CISBP, "cisbp-rna", "rna", "file", "file", None, 1),
        (PWM, "attract", "rna", "12", "12", None, 3),
        (MEME, "meme", "rna", "a", "PUM1", 10, 1),
    ],
)  # fmt: skip
@pytest.mark.parametrize("packed", [False, True])
def test_text_formats(tmp_path, text, kind, alphabet, identifier, name, sites, number, packed):
    path = tmp_path / "file.txt"
    text = text.replace("\n", "\r\n") if packed else text
    path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    found = read_motifs(path)
    assert (found.format, found.alphabet, len(found.records)) == (kind, alphabet, number)
    record = first(found)
    assert (record.id, record.name, record.nsites) == (identifier, name, sites)
    assert all(abs(r.ppm.sum(1) - 1).max() < 1e-12 for r in found.records)


def test_transfac_of_jaspar_and_of_hocomoco(tmp_path):
    path = tmp_path / "db.tf"
    path.write_text(
        "AC M11442\nXX\nID  ZSCA4.H12CORE.0.SM.B\nXX\nNA  ZSCA4_HUMAN\nXX\n"
        "BF  ZSCA4_HUMAN; Species: human, Homo sapiens\nXX\n"
        "P0      A      C      G      T\n01   2579   1200   1881   2094      n\nXX\n//\n"
        "AC MA0108.3\nXX\nID TBP\nXX\nDE MA0108.3 TBP ; From JASPAR\nPO\tA\tC\tG\tT\n01\t16.0\t46.0\t18.0\t309.0\nXX\n"
        "CC tax_group:vertebrates\n//\n"
    )
    found = read_motifs(path)
    assert [(r.id, r.name, r.nsites, r.species) for r in found.records] == [
        ("M11442", "ZSCA4_HUMAN", 7754, "human, Homo sapiens"), ("MA0108.3", "TBP", 389, ""),
    ]  # fmt: skip
    np.testing.assert_allclose(found.records[1].ppm, [np.array([16, 46, 18, 309]) / 389])
    assert [r.id for r in read_motifs(path, species="Homo_sapiens").records] == ["M11442"]


@pytest.fixture(params=["folder", "zip", "nested"])
def folder(request, tmp_path):
    """Make a folder or zip of files given by name."""

    def make(files):
        below = "download/" if request.param == "nested" else ""
        if request.param == "zip":
            with zipfile.ZipFile(tmp_path / "db.zip", "w") as archive:
                for name, text in files.items():
                    archive.writestr(name, text)
            return tmp_path / "db.zip"
        for name, text in files.items():
            path = tmp_path / "db" / below / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path / "db"

    return make


def test_cisbp_rna(folder):
    path = folder(
        {
            "RBP_Information.txt": INFORMATION,
            "pwms_all_motifs/M001_0.6.txt": CISBP,
            "pwms_all_motifs/M002_0.6.txt": "Pos\tA\tC\tG\tU\n1\t1\t0\t0\t0\n",
            "pwms_all_motifs/M003_0.6.txt": "Pos\tA\tC\tG\tU\n",
            "pwms_all_motifs/.DS_Store": "x",
        }
    )
    with pytest.warns(UserWarning, match="1 of 3 matrices are empty .* left out: M003_0.6"):
        found = read_motifs(path)
    assert (found.format, found.alphabet) == ("cisbp-rna", "rna")
    assert first(found).name == "PUM1"  # measured; PUM2 is inferred
    assert [(r.id, r.name, r.species) for r in found.records] == [
        ("M001_0.6", "PUM1", "Homo_sapiens"), ("M002_0.6", "(Pum2)", "Mus_musculus"),
    ]  # fmt: skip
    assert [r.id for r in read_motifs(path, species="Mus musculus").records] == ["M002_0.6"]
    with pytest.raises(ValueError, match="no motif of the species 'Danio_rerio'; it has .*Homo_sapiens"):
        read_motifs(path, species="Danio_rerio")


def test_attract(folder):
    path = folder({"ATtRACT_db.txt": ATTRACT, "pwm.txt": PWM})
    found = read_motifs(path)
    assert first(found).name == "PUM1,PUM2"
    assert [(r.id, r.species) for r in found.records] == [
        ("12", "Homo_sapiens"), ("M013_0.6", "Drosophila_melanogaster"),
    ]  # fmt: skip
    database = load_database(path, species="Homo_sapiens")
    assert [(e.id, e.family, e.species) for e in database.entries] == [("12", "PUM1,PUM2", "Homo_sapiens")]


def test_a_folder_of_something_else(folder):
    with pytest.raises(ValueError, match=r"expected CISBP-RNA .*, ATtRACT .* or files of one .*, found readme.txt"):
        read_motifs(folder({"readme.txt": "x"}))
    with pytest.raises(ValueError, match="line 1: expected the columns Motif_ID, RBP_Name, RBP_Status"):
        read_motifs(folder({"RBP_Information.txt": "A\tB\n"}))


def test_modisco_hdf5(tmp_path):
    path = tmp_path / "modisco.h5"
    with h5py.File(path, "w") as file:
        for group, count in (("pos_patterns", 11), ("neg_patterns", 1)):
            for number in range(count):
                pattern = file.create_group(f"{group}/pattern_{number}")
                pattern["sequence"] = PFM / 10
                pattern["contrib_scores"] = -PFM
                pattern.create_group("seqlets")["n_seqlets"] = np.array([100 + number])
    found = read_motifs(path)
    assert (found.format, found.alphabet, len(found.records)) == ("modisco", "dna", 12)
    assert first(found).nsites == 100
    names = [record.id for record in found.records]
    assert names[:3] == ["pos_patterns.pattern_0", "pos_patterns.pattern_1", "pos_patterns.pattern_2"]
    assert names[10:] == ["pos_patterns.pattern_10", "neg_patterns.pattern_0"]
    with h5py.File(path, "w") as file:
        file["metacluster_idx_to_submetacluster_results"] = 1
    with pytest.raises(ValueError, match=r"expected the groups pos_patterns or neg_patterns .*modisco convert"):
        read_motifs(path)
    path.write_bytes(b"\x89HDF\r\n\x1a\nbroken")
    with pytest.raises(ValueError, match="expected an HDF5 file"):
        read_motifs(path)


@pytest.mark.parametrize("ending", ["meme", "h5", "tsv"])
@pytest.mark.parametrize("alphabet", ["rna", "dna"])
def test_what_is_written_is_read_back(tmp_path, ending, alphabet):
    motifs = MotifSet((Motif("conv1:2.m1", PFM, 10), Motif("b", PFM[::-1] * 7, 70)), "x", alphabet)
    path = tmp_path / f"m.{ending}"
    {"meme": write_meme, "h5": save_motifs, "tsv": write_motif_table}[ending](motifs, path)
    found = read_motifs(path)
    assert found.alphabet == alphabet
    assert [(r.id, r.nsites) for r in found.records] == [("conv1:2.m1", 10), ("b", 70)]
    np.testing.assert_allclose(found.records[0].ppm, PFM / 10, atol=1e-6)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        (" \n\n", "the file is empty"),
        ("hello\nworld\n", "expected MEME, TRANSFAC, .* and it begins with 'hello'"),
        ("PK\0\0", "not a text file"),
        (TRANSFAC.replace("02      0      0     10", "02      0      x     10"), "line 13: expected 4 counts"),
        (TRANSFAC.replace("02      0      0     10", "02      0      0      0"), "M00001: position 2 has no counts"),
        (TRANSFAC.replace("02      0      0     10", "02      0      0    -10"), "line 13: expected 4 counts"),
        (TRANSFAC.replace("03      0", "04      0"), "line 14: expected position 3, got 04"),
        (JASPAR.replace("G  [ 1 10  0  3 ]\n", ""), "line 1: motif MA0001.1.* expected 4 rows of equal length"),
        (JASPAR.replace("G  [ 1 10  0  3 ]", "G  [ 1 10  0 ]"), "expected 4 rows of equal length"),
        (JASPAR.replace("G  [ 1 10", "G  [ 1 ten"), "line 4: expected a row of counts"),
        (HOMER.replace("0\t0\t1\t0", "0\t0\t1"), "line 3: expected 4 probabilities"),
        (HOMER.replace("0\t0\t1\t0", "0\t0\tnan\t0"), "line 3: expected 4 probabilities"),
        (CISBP.replace("0\t0\t1\t0", "0\t1\t0"), "line 3: expected a position and 4 probabilities"),
        ("Pos\tA\tC\tG\tU\n", "the matrix is empty, it has only its header"),
        (PWM.replace(">12\t4", ">12\t5"), "line 1: matrix 12: expected 5 rows, got 4"),
        (">a\tb\tc\n1 2\n3 4\n", "line 2: expected 4 probabilities"),
        (MEME.replace(".2 .3 .3 .2\n", ".2 .3 .3\n"), "line 8: motif a: expected 4 probabilities"),
    ],
)
def test_malformed_files_are_refused(tmp_path, text, message):
    path = tmp_path / "bad.txt"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        read_motifs(path)
    with pytest.raises(FileNotFoundError, match="no such file"):
        read_motifs(tmp_path / "none.txt")


def test_damaged_archives(tmp_path):
    (tmp_path / "a.meme.gz").write_bytes(gzip.compress(MEME.encode())[:40])
    with pytest.raises(ValueError, match="damaged gzip"):
        read_motifs(tmp_path / "a.meme.gz")
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04" + bytes(30))
    with pytest.raises(ValueError, match="the zip is damaged"):
        read_motifs(tmp_path / "a.zip")


def test_real_databases_in_their_own_format_say_what_their_meme_file_says(data_dir):
    folder = data_dir / "motifs"
    for own, meme, number in (
        ("attract/ATtRACT_2017_12.tf", "attract/ATtRACT_2017_12.meme", 1322),
        ("rbpdb/RBPDB_2017_12.tf", "rbpdb/RBPDB_2017_12.meme", 71),
        ("cisbp-rna_human", "cisbp-rna_human/CISBP-RNA_Homo_sapiens.meme", 193),
        ("ray2013/Ray2013_rbp_Homo_sapiens.dna_encoded.meme", "ray2013/Ray2013_rbp_Homo_sapiens.meme", 102),
    ):
        found = {record.id: record for record in read_motifs(folder / own).records}
        known = {record.id: record for record in read_motifs(folder / meme).records}
        assert len(found) == number
        assert found.keys() == known.keys()
        for identifier, record in known.items():
            np.testing.assert_allclose(found[identifier].ppm, record.ppm, atol=1e-5)


def test_single_matrices_in_a_folder_zip_or_tar(tmp_path):
    files = {
        "MA0001.1.jaspar": BARE,
        "MA0002.1.jaspar": BARE.replace("MA0001.1 PUM", "MA0002.1 FOX"),
        "README.txt": "hi",
    }
    (tmp_path / "db").mkdir()
    for name, text in files.items():
        (tmp_path / "db" / name).write_text(text)
    with zipfile.ZipFile(tmp_path / "db.zip", "w") as archive, tarfile.open(tmp_path / "db.tgz", "w:gz") as packed:
        for name in files:
            archive.write(tmp_path / "db" / name, f"inside/{name}")
            packed.add(tmp_path / "db" / name, f"inside/{name}")
    for path in (tmp_path / "db", tmp_path / "db.zip", tmp_path / "db.tgz"):
        with pytest.warns(UserWarning, match=r"1 of 3 files hold no matrix and were left out: .*README.txt"):
            found = read_motifs(path)
        assert (found.format, found.alphabet) == ("jaspar", "dna")
        assert [(r.id, r.name) for r in found.records] == [("MA0001.1", "PUM"), ("MA0002.1", "FOX")]
        first(found)
        with pytest.warns(UserWarning, match="no matrix"):
            assert len(load_database(path)) == 2
    (tmp_path / "db" / "README.txt").unlink()
    (tmp_path / "db" / "again.pfm").write_text(BARE)
    with pytest.warns(UserWarning, match=r"db: 1 record has a name that stood before.* 'MA0001.1' is 'MA0001.1_2'"):
        assert [r.id for r in read_motifs(tmp_path / "db").records] == ["MA0001.1", "MA0002.1", "MA0001.1_2"]
    (tmp_path / "db" / "again.pfm").write_text(MEME)
    with pytest.raises(ValueError, match="expected files of one format, found jaspar 2, meme 1"):
        read_motifs(tmp_path / "db")
    (tmp_path / "db" / "again.pfm").write_text(JASPAR)
    with pytest.raises(ValueError, match=r"expected files of one matrix each, found files of several: again.pfm \(2\)"):
        read_motifs(tmp_path / "db")


def test_one_motif_file_in_a_zip_is_read(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.meme", MEME)
    assert first(read_motifs(tmp_path / "a.zip")).name == "PUM1"


def test_matrices_of_cisbp_rna_without_their_table(tmp_path):
    (tmp_path / "M1.txt").write_text(CISBP)
    (tmp_path / "M2.txt").write_text(CISBP)
    (tmp_path / "M3.txt").write_text("Pos\tA\tC\tG\tU\n")
    with pytest.warns(UserWarning, match="1 of 3 files hold no matrix .* M3.txt"):
        found = read_motifs(tmp_path)
    assert [r.id for r in found.records] == ["M1", "M2"]
    assert found.alphabet == "rna"


def test_cisbp_of_dna(folder):
    path = folder(
        {
            "TF_Information.txt": INFORMATION.replace("RBP_", "TF_"),
            "pwms/M001_0.6.txt": CISBP.replace("U", "T"),
            "pwms/M002_0.6.txt": CISBP.replace("U", "T"),
        }
    )
    found = read_motifs(path, species="Homo sapiens")
    assert (found.alphabet, [(r.id, r.name) for r in found.records]) == ("dna", [("M001_0.6", "PUM1")])
    assert first(found).species == "Homo_sapiens"


def test_a_damaged_member_of_a_zip_is_named(tmp_path):
    path = tmp_path / "db.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("ATtRACT_db.txt", ATTRACT)
        archive.writestr("pwm.txt", PWM)
    raw = bytearray(path.read_bytes())
    at = raw.index(b">12\t4") + 3
    raw[at : at + 2] = b"xx"
    path.write_bytes(raw)
    with pytest.raises(ValueError, match=r"motif archive .*db.zip: pwm.txt in it is damaged \(Bad CRC-32"):
        read_motifs(path)
    path.write_bytes(b"PK\x05\x06" + bytes(18))
    with pytest.raises(ValueError, match=r"expected CISBP-RNA .*, found nothing"):
        read_motifs(path)
    with tarfile.open(tmp_path / "db.tgz", "w:gz") as packed:
        packed.addfile(tarfile.TarInfo("pwm.txt"), io.BytesIO())
    path.write_bytes((tmp_path / "db.tgz").read_bytes()[:40])
    with pytest.raises(ValueError, match="damaged"):
        read_motifs(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (MEME.replace("0 0 1 0", "nan 0 1 0"), "line 6: motif a: expected 4 probabilities, got 'nan 0 1 0'"),
        (MEME.replace("0 0 1 0", "inf 0 0 0"), "line 6: motif a: expected 4 probabilities, got 'inf 0 0 0'"),
        (MEME.replace("nsites= 10", "nsites= nan"), "line 4: motif a: expected nsites of 0 .* or more, got nan"),
        (MEME.replace("nsites= 10", "nsites= -1"), "line 4: motif a: expected nsites of 0 .* or more, got -1"),
        (HOMER.replace("0\t0\t1\t0", "0\t0\t9\t0"), r"line 3: expected 4 probabilities .* sum to 1, .* \(counts\?"),
        (HOMER.replace("0\t0\t1\t0", "0\t0\t.8\t0"), "line 3: expected 4 probabilities .* that sum to 1"),
        (CISBP.replace("0\t0\t1\t0", "0\t0\t.8\t0"), "line 3: .* 4 probabilities that sum to 1"),
        (PWM.replace("0\t0\t1\t0", "0\t0\t.8\t0"), "line 3: .* that sum to 1"),
        (TRANSFAC.replace("A      C      G      U", "A      G      C      U"), "line 11: expected the columns A C G T"),
    ],
)
def test_what_is_no_probability_is_named_with_its_line(tmp_path, text, message):
    (tmp_path / "bad.txt").write_text(text)
    with pytest.raises(ValueError, match=message):
        read_motifs(tmp_path / "bad.txt")


def test_zero_sites_are_unknown_sites(tmp_path):
    (tmp_path / "a.meme").write_text(MEME.replace("nsites= 10", "nsites= 0"))
    motifs, _ = open_motifs(tmp_path / "a.meme")
    assert motifs[0].sites == 100


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda file: file.create_dataset("pos_patterns", data=1.0), "expected pos_patterns to be a group"),
        (lambda file: file.create_dataset("pos_patterns/pattern_0", data=1.0), "has no dataset 'sequence'"),
        (lambda file: file.create_dataset("pos_patterns/pattern_0/sequence", data=b"x"), "expected numbers"),
        (lambda file: file.create_dataset("pos_patterns/pattern_0/sequence", data=PFM * np.nan), "expected probabil"),
    ],
)
def test_odd_hdf5(tmp_path, write, message):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        write(file)
    with pytest.raises(ValueError, match=message):
        open_motifs(tmp_path / "a.h5")
    (tmp_path / "a.h5").write_bytes((tmp_path / "a.h5").read_bytes()[:300])
    with pytest.raises(ValueError, match=r"a.h5: expected an HDF5 file"):
        open_motifs(tmp_path / "a.h5")


@pytest.mark.parametrize("word", ["UGXZ", "''", "12"])
def test_a_wrong_word_is_named_with_its_entry(tmp_path, word):
    (tmp_path / "words.yaml").write_text(f"entries:\n- {{id: one, word: AUG}}\n- {{id: two, word: {word}}}\n")
    with pytest.raises(ValueError, match=r"words.yaml, entry 2 \(two\): expected a word of the letters ABCD"):
        load_database(tmp_path / "words.yaml")


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda group: group.pop("pfm"), "pattern_0 is damaged"),
        (lambda group: group.pop("offsets"), "pattern_0 is damaged"),
        (lambda group: group["pfm"].__setitem__((0, 0), np.nan), "expected counts of shape"),
        (lambda group: group["pfm"].__setitem__((0, 0), -1), "expected counts of shape"),
        (lambda group: _replace(group, "offsets", np.zeros((3, 5))), "expected whole numbers as offsets"),
        (lambda group: _replace(group, "pfm", np.zeros((3, 5))), "expected counts of shape"),
        (lambda group: _replace(group, "pfm", b"x"), "expected counts of shape"),
        (lambda group: group.attrs.__setitem__("rank", np.array([1, 2])), "pattern_0 is damaged"),
        (lambda group: group.attrs.__setitem__("sites", "many"), "expected a number as sites"),
        (lambda group: group.attrs.__setitem__("id", 7), "expected a text as id"),
        (lambda group: _replace(group.parent, "pattern_0", 1), "expected pos_patterns/pattern_0 to be a pattern"),
    ],
)  # fmt: skip
def test_a_damaged_file_of_ours_is_named(tmp_path, harm, message):
    save_motifs(MotifSet((Motif("a", PFM, 10),), "x", "rna"), tmp_path / "a.h5")
    with h5py.File(tmp_path / "a.h5", "a") as file:
        harm(file["pos_patterns/pattern_0"])
    with pytest.raises(ValueError, match=f"motif file .*a.h5: .*{message}"):
        open_motifs(tmp_path / "a.h5")


def _replace(group, name, data):
    del group[name]
    group[name] = data


def test_identifiers_of_words_are_text(tmp_path):
    (tmp_path / "words.yaml").write_text("entries:\n- {id: 007, word: AUG}\n- {id: 7, word: UAA, name: NO}\n")
    found = load_database(tmp_path / "words.yaml").entries
    assert [(entry.id, entry.name) for entry in found] == [("007", "007"), ("7", "NO")]


def test_names_in_latin_1_and_with_odd_characters(tmp_path):
    text = BARE.replace("MA0001.1 PUM", "MA0001.1 Fl\xfcgel\x85x")
    (tmp_path / "m.jaspar").write_bytes(text.encode("latin-1"))
    assert read_motifs(tmp_path / "m.jaspar").records[0].name.startswith("Fl\xfcgel")
    (tmp_path / "m.jaspar").write_bytes(text.encode("utf-16"))
    with pytest.raises(ValueError, match="m.jaspar: not a text file: expected text, found UTF-16"):
        read_motifs(tmp_path / "m.jaspar")


PLAIN = ">x\nA [ 1 0 0 ]\nC [ 0 1 0 ]\nG [ 0 0 1 ]\nT [ 0 0 0 ]\n"


@pytest.mark.parametrize("kind", ["zip", "zip of many", "tgz", "tar.bz2", "hdf5"])
def test_an_archive_made_to_fill_the_memory(tmp_path, kind):
    blank = b"\n" * (40 << 20)
    path = tmp_path / f"bomb.{kind.split()[0]}"
    message = "unfolds to more than 100 times"
    if kind.startswith("zip"):
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for number in range(4 if kind == "zip of many" else 1):
                archive.writestr(f"{number}.meme", blank if kind == "zip of many" else blank * 2)
    elif kind == "hdf5":
        with h5py.File(path, "w") as file:
            file.create_dataset("pos_patterns/pattern_0/sequence", (10**9, 4), "f8", chunks=(10**5, 4))
        message = "pos_patterns/pattern_0: 'sequence': nothing was ever written to it"
    else:
        with tarfile.open(path, f"w:{kind[-3:].removeprefix('t').removeprefix('.')}") as packed:
            for number in range(2):
                member = tarfile.TarInfo(f"{number}.meme")
                member.size = len(blank)
                packed.addfile(member, io.BytesIO(blank))
    with pytest.raises(ValueError, match=f"motif (archive|file) .*bomb.*{message}"):
        read_motifs(path)


def test_a_pipe_is_read_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_text, args=(PLAIN,))
    writer.start()
    found = read_motifs(tmp_path / "pipe")
    writer.join()
    assert np.array_equal(found.records[0].ppm, np.eye(4)[:3])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (PLAIN.replace("[ 1", "[ 1_0"), "line 2: expected a row of counts"),
        (PLAIN.replace(" 0 ", " 1e308 "), "line 1: motif x: its counts are too large to be added up"),
        (">x\n1 1 0 0 0\n2 0 1 0 0\n3 0 0 1 0\n4 0 0 0 1\n", "line 1: motif x: 4 rows of 5 numbers that begin with 1"),
        ("Pos\tA\tC\tG\tU\n2\t1\t0\t0\t0\n1\t0\t1\t0\t0\n", "line 2: expected position 1, got '2'"),
        ("Pos\tA\tC\tG\tU\n1\t1\t0\t0\t0\n1\t0\t1\t0\t0\n", "line 3: expected position 2, got '1'"),
        (
            "MEME version 4\nALPHABET= ACGT\nMOTIF a\nletter-probability matrix: alength= 4\n1 0 0 0\n\n0 1 0 0\n",
            "line 7: motif a: expected no blank line between its rows",
        ),
    ],
)
def test_rows_that_would_be_read_as_others_or_lost(tmp_path, text, message):
    (tmp_path / "m.txt").write_text(text)
    with pytest.raises(ValueError, match=f"motif file .*m.txt, {re.escape(message)}"):
        read_motifs(tmp_path / "m.txt")


def test_first_counts_of_one_to_four_are_counts_where_rows_are_bases(tmp_path):
    (tmp_path / "m.pfm").write_text(">x\n1 9 0 0 9\n2 0 9 0 0\n3 1 0 9 0\n4 0 1 1 1\n")
    assert read_motifs(tmp_path / "m.pfm").records[0].ppm[0].tolist() == [0.1, 0.2, 0.3, 0.4]


@pytest.mark.parametrize("seqlets", [np.array([np.nan]), np.array([-5]), np.array([b"x"])])
def test_a_number_of_seqlets_that_is_none(tmp_path, seqlets):
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file["pos_patterns/pattern_0/sequence"] = np.eye(4)[:3]
        file["pos_patterns/pattern_0/seqlets/n_seqlets"] = seqlets
    with pytest.raises(ValueError, match=r"m.h5: pos_patterns/pattern_0: expected a number of seqlets, found"):
        read_motifs(tmp_path / "m.h5")
