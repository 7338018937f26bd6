from __future__ import annotations

import numpy as np
import pytest

from combmotif.motifs import Motif, MotifSet, load_database, match, word_ppm
from combmotif.motifs.matching.mirna import (
    SITE_TYPES,
    family_name,
    find_mirna_sites,
    read_mature,
    seed_families,
    site_word,
)
from combmotif.sequence import encode

MATURE = """\
>cel-let-7-5p MIMAT0000001 Caenorhabditis elegans let-7-5p
UGAGGUAGUAGGUUGUAUAGUU
>hsa-let-7a-5p MIMAT0000062 Homo sapiens let-7a-5p
UGAGGUAGUAGGUUGUAUAGUU
>hsa-let-7b-5p MIMAT0000063 Homo sapiens let-7b-5p
UGAGGUAGUAGGUUGUGUGGUU
>hsa-miR-21-5p MIMAT0000076 Homo sapiens miR-21-5p
UAGCUUAUCAGACUGAUGUUGA
>hsa-miR-590-5p MIMAT0003258 Homo sapiens miR-590-5p
GAGCUUAUUCAUAAAAGUGCAG
"""


@pytest.fixture
def mature(tmp_path):
    path = tmp_path / "mature.fa"
    path.write_text(MATURE)
    return path


def test_species_and_families(mature):
    assert len(read_mature(mature)) == 5
    for species in ("hsa", "Homo sapiens", "homo_sapiens"):
        assert [m.name for m in read_mature(mature, species=species)] == [
            "hsa-let-7a-5p", "hsa-let-7b-5p", "hsa-miR-21-5p", "hsa-miR-590-5p",
        ]  # fmt: skip
    families = seed_families(read_mature(mature, species="hsa"))
    assert [(family.seed, len(family.names)) for family in families] == [("GAGGUAG", 2), ("AGCUUAU", 2)]
    assert family_name(families[0].names) == "let-7a-5p/7b-5p"
    for species in ("mmu", "Mus musculus"):
        with pytest.raises(ValueError, match="no microRNA of the species"):
            read_mature(mature, species=species)


def test_site_words():
    """Of let-7, as TargetScan spells them."""
    assert [site_word("GAGGUAG", kind) for kind in SITE_TYPES] == ["CUACCUCA", "CUACCUC", "UACCUCA", "UACCUC"]
    with pytest.raises(ValueError, match="expected one of 8mer"):
        site_word("GAGGUAG", "9mer")


def test_as_a_database_for_matching(mature):
    database = load_database(mature, species="hsa", sites=("8mer", "7mer-m8"))
    assert [(e.word, e.kind, e.family) for e in database.entries] == [
        ("CUACCUCA", "mirna", "let-7a-5p/7b-5p"), ("CUACCUC", "mirna", "let-7a-5p/7b-5p"),
        ("AUAAGCUA", "mirna", "miR-21-5p/590-5p"), ("AUAAGCU", "mirna", "miR-21-5p/590-5p"),
    ]  # fmt: skip
    query = MotifSet((Motif("m", 200 * word_ppm("NNAUAAGCUN"), 200),))
    table = match(query, [database])
    assert table.iloc[0][["target", "relation", "offset"]].tolist() == ["AUAAGCU:7mer-m8", "is", 2]
    assert set(table["family"]) == {"miR-21-5p/590-5p"}
    with pytest.raises(ValueError, match="sites: expected any of 8mer.*got 'seed'"):
        load_database(mature, sites=("seed",))


def test_each_place_is_found_once_by_its_best_type(mature):
    families = seed_families(read_mature(mature, species="hsa"))
    target = "GG" + "CUACCUCA" + "GG" + "CUACCUCG" + "GG" + "GUACCUCA" + "GG" + "GUACCUCG" + "GN" + "UACCUCA" + "UACCUC"
    found = find_mirna_sites([encode("ACG"), encode(target)], families)
    table = found.table
    assert table["type"].tolist() == ["8mer", "7mer-m8", "7mer-A1", "6mer", "7mer-A1", "6mer"]
    assert table["word"].tolist() == ["CUACCUCA", "CUACCUC", "UACCUCA", "UACCUC", "UACCUCA", "UACCUC"]
    assert table["sequence"].tolist() == [1] * 6
    for row in table.itertuples():
        assert target[row.start : row.end] == row.word
        assert row.p_value == pytest.approx(0.25 ** len(row.word))
        assert found.groups[row.group] == ("hsa-let-7a-5p", "hsa-let-7b-5p")


def test_brute_force(mature):
    families = seed_families(read_mature(mature, species="hsa"))
    sequence = np.random.default_rng(0).integers(0, 4, 30_000).astype(np.uint8)
    letters = "".join("ACGU"[code] for code in sequence)
    found = find_mirna_sites([sequence], families).table
    expected = set()
    for family in families:
        core = site_word(family.seed, "6mer")
        start = letters.find(core)
        while start >= 0:
            m8 = start > 0 and letters[start - 1] == site_word(family.seed, "8mer")[0]
            a1 = letters[start + 6 : start + 7] == "A"
            expected.add(
                (
                    start - m8,
                    start + 6 + a1,
                    {(1, 1): "8mer", (1, 0): "7mer-m8", (0, 1): "7mer-A1"}.get((m8, a1), "6mer"),
                )
            )
            start = letters.find(core, start + 1)
    assert len(expected) > 5
    assert set(zip(found["start"], found["end"], found["type"], strict=True)) == expected


def test_a_fasta_of_something_else(tmp_path):
    path = tmp_path / "utrs.fa"
    path.write_text(">utr1\n" + "ACGU" * 30 + "\n")
    with pytest.raises(ValueError, match="expected mature microRNAs of 15-35 nt, 'utr1' has 120"):
        load_database(path)


def test_human_sites_are_those_of_the_database(data_dir):
    known = {entry.id for entry in load_database(data_dir / "motifs" / "mirna" / "hsa_seed_targets.meme").entries}
    builtin = [entry.word for entry in load_database("builtin").entries if entry.kind == "mirna"]
    assert set(builtin) <= known
