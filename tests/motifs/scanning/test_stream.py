from __future__ import annotations

import gzip
import os
import sys

import numpy as np
import pandas as pd
import pytest

from combmotif.core.tables import HITS
from combmotif.motifs import Database, find_sites, load_database, word_ppm
from combmotif.motifs.matching.database import DatabaseEntry
from combmotif.motifs.scanning.file import scan_file
from combmotif.motifs.scanning.stream import nucleotide_frequencies, reverse_complement, scan_sequences, to_bed
from combmotif.sequence import decode, encode

MEME = "MEME version 4\nALPHABET= ACGU\nMOTIF {name} PUM\nletter-probability matrix: w= {w}\n{rows}\n"


def meme(name, word):
    rows = "\n".join(" ".join(f"{x:.6f}" for x in row) for row in word_ppm(word))
    return MEME.format(name=name, w=len(word), rows=rows)


@pytest.fixture
def fasta(tmp_path):
    rng = np.random.default_rng(0)
    records = [(f"s{i}", rng.integers(0, 4, 700).astype(np.uint8)) for i in range(9)]
    records[3][1][100:108] = encode("UGUAAAUA")
    records[5][1][0:8] = encode("UAUUUACA")
    path = tmp_path / "s.fa"
    path.write_text("".join(f">{name} text\n{decode(codes)}\n" for name, codes in records))
    return path, records


@pytest.fixture
def database():
    matrices = [DatabaseEntry(f"m{i}", f"name{i}", word_ppm(w)) for i, w in enumerate(["UGUAAAUA", "AUUUA", "GGGGCC"])]
    return Database("x", (*matrices, DatabaseEntry("w", "word", word_ppm("UGYA"), word="UGYA")))


def test_streamed_hits_are_those_of_each_motif_whatever_the_chunk(fasta, database):
    _, records = fasta
    codes = [c for _, c in records]
    whole = pd.concat(scan_sequences(records, database, p_value=1e-3), ignore_index=True)
    small = pd.concat(scan_sequences(records, database, p_value=1e-3, chunk=800), ignore_index=True)
    pd.testing.assert_frame_equal(whole, small)
    assert list(whole.columns) == HITS.names
    for entry in database.entries:
        plain = find_sites(codes, entry.word or entry.ppm, p_value=1e-3)
        hits = whole[whole["motif"] == entry.id]
        assert len(hits) == len(plain)
        assert set(zip(hits["sequence"], hits["start"], strict=True)) == {
            (f"s{row}", start) for row, start in zip(plain["sequence"], plain["start"], strict=True)
        }
    for row in whole.itertuples():
        assert row.site == decode(codes[int(row.sequence[1:])][row.start : row.end])


def test_strands(fasta, database):
    _, records = fasta
    one = pd.concat(scan_sequences(records, database), ignore_index=True)
    assert ("s5", 0) not in set(zip(one["sequence"], one["start"], strict=True))
    both = pd.concat(scan_sequences(records, database, strands="both"), ignore_index=True)
    back = both[(both["sequence"] == "s5") & (both["start"] == 0)]
    assert back[["motif", "strand", "site"]].to_numpy().tolist() == [["m0", "-", "UGUAAAUA"]]
    assert (both["strand"] == "+").sum() == len(one)
    assert reverse_complement("UGYA") == "TRCA"
    with pytest.raises(ValueError, match="strands: expected 'single' or 'both'"):
        next(scan_sequences(records, database, strands="minus"))


def test_what_counts_at_the_start_is_looked_for_there(tmp_path):
    (tmp_path / "words.yaml").write_text("entries:\n- {id: top, word: CYYYY, place: start}\n- {id: any, word: CYYYY}\n")
    database = load_database(tmp_path / "words.yaml")
    records = [("a", encode("CUUUCGCUUUC")), ("b", encode("ACUUUC")), ("c", encode("AAAAGAAAG"))]
    one = pd.concat(scan_sequences(records, database), ignore_index=True)
    assert one[["motif", "sequence", "start"]].to_numpy().tolist() == [
        ["any", "a", 0], ["top", "a", 0], ["any", "a", 6], ["any", "b", 1],
    ]  # fmt: skip
    both = pd.concat(scan_sequences(records, database, strands="both"), ignore_index=True)
    assert both.loc[both["strand"] == "-", ["motif", "sequence", "start"]].to_numpy().tolist() == [
        ["any", "c", 0], ["any", "c", 4], ["top", "c", 4],
    ]  # fmt: skip
    builtin = {entry.id: entry.place for entry in load_database("builtin").entries}
    assert [name for name, place in builtin.items() if place] == ["top"]


def test_agrees_with_fimo(tmp_path):
    """The same sites, scores and p-values as FIMO of MEME 5.4.1 (Grant et al. 2011), uniform background."""
    if os.environ.get("CI") == "true" and sys.version_info < (3, 13):
        from pymemesuite import fimo  # where tests run for everybody it is installed, and must not be skipped
    else:
        fimo = pytest.importorskip("pymemesuite.fimo", reason="needs pymemesuite (the extra 'fimo')")
    from pymemesuite.common import Background, MotifFile, Sequence

    rng = np.random.default_rng(1)
    ppm = rng.dirichlet([0.4] * 4, size=8)
    records = [(f"s{i}", rng.integers(0, 4, 20_000).astype(np.uint8)) for i in range(3)]
    rows = "\n".join(" ".join(f"{x:.6f}" for x in row) for row in ppm)
    (tmp_path / "m.meme").write_text(MEME.format(name="m", w=8, rows=rows).replace("U", "T").replace("PTM", "PUM"))
    with MotifFile(str(tmp_path / "m.meme")) as file:
        motif = file.read()
        pssm = motif.build_pssm(Background.from_uniform(file.alphabet), range=1000)
        ppm = np.array([[motif.frequencies[i, j] for j in range(4)] for i in range(8)])  # with MEME's pseudo-count
    finder = fimo.FIMO(both_strands=False, threshold=1e-3)
    sequences = [Sequence(decode(codes, alphabet="dna"), name.encode()) for name, codes in records]
    theirs = {}
    for hit in finder.score_pssm(pssm, sequences).matched_elements:
        theirs[hit.source.accession.decode(), hit.start - 1] = (hit.score, hit.pvalue)
    database = Database("x", (DatabaseEntry("m", "m", ppm),), "dna")
    table = pd.concat(scan_sequences(records, database, p_value=1e-3), ignore_index=True)
    ours = {(r.sequence, r.start): (r.score, r.p_value) for r in table.itertuples()}
    assert len(theirs) > 30
    shared = ours.keys() & theirs.keys()
    assert len(shared) >= 0.97 * max(len(ours), len(theirs))
    a, b = (np.array([found[key] for key in sorted(shared)]) for found in (ours, theirs))
    np.testing.assert_allclose(a[:, 0], b[:, 0], atol=0.05)
    apart = np.abs(
        np.log10(a[:, 1]) - np.log10(b[:, 1])
    )  # scores rounded to other grids: one word of 65,536 more or less
    assert np.median(apart) < 0.01
    assert apart.max() < 0.15


def test_files(fasta, tmp_path):
    path, records = fasta
    (tmp_path / "m.meme").write_text(meme("pum", "UGUAAAUA"))
    out = tmp_path / "hits.tsv"
    found = scan_file(path, tmp_path / "m.meme", out)
    table = pd.read_csv(out, sep="\t")
    assert list(table.columns) == HITS.names
    assert (found.sequences, found.nucleotides, found.motifs) == (9, 6300, 1)
    assert found.sites["pum"] == len(table) >= 1
    assert ((table["sequence"] == "s3") & (table["start"] == 100)).sum() == 1
    scan_file(path, tmp_path / "m.meme", tmp_path / "hits.bed", style="bed")
    bed = pd.read_csv(tmp_path / "hits.bed", sep="\t", header=None)
    assert bed[[0, 1, 2]].to_numpy().tolist() == table[["sequence", "start", "end"]].to_numpy().tolist()
    assert bed[3].eq("pum(PUM)").all()
    assert bed[4].between(40, 1000).all()
    scan_file(path, tmp_path / "m.meme", tmp_path / "hits.tsv.gz", style="gz")
    assert gzip.decompress((tmp_path / "hits.tsv.gz").read_bytes()) == out.read_bytes()
    frequencies = nucleotide_frequencies(records)
    assert frequencies.sum() == pytest.approx(1)
    by_letters = scan_file(path, tmp_path / "m.meme", out, background="sequences")
    assert by_letters.sites["pum"] >= 1


def test_motifs_that_cannot_reach_the_p_value_are_told(fasta, tmp_path):
    path, _ = fasta
    (tmp_path / "m.meme").write_text(meme("aug", "AUG"))
    with pytest.raises(ValueError, match=r"none of the 1 motifs can reach 0.0001; the best word of any has p = 0.016"):
        scan_file(path, tmp_path / "m.meme", tmp_path / "x.tsv")
    assert scan_file(path, tmp_path / "m.meme", tmp_path / "x.tsv", p_value=0.02).sites["aug"] > 50
    (tmp_path / "empty.fa").write_text("")
    with pytest.raises(ValueError, match="expected FASTA records, the file is empty"):
        scan_file(tmp_path / "empty.fa", tmp_path / "m.meme", tmp_path / "x.tsv", p_value=0.02)


def test_builtin_words_and_bed_scores(fasta, tmp_path):
    path, records = fasta
    found = scan_file(path, "builtin", tmp_path / "x.tsv")
    assert found.sites["pum"] == sum(decode(c).count("UGUA" + x + "AUA") for _, c in records for x in "ACGU")
    assert found.motifs == len(load_database("builtin"))
    hits = HITS.frame([("m", "", "s", 1, 3, "+", 2.0, 1e-200, "AC")])
    assert to_bed(hits).iloc[0].tolist() == ["s", 1, 3, "m", 1000, "+"]


def test_names_of_sequences_stand_once(tmp_path):
    raw = "\ufeff>Neotyphodium_\xd7s\r\nCCCCUGUAAAUAGGGG\r\n>s1\r\nCCUGUAAAUAGG\r\n>s1\r\nGGUGUAAAUAGG\r\n"
    (tmp_path / "s.fa").write_bytes(b"\xef\xbb\xbf" + raw[1:].encode("latin-1"))
    for style in ("tsv", "bed"):
        with pytest.warns(UserWarning, match="s.fa: 1 record has a name .* the second 's1' is 's1_2'"):
            scan_file(tmp_path / "s.fa", "builtin", tmp_path / "hits", style=style)
        rows = [line.split("\t") for line in (tmp_path / "hits").read_text(encoding="utf-8").splitlines()]
        hits = [row[:2] if style == "bed" else row[2:4] for row in rows if "pum" in row[0 if style == "tsv" else 3]]
        assert hits == [["Neotyphodium_\xd7s", "4"], ["s1", "2"], ["s1_2", "2"]]
