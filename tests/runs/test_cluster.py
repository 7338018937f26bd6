"""A run on a real dask scheduler with workers of their own, on loopback, and as shares of separate jobs."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from combmotif.config import load_config
from combmotif.config.cluster import ClusterConfig
from combmotif.core.executors import DaskExecutor, Limits, TasksLost
from combmotif.core.files import HOST
from combmotif.runs import run
from combmotif.runs.hosts import shares
from combmotif.runs.hosts.engine import make_engine
from combmotif.runs.shards import run_share

NET = """
import torch
from torch import nn


def build():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv1d(4, 6, 4), nn.ReLU(), nn.AdaptiveMaxPool1d(1), nn.Flatten(), nn.Linear(6, 1))
"""
CONFIG = """
model: {kind: python, factory: net.py:build, alphabet: rna}
sequences: {kind: random, count: 40, length: 20}
neurons: {layer: '0', select: all}
sample: {keep: 60}
contribution: {}
device: cpu
"""
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sends signals of POSIX systems")


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """The config of a run with some dozen short tasks."""
    folder = tmp_path_factory.mktemp("small")
    (folder / "net.py").write_text(NET)
    (folder / "run.yaml").write_text(CONFIG)
    return load_config(folder / "run.yaml")


@pytest.fixture(scope="module")
def alone(small, tmp_path_factory, contents):
    """The files of a run in one process."""
    folder = tmp_path_factory.mktemp("alone")
    run(small, folder, workers=1)
    return contents(folder)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """A scheduler and two workers: (its file, processes); they stand in another folder."""
    pytest.importorskip("distributed")
    folder = tmp_path_factory.mktemp("cluster")
    file = folder / "scheduler.json"
    settings = {"WORKER_SATURATION": "1.0", "ALLOWED_FAILURES": "1"}
    environment = {f"DASK_DISTRIBUTED__SCHEDULER__{name}": value for name, value in settings.items()}
    path = os.pathsep.join(filter(None, [os.getcwd(), os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, **environment, "PYTHONPATH": path}
    scheduler = ["-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0"]
    scheduler += ["--dashboard-address", "127.0.0.1:0", "--scheduler-file", str(file)]
    worker = ["-m", "combmotif", "worker", "--scheduler-file", str(file), "--workers", "2"]
    started = []
    for command in (scheduler, worker):
        log = (folder / f"{len(started)}.log").open("wb")
        started.append(
            subprocess.Popen(
                [sys.executable, *command], cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True
            )
        )
    yield ClusterConfig(engine="dask", scheduler_file=str(file)), started
    for process in started:
        with open(os.devnull), suppress_gone():
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
