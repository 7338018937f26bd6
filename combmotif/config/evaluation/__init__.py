"""The YAML file of ``combmotif benchmark``: its typed sections, and how it is read."""

from combmotif.config.evaluation.load import load_suite, parse_model, resolve_suite
from combmotif.config.evaluation.sections import (
    AnyTask,
    GroupsSection,
    ModelEntry,
    MotifsSection,
    PairsSection,
    RegressionSection,
    ShufflesSection,
    SuiteConfig,
    VariantsSection,
    WindowsSection,
)

__all__ = [
    "AnyTask",
    "GroupsSection",
    "ModelEntry",
    "MotifsSection",
    "PairsSection",
    "RegressionSection",
    "ShufflesSection",
    "SuiteConfig",
    "VariantsSection",
    "WindowsSection",
    "load_suite",
    "parse_model",
    "resolve_suite",
]
