"""The version of combmotif."""

__version__ = "0.1.0"
