"""The report: one self-contained HTML page made from a run folder, and its main findings as data."""

from combmotif.report.drawing.logos import letter_heights, logo_svg
from combmotif.report.html import build_report, render
from combmotif.report.story import Finding
from combmotif.report.summary import main_findings

__all__ = ["Finding", "build_report", "letter_heights", "logo_svg", "main_findings", "render"]
