import json

import pytest


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
