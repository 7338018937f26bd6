"""What the README shows works: its configs are right, its commands and files exist."""

import re
import shlex

import click
import pytest
import yaml

from combmotif.cli import app
from combmotif.config import RunConfig
from combmotif.config.inputs import PythonSection
from combmotif.typed_yaml import parse_yaml, validate


@pytest.fixture(scope="module")
def readme(repository):
    return (repository / "README.md").read_text()


def _blocks(readme, language):
    return re.findall(rf"```{language}\n(.*?)```", readme, re.DOTALL)


def test_configs_are_right(readme):
    run, own = (parse_yaml(block, name="README.md") for block in _blocks(readme, "yaml"))
    assert validate(RunConfig, run, name="README.md").neurons.select == "0-15"
    assert validate(PythonSection, own["model"], name="README.md").outputs == ["half_life"]


def test_commands_are_parsed(readme):
    commands = [
        line for block in _blocks(readme, "bash") for line in block.splitlines() if line.startswith("combmotif")
    ]
    assert commands
    for line in commands:
        name, *arguments = shlex.split(line)[1:]
        app.get_command(click.Context(app), name).make_context(name, arguments)
    for name in re.findall(r"^\| `combmotif ([\w-]+)", readme, re.MULTILINE):
        assert name in app.list_commands(click.Context(app))


def test_files_it_names_exist(readme, repository):
    for path in re.findall(r"(?:scripts|configs)/[\w/.-]+", readme):
        assert (repository / path).is_file(), path


def test_the_quickstart_asks_what_the_readme_shows(readme, repository):
    shown = parse_yaml(_blocks(readme, "yaml")[0], name="README.md")
    asked = yaml.safe_load((repository / "configs" / "mrl.yaml").read_text())
    for key in ("model", "sequences", "neurons"):
        assert shown[key] == asked[key]
