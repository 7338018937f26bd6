"""Tasks on a dask cluster: workers on any host that sees the run folder; dask is imported when it is asked for."""

from __future__ import annotations

import contextlib
import hashlib
import os
import pickle
import queue
import secrets
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import torch
from threadpoolctl import threadpool_limits

from combmotif.core.executors.base import Executor, Limits, Task, TasksLost, share_gpus
from combmotif.core.executors.scheduler import import_distributed

PATIENCE = 600.0
"""Seconds without a worker after which that is said, once and then again."""
_LOOK = 5.0
"""Seconds between two looks at the scheduler while no task ends."""
_HANGS = "combmotif-hangs"
"""Topic of the scheduler's events: tasks whose worker ended itself."""


class DaskExecutor(Executor):
    """Does tasks on the workers of a dask scheduler.

    A task travels with all it needs but the state, which every worker makes once. Results of tasks that the scheduler
    holds are released at once; tasks write files, and look first whether they are there.

    Parameters
    ----------
    connect : callable
        Returns a ``distributed.Client``; called when the first tasks need it.
    where : str
        What messages call the cluster.
    setup, limits
        See `Executor`. How often a worker may die at a task is the scheduler's to say
        (``distributed.scheduler.allowed-failures``).
    refused : sequence of str, optional
        Why jobs with workers were not taken, as it becomes known.
    """

    def __init__(
        self,
        connect: Callable[[], Any],
        *,
        where: str,
        setup: Callable[[], Any] | None = None,
        limits: Limits | None = None,
        refused: Sequence[str] = (),
    ) -> None:
        super().__init__(0, setup=setup, limits=limits)
        self._refused = refused
        self._connect, self._where = connect, where
        self._client: Any = None
        self._setup = pickle.dumps(setup)
        self._without = 0.0  # when the last worker was seen, or its absence told

    def run(
        self, task: Task, payloads: Sequence[Any], *, on_done: Callable[[Any, int], None] | None = None
    ) -> list[Any]:
        """Do a task for every payload; see `Executor.run`.

        Raises
        ------
        ValueError
            If the scheduler is gone, or workers have another combmotif.
        """
        distributed = import_distributed()
        if not payloads:
            return []
        if self._client is None:
            self._client = self._connect()
        results: dict[int, Any] = {}

        def done(number: int, result: Any) -> None:
            results[number] = result
            if on_done is not None:
                on_done(payloads[number], len(results))

        self.lost = 0
        suspects = self._round(distributed, task, dict(enumerate(payloads)), done)
        self.lost, lost = 0, []
        # tasks that only waited at a worker die with the one that killed it; alone each shows which it was
        for number, reason in sorted(suspects.items()):
            again = self._round(distributed, task, {number: payloads[number]}, done) if len(suspects) > 1 else {}
            if number not in results:
                lost.append((payloads[number], again.get(number, reason)))
        if lost:
            raise TasksLost(lost, len(payloads))
        return [results[number] for number in range(len(payloads))]

    def address(self) -> str:
        """Give the scheduler's address; one that is to be started is started, and its first jobs handed in.

        Raises
        ------
        ValueError
            If jobs are refused.
        """
        if self._client is None:
            self._client = self._connect()
        until = time.monotonic() + _LOOK
        while time.monotonic() < until and not self._refused and not self._client.nthreads():
            time.sleep(0.2)
        self._require_taken()
        return str(self._client.scheduler.address)

    def _require_taken(self) -> None:
        if self._refused:
            said = " ".join(self._refused[-1].split())[:300]
            raise ValueError(f"{self._where}: a job could not be submitted ({said})")

    def _round(
        self, distributed: Any, task: Task, payloads: dict[int, Any], done: Callable[[int, Any], None]
    ) -> dict[int, str]:
        """Do tasks; return the numbers of those whose workers died, and how."""
        ended: queue.SimpleQueue[int] = queue.SimpleQueue()
        name = f"combmotif-{secrets.token_hex(6)}"
        futures: dict[int, Any] = {}
        suspects: dict[int, str] = {}
        self._without = time.monotonic()
        try:
            for number, payload in payloads.items():
                mark = f"{name}:{number}"
                call = pickle.dumps(_Call(_work, self._setup, task, payload, self.limits.seconds, mark))
                futures[number] = self._client.submit(pickle.loads, call, key=(name, number), pure=False)
                futures[number].add_done_callback(partial(_put, ended, number))
            while futures:
                try:
                    number = ended.get(timeout=_LOOK)
                except queue.Empty:
                    self._look()
                    continue
                self._without = time.monotonic()
                future = futures[number]
                if future.status == "finished":
                    done(number, future.result())
                elif future.status == "error":
                    error = future.exception()
                    if not isinstance(error, distributed.scheduler.KilledWorker):
                        raise _told(error)
                    suspects[number] = self._death(error, f"{name}:{number}")
                    self.lost += 1
                elif future.status == "cancelled" or self._client.status != "running":
                    raise self._gone()
                else:  # the worker that had the result died before it was fetched; the task is done again
                    future.add_done_callback(partial(_put, ended, number))
                    continue
                futures.pop(number).release()
        except (OSError, distributed.client.FutureCancelledError):
            until = time.monotonic() + _LOOK  # a connection may break before the client knows why
            while self._client.status == "running" and time.monotonic() < until:
                time.sleep(0.1)
            if self._client.status == "running":
                raise
            raise self._gone() from None
        finally:
            if futures:
                with contextlib.suppress(Exception):  # of a scheduler that is gone
                    self._client.cancel(list(futures.values()))
        return suspects

    def _look(self) -> None:
        """See whether the scheduler is there, and say so when it has had no worker for long."""
        if self._client.status not in ("running", "connecting"):
            raise self._gone()
        try:
            self.workers = len(self._client.nthreads()) if self._client.status == "running" else 0
        except Exception:  # asked while it went
            if self._client.status not in ("running", "connecting"):
                raise self._gone() from None
            return
        now = time.monotonic()
        if self.workers:
            self._without = now
            return
        self._require_taken()
        if now - self._without > PATIENCE:
            warnings.warn(
                f"{self._where}: no worker for {PATIENCE / 60:.0f} minutes (it is now {time.strftime('%H:%M')}); still "
                f"waiting. Is the queue full, or do jobs fail? Their output says why; workers are started with "
                f"'combmotif worker'",
                stacklevel=1,
            )
            self._without = now

    def _death(self, error: Any, mark: str) -> str:
        """Say how the workers of a task died."""
        times = int(getattr(error, "allowed_failures", 0)) + 1
        with contextlib.suppress(Exception):
            if any(event[1] == mark for event in self._client.get_events(_HANGS)):
                return f"it took longer than {self.limits.seconds:g} s; {times} workers were ended"
        last = getattr(error, "last_worker", None)
        limit = getattr(last, "memory_limit", 0)
        memory = f"; their limit of memory is {limit / 2**30:.1f} GB" if limit else ""
        return f"its worker died {times} times{memory}"

    def _gone(self) -> ValueError:
        return ValueError(
            f"{self._where}: the scheduler is gone; finished tasks are kept: start another and run the same command "
            f"again"
        )

    def close(self) -> None:
        """Leave the cluster; one that was started for these tasks is ended."""
        client, self._client = self._client, None
        if client is not None:
            cluster = client.cluster  # what was started with it: its jobs are ended
            with contextlib.suppress(Exception):
                client.close(timeout=10)
            if cluster is not None:
                try:
                    cluster.close(timeout=10)
                except Exception:  # of jobs that never began; at the end of Python it would be waited for
                    type(cluster)._instances.discard(cluster)


def _put(ended: queue.SimpleQueue[int], number: int, _future: Any) -> None:
    ended.put(number)


def _told(error: Any) -> BaseException:
    """Say what an exception of a worker means where it is not of the task."""
    lacking = isinstance(error, ImportError) and (error.name or "").partition(".")[0] == "combmotif"
    if lacking or (isinstance(error, AttributeError) and "module 'combmotif" in str(error)):
        return ValueError(f"a worker of the cluster has another combmotif, or none ({error}); install the same there")
    return error if isinstance(error, BaseException) else RuntimeError(str(error))


class _Call:
    """A call that is made where it is unpickled.

    Sent as bytes, so that what a worker lacks for it is an error of the task: a message that it cannot read would end
    the worker without a word.
    """

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.function, self.arguments = function, arguments

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self.function, self.arguments


_one_at_a_time = threading.Lock()
_states: dict[str, Any] = {}


def _work(setup: bytes, task: Task, payload: Any, seconds: float | None, mark: str) -> Any:
    """Do a task in a worker; a worker with several threads does one at a time all the same."""
    with _one_at_a_time:
        torch.set_num_threads(1)
        with _watched(seconds, mark), threadpool_limits(1):
            state = _state(setup)
        with _watched(seconds, mark), threadpool_limits(1):
            return task(state, payload)


def _state(setup: bytes) -> Any:
    """Make what tasks read, once in this process; that of another run is let go."""
    key = hashlib.sha256(setup).hexdigest()
    if key not in _states:
        _states.clear()
        _choose_gpu()
        try:
            make = pickle.loads(setup)
            _states[key] = None if make is None else make()
        except (ImportError, AttributeError) as error:
            raise _told(error) from None
        except Exception as error:
            raise ValueError(str(error) or type(error).__name__) from None
    return _states[key]


def _choose_gpu() -> None:
    """Share the GPUs of a host among its workers, whose names end in their number."""
    from distributed import get_worker

    number = str(get_worker().name).rpartition("-")[2]
    if number.isdecimal():
        share_gpus(int(number))


@contextlib.contextmanager
def _watched(seconds: float | None, mark: str) -> Iterator[None]:
    """End this process where a block takes longer; a thread that hangs can be ended in no other way."""
    if seconds is None:
        yield
        return

    from distributed import get_worker

    worker = get_worker()

    def end() -> None:
        threading.Timer(2.0, os._exit, (1,)).start()
        worker.log_event(_HANGS, mark)

    watchdog = threading.Timer(seconds, end)
    watchdog.daemon = True
    watchdog.start()
    try:
        yield
    finally:
        watchdog.cancel()
