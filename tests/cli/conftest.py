"""The command line, called in this process."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from combmotif.cli import app


@pytest.fixture
def cli(tmp_path, monkeypatch):
    """Call ``combmotif`` with arguments, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def refused(cli):
    """Call ``combmotif``, expect exit code 2 and one line on stderr, and return that line."""

    def refused(*arguments):
        result = cli(*arguments)
        assert result.exit_code == 2, result.output
        assert result.stdout == ""
        assert result.stderr.startswith("Error: ")
        assert result.stderr.count("\n") == 1
        return result.stderr.removeprefix("Error: ").rstrip("\n")

    return refused


NET = """
import torch
from torch import nn


def build():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv1d(4, 6, 4), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(6, 3, 3), nn.AdaptiveMaxPool1d(1), nn.Flatten(),
        nn.Linear(3, 1),
    )
"""


@pytest.fixture(scope="session")
def write_own_net():
    """Write a config of a user's own net, beside its Python file."""

    def write_own_net(folder):
        (folder / "net.py").write_text(NET)
        path = folder / "own.yaml"
        path.write_text(
            "model: {kind: python, factory: net.py:build, alphabet: rna}\n"
            "sequences: {kind: random, count: 60, length: 30}\n"
            "neurons: {layer: '0', select: [0, 1]}\n"
        )
        return path

    return write_own_net


@pytest.fixture
def own_net(tmp_path, write_own_net):
    """A config of a user's own net, beside its Python file."""
    return write_own_net(tmp_path)
