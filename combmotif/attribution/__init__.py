"""Which bases make an output, or a neuron, what it is."""

from combmotif.attribution.attributions import Attributions
from combmotif.attribution.files import load_attributions, write_attributions
from combmotif.attribution.methods import METHODS, attribute, attribute_parts
from combmotif.attribution.targets import parse_target
from combmotif.config.stages import AttributionOptions

__all__ = [
    "METHODS",
    "AttributionOptions",
    "Attributions",
    "attribute",
    "attribute_parts",
    "load_attributions",
    "parse_target",
    "write_attributions",
]
