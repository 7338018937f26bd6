"""The commands motifs, match and scan."""

from __future__ import annotations

import subprocess
import sys

import pandas as pd
import pytest

from combmotif.motifs import read_motifs, word_ppm


@pytest.fixture
def meme(tmp_path):
    text = "MEME version 4\nALPHABET= ACGU\n"
    for name, word in {"pum": "UGUANAUA", "pum_again": "NUGUANAUA", "fox": "UGCAUGN", "flat": "NNNN"}.items():
        rows = "\n".join(" ".join(f"{x:.6f}" for x in row) for row in word_ppm(word))
        text += f"MOTIF {name} {name.upper()}1\nletter-probability matrix: w= {len(word)} nsites= 200\n{rows}\n"
    (tmp_path / "m.meme").write_text(text)
    return tmp_path / "m.meme"


def test_list_convert_compare_cluster(cli, meme, tmp_path):
    result = cli("motifs", "list", meme)
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[0] == "motif\tname\tlength\tsites\tinformation\tconsensus"
    assert result.stdout.splitlines()[1].split("\t")[5] == "UGUANAUA"
    assert "Next: combmotif match" in result.stderr
    for ending in ("h5", "tsv", "meme"):
        result = cli("motifs", "convert", meme, f"c.{ending}", "--alphabet", "dna")
        assert result.stdout == f"4 motifs: c.{ending}\n"
        assert read_motifs(tmp_path / f"c.{ending}").alphabet == "dna"
    for ending in ("h5", "tsv"):
        assert read_motifs(tmp_path / f"c.{ending}").records[0].name == "PUM1"
        again = cli("motifs", "convert", f"c.{ending}", f"again_{ending}.meme")
        assert again.exit_code == 0, again.output
        assert read_motifs(tmp_path / f"again_{ending}.meme").records[0].name == "PUM1"
    assert [r.name for r in read_motifs(tmp_path / "c.meme").records] == ["PUM1", "PUM_AGAIN1", "FOX1", "FLAT1"]
    result = cli("motifs", "compare", "c.tsv", meme)
    assert result.exit_code == 0, result.output
    assert "3 of 4 motifs have a counterpart (similarity 0.8 or more)" in result.stderr
    result = cli("motifs", "cluster", meme, "--out", "clusters.tsv", "--meme", "one.meme")
    assert "4 motifs in 3 clusters: clusters.tsv" in result.stdout
    table = pd.read_csv("clusters.tsv", sep="\t")
    assert table["cluster"].tolist() == [1, 1, 2, 3]
    assert table.groupby("cluster")["representative"].sum().tolist() == [1, 1, 1]
    assert len(read_motifs(tmp_path / "one.meme").records) == 3


def test_match_and_its_control(cli, meme):
    result = cli("match", meme, "--out", "matches.tsv", "--shuffles", "3")
    assert result.exit_code == 0, result.output
    assert "3 of 4 motifs resemble a known element (q <= 0.05); of the others 0 contain a known word" in result.stdout
    assert "3 parts of 3 motifs were compared with matrices; --whole compares them as they are" in result.stdout
    assert "1 motifs have no part with 2 bits of information and were not matched (flat" in result.stdout
    assert pd.read_csv("matches.left_out.tsv", sep="\t")["name"].tolist() == ["flat"]
    assert "Of 3 motifs 3 resemble an element, 0.0 one of shuffled databases; 1 and" in result.stdout
    table = pd.read_csv("matches.tsv", sep="\t")
    best = table.groupby("motif").first()
    assert best["family"].to_dict() == {"fox": "RBFOX", "pum": "PUM", "pum_again": "PUM"}
    assert table["chance"].between(0, 1).all()
    before = table.to_csv()
    cli("match", meme, "--out", "matches.tsv", "--shuffles", "3")
    assert pd.read_csv("matches.tsv", sep="\t").to_csv() == before


def test_match_only_some_kinds(cli, meme):
    result = cli("match", meme, "--out", "matches.tsv", "--shuffles", "0", "--kinds", "translation, mirna")
    assert "0 of 4 motifs resemble a known element (q <= 0.05); of the others 1 contain a known word" in result.stdout
    assert "  contains start codon: 1 motif" in result.stdout
    assert set(pd.read_csv("matches.tsv", sep="\t")["kind"]) == {"translation"}
    result = cli("match", meme, "--out", "matches.tsv", "--kinds", "branch")
    assert result.exit_code != 0
    assert "--kinds: expected kinds of element among decay, mirna" in result.output


def test_match_whole_matrices(cli, meme):
    result = cli("match", meme, "--database", meme, "--whole", "--q", "1", "--out", "whole.tsv")
    assert result.exit_code == 0, result.output
    assert (
        "4 of 4 motifs resemble a known element (whole matrices, as MEME's Tomtom; q <= 1): whole.tsv" in result.stdout
    )
    table = pd.read_csv("whole.tsv", sep="\t")
    assert len(table) == 16
    assert (table["motif"] == table["target"])[table.groupby("motif")["p_value"].idxmin()].sum() >= 3
    few = meme.with_name("few.meme")
    few.write_text(meme.read_text().replace("nsites= 200", "nsites= 5", 2))
    p_values = []
    for count in ("0", "5"):
        command = ("match", meme, "--database", few, "--whole", "--q", "1", "--pseudocount", count, "--out", "p.tsv")
        assert cli(*command).exit_code == 0
        p_values.append(pd.read_csv("p.tsv", sep="\t")["p_value"])
    assert not p_values[0].equals(p_values[1])
    for arguments in (("--pseudocount", "1"), ("--whole", "--top", "3"), ("--whole", "--shuffles", "3")):
        result = cli("match", meme, "--out", "x.tsv", *arguments)
        assert result.exit_code == 2
        assert "with --whole" in result.stderr


def test_equally_sharp_matrices_get_the_same_p_values_whatever_their_sites(cli, repository):
    """A list of k-mers as matrices of 0.97 and 0.01: a word against itself, and 40 words that are not in the list."""
    folder = repository.parent / "shared" / "cases" / "files" / "tomtom_equally_sharp"
    if not folder.is_dir():
        pytest.skip(f"no test case at {folder}")
    p_values = []
    for sites in (50, 100):
        database = folder / f"db{sites}.meme"
        cli("match", folder / f"self{sites}.meme", "--database", database, "--out", "own.tsv", "--q", "1", "--quiet")
        own = pd.read_csv("own.tsv", sep="\t").query("motif == target").set_index("motif")
        p_values.append(own["p_value"])
        cli("match", folder / f"others{sites}.meme", "--database", database, "--out", "others.tsv", "--quiet")
        assert pd.read_csv("others.tsv", sep="\t").empty
    assert len(p_values[0]) == 2
    assert p_values[0].to_numpy() == pytest.approx(4.0**-6, rel=0.02)
    assert p_values[1].to_numpy() == pytest.approx(p_values[0].to_numpy(), rel=0.02)


def test_a_species_that_no_database_knows_is_told(cli, meme):
    result = cli("match", meme, "--out", "matches.tsv", "--shuffles", "0", "--species", "Homo_sapiens")
    assert "--species: none of the databases knows species; all of their elements were matched." in result.stdout


def test_scan(cli, meme, tmp_path):
    (tmp_path / "s.fa").write_text(">one\nCCCUGUAAAUACCC\n>two\nCCUGCAUGC\n")
    result = cli("scan", "s.fa", "--motifs", meme, "--out", "hits.bed", "--p", "0.0003")
    assert result.exit_code == 0, result.output
    assert "1 of 4 motifs are too short or too flat" in result.stdout
    assert "3 sites of 3 motifs in 2 sequences (23 nt): hits.bed" in result.stdout
    assert "\n  pum (PUM1): 1\n" in result.stdout
    assert (tmp_path / "hits.bed").read_text().splitlines()[-1].split("\t")[:4] == ["two", "2", "9", "fox(FOX1)"]


def test_scan_for_the_sites_of_micrornas(cli, tmp_path):
    """let-7 (UGAGGUAG...) pairs with CUACCUC; each place is called by its best site."""
    (tmp_path / "mature.fa").write_text(
        ">hsa-let-7a-5p MIMAT0000062 Homo sapiens let-7a-5p\nUGAGGUAGUAGGUUGUAUAGUU\n"
        ">mmu-miR-1a-3p MIMAT0000123 Mus musculus miR-1a-3p\nUGGAAUGUAAAGAAGUAUGUAU\n"
    )
    (tmp_path / "s.fa").write_text(
        ">eight\nGGCUACCUCAGG\n>seven_m8\nGGCUACCUCGGG\n>seven_a1\nGGGUACCUCAGG\n>six\nGGGUACCUCGGG\n>none\nGGGACCUCGGGG\n"
        ">mouse\nGGACAUUCCAGG\n"
    )
    result = cli("scan", "s.fa", "--motifs", "mature.fa", "--out", "hits.tsv", "--species", "hsa")
    assert result.exit_code == 0, result.output
    table = pd.read_csv("hits.tsv", sep="\t")
    assert table[["sequence", "motif", "start", "end", "site"]].to_numpy().tolist() == [
        ["eight", "CUACCUCA:8mer", 2, 10, "CUACCUCA"],
        ["seven_m8", "CUACCUC:7mer-m8", 2, 9, "CUACCUC"],
        ["seven_a1", "UACCUCA:7mer-A1", 3, 10, "UACCUCA"],
        ["six", "UACCUC:6mer", 3, 9, "UACCUC"],
    ]
    assert table["name"].unique().tolist() == ["let-7a-5p"]
    assert table["p_value"].tolist() == pytest.approx([4**-8, 4**-7, 4**-7, 4**-6], rel=1e-5)
    cli("scan", "s.fa", "--motifs", "mature.fa", "--out", "hits.bed")
    lines = [line.split("\t") for line in (tmp_path / "hits.bed").read_text().splitlines()]
    assert lines[-1] == ["mouse", "2", "10", "ACAUUCCA:8mer(miR-1a-3p)", "48", "+"]


def test_refusals(refused, meme, tmp_path):
    (tmp_path / "s.fa").write_text(">one\nCCCUGUAAAUACCC\n")
    assert refused("motifs", "list", "none.meme").startswith("motif database 'none.meme': no such file; give")
    assert (
        refused("motifs", "convert", meme, "c.txt")
        == "OUT: expected a name that ends in .meme, .h5, .hdf5, .tsv, got 'c.txt'"
    )
    assert refused("match", meme, "--database", "attract", "--out", "x.tsv").endswith("run: combmotif fetch attract")
    assert refused("match", meme, "--sites", "9mer", "--out", "x.tsv").startswith(
        "sites: expected any of 8mer, 7mer-m8"
    )
    assert refused("match", meme, "--shuffles", "0", "--out", ".").startswith("--out: expected a file to write")
    assert (
        refused("motifs", "convert", meme, ".meme")
        == "OUT: expected a name that ends in .meme, .h5, .hdf5, .tsv, got '.meme'"
    )
    assert refused("match", meme, "--q", "2", "--out", "x.tsv").startswith("q: expected a number above 0")
    assert refused("scan", "s.fa", "--motifs", meme, "--out", "x.txt").startswith("--out: expected a name that ends in")
    assert (
        refused("scan", "no.fa", "--motifs", meme, "--out", "x.tsv")
        == "sequences no.fa: no such file; give a FASTA file"
    )
    assert refused("scan", "s.fa", "--motifs", meme, "--out", "x.tsv", "--p", "0").startswith("--p: expected")
    assert not list(tmp_path.glob("x.tsv*"))


def test_compare_refuses_what_is_no_run(refused, tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "file").write_text("")
    assert refused("compare", "one", "two", "--out", "file") == "--out: expected a folder to write, found the file file"
    assert refused("compare", "one", "two", "--out", "x").startswith("one: expected a run folder (with a run.json)")


@pytest.mark.slow
def test_compare_runs_the_configs_it_names(cli, refused, own_net, tmp_path):
    text = own_net.read_text() + "sample: {population: 32, generations: 10, keep: 100}\n"
    own_net.write_text(text)
    (tmp_path / "words.yaml").write_text(text + "discover: {method: words, min_sites: 5}\n")
    (tmp_path / "c.yaml").write_text("runs: {demixing: own.yaml, words: words.yaml}\ndraws: 8\n")
    result = cli("compare", "c.yaml", "--out", "out", "--workers", 1)
    assert result.exit_code == 0, result.output
    assert result.stdout.endswith("Page: out/compare.html\n")
    table = pd.read_csv(tmp_path / "out" / "summary.tsv", sep="\t")
    assert table["run"].tolist() == ["demixing", "words"]
    assert table["method"].tolist() == ["neuronmotif", "words"]
    assert (table["tested_on_neuron"] == table["motifs"]).all()
    assert (tmp_path / "out" / "runs" / "words" / "report.html").is_file()
    record = tmp_path / "out" / "runs" / "words" / "run.json"
    record.write_text(record.read_text().replace('"discover"', '"of_another_version": {}, "discover"', 1))
    again = cli("compare", "out/runs/demixing", "out/runs/words", "--out", "again", "--draws", "8", "--trust")
    assert again.exit_code == 0, again.output
    assert refused("motifs", "list", "out/runs/words").endswith("give its motifs, out/runs/words/motifs/METHOD.meme")
    (tmp_path / "net.py").unlink()
    message = refused("compare", "out/runs/demixing", "out/runs/words", "--out", "again", "--draws", "8", "--trust")
    assert "its model or data cannot be opened (factory: there is no file" in message


@pytest.mark.slow
def test_motif_files_need_no_torch(meme, tmp_path):
    code = (
        "import sys\nfrom combmotif.cli import app\n"
        "app(['match', 'm.meme', '--out', 'x.tsv', '--shuffles', '1', '--quiet'], standalone_mode=False)\n"
        "app(['motifs', 'convert', 'm.meme', 'x.h5'], standalone_mode=False)\n"
        "print(sorted({'torch', 'combmotif.effect', 'combmotif.runs'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.slow
def test_compare_runs_a_suite_of_models_under_one_config(cli, refused, own_net, tmp_path):
    own_net.write_text(own_net.read_text() + "sample: {population: 32, generations: 20, keep: 200}\n")
    (tmp_path / "suite.yaml").write_text(
        "suite: {config: own.yaml, vary: neurons.select, over: ['0', '1', '99']}\ndraws: 0\n"
    )
    message = refused("compare", "suite.yaml", "--out", "out", "--workers", "1")
    assert message.startswith("1 of 3 runs failed: 99: ") or "neurons.select" in message
    (tmp_path / "suite.yaml").write_text(
        "suite: {config: own.yaml, vary: neurons.select, over: ['0', '1']}\ndraws: 0\n"
    )
    result = cli("compare", "suite.yaml", "--out", "out", "--workers", "1")
    assert result.exit_code == 0, result.output
    assert pd.read_csv(tmp_path / "out" / "summary.tsv", sep="\t", dtype=str)["run"].tolist() == ["0", "1"]
    assert (tmp_path / "out" / "consensus.tsv").is_file()
    twice = cli("compare", "suite.yaml", "--out", "out", "--workers", "1", "--scheduler-file", "x.json")
    assert twice.exit_code == 2
    assert "give one of --workers, --scheduler-file" in twice.output
