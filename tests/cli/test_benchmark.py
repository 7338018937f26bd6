"""benchmark, evaluate, embed, score and dataset, from files to tables."""

import json
import re

import h5py
import numpy as np
import pandas as pd
import pytest
import yaml

from combmotif.config.evaluation import parse_model
from combmotif.evaluation.adapters.make import make_adapter
from combmotif.evaluation.results import agreement


@pytest.fixture
def work(tmp_path):
    random = np.random.default_rng(0)
    texts = ["".join(random.choice(list("ACGT"), 48)) for _ in range(40)]
    rows = "".join(f"s{i}\t{t}\t{t.count('A')}\n" for i, t in enumerate(texts))
    (tmp_path / "t.tsv").write_text("name\tsequence\tvalue\n" + rows)
    (tmp_path / "u.fa").write_text("".join(f">s{i}\n{t}\n" for i, t in enumerate(texts)) + ">n\nNNNN\n")
    (tmp_path / "suite.yaml").write_text(
        "models:\n  kmer: {features: kmer, k: 2}\n  lm: {card: utr3_lm}\n"
        "tasks:\n  mpra: {kind: regression, table: t.tsv, targets: [value], cv: 'folds:4'}\n"
        "  real: {kind: shuffles, fasta: u.fa, limit: 4}\n"
        "  away: {kind: shuffles, fasta: $NO_SUCH_VARIABLE/u.fa, optional: true}\n"
        "statistics: {bootstrap: 20}\n"
    )
    return tmp_path


@pytest.mark.slow
def test_a_suite_gives_tables_and_a_page_and_goes_on(cli, work):
    result = cli("benchmark", work / "suite.yaml", "--out", work / "out", "--workers", "1")
    assert result.exit_code == 0, result.output
    scores = pd.read_csv(work / "out" / "scores.tsv", sep="\t")
    best = scores[(scores["task"] == "mpra") & (scores["measure"] == "pearson")].set_index(["model", "score"])["value"]
    assert best["kmer", "ridge"] > 0.9
    assert {"kmer:5", "composition", "length", "random-weights", "lm, random weights"} <= set(scores["model"])
    assert set(scores.loc[scores["model"] == "length", "role"]) == {"control"}
    skipped = pd.read_csv(work / "out" / "skipped.tsv", sep="\t")
    reasons = {(row.task, row.model): str(row.reason) for row in skipped.fillna("").itertuples()}
    assert "NO_SUCH_VARIABLE" in reasons["away", ""]
    assert "gives no 'predict'" in reasons["real", "kmer"]
    page = (work / "out" / "report.html").read_text()
    assert "<svg" in page
    assert "NO_SUCH_VARIABLE" in page
    before = {path: path.read_bytes() for path in (work / "out").rglob("*.tsv*")}
    record = json.loads((work / "out" / "run.json").read_text())
    assert len(record["seconds"]) == 14
    again = cli("benchmark", work / "suite.yaml", "--out", work / "out", "--workers", "1")
    assert again.exit_code == 0
    assert json.loads((work / "out" / "run.json").read_text())["seconds"] == {}  # nothing was done twice
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"models": {"x": {}}}, "expected one of card, model, hf, features"),
        ({"models": {"x": {"hf": "folder"}}}, "hf together with adapter"),
        (
            {"models": {"x": {"features": "words"}}},
            "features: expected kmer:K, length, codons, composition, minimal, found 'words'",
        ),
        ({"tasks": {"t": {"kind": "regresion"}}}, "regression"),
        ({"tasks": {"t": {"kind": "shuffles", "fasta": "none.fa"}}}, "tasks.t.fasta: found no 'none.fa'"),
        ({"tasks": {"t": {"kind": "regression", "table": "t.tsv", "targets": ["speed"]}}}, "expected a column 'speed'"),
        ({"models": {"kmer:5": {"features": "minimal"}}}, "found 'kmer:5' in both"),
    ],
)
def test_a_wrong_suite_is_one_sentence(refused, work, change, said):
    suite = yaml.safe_load((work / "suite.yaml").read_text()) | change
    (work / "wrong.yaml").write_text(yaml.safe_dump(suite))
    assert said in refused("benchmark", work / "wrong.yaml", "--out", work / "out", "--workers", "1")


def test_one_task_by_command(cli, work):
    result = cli(
        "evaluate", "regression", "--model", "kmer:1", "--set", f"table={work / 't.tsv'}", "--set", "targets=[value]",
        "--set", "cv=folds:4", "--no-controls", "--bootstrap", "10", "--out", work / "e",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "kmer:1 (ridge)" in result.stdout
    assert set(pd.read_csv(work / "e" / "scores.tsv", sep="\t")["model"]) == {"kmer:1"}


@pytest.mark.slow
def test_vectors_are_written_and_read_again_as_a_model(cli, work):
    result = cli("embed", "--model", "utr3_lm", "--fasta", work / "u.fa", "--layers", "all", "--out", work / "e.h5")
    assert result.exit_code == 0, result.output
    assert "1 sequences were skipped, first 'n': it is all N" in result.stderr
    with h5py.File(work / "e.h5") as file:
        assert file["embeddings"].shape == (40, 6 * 128 + 192)
        whole = file["embeddings"][0]
    cli(
        "embed",
        "--model",
        "utr3_lm",
        "--fasta",
        work / "u.fa",
        "--chunk",
        "20",
        "--overlap",
        "5",
        "--out",
        work / "c.h5",
    )
    with h5py.File(work / "c.h5") as file:
        assert np.isfinite(file["embeddings"][:]).all()
        assert not np.allclose(file["embeddings"][0], whole[-192:])
    result = cli(
        "evaluate", "regression", "--model", f"embeddings:{work / 'e.h5'}", "--set", f"table={work / 't.tsv'}",
        "--set", "targets=[value]", "--set", "name=name", "--set", "cv=folds:4", "--no-controls", "--bootstrap", "0",
        "--out", work / "v",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert pd.read_csv(work / "v" / "scores.tsv", sep="\t")["n"].max() == 40


def test_scores_per_base_in_every_format(cli, work):
    assert cli("score", "--model", "utr3_lm", "--fasta", work / "u.fa", "--out", work / "p.h5").exit_code == 0
    assert cli("score", "--model", "utr3_lm", "--fasta", work / "u.fa", "--out", work / "p.tsv.gz").exit_code == 0
    table = pd.read_csv(work / "p.tsv.gz", sep="\t")
    with h5py.File(work / "p.h5") as file:
        np.testing.assert_allclose(file["s0/probs"][:], table[["A", "C", "G", "T"]][:48], atol=1e-3)
    assert "".join(table["base"][:4]) == (work / "u.fa").read_text().split("\n")[1][:4]
    other = ("--against", f"probabilities:{work / 'p.h5'}")
    again = cli("score", "--model", "utr3_lm", "--fasta", work / "u.fa", *other, "--out", work / "q.h5")
    assert re.search(r"r (1\.0000|0\.9999) of all probabilities with probabilities:.* \([\d,]+ bases\)", again.output)
    with h5py.File(work / "r.h5", "w") as file:  # another model: one sequence, and one base of it is missing
        table = np.random.default_rng(0).dirichlet(np.ones(4), 48).astype(np.float32)
        table[7] = np.nan
        file["s0/probs"] = table
    models = ("utr3_lm", f"probabilities:{work / 'r.h5'}")
    r, n = agreement(*(make_adapter(parse_model(name), name="x") for name in models), work / "u.fa")
    with h5py.File(work / "p.h5") as file:
        kept = np.arange(48) != 7
        plain = np.corrcoef(file["s0/probs"][:][kept].ravel(), table[kept].ravel())[0, 1]
    assert n == 47
    assert r == pytest.approx(plain, abs=1e-3)
    (work / "one.fa").write_text("".join((work / "u.fa").read_text().splitlines(keepends=True)[:2]))
    ism = cli("score", "--model", "utr3_lm", "--fasta", work / "one.fa", "--mode", "ism", "--out", work / "i.tsv")
    assert ism.exit_code == 0, ism.output
    bases = pd.read_csv(work / "i.tsv", sep="\t")
    assert all(row[row.base] == 0 for _, row in bases.iterrows())  # the base that is there changes nothing


def test_what_a_model_cannot_do_is_told(refused, work):
    said = refused("score", "--model", "kmer:3", "--fasta", work / "u.fa", "--out", work / "p.h5")
    assert "model 'kmer:3' gives no 'masked'" in said
    assert "ends in .h5" in refused("score", "--model", "utr3_lm", "--fasta", work / "u.fa", "--out", work / "p.txt")


def test_data_are_prepared_by_commands(cli, work):
    (work / "g.fa").write_text(">chr1\nGGATGAAATAACCCCAAGG\n")
    (work / "g.gtf").write_text(
        'chr1\tx\texon\t1\t19\t.\t+\t.\ttranscript_id "t"; gene_id "g";\n'
        'chr1\tx\tCDS\t3\t8\t.\t+\t.\ttranscript_id "t"; gene_id "g";\n'
    )
    (work / "v.vcf").write_text("#CHROM\tPOS\tID\tREF\tALT\nchr1\t14\t.\tC\tG\nchr1\t14\t.\tA\tG\nchr1\t15\t.\tC\tG\n")
    result = cli("dataset", "utrs", "--annotation", work / "g.gtf", "--fasta", work / "g.fa", "--out", work / "o.fa")
    assert result.exit_code == 0, result.output
    assert (work / "o.fa").read_text() == ">t\nCCCCAAGG\n"
    result = cli(
        "dataset", "variants", "--vcf", work / "v.vcf", "--fasta", work / "g.fa", "--annotation", work / "g.gtf",
        "--out", work / "v.tsv",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "1 were skipped, first 'chr1_14_A_G': its reference allele A is not that of the FASTA (C)" in result.stderr
    assert pd.read_csv(work / "v.tsv", sep="\t")["alt_sequence"].tolist() == ["CCGCAAGG", "CCCGAAGG"]
    (work / "a.maf").write_text(
        "a score=1\ns hs.chr1 0 19 + 19 GGATGAAATAACCCCAAGG\ns mm.chr1 0 19 + 19 GGATGAAATAACCCCAAGG\n"
    )
    shared = ["--maf", work / "a.maf", "--annotation", work / "g.gtf", "--fasta", work / "g.fa", "--reference", "hs"]
    assert cli("dataset", "orthologs", *shared, "--out", work / "o.tsv").exit_code == 0
    assert pd.read_csv(work / "o.tsv", sep="\t")["species"].tolist() == ["hs", "mm"]
    species = ["--annotated", f"mm={work / 'g.gtf'}", "--genome", f"mm={work / 'g.fa'}"]
    assert cli("dataset", "orthologs", *shared, *species, "--out", work / "o.tsv").exit_code == 0
    assert (work / "o.tsv.fa").read_text() == ">t:mm:chr1:8\nCCCCAAGG\n"
    wrong = cli("dataset", "orthologs", *shared, "--genome", "mm10", "--out", work / "o.tsv")
    assert "--genome: expected SPECIES=FILE such as mm10=FILE, found 'mm10'" in wrong.stderr
    assert cli("dataset", "msa-frequencies", *shared, "--out", work / "f.h5").exit_code == 0


@pytest.fixture
def own_files(tmp_path, monkeypatch):
    """What a user brings to the published tasks, in small."""
    random = np.random.default_rng(1)
    texts = ["".join(random.choice(list("ACGT"), 60)) for _ in range(40)]
    texts = [f"{text[:20]}TGTANATA{text[28:]}".replace("N", "ACGT"[i % 4]) for i, text in enumerate(texts)]
    files = {
        "HALF_LIFE_TABLE": "utr3\tGENEID\tHALFLIFE\tBIN\n"
        + "".join(f"{text}\tg{i}\t{text.count('A')}\t{i % 10 + 1}\n" for i, text in enumerate(texts)),
        "VARIANTS": "variant\tref_sequence\talt_sequence\tCLNSIG\tchrom\tregion\n"
        + "".join(
            f"v{i}\t{text}\t{text[:24]}C{text[25:]}\t{('Benign', 'Pathogenic')[i // 4 % 2]}\tchr{i % 3}\tu{i}\n"
            for i, text in enumerate(texts)
            if text[24] != "C"
        ),
        "UTRS": "".join(f">u{i}\n{text}\n" for i, text in enumerate(texts)),
        "PEAKS": "".join(f"1\t{100 * i + 10}\t{100 * i + 40}\tPUM2_IDR\t0\t+\n" for i in range(20)),
        "KMERS": "protein\tkmer\nPUM2\tUGUA\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
        monkeypatch.setenv(name, str(tmp_path / name))
    (tmp_path / "UTRS.tsv").write_text(
        "name\tchromosome\tstrand\tlength\tblocks\torientation\n"
        + "".join(f"u{i}\tchr1\t+\t60\t{100 * i}-{100 * i + 60}\trna\n" for i in range(40))
    )
    (tmp_path / "HALF_LIFE_TABLE").rename(tmp_path / "HALF_LIFE_TABLE.tsv")
    monkeypatch.setenv("HALF_LIFE_TABLE", str(tmp_path / "HALF_LIFE_TABLE.tsv"))
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize(
    ("config", "measures"),
    [
        ("evaluate_rbp", {"auc", "auprc"}),
        ("evaluate_variants", {"auc", "auprc", "auprc by chromosome"}),
        ("evaluate_half_life", {"pearson", "pearson by fold", "spearman", "r2", "mae"}),
    ],
)
def test_a_published_task_runs_on_ones_own_files(cli, repository, own_files, config, measures):
    given = ("--set", "statistics.bootstrap=5", "--set", "controls=[composition]", "--workers", "1")
    given += ("--out", own_files / "out")
    result = cli("benchmark", repository / "configs" / f"{config}.yaml", *given)
    assert result.exit_code == 0, result.output
    scores = pd.read_csv(own_files / "out" / "scores.tsv", sep="\t")
    assert set(scores["measure"]) == measures
    assert {"utr3_lm", "composition"} <= set(scores["model"])


@pytest.mark.parametrize(("preset", "folds"), [("half-life", 10), ("mpra", 10)])
def test_a_preset_has_the_folds_of_its_task(cli, own_files, preset, folds):
    given = ("--set", f"table={own_files / 'HALF_LIFE_TABLE.tsv'}", "--set", "sequence=utr3")
    given += ("--set", "targets=[HALFLIFE]", "--no-controls", "--bootstrap", "0", "--out", own_files / "out")
    result = cli("evaluate", preset, "--model", "kmer:1", *given)
    assert result.exit_code == 0, result.output
    assert pd.read_csv(own_files / "out" / "settings.tsv", sep="\t")["fold"].tolist() == list(range(1, folds + 1))
    measures = set(pd.read_csv(own_files / "out" / "scores.tsv", sep="\t")["measure"])
    assert ("pearson by fold" in measures) == (preset == "half-life")
