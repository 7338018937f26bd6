"""Who does the tasks: this process, processes of this machine, or a dask cluster; the results do not depend on it."""

from combmotif.core.executors.base import (
    Executor,
    InProcess,
    Limits,
    TasksLost,
    available_cores,
    single_thread,
    usual_workers,
)
from combmotif.core.executors.cluster import DaskExecutor
from combmotif.core.executors.make import EXECUTORS, make_executor
from combmotif.core.executors.processes import Processes

__all__ = [
    "EXECUTORS",
    "DaskExecutor",
    "Executor",
    "InProcess",
    "Limits",
    "Processes",
    "TasksLost",
    "available_cores",
    "make_executor",
    "single_thread",
    "usual_workers",
]
