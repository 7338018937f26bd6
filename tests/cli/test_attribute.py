import pandas as pd
import pytest

from combmotif.attribution import load_attributions


@pytest.fixture
def fasta(tmp_path):
    path = tmp_path / "x.fa"
    path.write_text(">one\n" + "ACGUAUGGCA" * 5 + "\n>two\n" + "GGCAUUACGU" * 5 + "\n")
    return path


def test_bases_of_a_fasta_file_are_scored(cli, fasta, tmp_path):
    asked = ("--model", "mrl", "--fasta", fasta, "--method", "mutagenesis", "--out", "out", "--device", "cpu")
    result = cli("attribute", *asked)
    assert result.exit_code == 0, result.output
    assert "2 of 2 sequences explained for output:0: out/output-0.h5" in result.stdout
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == [".combmotif", "output-0.h5", "output-0.npz", "output-0.ohe.npz", "output-0.tsv"]
    assert load_attributions(tmp_path / "out" / "output-0.h5").names == ("one", "two")
    assert pd.read_csv(tmp_path / "out" / "output-0.tsv", sep="\t")["sequence"].tolist() == ["one", "two"]


def test_a_wrong_target_is_named(refused, fasta):
    said = refused("attribute", "--model", "mrl", "--fasta", fasta, "--target", "conv9:1", "--out", "out")
    assert "no layer 'conv9', found 'conv9:1'" in said
