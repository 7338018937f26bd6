"""Errors a user can mend, told in one sentence."""

from __future__ import annotations

import errno
import traceback
import warnings
from pathlib import Path
from typing import TextIO

import click

from combmotif.core.version import __version__

EXPECTED = (ValueError, OSError, FloatingPointError, ImportError, MemoryError)
_EXTRAS = {
    "matplotlib": "figures", "logomaker": "figures", "modiscolite": "modisco", "keras": "keras", "transformers": "hf",
    "tokenizers": "hf", "pyBigWig": "tracks", "pyarrow": "parquet", "dask": "cluster", "distributed": "cluster",
}  # fmt: skip
"""The extra that brings an optional package."""


class ExpectedError(click.ClickException):
    """Printed as ``Error: sentence``; exit code 2."""

    exit_code = 2


class UnexpectedError(click.ClickException):
    """A mistake of combmotif, told in one sentence with where to report it; exit code 70 (EX_SOFTWARE)."""

    exit_code = 70

    def __init__(self, error: BaseException) -> None:
        own = [f for f in traceback.extract_tb(error.__traceback__) if "combmotif" in Path(f.filename).parts]
        place = f" in {Path(own[-1].filename).name}, line {own[-1].lineno}" if own else ""
        said = " ".join(str(error).split())[:200]
        said = f"{type(error).__name__}{place}{f': {said}' if said else ''}"
        super().__init__(
            f"a bug of combmotif {__version__}: {said}; please report it with the command, its input and what "
            f"'combmotif --debug COMMAND' shows (docs/reliability.md says where)"
        )


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out, of which torch tells by a RuntimeError."""
    said = str(error)
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and ("out of memory" in said or "can't allocate memory" in said)
    )


def show_warnings_as_sentences() -> None:
    """Print what a user should know as ``Warning: sentence``, without the line of code it comes from."""
    plain = warnings.showwarning

    def show(
        message: Warning | str, category: type[Warning], filename: str, lineno: int,
        file: TextIO | None = None, line: str | None = None,
    ) -> None:  # fmt: skip
        if issubclass(category, UserWarning) and file is None:
            click.echo(f"Warning: {' '.join(str(message).split())}", err=True)
        else:
            plain(message, category, filename, lineno, file, line)

    warnings.showwarning = show


def sentence(error: BaseException) -> str:
    """Say an expected error in one line, whatever the names in it hold."""
    return " ".join(_said(error).split()) or type(error).__name__


def _said(error: BaseException) -> str:
    if is_out_of_memory(error):
        said = " ".join(str(error).split())[:160]
        return (
            f"memory ran out{f' ({said})' if said else ''}; ask for less at a time (shorter or fewer sequences, "
            f"smaller counts, fewer --workers), or use a larger machine"
        )
    if type(error).__name__ == "ValidationError" and hasattr(error, "errors"):  # pydantic's, of an option
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"])) or "options"
        return f"{key}: {first['msg'].replace('Input should be', 'expected a value')}, found {str(first['input'])[:60]}"
    if isinstance(error, ModuleNotFoundError) and "pip install" not in str(error):
        package = str(error.name).partition(".")[0]
        return f"the package '{package}' is not installed; run: pip install 'combmotif[{_EXTRAS.get(package, 'all')}]'"
    if isinstance(error, OSError) and error.errno is not None:
        place = f"{error.filename}: " if error.filename is not None else ""
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return f"{place}no space left on the disk; free some and run the same command again to go on"
        if error.errno == errno.EFBIG:
            return f"{place}the file grows larger than the disk or a limit of the shell (ulimit -f) allows"
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            return f"{place}no permission to read or write here; choose another folder (--out) or change its rights"
        if error.errno in (errno.EEXIST, errno.ENOTDIR):
            return f"{place}expected a folder, found a file; choose another --out"
        if error.errno == errno.EISDIR:
            return f"{place}expected a file, found a folder"
        if error.errno == errno.ENOENT:
            return f"{place}there is no such file or folder"
        return f"{place}{error.strerror}"
    return str(error)
