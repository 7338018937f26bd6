"""The version of combmotif."""

__version__ = "0.2.0"
