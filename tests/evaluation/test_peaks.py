"""Peaks of a genome on transcripts: exons, strands, the 5' end, and what is neither bound nor unbound."""

import pytest
from toy_tasks import task_of

from combmotif.evaluation.adapters.tracks import Place
from combmotif.evaluation.dataset.utrs import Region
from combmotif.evaluation.tasks.motifs import NO_PROTEIN, merge, on_sequence, read_peaks

PLUS = Place(Region("p", "chr1", "+", ((100, 150), (200, 260))), "rna")
MINUS = Place(Region("m", "chr1", "-", ((100, 150), (200, 260))), "rna")


def test_an_interval_is_cut_to_the_exons_of_a_sequence():
    assert on_sequence(PLUS, 90, 110) == (0, 10)
    assert on_sequence(PLUS, 140, 210) == (40, 60)  # across the intron
    assert on_sequence(PLUS, 150, 200) is None  # within it
    assert on_sequence(MINUS, 90, 110) == (100, 110)
    assert on_sequence(Place(MINUS.region, "genome"), 90, 110) == (0, 10)


def test_regions_of_a_protein_are_joined():
    assert merge([(5, 9, "A"), (0, 5, "A"), (3, 4, "B"), (20, 30, "A")]) == [(0, 9, "A"), (20, 30, "A"), (3, 4, "B")]


def test_peaks_are_made_longer_at_the_5_end_and_only_reproduced_ones_are_bound(tmp_path):
    (tmp_path / "p.bed").write_text(
        "1\t210\t220\tQKI_K562_IDR\t1000\t+\n"
        "1\t120\t125\tQKI_K562_rep01\t1000\t+\n"
        "1\t105\t108\tPUM_K562_IDR\t1000\t-\n"
        "7\t5\t9\tQKI_K562_IDR\t1000\t+\n"
    )
    found, skipped = read_peaks(str(tmp_path / "p.bed"), {"p": PLUS, "m": MINUS}, extend=20)
    # on +, 190-220 is 200-220 of the second exon: 50 to 70; the unreproduced and the antisense peak are of no protein
    assert sorted(found["p"]) == [(0, 28, NO_PROTEIN), (50, 70, "QKI")]
    # on -, the peak is 105-128: the transcript runs backwards
    assert (110 - 28, 110 - 5, "PUM") in found["m"]
    assert skipped == [("peaks", "1 of 4 lie on none of the sequences")]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("chr1\t210\t220\tQKI\n", "line 1: expected chromosome, start, end, name, score and strand"),
        ("chr1\t220\t210\tQKI\t0\t+\n", "line 1: expected chromosome"),
        ("chr9\t210\t220\tQKI\t0\t+\n", "none of 1 \\(on 9\\) lies on one; are both of one genome build"),
        ("# nothing\n", "expected peaks, found none"),
    ],
)
def test_peaks_that_do_not_fit_are_one_sentence(tmp_path, line, said):
    (tmp_path / "p.bed").write_text(line)
    with pytest.raises(ValueError, match=said):
        read_peaks(str(tmp_path / "p.bed"), {"p": PLUS})


def test_instances_in_peaks_of_the_genome(tmp_path):
    # ACTAAC at 0, 20 and 40 of one 3'UTR on the minus strand; the first is bound, the second in an antisense peak
    text = "ACTAAC" + "G" * 14 + "ACTAAC" + "G" * 14 + "ACTAAC" + "G" * 14
    (tmp_path / "u.fa").write_text(f">u\n{text}\n")
    (tmp_path / "u.tsv").write_text(
        f"name\tchromosome\tstrand\tblocks\torientation\nu\tchr2\t-\t1000-{1000 + len(text)}\trna\n"
    )
    end = 1000 + len(text)
    (tmp_path / "p.bed").write_text(
        f"chr2\t{end - 6}\t{end - 3}\tQKI_HepG2_IDR\t1\t-\nchr2\t{end - 26}\t{end - 20}\tQKI_HepG2_IDR\t1\t+\n"
    )
    given = {"fasta": str(tmp_path / "u.fa"), "peaks": str(tmp_path / "p.bed"), "match": "none"}
    task = task_of("motifs", kmers={"QKI": ["ACTAAC"]}, places=str(tmp_path / "u.tsv"), extend=3, **given)
    assert task.items[["start", "bound"]].to_numpy().tolist() == [[0, 1], [40, 0]]
    with pytest.raises(ValueError, match="peaks on a genome need places"):
        task_of("motifs", kmers={"QKI": ["ACTAAC"]}, **given)
    with pytest.raises(ValueError, match="fasta with regions or peaks"):
        task_of("motifs", kmers={"QKI": ["ACTAAC"]}, fasta=given["fasta"])
