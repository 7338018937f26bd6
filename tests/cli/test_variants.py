import pandas as pd
import pytest


@pytest.fixture
def pairs(tmp_path, own_net):
    """Two pairs that a net of 30 nt or more reads, one that is none."""
    rows = ["name\tref_sequence\talt_sequence", "a\t" + "ACGU" * 8 + "\t" + "ACGU" * 7 + "ACAA", "b\tAC\tAC"]
    path = tmp_path / "pairs.tsv"
    path.write_text("\n".join([*rows, "c\t" + "ACGU" * 8 + "\t" + "ACGU" * 9, ""]))
    return path


def test_pairs_of_a_table(cli, own_net, pairs, tmp_path):
    result = cli("variants", "--model", own_net, "--table", pairs, "--name", "name", "--out", tmp_path / "o")
    assert result.exit_code == 0, result.output
    table = pd.read_csv(tmp_path / "o" / "variants.tsv", sep="\t")
    assert table["variant"].tolist() == ["a", "c"]
    assert list(table) == [
        "variant", "position", "ref_length", "alt_length", "ref:output", "alt:output", "difference:output",
    ]  # fmt: skip
    pd.testing.assert_series_equal(
        table["difference:output"], table["alt:output"] - table["ref:output"], check_names=False, atol=1e-5
    )
    skipped = pd.read_csv(tmp_path / "o" / "skipped.tsv", sep="\t")
    assert skipped.to_numpy().tolist() == [["b", "reference and alternative are the same"]]
    assert "  1: reference and alternative are the same" in result.stderr
    assert "2 variants, outputs output" in result.stdout
    again = cli("variants", "--model", own_net, "--table", pairs, "--name", "name", "--out", tmp_path / "o", "--quiet")
    assert (again.exit_code, again.stdout) == (0, "")


def test_a_vcf(cli, own_net, tmp_path):
    text = "ACGUUGCA".replace("U", "T") * 40
    (tmp_path / "g.fa").write_text(f">chr1\n{text}\n")
    (tmp_path / "v.vcf").write_text("1\t100\trs1\tT\tG\n1\t101\t.\tT\tTA\n1\t102\t.\tA\tC\n")
    command = ("variants", "--model", own_net, "--vcf", tmp_path / "v.vcf", "--fasta", tmp_path / "g.fa")
    result = cli(*command, "--window", "40", "--latent", "identity", "--out", tmp_path / "o")
    assert result.exit_code == 0, result.output
    table = pd.read_csv(tmp_path / "o" / "variants.tsv", sep="\t")
    assert set(table["chrom"].astype(str)) == {"1"}
    assert table["id"].tolist()[0] == "rs1"
    assert table["ref_length"].max() == 40
    assert (table["latent:output"] - table["difference:output"]).abs().max() < 1e-9


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "give one of --vcf and --table"),
        (("--vcf", "v.vcf"), "--vcf needs the genome: --fasta"),
        (("--table", "t.tsv", "--window", "5"), "--fasta, --annotation, --region, --anchor and --window go with --vcf"),
        (("--vcf", "v.vcf", "--fasta", "g.fa", "--psi", "psi"), "--psi names a column of --table"),
    ],
)
def test_options_that_do_not_go_together(cli, own_net, arguments, message):
    result = cli("variants", "--model", own_net, "--out", "o", *arguments)
    assert result.exit_code == 2
    assert message in result.stderr


def test_a_folder_that_is_no_run(refused, own_net, pairs, tmp_path):
    said = refused("variants", "--model", own_net, "--table", pairs, "--run", tmp_path, "--out", tmp_path / "o")
    assert "expected a run folder" in said
    assert not (tmp_path / "o").exists()
