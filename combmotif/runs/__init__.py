"""Runs: config, functions and files joined."""

from typing import TYPE_CHECKING

from combmotif.core.lazy import lazy_names

if TYPE_CHECKING:
    from combmotif.runs.runner import RunResult, run

__all__ = ["RunResult", "run"]

__getattr__, __dir__ = lazy_names(__name__, {"runner": ("RunResult", "run")})  # 'status' needs neither torch nor pandas
