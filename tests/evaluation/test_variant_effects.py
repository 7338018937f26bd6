"""Effects of variants against windows that are cut from a mutated genome by hand, and nets whose answer is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn
from toy_models import detect, kmer_conv

from combmotif import interpret
from combmotif.evaluation.dataset.anchored import cut_fixed
from combmotif.evaluation.variant_effects import SequencePair, pairs_of_table, pairs_of_vcf, variant_effects
from combmotif.evaluation.variant_sites import known_elements, read_sites
from combmotif.models.architectures import hal
from combmotif.models.model import InputSpec, SequenceModel
from combmotif.sequence.alphabet import decode, encode

COMPLEMENT = str.maketrans("ACGT", "TGCA")
EXONS = {"+": ((300, 420), (600, 700), (900, 1100)), "-": ((2000, 2150), (2400, 2500), (2800, 3000))}


def reverse_complement(text: str) -> str:
    return text[::-1].translate(COMPLEMENT)


class Positions(nn.Module):
    """A weight for every base of every position: any window but the right one has another prediction."""

    def __init__(self, length: int) -> None:
        super().__init__()
        self.weights = torch.randn(4, length, generator=torch.Generator().manual_seed(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (x * self.weights).sum((1, 2))

    def of(self, text: str) -> float:
        return float(sum(self.weights[code, place] for place, code in enumerate(encode(text).tolist())))


def fixed_model(length: int) -> SequenceModel:
    return SequenceModel("fixed", Positions(length), InputSpec(length=length), ("value",))


@pytest.fixture(scope="module")
def genome(tmp_path_factory):
    """A chromosome with a transcript of three exons on each strand; its coding sequence begins 50 nt into exon 2."""
    folder = tmp_path_factory.mktemp("genome")
    text = "".join(np.random.default_rng(4).choice(list("ACGT"), 3600))
    (folder / "g.fa").write_text(f">1\n{text}\n>2\n{text[::-1]}\n")
    lines = []
    for strand, exons in EXONS.items():
        name = "plus" if strand == "+" else "minus"
        coding = [(650, 700), (900, 1000)] if strand == "+" else [(2100, 2150), (2400, 2450)]
        for kind, parts in (("exon", exons), ("CDS", coding)):
            lines += [
                f'1\tx\t{kind}\t{a + 1}\t{b}\t.\t{strand}\t.\ttranscript_id "{name}"; gene_id "{name}";\n'
                for a, b in parts
            ]
    (folder / "g.gtf").write_text("".join(lines))
    return folder, text


def write_vcf(path, rows):
    lines = [f"{chrom}\t{pos + 1}\t.\t{ref}\t{alt}\t.\t.\t.\n" for chrom, pos, ref, alt in rows]
    path.write_text("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n" + "".join(lines))
    return path


def random_variants(text, around, count, seed):
    """Substitutions, insertions and deletions near some positions, as a VCF pads them with the base before."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        pos = int(rng.choice(around)) + int(rng.integers(-100, 100))
        if number % 3 == 0:
            rows.append(("chr1", pos, text[pos], "ACGT"[("ACGT".index(text[pos]) + 1 + number // 3 % 3) % 4]))
        elif number % 3 == 1:
            rows.append(
                ("chr1", pos, text[pos], text[pos] + "".join(rng.choice(list("ACGT"), int(rng.integers(1, 9)))))
            )
        else:
            rows.append(("chr1", pos, text[pos : pos + int(rng.integers(2, 9))], text[pos]))
    return list(dict.fromkeys(rows))


def test_windows_around_donors_are_those_of_the_mutated_genome(genome, tmp_path):
    folder, text = genome
    donors = {"plus:donor1": 420, "plus:donor2": 700, "minus:donor1": 2800, "minus:donor2": 2400}
    rows = random_variants(text, list(donors.values()), 120, seed=2)
    net = Positions(160)
    model = SequenceModel("hal", net, InputSpec(length=160), ("k",), {"kind": "hal", "arguments": {}})
    pairs = list(pairs_of_vcf(write_vcf(tmp_path / "v.vcf", rows), folder / "g.fa", model, annotation=folder / "g.gtf"))
    found = variant_effects(model, pairs).table.set_index("variant")
    checked = 0
    for chrom, pos, ref, alt in rows:
        label = f"{chrom}_{pos + 1}_{ref}_{alt}"
        if label not in found.index:
            continue
        row = found.loc[label]
        donor = donors[row["region"]]
        assert abs(donor - pos) <= 110
        mutated = text[:pos] + alt + text[pos + len(ref) :]
        shared = 0 if len(ref) == len(alt) else 1
        moved = donor + (len(alt) - len(ref)) * (pos + len(ref) <= donor and pos + shared < donor)
        if pos + shared == donor and len(ref) < len(alt):  # an insertion between exon and intron may be of either
            continue
        before, after = text[donor - 80 : donor + 80], mutated[moved - 80 : moved + 80]
        if row["strand"] == "-":
            before, after = reverse_complement(before), reverse_complement(after)
        assert row["ref:k"] == pytest.approx(net.of(before), abs=1e-4), label
        assert row["alt:k"] == pytest.approx(net.of(after), abs=1e-4), label
        assert row["difference:k"] == pytest.approx(net.of(after) - net.of(before), abs=1e-4)
        checked += 1
    assert checked >= 60
    reasons = {reason for item, reason in variant_effects(model, pairs).skipped}
    assert "it lies outside of the 160 nt that the model reads" in reasons


def test_windows_that_end_at_the_start_codon(genome, tmp_path):
    folder, text = genome
    rows = random_variants(text, [640, 2460, 2820], 60, seed=3)
    model = fixed_model(60)
    net = model.module
    vcf = write_vcf(tmp_path / "v.vcf", rows)
    pairs = list(pairs_of_vcf(vcf, folder / "g.fa", model, annotation=folder / "g.gtf", region="5utr"))
    found = variant_effects(model, pairs)
    table = found.table.set_index("variant")
    utr = {"+": ((300, 420), (600, 650)), "-": ((2450, 2500), (2800, 3000))}
    assert {*table["strand"]} == {"+", "-"}
    for _, pos, ref, alt in rows:
        label = f"chr1_{pos + 1}_{ref}_{alt}"
        if label not in table.index:
            continue
        row, blocks = table.loc[label], utr[table.loc[label, "strand"]]
        inside = next(block for block in blocks if block[0] <= pos < block[1])
        parts = [text[a:b] for a, b in blocks]
        mutated = [text[a:pos] + alt + text[pos + len(ref) : b] if (a, b) == inside else text[a:b] for a, b in blocks]
        one, other = "".join(parts), "".join(mutated)
        if row["strand"] == "-":
            one, other = reverse_complement(one), reverse_complement(other)
        assert row["ref:value"] == pytest.approx(net.of(one[-60:]), abs=1e-4)
        assert row["alt:value"] == pytest.approx(net.of(other[-60:]), abs=1e-4)
    reasons = dict(found.skipped)
    assert len(table) + len(reasons) == len(rows)
    assert {"it lies in no region of the annotation", "it lies outside of the 60 nt that the model reads"} <= set(
        reasons.values()
    )


def test_windows_of_the_genome_on_either_strand(genome, tmp_path):
    folder, text = genome
    base = text[1500]
    other = "A" if base != "A" else "C"
    vcf = write_vcf(tmp_path / "v.vcf", [("1", 1500, base, other), ("1", 2, text[2], text[2] + "GATTACA")])
    model = fixed_model(21)
    for strand in "+-":
        table = variant_effects(model, pairs_of_vcf(vcf, folder / "g.fa", model, strand=strand)).table
        windows = [text[1490:1511], text[1490:1500] + other + text[1501:1511]]
        edge = [text[:21], (text[:3] + "GATTACA" + text[3:])[:21]]
        if strand == "-":
            windows = [reverse_complement(one) for one in windows]
            assert table["position"][0] == 10
        else:
            assert table.loc[1, ["ref:value", "alt:value"]].tolist() == pytest.approx(
                [model.module.of(one) for one in edge], abs=1e-4
            )
        assert table.loc[0, ["ref:value", "alt:value"]].tolist() == pytest.approx(
            [model.module.of(one) for one in windows], abs=1e-4
        )
        assert set(table["strand"]) == {strand}


def test_what_does_not_fit_is_named_and_counted(genome, tmp_path):
    folder, text = genome
    wrong = "ACGT"["ACGT".index(text[1500]) - 1]
    two = "".join(sorted(set("ACGT") - {text[1600]}))[:2]
    rows = [
        ("chr1", 1500, wrong, text[1500]), ("chr7", 10, "A", "C"), ("1", 1600, text[1600], f"{two[0]},{two[1]},*"),
        ("1", 1601, text[1601], text[1601]), ("1", 1602, "N", "A"), ("2", 5, text[::-1][5], "<DUP>"),
    ]  # fmt: skip
    model = fixed_model(15)
    found = variant_effects(model, pairs_of_vcf(write_vcf(tmp_path / "v.vcf", rows), folder / "g.fa", model))
    assert found.table["variant"].tolist() == [f"1_1601_{text[1600]}_{base}" for base in two]
    assert dict(found.skipped) == {
        f"chr1_1501_{wrong}_{text[1500]}": f"its reference allele {wrong} is not that of the FASTA ({text[1500]})",
        "chr7_11_A_C": "its chromosome is not in the FASTA",
        f"1_1601_{text[1600]}_*": "its alternative allele '*' is no sequence (symbolic, missing or spanning)",
        f"1_1602_{text[1601]}_{text[1601]}": "its reference and alternative allele are the same",
        "1_1603_N_A": "its reference allele holds other letters than A, C, G, T",
        f"2_6_{text[::-1][5]}_<DUP>": "its alternative allele '<DUP>' is no sequence (symbolic, missing or spanning)",
    }


def test_a_deletion_over_the_donor_has_no_window():
    sequence = np.arange(40, dtype=np.uint8) % 4
    said = cut_fixed(sequence, 18, 22, sequence[:0], length=10, anchor=20)
    assert "across the donor" in said
    ref, alt, position = cut_fixed(sequence, 18, 20, sequence[:0], length=10, anchor=20)
    assert (ref.tolist(), alt.tolist()) == (sequence[15:25].tolist(), [*sequence[13:18], *sequence[20:25]])
    assert position == 3
    assert "shorter than the 50 nt" in cut_fixed(sequence, 3, 4, sequence[:1], length=50, anchor="variant")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"annotation": True}, "--region: expected 5utr, cds, 3utr, transcript, donor or exon"),
        ({"region": "3utr"}, "--region 3utr: needs the --annotation"),
        ({"window": 7}, "--window: the model 'fixed' reads 15 nt, found 7"),
        ({"anchor": "end"}, "anchor: 'end' needs an annotation"),
    ],
)
def test_options_that_do_not_go_together(genome, arguments, message, tmp_path):
    folder, text = genome
    vcf = write_vcf(tmp_path / "v.vcf", [("1", 1500, text[1500], "A" if text[1500] != "A" else "C")])
    if "annotation" in arguments:
        arguments = {"annotation": folder / "g.gtf"}
    with pytest.raises(ValueError, match=message):
        list(pairs_of_vcf(vcf, folder / "g.fa", fixed_model(15), **arguments))


def test_the_latent_scale_is_the_link_of_the_card():
    module = nn.Sequential(nn.Conv1d(4, 1, 3), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Sigmoid())
    card = {"outputs": [{"name": "p", "link": "logit"}]}
    pair = [SequencePair("x", encode("ACGUACGUAA"), encode("ACGUUCGUAA")), ("y", "no reason")]
    model = SequenceModel("net", module, InputSpec(), ("p",), card)
    table = variant_effects(model, pair).table
    inner = SequenceModel("inner", module[:3], InputSpec(), ("p",))
    assert table["latent:p"][0] == pytest.approx(variant_effects(inner, pair).table["difference:p"][0], abs=1e-5)
    assert table["difference:p"][0] != pytest.approx(table["latent:p"][0], rel=0.1)
    assert "latent:p" not in variant_effects(inner, pair).table
    assert "psi_alt" not in table
    with torch.no_grad():
        module[0].bias -= 5  # below 0, whatever the weights are
    with pytest.raises(ValueError, match="latent: logit: expected predictions between 0 and 1"):
        variant_effects(SequenceModel("n", nn.Sequential(*module[:3]), InputSpec(), ("p",)), [
            SequencePair("x", encode("AAAAAA"), encode("CCCCCC")), SequencePair("z", encode("GGGGGG"), encode("UUUUUU"))
        ], latent="logit")  # fmt: skip


def test_hal_is_one_case_of_it(data_dir, tmp_path):
    """The 291 variants of notebook N11, through the model HAL's exon-skipping score is."""
    rows = pd.read_csv(data_dir / "hal" / "n11_predictions_factor2.csv")
    rows["share"] = rows.REF_PSI / 100
    rows.to_csv(tmp_path / "n11.csv", index=False)
    net = hal.build_net(
        hal.load_table(data_dir / "hal" / "HAL_mer_scores.npz"), "exon_skipping",
        exon_scores=hal.load_exon_scores(data_dir / "hal"),
    )  # fmt: skip
    model = SequenceModel("hal", net, InputSpec(alphabet="dna"), ("score",), {"outputs": [{"link": "identity"}]})
    pairs = pairs_of_table(tmp_path / "n11.csv", ref="REF_SEQ", alt="ALT_SEQ", psi="share")
    table = variant_effects(model, pairs).table
    assert len(table) == 291
    np.testing.assert_allclose(table["psi_alt"], rows.PSI_PRED, atol=2e-5)
    np.testing.assert_allclose(table["latent:score"], table["difference:score"])


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A net of one neuron that reads UGUA, and its run."""
    conv = kmer_conv(["UGUA"], bias=detect)
    net = nn.Sequential(conv, nn.ReLU(), nn.AdaptiveMaxPool1d(1), nn.Flatten())
    model = SequenceModel("ugua", net, InputSpec(), ("value",))
    folder = tmp_path_factory.mktemp("run") / "r"
    interpret(
        model, {"kind": "random", "count": 300, "length": 40}, layer="0", contribution=False,
        effects={"backgrounds": 50, "without": []}, out=folder,
    )  # fmt: skip
    return folder, model


def test_neurons_and_motifs_that_are_made_and_broken(run):
    folder, model = run
    codes = ["GGGCUGUACCGGUGUAGG", "GGGCCCCGCCGGUGUAGG", "GGGCCCCCC", "GGGCCUGUACCCC", "UGUAGGCC", "UGUACGCC"]
    pairs = [SequencePair(f"v{i // 2}", *map(encode, codes[i : i + 2])) for i in (0, 2, 4)]
    pairs.insert(1, SequencePair("back", pairs[0].alt, pairs[0].ref))
    found = variant_effects(model, pairs, sites=read_sites(folder, model))
    told = found.sites[["variant", "of", "id", "change", "start", "end", "site"]].to_numpy().tolist()
    motif = found.sites.query("of == 'motif'")["id"].unique()
    assert len(motif) == 1
    expected = []
    for variant, change, start in (("v0", "broken", 4), ("back", "made", 4), ("v1", "made", 5)):
        expected += [
            [variant, "neuron", "0:0", change, start, start + 4, "UGUA"],
            [variant, "motif", motif[0], change, start, start + 4, "UGUA"],
        ]
    assert told == expected, "the second UGUA of v0 is not touched, and v2 changes a base beside its UGUA"
    assert found.table["neurons_made"].tolist() == [0, 1, 1, 0]
    assert found.table["neurons_broken"].tolist() == [1, 0, 0, 0]
    assert [str(x) for x in found.table["motifs_broken"]] == [motif[0], "", "", ""]
    neuron = found.sites.query("of == 'neuron'").iloc[0]
    assert (neuron["before"], neuron["threshold"] < 1) == (1.0, True)
    assert neuron["after"] <= 0
    assert found.sites.query("of == 'motif'")["effect"].min() > 0.2


def test_motifs_and_neurons_are_named_by_what_they_are_before_what_they_contain(tmp_path):
    rows = [
        ("conv3:7.m1", "AUG", "contains", 1e-9),
        ("conv3:7.m1", "Kozak", "is", 1e-4),
        ("conv3:7.m2", "UAA", "contains", 1),
    ]
    pd.DataFrame(rows, columns=["motif", "name", "relation", "p_value"]).to_csv(tmp_path / "matches.tsv", sep="\t")
    assert known_elements(tmp_path) == {"conv3:7.m1": "Kozak", "conv3:7.m2": "contains UAA", "conv3:7": "Kozak"}


def test_a_run_of_another_model_is_refused(run):
    folder, model = run
    other = SequenceModel("other", nn.Sequential(nn.Conv1d(4, 1, 4), nn.AdaptiveMaxPool1d(1), nn.Flatten()))
    with pytest.raises(ValueError, match="expected a run of the model 'other', found one of"):
        read_sites(folder, other)


def test_the_longest_site_of_an_insertion_is_seen_across_windows(run):
    """An insertion of 30 nt with the k-mer in its middle, and a deletion that joins its halves."""
    folder, model = run
    flank = "GGGCC"
    pairs = [
        SequencePair("in", encode(flank * 2), encode(flank + "C" * 13 + "UGUA" + "G" * 13 + flank)),
        SequencePair("out", encode("GGGUG" + "CCCCCCCC" + "UACCC"), encode("GGGUGUACCC")),
    ]
    found = variant_effects(model, pairs, sites=read_sites(folder, model)).sites.query("of == 'neuron'")
    assert found[["variant", "change", "start"]].to_numpy().tolist() == [["in", "made", 18], ["out", "made", 3]]
    assert decode(pairs[1].alt[3:7]) == "UGUA"


def test_pairs_of_one_name_and_of_no_factor(tmp_path):
    rows = [f"001\t{text}\t{text[:-1]}A" for text in ("ACGU", "ACGC")]
    (tmp_path / "p.tsv").write_text("\n".join(["id\tref_sequence\talt_sequence", *rows, ""]))
    with pytest.warns(UserWarning, match="the second '001' is '001_2'"):
        pairs = list(pairs_of_table(tmp_path / "p.tsv", name="id"))
    assert [pair.name for pair in pairs] == ["001", "001_2"]
    with pytest.raises(ValueError, match="factor: expected a finite number, found nan"):
        variant_effects(fixed_model(4), pairs, factor=float("nan"))


def test_two_columns_of_one_name_are_refused(tmp_path):
    (tmp_path / "p.tsv").write_text("ref_sequence\talt_sequence\talt_sequence\nACGU\tACGC\tACGA\n")
    with pytest.raises(ValueError, match="expected one column 'alt_sequence', found 2"):
        list(pairs_of_table(tmp_path / "p.tsv"))


def test_one_sequence_too_short_for_the_net_is_left_out_alone():
    model = SequenceModel("net", nn.Sequential(nn.Conv1d(4, 1, 5), nn.AdaptiveMaxPool1d(1), nn.Flatten()))
    given = [
        SequencePair("cut", encode("GGAUGGG"), encode("GGGG")),
        SequencePair("kept", encode("GGAUG"), encode("GGACG")),
    ]
    found = variant_effects(model, given)
    assert found.table["variant"].tolist() == ["kept"]
    ((name, reason),) = found.skipped
    assert name == "cut"
    assert reason.startswith("it has 4 nt, which the model cannot read (Calculated padded input size")
    with pytest.raises(ValueError, match="found none; the first was left out because it has 4 nt"):
        variant_effects(model, given[:1])
