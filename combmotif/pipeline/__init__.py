"""Runs: config, functions and files joined."""

from combmotif.pipeline.run import RunResult, run

__all__ = ["RunResult", "run"]
