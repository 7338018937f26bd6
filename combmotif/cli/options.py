"""What several commands ask for alike: paths, and leave to run code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click


class PathType(click.Path):
    """A path; an empty one, such as a shell makes of a variable that is not set, is refused."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Turn the text into a path."""
        if value in ("", b""):
            self.fail("expected a path, found nothing (is a variable of the shell not set?)", param, ctx)
        return super().convert(value, param, ctx)


PATH = PathType()


def refuse_input(out: Path | None, *inputs: Path | str | None) -> None:
    """Refuse to write over what is read.

    Raises
    ------
    ValueError
        If the file to write is one of the files to read.
    """
    for given in inputs:
        if out is not None and given is not None and out.is_file() and Path(given).exists() and out.samefile(given):
            raise ValueError(f"--out {out}: expected another file than the input, which would be lost")


trust_option = click.option(
    "--trust",
    is_flag=True,
    help="Run the Python code that a model card or a run folder names; for those of people you trust.",
)
