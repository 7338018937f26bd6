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
