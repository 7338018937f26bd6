"""Who does the tasks: this process, or several, each with one thread."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import resource_tracker
from typing import Any

import torch
from threadpoolctl import threadpool_limits

from combmotif.config.inputs import PythonSection
from combmotif.config.opening import open_model
from combmotif.config.run import RunConfig
from combmotif.runs.context import Context, load_context

Task = Callable[[Context, Any], None]
RETRIES = 3
"""How often a pool of workers may break without a task done in between."""
_context: Context | None = None
_same = True
_failure = ""


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


def _end_with_parent() -> None:
    """End this worker as soon as the process that started it is gone, killed or not."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _start(config: RunConfig, given: dict[str, Any], fingerprint: str) -> None:
    global _context, _same, _failure
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent, which ends its workers
    threading.Thread(target=_end_with_parent, daemon=True).start()
    torch.set_num_threads(1)
    try:
        _context = load_context(config, **given)
        _same = _context.model.fingerprint() == fingerprint
    except Exception as error:  # told by the first task; here it would only break the pool
        _failure = f"a worker could not open what the run needs: {error}"


def require_same_weights(context: Context, *, same: bool | None = None) -> None:
    """Refuse a net whose factory makes other weights each time; ``same``, where known, saves loading it again."""
    section = context.config.model
    if same is None:
        own = isinstance(section, PythonSection) and section.weights is None
        same = not own or open_model(section).fingerprint() == context.model.fingerprint()
    if not same:
        raise ValueError(
            f"model: expected the same weights each time '{context.model.name}' is loaded, found others; let its "
            f"factory load trained weights, or set the seed of its random ones"
        )


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


def _work(task: Task, payload: Any) -> None:
    if _failure:
        raise ValueError(_failure)
    assert _context is not None
    require_same_weights(_context, same=_same)
    with threadpool_limits(1):
        task(_context, payload)


class Engine:
    """Do tasks with a number of worker processes; they start when the first task needs them.

    A task is a module-level function of (context, payload) that writes its own result file.

    Parameters
    ----------
    context : Context
        Of this process; workers load their own from its config.
    workers : int
        1 works in this process.
    given : dict, default none
        The ``model`` and ``sequences`` that the config does not name; they are sent to the workers.
    """

    def __init__(self, context: Context, workers: int, *, given: dict[str, Any] | None = None) -> None:
        self.context = context
        self.given = given or {}
        self.workers = workers if context.model.device.type == "cpu" else 1
        self._pool: ProcessPoolExecutor | None = None

    def run(self, task: Task, payloads: Sequence[Any], *, on_done: Callable[[Any, int], None]) -> None:
        """Do a task for every payload; the first failure ends the others and is raised.

        Parameters
        ----------
        task : callable
        payloads : sequence
        on_done : callable
            Called with (payload, payloads done so far) when a task has ended, in this process.

        Raises
        ------
        ValueError
            If worker processes are killed again and again, as the kernel does when memory runs out.
        """
        if not payloads:
            return
        if self.workers == 1 or len(payloads) == 1:
            with single_thread():
                for index, payload in enumerate(payloads):
                    task(self.context, payload)
                    on_done(payload, index + 1)
            return
        left = dict(enumerate(payloads))
        tries = 0
        while left:
            before = len(left)
            try:
                self._submit(task, left, on_done, len(payloads))
            except BrokenProcessPool:
                self._kill()
                # what ended is kept; a pool that gets nothing done three times would never
                tries = 1 if len(left) < before else tries + 1
                if tries == RETRIES:
                    raise ValueError(
                        f"worker processes were killed {tries} times in a row, as the system does when memory runs "
                        f"out; run the same command again with fewer --workers (there were {self.workers}): it goes on "
                        f"from here. A script that calls combmotif with workers needs 'if __name__ == \"__main__\":'"
                    ) from None
                warnings.warn("a worker process was killed; its tasks are begun again", stacklevel=1)

    def _submit(self, task: Task, left: dict[int, Any], on_done: Callable[[Any, int], None], total: int) -> None:
        """Do what is left, taking out what is done."""
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                self.workers,
                mp_context=multiprocessing.get_context("spawn"),
                initializer=_start,
                initargs=(self.context.config, self.given, self.context.model.fingerprint()),
            )
        pending: dict[Future, int] = {}
        try:
            with _deaf_to_interrupts():
                for number, payload in left.items():
                    pending[self._pool.submit(_work, task, payload)] = number
            while pending:
                for future in wait(pending, return_when=FIRST_COMPLETED).done:
                    future.result()
                    payload = left.pop(pending.pop(future))
                    on_done(payload, total - len(left))
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
