"""What does tasks, one thread each, and what becomes of tasks that cannot be done."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from threadpoolctl import threadpool_limits

Task = Callable[[Any, Any], Any]
"""A module-level function of (state, payload); state is what the executor was given or made in its process."""


@dataclass(frozen=True)
class Limits:
    """How long a task may take, and how often it is tried.

    Attributes
    ----------
    attempts : int, default 3
        Workers that may die at a task before it is lost.
    seconds : float, optional
        After this time the worker of a task is ended, which counts as its death; default no limit.
    """

    attempts: int = 3
    seconds: float | None = None


class TasksLost(ValueError):
    """Tasks whose workers died again and again; all others are done.

    Parameters
    ----------
    lost : sequence of (payload, str)
        What was not done, and why.
    total : int
        Tasks there were.
    name : callable, optional
        Names a payload in the message.
    """

    def __init__(self, lost: Sequence[tuple[Any, str]], total: int, *, name: Callable[[Any], str] = str) -> None:
        self.lost, self.total = tuple(lost), total
        reasons: dict[str, list[str]] = {}
        for payload, reason in lost:
            reasons.setdefault(reason, []).append(name(payload))
        told = "; ".join(
            f"{', '.join(names[:5])}{f' and {len(names) - 5:,} more' if len(names) > 5 else ''}; {reason}"
            for reason, names in reasons.items()
        )
        super().__init__(f"{len(lost):,} of {total:,} tasks failed: {told}")


def available_cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def usual_workers(device: torch.device) -> int:
    """Say how many workers there are where nobody does: one per core, on a GPU one per GPU, whose memory they fill."""
    return available_cores() if device.type == "cpu" else max(1, torch.cuda.device_count())


def share_gpus(number: int) -> None:
    """Let a worker compute on one of this host's GPUs, if it has any: they are dealt out by the workers' numbers."""
    if torch.cuda.is_available():
        torch.cuda.set_device(number % torch.cuda.device_count())


@contextmanager
def single_thread() -> Iterator[None]:
    """Compute in one thread, as every worker does, so that the number of workers cannot change a result."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        torch.set_num_threads(threads)


class Executor(AbstractContextManager["Executor"]):
    """Does tasks, one thread each.

    Parameters
    ----------
    workers : int
        Processes.
    state : object, optional
        What tasks read, in this process.
    setup : callable, optional
        Makes the same in another process, which it is sent to, once for all tasks there. What it raises, `run` raises
        as a ValueError.
    limits : Limits, optional
        Of tasks in other processes.

    Attributes
    ----------
    lost : int
        Tasks of the present `run` that workers died at too often.
    """

    lost = 0

    def __init__(
        self,
        workers: int = 1,
        *,
        state: Any = None,
        setup: Callable[[], Any] | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.workers = workers
        self.state = state
        self.setup = setup
        self.limits = limits or Limits()

    @abstractmethod
    def run(
        self, task: Task, payloads: Sequence[Any], *, on_done: Callable[[Any, int], None] | None = None
    ) -> list[Any]:
        """Do a task for every payload; the first exception of one ends the others and is raised.

        Parameters
        ----------
        task : callable
        payloads : sequence
        on_done : callable, optional
            Called in this process with (payload, payloads done so far) when a task has ended.

        Returns
        -------
        list
            What the task returned, in the order of the payloads.

        Raises
        ------
        TasksLost
            If workers died at some tasks as often as `Limits` allows; all others are done then.
        """

    def close(self) -> None:
        """Let go of what the executor holds."""

    def __exit__(self, *_error: object) -> None:
        self.close()


class InProcess(Executor):
    """Does tasks one after the other in this process."""

    def run(
        self, task: Task, payloads: Sequence[Any], *, on_done: Callable[[Any, int], None] | None = None
    ) -> list[Any]:
        """Do a task for every payload; see `Executor.run`."""
        results = []
        for payload in payloads:
            with single_thread():  # for each anew: a task may start threads, as numba does
                results.append(task(self.state, payload))
            if on_done is not None:
                on_done(payload, len(results))
        return results
