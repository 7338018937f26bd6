"""Interpret trained RNA and DNA networks: motifs, known elements, effects, interactions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from combmotif.core.version import __version__

if TYPE_CHECKING:
    from combmotif.interpretation import Interpretation, open_run
    from combmotif.interpreter import interpret

__all__ = ["Interpretation", "__version__", "interpret", "open_run"]


def __getattr__(name: str) -> Any:
    """Import what needs torch when it is asked for, so that the command line starts at once."""
    if name == "interpret":
        from combmotif.interpreter import interpret

        return interpret
    if name in ("Interpretation", "open_run"):
        from combmotif import interpretation

        return getattr(interpretation, name)
    raise AttributeError(f"module 'combmotif' has no attribute '{name}'")
