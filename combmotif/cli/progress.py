"""Progress: a bar with rate and time left on a terminal, plain lines elsewhere; both also to a log file."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import IO

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

_SECONDS = 30.0


def duration(seconds: float) -> str:
    """Say a time in words: 8 s, 3 min, 2 h 10 min."""
    if seconds < 60:
        return f"{max(seconds, 0):.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" + (f" {minutes % 60} min" if minutes % 60 else "")


def rate(done: float, seconds: float) -> str:
    """Say a rate per second, or per minute where it is slow; "" where it is not known."""
    if done <= 0 or seconds <= 0:
        return ""
    each = done / seconds
    return f"{each:,.0f}/s" if each >= 10 else f"{each:.1f}/s" if each >= 0.5 else f"{each * 60:.1f}/min"


class _RateColumn(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(rate((task.speed or 0.0), 1.0), style="progress.data.speed")


class StageProgress:
    """One line per stage: a moving bar on a terminal; elsewhere a plain line every 30 seconds of a stage.

    Parameters
    ----------
    quiet : bool, default False
        Print nothing; the log is written all the same.
    log : path, optional
        File that every line is added to, with the time.
    """

    def __init__(self, *, quiet: bool = False, log: Path | None = None) -> None:
        console = Console(stderr=True)
        self._quiet = quiet
        self._log: IO[str] | None = None
        if log is not None:
            log.parent.mkdir(parents=True, exist_ok=True)
            self._log = log.open("a", encoding="utf-8")
        self._bar: Progress | None = None
        if console.is_terminal and not quiet:
            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                _RateColumn(),
                TimeElapsedColumn(),
                TextColumn("left"),
                TimeRemainingColumn(),
                console=console,
                transient=True,
            )
        self._task: TaskID | None = None
        self._stage = ""
        self._first: tuple[float, int] = (0.0, 0)
        self._said = 0.0

    def __enter__(self) -> StageProgress:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            if self._task is not None and error is None:
                self._bar.remove_task(self._task)
            self._bar.stop()
        if error is not None:
            self.record("Stopped." if isinstance(error, KeyboardInterrupt) else f"{type(error).__name__}: {error}")
        if self._log is not None:
            self._log.close()
            self._log = None

    def record(self, text: str) -> None:
        """Write a line to the log only."""
        if self._log is not None:
            self._log.write(f"{datetime.now().astimezone().isoformat(timespec='seconds')} {text}\n")
            self._log.flush()

    def line(self, text: str) -> None:
        """Print a line that stays."""
        self.record(text)
        if self._bar is not None:
            self._bar.refresh()
            self._bar.console.print(text, markup=False, highlight=False)
        elif not self._quiet:
            click.echo(text, err=True)

    def update(self, stage: str, done: int, total: int | None) -> None:
        """Say how far a stage is; another name begins the next stage. None: it is not known how much there is."""
        now = time.monotonic()
        if stage != self._stage:
            self._stage, self._said, self._first = stage, now, (now, done)
            if self._bar is not None:
                if self._task is not None:
                    self._bar.remove_task(self._task)
                self._task = self._bar.add_task(stage, total=None)
        if done < self._first[1] or (self._first[1] == 0 and done > 0 and now == self._first[0]):
            self._first = (now, done)
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=done, total=total)
        if now - self._said > _SECONDS:
            self._said = now
            self._say(stage, done, total, now)

    def _say(self, stage: str, done: int, total: int | None, now: float) -> None:
        since, before = self._first
        speed = rate(done - before, now - since)
        left = ""
        if speed and total is not None and done < total:
            left = f", about {duration((total - done) * (now - since) / (done - before))} left"
        text = (
            f"{stage}: {done:,}" + ("" if total is None else f" of {total:,}") + (f", {speed}" if speed else "") + left
        )
        self.record(text)
        if self._bar is None and not self._quiet:
            click.echo(text, err=True)
