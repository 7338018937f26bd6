"""A run on a real dask scheduler with workers of their own, on loopback, and as shares of separate jobs."""

import contextlib
import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from combmotif.cli.compare import compare
from combmotif.config import load_config
from combmotif.config.cluster import ClusterConfig
from combmotif.core.executors import TasksLost
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
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="sends signals of POSIX systems"),
]


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
    """A scheduler and two workers: (where tasks are done, processes); they stand in another folder."""
    pytest.importorskip("distributed")
    folder = tmp_path_factory.mktemp("cluster")
    file = folder / "scheduler.json"
    settings = {"WORKER_SATURATION": "1.0", "ALLOWED_FAILURES": "1"}
    path = os.pathsep.join(filter(None, [str(Path.cwd()), os.environ.get("PYTHONPATH")]))
    settings = {f"DASK_DISTRIBUTED__SCHEDULER__{name}": value for name, value in settings.items()}
    scheduler = ["-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0"]
    scheduler += ["--dashboard-address", "127.0.0.1:0", "--scheduler-file", file]
    worker = ["-m", "combmotif", "worker", "--scheduler-file", file, "--workers", "2"]
    started = [
        subprocess.Popen(
            [sys.executable, *command], cwd=folder, env={**os.environ, **settings, "PYTHONPATH": path},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )
        for command in (scheduler, worker)
    ]  # fmt: skip
    yield ClusterConfig(engine="dask", scheduler_file=str(file)), started
    for process in started:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def grandchildren(pid):
    """The processes that a process started, and those that they started."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True)
    parents = {int(child): int(parent) for child, parent in map(str.split, listed.stdout.splitlines())}
    own = [child for child, parent in parents.items() if parent == pid]
    return own + [child for child, parent in parents.items() if parent in own]


def test_workers_on_a_scheduler_give_the_same_bytes_also_when_one_is_killed(small, alone, cluster, contents, tmp_path):
    where, (_, worker) = cluster
    killed = []

    def kill_one(stage, done, total):
        if stage == "motifs" and done and not killed:
            killed.append(grandchildren(worker.pid)[-1])
            os.kill(killed[0], signal.SIGKILL)

    result = run(small, tmp_path, cluster=where, progress=kill_one)
    assert not result.failed
    assert killed
    assert contents(tmp_path) == alone
    record = json.loads((tmp_path / "run.json").read_text())
    assert record["cluster"] == where.model_dump(exclude_defaults=True)
    assert "cluster" not in record["config"]


def test_a_suite_of_models_gives_the_same_consensus_on_one_scheduler(cluster, tmp_path):
    (tmp_path / "net.py").write_text(NET)
    few = CONFIG.replace("select: all", "select: [0, 1]")
    (tmp_path / "run.yaml").write_text(few + "effects: {backgrounds: 20, places: 2}\n")
    (tmp_path / "suite.yaml").write_text(
        "suite: {config: run.yaml, vary: seed, over: ['1', '2']}\ndatabases: [builtin]\ndraws: 0\n"
    )
    found = {}
    for name, where in (("here", ["--workers", "1"]), ("there", ["--scheduler-file", cluster[0].scheduler_file])):
        out = tmp_path / name
        result = CliRunner().invoke(compare, [str(tmp_path / "suite.yaml"), "--out", str(out), *where])
        assert result.exit_code == 0, result.output
        files = {path.relative_to(out).as_posix(): path for path in out.rglob("*") if path.is_file()}
        found[name] = {file: path.read_bytes() for file, path in files.items() if path.name not in ("run.json", "lock")}
        engines = [json.loads((out / "runs" / one / "run.json").read_text())["cluster"]["engine"] for one in "12"]
        assert engines == ["dask" if name == "there" else "local"] * 2
    assert found["there"] == found["here"]
    assert found["there"]["consensus.tsv"].count(b"\n") > 1


def test_what_hangs_or_kills_its_workers_is_lost_and_the_rest_is_done(cluster):
    where = cluster[0].model_copy(update={"task_limit": "4s"})
    heard = []
    with make_engine(where, 1, setup=partial(list, (signal.SIGUSR1,))) as executor:
        with pytest.raises(TasksLost, match=r"1 of 4 tasks failed: 600; it took longer than 4 s; 2 workers were ended"):
            executor.run(signal.sigtimedwait, [0.01, 600, 0.02, 0.03], on_done=lambda payload, _: heard.append(payload))
        assert sorted(heard) == [0.01, 0.02, 0.03]
    with make_engine(cluster[0], 1, setup=os.getpid) as executor:  # os.kill(PID, 9) kills the worker, 0 does nothing
        with pytest.raises(TasksLost, match=r"1 of 3 tasks failed: 9; its worker died 2 times; their limit of memory"):
            executor.run(os.kill, [0, 9, 0])
        with pytest.raises(TypeError):
            executor.run(os.kill, ["x", 0])


def test_a_run_goes_on_here_when_the_scheduler_is_gone(small, alone, cluster, contents, tmp_path):
    where, (scheduler, worker) = cluster

    def end(stage, done, total):
        if stage == "motifs" and done:
            scheduler.kill()

    with pytest.raises(ValueError, match=r"^scheduler tcp://127.0.0.1:\d+: the scheduler is gone; finished tasks are"):
        run(small, tmp_path, cluster=where, progress=end)
    os.killpg(worker.pid, signal.SIGKILL)  # they would end by themselves, in the middle of what is compared
    worker.wait()
    run(small, tmp_path, workers=1)
    assert contents(tmp_path) == alone
    stages = json.loads((tmp_path / "run.json").read_text())["stages"]
    assert stages["samples"]["reused"] == stages["samples"]["tasks"]


def links(folder):
    """How many names each result of a task has: one in every folder that it was taken to; samples have one more."""
    names = {p.name: p.stat().st_nlink for p in (folder / "tasks").iterdir() if not p.name.startswith("samples-")}
    return {names[name] for name in names if name not in ("lock", "checksums")}


def test_shares_of_a_run_give_the_same_bytes(small, alone, contents, tmp_path):
    source = tmp_path / "run.yaml"
    source.write_text(small.model_dump_json(exclude_defaults=True, by_alias=True))
    command = [sys.executable, "-m", "combmotif", "run", source, "--out", tmp_path / "out", "--workers", "1", "--shard"]
    jobs = [subprocess.Popen([*command, f"{i}/2"], stderr=subprocess.PIPE, text=True) for i in (1, 2)]
    told = [job.communicate()[1] for job in jobs]
    assert [job.returncode for job in jobs] == [0, 0], told
    assert links(tmp_path / "out") == {3}  # done once: by the share of its turn, taken by the other and the run
    assert not (tmp_path / "out" / "shards" / "2-of-2" / "report.html").exists()
    shutil.rmtree(tmp_path / "out" / "shards")
    assert contents(tmp_path / "out") == alone


def test_a_share_does_not_wait_for_ever_and_a_run_takes_what_shares_have_done(
    small, alone, contents, tmp_path, monkeypatch
):
    monkeypatch.setattr(shares, "_LOOK", 0.01)
    monkeypatch.setattr(shares, "PATIENCE", 0.05)
    assert run_share(small, tmp_path, (2, 3), cluster=ClusterConfig(workers=1)) is not None
    assert links(tmp_path) == {2}
    shutil.rmtree(tmp_path / "shards")
    assert contents(tmp_path) == alone


def do_in_child(config, folder):
    """Do a run in a process that has torch imported already."""
    torch.set_num_threads(1)
    run(config, folder, workers=1)


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="needs processes that are forked")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_run_killed_twenty_times_at_random_moments_ends_with_the_same_bytes(small, alone, contents, tmp_path):
    random, fork, killed, among = np.random.default_rng(7), multiprocessing.get_context("fork"), 0, False
    longest = 0.5
    while killed < 20 or not among:
        process = fork.Process(target=do_in_child, args=(small, tmp_path))
        process.start()
        process.join(random.uniform(0, longest))
        process.kill()
        process.join()
        if process.exitcode == 0:  # it was faster: from the beginning again
            shutil.rmtree(tmp_path)
            longest *= 0.7
            continue
        assert process.exitcode == -signal.SIGKILL
        killed += 1
        among = among or any(tmp_path.glob("tasks/samples-*.npz"))
        longest *= 1 if among else 1.3  # as long as this machine takes to come to the tasks
    run(small, tmp_path, workers=1)
    assert contents(tmp_path) == alone
