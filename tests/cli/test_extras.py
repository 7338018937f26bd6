"""Without an optional package the command says in one sentence which extra brings it, and exits 2."""

import sys

import pytest
from click.testing import CliRunner

from combmotif.cli import app
from combmotif.cli.errors import sentence

EXTRAS = {
    "figures": ("matplotlib", ["figures", "RUN", "--out", "figures"]),
    "modisco": ("modiscolite", ["plan", "configs/mrl_modisco.yaml", "--no-measure"]),
    "keras": ("keras", ["inspect", "net.keras"]),
    "parquet": ("pyarrow", ["plan", "configs/mrl.yaml", "--no-measure", "--set", "sites.format=parquet"]),
    "cluster": ("distributed", ["worker", "--scheduler", "tcp://127.0.0.1:1"]),
    "hf": ("transformers", ["benchmark", "suite.yaml"]),
    "tracks": ("pyBigWig", ["score", "--model", "utr3_lm", "--fasta", "s.fa", "--out", "p.bw"]),
}


@pytest.mark.parametrize("extra", EXTRAS)
def test_the_extra_is_named(repository, tmp_path, monkeypatch, extra):
    package, command = EXTRAS[extra]
    for name in [package, *(name for name in sys.modules if name.startswith(f"{package}."))]:
        monkeypatch.setitem(sys.modules, name, None)
    (tmp_path / "net.keras").write_bytes(b"PK")
    (tmp_path / "s.fa").write_text(">a\nACGUACGUACGU\n")
    (tmp_path / "ck").mkdir()
    (tmp_path / "ck" / "config.json").write_text("{}")
    (tmp_path / "suite.yaml").write_text(
        "models: {m: {hf: ck, adapter: auto}}\ntasks: {real: {kind: shuffles, fasta: s.fa}}\n"
    )
    (tmp_path / "RUN").mkdir()
    (tmp_path / "RUN" / "run.json").write_text('{"stages": {"samples": {"status": "done"}}, "config": {"model": {}}}')
    (tmp_path / "configs").symlink_to(repository / "configs")
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 2, result.output
    (line,) = [line for line in result.output.splitlines() if line.startswith("Error: ")]
    assert f"combmotif[{extra}]" in line


def test_a_package_that_is_nowhere_foreseen():
    assert "combmotif[figures]" in sentence(ModuleNotFoundError("No module named 'logomaker'", name="logomaker.x"))
    assert "combmotif[all]" in sentence(ModuleNotFoundError("No module named 'x'", name="x"))
