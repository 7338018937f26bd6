"""Kill, at random moments, the processes of runs on a dask cluster and on this machine, and compare what comes of them.

    python scripts/benchmarks/kills.py --kills 200 --seed 1

Each run has a scheduler, two workers and their nanny on loopback, or two processes of its own. One process (scheduler,
nanny, worker, the run itself, a process of a local run) gets SIGKILL a moment after a random number of results, which
does not depend on how fast the machine is; a run that has ended by then does not count and is done again. A run whose
scheduler, or whose own process, was killed is begun again with the same command; one that lost its nanny gets another.
In the end the files must be those of an undisturbed run, byte for byte.

Runs are forked from this process, which has imported what they need: that is most of the time of a run this small.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

import click
import distributed  # noqa: F401 - for the runs
import numpy as np

import combmotif.runs  # noqa: F401 - for the runs
from combmotif.cli import main as combmotif_command

NET = """
import torch
from torch import nn


def build():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv1d(4, 6, 4), nn.ReLU(), nn.AdaptiveMaxPool1d(1), nn.Flatten(), nn.Linear(6, 1))
"""
CONFIG = """
model: {kind: python, factory: net.py:build, alphabet: rna}
sequences: {kind: random, count: 40, length: 20}
neurons: {layer: '0', select: all}
sample: {keep: 60}
contribution: {}
device: cpu
"""
VICTIMS = ("scheduler", "worker", "nanny", "run", "local worker")
SENTENCES = ("the scheduler is gone; finished tasks are kept", "no scheduler answers there", "there is no such file")
HANG = 600.0
"""Seconds after which a run that was disturbed counts as hanging."""
AFTER = 0.3
"""Most seconds between the result that is waited for and the kill."""


def contents(folder: Path) -> dict[str, bytes]:
    """Bytes of every file of a run folder but those that hold times and processes."""
    files = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
    return {name: path.read_bytes() for name, path in sorted(files.items()) if name not in ("run.json", "tasks/lock")}


def results(out: Path) -> int:
    """Count the results that a run has taken so far; -1 before its first task."""
    checksums = out / "tasks" / "checksums"
    if checksums.exists():
        return checksums.read_bytes().count(b"\n")
    return 0 if (out / "tasks" / "progress.json").exists() else -1


def workers_of(pid: int) -> list[int]:
    """Worker processes that a process has started."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout
    lines = [line.split(None, 2) for line in listed.splitlines()]
    return [int(own) for own, parent, command in lines if int(parent) == pid and "spawn_main" in command]


class Run:
    """``combmotif run`` in a process of its own."""

    def __init__(self, arguments: list[str], log: Path) -> None:
        self.log = log
        self.process = multiprocessing.get_context("fork").Process(target=self._do, args=(arguments,))
        self.process.start()

    def _do(self, arguments: list[str]) -> None:
        os.setsid()
        with self.log.open("wb") as log, Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), 1)
            os.dup2(log.fileno(), 2)
        sys.argv = ["combmotif", "run", *arguments]
        combmotif_command()

    def end(self) -> tuple[int | None, str]:
        """Wait for its end; the exit code, None where it hangs, and what it told."""
        self.process.join(HANG)
        if (code := self.process.exitcode) is None:
            os.killpg(self.process.pid or 0, signal.SIGKILL)
            self.process.join()
        return code, self.log.read_text(encoding="utf-8", errors="replace")


class Cluster:
    """A scheduler and a nanny with two workers, started again when they are gone."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.file = folder, folder / "scheduler.json"
        self.scheduler: subprocess.Popen | None = None
        self.nanny: subprocess.Popen | None = None

    def _start(self, name: str, *arguments: str) -> subprocess.Popen:
        with (self.folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", *arguments], cwd=self.folder, stdout=log, stderr=log, start_new_session=True
            )

    def ensure(self) -> None:
        """Start what is not there."""
        if self.scheduler is None or self.scheduler.poll() is not None:
            self._end(self.nanny)
            self.nanny = None
            self.file.unlink(missing_ok=True)
            local = ("--host", "127.0.0.1", "--port", "0", "--dashboard-address", "127.0.0.1:0")
            self.scheduler = self._start(
                "scheduler", "distributed.cli.dask_scheduler", *local, "--scheduler-file", str(self.file)
            )
        if self.nanny is None or self.nanny.poll() is not None:
            self._end(self.nanny)
            self.nanny = self._start(
                "worker", "combmotif", "worker", "--scheduler-file", str(self.file), "--workers", "2"
            )

    @staticmethod
    def _end(process: subprocess.Popen | None) -> None:
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def close(self) -> None:
        """End everything."""
        for process in (self.nanny, self.scheduler):
            self._end(process)


class Bench:
    """Runs of one config, disturbed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "net.py").write_text(NET)
        (folder / "run.yaml").write_text(CONFIG)
        self.cluster = Cluster(folder)

    def start(self, out: Path, *, local: bool) -> Run:
        """Begin a run, or go on with it."""
        arguments = [str(self.folder / "run.yaml"), "--out", str(out)]
        arguments += ["--workers", "2"] if local else ["--scheduler-file", str(self.cluster.file)]
        if not local:
            self.cluster.ensure()
        return Run(arguments, self.folder / "run.log")

    def disturbed(self, victim: str, after: int, random: np.random.Generator, wanted: dict[str, bytes]) -> str | None:
        """Kill one process of a run after so many results; say what became of it, None where it had ended."""
        out, local = self.folder / "out", victim == "local worker"
        shutil.rmtree(out, ignore_errors=True)
        run = self.start(out, local=local)
        until = time.monotonic() + HANG
        while run.process.is_alive() and results(out) < after and time.monotonic() < until:
            time.sleep(0.005)
        time.sleep(float(random.uniform(0, AFTER)))
        pid = self._pid(victim, run, random)
        at_work = run.process.is_alive()
        if at_work and pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if at_work and victim == "nanny" and self.cluster.nanny is not None:
            self.cluster.nanny.wait()  # until it is gone, or it would count as there
            self.cluster.ensure()
        told = ""
        for _ in range(3):
            code, told = run.end()
            if code is None:
                return "hang"
            if "Traceback" in told:
                return f"traceback: {told[-1500:]}"
            if code == 0:
                if contents(out) != wanted:
                    return self._keep_other(out, wanted)
                return "same bytes" if at_work and pid is not None else None
            if victim == "scheduler" and not any(sentence in told for sentence in SENTENCES):
                return f"no sentence: {told[-300:]}"
            run = self.start(out, local=local)
        return f"never done: {told[-300:]}"

    def _pid(self, victim: str, run: Run, random: np.random.Generator) -> int | None:
        nanny, scheduler = self.cluster.nanny, self.cluster.scheduler
        if victim in ("worker", "local worker"):
            found = workers_of((run.process.pid or 0) if nanny is None or victim == "local worker" else nanny.pid)
            return int(random.choice(found)) if found else None
        own = {"run": run.process, "nanny": nanny, "scheduler": scheduler}[victim]
        return None if own is None else own.pid

    def _keep_other(self, out: Path, wanted: dict[str, bytes]) -> str:
        """Name the files that are not those of the undisturbed run, and keep the folder beside that one."""
        found = contents(out)
        names = sorted(name for name in found.keys() | wanted.keys() if found.get(name) != wanted.get(name))
        kept = Path(mkdtemp(prefix="combmotif-other-bytes-"))
        shutil.copytree(out, kept / "disturbed")
        shutil.copytree(self.folder / "reference", kept / "undisturbed")
        return f"other bytes: {', '.join(names)}; both folders are in {kept}"


@contextlib.contextmanager
def bench() -> Iterator[Bench]:
    """A folder and a cluster that are gone afterwards."""
    with TemporaryDirectory(prefix="combmotif-kills-") as folder:
        made = Bench(Path(folder))
        try:
            yield made
        finally:
            made.cluster.close()


@click.command()
@click.option("--kills", default=200, show_default=True)
@click.option("--seed", default=1, show_default=True)
@click.option("--minutes", type=float, help="End after this time, with the kills done so far.")
def main(kills: int, seed: int, minutes: float | None) -> None:
    """Print a table of what became of the runs."""
    random = np.random.default_rng(seed)
    found: Counter[tuple[str, str]] = Counter()
    begun = time.monotonic()
    with bench() as made:
        code, told = made.start(made.folder / "reference", local=True).end()
        if code != 0:
            raise click.ClickException(f"the undisturbed run failed: {told}")
        wanted = contents(made.folder / "reference")
        total = results(made.folder / "reference")
        while (number := found.total()) < kills and (minutes is None or time.monotonic() - begun < 60 * minutes):
            victim = VICTIMS[number % len(VICTIMS)]
            after = int(random.integers(0, total + 1))
            became = made.disturbed(victim, after, random, wanted)
            if became is not None:
                found[victim, became] += 1
                click.echo(f"{number + 1}: {victim} after {after} of {total} results: {became}", err=True)
    click.echo("| killed | runs | same bytes in the end | other bytes | tracebacks | hangs | other |")
    click.echo("|---|---:|---:|---:|---:|---:|---:|")
    known = ("same bytes", "other bytes", "traceback", "hang")
    for victim in VICTIMS:
        own = Counter[str]()
        for (name, became), count in found.items():
            own[became.partition(":")[0]] += count * (name == victim)
        cells = [own.get(name, 0) for name in known]
        click.echo(
            f"| {victim} | {sum(own.values())} | "
            + " | ".join(map(str, [*cells, sum(own.values()) - sum(cells)]))
            + " |"
        )
    if {became for _, became in found} - {"same bytes"}:
        sys.exit(1)


if __name__ == "__main__":
    main()
