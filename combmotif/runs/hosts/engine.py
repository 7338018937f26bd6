"""Who does the tasks of a run, by its cluster file: this machine, a dask scheduler, or jobs of a queueing system."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from combmotif.config.cluster import JOBQUEUES, ClusterConfig, seconds_of
from combmotif.core.executors import DaskExecutor, Executor, Limits, make_executor
from combmotif.core.executors.scheduler import import_distributed, require_listening, scheduler_address

ANSWER = 30.0
"""Seconds for which a scheduler may take to answer."""
CLUSTERS = {name: f"{name.capitalize() if name == 'moab' else name.upper()}Cluster" for name in JOBQUEUES}
"""The class of dask-jobqueue for each queueing system."""
SCHEDULER = {
    # Leiden clustering and numba hold a worker's only thread for minutes, in which it gives no sign of life.
    "distributed.scheduler.worker-ttl": "1 hour",
    # One task at a worker at a time, so that it is known which one it died at.
    "distributed.scheduler.worker-saturation": 1.0,
}
"""Settings of a scheduler that is started for a run; docs/cluster.md gives those of one that stands."""


def make_engine(
    engine: ClusterConfig, workers: int, *, state: Any = None, setup: Callable[[], Any] | None = None
) -> Executor:
    """Make what does the tasks.

    Parameters
    ----------
    engine : ClusterConfig
    workers : int
        Processes of this machine, where it is local.
    state, setup
        See `Executor`.

    Raises
    ------
    ValueError, FileNotFoundError, ImportError
        If the scheduler does not answer, jobs cannot be handed in, or a package is missing.
    """
    limits = Limits(engine.attempts, engine.limit_seconds)
    if engine.engine == "local":
        return make_executor(workers, state=state, setup=setup, limits=limits)
    import_distributed()
    for name in ("asyncio", "distributed", *logging.root.manager.loggerDict):
        if name.partition(".")[0] in ("asyncio", "distributed"):  # each of dask's loggers has a level of its own
            logging.getLogger(name).setLevel(logging.CRITICAL)  # what matters of it is said in sentences
    if engine.engine == "dask":
        if engine.scheduler == "":
            raise ValueError("--scheduler: expected an address, such as tcp://10.0.0.1:8786, found nothing")
        address = engine.scheduler or scheduler_address(Path(engine.scheduler_file or ""))
        client = _client(address)
        return DaskExecutor(lambda: client, where=f"scheduler {address}", setup=setup, limits=limits)
    refused: list[str] = []
    connect = partial(_jobs, engine, _jobqueue(engine), job_settings(engine), refused)
    return DaskExecutor(connect, where=f"{engine.engine} jobs", setup=setup, limits=limits, refused=refused)


@contextmanager
def standing(engine: ClusterConfig) -> Iterator[ClusterConfig]:
    """Start the jobs of a queueing system once, for several runs one after the other; others stand already.

    Parameters
    ----------
    engine : ClusterConfig

    Yields
    ------
    ClusterConfig
        For each of the runs.

    Raises
    ------
    ValueError, FileNotFoundError, ImportError
        As `make_engine`.
    """
    if engine.engine not in JOBQUEUES:
        yield engine
        return
    with make_engine(engine, 1) as jobs:
        assert isinstance(jobs, DaskExecutor)
        yield ClusterConfig(
            engine="dask", scheduler=jobs.address(), task_limit=engine.task_limit, attempts=engine.attempts
        )


def _client(address: str) -> Any:
    distributed = import_distributed()
    require_listening(address, f"--scheduler {address}")
    try:
        return distributed.Client(address, timeout=ANSWER, set_as_default=False, name="combmotif")
    except (OSError, TypeError, ValueError) as error:  # TypeError: tls:// without certificates
        said = " ".join(str(error).split())[:160]
        raise ValueError(f"--scheduler {address}: no scheduler answers there ({said}); is it running?") from None


def _jobqueue(engine: ClusterConfig) -> Any:
    """Find the class of dask-jobqueue, and make sure that jobs can be submitted from here."""
    try:
        import dask_jobqueue
    except ImportError:
        raise ImportError(
            f"engine: {engine.engine} needs the package dask-jobqueue, which is not installed: "
            f"pip install 'combmotif[cluster]'"
        ) from None
    kind = getattr(dask_jobqueue, CLUSTERS[engine.engine])
    command = str(kind.job_cls.submit_command).split()[0]
    if shutil.which(command) is None:
        raise FileNotFoundError(
            f"engine: {engine.engine}: there is no command '{command}' here, by which jobs are submitted; run this "
            f"on a login node, or load the site's module"
        )
    return kind


def _jobs(engine: ClusterConfig, kind: Any, settings: dict[str, Any], refused: list[str]) -> Any:
    """Start a scheduler in this process, and jobs that work for it; ``refused`` is to hear why one is not taken."""
    import dask

    distributed = import_distributed()
    dask.config.set({**SCHEDULER, "distributed.scheduler.allowed-failures": engine.attempts - 1})

    class Job(kind.job_cls):  # type: ignore[misc]
        async def start(self) -> None:
            try:
                await super().start()
            except Exception as error:  # dask would try again, in silence
                refused.append(str(error).partition("stderr:")[2] or str(error))
                self.status = distributed.Status.failed  # or the cluster could not be closed
                raise

    cluster = kind(
        **settings,
        job_cls=Job,
        scheduler_options={"dashboard_address": "127.0.0.1:0"},
        silence_logs="critical",
    )
    # adapt replaces jobs that died or came to their end; a fixed number of them would not
    cluster.adapt(minimum_jobs=engine.jobs.least, maximum_jobs=engine.jobs.most)
    return distributed.Client(cluster, set_as_default=False)


def job_settings(engine: ClusterConfig) -> dict[str, Any]:
    """Say what dask-jobqueue is to be given for a job.

    Raises
    ------
    ValueError
        If it asks for GPUs, or cores, in a way that only the site knows.
    """
    job = engine.job
    directives = list(job.extra)
    if job.gpus:
        asked = {"slurm": f"--gres=gpu:{job.gpus}", "lsf": f"-gpu num={job.gpus}"}.get(engine.engine)
        if asked is None:
            raise ValueError(
                f"job.gpus: expected 0 for engine: {engine.engine}, whose sites ask for GPUs in ways of their own; "
                f"put the site's directive into job.extra"
            )
        directives.append(asked)
    if engine.engine == "sge" and job.workers > 1 and not any("-pe " in directive for directive in directives):
        raise ValueError(
            f"job.workers: expected 1, for in SGE every site has a name of its own for jobs of several cores, found "
            f"{job.workers}; put the site's directive into job.extra, such as '-pe smp {job.workers}'"
        )
    walltime = seconds_of(job.walltime)
    margin = min(300.0, walltime / 5)  # enough to hand over; what a worker is at is begun anew elsewhere
    arguments = ["--lifetime", f"{walltime - margin:.0f}s", "--lifetime-stagger", f"{margin / 5:.0f}s"]
    if job.workers > 1:  # which dask-jobqueue adds to a command of its own only
        arguments += ["--nworkers", str(job.workers)]
    given = {
        "cores": job.workers,
        "processes": job.workers,
        "memory": job.memory,
        "walltime": _clock(walltime, short=engine.engine == "lsf"),
        "queue": job.queue,
        "interface": job.interface,
        "job_extra_directives": directives,
        "job_directives_skip": list(job.skip),
        "job_script_prologue": list(job.prologue),
        "worker_command": "combmotif.core.executors.worker",
        "worker_extra_args": arguments,
        "log_directory": job.logs,
    }
    if job.account is not None:
        given["project" if engine.engine in ("lsf", "sge", "oar") else "account"] = job.account
    return given


def _clock(seconds: float, *, short: bool) -> str:
    """Write a time as hours, minutes and, unless short, seconds."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}" + ("" if short else f":{rest:02d}")
