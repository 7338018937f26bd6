"""Where a run's tasks are done: a small YAML file of its own, for it changes no result and is in no run's config."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator, model_validator

from combmotif.core.plain_yaml import read_yaml
from combmotif.core.typed_yaml import Section, Whole, validate

_UNITS = {"s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}
JOBQUEUES = ("slurm", "pbs", "lsf", "sge", "oar", "moab")
"""Queueing systems whose jobs dask-jobqueue starts."""


def seconds_of(text: str) -> float:
    """Read a time: ``90 s``, ``30min``, ``2h``, ``1.5 d``, ``04:00:00``, ``1-12:00:00``, or a number of seconds.

    Raises
    ------
    ValueError
        If it is none of them.
    """
    words = str(text).strip().lower()
    if found := re.fullmatch(r"(\d+(?:\.\d+)?)\s*([a-z]*)", words):
        unit = found[2] or "s"
        if unit in _UNITS and float(found[1]) > 0:
            return float(found[1]) * _UNITS[unit]
    elif found := re.fullmatch(r"(?:(\d+)-)?(\d+):(\d\d)(?::(\d\d))?", words):
        days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
        if total := ((days * 24 + hours) * 60 + minutes) * 60 + seconds:
            return float(total)
    raise ValueError(f"expected a time such as 90 s, 30 min, 2 h or 04:00:00, found '{text}'")


def bytes_of(text: str) -> float:
    """Read memory as dask does: ``4GB`` is 4,000,000,000 bytes, ``4GiB`` is 4 x 2**30.

    Raises
    ------
    ValueError
        If it is something else.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT])(i?)B", text)
    if found is None:
        raise ValueError(f"expected memory such as 4GB or 512MB, found '{text}'")
    return float(found[1]) * (1024 if found[3] else 1000) ** ("KMGT".index(found[2]) + 1)


class JobsSection(Section):
    """How many jobs stand in the queue or run."""

    least: Whole = Field(1, ge=0, description="jobs that are kept; one that dies or ends is replaced")
    most: Whole = Field(10, ge=1, description="jobs where there are tasks for them")

    @model_validator(mode="after")
    def _order(self) -> JobsSection:
        if self.least > self.most:
            raise ValueError(f"least: expected at most {self.most} (most), found {self.least}")
        return self


class JobSection(Section):
    """One job of the queueing system."""

    workers: Whole = Field(1, ge=1, le=1024, description="worker processes of one core each")
    memory: str = Field("4GB", description="of the whole job, shared by its workers; one that takes more is ended")
    walltime: str = Field("04:00:00", description="how long a job may run; its workers hand over in time")
    queue: str | None = Field(None, description="queue or partition; default the site's")
    account: str | None = Field(None, description="who pays; default the site's")
    gpus: Whole = Field(0, ge=0, le=64, description="GPUs of a job (slurm, lsf); its workers share them")
    interface: str | None = Field(None, description="network interface that hosts reach each other by, such as ib0")
    extra: list[str] = Field([], description="further directives of the job, such as --constraint=avx512")
    skip: list[str] = Field([], description="directives to leave out; some sites refuse --mem")
    prologue: list[str] = Field([], description="lines of shell before the worker, such as 'module load python'")
    logs: str = Field("combmotif-jobs", description="folder of the jobs' output")

    @field_validator("walltime")
    @classmethod
    def _walltime(cls, value: str) -> str:
        seconds_of(value)
        return value

    @field_validator("memory")
    @classmethod
    def _memory(cls, value: str) -> str:
        bytes_of(value)
        return value


class ClusterConfig(Section):
    """Where the tasks of a run are done, and what becomes of those whose worker dies."""

    engine: Literal["local", "dask", "slurm", "pbs", "lsf", "sge", "oar", "moab"] = Field(
        "local",
        description="local: processes of this machine; dask: a running scheduler; else jobs of a queueing system",
    )
    workers: Whole | None = Field(None, ge=1, le=1024, description="of local: processes; default one per core")
    scheduler: str | None = Field(None, description="of dask: address, such as tcp://10.0.0.1:8786")
    scheduler_file: str | None = Field(None, description="of dask: file that 'dask scheduler --scheduler-file' wrote")
    jobs: JobsSection = Field(JobsSection(), description="how many jobs of a queueing system")
    job: JobSection = Field(JobSection(), description="what each job is")
    task_limit: str | None = Field(None, description="longest that a task may take, such as 2h; default no limit")
    attempts: Whole = Field(3, ge=1, le=100, description="workers that may die at a task before it is given up")

    @field_validator("task_limit")
    @classmethod
    def _limit(cls, value: str | None) -> str | None:
        if value is not None:
            seconds_of(value)
        return value

    @field_validator("task_limit", mode="before")
    @classmethod
    def _number(cls, value: object) -> object:
        return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value

    @model_validator(mode="after")
    def _one_scheduler(self) -> ClusterConfig:
        given = (self.scheduler is not None) + (self.scheduler_file is not None)
        if self.engine == "dask" and given != 1:
            raise ValueError(f"engine: dask: expected one of scheduler and scheduler_file, found {given} of them")
        if self.engine != "dask" and given:
            raise ValueError(f"scheduler, scheduler_file: expected engine: dask, found engine: {self.engine}")
        return self

    @property
    def limit_seconds(self) -> float | None:
        """The longest that a task may take."""
        return None if self.task_limit is None else seconds_of(self.task_limit)


def load_cluster(path: str | Path) -> ClusterConfig:
    """Read the file of ``run --cluster``.

    Raises
    ------
    ValueError, FileNotFoundError
        One sentence that names file and key, what was expected and what was found.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"--cluster {path}: there is no such file")
    return validate(ClusterConfig, read_yaml(path), name=str(path))
