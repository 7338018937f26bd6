"""Several databases as one, made of small files in the layouts that their authors offer."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest

from combmotif.core.databases import COLLECTIONS
from combmotif.motifs import load_database
from combmotif.motifs.matching.collection import build_collection, find_sources, read_collection

ATTRACT = "Gene_name\tGene_id\tMutated\tOrganism\tMatrix_id\n"
RBP = "Motif_ID\tRBP_Name\tRBP_Species\tRBP_Status\n"
ROWS = ("0.7\t0.1\t0.1\t0.1", "0.1\t0.7\t0.1\t0.1", "0.25\t0.25\t0.25\t0.25", "0.1\t0.1\t0.1\t0.7")


@pytest.fixture
def downloads(tmp_path):
    """ATtRACT as a zip, CISBP-RNA as a folder, miRBase as FASTA; human and of others, one matrix in two of them."""
    folder = tmp_path / "downloads"
    cisbp = folder / "cisbp"
    (cisbp / "pwms_all_motifs").mkdir(parents=True)
    matrix = "".join(f"{row}\n" for row in ROWS)
    with zipfile.ZipFile(folder / "ATtRACT.zip", "w") as archive:
        table = [
            "PUM2\tE1\tno\tHomo_sapiens\tm1", "fne\tE2\tno\tDrosophila_melanogaster\tm2", "X\tE3\tyes\tHomo_sapiens\tm3"
        ]  # fmt: skip
        archive.writestr("ATtRACT_db.txt", ATTRACT + "\n".join(table) + "\n")
        archive.writestr("pwm.txt", "".join(f">m{i}\t4\n{matrix}" for i in (1, 2, 3)))
    (cisbp / "RBP_Information.txt").write_text(
        RBP + "M1\tPUM2\tHomo_sapiens\tD\nM2\tELAVL1\tHomo_sapiens\tD\nM3\tPum\tMus_musculus\tD\n"
    )
    head = "Pos\tA\tC\tG\tU\n"
    for name, rows in (("M1", ROWS), ("M2", ROWS[::-1]), ("M3", ROWS[1:])):
        text = head + "".join(f"{i}\t{row}\n" for i, row in enumerate(rows, 1))
        (cisbp / "pwms_all_motifs" / f"{name}.txt").write_text(text)
    (folder / "mature.fa").write_text(
        ">hsa-let-7a-5p MIMAT0000062 Homo sapiens let-7a-5p\nUGAGGUAGUAGGUUGUAUAGUU\n"
        ">hsa-let-7b-5p MIMAT0000063 Homo sapiens let-7b-5p\nUGAGGUAGUAGGUUGUGUGGUU\n"
        ">mmu-miR-1a-3p MIMAT0000123 Mus musculus miR-1a-3p\nUGGAAUGUAAAGAAGUAUGUAU\n"
    )
    (folder / "notes.txt").write_text("nothing\n")
    return folder


def test_one_species_without_repeats(downloads, tmp_path):
    sources = find_sources(downloads)
    assert list(sources) == list(COLLECTIONS["rbp"].sources)
    found = build_collection(sources, tmp_path / "rbp.json")
    assert [(m.id, m.name, m.source) for m in found.matrices] == [
        ("m1", "PUM2", "attract-zip"), ("M2", "ELAVL1", "cisbp-rna-human"),
    ]  # fmt: skip
    assert found.counts == {"attract-zip": 1, "cisbp-rna-human": 1, "mirbase": 2}
    assert [family.names for family in found.micrornas] == [("hsa-let-7a-5p", "hsa-let-7b-5p")]
    database = load_database(tmp_path / "rbp.json")
    assert [entry.kind for entry in database.entries] == ["rbp", "rbp", "mirna"]
    assert {entry.species for entry in database.entries} == {"Homo_sapiens"}
    assert "doi 10.1093/database/baw035" in database.entries[0].citation
    assert database.entries[2].word == "CUACCUC"
    np.testing.assert_allclose(database.entries[0].ppm[0], [0.7, 0.1, 0.1, 0.1])
    sites = load_database(tmp_path / "rbp.json", sites=["8mer", "6mer"], species="hsa")
    assert [entry.word for entry in sites.entries[2:]] == ["CUACCUCA", "UACCUC"]
    with pytest.raises(ValueError, match="it is of Homo_sapiens, not of Mus_musculus"):
        load_database(tmp_path / "rbp.json", species="Mus_musculus")


def test_the_same_files_give_the_same_file(downloads, tmp_path):
    for name in ("a.json", "b.json"):
        build_collection(find_sources(downloads), tmp_path / name)
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()


def test_what_was_changed_or_cut_is_refused(downloads, tmp_path):
    path = tmp_path / "rbp.json"
    build_collection(find_sources(downloads), path)
    whole = path.read_text()
    path.write_text(whole.replace("ELAVL1", "ELAVL2"))
    with pytest.raises(ValueError, match="its SHA-256 is not the one kept in rbp.json.sha256; fetch it again"):
        load_database(path)
    path.with_name("rbp.json.sha256").unlink()
    path.write_text(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match="the file is damaged .* fetch it again"):
        read_collection(path)


def test_a_folder_of_other_things(downloads, tmp_path):
    with pytest.raises(ValueError, match="found none of them"):
        find_sources(downloads / "cisbp" / "pwms_all_motifs")
    with pytest.raises(ValueError, match="expected a folder of downloaded databases"):
        find_sources(downloads / "mature.fa")
    assert list(find_sources(downloads / "cisbp")) == ["cisbp-rna-human"], "the folder itself may be one"
    with pytest.raises(ValueError, match="no microRNA of the species 'Danio_rerio'"):
        build_collection({"mirbase": downloads / "mature.fa"}, tmp_path / "x.json", species="Danio_rerio")


def test_the_real_downloads(data_dir, tmp_path):
    found = build_collection(find_sources(data_dir / "motifs"), tmp_path / "rbp.json")
    assert len(found.matrices) > 150
    assert "QKI" in {name for m in found.matrices for name in m.name.split(",")}
