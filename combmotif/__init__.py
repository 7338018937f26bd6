"""Interpret trained RNA and DNA networks: motifs, known elements, effects, interactions."""

__version__ = "0.1.0"
__all__ = ["__version__"]
