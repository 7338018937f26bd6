"""Who does the tasks: this process, or several, each with one thread; the results do not depend on it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import resource_tracker
from types import TracebackType
from typing import Any

import torch
from threadpoolctl import threadpool_limits

Task = Callable[[Any, Any], Any]
"""A module-level function of (state, payload); state is what the executor was given or made in its process."""

RETRIES = 3
"""How often a pool of workers may break without a task done in between."""


def available_cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


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


class Executor(ABC):
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
    """

    def __init__(self, workers: int = 1, *, state: Any = None, setup: Callable[[], Any] | None = None) -> None:
        self.workers = workers
        self.state = state
        self.setup = setup

    @abstractmethod
    def run(
        self, task: Task, payloads: Sequence[Any], *, on_done: Callable[[Any, int], None] | None = None
    ) -> list[Any]:
        """Do a task for every payload; the first failure ends the others and is raised.

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
        """

    def close(self) -> None:  # noqa: B027 - not every executor holds something
        """Let go of what the executor holds."""

    def __enter__(self) -> Executor:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class InProcess(Executor):
    """Does tasks one after the other in this process."""

    def run(
        self, task: Task, payloads: Sequence[Any], *, on_done: Callable[[Any, int], None] | None = None
    ) -> list[Any]:
        """Do a task for every payload; see `Executor.run`."""
        results = []
        with single_thread():
            for payload in payloads:
                results.append(task(self.state, payload))
                if on_done is not None:
                    on_done(payload, len(results))
        return results


class Processes(InProcess):
    """Does tasks in processes of this machine; they start when the first tasks need them.

    A worker that is killed is replaced, and its task begun again.
    """

    _pool: ProcessPoolExecutor | None = None

    def run(
        self, task: Task, payloads: Sequence[Any], *, on_done: Callable[[Any, int], None] | None = None
    ) -> list[Any]:
        """Do a task for every payload; see `Executor.run`.

        Raises
        ------
        ValueError
            If worker processes are killed again and again, as the kernel does when memory runs out.
        """
        if len(payloads) < 2:  # not worth a process
            return super().run(task, payloads, on_done=on_done)
        results: dict[int, Any] = {}
        tries = 0
        while len(results) < len(payloads):
            before = len(results)
            try:
                self._submit(task, payloads, results, on_done)
            except BrokenProcessPool:
                self._kill()
                # what ended is kept; a pool that gets nothing done three times would never
                tries = 1 if len(results) > before else tries + 1
                if tries == RETRIES:
                    raise ValueError(
                        f"worker processes were killed {tries} times in a row, as the system does when memory runs "
                        f"out; run the same command again with fewer --workers (there were {self.workers}): it goes on "
                        f"from here. A script that calls combmotif with workers needs 'if __name__ == \"__main__\":'"
                    ) from None
                warnings.warn("a worker process was killed; its tasks are begun again", stacklevel=1)
        return [results[number] for number in range(len(payloads))]

    def _submit(
        self,
        task: Task,
        payloads: Sequence[Any],
        results: dict[int, Any],
        on_done: Callable[[Any, int], None] | None,
    ) -> None:
        """Do the tasks that have no result yet."""
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                self.workers,
                mp_context=multiprocessing.get_context("spawn"),
                initializer=_start,
                initargs=(self.setup,),
            )
        pending: dict[Future, int] = {}
        try:
            with _deaf_to_interrupts():
                for number, payload in enumerate(payloads):
                    if number not in results:
                        pending[self._pool.submit(_work, task, payload)] = number
            while pending:
                for future in wait(pending, return_when=FIRST_COMPLETED).done:
                    result = future.result()
                    number = pending.pop(future)
                    results[number] = result
                    if on_done is not None:
                        on_done(payloads[number], len(results))
        except KeyboardInterrupt:
            self._kill()
            raise
        finally:
            for future in pending:
                future.cancel()

    def _kill(self) -> None:
        """End the workers in the middle of their tasks, whose files are whole or not there."""
        pool, self._pool = self._pool, None
        if pool is not None:
            for process in list((getattr(pool, "_processes", None) or {}).values()):
                process.terminate()
            pool.shutdown(wait=False, cancel_futures=True)

    def close(self) -> None:
        """End the worker processes."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None


EXECUTORS: dict[str, type[Executor]] = {"local": InProcess, "processes": Processes}
"""Ways to do tasks, by name."""


def make_executor(workers: int = 1, *, state: Any = None, setup: Callable[[], Any] | None = None) -> Executor:
    """Make the executor for a number of workers: this process for one, processes for more; see `Executor`."""
    return EXECUTORS["local" if workers < 2 else "processes"](workers, state=state, setup=setup)


_state: Any = None
_failure = ""


def _end_with_parent() -> None:
    """End this worker as soon as the process that started it is gone, killed or not."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _start(setup: Callable[[], Any] | None) -> None:
    global _state, _failure
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent, which ends its workers
    threading.Thread(target=_end_with_parent, daemon=True).start()
    torch.set_num_threads(1)
    try:
        _state = None if setup is None else setup()
    except Exception as error:  # told by the first task; here it would only break the pool
        _failure = str(error) or type(error).__name__


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


def _work(task: Task, payload: Any) -> Any:
    if _failure:
        raise ValueError(_failure)
    with threadpool_limits(1):
        return task(_state, payload)
