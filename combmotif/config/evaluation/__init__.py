"""The YAML file of ``combmotif benchmark``: its typed sections, and how it is read."""

from combmotif.config.evaluation.load import load_suite, parse_model, resolve_suite
from combmotif.config.evaluation.sections import AnyTask, ModelEntry, SuiteConfig

__all__ = ["AnyTask", "ModelEntry", "SuiteConfig", "load_suite", "parse_model", "resolve_suite"]
