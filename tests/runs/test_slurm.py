"""Runs on a real SLURM, which the tests start on this machine; left out, with the reason, where that cannot be."""

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from combmotif.config import load_config
from combmotif.config.cluster import load_cluster
from combmotif.runs import run
from combmotif.runs.hosts.engine import make_engine, standing

spec = importlib.util.spec_from_file_location("slurm", Path(__file__).with_name("slurm.py"))
slurm = importlib.util.module_from_spec(spec)
spec.loader.exec_module(slurm)
REASON = slurm.reason_not_to()
pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(REASON), reason=REASON)]
CLUSTER = """
engine: slurm
jobs: {least: 2, most: 2}
job: {workers: 1, memory: 2GB, walltime: "00:10:00", interface: lo}
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """SLURM, and the package on the path of its jobs."""
    path = os.pathsep.join(filter(None, [str(Path.cwd()), os.environ.get("PYTHONPATH")]))
    with slurm.running_slurm(tmp_path_factory.mktemp("slurm") / "daemons") as found, pytest.MonkeyPatch.context() as m:
        for name, value in {**found, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}.items():
            m.setenv(name, value)
        yield dict(os.environ)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A folder with the config of a run of some dozen short tasks, and where its tasks are done."""
    pytest.importorskip("dask_jobqueue")
    folder = tmp_path_factory.mktemp("small")
    net = "import torch\nfrom torch import nn\n\n\ndef build():\n    torch.manual_seed(0)\n    return nn.Sequential("
    net += "nn.Conv1d(4, 6, 4), nn.ReLU(), nn.AdaptiveMaxPool1d(1), nn.Flatten(), nn.Linear(6, 1))\n"
    (folder / "net.py").write_text(net)
    (folder / "run.yaml").write_text(
        "model: {kind: python, factory: net.py:build, alphabet: rna}\n"
        "sequences: {kind: random, count: 40, length: 20}\n"
        "neurons: {layer: '0', select: all}\nsample: {keep: 60}\ncontribution: {}\ndevice: cpu\n"
    )
    (folder / "cluster.yaml").write_text(CLUSTER)
    return folder


@pytest.fixture(scope="module")
def alone(small, tmp_path_factory, contents):
    """The files of a run in one process."""
    folder = tmp_path_factory.mktemp("alone")
    run(load_config(small / "run.yaml"), folder, workers=1)
    return contents(folder)


def test_jobs_give_the_same_bytes_also_when_one_is_cancelled(
    environment, small, alone, contents, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)  # where the jobs' output goes
    cancelled = []

    def cancel_one(stage, done, total):
        if stage == "motifs" and done and not cancelled:
            cancelled.append(slurm.jobs(environment)[0])
            subprocess.run(["scancel", "--signal=KILL", "--full", cancelled[0]], env=environment, check=True)

    result = run(
        load_config(small / "run.yaml"), "out", cluster=load_cluster(small / "cluster.yaml"), progress=cancel_one
    )
    assert not result.failed
    assert cancelled
    assert contents(tmp_path / "out") == alone
    assert list((tmp_path / "combmotif-jobs").iterdir())


def test_the_jobs_of_a_suite_stand_for_all_its_runs(environment, small, alone, contents, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    seen = []
    with standing(load_cluster(small / "cluster.yaml")) as where:
        assert where.engine == "dask"
        for name in ("one", "two"):
            run(load_config(small / "run.yaml"), name, cluster=where)
            seen.append(set(slurm.jobs(environment)))
            assert contents(tmp_path / name) == alone
    assert seen[0] & seen[1]
    for _ in range(240):  # they are cancelled in the end, which takes SLURM a moment
        if not set(slurm.jobs(environment)) & seen[1]:
            break
        time.sleep(0.5)
    assert not set(slurm.jobs(environment)) & seen[1]


def test_an_array_job_does_the_shares(environment, small, alone, contents, tmp_path):
    command = f"{sys.executable} -m combmotif run {small}/run.yaml --out {tmp_path}/out --shard $SLURM_ARRAY_TASK_ID/2"
    array = ["sbatch", "--wait", "--array=1-2", "--mem=2000", f"--output={tmp_path}/%a.txt", "--wrap", command]
    subprocess.run([*array], env=environment, check=True, timeout=900)
    shutil.rmtree(tmp_path / "out" / "shards")
    assert contents(tmp_path / "out") == alone


def test_a_job_that_is_refused_is_told(environment, small, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cluster = load_cluster(small / "cluster.yaml")
    cluster = cluster.model_copy(update={"job": cluster.job.model_copy(update={"queue": "nosuch"})})
    with pytest.raises(
        ValueError, match="slurm jobs: a job could not be submitted .*invalid partition specified: nosuch"
    ):
        run(load_config(small / "run.yaml"), "out", cluster=cluster)


def test_a_job_that_comes_to_its_walltime_hands_over_and_is_replaced(environment, small, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    where = load_cluster(small / "cluster.yaml")
    job = where.job.model_copy(update={"walltime": "00:00:10"})  # its worker leaves after 8 seconds
    where = where.model_copy(update={"jobs": where.jobs.model_copy(update={"least": 1, "most": 1}), "job": job})
    seen = {}

    def look(payload, done):
        seen.update(dict.fromkeys(slurm.jobs(environment)))

    with make_engine(where, 1, setup=partial(list, (signal.SIGUSR1,))) as executor:
        # each waits a second for a signal that does not come: twice as long as the first job has
        assert executor.run(signal.sigtimedwait, [1.0] * 16, on_done=look) == [None] * 16
    assert len(seen) > 1
