import pandas as pd
import pytest


@pytest.mark.slow
def test_words_alone_and_in_pairs(cli, own_net, tmp_path):
    command = ("words", "--model", own_net, "GGAC", "UUU", "--backgrounds", "12", "--length", "40", "--seed", "3")
    result = cli(*command, "--distance", "1", "--out", tmp_path / "o")
    assert result.exit_code == 0, result.output
    effects = pd.read_csv(tmp_path / "o" / "motif_effects.tsv", sep="\t")
    assert effects["motif"].unique().tolist() == ["GGAC", "UUU"]
    pairs = pd.read_csv(tmp_path / "o" / "kmer_pairs.tsv", sep="\t")
    assert len(pairs) == 4 * (1 + 2 + 2)
    assert "GGAC before UUU: epistasis" in result.stdout
    page = (tmp_path / "o" / "words.html").read_text()
    assert page.count("<svg") == 1 + 4, "the words alone, and every word before every other and before itself"
    assert "<h2>UUU before GGAC</h2>" in page
    assert all(place in page for place in (">1 nt apart<", ">in frame<", ">frame +1<", ">0-1 nt apart<"))
    assert "GGAC: " in result.stdout
    assert "on output (95 %" in result.stdout
    result = cli(*command, "--no-pairs", "--quiet", "--out", tmp_path / "o")
    assert (result.exit_code, result.stdout) == (0, "")
    assert not (tmp_path / "o" / "kmer_pairs.tsv").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--fasta", "a.fa", "--table", "t.tsv"), "give one of --fasta and --table"),
        (("--fasta", "a.fa", "--length", "3"), "--length is of random sequences"),
        (("--annotation", "a.gtf"), "--annotation needs the sequences"),
    ],
)
def test_options_that_do_not_go_together(cli, own_net, arguments, message):
    result = cli("words", "--model", own_net, "AUG", "--out", "o", *arguments)
    assert result.exit_code == 2
    assert message in result.stderr


def test_a_word_that_is_none(refused, own_net, tmp_path):
    said = refused("words", "--model", own_net, "AXG", "--out", tmp_path / "o", "--length", "40")
    assert "X" in said
