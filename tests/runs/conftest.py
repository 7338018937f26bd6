"""A user's own small net, its config, and run folders to compare."""

from __future__ import annotations

import hashlib
import multiprocessing
import signal
import subprocess
import sys

import pytest

from combmotif.config import load_config
from combmotif.runs import run

NET = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, neurons):
        super().__init__()
        torch.manual_seed(1)
        self.conv1 = nn.Conv1d(4, 6, 4)
        self.conv2 = nn.Conv1d(6, neurons, 4, padding=2)
        self.head = nn.Linear(neurons, 1)
        with torch.no_grad():
            self.conv1.weight.mul_(3)
            self.conv2.weight.mul_(3)
            self.conv2.weight[3:] = 0  # dead neurons, which take no time; with ten there are two tasks

    def forward(self, x):
        h = torch.relu(self.conv1(x))
        h = torch.max_pool1d(h, 2)
        return self.head(torch.relu(self.conv2(h)).amax(2))


def build(neurons=10):
    return Net(neurons)
"""
CONFIG = """
model: {kind: python, factory: net.py:build, alphabet: rna}
sequences: {kind: random, count: 3600, length: 30}
neurons: {layer: conv2, select: all}
sample: {population: 48, generations: 10, keep: 300}
discover: {windows: 50}
match: {databases: [builtin], q: 1}
contribution: {outcome: prediction}
effects: {backgrounds: 30, places: 2}
interaction: {pairs: [[ACG, UUA], [GG, CC]], scrambles: 4, backgrounds: 40}
device: cpu
seed: 3
"""


def pytest_collection_modifyitems(items):
    """Mark as slow what needs the whole run."""
    for item in items:
        if "undisturbed" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.slow)


@pytest.fixture
def quick_workers(monkeypatch):
    """Workers of a server that imports the package once; a worker that does so itself takes some seconds."""
    if "forkserver" in multiprocessing.get_all_start_methods():
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["combmotif.runs.runner"])
        monkeypatch.setattr(multiprocessing, "get_context", lambda method=None: context)


@pytest.fixture(scope="session")
def home(tmp_path_factory):
    """A folder with net.py and run.yaml."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "net.py").write_text(NET)
    (folder / "run.yaml").write_text(CONFIG)
    return folder


@pytest.fixture(scope="session")
def config(home):
    """The run's config, with overrides."""
    return lambda *overrides: load_config(home / "run.yaml", overrides=overrides)


class Content(bytes):
    """The bytes of a file; where two differ, a digest says so in a line."""

    def __repr__(self):
        return f"{len(self)} bytes, SHA-256 {hashlib.sha256(self).hexdigest()[:12]}"


@pytest.fixture(scope="session")
def contents():
    """Bytes of every file of a run folder, by relative path; run.json holds seconds."""

    def contents(folder):
        skipped = {"run.json", "tasks/lock"}
        files = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
        return {name: Content(path.read_bytes()) for name, path in sorted(files.items()) if name not in skipped}

    return contents


@pytest.fixture(scope="session")
def undisturbed(config, tmp_path_factory, contents):
    """A run in one process: (result, contents)."""
    folder = tmp_path_factory.mktemp("undisturbed")
    result = run(config(), folder, workers=1)
    return result, contents(folder)


KILLED = """
import os, signal, sys
from pathlib import Path

path, folder, moment, after = sys.argv[1:]
rename, done = Path.replace, [0]


def replace(self, target):
    done[0] += 1
    if done[0] == int(moment) and after == "False":
        os.kill(os.getpid(), signal.SIGKILL)
    result = rename(self, target)
    if done[0] == int(moment):
        os.kill(os.getpid(), signal.SIGKILL)
    return result


Path.replace = replace
import torch

torch.set_num_threads(1)
from combmotif.config import load_config
from combmotif.runs import run

run(load_config(path), folder, workers=1)
"""


@pytest.fixture
def killed(home):
    """Run in a process that is killed (SIGKILL) at its n-th renaming of a file, before or after it."""

    def killed(folder, moment, *, after):
        command = [sys.executable, "-c", KILLED, home / "run.yaml", folder, str(moment), str(after)]
        return subprocess.run(command, cwd=home, capture_output=True, check=False).returncode == -signal.SIGKILL

    return killed


@pytest.fixture
def copy(undisturbed, tmp_path):
    """A finished run to go on with."""
    for name, content in undisturbed[1].items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    return tmp_path
