import numpy as np
import pytest

from combmotif.config import open_model_from
from combmotif.sequence import encode


@pytest.fixture
def fasta(tmp_path):
    path = tmp_path / "s.fa"
    path.write_text(">a first\nACGUACGUACGU\n>b\nacgtacgtacgt\n>c\nACGUNCGUACGUAAA\n")
    return path


def test_fasta_in_tsv_out(cli, own_net, fasta, tmp_path):
    result = cli("predict", "--model", own_net, "--fasta", fasta, "--out", "p.tsv", "--device", "cpu")
    assert result.exit_code == 0, result.output
    assert result.stdout == "3 predictions of net:build (output): p.tsv\n"
    lines = [line.split("\t") for line in (tmp_path / "p.tsv").read_text().splitlines()]
    assert lines[0] == ["name", "length", "output"]
    assert [line[:2] for line in lines[1:]] == [["a", "12"], ["b", "12"], ["c", "15"]]
    assert lines[1][2] == lines[2][2]  # lower case and T are the same sequence
    expected = open_model_from(str(own_net)).predict([encode("ACGUNCGUACGUAAA")])[0, 0]
    assert np.isclose(float(lines[3][2]), expected, rtol=1e-5)


def test_table_in_tsv_out(cli, own_net, fasta, tmp_path):
    (tmp_path / "t.csv").write_text("id,utr\na,ACGUACGUACGU\nb,acgtacgtacgt\nc,ACGUNCGUACGUAAA\n")
    cli("predict", "--model", own_net, "--fasta", fasta, "--out", "f.tsv")
    result = cli("predict", "--model", own_net, "--table", "t.csv", "--name", "id", "--out", "t.tsv")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "t.tsv").read_text() == (tmp_path / "f.tsv").read_text()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "s.fa: expected sequences, the file has none"),
        (">a\nMKLV\n", "record 'a': expected nucleotides"),
        (">a\nACG\n", "model 'net:build' could not read its sequences, of which the shortest is 'a' with 3 nt"),
    ],
)
def test_files_that_cannot_be_predicted(refused, own_net, fasta, tmp_path, text, message):
    fasta.write_text(text)
    assert message in refused("predict", "--model", own_net, "--fasta", fasta, "--out", "p.tsv")
    assert not (tmp_path / "p.tsv").exists()


def test_fixed_length(refused, own_net, fasta):
    own_net.write_text(own_net.read_text().replace("alphabet: rna", "alphabet: rna, length: 12"))
    message = refused("predict", "--model", own_net, "--fasta", fasta, "--out", "p.tsv")
    assert "'c': model 'net:build' reads 12 nt, found 15 nt" in message


def test_one_input_is_needed(cli, own_net, fasta):
    for arguments in ([], ["--fasta", fasta, "--table", fasta], ["--fasta", fasta, "--name", "id"]):
        result = cli("predict", "--model", own_net, "--out", "p.tsv", *arguments)
        assert result.exit_code == 2
        assert "Error: " in result.stderr


HALF_LIFE = """
import torch
from torch import nn


class Sums(nn.Module):
    \"\"\"Counts of A, of codons and of exon ends, and where the last A stands.\"\"\"

    def forward(self, x):
        place = torch.arange(1.0, x.shape[2] + 1)
        return torch.stack([x[:, 0].sum(1), x[:, 4].sum(1), x[:, 5].sum(1), (x[:, 0] * place).amax(1)], 1)


def build():
    return Sums()
"""


@pytest.fixture
def half_life(tmp_path):
    """A card of a net that reads 12 nt with coding frame and splice sites, by the rule of Saluki."""
    (tmp_path / "sums.py").write_text(HALF_LIFE)
    (tmp_path / "model.yaml").write_text(
        "name: sums\nkind: python\nfactory: sums.py:build\ninput: {length: 12, channels: 6, rule: pad_right}\n"
        "outputs: [{name: a}, {name: codons}, {name: exons}, {name: last}]\n"
    )
    (tmp_path / "rna.fa").write_text(">short\nCAUGCAUAA\n>long\nAACCCCAUGCAUCCCCCC\n")
    bed = "short\t0\t9\tshort\t0\t+\t1\t7\t0\t2\t4,5,\t0,4,\nlong\t0\t18\tlong\t0\t+\t0\t9\t0\t1\t18,\t0,\n"
    (tmp_path / "a.bed").write_text(bed)
    return tmp_path / "model.yaml"


def test_tracks_and_the_length_rule(cli, half_life, tmp_path):
    result = cli(
        "predict", "--trust", "--model", half_life, "--fasta", "rna.fa", "--annotation", "a.bed", "--out", "p.tsv"
    )
    assert result.exit_code == 0, result.output
    assert (tmp_path / "p.tsv").read_text() == (
        "name\tlength\tinput\ta\tcodons\texons\tlast\n"
        "short\t9\t3 nt of padding\t4\t2\t2\t9\n"
        "long\t18\tfirst 6 nt left out\t2\t1\t1\t5\n"
    )
    bare = cli("predict", "--trust", "--model", half_life, "--fasta", "rna.fa", "--out", "q.tsv")
    assert "sums reads 2 tracks beside the bases (coding frame, splice sites); they are zero" in bare.stderr
    assert [line.split("\t")[4] for line in (tmp_path / "q.tsv").read_text().splitlines()[1:]] == ["0", "0"]


def test_a_broken_reading_frame(cli, refused, half_life, tmp_path):
    (tmp_path / "a.bed").write_text((tmp_path / "a.bed").read_text().replace("\t1\t7\t", "\t1\t6\t"))
    arguments = (
        "predict",
        "--trust",
        "--model",
        half_life,
        "--fasta",
        "rna.fa",
        "--annotation",
        "a.bed",
        "--out",
        "p.tsv",
    )
    assert "transcript 'short': expected a coding sequence of a length divisible by 3" in refused(*arguments)
    assert not (tmp_path / "p.tsv").exists()
    result = cli(*arguments, "--skip-invalid")
    assert result.exit_code == 0, result.output
    assert "Warning: left out 'short' (transcript 'short': expected a coding sequence" in result.stderr
    name, reason = (tmp_path / "p.left_out.tsv").read_text().splitlines()[1].split("\t")
    assert (name, reason.startswith("transcript 'short': expected a coding sequence")) == ("short", True)
    assert len((tmp_path / "p.tsv").read_text().splitlines()) == 2
    (tmp_path / "a.bed").write_text((tmp_path / "a.bed").read_text().replace("long", "other"))
    assert "rna.fa: expected a sequence that can be used, left out 2 (first" in refused(*arguments, "--skip-invalid")


def test_names_are_text_and_stand_once(cli, own_net, tmp_path):
    names = ["0001", "1", "NA", "nan", "x", "x", "é", ""]
    (tmp_path / "t.tsv").write_text("id\tutr\n" + "".join(f"{name}\tACGUACGUACGU\n" for name in names))
    with pytest.warns(UserWarning, match="t.tsv: 1 record has a name that stood before"):
        result = cli("predict", "--model", own_net, "--table", "t.tsv", "--name", "id", "--out", "p.tsv")
    assert result.exit_code == 0, result.output
    expected = ["0001", "1", "NA", "nan", "x", "x_2", "é", "row8"]
    assert [line.split("\t")[0] for line in (tmp_path / "p.tsv").read_text().splitlines()[1:]] == expected
    (tmp_path / "s.fa").write_bytes(("\ufeff" + "".join(f">{n}\r\nACGUACGUACGU\r\n" for n in names[:7])).encode())
    with pytest.warns(UserWarning, match="s.fa: 1 record has a name that stood before.* the second 'x' is 'x_2'"):
        result = cli("predict", "--model", own_net, "--fasta", "s.fa", "--out", "q.tsv")
    assert result.exit_code == 0, result.output
    assert [line.split("\t")[0] for line in (tmp_path / "q.tsv").read_text().splitlines()[1:]] == expected[:7]


def test_chromosomes_that_do_not_meet_are_listed(cli, refused, half_life, tmp_path):
    bed = (tmp_path / "a.bed").read_text()
    (tmp_path / "a.bed").write_text(bed + "chrUn_1v1\t0\t9\tlost\t0\t+\t0\t9\t0\t1\t9,\t0,\n")
    (tmp_path / "genome.fa").write_text(">Un1.1\nACGUACGUA\n>short\nCAUGCAUAA\n>long\nAACCCCAUGCAUCCCCCC\n")
    arguments = ("predict", "--trust", "--model", half_life, "--annotation", "a.bed", "--out", "p.tsv")
    result = cli(*arguments, "--fasta", "genome.fa")
    assert result.exit_code == 0, result.output
    assert [line.split("\t")[0] for line in (tmp_path / "p.tsv").read_text().splitlines()] == ["name", "short", "long"]
    assert (
        "Warning: left out 2 (first 'lost': its chromosome 'chrUn_1v1' has no sequence in genome.fa)" in result.stderr
    )
    assert (tmp_path / "p.left_out.tsv").read_text() == (
        "name\treason\n"
        "lost\tits chromosome 'chrUn_1v1' has no sequence in genome.fa\n"
        "Un1.1\ta record of genome.fa on which a.bed has no transcript\n"
    )
    (tmp_path / "a.bed").write_text(bed)
    (tmp_path / "genome.fa").write_text(">short\nCAUGCAUAA\n>long\nAACCCCAUGCAUCCCCCC\n")
    assert cli(*arguments, "--fasta", "genome.fa").exit_code == 0
    assert (tmp_path / "p.left_out.tsv").read_text() == "name\treason\n"  # not that of the call before
    (tmp_path / "genome.fa").write_text(">other.2\nACGU\n")
    assert "'other.2' is neither a transcript nor a chromosome of a.bed" in refused(*arguments, "--fasta", "genome.fa")
