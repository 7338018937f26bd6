"""What the README shows works: its configs are right, its commands and files exist."""

import re

import pytest
import yaml

from combmotif.config import RunConfig
from combmotif.core.plain_yaml import parse_yaml
from combmotif.core.typed_yaml import validate


@pytest.fixture(scope="module")
def readme(repository):
    return (repository / "README.md").read_text()


def _blocks(readme, language):
    return re.findall(rf"```{language}\n(.*?)```", readme, re.DOTALL)


def test_the_config_is_right(readme):
    (block,) = _blocks(readme, "yaml")
    assert validate(RunConfig, parse_yaml(block, name="README.md"), name="README.md").neurons.select == "0-15"


@pytest.mark.slow
def test_the_ten_lines_run(readme, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (block,) = _blocks(readme, "python")
    assert len([line for line in block.splitlines() if line.strip()]) <= 10
    exec(block.replace('"count": 500', '"count": 100'), {})
    shown = capsys.readouterr().out
    assert "AUG" in shown
    assert "Epistasis of AUG x UAA" in shown
    assert (tmp_path / "my_net" / "report.html").is_file()


def test_the_quickstart_asks_what_the_readme_shows(readme, repository):
    shown = parse_yaml(_blocks(readme, "yaml")[0], name="README.md")
    asked = yaml.safe_load((repository / "configs" / "mrl.yaml").read_text())
    for key in ("model", "sequences", "neurons"):
        assert shown[key] == asked[key]
