"""The ``combmotif`` command."""

from combmotif.cli.group import app, main

__all__ = ["app", "main"]
