"""What a long call says meanwhile: a bar in a notebook, lines of ``logging`` wherever these are asked for."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from typing import Any

log = logging.getLogger("combmotif")
"""``logging.basicConfig(level="INFO")`` shows every stage; warnings of a run are shown in any case."""

Progress = Callable[[str, int, int], None]
"""Called with what is done now, how much of it is done, and how much there is."""
_SECONDS = 0.2
"""Between two drawings of the bar."""


def _display() -> Any:
    """IPython's display where a notebook shows it, else None."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if type(shell).__name__ != "ZMQInteractiveShell":  # of a Jupyter kernel; a terminal's has another name
        return None
    return sys.modules["IPython"].display


@contextmanager
def shown_progress(progress: Progress | None = None) -> Iterator[Progress]:
    """Give a function to call with the progress, which shows it for the time of the context.

    Parameters
    ----------
    progress : callable, optional
        Called instead of drawing a bar.
    """
    display: Any = _display() if progress is None else None
    handle: Any = None
    stage, began, drawn = "", 0.0, 0.0

    def ended() -> None:
        if stage:
            log.info("%s: done, %.1f s", stage, time.monotonic() - began)

    def update(name: str, done: int, total: int) -> None:
        nonlocal stage, began, drawn, handle
        now = time.monotonic()
        if name != stage:
            ended()
            stage, began, drawn = name, now, 0.0
            log.info("%s: begun", stage)
        if progress is not None:
            progress(name, done, total)
        elif display is not None and now - drawn > _SECONDS:
            drawn = now
            bar = display.HTML(
                f"<progress value='{done}' max='{max(total, 1)}'></progress> {escape(name)}: {done:,} of {total:,}"
            )
            if handle is None:
                handle = display.display(bar, display_id=True)
            else:
                handle.update(bar)

    try:
        yield update
    finally:
        ended()
        if handle is not None:
            handle.update(display.HTML(""))
