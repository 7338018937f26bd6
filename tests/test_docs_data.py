"""The blocks of pages that want a user's own files run on small made ones, one block after the other."""

from __future__ import annotations

import gzip
import json
import os
import re
import shlex
import shutil
import sys
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import torch
from click.testing import CliRunner
from pages import blocks, commands

from combmotif.cli import app
from combmotif.models.keras.backend import import_keras

sys.path.insert(0, str(Path(__file__).parent / "models"))
import numpy_nets as plain

pytestmark = pytest.mark.slow

SMALL = (
    "sample.population=16", "sample.generations=2", "sample.keep=60", "discover.demixing=layers",
    "sequences.limit=4", "match=null", "effects=null", "interaction=null",
)  # fmt: skip


@pytest.fixture
def folder(tmp_path, monkeypatch, repository):
    """An empty working directory with the repository's configs."""
    shutil.copytree(repository / "configs", tmp_path / "configs")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(command):
    result = CliRunner().invoke(app, command[1:])
    assert result.exit_code == 0, f"{shlex.join(command)}: {result.output}"
    return result


EXONS = ((200, 400), (500, 700))
CODING = ((260, 400), (500, 600))  # 240 nt with the stop codon


def write_genome(folder):
    """A chromosome, a gene of two exons with UTRs, an alignment of its 3'UTR, variants in both UTRs."""
    letters = np.random.default_rng(1).choice(list("ACGT"), 900)
    letters[260:263], letters[597:600], letters[400:402] = list("ATG"), list("TAA"), list("GT")
    text = "".join(letters)
    (folder / "genome.fa").write_text(f">chr22\n{text}\n")
    rows = [("exon", span) for span in EXONS] + [("CDS", span) for span in CODING]
    told = 'transcript_id "t"; gene_id "g"; transcript_biotype "protein_coding";'
    gtf = "".join(f"chr22\tx\t{kind}\t{start + 1}\t{end}\t.\t+\t.\t{told}\n" for kind, (start, end) in rows)
    (folder / "genes.gtf").write_text(gtf)
    with gzip.open(folder / "genes.gtf.gz", "wt") as stream:
        stream.write(gtf)
    for name in ("variants.vcf.gz", "clinvar.vcf.gz"):
        with gzip.open(folder / name, "wt") as stream:
            for place in (230, 240, 396, 640):  # from 0
                other = "ACGT"["TGCA".index(text[place])]
                stream.write(f"chr22\t{place + 1}\t.\t{text[place]}\t{other}\t.\t.\tCLNSIG=Pathogenic\n")
    with gzip.open(folder / "chr22.maf.gz", "wt") as stream:
        size = 900 - 580
        rows = [("hg38.chr22", text[580:]), ("mm10.chr1", text[580:])]
        lines = "".join(f"s {name} 580 {size} + 900 {aligned}\n" for name, aligned in rows)
        stream.write(f"##maf version=1\na score=0\n{lines}\n")
    return text


def test_variants(folder, repository, monkeypatch, request):
    text = write_genome(folder)
    pairs = [(text[at : at + 50], text[at : at + 20] + "A" + text[at + 21 : at + 50]) for at in (10, 70, 140)]
    lines = "".join(f"{one}\t{other}\n" for one, other in pairs if one != other)
    (folder / "pairs.tsv").write_text("ref_sequence\talt_sequence\n" + lines)
    few = [f"--set={key}" for key in SMALL if "limit" not in key]
    call(["combmotif", "run", "configs/mrl.yaml", "--out", "runs/mrl", "--workers", "1", "--set=neurons.select=7",
          "--set=sequences.count=50", *few])  # fmt: skip
    for command in commands(repository / "docs" / "methods" / "variants.md"):
        if "hal" in command:
            monkeypatch.setenv("COMBMOTIF_DATA", str(request.getfixturevalue("data_dir")))
        call([*command, "--backgrounds", "20"] if command[1] == "words" else command)
    assert (folder / "runs" / "variants" / "variants.tsv").read_text().count("\n") == 3  # the two of the 5'UTR
    assert (folder / "runs" / "words" / "kmer_pairs.tsv").is_file()


def test_half_life(folder, repository, monkeypatch):
    text = write_genome(folder)
    (folder / "FOLDER").mkdir()
    (card,) = blocks((repository / "docs" / "half_life.md").read_text(), "yaml")
    for place in (folder / "FOLDER", folder):
        (place / "model.yaml").write_text(card)
        state = plain.combmotif_state(np.random.default_rng(0), blocks=6, width=8)
        tensors = {key: torch.as_tensor(value) for key, value in state.items()}
        torch.save({"model_state_dict": tensors}, place / "saluki_torch-best.pth")
    (folder / "mrna.fa").write_text(f">chr22\n{text}\n")
    (folder / "mrna.bed").write_text("chr22\t200\t700\tt\t0\t+\t260\t600\t0\t2\t200,200,\t0,300,\n")
    rng = np.random.default_rng(2)
    for name in ("data.h5", "f0_c0_data0_wholeseq.h5"):
        with h5py.File(folder / name, "w") as file:
            for split in ("train", "valid", "test"):
                one_hot = np.zeros((4, 6, 12288), np.float32)
                one_hot[np.arange(4)[:, None], rng.integers(0, 4, (4, 300)), np.arange(300)] = 1
                file[f"{split}_sequence"], file[f"{split}_label"] = one_hot, rng.normal(size=4)
    monkeypatch.setenv("HALF_LIFE_DATA", str(folder))
    for command in commands(repository / "docs" / "half_life.md"):
        if command[1] == "run":
            command += ["--out", "run", "--workers", "1", "--set=neurons.select=0", *(f"--set={key}" for key in SMALL)]
        if command[1] == "train":
            command += ["--out", "train", "--set=fit.epochs=1", "--set=net.width=4"]
        call(command)
    assert (folder / "half_lives.tsv").read_text().startswith("name\t")
    assert (folder / "run" / "report.html").is_file()
    assert (folder / "train" / "model" / "model.yaml").is_file()


def test_many_machines(folder, repository, monkeypatch):
    """The first command does the run; the others find it done, wherever its tasks were to be done."""
    distributed = pytest.importorskip("distributed", reason="the extra cluster is not installed")
    keras = import_keras()
    page = repository / "docs" / "cluster.md"
    for block in blocks(page.read_text(), "yaml"):
        (folder / re.match(r"# (\w+\.yaml)", block)[1]).write_text(block)
    net = "sample: {keep: 60, population: 16, generations: 2}\ndiscover: {demixing: layers}\ndevice: cpu\n"
    net += "sequences: {kind: random, count: 20, length: 50}\nneurons: {layer: words, select: 0}\n"
    (folder / "q.yaml").write_text("model: {card: mrl}\nsites: {format: parquet}\n" + net.replace("words", "conv1"))
    (folder / "half_life.yaml").write_text("model: {kind: keras, weights: a.h5}\n" + net)
    x = keras.Input((None, 4))
    keras.utils.set_random_seed(1)  # not every neuron of random weights has a motif
    y = keras.layers.Conv1D(2, 6, activation="relu", name="words")(x)
    keras.Model(x, keras.layers.Dense(1)(keras.layers.GlobalMaxPooling1D()(y))).save(folder / "a.h5")
    for name in ("f0", "f1"):
        (folder / "train_gru" / name / "train").mkdir(parents=True)
        shutil.copy(folder / "a.h5", folder / "train_gru" / name / "train" / "model0_best.h5")
    (folder / "bin").mkdir()  # a SLURM that takes jobs and starts none: of a run that is done nothing is left to do
    for name, said in {"sbatch": "Submitted batch job 1", "scancel": "", "squeue": ""}.items():
        (folder / "bin" / name).write_text(f"#!/bin/sh\necho {said}\n")
        (folder / "bin" / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("HOME", str(folder))
    with distributed.LocalCluster(n_workers=0, dashboard_address=None) as standing:
        with (folder / "sched.json").open("w") as file:
            json.dump(standing.scheduler.identity(), file)
        for command in commands(page):
            if command[1] == "worker":
                continue
            if command[1] == "plan":
                command.append("--no-measure")
            if command[1] == "compare":  # jobs would have work
                command = [*command[:-2], "--workers", "1"]
            named = {
                "tcp://10.0.0.1:8786": standing.scheduler_address,
                "~/sched.json": "sched.json",
                "16": "1",
                "7/64": "1/1",
            }
            call([named.get(word, word) for word in command])
    (block,) = blocks(page.read_text(), "python")
    exec(block)
    assert (folder / "ENSEMBLE" / "consensus.tsv").is_file()


def test_a_benchmark(folder, repository, monkeypatch):
    """Every command, and the suite of the page without its checkpoint (tests/evaluation/test_hugging_face.py)."""
    tracks = pytest.importorskip("pyBigWig", reason="the extra tracks is not installed")
    page = repository / "docs" / "evaluation.md"
    monkeypatch.delenv("COMBMOTIF_DATA", raising=False)
    write_genome(folder)
    shipped = folder / "configs" / "benchmark_utr3.yaml"
    few = shipped.read_text().replace("bootstrap: 200", "bootstrap: 10")
    shipped.write_text(few.replace("fasta: example_3utrs.fa", "fasta: example_3utrs.fa\n    limit: 6"))
    for command in commands(page):
        call([*command, "--workers", "1"] if command[1] == "benchmark" else command)
    assert (folder / "o.tsv").is_file()
    texts = ["".join(row) for row in np.random.default_rng(0).choice(list("ACGU"), (12, 60))]
    rows = "".join(f"s{i}\t{text}\t{text.count('A')}\t{i}\n" for i, text in enumerate(texts))
    (folder / "siegel.tsv").write_text("name\tsequence\tjurkat\tbeas2b\n" + rows)
    (folder / "siegel.fa").write_text("".join(f">s{i}\n{text}\n" for i, text in enumerate(texts)))
    call(["combmotif", "score", "--model", "utr3_lm", "--fasta", "siegel.fa", "--out", "probs.h5"])
    track = tracks.open("phylop.bw", "w")
    track.addHeader([("chr22", 900)])
    track.addEntries("chr22", 0, values=[0.5] * 900, span=1, step=1)
    track.close()
    keras = import_keras()
    x = keras.Input((None, 4))
    keras.Model(x, keras.layers.Dense(1)(keras.layers.GlobalMaxPooling1D()(x))).save("net.h5")
    (block,) = blocks(page.read_text(), "yaml")
    lines = [line for line in block.splitlines() if "nt-v2" not in line]
    (folder / "suite.yaml").write_text("\n".join(lines).replace("1000", "10").replace("folds:10", "folds:3"))
    call(["combmotif", "benchmark", "suite.yaml", "--out", "suite", "--workers", "1"])
    skipped = (folder / "suite" / "skipped.tsv").read_text()
    assert "phylop" in skipped  # a number per base gives no vector
    assert {"ours", "kmer", "both", "mine"} <= set(pd.read_csv(folder / "suite" / "scores.tsv", sep="\t")["model"])
