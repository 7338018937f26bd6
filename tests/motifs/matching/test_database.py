from __future__ import annotations

import re

import numpy as np
import pytest

from combmotif.motifs import load_database, word_ppm
from combmotif.motifs.formats.meme import read_meme
from combmotif.motifs.matching.database import of_kinds
from combmotif.motifs.word import word_test
from combmotif.sequence import encode


def by_id(database):
    return {entry.id: entry for entry in database.entries}


@pytest.fixture(scope="module")
def builtin():
    return load_database("builtin")


def test_builtin_is_complete_and_well_formed(builtin):
    assert builtin.name == "builtin"
    assert builtin.alphabet == "rna"
    assert len(builtin) >= 130
    assert len(by_id(builtin)) == len(builtin)
    kinds = {"translation", "splicing", "processing", "decay", "modification", "structure", "rbp", "mirna"}
    for entry in builtin.entries:
        assert entry.kind in kinds
        assert re.search(r"(19|20)\d\d;\d+:\d+|Cold Spring Harbor", entry.citation), entry
        assert entry.family
        assert "T" not in entry.word
        assert entry.ppm.shape == (len(entry.word), 4)
        np.testing.assert_allclose(entry.ppm.sum(1), 1)
    assert sum(entry.kind == "mirna" for entry in builtin.entries) >= 70


@pytest.mark.parametrize(
    ("identifier", "word"),
    [
        ("start_codon", "AUG"), ("pas_AAUAAA", "AAUAAA"), ("are_pentamer", "AUUUA"), ("pum", "UGUANAUA"),
        ("drach", "DRACH"), ("rbfox", "UGCAUG"), ("qki", "ACUAAY"), ("let-7", "CUACCUC"), ("miR-124", "GUGCCUU"),
    ],
)  # fmt: skip
def test_builtin_words(builtin, identifier, word):
    assert by_id(builtin)[identifier].word == word


@pytest.mark.parametrize(
    ("mature", "identifier"),
    [
        ("UGAGGUAGUAGGUUGUAUAGUU", "let-7"),
        ("UAGCUUAUCAGACUGAUGUUGA", "miR-21-5p"),
        ("UGGAGUGUGACAAUGGUGUUUG", "miR-122"),
        ("UUAAUGCUAAUCGUGAUAGGGGUU", "miR-155"),
        ("UAACAGUCUACAGCCAUGGUCG", "miR-132"),
    ],
)
def test_microrna_site_is_the_reverse_complement_of_nucleotides_2_to_8(builtin, mature, identifier):
    site = "".join("UGCA"[code] for code in encode(mature[1:8])[::-1])
    assert by_id(builtin)[identifier].word == site


def test_histone_stem_loop_matches_the_human_consensus_sequence(builtin):
    assert word_test([word_ppm("GGCUCUUUUCAGAGCC")], [by_id(builtin)["histone_stem_loop"].word]).p_value[0, 0] < 1e-4


def test_every_microrna_site_is_in_mirbase(builtin, data_dir):
    sites = {m.id: m.name for m in read_meme(data_dir / "motifs" / "mirna" / "hsa_seed_targets.meme")}
    for entry in builtin.entries:
        if entry.kind != "mirna":
            continue
        assert entry.word in sites, f"{entry.name}: no human microRNA has the site {entry.word}"
        first = re.sub(r"^hsa-|\+\d+$", "", sites[entry.word])  # the first human microRNA with this site
        number = re.match(r"(?:let|miR)-(\d+)", first).group(1)
        assert number in re.findall(r"\d+", entry.name), f"{entry.name} {entry.word}: miRBase says {first}"


def test_protein_words_are_what_the_assays_measured(builtin, data_dir):
    measured = {}
    for path in (
        "ray2013/Ray2013_rbp_Homo_sapiens.meme",
        "featurereachr/RBNS_Dominguez2018.meme",
        "cisbp-rna_human/CISBP-RNA_Homo_sapiens.meme",
        "rbpdb/RBPDB_2017_12.meme",
    ):
        for motif in read_meme(data_dir / "motifs" / path):
            measured.setdefault(motif.name, []).append(motif.ppm)
    proteins = {
        "elavl": "HuR", "ptbp1_UCUU": "PTBP3", "ptbp1": "PTBP1", "igf2bp": "IGF2BP3",
        "qki": "QKI", "rbfox": "RBFOX1", "tia1": "TIA1", "hnrnpa1": "HNRNPA1",
        "hnrnpc": "HNRNPC", "hnrnpl": "HNRNPL", "hnrnpk": "PCBP2", "hnrnph": "HNRNPH2", "celf": "BRUNOL6",
        "lin28": "LIN28A", "lin28_long": "LIN28A", "srsf1_GGA": "SRSF1", "msi": "MSI1", "rbm4": "RBM4",
        "fmrp": "FMR1", "pcbp_two": "PCBP1", "u2af2": "U2AF2", "ybx1": "YBX1", "fxr": "FMR1",
        "pabpc": "PABPC4", "mbnl": "MBNL1", "nova": "NOVA1", "zfp36": "ZFP36", "cpe": "CPEB1", "pum": "PUM1",
        "hnrnpl_CACA": "HNRNPL", "tardbp": "TARDBP", "tra2b": "TRA2A", "pcbp": "PCBP2",
    }  # fmt: skip
    for identifier, protein in proteins.items():
        word = by_id(builtin)[identifier].word
        best = word_test(measured[protein], [word]).p_value.min()
        assert best < 0.1, f"{identifier} ({word}) is not in the measured motifs of {protein}: p = {best}"


def test_no_word_stands_for_two_elements(builtin):
    words = [entry.word for entry in builtin.entries]
    assert sorted(words) == sorted(set(words))


def test_word_ppm_softens_iupac_letters():
    ppm = word_ppm("AYN")
    np.testing.assert_allclose(ppm, [[0.97, 0.01, 0.01, 0.01], [0.01, 0.49, 0.01, 0.49], [0.25] * 4])


def test_a_meme_file_is_a_database(tmp_path):
    path = tmp_path / "mine.meme"
    path.write_text("MEME version 4\nALPHABET= ACGT\nMOTIF a PUM1\nletter-probability matrix: w= 1\n1 0 0 0\n")
    database = load_database(path)
    assert (database.name, database.alphabet, len(database)) == ("mine", "dna", 1)
    entry = database.entries[0]
    assert (entry.id, entry.name, entry.family, entry.word) == ("a", "PUM1", "PUM1", "")


def test_a_yaml_file_is_a_database_and_its_errors_name_the_entry(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("entries:\n  - {id: a, word: ugyn}\n")
    database = load_database(str(path))
    assert (database.name, database.entries[0].word, database.entries[0].name) == ("mine", "UGYN", "a")
    for text, message in [
        ("entries: 3\n", "expected a list under the key 'entries'"),
        ("alphabet: rn[a\nentries: []\n", "alphabet: expected rna or dna, got 'rn"),
        ("citations: [x]\nentries: []\n", "citations: expected a mapping"),
        ("entries:\n  - {id: a}\n", "entry 1: expected the keys id and word"),
        ("entries:\n  - {id: a, word: A, wrod: C}\n", "entry 1: expected the keys"),
        ("entries:\n  - {id: a, word: A}\n  - {id: a, word: C}\n", "entry 2: the id 'a' occurs twice"),
        ("entries:\n  - {id: a, word: A, place: end}\n", "entry 1 \\(a\\): place: expected start, .* got 'end'"),
        ("entries:\n  - {id: a, word: AXG}\n", "entry 1 \\(a\\): expected a word of the letters .*, got 'AXG'"),
    ]:
        path.write_text(text)
        with pytest.raises(ValueError, match=message):
            load_database(path)


def test_missing_database():
    with pytest.raises(FileNotFoundError, match="give 'builtin' or the path"):
        load_database("bultin")


def test_no_name_and_no_kind_are_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.meme").write_text("MEME version 4\n")  # an empty name is not the folder one is in
    with pytest.raises(ValueError, match="expected 'builtin', a name or a path, found nothing"):
        load_database("")
    with pytest.raises(ValueError, match="--kinds: expected kinds of element among .*, found none"):
        of_kinds([load_database("builtin")], [], name="--kinds")
