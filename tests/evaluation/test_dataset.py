import gzip

import h5py
import numpy as np
import pandas as pd
import pytest

from combmotif.evaluation.dataset.maf import GAP, align_regions, iterate_maf, reference_row
from combmotif.evaluation.dataset.orthologues import orthologues
from combmotif.evaluation.dataset.utrs import COMPLEMENT, Region, utr_sequences
from combmotif.evaluation.dataset.variants import VariantPair, iterate_vcf, place_variant, variant_pairs
from combmotif.evaluation.dataset.write import Sorting, write_frequencies, write_orthologues, write_utrs, write_variants
from combmotif.sequence.alphabet import decode, encode
from combmotif.sequence.fasta import iterate_fasta

#        0         1         2         3         4
GENOME = "GGATGAAACCCTAAGCGTTTTACAGGCCGTATTTCCAGGGTTTCATGG"


@pytest.fixture
def genome(tmp_path):
    """A gene on each strand: + with a 3'UTR on two exons, - whose stop codon the annotation leaves out."""
    (tmp_path / "g.fa").write_text(f">1\n{GENOME}\n")
    rows = [
        ("+", "exon", 1, 18),
        ("+", "CDS", 3, 11),
        ("+", "exon", 25, 30),
        ("-", "exon", 33, 48),
        ("-", "CDS", 41, 46),
    ]
    (tmp_path / "g.gtf").write_text("".join(
        f'chr1\tx\t{kind}\t{start}\t{end}\t.\t{strand}\t.\ttranscript_id "t{strand}"; gene_id "g{strand}";\n'
        for strand, kind, start, end in rows
    ))  # fmt: skip
    return tmp_path


def test_utrs_are_joined_in_both_orientations_and_begin_behind_the_stop_codon(genome):
    rna = {n: decode(c, alphabet="dna") for _, n, c in utr_sequences(genome / "g.gtf", genome / "g.fa")}
    plain = utr_sequences(genome / "g.gtf", genome / "g.fa", orientation="genome")
    dna = {n: decode(c, alphabet="dna") for _, n, c in plain}
    assert rna["t+"] == dna["t+"] == GENOME[14:18] + GENOME[24:30]  # TAA at 11-14 is the stop codon
    assert dna["t-"] == GENOME[32:40]
    assert rna["t-"] == dna["t-"][::-1].translate(str.maketrans("ACGT", "TGCA"))


def test_lines_of_a_plain_bed_file_are_regions(genome, tmp_path):
    chromosome = dict(iterate_fasta(genome / "g.fa"))
    name, codes = next(iter(chromosome.items()))
    (tmp_path / "u.bed").write_text(f"# regions\n{name}\t2\t8\tutr1\t0\t-\n{name}\t1\t5\tutr2\t0\t.\n")
    found = list(utr_sequences(tmp_path / "u.bed", genome / "g.fa"))
    assert found[0][1] == "utr1"
    assert found[0][2].tolist() == COMPLEMENT[codes[2:8][::-1]].tolist()
    assert found[1] == (None, "utr2", "its strand is not given (line 3)")
    (tmp_path / "w.bed").write_text(f"{name}\t2\t8\tutr1\t0\t-\n{name}\t9\t9\tutr2\t0\t+\n")
    with pytest.raises(ValueError, match="w.bed: line 2: expected chromosome, start, end"):
        list(utr_sequences(tmp_path / "w.bed", genome / "g.fa"))


def test_utrs_are_gzipped_where_the_name_says_so(genome, tmp_path):
    count, _ = write_utrs(genome / "g.gtf", genome / "g.fa", tmp_path / "u.fa.gz")
    write_utrs(genome / "g.gtf", genome / "g.fa", tmp_path / "plain.fa", sorting=Sorting(shuffle=True, shard=1, seed=1))
    whole = {name: codes.tolist() for name, codes in iterate_fasta(tmp_path / "u.fa.gz")}
    shards = sorted(tmp_path.glob("plain.*.fa"))
    assert len(whole) == len(shards) == count
    assert {name: codes.tolist() for path in shards for name, codes in iterate_fasta(path)} == whole
    write_utrs(genome / "g.gtf", genome / "g.fa", tmp_path / "s.fa.gz", sorting=Sorting(shard=1))
    assert len(list(tmp_path.glob("s.0*.fa.gz"))) == count


def test_chromosomes_that_do_not_fit_are_one_sentence(genome):
    (genome / "other.fa").write_text(">7\nACGT\n")
    with pytest.raises(ValueError, match=r"expected the chromosomes of .* \(chr1\), found 7"):
        list(utr_sequences(genome / "g.gtf", genome / "other.fa"))


def test_utrs_are_written_with_their_places(genome):
    count, skipped = write_utrs(genome / "g.gtf", genome / "g.fa", genome / "u.fa", shortest=9)
    assert (count, skipped) == (1, [("t-", "its 3utr has 8 nt")])
    assert pd.read_csv(genome / "u.fa.tsv", sep="\t")["blocks"].tolist() == ["14-18,24-30"]
    assert dict(iterate_fasta(genome / "u.fa"))["t+"].tolist() == encode(GENOME[14:18] + GENOME[24:30]).tolist()


def _vcf(path, rows):
    lines = [f"{c}\t{p}\t.\t{r}\t{a}\t.\t.\tCLNSIG=Benign;AF=0.1\n" for c, p, r, a in rows]
    path.write_text("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n" + "".join(lines))
    return path


def test_variants_of_all_kinds_in_their_region(genome):
    vcf = _vcf(genome / "v.vcf", [
        ("chr1", 16, "C", "A,CTT"),       # a substitution and an insertion of one line
        ("chr1", 25, "GG", "G"),          # a deletion on the second exon
        ("chr1", 34, "T", "C"),           # on the minus strand
        ("chr1", 18, "TTTTACAG", "T"),    # over the splice site
        ("chr1", 5, "G", "A"),            # in the coding sequence
        ("chr1", 17, "A", "C"),           # not the reference base
        ("chr1", 17, "G", "<DEL>"),
        ("chr9", 17, "G", "A"),
    ])  # fmt: skip
    found = list(variant_pairs(vcf, genome / "g.fa", annotation=genome / "g.gtf", window=None))
    pairs = {pair.variant.label: pair for pair in found if isinstance(pair, VariantPair)}
    utr = GENOME[14:18] + GENOME[24:30]
    texts = {label: decode(pair.alt, alphabet="dna") for label, pair in pairs.items()}
    assert texts["chr1_16_C_A"] == utr[0] + "A" + utr[2:]
    assert texts["chr1_16_C_CTT"] == utr[0] + "CTT" + utr[2:]
    assert texts["chr1_25_GG_G"] == utr[:4] + "G" + utr[6:]
    minus = pairs["chr1_34_T_C"]
    assert decode(minus.ref[[minus.position]], alphabet="dna") == "A"
    assert decode(minus.alt[[minus.position]], alphabet="dna") == "G"
    reasons = dict(entry for entry in found if isinstance(entry, tuple))
    assert "over a splice site" in reasons["chr1_18_TTTTACAG_T"]
    assert "no region" in reasons["chr1_5_G_A"]
    assert "is not that of the FASTA (G)" in reasons["chr1_17_A_C"]
    assert "no sequence" in reasons["chr1_17_G_<DEL>"]
    assert "chromosome is not in the FASTA" in reasons["chr9_17_G_A"]


def test_windows_of_a_genome_are_centred_and_clipped(genome):
    vcf = _vcf(genome / "v.vcf", [("1", 20, "T", "G"), ("1", 1, "G", "T")])
    first, second = variant_pairs(vcf, genome / "g.fa", window=10)
    assert (len(first.ref), first.position) == (10, 5)
    assert decode(first.ref, alphabet="dna") == GENOME[14:24]
    assert second.position == 0


def test_a_vcf_of_another_build_is_refused(genome):
    vcf = _vcf(
        genome / "v.vcf", [("1", p, "ACGT"["ACGT".index(GENOME[p - 1]) - 1], "N"[:0] + "T" * 2) for p in range(10, 15)]
    )
    with pytest.raises(ValueError, match="reference alleles of 5 of 5 variants .* another genome build"):
        list(variant_pairs(vcf, genome / "g.fa", window=10))
    with pytest.raises(ValueError, match="its chromosomes .* are not in"):
        list(variant_pairs(_vcf(genome / "v.vcf", [("X", 3, "A", "T")]), genome / "g.fa", window=10))


@pytest.mark.parametrize(
    ("lines", "more", "said"),
    [
        ("NC_1\t5\t.\tA\tC", {}, "its chromosomes \\('NC_1', ...\\) are not in"),
        ("1\t5\t.\tA\t<DEL>", {}, "expected variants, found none; the first line was skipped because its alternative"),
        ("1\t15\t.\tG\tC", {"info": ["CLNSIG"]}, "info: expected 'CLNSIG' in INFO of a variant, found no keys"),
        ("1\t15\t.\tC\tG", {"annotation": "x.gtf"}, "x.gtf: expected transcripts on the chromosomes of .* found chrX"),
        # two of three lie in no region, and say nothing of the build
        ("1\t1\t.\tG\tC\n1\t2\t.\tG\tC\n1\t15\t.\tA\tG", {"annotation": "g.gtf"}, "alleles of 1 of 1 variants"),
    ],
)
def test_a_vcf_that_does_not_fit_is_one_sentence(genome, lines, more, said):
    (genome / "x.gtf").write_text((genome / "g.gtf").read_text().replace("chr1", "chrX"))
    (genome / "v.vcf").write_text(f"#CHROM\tPOS\tID\tREF\tALT\n{lines}\n")
    if "annotation" in more:
        more = {"annotation": genome / more["annotation"]}
    with pytest.raises(ValueError, match=said):
        write_variants(genome / "v.vcf", genome / "g.fa", genome / "v.tsv", **more)


def test_a_variant_that_stands_twice_or_beyond_the_chromosome_is_counted_and_pairs_are_fasta(genome):
    lines = "1\t15\t.\tG\tC\n1\t15\t.\tG\tC\n1\t999\t.\tC\tG\n"
    (genome / "v.vcf").write_text(f"#CHROM\tPOS\tID\tREF\tALT\n{lines}")
    count, skipped = write_variants(
        genome / "v.vcf", genome / "g.fa", genome / "v.tsv", window=10, fasta_out=genome / "p.fa"
    )
    assert count == 1
    assert [reason for _, reason in skipped] == [
        "it stands twice",
        f"it lies beyond the chromosome of {len(GENOME)} nt",
    ]
    pairs = {name: decode(codes, alphabet="dna") for name, codes in iterate_fasta(genome / "p.fa")}
    row = pd.read_csv(genome / "v.tsv", sep="\t").iloc[0]
    assert pairs == {"1_15_G_C_ref": row["ref_sequence"], "1_15_G_C_alt": row["alt_sequence"]}


def test_a_table_of_variants_keeps_what_info_says(genome):
    vcf = _vcf(genome / "v.vcf", [("chr1", 16, "C", "A")])
    write_variants(vcf, genome / "g.fa", genome / "v.tsv", window=8, info=["CLNSIG"])
    row = pd.read_csv(genome / "v.tsv", sep="\t").iloc[0]
    assert (row["CLNSIG"], row["pos"], row["position"]) == ("Benign", 16, 4)
    assert row["ref_sequence"][4] == "C"
    assert row["alt_sequence"][4] == "A"


MAF = f"""##maf version=1
a score=1
s hs.1 0 14 + 48 GGATG-AAACCCTAA
s mm.4 10 15 + 90 GGATGCAAACCCTAA
s rn.2 5 11 - 60 GGATG----CCCTAA

a score=2
s hs.1 14 16 + 48 {GENOME[14:30]}
s mm.4 25 16 + 90 {GENOME[14:20]}A{GENOME[21:30]}
s gg.1 3 14 + 90 {GENOME[14:20]}--{GENOME[22:30]}
"""


def test_an_alignment_is_projected_and_counted(genome):
    with gzip.open(genome / "a.maf.gz", "wt") as stream:
        stream.write(MAF)
    region = Region("t+", "1", "+", ((14, 18), (24, 30)))
    found = align_regions(iterate_maf(genome / "a.maf.gz"), [region], reference="hs")[0]
    assert decode(np.minimum(found.rows["hs"], 4), alphabet="dna") == GENOME[14:18] + GENOME[24:30]
    whole = align_regions(iterate_maf(genome / "a.maf.gz"), [Region("r", "1", "+", ((18, 24),))], reference="hs")[0]
    assert whole.rows["gg"].tolist()[2:4] == [GAP, GAP]
    shares = whole.frequencies()
    assert shares[0].tolist() == [0, 0, 0, 1]
    assert shares[2, 0] == 0.5  # mm has A, hs T, gg a gap
    assert whole.frequencies(reference="hs")[2].tolist() == [1, 0, 0, 0]
    flipped = align_regions(iterate_maf(genome / "a.maf.gz"), [Region("r", "1", "-", ((18, 24),))], reference="hs")[0]
    np.testing.assert_array_equal(flipped.frequencies(), shares[::-1, ::-1])


def test_orthologues_lie_behind_the_same_stop_codon(genome):
    (genome / "a.maf").write_text(MAF)
    found = list(orthologues(iterate_maf(genome / "a.maf"), [Region("t+", "1", "+", ((14, 24),))], reference="hs"))
    places = {o.species: (o.place.chromosome, *o.place.blocks[0], o.place.strand) for o in found}
    assert places["hs"] == ("1", 14, 24, "+")
    assert places["mm"] == ("4", 25, 35, "+")
    assert places["rn"] == ("2", 60 - 26, 60 - 16, "-")
    assert ("u", "its stop codon is in no block") in list(
        orthologues(iterate_maf(genome / "a.maf"), [Region("u", "1", "+", ((40, 44),))], reference="hs")
    )


def _gtf(path, contig, strand, exons, coding):
    rows = [("exon", *exon) for exon in exons] + [("CDS", *coding)]
    path.write_text("".join(
        f'{contig}\tx\t{kind}\t{start + 1}\t{end}\t.\t{strand}\t.\ttranscript_id "u"; gene_id "g";\n'
        for kind, start, end in rows
    ))  # fmt: skip
    return path


def test_orthologues_end_as_annotated_and_are_cut_out_of_their_genomes(genome):
    (genome / "a.maf").write_text(MAF)
    mouse, rat = (np.random.default_rng(seed).integers(0, 4, size) for seed, size in ((0, 90), (1, 60)))
    for name, contig, codes in (("mm", "chr4", mouse), ("rn", "2", rat)):
        (genome / f"{name}.fa").write_text(f">{contig}\n{decode(codes, alphabet='dna')}\n>other\nACGT\n")
    annotations = {  # the coding part ends before the stop codon (25 - 3), and on the other strand behind it (44 + 3)
        "mm": _gtf(genome / "mm.gtf", "chr4", "+", [(5, 40), (50, 60)], (7, 22)),
        "rn": _gtf(genome / "rn.gtf", "2", "-", [(30, 60)], (47, 59)),
    }
    genomes = {name: genome / f"{name}.fa" for name in ("mm", "rn")}
    given = (genome / "a.maf", genome / "g.gtf", genome / "g.fa", genome / "o.tsv")
    write_orthologues(*given, reference="hs", annotations=annotations, genomes=genomes)
    table = pd.read_csv(genome / "o.tsv", sep="\t").set_index("species")
    assert table["blocks"].to_dict() == {"hs": "14-24", "mm": "25-40,50-60", "rn": "30-44"}
    cut = {name: codes.tolist() for name, codes in iterate_fasta(genome / "o.tsv.fa")}
    assert cut == {
        "t+:mm:4:25": [*mouse[25:40], *mouse[50:60]],
        "t+:rn:2:14": COMPLEMENT[rat[30:44][::-1]].tolist(),
    }
    write_orthologues(*given, reference="hs", genomes=genomes, sorting=Sorting(shuffle=True, shard=1))
    assert sorted(path.name for path in genome.glob("o.tsv.000*.fa")) == ["o.tsv.0001.fa", "o.tsv.0002.fa"]
    annotations["mm"] = _gtf(genome / "mm.gtf", "chr4", "+", [(5, 40)], (7, 28))
    write_orthologues(*given, reference="hs", annotations=annotations)
    assert set(pd.read_csv(genome / "o.tsv", sep="\t")["species"]) == {"hs", "rn"}
    assert "no 3'UTR of mm is annotated behind its stop codon" in (genome / "o.tsv.skipped.tsv").read_text()
    (genome / "mm.fa").write_text(">chr4\nACGT\n")
    write_orthologues(*given, reference="hs", genomes=genomes)
    assert "it reaches beyond the contig of 4 nt" in (genome / "o.tsv.skipped.tsv").read_text()
    with pytest.raises(ValueError, match=r"genome: expected a species of the alignment \(hs, mm, rn\), found 'xx'"):
        write_orthologues(*given, reference="hs", genomes={"xx": genome / "mm.fa"})


def test_frequencies_are_read_again_as_a_model(genome):
    (genome / "a.maf").write_text(MAF)
    count, _ = write_frequencies(genome / "a.maf", genome / "g.gtf", genome / "g.fa", genome / "f.h5", reference="hs")
    assert count == 1
    with h5py.File(genome / "f.h5") as file:
        assert file["t+/probs"].shape == (10, 4)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a\ns hs.1 0 5 + 48 ACG\n", "expected 5 bases"),
        ("a\ns hs.1 0 3 + ACG\n", "line 2: expected"),
        ("a\ns hs.1 0 3 + 48 ACG\ns mm.1 0 2 + 48 AC\n", "expected 3 columns"),
    ],
)
def test_a_damaged_alignment_is_one_sentence(tmp_path, text, said):
    (tmp_path / "a.maf").write_text(text)
    with pytest.raises(ValueError, match=said):
        list(iterate_maf(tmp_path / "a.maf"))


def test_an_alignment_of_another_build_is_refused(genome):
    other = GENOME[::-1]
    (genome / "b.maf").write_text(f"a score=0\ns hs.chr1 0 48 + 48 {other}\ns mm.chr2 0 48 + 48 {other}\n")
    with pytest.raises(
        ValueError, match="bases of 'hs' in 2 of 2 regions are not those of the FASTA; is it of another"
    ):
        write_frequencies(genome / "b.maf", genome / "g.gtf", genome / "g.fa", genome / "f.h5", reference="hs")
    with pytest.raises(ValueError, match="no 3'UTR is left; the first was skipped because the reference has"):
        write_orthologues(genome / "b.maf", genome / "g.gtf", genome / "g.fa", genome / "o.tsv", reference="hs")
    with pytest.raises(ValueError, match="expected rows of 'rn', found hs, mm"):
        write_orthologues(genome / "b.maf", genome / "g.gtf", genome / "g.fa", genome / "o.tsv", reference="rn")


def test_another_reference_names_the_species_that_are_there(tmp_path):
    (tmp_path / "a.maf").write_text(MAF)
    with pytest.raises(ValueError, match="expected rows of 'hg38', found gg, hs, mm, rn"):
        align_regions(iterate_maf(tmp_path / "a.maf"), [], reference="hg38")


def test_real_alignment_and_variants(data_dir):
    folder = data_dir / "evaluation"
    if not folder.is_dir():
        pytest.skip(f"no data for the evaluation at {folder}")
    part = folder / "phast_chr22" / "chr22.14500000-15500000"
    chromosome = dict(iterate_fasta(f"{part}.fa.gz"))["chr22"]
    blocks = list(iterate_maf(f"{part}.maf.gz"))
    rows = [row for block in blocks if (row := reference_row(block, "hg17")) is not None]
    equal = [np.array_equal(r.codes[r.codes != GAP], chromosome[r.start : r.start + r.size]) for r in rows]
    assert (sum(equal), len(rows)) == (1415, 1415)
    region = Region("NM_014406.4", "chr22", "-", ((946190, 946321),))
    found = {o.species: o for o in orthologues(blocks, [region], reference="hg17")}
    assert set(found) == {"hg17", "rn3", "mm5"}
    assert {o.stop for o in found.values()} == {"TAG"}
    utr = folder / "kipoiseq_utr" / "chr22_ENST00000319363"
    reference = encode((folder / "kipoiseq_utr" / f"{utr.name}_3UTR.ref_seq.txt").read_text().strip())
    wanted = (folder / "kipoiseq_utr" / f"{utr.name}_3UTR.alt_seqs.txt").read_text().split()
    place = Region("utr", "chr22", "+", ((17590710, 17590710 + len(reference)),))
    chromosome = np.full(17_600_000, 4, dtype=np.uint8)
    chromosome[17590710 : 17590710 + len(reference)] = reference
    made = [
        place_variant(v, place, chromosome, window=None, orientation="rna")
        for v in iterate_vcf(folder / "kipoiseq_utr" / f"{utr.name}_3UTR.vcf.gz")
    ]
    assert sorted(decode(pair.alt, alphabet="dna") for pair in made) == sorted(wanted)


def test_packed_files_and_their_shards_are_read_again(genome):
    out = genome / "utrs.fa.gz"
    write_utrs(genome / "g.gtf", genome / "g.fa", genome / "utrs.fa")
    write_utrs(genome / "g.gtf", genome / "g.fa", out)
    assert gzip.decompress(out.read_bytes()) == (genome / "utrs.fa").read_bytes()
    write_utrs(genome / "g.gtf", genome / "g.fa", out, sorting=Sorting(shard=1))
    parts = [next(iterate_fasta(genome / f"utrs.000{number}.fa.gz"))[0] for number in (1, 2)]
    assert parts == [name for name, _ in iterate_fasta(out)]


def test_a_chromosome_that_is_there_twice_is_refused(genome):
    text = (genome / "g.fa").read_text()
    (genome / "g.fa").write_text(text + text.replace(">1", ">chr1"))
    with pytest.raises(ValueError, match="g.fa: chromosome 'chr1' is there twice; remove one"):
        write_utrs(genome / "g.gtf", genome / "g.fa", genome / "o.fa")
    (genome / "v.vcf").write_text(
        f"1\t5\t.\t{GENOME[4]}\tN\n1\t6\t.\t{GENOME[5]}\t{'A' if GENOME[5] != 'A' else 'C'}\n"
    )
    with pytest.raises(ValueError, match="g.fa: chromosome 'chr1' is there twice; remove one"):
        list(variant_pairs(genome / "v.vcf", genome / "g.fa", window=10))


def test_an_empty_allele_is_no_deletion(tmp_path):
    (tmp_path / "v.vcf").write_text("1\t5\t.\tA\t\n1\t5\t.\t\tA\n1\t5\t.\tA\tC,\n")
    found = list(iterate_vcf(tmp_path / "v.vcf"))
    assert [one[1] if isinstance(one, tuple) else one.alt for one in found] == [
        "its alternative allele '' is no sequence (symbolic, missing or spanning)",
        "its reference allele holds other letters than A, C, G, T",
        "C",
        "its alternative allele '' is no sequence (symbolic, missing or spanning)",
    ]


def test_what_was_skipped_before_is_replaced(genome):
    note = genome / "o.fa.skipped.tsv"
    note.write_text("item\treason\nx\tof an earlier call\n")
    write_utrs(genome / "g.gtf", genome / "g.fa", genome / "o.fa")
    assert note.read_text() == "item\treason\n"
