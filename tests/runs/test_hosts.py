"""What a run makes sure of where its tasks are done elsewhere; no other process is needed to see it."""

import json
import os
import pickle
import socket
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from combmotif.config import load_config
from combmotif.core.executors import DaskExecutor, TasksLost, cluster, scheduler
from combmotif.core.executors.scheduler import import_distributed, require_listening
from combmotif.core.files import HOST
from combmotif.core.output import OutputFolder
from combmotif.motifs.motif import Motif, MotifSet
from combmotif.runs import run
from combmotif.runs.context import load_context
from combmotif.runs.hosts import remote
from combmotif.runs.hosts.remote import Expected, Job, await_files, do_job, open_in_worker, task_name
from combmotif.runs.shards import run_share
from combmotif.runs.stages.base import Batch
from combmotif.runs.stages.contribution import CausalTask, MeansTask
from combmotif.runs.stages.faithful import KinTask
from combmotif.runs.stages.match_tasks import MatchTask
from combmotif.runs.stages.samples import SampleTask
from combmotif.runs.stages.scan import ScanTask
from combmotif.runs.store import FolderHeld, RunStore


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hosts")
    (folder / "net.py").write_text(
        "import torch\nfrom torch import nn\n\n\ndef build():\n    torch.manual_seed(0)\n"
        "    return nn.Sequential(nn.Conv1d(4, 2, 4), nn.AdaptiveMaxPool1d(1), nn.Flatten(), nn.Linear(2, 1))\n"
    )
    (folder / "run.yaml").write_text(
        "model: {kind: python, factory: net.py:build, alphabet: rna}\ndevice: cpu\n"
        "sequences: {kind: random, count: 3, length: 20}\nneurons: {layer: '0', select: all}\n"
    )
    return load_config(folder / "run.yaml")


def test_a_worker_refuses_what_would_give_other_results(config, monkeypatch):
    expected = Expected.of(load_context(config))
    assert len(open_in_worker(config, {}, expected).neurons) == 2
    with pytest.raises(ValueError, match="a worker on .* found other weights or code of model 'net:build'; copy"):
        open_in_worker(config, {}, replace(expected, fingerprint="x"))
    with pytest.raises(ValueError, match="found other sequences in the files of the config; copy the same there"):
        open_in_worker(config, {}, replace(expected, sequences="x"))
    with pytest.raises(
        ValueError, match="expected torch 1 on a sparc, found combmotif .*, torch .*device cpu; use hosts"
    ):
        open_in_worker(config, {}, replace(expected, kind="torch 1 on a sparc"))
    with pytest.raises(ValueError, match="could not open what the run needs: .*layer '7'"):
        open_in_worker(
            config.model_copy(update={"neurons": config.neurons.model_copy(update={"layer": "7"})}), {}, expected
        )
    monkeypatch.setattr("combmotif.runs.context.source_checksum", lambda module: "another forward")
    with pytest.raises(ValueError, match="found other weights or code of model"):
        open_in_worker(config, {}, expected)


@pytest.mark.slow
def test_what_is_merged_depends_on_no_number_of_cores(config, tmp_path):
    threads = []
    torch.set_num_threads(2)
    try:
        run(config, tmp_path, workers=1, on_stage=lambda *_: threads.append(torch.get_num_threads()))
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)
    assert set(threads) == {1}


def test_instructions_that_give_the_same_results_are_one_kind(config, monkeypatch):
    context = load_context(config)
    kinds = []
    for instructions in ("AVX2", "AVX512", "DEFAULT"):
        monkeypatch.setattr("torch.backends.cpu.get_cpu_capability", lambda found=instructions: found)
        kinds.append(Expected.of(context).kind)
    assert kinds[0] == kinds[1] != kinds[2]


@pytest.fixture
def job(tmp_path):
    done = []
    payload = SimpleNamespace(files=(tmp_path / "a", tmp_path / "b"))
    return Job(Batch(lambda context, payload: done.append(context), (payload,)), payload), done


def test_a_task_whose_files_are_there_is_not_done_again(job):
    job, done = job
    job.payload.files[0].touch()
    ended = do_job(7, job)
    assert (ended.host, ended.process) == (HOST, os.getpid())
    assert ended.seconds >= 0
    assert done == [7]
    job.payload.files[1].touch()
    do_job(7, job)
    assert done == [7]


def test_files_that_are_not_seen_here(job, monkeypatch):
    monkeypatch.setattr(remote, "_SHARED_PATIENCE", 0.3)
    with pytest.raises(ValueError, match="is not seen here; expected --out on a file system that all hosts share"):
        await_files(job[0].payload.files)


def test_names_of_tasks():
    path = Path("tasks/x-1.npz")
    causal = CausalTask("conv1", (4,), (np.arange(3),), (np.arange(3),), (0.0,), (0.0,), (0,), path)
    tasks = [SampleTask("conv7", (8, 9), (path,)), causal, ScanTask(range(4, 9), path), MeansTask(range(2, 5), path)]
    motifs = MotifSet((Motif("m1", np.ones((4, 4)), sites=4),), "neuronmotif", "rna")
    assert [task_name(KinTask(motifs, path)), task_name(MatchTask(motifs, None, "", path))] == ["x-1.npz", "x-1.npz"]
    assert [task_name(task) for task in tasks] == ["conv7:8-9", "conv1:4", "sequences 5-9", "sequences 3-5"]
    lost = TasksLost([(tasks[0], "its worker died 3 times"), (tasks[1], "its worker died 3 times")], 56, name=task_name)
    assert str(lost) == "2 of 56 tasks failed: conv7:8-9, conv1:4; its worker died 3 times"


def test_no_worker_for_long_and_no_scheduler():
    executor = DaskExecutor(lambda: None, where="scheduler tcp://h:1")
    executor._client = SimpleNamespace(status="running", nthreads=dict)
    executor._without = -np.inf
    with pytest.warns(
        UserWarning, match=r"^scheduler tcp://h:1: no worker for 10 minutes .* still waiting. Is the queue"
    ):
        executor._look()
    executor._look()  # said once in ten minutes
    executor._client = SimpleNamespace(status="closed")
    with pytest.raises(ValueError, match="the scheduler is gone"):
        executor._look()


class Leaving:
    """A client whose connection breaks before it knows why."""

    def __init__(self, looks):
        self.looks = looks

    @property
    def status(self):
        self.looks -= 1
        return "running" if self.looks > 0 else "closed"

    def submit(self, *_args, **_named):
        raise OSError("Stream is closed")


def test_a_connection_that_breaks_before_the_client_knows_is_a_scheduler_that_is_gone(monkeypatch):
    pytest.importorskip("distributed")
    executor = DaskExecutor(lambda: Leaving(4), where="scheduler tcp://h:1")
    with pytest.raises(ValueError, match="the scheduler is gone; finished tasks are kept"):
        executor.run(divmod, [1])
    monkeypatch.setattr(cluster, "_LOOK", 0.2)
    executor = DaskExecutor(lambda: Leaving(10**6), where="scheduler tcp://h:1")
    with pytest.raises(OSError, match="Stream is closed"):
        executor.run(divmod, [1])


def test_a_scheduler_that_has_ended_is_told_soon(monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr(scheduler, "_BEGIN", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        require_listening(address, "--scheduler-file s.json")
    with pytest.raises(
        ValueError, match=r"^--scheduler-file s.json: no scheduler answers there \(connection refused\)"
    ):
        require_listening(address, "--scheduler-file s.json")


def test_what_a_worker_lacks_is_told_and_other_errors_are_not_taken_for_it():
    assert pickle.loads(pickle.dumps(cluster._Call(divmod, 17, 5))) == (3, 2)
    with pytest.raises(ModuleNotFoundError) as lacking:
        pickle.loads(pickle.dumps(cluster._Call(divmod, 1, 1)).replace(b"builtins", b"combmoti"))
    lacking.value.name = "combmotif.runs"
    older = AttributeError("Can't get attribute 'do_job' on <module 'combmotif.runs' from 'x'>")
    for error in (lacking.value, older):
        assert "a worker of the cluster has another combmotif, or none" in str(cluster._told(error))
    for error in (ImportError("pip install 'combmotif[modisco]'"), AttributeError("'Net' has no attribute 'x'")):
        assert cluster._told(error) is error


def test_a_share_is_refused_beside_those_of_another_config_and_beside_itself(config, tmp_path, monkeypatch):
    monkeypatch.setattr("combmotif.runs.lock.PATIENCE", 0.05)
    OutputFolder(tmp_path, "run")
    other = tmp_path / "shards" / "2-of-2" / "run.json"
    other.parent.mkdir(parents=True)
    record = {"config": json.loads(json.dumps(config.as_dict(), default=str)), "stages": {}}
    other.write_text(json.dumps({**record, "config": {**record["config"], "seed": 7}}))
    with pytest.raises(ValueError, match=r"its share 2-of-2 is of another config \(seed: 7 there, 0 here\)"):
        run_share(config, tmp_path, (1, 2))
    other.write_text(json.dumps(record))
    twin = RunStore(tmp_path / "shards" / "1-of-2")
    with pytest.raises(FolderHeld, match=r"1-of-2: another combmotif run is at work there"):
        run_share(config, tmp_path, (1, 2))
    twin.close()


def test_dask_is_asked_for_by_name_where_it_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ImportError, match=r"pip install 'combmotif\[cluster\]', also on the hosts of the workers"):
        import_distributed()
