"""The executors of this machine, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from combmotif.core.executors.base import Executor, InProcess, Limits
from combmotif.core.executors.processes import Processes

EXECUTORS: dict[str, type[Executor]] = {"local": InProcess, "processes": Processes}
"""Ways to do tasks on this machine, by name."""


def make_executor(
    workers: int = 1, *, state: Any = None, setup: Callable[[], Any] | None = None, limits: Limits | None = None
) -> Executor:
    """Make the executor for a number of workers: this process for one, processes for more; see `Executor`.

    A limit of time needs a process that can be ended, also for one worker.
    """
    limits = limits or Limits()
    name = "local" if workers < 2 and limits.seconds is None else "processes"
    return EXECUTORS[name](workers, state=state, setup=setup, limits=limits)
