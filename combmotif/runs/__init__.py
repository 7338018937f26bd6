"""Runs: config, functions and files joined."""

from combmotif.runs.runner import RunResult, run
from combmotif.runs.stream_scan import Scanned, scan_file

__all__ = ["RunResult", "Scanned", "run", "scan_file"]
