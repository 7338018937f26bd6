"""Progress: a bar with an estimate on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from types import TracebackType

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

_SECONDS = 30.0


class StageProgress:
    """One bar per stage; without a terminal, a line every 30 seconds of a stage.

    Parameters
    ----------
    quiet : bool, default False
        Print nothing.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        console = Console(stderr=True)
        self._quiet = quiet
        self._bar: Progress | None = None
        if console.is_terminal and not quiet:
            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TimeRemainingColumn(),
                console=console,
            )
        self._task: TaskID | None = None
        self._stage = ""
        self._said = 0.0

    def __enter__(self) -> StageProgress:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def line(self, text: str) -> None:
        """Print a line that stays."""
        if self._bar is not None:
            self._bar.console.print(text, markup=False, highlight=False)
        elif not self._quiet:
            click.echo(text, err=True)

    def update(self, stage: str, done: int, total: int | None) -> None:
        """Say how far a stage is; another name begins the next stage. None: it is not known how much there is."""
        if stage != self._stage:
            self._stage, self._said = stage, time.monotonic()
            if self._bar is not None:
                if self._task is not None:
                    self._bar.remove_task(self._task)
                self._task = self._bar.add_task(stage, total=None)
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=done, total=total)
        elif time.monotonic() - self._said > _SECONDS:
            self._said = time.monotonic()
            self.line(f"{stage}: {done:,}" + ("" if total is None else f" of {total:,}"))
