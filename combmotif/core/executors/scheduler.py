"""Where a dask scheduler is, and whether it is there."""

from __future__ import annotations

import json
import socket
import time
import warnings
from pathlib import Path
from typing import Any

_FILE_PATIENCE = 60.0
"""Seconds for which a scheduler's file may be missing: it is written when the scheduler is there."""
_BEGIN = 3.0
"""Seconds for which a scheduler's port may refuse, and its file be unreadable: it may have begun this instant."""


def import_distributed() -> Any:
    """Import dask's package for clusters.

    Raises
    ------
    ImportError
        One sentence, if it is not installed.
    """
    try:
        import distributed
    except ImportError:
        raise ImportError(
            "runs on a cluster need the packages dask and distributed, which are not installed: "
            "pip install 'combmotif[cluster]', also on the hosts of the workers"
        ) from None
    return distributed


def scheduler_address(file: Path) -> str:
    """Read a scheduler's address from its file; one that is not there yet is waited for, which a warning says.

    Raises
    ------
    FileNotFoundError, ValueError
        If it is not there after a minute, or is another file.
    """
    begun = unreadable = time.monotonic()
    told = False
    while True:
        now = time.monotonic()
        try:
            found = json.loads(file.read_text(encoding="utf-8"))
            if isinstance(found, dict) and isinstance(found.get("address"), str):
                return str(found["address"])
            raise _not_of_a_scheduler(file)
        except FileNotFoundError:
            unreadable = now
            if now - begun > _FILE_PATIENCE:
                raise FileNotFoundError(
                    f"--scheduler-file {file}: there is no such file after {_FILE_PATIENCE:.0f} seconds; "
                    f"'dask scheduler --scheduler-file {file}' writes it"
                ) from None
            if not told:
                told = True
                warnings.warn(
                    f"--scheduler-file {file}: there is no such file yet; waiting for it, at most "
                    f"{_FILE_PATIENCE:.0f} seconds",
                    stacklevel=2,
                )
        except (json.JSONDecodeError, UnicodeDecodeError):  # dask writes it in place: it may be half there
            if now - unreadable > _BEGIN:
                raise _not_of_a_scheduler(file) from None
        time.sleep(0.2)


def _not_of_a_scheduler(file: Path) -> ValueError:
    return ValueError(
        f"--scheduler-file {file}: expected the file that 'dask scheduler --scheduler-file' writes, found another"
    )


def require_listening(address: str, name: str) -> None:
    """Refuse the address of a scheduler that has ended: its host answers, and says that nobody listens there.

    Parameters
    ----------
    address : str
    name : str
        What the message calls it.

    Raises
    ------
    ValueError
        If that is so for as long as a scheduler may take to begin.
    """
    from distributed.comm.addressing import get_address_host_port

    until = time.monotonic() + _BEGIN
    while True:
        try:
            socket.create_connection(get_address_host_port(address), timeout=_BEGIN).close()
            return
        except ConnectionRefusedError:
            if time.monotonic() > until:
                raise ValueError(
                    f"{name}: no scheduler answers there (connection refused); is it running? The file of one that "
                    f"has ended stays: remove it, or start another with 'dask scheduler --scheduler-file'"
                ) from None
        except (OSError, ValueError):  # told by whoever connects
            return
        time.sleep(0.2)
