import json

import pytest


@pytest.mark.slow
def test_a_users_own_net_runs(cli, own_net, tmp_path):
    result = cli("run", own_net, "--workers", 1, "--set", "sample.population=32", "--set", "sample.generations=5")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("Neurons ")
    assert result.stdout.endswith("Report: runs/own/report.html\n")
    out = tmp_path / "runs" / "own"
    record = json.loads((out / "run.json").read_text())
    assert record["config"]["neurons"]["select"] == [0, 1]
    assert record["model"]["name"] == "net:build"
    assert "contribution" in record["stages"]
    page = (out / "report.html").read_text()
    report = cli("report", out, "--title", "Another title")
    assert report.exit_code == 0, report.output
    assert "Another title" in (out / "report.html").read_text()
    assert "Another title" not in page


QUICK = ("--workers", 1, "--set", "sample.population=32", "--set", "sample.generations=5")


@pytest.mark.slow
def test_another_config_in_the_same_folder(cli, own_net, tmp_path):
    assert cli("run", own_net, *QUICK).exit_code == 0
    before = (tmp_path / "runs" / "own" / "neurons.tsv").read_text()
    other = cli("run", own_net, *QUICK, "--set", "neurons.select=3")
    assert other.exit_code == 2
    assert "neurons.select: [0, 1] there, 3 here); choose another folder, or say --replace" in other.stderr
    assert (tmp_path / "runs" / "own" / "neurons.tsv").read_text() == before
    assert cli("run", own_net, *QUICK, "--set", "contribution={}").exit_code == 0  # only adds
    assert cli("run", own_net, *QUICK, "--set", "neurons.select=3", "--replace").exit_code == 0
    assert (tmp_path / "runs" / "own" / "neurons.tsv").read_text() != before


@pytest.mark.slow
def test_quiet_verbose_and_log(cli, own_net, tmp_path):
    (tmp_path / "s.fa").write_text("".join(f">s\n{'ACGUAC' * 5}\n" for _ in range(3)))
    arguments = ("run", own_net, *QUICK, "--set", "sequences={kind: fasta, path: s.fa}", "--out", "r")
    verbose = cli(*arguments, "--verbose", "--log", "log/run.txt")
    assert verbose.exit_code == 0, verbose.output
    assert ", tasks 1, done before 0, peak memory " in verbose.stderr
    assert "s.fa: 2 records have a name that stood before, and another one here: the second 's' is" in verbose.stderr
    log = (tmp_path / "log" / "run.txt").read_text()
    assert " samples: done (" in log
    assert log.endswith(" Report: r/report.html\n")
    quiet = cli(*arguments, "--quiet")
    assert (quiet.stdout, quiet.stderr) == ("Report: r/report.html\n", "")
    assert cli(*arguments, "--quiet", "--verbose").exit_code == 2


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("neurons.layer=conv3", "model 'net:build' has no layer 'conv3'"),
        ("neurons.select=6", "neurons.select: layer '0' has 6 neurons, 0 to 5, found 6"),
        ("sequences.cuont=3", "sequences.cuont: unknown key; did you mean 'count'?"),
        ("sequences.length=3", "receptive field of 4 nt, the longest sequence has 3 nt"),
        ("model.weights=w.safetensors", "model.weights: found no 'w.safetensors'; looked for"),
        ("contribution.output=load", "contribution.output: "),
        ("device=mps", "device: 'mps' was asked for"),
    ],
)
def test_mistakes_are_one_sentence(refused, own_net, override, message):
    assert message in refused("run", own_net, "--set", override)


def test_protein_sequences(refused, own_net, tmp_path):
    (tmp_path / "p.fa").write_text(">p\nMKLVE\n")
    message = refused("run", own_net, "--set", "sequences={kind: fasta, path: p.fa}")
    assert "record 'p': expected nucleotides (A C G T U N or IUPAC), found 'L' at position 3" in message


def test_out_is_a_file(refused, own_net, tmp_path):
    (tmp_path / "taken").write_text("")
    for out in ("taken", "taken/below"):
        assert "taken" in refused("run", own_net, "--out", out)


def test_missing_config(refused):
    assert refused("run", "nope.yaml") == "nope.yaml: there is no such config file"
