"""Runs: config, functions and files joined."""

from combmotif.pipeline.run import RunResult, run
from combmotif.pipeline.stream_scan import Scanned, scan_file

__all__ = ["RunResult", "Scanned", "run", "scan_file"]
