"""Kill, at random moments, the processes of runs on a dask cluster and on this machine, and compare what comes of them.

    python scripts/benchmarks/kills.py --kills 200 --seed 1

Each run has a scheduler, two workers and their nanny on loopback, or two processes of its own. One process (scheduler,
nanny, worker, the run itself, a process of a local run) gets SIGKILL at a random moment. A run whose scheduler, or
whose own process, was killed is begun again with the same command; one that lost its nanny gets another. In the end
the files must be those of an undisturbed run, byte for byte.
"""

from __future__ import annotations

import contextlib
import json
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
import numpy as np

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


def contents(folder: Path) -> dict[str, bytes]:
    """Bytes of every file of a run folder but those that hold times and processes."""
    files = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
    return {name: path.read_bytes() for name, path in sorted(files.items()) if name not in ("run.json", "tasks/lock")}


def children(pid: int) -> list[int]:
    """Processes that a process has started, and theirs."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    pairs = [tuple(map(int, line.split())) for line in listed.splitlines()]
    own = [child for child, parent in pairs if parent == pid]
    return own + [child for child, parent in pairs if parent in own]


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

    def start(self, out: Path, *, local: bool) -> subprocess.Popen:
        """Begin a run, or go on with it."""
        command = [sys.executable, "-m", "combmotif", "run", str(self.folder / "run.yaml"), "--out", str(out)]
        command += ["--workers", "2"] if local else ["--scheduler-file", str(self.cluster.file)]
        if not local:
            self.cluster.ensure()
        return subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
        )

    def disturbed(self, victim: str, moment: float, random: np.random.Generator, wanted: dict[str, bytes]) -> str:
        """Kill one process of a run after so many seconds of work; say what became of it."""
        out, local = self.folder / "out", victim == "local worker"
        shutil.rmtree(out, ignore_errors=True)
        run = self.start(out, local=local)
        begun = time.monotonic()
        while run.poll() is None and not (out / "tasks" / "progress.json").exists():
            if time.monotonic() - begun > HANG:
                return self._hang(run)
            time.sleep(0.05)
        time.sleep(moment)
        pid = self._pid(victim, run, random)
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if victim == "nanny" and self.cluster.nanny is not None:
            self.cluster.nanny.wait()  # until it is gone, or it would count as there
            self.cluster.ensure()
        for _ in range(3):
            try:
                told = run.communicate(timeout=HANG)[1]
            except subprocess.TimeoutExpired:
                return self._hang(run)
            if "Traceback" in told:
                return f"traceback: {told[-1500:]}"
            if run.returncode == 0:
                return "same bytes" if contents(out) == wanted else self._keep_other(out, wanted)
            if victim == "scheduler" and not any(sentence in told for sentence in SENTENCES):
                return f"no sentence: {told[-300:]}"
            run = self.start(out, local=local)
        return f"never done: {told[-300:]}"

    def _pid(self, victim: str, run: subprocess.Popen, random: np.random.Generator) -> int | None:
        assert self.cluster.nanny is not None or victim == "local worker"
        if victim in ("worker", "local worker"):
            top = run.pid if victim == "local worker" else self.cluster.nanny.pid  # type: ignore[union-attr]
            found = children(top)
            return int(random.choice(found)) if found else None
        own = {"run": run, "nanny": self.cluster.nanny, "scheduler": self.cluster.scheduler}[victim]
        return None if own is None else own.pid

    def _keep_other(self, out: Path, wanted: dict[str, bytes]) -> str:
        """Name the files that are not those of the undisturbed run, and keep the folder beside that one."""
        found = contents(out)
        names = sorted(name for name in found.keys() | wanted.keys() if found.get(name) != wanted.get(name))
        kept = Path(mkdtemp(prefix="combmotif-other-bytes-"))
        shutil.copytree(out, kept / "disturbed")
        shutil.copytree(self.folder / "reference", kept / "undisturbed")
        return f"other bytes: {', '.join(names)}; both folders are in {kept}"

    @staticmethod
    def _hang(run: subprocess.Popen) -> str:
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
        return "hang"


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
        reference = made.start(made.folder / "reference", local=True)
        if reference.wait() != 0:
            raise click.ClickException(f"the undisturbed run failed: {reference.stderr.read()}")  # type: ignore[union-attr]
        wanted = contents(made.folder / "reference")
        record = json.loads((made.folder / "reference" / "run.json").read_text())
        longest = sum(stage["seconds"] for stage in record["stages"].values())
        for number in range(kills):
            if minutes is not None and time.monotonic() - begun > 60 * minutes:
                break
            victim = VICTIMS[number % len(VICTIMS)]
            moment = float(random.uniform(0, longest))
            became = made.disturbed(victim, moment, random, wanted)
            found[victim, became] += 1
            click.echo(f"{number + 1}: {victim} after {moment:.1f} s: {became}", err=True)
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
