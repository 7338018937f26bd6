"""Errors a user can mend, told in one sentence."""

from __future__ import annotations

import errno
import warnings
from typing import TextIO

import click

EXPECTED = (ValueError, OSError, FloatingPointError)


class ExpectedError(click.ClickException):
    """Printed as ``Error: sentence``; exit code 2."""

    exit_code = 2


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
    """Say an expected error in one line."""
    if isinstance(error, OSError) and error.errno is not None:
        place = f"{error.filename}: " if error.filename is not None else ""
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return f"{place}no space left on the disk; free some and run the same command again to go on"
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            return f"{place}no permission to read or write here; choose another folder (--out) or change its rights"
        if error.errno in (errno.EEXIST, errno.ENOTDIR):
            return f"{place}expected a folder, found a file; choose another --out"
        if error.errno == errno.EISDIR:
            return f"{place}expected a file, found a folder"
        if error.errno == errno.ENOENT:
            return f"{place}there is no such file or folder"
        return f"{place}{error.strerror}"
    return " ".join(str(error).split()) or type(error).__name__
