"""The ``combmotif`` command."""

from combmotif.cli.app import app, main

__all__ = ["app", "main"]
