"""Runs: config, functions and files joined."""

from typing import TYPE_CHECKING

from combmotif.core.lazy import lazy_names

if TYPE_CHECKING:
    from combmotif.runs.runner import RunResult, run
    from combmotif.runs.stream_scan import Scanned, scan_file

__all__ = ["RunResult", "Scanned", "run", "scan_file"]

__getattr__, __dir__ = lazy_names(  # 'status' needs neither torch nor pandas
    __name__, {"runner": ("RunResult", "run"), "stream_scan": ("Scanned", "scan_file")}
)
