"""Who does the tasks: this process, processes of this machine, or a dask cluster; the results do not depend on it."""

from collections.abc import Callable
from typing import Any

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
from combmotif.core.executors.processes import Processes

__all__ = [
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


def make_executor(
    workers: int = 1, *, state: Any = None, setup: Callable[[], Any] | None = None, limits: Limits | None = None
) -> Executor:
    """Make the executor for a number of workers: this process for one, processes for more; see `Executor`.

    A limit of time needs a process that can be ended, also for one worker.
    """
    limits = limits or Limits()
    kind = InProcess if workers < 2 and limits.seconds is None else Processes
    return kind(workers, state=state, setup=setup, limits=limits)
