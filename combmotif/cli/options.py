"""What several commands ask for alike: paths, and leave to run code."""

from __future__ import annotations

from typing import Any

import click


class PathType(click.Path):
    """A path; an empty one, such as a shell makes of a variable that is not set, is refused."""

    def __init__(self) -> None:
        from pathlib import Path

        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Turn the text into a path."""
        if value in ("", b""):
            self.fail("expected a path, found nothing (is a variable of the shell not set?)", param, ctx)
        return super().convert(value, param, ctx)


PATH = PathType()

trust_option = click.option(
    "--trust",
    is_flag=True,
    help="Run the Python code that a model card or a run folder names; for those of people you trust.",
)
