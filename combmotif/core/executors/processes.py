"""Processes of this machine that do tasks; one that dies is replaced, and costs the others nothing."""

from __future__ import annotations

import contextlib
import math
import multiprocessing
import os
import pickle
import signal
import threading
import time
import traceback
import warnings
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any

import torch
from threadpoolctl import threadpool_limits

from combmotif.core.executors.base import InProcess, Task, TasksLost, share_gpus

_GOODBYE = 10.0
"""Seconds for which a worker may take to end when it is told to."""


@dataclass
class _Worker:
    """A process and what it is at: the number of a payload, or None."""

    process: SpawnProcess
    pipe: Connection
    place: int
    ready: bool = False
    number: int | None = None
    until: float = math.inf

    @property
    def over_time(self) -> bool:
        return time.monotonic() > self.until


class _Round:
    """The payloads of one `run`: what waits, what came of the others."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.waiting = deque(range(count))
        self.results: dict[int, Any] = {}
        self.deaths: Counter[int] = Counter()
        self.lost: dict[int, str] = {}

    @property
    def left(self) -> int:
        return self.count - len(self.results) - len(self.lost)


class Processes(InProcess):
    """Does tasks in processes of this machine; they start when the first tasks need them.

    Every worker has one task at a time, so it is known which one it died at. That one is begun again by another worker,
    `Limits.attempts` times in all; the tasks of other workers go on.
    """

    _staff: list[_Worker]

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._staff = []
        self._stillborn = 0  # workers in a row that died before they could be given a task

    def run(
        self, task: Task, payloads: Sequence[Any], *, on_done: Callable[[Any, int], None] | None = None
    ) -> list[Any]:
        """Do a task for every payload; see `Executor.run`.

        Raises
        ------
        ValueError
            If workers die before they can be given a task.
        """
        if len(payloads) < 2 and self.limits.seconds is None:  # not worth a process
            return super().run(task, payloads, on_done=on_done)
        work = _Round(len(payloads))
        try:
            while work.left:
                self._hire(min(self.workers, work.left))
                for worker in self._staff:
                    if work.waiting and worker.ready and worker.number is None:
                        self._give(worker, work, task, payloads)
                for number in self._hear(work):
                    self.lost = len(work.lost)
                    if on_done is not None:
                        on_done(payloads[number], len(work.results))
        except BaseException:
            self._kill()
            raise
        if work.lost:
            raise TasksLost([(payloads[number], why) for number, why in sorted(work.lost.items())], len(payloads))
        return [work.results[number] for number in range(len(payloads))]

    def _hire(self, wanted: int) -> None:
        """Start the workers that are missing."""
        context = multiprocessing.get_context("spawn")
        with _deaf_to_interrupts():
            while len(self._staff) < wanted:
                own, its = context.Pipe()
                taken = {worker.place for worker in self._staff}
                place = next(number for number in range(wanted) if number not in taken)  # of one that died, if any
                process = context.Process(target=_serve, args=(its, self.setup, place))
                process.start()
                its.close()  # or the end of the worker would not be the end of the pipe
                self._staff.append(_Worker(process, own, place))

    def _give(self, worker: _Worker, work: _Round, task: Task, payloads: Sequence[Any]) -> None:
        """Send the next payload; a worker that has just died is told of by `_hear`."""
        worker.number = work.waiting.popleft()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            worker.pipe.send((task, payloads[worker.number]))

    def _hear(self, work: _Round) -> Iterator[int]:
        """Wait until a worker has something to tell or dies; yield what has been done."""
        timeout = max(0.0, min(worker.until for worker in self._staff) - time.monotonic())
        signs = [sign for worker in self._staff for sign in (worker.pipe, worker.process.sentinel)]
        found = set(wait(signs, None if math.isinf(timeout) else timeout))
        for worker in list(self._staff):
            over_time = worker.over_time
            if over_time:
                worker.process.kill()
                worker.process.join()
            elif worker.pipe not in found and worker.process.sentinel not in found:
                continue
            try:  # what it said before it died counts
                said = worker.pipe.recv() if worker.pipe.poll() else None
            except (EOFError, OSError):
                said = None
            if said is not None:
                yield from self._take(worker, said, work)
            if over_time or (said is None and not worker.process.is_alive()):
                self._bury(worker, work, over_time=over_time)

    def _take(self, worker: _Worker, said: tuple[str, Any], work: _Round) -> Iterator[int]:
        """Take what a worker sent: that it is ready, that it has begun, a result, or an exception."""
        kind, value = said
        if kind == "ready":
            worker.ready, self._stillborn = True, 0
            return
        if kind == "begun":
            worker.until = math.inf if self.limits.seconds is None else time.monotonic() + self.limits.seconds
            return
        number, worker.number, worker.until = worker.number, None, math.inf
        assert number is not None
        if kind == "error":
            error, trace = value
            raise error from RuntimeError(f"in a worker process:\n{trace}")
        work.results[number] = value
        yield number

    def _bury(self, worker: _Worker, work: _Round, *, over_time: bool) -> None:
        """Let go of a worker that is dead, and see to the task it was at."""
        worker.process.join()
        worker.pipe.close()
        self._staff.remove(worker)
        number = worker.number
        if number is None:
            self._stillborn += not worker.ready
            if self._stillborn == self.limits.attempts:
                raise ValueError(
                    f"worker processes died {self._stillborn} times in a row before they began (there were to be "
                    f"{self.workers}), as happens when memory runs out: run the same command again with fewer "
                    f"--workers; it goes on from here. A script that calls combmotif with workers needs "
                    f"'if __name__ == \"__main__\":'"
                )
            return
        work.deaths[number] += 1
        if work.deaths[number] < self.limits.attempts:
            how = f"took longer than {self.limits.seconds:g} s" if over_time else "was killed"
            warnings.warn(f"a worker process {how}; its task is begun again", stacklevel=1)
            work.waiting.append(number)
        elif over_time:
            work.lost[number] = f"it took longer than {self.limits.seconds:g} s {work.deaths[number]} times"
        else:
            work.lost[number] = f"its worker died {work.deaths[number]} times ({_cause(worker.process.exitcode)})"

    def _kill(self) -> None:
        """End the workers in the middle of their tasks, whose files are whole or not there."""
        staff, self._staff = self._staff, []
        for worker in staff:
            worker.process.terminate()
            worker.pipe.close()
        for worker in staff:  # or it might write into a folder that the next run has begun with
            worker.process.join(_GOODBYE)

    def close(self) -> None:
        """End the worker processes."""
        for worker in self._staff:
            with contextlib.suppress(OSError):
                worker.pipe.send(None)
        for worker in self._staff:
            worker.process.join(_GOODBYE)
        self._kill()


def _cause(code: int | None) -> str:
    """Say how a process ended."""
    if code is not None and code < 0:
        return f"signal {-code}" + (
            ", as the system sends when memory runs out; fewer --workers leave more for each" if code == -9 else ""
        )
    return f"exit code {code}"


def _end_with_parent() -> None:
    """End this worker as soon as the process that started it is gone, killed or not."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _serve(pipe: Connection, setup: Callable[[], Any] | None, place: int) -> None:
    """Do the tasks that come through a pipe, in worker number ``place``."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent, which ends its workers
    threading.Thread(target=_end_with_parent, daemon=True).start()
    torch.set_num_threads(1)
    state, failure = None, ""
    try:
        share_gpus(place)
        state = None if setup is None else setup()
    except Exception as error:  # told in answer to the first task
        failure = str(error) or type(error).__name__
    pipe.send(("ready", None))
    while True:
        try:
            given = pipe.recv()
        except EOFError:  # the parent is gone
            return
        if given is None:
            return
        task, payload = given
        pipe.send(("begun", None))  # the imports that a first task needs are behind it
        try:
            if failure:
                raise ValueError(failure)
            with threadpool_limits(1):
                answer: tuple[str, Any] = ("done", task(state, payload))
        except Exception as error:
            answer = ("error", (_sendable(error), traceback.format_exc()))
        try:
            pipe.send(answer)
        except Exception as error:  # a result that cannot be pickled
            pipe.send(("error", (_sendable(error), traceback.format_exc())))


def _sendable(error: Exception) -> Exception:
    """Return an exception that comes through a pipe; one that does not is told in words."""
    try:
        pickle.loads(pickle.dumps(error))
        return error
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Keep Ctrl-C from workers that are being started, which would show a traceback; it waits for the parent."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # its start would let the signal through
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
