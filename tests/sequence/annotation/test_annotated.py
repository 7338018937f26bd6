import gzip
import itertools
import re

import numpy as np
import pytest

from combmotif.sequence import decode, encode, read_fasta, read_table
from combmotif.sequence.annotation.annotated import annotate, read_annotation
from combmotif.sequence.left_out import LeftOut

# exons 2-6 and 10-15 of a 20-nt chromosome; the coding region runs from 3 to 13: 3 + 3 = 6 nt
GENOME = "AACGAUCCCCGGAUUACGUA"
BED = "chr1\t2\t15\tplus\t0\t+\t3\t13\t0\t2\t4,5,\t0,8,\nchr1\t2\t15\tminus\t0\t-\t3\t13\t0\t2\t4,5,\t0,8,\n"


def _gtf(kind):
    lines = ["# a comment"]
    for name, strand in (("plus", "+"), ("minus", "-")):
        for feature, start, end in (
            ("transcript", 3, 15), ("exon", 3, 6), ("CDS", 4, 6), ("exon", 11, 15), ("CDS", 11, 13)
        ):  # fmt: skip
            attributes = f'gene_id "g"; transcript_id "{name}";' if kind == "gtf" else f"ID=x;Parent=transcript:{name}"
            lines.append(f"chr1\tx\t{feature}\t{start}\t{end}\t.\t{strand}\t.\t{attributes}")
    return "\n".join(lines) + "\n"


@pytest.fixture(params=["bed", "gtf", "gff3"])
def annotation_file(request, tmp_path):
    path = tmp_path / f"a.{request.param}.gz"
    with gzip.open(path, "wt") as file:
        file.write(BED if request.param == "bed" else _gtf(request.param))
    return path


def test_both_strands_in_every_format(annotation_file):
    annotation = read_annotation(annotation_file)
    found = {name: (decode(codes), tracks) for name, codes, tracks in annotate([("chr1", encode(GENOME))], annotation)}
    assert list(found) == ["plus", "minus"]
    # spliced by hand: CGAU + GGAUU, coding GAU GGA; minus: AAUCC + AUCG, coding UCC AUC
    assert found["plus"][0] == "CGAUGGAUU"
    assert found["plus"][1].tolist() == [[0, 1, 0, 0, 1, 0, 0, 0, 0], [0, 0, 0, 1, 0, 0, 0, 0, 1]]
    assert found["minus"][0] == "AAUCCAUCG"
    assert found["minus"][1].tolist() == [[0, 0, 1, 0, 0, 1, 0, 0, 0], [0, 0, 0, 0, 1, 0, 0, 0, 1]]


def test_transcript_sequences_get_the_same_tracks(annotation_file, tmp_path):
    (tmp_path / "genome.fa").write_text(f">chr1\n{GENOME}\n>chrUn\nACGU\n")
    (tmp_path / "rna.fa").write_text(">minus.2|gene\nAAUCCAUCG\n>plus\nCGAUGGAUU\n")
    (tmp_path / "rna.tsv").write_text("id\tsequence\ty\nplus\tCGAUGGAUU\t2\n")
    genome = read_fasta(tmp_path / "genome.fa", annotation=annotation_file)
    rna = read_fasta(tmp_path / "rna.fa", annotation=annotation_file)
    table = read_table(tmp_path / "rna.tsv", name="id", labels=["y"], annotation=annotation_file)
    assert rna.names == ("minus.2|gene", "plus")
    assert genome.tracks is not None
    assert rna.tracks is not None
    assert table.tracks is not None
    assert np.array_equal(rna.tracks[1], genome.tracks[0])
    assert np.array_equal(rna.tracks[0], genome.tracks[1])
    assert np.array_equal(table.tracks[0], genome.tracks[0])
    kept = rna.subset([1])
    assert kept.tracks is not None
    assert np.array_equal(kept.tracks[0], genome.tracks[0])
    assert np.array_equal(rna.tracks_of([1])[0], genome.tracks[0])


def test_non_coding_transcripts_have_no_frame(tmp_path):
    (tmp_path / "a.bed").write_text("chr1\t0\t6\tnc\t0\t+\t0\t0\t0\t1\t6\t0\n")
    ((_, _, tracks),) = annotate([("nc", encode("ACGUAC"))], read_annotation(tmp_path / "a.bed"))
    assert tracks.tolist() == [[0] * 6, [0, 0, 0, 0, 0, 1]]


def test_a_broken_frame_is_an_error_or_left_out(tmp_path):
    (tmp_path / "a.bed").write_text(BED.replace("\t3\t13\t", "\t3\t12\t"))
    annotation = read_annotation(tmp_path / "a.bed")
    with pytest.raises(ValueError, match="a.bed: transcript 'plus': expected .* divisible by 3, found 5 nt"):
        list(annotate([("chr1", encode(GENOME))], annotation))
    found: list[LeftOut] = []
    assert not list(annotate([("chr1", encode(GENOME))], annotation, skip_invalid=True, on_left_out=found.append))
    assert [name for name, _ in found] == ["plus", "minus"]


@pytest.mark.parametrize(
    ("name", "sequence", "message"),
    [
        ("plus", "CGAUGGAU", "rna.fa: transcript 'plus': its exons in .* sum to 9 nt, its sequence has 8 nt"),
        ("other", "CGAUGGAUU", "rna.fa: 'other' is neither a transcript nor a chromosome of .*'plus' on 'chr1'"),
        ("chr1", "ACGUACGU", "transcript 'plus': its last exon ends at 15, 'chr1' has 8 nt"),
    ],
)
def test_sequences_that_do_not_fit(tmp_path, name, sequence, message):
    (tmp_path / "a.bed").write_text(BED)
    with pytest.raises(ValueError, match=message):
        list(annotate([(name, encode(sequence))], read_annotation(tmp_path / "a.bed"), source="rna.fa"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected BED12, GTF or GFF3 lines, the file has none"),
        ("a b c\n", "line 1: expected the 9 tab-separated columns .* found 1 columns"),
        ("1\tx\texon\t-4\t5\t.\t+\t.\tParent=a\n", "line 1: expected .* found '-4' and '5' as start and end"),
        (BED.replace("\t2\t15\t", "\t2\t16\t", 1), "line 1: expected BED12"),
        (BED.replace("\t2\t15\t", "\t2\t15\t", 1).replace("\t4,5,", "\t0,5,", 1), "line 1: expected BED12"),
        (BED.replace("\t+\t", "\tplus\t"), "line 1: expected BED12"),
        ('chr1\tx\texon\t0\t5\t.\t+\t.\ttranscript_id "a";\n', "line 1: expected a start from 1.* found 0"),
        ("1\tx\texon\t1\t5\t.\t+\t.\tgene_id 3\n", "line 1: expected transcript_id"),
        ("1\tx\tgene\t1\t5\t.\t+\t.\tID=3\n", "expected transcripts with exons .*, found none"),
    ],
)
def test_annotation_mistakes(tmp_path, text, message):
    (tmp_path / "a.txt").write_text(text)
    with pytest.raises(ValueError, match=message):
        read_annotation(tmp_path / "a.txt")


# What real annotations hold. Every case is on chr1 of 60 nt unless it says otherwise.
CHR1 = "ACGTTGCAAGGCTTAACCGGATATCGCGTTAGCAATGCCTAAGGCATTACGGATTCAGGC"


def _lines(*rows, kind="gtf"):
    """Write (feature, start, end, strand, phase, transcript[, gene[, chromosome]]) as GTF or GFF3."""
    text = ""
    for feature, start, end, strand, phase, name, *more in rows:
        gene, chromosome = [*more, *("G", "chr1")[len(more) :]]
        attributes = f'gene_id "{gene}"; transcript_id "{name}";' if kind == "gtf" else f"Parent={name}"
        text += f"{chromosome}\tx\t{feature}\t{start}\t{end}\t.\t{strand}\t{phase}\t{attributes}\n"
    return text


def _tracks(tmp_path, text, records=(("chr1", CHR1),), **options):
    """Name to (first coding mark from 1, marks, exon ends from 1), and what was left out."""
    (tmp_path / "a.gtf").write_text(text)
    left_out: list[LeftOut] = []
    found = annotate(
        [(name, encode(letters)) for name, letters in records], read_annotation(tmp_path / "a.gtf"), source="g.fa",
        on_left_out=left_out.append, **options,
    )  # fmt: skip
    shown = {}
    for name, codes, tracks in found:
        marks = np.flatnonzero(tracks[0]) + 1
        assert len(codes) == tracks.shape[1]
        shown[name] = (int(marks[0]) if len(marks) else 0, len(marks), (np.flatnonzero(tracks[1]) + 1).tolist())
    return shown, left_out


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        # the phase says how many nt to skip: codons begin at 2, and the last two nt are no codon
        ([("exon", 1, 30, "+", ".", "T"), ("CDS", 1, 30, "+", 1, "T")], (2, 9, [30])),
        ([("exon", 1, 40, "-", ".", "T"), ("CDS", 11, 40, "-", 1, "T")], (2, 9, [40])),
        ([("exon", 1, 40, "+", ".", "T"), ("CDS", 1, 32, "+", 2, "T")], (3, 10, [40])),
        ([("exon", 1, 40, "+", ".", "T"), ("CDS", 5, 35, "+", 0, "T")], (5, 10, [40])),
        # over a splice site: 7 nt with phase 1 leave 2 whole codons, so the next CDS begins with a codon
        ([("exon", 1, 10, "+", ".", "T"), ("exon", 21, 40, "+", ".", "T"), ("CDS", 4, 10, "+", 1, "T"),
          ("CDS", 21, 29, "+", 0, "T")], (5, 5, [10, 30])),
        ([("exon", 1, 10, "-", ".", "T"), ("exon", 21, 40, "-", ".", "T"), ("CDS", 21, 31, "-", 2, "T"),
          ("CDS", 5, 10, "-", 0, "T")], (12, 5, [20, 30])),
        # no phase, and whole codons
        ([("exon", 1, 40, "+", ".", "T"), ("CDS", 5, 34, "+", ".", "T")], (5, 10, [40])),
        # exons made of CDS and UTRs; a stop codon beside the CDS is transcribed
        ([("five_prime_UTR", 1, 10, "+", ".", "T"), ("CDS", 11, 40, "+", 0, "T"),
          ("three_prime_UTR", 41, 60, "+", ".", "T")], (11, 10, [60])),
        ([("five_prime_utr", 1, 5, "+", ".", "T"), ("five_prime_utr", 11, 20, "+", ".", "T"),
          ("CDS", 21, 26, "+", 0, "T"), ("stop_codon", 27, 29, "+", ".", "T")], (16, 2, [5, 24])),
        ([("CDS", 11, 40, "+", 0, "T")], (1, 10, [30])),
        # whatever the case and the spelling of a feature
        ([("EXON", 1, 40, "+", ".", "T"), ("cds", 5, 34, "+", 0, "T")], (5, 10, [40])),
        ([("5UTR", 1, 10, "+", ".", "T"), ("CDS", 11, 40, "+", 0, "T"), ("3'-UTR", 41, 60, "+", ".", "T")],
         (11, 10, [60])),
        ([("noncoding_exon", 1, 10, "+", ".", "T"), ("pseudogenic_exon", 21, 40, "+", ".", "T")], (0, 0, [10, 30])),
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["gtf", "gff3"])
def test_phases_and_exons(tmp_path, rows, expected, kind):
    assert _tracks(tmp_path, _lines(*rows, kind=kind)) == ({"T": expected}, [])


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([("exon", 1, 40, "+", ".", "T"), ("CDS", 5, 35, "+", ".", "T")], "divisible by 3, found 31 nt, and no phase"),
        ([("exon", 1, 10, "+", ".", "T"), ("exon", 21, 40, "+", ".", "T"), ("CDS", 4, 10, "+", 1, "T"),
          ("CDS", 21, 29, "+", 1, "T")], "the phases of its CDS contradict each other: that of 21-29 is 1, .* it is 0"),
        ([("exon", 1, 40, "+", ".", "T"), ("CDS", 5, 34, "+", 3, "T")], "expected a phase of 0, 1 or 2, found '3'"),
        ([("exon", 11, 40, "+", ".", "T"), ("CDS", 5, 34, "+", 0, "T")], "coding sequence lies outside of its exons"),
        ([("exon", 1, 10, "+", ".", "T"), ("exon", 21, 30, "+", ".", "T"), ("exon", 41, 50, "+", ".", "T"),
          ("CDS", 5, 10, "+", 0, "T"), ("CDS", 41, 46, "+", 0, "T")], "leave out parts of exons between them"),
        ([("exon", 1, 20, "+", ".", "T"), ("exon", 11, 40, "+", ".", "T")], "its exons overlap"),
        ([("exon", 1, 20, ".", ".", "T")], "its strand is not given"),
        ([("exon", 60, 1, "+", ".", "T")], "line 1 starts at 60 and ends at 1"),
        ([("exon", 1, 20, "+", ".", "T"), ("exon", 31, 40, "-", ".", "T")], "its parts lie on both strands"),
        ([("exon", 51, 70, "+", ".", "T")], "its last exon ends at 70, 'chr1' has 60 nt"),
        ([("transcript", 1, 20, "+", ".", "T"), ("exon", 1, 20, "+", ".", "T"), ("transcript", 31, 40, "+", ".", "T"),
          ("exon", 31, 40, "+", ".", "T")], "2 lines describe it"),
        ([("UTR", 1, 20, "+", ".", "T")], "it has UTRs or a stop codon only"),
        # exons that are made of CDS alone are not all of a longer transcript: its UTRs would be lost
        ([("mRNA", 1, 40, "+", ".", "T"), ("CDS", 5, 34, "+", 0, "T")],
         "it runs from 1 to 40, and has no exons, and CDS and UTRs from 5 to 34 only"),
        # nor are exons all of it where a UTR or its own line goes beyond them
        ([("exon", 5, 34, "+", ".", "T"), ("CDS", 5, 34, "+", 0, "T"), ("five_prime_UTR", 1, 4, "+", ".", "T")],
         "a UTR or stop codon of it \\(1-4\\) lies outside of its exons"),
        ([("transcript", 1, 40, "+", ".", "T"), ("exon", 1, 30, "+", ".", "T")],
         "it runs from 1 to 40, its exons from 1 to 30 only"),
    ],
)  # fmt: skip
def test_a_transcript_that_cannot_be_used_is_refused_or_left_out_and_named(tmp_path, rows, reason):
    text = _lines(("exon", 1, 30, "+", ".", "good"), *rows)
    if "2 lines" not in reason:
        with pytest.raises(
            ValueError, match=rf"a.gtf: transcript 'T': .*{reason}.*\(skip_invalid\)".replace("line 1", "line 2")
        ):
            _tracks(tmp_path, text)
    found, left_out = _tracks(tmp_path, text, skip_invalid=True)
    assert list(found) == ["good"]
    assert [name for name, _ in left_out] == ["T"]
    assert re.search(reason.replace("line 1", "line 2"), left_out[0].reason)


def test_a_transcript_whose_exons_are_counted_twice_lies_in_several_places(tmp_path):
    text = _lines(("exon", 1, 20, "+", ".", "T"), ("exon", 31, 50, "+", ".", "T"))
    once = text.replace('"T";', '"T"; exon_number "1";', 1).replace('"T";\n', '"T"; exon_number "2";\n')
    assert _tracks(tmp_path, once) == ({"T": (0, 0, [20, 40])}, [])
    with pytest.raises(ValueError, match="'T': its exon 1 is there twice: it lies in several places"):
        _tracks(tmp_path, text.replace('"T";', '"T"; exon_number "1";'))


def test_one_name_in_several_places_is_several_transcripts(tmp_path):
    both = _lines(("exon", 1, 60, "+", ".", "E", "P", "X"), ("exon", 1, 60, "+", ".", "E", "P", "Y"))
    found, left_out = _tracks(tmp_path, both, [("X", CHR1), ("Y", CHR1)])
    assert (list(found), left_out) == (["E", "E_2"], [])
    assert _tracks(tmp_path, both, [("E", CHR1)])[0] == {"E": (0, 0, [60])}  # both places say the same
    differ = both.replace("Y\tx\texon\t1\t60", "Y\tx\texon\t1\t50")
    with pytest.raises(ValueError, match=r"'E' is neither .*'E' lies in several places \(X, Y\) with different exons"):
        _tracks(tmp_path, differ, [("E", CHR1)])
    # every gene of a mitochondrion is unknown_transcript_1 in NCBI's GTF
    genes = _lines(
        ("CDS", 1, 18, "+", 0, "u", "ND1"), ("CDS", 31, 48, "+", 0, "u", "ND2"), ("CDS", 50, 55, "-", 0, "u", "ND6")
    )
    assert _tracks(tmp_path, genes)[0] == {"u": (1, 6, [18]), "u_2": (1, 6, [18]), "u_3": (1, 2, [6])}
    (tmp_path / "a.bed").write_text(BED.replace("minus", "plus"))
    assert list(read_annotation(tmp_path / "a.bed").transcripts) == ["plus", "plus_2"]


@pytest.mark.parametrize(
    ("known", "asked", "found"),
    [
        (["ENST1.5"], "ENST1.5", "ENST1.5"),
        (["ENST1.5"], "ENST1", "ENST1.5"),
        (["ENST1"], "ENST1.5", "ENST1"),
        (["ENST1.5"], "ENST1.5|ENSG1|-|name|", "ENST1.5"),
        (["NM_1.2"], "gi|77|ref|NM_1.2|", "NM_1.2"),
        (["AT1G01010.1"], "AT1G01010.2", "version or isoform"),
        (["AT1G01010.1", "AT1G01010.2"], "AT1G01010", "version or isoform"),
        (["ENST1.5"], "ENST1.4", "version or isoform"),
        (["a", "b"], "a|b", "it may be any of a, b"),
        (["a"], "b", ""),
    ],
)
def test_another_version_or_isoform_is_never_taken(tmp_path, known, asked, found):
    text = _lines(*(("exon", 1, 60, "+", ".", name) for name in known))
    if found in known:
        assert list(_tracks(tmp_path, text, [(asked, CHR1)])[0]) == [asked]
    else:
        with pytest.raises(ValueError, match=f"'{re.escape(asked)}' is neither .*{found}"):
            _tracks(tmp_path, text, [(asked, CHR1)])


def test_a_version_beside_the_name_counts(tmp_path):
    gtf = _lines(("exon", 1, 60, "+", ".", "ENST1")).replace('"ENST1";', '"ENST1"; transcript_version "4";')
    assert list(_tracks(tmp_path, gtf, [("ENST1.4", CHR1)])[0]) == ["ENST1.4"]
    with pytest.raises(ValueError, match="there is version 4 of 'ENST1' only"):
        _tracks(tmp_path, gtf, [("ENST1.5", CHR1)])
    gff = "chr1\tx\tmRNA\t1\t60\t.\t+\t.\tID=transcript:ENST1;version=4\n" + _lines(
        ("exon", 1, 60, "+", ".", "transcript:ENST1"), kind="gff3"
    )
    with pytest.raises(ValueError, match="there is version 4 of 'ENST1' only"):
        _tracks(tmp_path, gff, [("ENST1.5", CHR1)])


def test_the_order_of_records_does_not_matter(tmp_path):
    text = _lines(
        ("exon", 1, 60, "+", ".", "T1", "G", "chr19"), ("exon", 1, 60, "+", ".", "T2", "G", "chrUn_KI270711v1")
    )
    records = [("chr1", CHR1), ("chr19", CHR1), ("KI270711.1", CHR1)]
    for order in itertools.permutations(records):
        found, left_out = _tracks(tmp_path, text, order)
        assert list(found) == ["T1"]
        none = f"a record of g.fa on which {tmp_path / 'a.gtf'} has no transcript"
        assert dict(left_out) == {
            "T2": "its chromosome 'chrUn_KI270711v1' has no sequence in g.fa",
            "chr1": none,
            "KI270711.1": none,
        }
    for order in itertools.permutations([("T1", CHR1), ("T2", CHR1), ("other", CHR1)]):
        with pytest.raises(ValueError, match="'other' is neither a transcript nor a chromosome"):
            _tracks(tmp_path, text, order)
        found, left_out = _tracks(tmp_path, text, order, skip_invalid=True)
        assert (sorted(found), [name for name, _ in left_out]) == (["T1", "T2"], ["other"])
    for order in ([("T2", CHR1), ("chr19", CHR1)], [("chr19", CHR1), ("T2", CHR1)]):
        with pytest.raises(ValueError, match="expected transcripts or chromosomes, found both"):
            _tracks(tmp_path, text, order)
    with pytest.raises(ValueError, match="'1' is neither .* whose first is transcript 'T1' on 'chr19'"):
        _tracks(tmp_path, text, [("1", CHR1), ("2", CHR1)])
    with pytest.raises(ValueError, match="chromosome 'chr19' is there twice"):
        _tracks(tmp_path, text, [("chr19", CHR1), ("chr19", CHR1)])


def test_what_is_left_out_is_told_where_nobody_listens(tmp_path):
    (tmp_path / "a.gtf").write_text(_lines(("exon", 1, 60, "+", ".", "T", "G", "chr2"), ("exon", 1, 9, "+", ".", "S")))
    with pytest.warns(UserWarning, match="left out 'T' .its chromosome 'chr2' has no sequence"):
        assert len(list(annotate([("chr1", encode(CHR1))], read_annotation(tmp_path / "a.gtf")))) == 1


def test_odd_but_readable_files(tmp_path):
    plain = _lines(("exon", 1, 60, "+", ".", "T1"))
    expected = {"T1": (0, 0, [60])}
    for text in (
        "\ufeff" + plain,
        plain.replace("\n", "\r\n"),
        plain.replace('gene_id "G"; transcript_id "T1";', '"gene_id ""G""; transcript_id ""T1"";"'),  # Excel
        plain.replace('"T1"', "T1"),
        plain.replace("gene_id", 'note "another transcript_id foo"; gene_id'),
        _lines(("exon", 1, 60, "+", ".", '"T1"'), kind="gff3"),
        _lines(("exon", 1, 60, "+", ".", "T1"), kind="gff3") + "##FASTA\n>chr1\nACGT\n",
        _lines(("exon", 1, 60, "+", ".", "T1"), kind="gff3") + ">chr1\nACGT\n",
        _lines(("exon", 1, 60, "+", ".", "rna-T%31"), kind="gff3"),
    ):
        assert _tracks(tmp_path, text) == (expected, [])
    for strand in ("", "."):
        (tmp_path / "a.bed").write_text(f"chr1\t0\t60\tT1\t0\t{strand}\t0\t0\t0\t1\t60\t0\n")
        with pytest.raises(ValueError, match=r"transcript 'T1': its strand is not given \(line 1\)"):
            list(annotate([("chr1", encode(CHR1))], read_annotation(tmp_path / "a.bed")))
    (tmp_path / "a.bed").write_text("chr1\t0\t60\tT1\t0\t+\t3\t12\t0\t2\t6,20\t0,40\n")
    with pytest.raises(ValueError, match="coding sequence .thick. begins or ends outside of its exons"):
        list(annotate([("chr1", encode(CHR1))], read_annotation(tmp_path / "a.bed")))


def test_sets_keep_labels_and_groups_of_the_transcripts_that_stay(tmp_path):
    (tmp_path / "a.gtf").write_text(
        _lines(("exon", 1, 6, "+", ".", "T1"), ("exon", 1, 6, ".", ".", "T2"), ("exon", 1, 6, "+", ".", "T3"))
    )
    (tmp_path / "t.tsv").write_text("id\tseq\ty\tg\nT1\tACGUAC\t1\ta\nT2\tACGUAC\t2\tb\nT3\tACGUAC\t3\tc\n")
    options = {"name": "id", "labels": ["y"], "cluster": "g", "annotation": tmp_path / "a.gtf"}
    with pytest.raises(ValueError, match="'T2': its strand is not given"):
        read_table(tmp_path / "t.tsv", **options)
    found = read_table(tmp_path / "t.tsv", **options, skip_invalid=True)
    assert (found.names, found.labels.tolist(), found.clusters) == (("T1", "T3"), [[1], [3]], ("a", "c"))
    assert [name for name, _ in found.left_out] == ["T2"]
    assert "left out 'T2'" in found.notes[0]
    (tmp_path / "r.fa").write_text(">T1\nACGUAC\n>T1\nACGUAC\n>T2\nACGUAC\n")
    found = read_fasta(tmp_path / "r.fa", annotation=tmp_path / "a.gtf", skip_invalid=True)
    assert found.names == ("T1", "T1_2")
    (tmp_path / "r.fa").write_text(">T2\nACGUAC\n")
    with pytest.raises(ValueError, match="left out 'T2' .* and no transcript is left"):
        read_fasta(tmp_path / "r.fa", annotation=tmp_path / "a.gtf", skip_invalid=True)


def test_names_are_whole_and_never_empty(tmp_path):
    found, _ = _tracks(tmp_path, _lines(("exon", 1, 60, "+", ".", "T;1 a")))
    assert list(found) == ["T;1 a"]
    found, _ = _tracks(tmp_path, "chr1\t0\t60\t\t0\t+\t0\t0\t0\t1\t60\t0\n")
    assert list(found) == ["line1"]


def test_what_has_no_exons_or_no_transcript_is_left_out_and_named(tmp_path):
    good = _lines(("exon", 1, 30, "+", ".", "T"), kind="gff3")
    cds = "chr1\tx\tCDS\t4\t9\t.\t+\t0\t"
    for line, name, reason in (
        (f"{cds}ID=cds1;Derives_from=T\n", "cds1", "line 2: expected transcript_id"),
        (f"{cds}product=x\n", "line2", "line 2: expected transcript_id"),
        ("chr1\tx\tmRNA\t4\t9\t.\t+\t0\tID=S\n", "S", "it has a line of its own, but no exons, CDS or UTRs"),
    ):
        found, left_out = _tracks(tmp_path, good + line)
        assert list(found) == ["T"]
        assert [one.name for one in left_out] == [name]
        assert reason in left_out[0].reason
        with pytest.raises(ValueError, match=reason):
            _tracks(tmp_path, good + line, records=[(name, "ACGUAC")])
    with pytest.raises(ValueError, match=r"a.gtf: line 1: expected transcript_id"):
        _tracks(tmp_path, f"{cds}ID=cds1\n")


@pytest.mark.parametrize("place", ["2\u00b2", "\u0662", "9" * 5000, "9" * 20, "1e2", "-5", "1_0", "7.0", ""])
def test_places_are_plain_numbers(tmp_path, place):
    with pytest.raises(ValueError, match=r"a.gtf: line 1: expected the 9 tab-separated .* as start and end") as caught:
        _tracks(tmp_path, f'chr1\tx\texon\t1\t{place}\t.\t+\t.\ttranscript_id "T";\n')
    assert len(str(caught.value)) < 300


def test_text_of_an_attribute_is_no_attribute(tmp_path):
    note = 'gene_id "G"; note "was; transcript_id X; exon_number 1"; transcript_id "T"; exon_number'
    (tmp_path / "a.gtf").write_text(
        f'c\tx\texon\t1\t9\t.\t+\t.\t{note} "1";\nc\tx\texon\t21\t29\t.\t+\t.\t{note} "2";\n'
    )
    (transcript,) = read_annotation(tmp_path / "a.gtf").transcripts.values()
    assert (transcript.name, transcript.exons, transcript.fault) == ("T", ((0, 9), (20, 29)), "")
