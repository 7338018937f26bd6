"""Methods on one model, or models under one method, side by side: quality and diversity of their motifs."""

from combmotif.comparison.compare import Comparison, compare_runs
from combmotif.comparison.folder import ComparedRun, read_runs
from combmotif.comparison.page import write_comparison

__all__ = ["ComparedRun", "Comparison", "compare_runs", "read_runs", "write_comparison"]
