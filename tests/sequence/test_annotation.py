import gzip

import numpy as np
import pytest

from combmotif.sequence import annotate, decode, encode, read_annotation, read_fasta, read_table
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
        ("a b c\n", "line 1: expected the 9 tab-separated columns"),
        (BED.replace("\t2\t15\t", "\t2\t16\t", 1), "line 1: expected BED12"),
        (BED.replace("\t2\t15\t", "\t2\t15\t", 1).replace("\t4,5,", "\t0,5,", 1), "line 1: expected BED12"),
        (BED.replace("\t+\t", "\tplus\t"), "line 1: expected BED12"),
        ("chr1\tx\texon\t0\t5\t.\t+\t.\ttranscript_id \"a\";\n", "line 1: expected a start from 1.* found 0"),
        ("1\tx\texon\t1\t5\t.\t+\t.\tgene_id 3\n", "line 1: expected transcript_id"),
        ("1\tx\tgene\t1\t5\t.\t+\t.\tID=3\n", "expected transcripts with exons .*, found none"),
    ],
)
def test_annotation_mistakes(tmp_path, text, message):
    (tmp_path / "a.txt").write_text(text)
    with pytest.raises(ValueError, match=message):
        read_annotation(tmp_path / "a.txt")
